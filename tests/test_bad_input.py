"""Bad input: an error that names the argument, what was found and what was expected.

A row is a call and its message; "…" leaves words out.
"""

import inspect
import re

import numpy as np
import pytest
from conftest import bare

import tinymeta as tm
from tinymeta.app.measured import content_of
from tinymeta.app.runs import load_run
from tinymeta.checking.check_file import check_file
from tinymeta.plotting import (animate_adaptation, plot_adaptation, plot_curves,
                               plot_training)
from tinymeta.training.files import Claim, write_whole

RNG = np.random.default_rng(0)
MODEL, LINE = tm.MLP([1, 4, 1]), tm.Linear(1, 1)  # P = 13, P = 2
THETA = MODEL.init(RNG)
X, Y = RNG.standard_normal((2, 3, 5, 1))
BATCH, PAIRS = tm.Batch(X, Y, X + 1, Y), np.ones((3, 5, 2))
TASKS, MAML = tm.SinusoidTasks(), tm.MAML(MODEL)
NAN, WHOLE = np.where(np.arange(15).reshape(3, 5, 1) == 7, np.nan, X), np.ones((3, 5, 1), int)
ONE, MASKED = np.ones((3, 5, 1)), np.ma.masked_array(np.ones((3, 1)), mask=[[0], [1], [0]])
CURVE = {"a": (X[0], Y[0])}
PLAIN = bare(MODEL)  # which has no n_params, and no check


MEASURED, PROTO = tm.MeasuredTasks(CURVE), tm.Prototypes(MODEL)
METHODS = [*(make(MODEL) for make in (tm.MAML, tm.MetaSGD, tm.ImplicitMAML, tm.RidgeHead,
                                      tm.JointTraining)), tm.CAVIA(tm.ContextMLP([1, 4, 1]))]


def own(**functions):
    """A learner's model, with functions of its own in the place of the right ones."""
    return type("Own", (), {**vars(PLAIN), **{k: staticmethod(f) for k, f in functions.items()}})()


COUNTED = own()
COUNTED.n_params = np.int64(14)


def silent(name):
    """A method that forgets to return what `name` says."""
    return type("Silent", (tm.MAML,), {name: lambda *_: None})(MODEL)


class Returning(tm.MAML):
    """Returns this loss and this gradient."""

    def __init__(self, *pair):
        super().__init__(MODEL)
        self.meta_gradient = lambda *_: pair


TO_COMPLEX = type("ToComplex", (), {"step": lambda self, omega, gradient: omega + 0j})()
NO_STEP = type("NoStep", (), {"step": lambda self, omega, gradient: None})()
READS = (lambda path: tm.save_checkpoint(path, THETA), tm.load_checkpoint, load_run,
         lambda path: list(check_file(path)), tm.MeasuredTasks.from_csv, content_of, Claim,
         lambda path: write_whole(path, print))


def loss(**functions):
    return tm.squared_error._replace(name="own", **functions)


def phi(**functions):
    return tm.tanh._replace(name="own", **functions)


RAGGED = [[1.0], [1.0, 2.0]]
RAGGED_STATE = type("Ragged", (), {"state": lambda self: {"a": RAGGED}})()
ONE_LOSS = own(loss=lambda *args: MODEL.loss(*args).mean())
ONE_GRADIENT = own(gradient=lambda *args: MODEL.gradient(*args).mean(axis=0))
ONE_PRODUCT = own(hvp=lambda *args: MODEL.hvp(*args)[0])


def train(method=MAML, tasks=TASKS, omega=THETA, optimizer=tm.Adam(), rng=RNG, **settings):
    return tm.meta_train(method, tasks, omega, optimizer, settings.pop("last", 5), rng, **settings)


def step(theta, gradient, rate=0.1):
    return tm.SGD(rate).step(theta, gradient)


VALUE_ERRORS = [
    # models: theta, x, y, v
    (lambda: MODEL.loss(THETA[1:], X, Y), "theta has shape (12,); expected (..., 13)…W1 (1, 4)"),
    (lambda: MODEL.predict(THETA, PAIRS), "x has shape (3, 5, 2); expected (..., K, 1)"),
    (lambda: MODEL.predict(THETA, X[0, :0]), "x has shape (0, 1); expected (..., K, 1)"),
    (lambda: MODEL.predict(THETA, [[1.0], [1.0, 2.0]]), "x is a list of unequal parts"),
    (lambda: MODEL.predict(THETA, BATCH), "x is of type Batch; expected an array of one shape"),
    (lambda: tm.compare([], [], "it"), "expected has shape (0,); expected numbers to compare"),
    (lambda: tm.MAML(MODEL, RAGGED), "alpha is a list of unequal parts; expected an array"),
    (lambda: tm.Adam(RAGGED), "learning_rate is a list of unequal parts"),
    (lambda: step(THETA, THETA, lambda n: RAGGED), "learning_rate(0) is a list of unequal parts"),
    (lambda: tm.SGD(0.1, max_norm=RAGGED), "max_norm is a list of unequal parts"),
    (lambda: tm.SinusoidTasks(phase=RAGGED), "phase is a list of unequal parts"),
    (lambda: tm.MLP(RAGGED), "widths is a list of unequal parts"),
    (lambda: tm.Batch(X, Y, X, Y, {"a": RAGGED}), "parameters['a'] is a list of unequal parts"),
    (lambda: tm.least_squares(LINE, RAGGED, Y[0]), "x is a list of unequal parts"),
    (lambda: tm.check_gradient(lambda t: 1.0, RAGGED, THETA), "gradient is a list of unequal"),
    (lambda: tm.check_hvp(lambda t: t, lambda t, v: RAGGED, THETA), "hvp(theta, v) is a list of"),
    (lambda: tm.check_hvp(lambda t: RAGGED, lambda t, v: v, THETA), "gradient(theta) is a list of"),
    (lambda: tm.check_hvp(abs, max, THETA, directions=RAGGED), "directions is a list of unequal"),
    (lambda: tm.check_gradient(sum, THETA, THETA, method=THETA), "method is an array…exp"),
    (lambda: tm.check_adapt(max, MODEL, THETA, X, Y[0]), "x has shape (3, 5, 1); expected (K, D_"),
    (lambda: tm.compare(THETA, RAGGED, "θ"), "expected is a list of unequal parts"),
    (lambda: plot_adaptation({"a": MAML}, {"a": RAGGED}, TASKS, BATCH[0]), "thetas['a'] is a list"),
    (lambda: plot_adaptation({"a": MAML}, {"a": THETA[1:]}, TASKS, BATCH[0]),
     "thetas['a'] has shape (12,); expected (13,)"),
    (lambda: step(np.float32(THETA), THETA + 1e300), "gradient…13 NaN or infinite entries"),
    (lambda: tm.LinearTasks(x_range=(-1e308, 1e308)), "x_range is (-1e+308, 1e+308); expected low"),
    (lambda: tm.save_checkpoint("nowhere", THETA, losses=RAGGED), "losses is a list of unequal"),
    (lambda: MODEL.loss(THETA, NAN, Y), "x…(3, 5, 1) and 1 NaN or infinite…expected none"),
    (lambda: MODEL.hvp(THETA, X, Y * np.inf, THETA), "y…(3, 5, 1) and 15 NaN or infinite"),
    (lambda: MODEL.loss(np.float32(THETA), 0 * X + 1e39, Y), "x has numbers up to 1e+39; expecte"),
    (lambda: MODEL.loss(THETA, X[0], Y[0, :, 0]), "y has shape (5,); expected (..., K, 1)"),
    (lambda: MODEL.loss(THETA, X, Y[0]), "y has shape (5, 1); expected (3, 5, 1), to go with x"),
    (lambda: MODEL.hvp(THETA, X, Y, THETA[:4]), "v has shape (4,); expected (..., 13)"),
    (lambda: MODEL.hvp(THETA, X, Y, np.ones((2, 13))), "do not fit…x (3,), v (2,)…broadcast"),
    (lambda: MODEL.loss(np.ones((2, 13)), X, Y), "theta has leading axes…theta (2,), x (3,)"),
    (lambda: MODEL.loss(THETA, X[:0], Y[:0]), "x (0,)…no empty one"),
    (lambda: tm.adapt(PLAIN, 1.0, X, Y, 0.1, 1), "theta has shape (); expected (..., P)"),
    (lambda: tm.adapt(PLAIN, THETA, X[0, 0], Y, 0.1, 1), "x…(1,); expected (..., K, D_in)"),
    (lambda: tm.adapt(PLAIN, THETA, X, Y[0, 0], 0.1, 1), "y…(1,); expected (..., K, D_out)"),
    (lambda: tm.MLP([1, 0, 1]), "widths[1] is 0; expected a whole number of at least 1"),
    (lambda: tm.MLP([1, 4, 1], ["relu"]), "activation is ['relu']; expected one of"),
    (lambda: tm.MLP([3]), "widths is [3]; expected a list of at least two"),
    (lambda: tm.Linear(1, 1, np.ravel), "features(x)…(1,); expected (1, M) for x of shape"),
    # batches and tasks
    (lambda: tm.Batch(X[0], Y, X, Y), "x_support has shape (5, 1); expected (T, K, D_in)"),
    (lambda: tm.Batch(X[:0], Y, X, Y), "x_support has shape (0, 5, 1); expected (T, K, D_in), and"),
    (lambda: BATCH[2:2], "x_support has shape (0, 5, 1); expected (T, K, D_in), and no axis of"),
    (lambda: tm.check_model(MODEL, THETA[1:]), "theta has shape (12,); expected (13,)"),
    (lambda: tm.check_model(COUNTED, THETA), "theta has shape (13,); expected (14,)"),
    (lambda: tm.Batch(X, Y[:, :3], X, Y), "y_support has shape (3, 3, 1); expected (3, 5, D_out)"),
    (lambda: tm.Batch(X, Y, X[:2], Y[:2]), "x_query has shape (2, 5, 1); expected (3, Q, 1)"),
    (lambda: tm.Batch(X, Y, X, PAIRS), "y_query has shape (3, 5, 2); expected (3, 5, 1)"),
    (lambda: tm.Batch(X, NAN, X, Y), "y_support has shape (3, 5, 1) and 1 NaN or infinite"),
    (lambda: tm.Batch(X, Y, X, Y, {"a": np.ones(4)}), "parameters['a']…(4,); expected (3,)"),
    (lambda: MAML.meta_loss(np.float32(THETA), tm.Batch(X * 1e39, Y, X, Y)), "x_support…too large"),
    (lambda: MAML.meta_gradient(np.float32(THETA), tm.Batch(X, Y, X * 1e200, Y)), "x_query…too"),
    (lambda: tm.SinusoidTasks(grid=10).sample(RNG, 1, 11), "n_support is 11; expected at most 10"),
    (lambda: tm.SinusoidTasks(grid=10).sample(RNG, 1, 1, 11), "n_query is 11; expected at most 10"),
    (lambda: tm.SinusoidTasks(amplitude=(5, 0.1)), "amplitude is (5, 0.1); expected low <= high"),
    (lambda: tm.LinearTasks(x_range=(0, np.inf)), "x_range[1] is inf; expected one finite number"),
    (lambda: tm.methods.baselines.with_parameters(BATCH), "batch has no parameters; expected some"),
    # inner loop and methods
    (lambda: tm.JointTraining(MODEL, np.ones(4)), "alpha…(4,); expected (13,): one number"),
    (lambda: tm.MAML(MODEL, -np.ones(13)), "alpha has shape (13,) and entries that are negative"),
    (lambda: tm.MAML(MODEL, 1j * np.ones(13)), "alpha…(13,) and entries that are…complex"),
    (lambda: tm.adapt(PLAIN, THETA, X, Y, np.ones(4), 1), "alpha has shape (4,); expected (13,)"),
    (lambda: tm.adapt(MODEL, THETA, X, Y, 1, 1, 6), "batch_size is 6; expected at most 5…in x"),
    (lambda: tm.Reptile(MODEL, 1, 1, 6).adapt(THETA, X, Y), "batch_size is 6; expected at most 5"),
    (lambda: MAML.meta_gradient(np.ones((3, 13)), BATCH), "omega has shape (3, 13)…one vector"),
    (lambda: tm.MAML(PLAIN).meta_loss(X, BATCH), "omega has shape (3, 5, 1); expected (P,)"),
    (lambda: MAML.meta_loss(THETA, tm.Batch(X, PAIRS, X, PAIRS)), "y has shape (3, 5, 2)"),
    (lambda: tm.MAML(PLAIN, query_loss=tm.squared_error), "query_loss is squared error"),
    (lambda: tm.Reptile(ONE_LOSS).meta_gradient(THETA, BATCH), "model's loss…(); expected (3,)"),
    (lambda: tm.JointTraining(ONE_GRADIENT).meta_gradient(THETA, BATCH), "gradient…(13,)…(3, 13)"),
    (lambda: tm.MAML(ONE_PRODUCT).meta_gradient(THETA, BATCH), "hvp…(13,); expected (3, 13): one"),
    (lambda: tm.least_squares(LINE, X, Y[:, :2]), "y has shape (3, 2, 1); expected (3, 5, 1)"),
    # optimizers, training, evaluation
    (lambda: tm.Adam(-np.ones(13)), "learning_rate has shape (13,) and entries that are negative"),
    (lambda: tm.Adam(beta1=1.0), "beta1 is 1.0; expected…of at least 0 and below 1"),
    (lambda: tm.Adam(beta2=-0.1), "beta2 is -0.1; expected…of at least 0 and below 1"),
    (lambda: step(THETA, THETA, lambda n: -1.0), "learning_rate(0) is -1.0; expected…at least 0"),
    (lambda: step(THETA, THETA, np.ones(4)), "learning_rate has shape (4,); expected (13,)"),
    (lambda: step(THETA, np.ones(1)), "gradient…(1,); expected (13,), the shape of theta"),
    (lambda: step(THETA, THETA * np.nan), "gradient has shape (13,) and 13 NaN"),
    (lambda: step(THETA * np.nan, THETA), "theta has shape (13,) and 13 NaN"),
    (lambda: (a := tm.Adam()).step(a.step(X[0], X[0])[:3], X[0, :3]), "theta…(3, 1)…(5, 1)"),
    (lambda: tm.Adam().restore(tm.SGD(0.1).state()), "state has the entries ['t']; expected ['m'"),
    (lambda: tm.SGD(0.1).restore({"t": np.array(-1)}), "t is -1; expected a whole number"),
    (lambda: tm.Adam().restore({"t": 1, "m": X[0, 0], "s": -np.ones(1)}), "the least of s is -1"),
    (lambda: tm.Adam().restore({"t": 1, "m": X[0, 0], "s": np.ones(2)}), "m…(1,) and s (2,)"),
    (lambda: train(omega=THETA * np.nan), "omega has shape (13,) and 13 NaN"),
    (lambda: train(omega=np.ones((2, 13))), "omega has shape (2, 13); expected (13,)"),
    (lambda: train(start=6), "start is 6; expected at most 5, the number of iterations"),
    (lambda: tm.evaluate(MODEL, THETA[:5], TASKS, RNG), "omega has shape (5,); expected (13,)"),
    (lambda: tm.evaluate(MAML, THETA, TASKS, RNG, alpha=0.1), "alpha is 0.1 beside a method"),
    # checks
    (lambda: tm.check_gradient(sum, np.ones(3), np.ones(2)), "gradient…(3,); expected (2,)"),
    (lambda: tm.check_gradient(np.sin, THETA, THETA), "f(theta) has shape (13,); expected one"),
    (lambda: tm.check_gradient(sum, np.ones(2), np.ones(2), MODEL), "blocks hold 13…expected 2"),
    (lambda: tm.check_gradient(sum, X[0, 0], X[0, 0], method="exact"), "method is 'exact'…complex"),
    (lambda: tm.check_hvp(np.sin, lambda t, v: THETA, np.ones(2)), "hvp(theta, v)…(13,)…(2,), the"),
    (lambda: tm.taylor_order(np.sin, np.ones(2), THETA, THETA), "derivative has shape (2,)…(13,)"),
    (lambda: step(np.zeros(0), np.zeros(0)), "theta has shape (0,); expected (..., P)"),
    (lambda: tm.taylor_order(sum, 3.0, X[0, :, 0], X[0]), "v has shape (5, 1); expected (5,)"),
    (lambda: tm.taylor_order(sum, 3.0, *X[:2, :, 0], (0.1, -0.1)), "steps[1] is -0.1; expected"),
    (lambda: tm.check_model(MODEL, np.ones((2, 13))), "theta has shape (2, 13)"),
    (lambda: tm.check_model(own(n_params=3, d_in=0)), "model.d_in is 0; expected…at least 1"),
    (lambda: tm.check_meta_gradient(len, MODEL, THETA, BATCH, kind="odd"), "kind is 'odd'…reptile"),
    (lambda: tm.check_meta_gradient(len, MODEL, THETA[1:], BATCH), "theta has shape (12,)"),
    # paths, sizes and functions of one's own
    *((lambda call=call: call("a\0b"), "path is 'a\\x00b'; expected a path") for call in READS),
    *((lambda call=call: call(""), "path is ''; expected a path, which is not") for call in READS),
    (lambda: tm.sine_features(0.5), "x has shape (); expected (..., K, D_in)"),
    (lambda: tm.linear_schedule(1, 0, 9)(-1), "n is -1; expected a whole number of at least 0"),
    (lambda: tm.MLP([1, 10**400, 1]), "widths[1] is a number of 1329 bits; expected"),
    (lambda: tm.GlyphTasks(2**63), "ways is 9223372036854775808; expected…at most 922337203685477"),
    (lambda: tm.MLP([1, 1], 10**5000), "activation is a number of 16610 bits; expected"),
    (lambda: TASKS.sample(RNG, 10**5000), "n_tasks is a number of 16610 bits; expected"),
    (lambda: step(THETA, THETA, lambda n: np.nan), "learning_rate(0) is nan; expected one finite"),
    (lambda: tm.MLP([1, 1], loss=loss(value=np.add)), "loss 'own': value(f, y) has shape (2, 3, 1)"
     "; expected (2,) for f of shape (2, 3, 1)"),
    (lambda: tm.GRU(1, 3, 2, loss(gradient=lambda f, y: f[0, :2])), "gradient(f, y) has shape (2"),
    (lambda: tm.MLP([1, 1], loss=loss(curvature=lambda f, y, d: 0.0)), "curvature(f, y, f_dot) ha"),
    (lambda: tm.MLP([1, 1], loss=loss(gradient=lambda f, y: np.subtract(f, 1, out=f))),
     "loss 'own': gradient changes f"),
    (lambda: tm.MeasuredTasks({"a": (X[0], 1e-250 * Y[0])}).standardized(), "y has entries that d"),
    (lambda: tm.check_hvp(sum, min, THETA, directions=np.ones((2, 3))), "directions has"),
    (lambda: tm.taylor_order(sum, THETA, THETA, THETA, (0.1,)), "steps is (0.1,); expected at"),
    (lambda: tm.accuracy(X, Y[:2]), "y has shape (2, 5, 1); expected (..., K, D_out) as f"),
    (lambda: tm.MAML(MODEL, query_loss=loss(curvature=lambda f, y, d: d.T)),
     "curvature(f, y, f_dot) has shape (1, 3, 2); expected (2, 3, 1)"),
    (lambda: tm.MLP([1, 1], phi(init="kaiming")),
     "activation 'own' has init 'kaiming'; expected one of ['he', "),
    (lambda: tm.MLP([1, 1], phi(value=np.sum)), "activation 'own': value(z) has shape ()"),
    (lambda: tm.MLP([1, 1], phi(value=lambda z: np.maximum(z, 0, out=z))),
     "activation 'own': value changes z; expected a function that leaves it as it is"),
    (lambda: setattr(tm.BoundaryTasks(4), "plane", np.ones((2, 3))), "plane has shape (2, 3)"),
    (lambda: tm.check_model(MODEL, batch=([[[1.0]], [[1.0], [2.0]]],) * 4), "x_support is a list"),
    (lambda: tm.evaluate(MODEL, THETA, own(sample=lambda *_: BATCH), RNG, n_support=-3),
     "n_support is -3; expected a whole number of at least 1"),
    (lambda: tm.RidgeHead(tm.MLP([1, 2, 1]), 1e-50).init(RNG, np.float32),
     "strength is 1e-50; expected 1e-38 to 3e+38, numbers that float32 holds"),
    (lambda: tm.RidgeHead(tm.MLP([1, 2, 1]), 1e-50, learned=False).adapt(
        np.ones(4, np.float32), X, Y), "strength is 1e-50; expected 1e-38"),
    (lambda: tm.MLP([1, 1], phi(derivative=lambda z, a: z.T)), "derivative(z, a) has shape (3, 2)"),
    (lambda: tm.check_model(MODEL, blocks=THETA), "blocks is array(…expected [(name, shape), ...]"),
    (lambda: tm.MeasuredTasks({"a": (RAGGED, Y[0])}), "x of curve 'a' is a list of unequal parts"),
    (lambda: MEASURED.points(BATCH), "task has the curve 'None'; expected one of ['a']"),
    (lambda: tm.Model(1, 1, 3, "he"), "blocks is 3; expected [(name, shape), ...]"),
    (lambda: tm.Model(0, 1, [], "he"), "d_in is 0; expected a whole number of at least 1"),
    (lambda: MODEL.init(RNG, scheme=[]), "scheme is []; expected one of"),
    (lambda: tm.BoundaryTasks(3).truth({"angle": X}, X), "x has shape (3, 5, 1); expected (..., K"),
    (lambda: tm.accuracy(X[0, 0], Y), "f has shape (1,); expected (..., K, D_out)"),
    *((lambda m=method: list(m.trajectory(m.init(RNG), X, Y, -1)), "steps is -1; expected a whole")
      for method in METHODS),
    (lambda: MAML.losses(THETA, X, Y, NAN, Y, 1), "x_query has shape (3, 5, 1) and 1 NaN"),
    (lambda: MAML.losses(THETA, X, Y, X, PAIRS, 1), "y_query has shape (3, 5, 2); expected"),
    (lambda: PROTO.adapt(THETA, X, Y[0]), "y has shape (5, 1); expected (3, 5, N)"),
    (lambda: PROTO.predictions(THETA, X, ONE, PAIRS, 1), "x_query has shape (3, 5, 2); exp"),
    (lambda: plot_curves({"a": 1}, size=3), "size is 3; expected (width, height) in inches"),
    (lambda: plot_training({"a": Y[0, 0]}, points=0), "points is 0; expected a whole number"),
    (lambda: tm.MetaSGD(COUNTED, rates="block"), "rates is 'block' and the model has no blocks"),
    *((lambda steps=steps: tm.MetaSGD(MODEL).losses(tm.MetaSGD(MODEL).init(RNG), X, Y, X, Y, steps),
       f"steps is {steps}; expected a whole number of at least 0") for steps in (-1, -2)),
    (lambda: tm.MetaSGD(MODEL, rates=THETA), "rates is an array…expected one of ['one', 'block'"),
    (lambda: tm.MetaSGD(MODEL, 1e308).init(RNG, np.float32), "alpha is 1e+308; expected 1e-38"),
    (lambda: tm.MetaSGD(MODEL, 1e-50, positive=True).init(RNG, np.float32),
     "alpha is 1e-50; expected 1e-38 to 3e+38, numbers that float32 holds"),
    (lambda: tm.compare(THETA, THETA, "θ", tolerance=-1), "tolerance is -1; expected one finite"),
    (lambda: tm.AdaptationCurve([1.0, 2.0], [0, 0]), "errors has shape (2,); expected (S + 1, T)"),
    (lambda: tm.AdaptationCurve([[1.0]], [0]), "diverged has shape (1,); expected (1, 1), as err"),
    (lambda: tm.save_checkpoint("x", THETA, optimizer=RAGGED_STATE), "optimizer_a is a list of"),
]
TYPE_ERRORS = [
    (lambda: MODEL.loss(THETA, X, None), "y is None; expected an array of floating-point numbers"),
    (lambda: MODEL.hvp(THETA, X, Y, None), "v is None; expected an array of floating-point"),
    (lambda: tm.adapt(PLAIN, THETA, X, None, 0.1, 1), "y is None; expected an array"),
    *((lambda m=method: m.adapt(m.init(RNG), X, None), "y is None; expected an array")
      for method in METHODS),
    *((lambda m=method: list(m.trajectory(m.init(RNG), X, Y, "1")), "steps is '1'; expected a who")
      for method in METHODS),
    (lambda: PROTO.predictions(THETA, X, ONE, X, "1"), "steps is '1'; expected a whole"),
    (lambda: MAML.losses(THETA, X, Y, X, None, 1), "y_query is None; expected an array"),
    (lambda: PROTO.losses(THETA, X, ONE, X, None, 1), "y_query is None; expected an"),
    (lambda: MODEL.init(RNG, 0.5), "dtype is 0.5; expected a real floating-point type"),
    (lambda: tm.accuracy("a", Y), "f has dtype <U1 and shape (); expected an array of numbers"),
    (lambda: tm.accuracy(Y, None), "y is None; expected an array of num"),
    (lambda: TASKS.truth(None, X), "parameters is None; expected a dict with amplitude"),
    (lambda: tm.LinearTasks().truth({"slope": 1.0}, X), "parameters is {…a dict with intercept"),
    (lambda: tm.BoundaryTasks(3).truth({"angle": "a"}, np.ones((5, 3))), "parameters['angle'] has"),
    (lambda: MEASURED.standardized(by=1), "by is of type int; expected tinymeta.MeasuredTasks"),
    (lambda: MEASURED.standardized(outputs="no"), "outputs is 'no'; expected True or False"),
    (lambda: MEASURED.points(None), "task is of type NoneType; expected a tinymeta.Batch"),
    (lambda: MEASURED.y_in_units("a"), "y has dtype <U1 and shape (); expected an array of num"),
    (lambda: tm.evaluate(MAML, THETA, TASKS, RNG, 1, metric=tm.squared_error),
     "metric is Loss('squared error'); expected a function"),
    (lambda: tm.evaluate(MAML, THETA, TASKS, RNG, 1, metric=lambda: 0), "metric is <function…f, y"),
    (lambda: tm.Linear(1, 1, lambda: 0), "features is <function…expected a function of x"),
    (lambda: tm.SGD(tm.MLP), "learning_rate is the class MLP; expected a function of n"),
    (lambda: tm.check_gradient(lambda: 0, THETA, THETA), "f is <function…a function of theta"),
    (lambda: tm.check_hvp(np.cos, lambda t: t, THETA), "hvp is <function…of theta, v"),
    (lambda: tm.MLP([1, 1], loss=loss(value=[])), "loss 'own': value is []; expected a function"),
    (lambda: tm.save_checkpoint("a.npz", THETA, settings={"a": X}), "settings is {'a': arr"),
    (lambda: tm.evaluate(tm.MAML, THETA, TASKS, RNG), "method is the class MAML; expected an obj"),
    (lambda: tm.Adam().restore({"t": 1, "m": THETA + 0j, "s": THETA**2}), "m has dtype complex128"),
    (lambda: plot_training({"a": np.array([1j])}), "losses['a'] has dtype complex128; expected r"),
    (lambda: tm.evaluate_batch(MODEL, THETA + 0j, BATCH), "omega has dtype complex128; expected r"),
    (lambda: tm.evaluate_batch(MODEL, THETA, BATCH, metric=lambda f, y: 1j * f[:, 0, 0]),
     "metric(f, y) has dtype complex128"),
    (lambda: tm.meta_train(tm.MAML(MODEL), TASKS, THETA + 0j, tm.Adam(), 1, RNG), "omega has dty"),
    (lambda: tm.check_gradient(lambda t: None, THETA, THETA), "f(theta) is None; expected one num"),
    (lambda: tm.check_adapt(tm.adapt, MODEL, THETA, X[0], Y[0], steps=2), "steps is 2; expected"),
    (lambda: plot_curves({"a": THETA}), "curves['a'] is of type ndarray; expected a tiny"),
    (lambda: plot_training({0: [1.0]}), "the names in losses is [0]; expected a list of"),
    (lambda: tm.RidgeHead(MODEL).meta_gradient(np.ones(9, np.float16), BATCH), "dtype float16; ex"),
    (lambda: tm.OracleTasks(MEASURED).sample(RNG, 1, 1, 1), "parameters['curve'] has dtype <U"),
    (lambda: tm.MLP([1, 1], phi(value={})), "activation 'own': value is {}; expected a function"),
    (lambda: plot_curves("a"), "curves is 'a'; expected a dict, by the methods' names"),
    (lambda: plot_training([0.5] * 99), "losses is a list of 99 entries; expected a dict"),
    (lambda: tm.Checkpoint(THETA, settings={"tm": tm}), "settings is {'tm': <module…be copied"),
    (lambda: tm.Linear(1, 1, loss=tm.squared_error._replace(name=None)), "loss's name is None; ex"),
    (lambda: plot_adaptation(MAML, {"a": THETA}, "sine", BATCH[0]), "tasks is 'sine'; expected an"),
    (lambda: tm.check_model(MODEL, batch=3), "batch is of type int; expected a tinymeta.Batch"),
    (lambda: plot_curves({"a": 1}, title=1), "title is 1; expected a text"),
    (lambda: animate_adaptation(MAML, {"a": THETA}, TASKS, BATCH[0], steps=None), "steps is None"),
    (lambda: plot_adaptation(MAML, 3, TASKS, BATCH[0]), "thetas is 3; expected a dict name -> om"),
    (lambda: plot_adaptation(MAML, {"a": THETA}, TASKS, BATCH[0], steps=1), "steps is 1; expected"),
    *((lambda call=call: call(None), "path is None; expected a path, such as") for call in READS),
    (lambda: tm.sine_features("a"), "x has dtype <U1 and shape (); expected an array of numbers"),
    (lambda: tm.sine_features(None), "x is None; expected an array of num"),
    (lambda: tm.linear_schedule(1, 0, 9)("a"), "n is 'a'; expected a whole number of at least 0"),
    (lambda: tm.SGD(lambda: 0.1), "learning_rate is <function…expected a function of n (too many"),
    *((lambda rate=rate: step(THETA, THETA, lambda n: rate), f"learning_rate(0) is {rate!r}; exp")
      for rate in (None, "0.1")),
    (lambda: tm.MLP([1, 1], loss=loss(value=None)), "loss 'own': value is None; expected a funct"),
    (lambda: tm.MLP([1, 1], loss=loss(value=lambda f: f)), "value is <function…function of f, y"),
    (lambda: tm.Linear(1, 1, loss=loss(value=lambda f, y: "1")), "value(f, y) returned '1'; exp"),
    (lambda: tm.RNN(1, 2, 1, loss(gradient=lambda f, y: None)), "gradient(f, y) returned None; ex"),
    (lambda: tm.MLP([1, 1], phi(derivative=lambda z: z)), "derivative is <function…of z, a"),
    (lambda: tm.MLP([1, 1], phi(value=lambda z: None)), "activation 'own': value(z) returned None"),
    (lambda: tm.save_checkpoint("nowhere", THETA, optimizer="sgd"), "optimizer is 'sgd'; expected"),
    (lambda: tm.save_checkpoint("nowhere", THETA, rng=0), "rng is 0; expected a numpy.random"),
    (lambda: tm.Checkpoint(THETA).restore(None, RNG), "optimizer is None; expected an object with"),
    (lambda: tm.Checkpoint(THETA).restore(tm.Adam(), 0), "rng is 0; expected a numpy.random.Gene"),
    (lambda: tm.MAML(MODEL, first_order="no"), "first_order is 'no'; expected True or False"),
    (lambda: tm.MetaSGD(MODEL, positive=1), "positive is 1; expected True or False"),
    (lambda: tm.RidgeHead(MODEL, learned=None), "learned is None; expected True or False"),
    (lambda: tm.Linear(1, 1, bias="no"), "bias is 'no'; expected True or False"),
    (lambda: tm.Linear(1, 1, bias=THETA), "bias is an array of shape (13,); expected True"),
    (lambda: tm.MeasuredTasks(THETA), "curves is ndarray; expected a dict name -> (x, y)"),
    (lambda: tm.MeasuredTasks(CURVE, columns="xy"), "columns is 'xy'; expected a list of texts"),
    (lambda: tm.MeasuredTasks(CURVE, columns=3), "columns is 3; expected a list of texts"),
    (lambda: tm.MeasuredTasks(CURVE, columns=[1, 2]), "columns is [1, 2]; expected a list of"),
    (lambda: tm.MeasuredTasks.from_csv("x", "cxy"), "columns is 'cxy'; expected a list of texts"),
    (lambda: tm.MeasuredTasks(CURVE).only("a"), "names is 'a'; expected a list of texts"),
    (lambda: tm.MAML(tm.MLP), "model is the class MLP; expected an object, such as MLP(...)"),
    (lambda: tm.ANIL(tm.MLP), "model is the class MLP; expected an object"),
    (lambda: train(optimizer=tm.Adam), "optimizer is the class Adam; expected an object"),
    (lambda: tm.evaluate(MAML, THETA, tm.SinusoidTasks, RNG), "tasks is the class SinusoidTasks"),
    (lambda: tm.ContextMLP([1, 1], network=None), "network is None; expected the class tinymeta"),
    (lambda: tm.Linear(1, 1, features=3), "features is 3; expected a function of x, or None"),
    (lambda: tm.least_squares(LINE, WHOLE, Y), "x has dtype int64 and shape (3, 5, 1)"),
    (lambda: silent("adapt").meta_loss(THETA, BATCH), "Silent.adapt(...) returned None; expected"),
    (lambda: list(train(silent("meta_gradient"))), "Silent.meta_gradient(...) returned None"),
    (lambda: list(train(Returning("x", THETA))), "returned is 'x'; expected one number"),
    (lambda: list(train(Returning(X, THETA))), "the loss that Returning.meta_gradient(...)"),
    (lambda: list(train(Returning(1.0, None))), "Returning.meta_gradient(...) returned None"),
    (lambda: list(train(optimizer=TO_COMPLEX)), "step(...) has dtype complex128; expected real"),
    (lambda: list(train(optimizer=NO_STEP)), "NoStep.step(...) returned None; expected an array"),
    (lambda: tm.evaluate(silent("losses"), THETA, TASKS, RNG), "Silent.losses(...) returned None"),
    (lambda: tm.evaluate(silent("predictions"), THETA, TASKS, RNG, metric=tm.accuracy), "returned"),
    (lambda: tm.check_gradient(sum, np.ones(2), np.ones(2) + 1j), "theta has dtype complex128"),
    (lambda: tm.check_model(None), "model is None; expected…loss"),
    (lambda: tm.check_model(tm.MLP), "model is the class MLP…an object"),
    (lambda: tm.Batch(X, Y, X, Y, None), "parameters is None; expected a dict"),
    (lambda: tm.MAML(MODEL, query_loss="mse"), "query_loss is 'mse'; expected a tinymeta.Loss"),
    (lambda: MODEL.loss(np.ones(13, int), X, Y), "theta has dtype int64 and shape (13,)…floating"),
    (lambda: MODEL.predict(THETA, WHOLE), "x has dtype int64 and shape (3, 5, 1)"),
    (lambda: MODEL.predict(THETA, MASKED), "x is a masked array of shape (3, 1)"),
    (lambda: tm.SinusoidTasks(phase=MASKED[:, 0]), "phase is a masked array of shape (3,)"),
    (lambda: tm.MeasuredTasks(CURVE, scales=np.ones((2, 2)) + 0j), "scales has dtype complex128"),
    (lambda: tm.check_meta_gradient(MAML, MODEL), "meta_gradient is <…; expected a function"),
    (lambda: tm.check_gradient(sum, lambda t: None, THETA), "gradient is None; expected an array"),
    (lambda: tm.check_hvp(abs, max, THETA, hints=THETA), "hints is an array…the Hints of"),
    (lambda: tm.check_gradient(sum, THETA, THETA, hints=[]), "hints is []; expected the Hints of"),
    (lambda: tm.compare(1.0, 1.0, "it", hints={}), "hints is {}; expected the Hints of"),
    (lambda: tm.compare(THETA, THETA, "θ", layout=THETA), "layout is an array…expected a Layout"),
    (lambda: tm.compare(THETA, None, "θ"), "expected is None; expected an"),
    (lambda: tm.taylor_order(lambda t: None, 0.0, THETA, THETA), "f(theta) is None; expected an"),
    (lambda: tm.MLP([1, 2.5, 1]), "widths[1] is 2.5; expected a whole number"),
    (lambda: MODEL.init(RNG, int), "dtype is int64; expected a real floating-point type"),
    (lambda: tm.Batch(X, Y, X, WHOLE), "y_query has dtype int64"),
    (lambda: tm.Batch(X + 0j, Y, X, Y), "x_support has dtype complex128; expected real"),
    (lambda: tm.MAML(PLAIN).init(RNG), "model is…expected an object with init"),
    (lambda: tm.MAML(PLAIN).predictions(THETA, X, Y, X, 1), "model is…an object with predict"),
    (lambda: MAML.meta_gradient(np.ones(13, int), BATCH), "omega has dtype int64"),
    (lambda: MAML.meta_loss(THETA, (X, Y, X, Y)), "batch is of type tuple; expected a tinymeta"),
    (lambda: tm.least_squares(MODEL, X, Y), "model is…expected a Linear model"),
    (lambda: step(THETA, THETA + 0j), "gradient has dtype complex128; expected real"),
    (lambda: step(np.ones(13, int), THETA), "theta has dtype int64"),
    (lambda: step(THETA + 0j, THETA), "theta has dtype complex128; expected real"),
    (lambda: train(omega=np.ones(13, int)), "omega has dtype int64"),
    (lambda: tm.Adam().restore(None), "state is None; expected a dict, as state() gives"),
    (lambda: tm.evaluate(None, THETA, TASKS, RNG), "method is None; expected…loss, gradient"),
    (lambda: tm.check_gradient(3, THETA, THETA), "f is 3; expected a function"),
    (lambda: plot_adaptation({"a": tm.MAML}, {"a": THETA}, TASKS, BATCH[0]),
     "model['a'] is the class MAML; expected an object"),
    (lambda: plot_adaptation({"a": MAML}, {"a": THETA}, tm.SinusoidTasks, BATCH[0]),
     "tasks is the class SinusoidTasks; expected an object"),
    (lambda: plot_curves({"a": tm.AdaptationCurve}), "curves['a'] is the class AdaptationCurve"),
    (lambda: tm.check_meta_gradient(tm.MAML, MODEL, THETA, BATCH),
     "meta_gradient is the class MAML; expected an object"),
    (lambda: tm.check_adapt(tm.MAML, MODEL, THETA, X[0], Y[0]), "adapt is the class MAML; exp"),
    (lambda: tm.check_meta_gradient(sum, MODEL, THETA, BATCH, adapt=tm.MAML),
     "adapt is the class MAML; expected an object"),
    (lambda: tm.check_meta_gradient(sum, MODEL, THETA, BATCH, adapt=sum, loss=tm.Loss),
     "loss is the class Loss; expected an object"),
    (lambda: tm.check_model(MODEL, THETA, BATCH, reference=tm.MLP), "reference is the class MLP"),
    (lambda: tm.check_model(MODEL, THETA, BATCH, reference=3), "reference is 3; expected an obj"),
    (lambda: tm.compare(THETA, THETA, "θ", tolerance="a"), "tolerance is 'a'; expected one finite"),
    (lambda: tm.AdaptationCurve([[1j, 2]], [[0, 0]]), "errors has dtype complex128; expected real"),
    (lambda: tm.check_hvp(np.sin, lambda t, v: None, THETA), "hvp(theta, v) is None; expected an"),
    (lambda: tm.check_hvp(lambda t: ["1"] * 13, lambda t, v: v, THETA), "gradient(theta) has dtyp"),
    (lambda: tm.check_gradient(sum, [None] * 13, THETA), "gradient has dtype object and shape (13"),
    (lambda: tm.check_gradient(lambda t: bool(t[0]), THETA, THETA), "f(theta) is True; expected"),
    (lambda: tm.Adam(10**5000), "learning_rate is a number of 16610 bits; expected one finite"),
    (lambda: tm.save_checkpoint("nowhere", THETA, settings={"a": 10**5000}),
     "settings is a dict with a number of thousands of digits; expected plain"),
    (lambda: tm.check_adapt(3, MODEL, THETA, X[0], Y[0]), "adapt is 3; expected a function"),
    (lambda: tm.check_model(MODEL, batch=(X, np.ma.masked_less(Y, 0), X, Y)), "y_support is a ma"),
    (lambda: tm.MAML(tm.MLP([1, 4, 1], loss=loss(targets=lambda y: y < 9))).meta_gradient(
        THETA, BATCH), "Loss.targets(...) returned an object of type ndarray; expected None, or"),
    (lambda: tm.check_model(MODEL, batch=("a",) * 4), "x_support has dtype <U1 and shape (); exp"),
    (lambda: tm.evaluate(MODEL, THETA, own(sample=lambda *_: BATCH), RNG, n_tasks=6.0),
     "n_tasks is 6.0; expected a whole number of at least 1"),
    (lambda: next(tm.meta_train(tm.MAML(MODEL), family(lambda batch: (batch,)), THETA, tm.SGD(1),
                                1, RNG)), "sample(...) is of type tuple; expected a tinymeta.Ba"),
    (lambda: tm.save_checkpoint("nowhere", THETA, settings=nested(1500)),
     "settings is a dict that is nested too deeply; expected plain numbers"),
    (lambda: tm.check_meta_gradient(sum, MODEL), "theta is None; expected an array"),
    (lambda: tm.AdaptationCurve(None, None), "errors is None; expected an array"),
    (lambda: tm.ContextMLP([1, 1], network=tm.GRU), "network is <class…GRU'>; expected the class"),
    (lambda: tm.ContextMLP([1, 1], network=MODEL), "network is…object…expected the class tinymeta"),
    (lambda: tm.MeasuredTasks({"a": (np.ma.array([1, 2], mask=[0, 1]), [1, 2])}),
     "x of curve 'a' is a masked array of shape (2,); expected one without a mask"),
    (lambda: tm.check_hvp(3, sum, THETA), "gradient is 3; expected a function"),
    (lambda: tm.check_hvp(sum, 3, THETA), "hvp is 3; expected a function"),
    (lambda: tm.evaluate_batch(MODEL, THETA, X), "batch is of type ndarray; expected a tinymeta"),
]
CASES = [pytest.param(kind, call, message, id=message) for kind, rows in
         ((ValueError, VALUE_ERRORS), (TypeError, TYPE_ERRORS)) for call, message in rows]


def test_a_long_value_is_cut():
    with pytest.raises(ValueError) as caught:
        tm.MLP([1, 1], "a" * 999)
    assert len(str(caught.value)) < 400 and "a…; expected one of" in str(caught.value)


@pytest.mark.parametrize("kind, call, message", CASES)
def test_bad_input_is_named(kind, call, message):
    refused(call, message, kind)


def refused(call, message, kind=ValueError):
    with pytest.raises(kind) as caught:
        call()
    assert isinstance(kind, tuple) or caught.type is kind
    found = str(caught.value)
    for words in message.split("…"):
        before, there, found = found.partition(words)
        assert there, (words, str(caught.value))


def nested(depth):
    outer = inner = {}
    for _ in range(depth):
        inner["a"] = inner = {}
    return outer


def family(change):
    """Sine waves of one's own, whose batches are changed."""
    return type("Own", (), {"sample": lambda self, *sizes: change(TASKS.sample(*sizes))})()


NOTHING = own(init=lambda *_: None, predict=lambda *_: None)
SHORTER = own(init=lambda *_: THETA[1:], predict=lambda theta, x: x[:, 1:])
SHORTER.n_params = 13
BUFFER = np.empty((2, 3, 1))


def into_buffer(f, *_):
    """A function that writes what it returns into one array."""
    if f.shape != BUFFER.shape:
        return f * 1
    BUFFER[...] = f
    return BUFFER


def once(**methods):
    """An object with these methods, each of which returns one thing."""
    return type("Own", (), {name: lambda *_, value=value: value for name, value in
                            methods.items()})()


def maml_whose(name, value):
    """MAML, whose method `name` returns one thing."""
    return type("Mine", (tm.MAML,), {name: lambda *_: value})(MODEL)


def waves(truth, **more):
    """Sine waves with a truth of one's own."""
    return type("Waves", (tm.SinusoidTasks,), {"truth": truth, **more})()


def drawn(tasks=TASKS, model=MAML, task=BATCH[0], **more):
    if isinstance(tasks, tm.SinusoidTasks):
        task = tm.SinusoidTasks().sample(RNG, 1, 5, 5)
    return plot_adaptation({"a": model}, {"a": THETA}, tasks, task, **more)


TWICE = [("a", (6,)), ("a", (7,))]
LABELS = tm.Batch(PAIRS, np.ones((3, 5, 1)) + (Y > 0), PAIRS, np.ones((3, 5, 1)))
FLAT = own(init=lambda *_: THETA)
FLAT.n_params = lambda: 13
OF_ONES_OWN = [
    (lambda: tm.MLP([1, 2, 1], loss=loss(gradient=into_buffer)), ValueError,
     "gradient(f, y) returns the array that it has returned before, with other numbers; expected"),
    (lambda: tm.MLP([1, 2, 1], phi(value=lambda z: z.tolist())), TypeError, "value(z) returned [["),
    (lambda: tm.accuracy(Y, Y + 1), ValueError, "y has numbers from …; expected the labels of two"),
    (lambda: plot_adaptation(MAML, {"a": THETA}, None, LABELS[0]), ValueError,
     "task has the y array([1., 2.]); expected the labels of two classes, 0 and 1 or -1 and 1"),
    (lambda: tm.check_gradient(sum, THETA, THETA, blocks=TWICE), ValueError,
     "blocks has the names ['a', 'a']; expected each only once"),
    (lambda: tm.check_gradient(sum, THETA, THETA, blocks=[(0, (13,))]), TypeError,
     "the names in blocks is [0]; expected a list of texts"),
    (lambda: tm.evaluate(MODEL, THETA, TASKS, RNG, 5, metric=lambda f, y: f[f > 0]), ValueError,
     "metric returned shape (…,); expected (5,), a number for each task"),
    (lambda: tm.evaluate(once(predictions=Y), THETA, TASKS, RNG), TypeError,
     "method is …; expected an object with losses (it has no losses)"),
    (lambda: tm.MAML(FLAT).meta_gradient(THETA, BATCH), TypeError,
     "model.n_params is <function…; expected a whole number of at least 1"),
    (lambda: tm.Linear(1, 1, lambda x: np.mean(x, 0) if x.ndim > 2 else x).loss(np.ones(2), X, Y),
     ValueError, "features(x) has shape (5, 1); expected (3, 5, 1) for x of shape (3, 5, 1)"),
    (lambda: waves(lambda self, p, x: None).sample(RNG), TypeError,
     "Waves.truth(...) returned None; expected an array: is a `return` missing?"),
    (lambda: waves(lambda self, p, x: x > 0).sample(RNG), TypeError,
     "Waves.truth(...) has dtype bool and shape (25, 20, 1); expected floating-point"),
    (lambda: waves(lambda self, p, x: x + 0j).sample(RNG), TypeError,
     "Waves.truth(...) has dtype complex128; expected real numbers"),
    (lambda: drawn(waves(lambda self, p, x: x[0])), ValueError,
     "Waves.truth(...) has shape (200, 1); expected (1, 200, 1)"),
    (lambda: drawn(waves(tm.SinusoidTasks.truth, y_in_units=lambda self, y: None)), TypeError,
     "Waves.y_in_units(...) returned None; expected an array"),
    (lambda: drawn(model=once(predictions=np.ones((11, 1, 200, 2)))), ValueError,
     "Own.predictions(...) has shape (11, 1, 200, 2); expected (11, 1, 200, 1)"),
    (lambda: drawn(scale=1e-6), ValueError, "scale is 1e-06; expected one finite number of at"),
    (lambda: drawn(size=(1e6, 3)), ValueError, "size[0] is 1000000.0; expected one finite number"),
    (lambda: plot_adaptation(MODEL, {"a": THETA + 0j}, TASKS, BATCH[0]), TypeError,
     "thetas['a'] has dtype complex128; expected real numbers"),
    (lambda: tm.taylor_order(sum, np.nan, THETA, THETA), ValueError, "derivative is array(nan)"),
    (lambda: tm.check_gradient(sum, lambda t: t.astype("f2"), THETA), TypeError,
     "gradient has dtype float16; expected double precision, or single"),
    (lambda: tm.check_hvp(abs, lambda t, v: v.astype("f2"), THETA), TypeError,
     "hvp(theta, v) has dtype float16; expected double precision, or single"),
    (lambda: tm.check_gradient(lambda t: {}, THETA, THETA), TypeError, "f(theta) has dtype object"),
    (lambda: tm.adapt(PLAIN, np.ones((2, 13)), X, Y, 0.1, 1), ValueError,
     "theta has leading axes that do not fit the others: theta (2,), x (3,)"),
    (lambda: tm.evaluate(tm.MAML(tm.RNN(1, 2, 1)), tm.RNN(1, 2, 1).init(RNG), TASKS, RNG,
                         metric=max), TypeError, "RNN.predict is …; expected a function of theta"),
    (lambda: tm.Memory(type("Mine", (tm.RNN,), {"loss": None})(1, 2, 1)), TypeError, "rnn is <"),
    (lambda: tm.Memory(type("Mine", (tm.RNN,), {"at": lambda *_: None})(1, 2, 1)),
     ValueError, "rnn is a Mine, which redefines at, loss, gradient or hvp; expected one"),
    (lambda: tm.OracleTasks(once(sample=())).sample(RNG), TypeError, "batch is of type tuple; ex"),
    (lambda: next(train(tasks=own(sample=lambda *_: next(iter(()))))), RuntimeError,
     "Own.sample(...) raised StopIteration; expected a batch for each step"),
    (lambda: maml_whose("sums", (1.0, THETA[1:])).meta_gradient(THETA, BATCH), ValueError,
     "Mine.sums(...) has shape (12,); expected (13,)"),
    (lambda: maml_whose("adapt", (np.ones((3, 14)), abs)).meta_gradient(THETA, BATCH), ValueError,
     "Mine.adapt(...) has shape (3, 14); expected (3, 13)"),
    (lambda: tm.check_gradient(sum, THETA, None), TypeError, "theta is None; expected an array"),
    (lambda: maml_whose("query_pass", None).meta_gradient(THETA, BATCH), TypeError,
     "Mine.query_pass(...) returned None; expected a pass and the pullback"),
    (lambda: tm.MAML(NOTHING).init(RNG), TypeError, "Own.init(...) returned None; expected an arr"),
    (lambda: tm.check_model(NOTHING), TypeError, "model.init(rng) is None; expected"),
    (lambda: tm.check_gradient(lambda t: (t @ t, 2 * t), THETA, THETA), ValueError,
     "f(theta) is a tuple of unequal parts; expected an array of one shape"),
    (lambda: tm.MAML(own(gradient=lambda *_: [THETA, X])).meta_gradient(THETA, BATCH), ValueError,
     "the model's gradient(theta, x, y) is a list of unequal parts"),
    (lambda: next(tm.meta_train(type("Own", (), {"meta_gradient": lambda *_: ((1, X), THETA)})(),
                                TASKS, THETA, tm.SGD(0.1), 1, RNG)), ValueError,
     "the loss that Own.meta_gradient(...) returned is a tuple of unequal parts"),
    (lambda: tm.evaluate(MODEL, THETA, family(tuple), RNG), TypeError,
     "Own.sample(...) is of type tuple; expected a tinymeta.Batch"),
    (lambda: next(tm.meta_train(MAML, family(print), THETA, tm.SGD(0.1), 1, RNG)), TypeError,
     "Own.sample(...) is None; expected a batch of tasks"),
    (lambda: tm.MAML(SHORTER).init(RNG), ValueError, "Own.init(...) has shape (12,); expected (13"),
    *((lambda call=call: call(tm.MAML(NOTHING)), TypeError, "Own.predict(...) returned None; exp")
      for call in (lambda method: method.predictions(THETA, X, Y, X, 1),
                   lambda method: tm.evaluate(method, THETA, TASKS, RNG, metric=tm.accuracy))),
    (lambda: tm.MAML(SHORTER).predictions(THETA, X, Y, X, 1), ValueError,
     "Own.predict(...) has shape (3, 4, 1); expected (..., 5, D_out)"),
    *((lambda m=method, T=T, call=call: getattr(m, call)(
        m.init(RNG), X, ONE, np.ones((T, 4, 1)), *[np.ones((T, 4, 1))] * (call == "losses"), 1),
       ValueError, f"x_query has shape ({T}, 4, 1); expected (3, Q, D_in): as many sets as x_supp")
      for method in [*METHODS, PROTO, tm.Memory(tm.RNN(1, 4, 1))]
      for T in (1, 2) for call in ("predictions", "losses"))]


@pytest.mark.parametrize("call, kind, message", OF_ONES_OWN)
def test_what_does_not_fit_what_was_asked_for_is_named(call, kind, message):
    refused(call, message, kind)


SETTINGS = {  # of each call, settings one at a time: of a wrong value, and of a wrong type
    tm.MLP: (dict(widths=3, activation="gelu"), dict(loss="mse")),
    tm.Linear: (dict(d_in=0, d_out=0), dict(loss="mse")),
    tm.ContextMLP: (dict(context=0), dict(context="4")),
    MODEL.init: (dict(scheme="ones"), dict(rng=0)),
    tm.huber: (dict(delta=0), dict(delta=None)),
    tm.epsilon_insensitive: (dict(epsilon=-1), dict(epsilon=[0.1])),
    tm.SinusoidTasks: (dict(phase=3.0, grid=1, noise=-0.1), dict(noise=np.ones(1))),
    tm.LinearTasks: (dict(slope=1, intercept=[1], noise=np.inf), dict(grid=2.5)),
    TASKS.sample: (dict(n_tasks=0, n_support=0, n_query=0), dict(rng=0)),
    tm.OracleTasks: ({}, dict(tasks=None)),
    tm.adapt: (dict(alpha=0, steps=-1, batch_size=0), dict(model=None)),
    tm.MAML: (dict(alpha=0.0, steps=0, chunk=0), dict(model=None, alpha="big", chunk=True)),
    tm.Reptile: (dict(alpha=np.nan, steps=0, batch_size=0), dict(model=None, alpha=b"1")),
    tm.JointTraining: (dict(alpha=-1), dict(model=None, alpha=0.1 + 1j)),
    tm.MetaSGD: (dict(steps=0, rates="layer", chunk=0), dict(model=None)),
    tm.CAVIA: (dict(alpha=0, steps=0, chunk=0), {}),
    tm.ImplicitMAML: (dict(strength=0, tolerance=1.0, newton_steps=0), dict(model=None)),
    tm.SGD: (dict(learning_rate=0, max_norm=0), dict(learning_rate="fast")),
    tm.Adam: (dict(beta1=-0.1, beta2=1.0, epsilon=0), dict(beta1="0.9")),
    tm.linear_schedule: (dict(start=-1, end=-1, iterations=0), dict(iterations=1.0)),
    tm.meta_train: (dict(iterations=-1, start=-1, n_tasks=0, n_support=0, n_query=0),
                    dict(method=None, tasks=None, optimizer=0.1, rng=0)),
    tm.evaluate: (dict(steps=-1, chunk=0), dict(tasks=None, rng=0)),
    tm.save_checkpoint: (dict(iteration=-1, seconds=-1.0), dict(settings=[]))}
USUAL = dict(widths=[1, 1], d_in=1, d_out=1, rng=RNG, theta=THETA, omega=THETA, x=X, y=Y,
             alpha=0.1, steps=1, learning_rate=0.1, start=0, end=0, iterations=1, method=MAML,
             tasks=TASKS, optimizer=tm.Adam(), path="nowhere")


@pytest.mark.parametrize("call", SETTINGS, ids=lambda call: call.__qualname__)
def test_a_setting_that_cannot_be_is_named_with_what_was_expected(call):
    usual = USUAL | {"model": tm.ContextMLP([1, 1]) if call is tm.CAVIA else MODEL}
    usual = {name: usual[name] for name in inspect.signature(call).parameters if name in usual}
    if call is tm.evaluate:  # a method has its own
        del usual["alpha"]
    for kind, wrong in zip((ValueError, TypeError), SETTINGS[call]):
        for name, value in wrong.items():
            with pytest.raises(kind, match=re.escape(f"{name} is {value!r}; expected ")):
                call(**usual | {name: value})


class Given:
    """Tasks that are always the same batch, of one input and two outputs."""

    def __init__(self, y_support, y_query):
        y_support, y_query = (np.tile(np.array(y, float), (3, 1, 1)) for y in (y_support, y_query))
        self.batch = tm.Batch(*(a for y in (y_support, y_query) for a in (y[..., :1], y)))

    def sample(self, rng, n_tasks, *sizes):
        return self.batch[[0] * n_tasks]


SOFT, SIGNS, BINARY = [[1, 0], [0.3, 0.7]], [[1, -1], [-1, 1]], [[1, 1], [0, 1]]
UNFIT = {  # a loss: targets that fit, targets that do not, and what is said of these
    tm.softmax: [(SOFT, [[1, 1], [0, 1]], "entries from 0 to 1 and rows that sum to 1 to 2; exp"),
                 (SOFT, [[1.5, -0.5]], "entries from -0.5 to 1.5…expected one-hot rows, or prob")],
    tm.logistic: [(BINARY + SOFT, SIGNS, "entries from -1 to 1; expected 0 and 1, or probabil")],
    tm.hinge: [(SIGNS, BINARY, "entries from 0 to 1; expected -1 and 1, for the loss hinge")],
    tm.squared_hinge: [(SIGNS, BINARY, "entries from 0 to 1; expected -1 and 1, for the loss squ")]}


@pytest.mark.parametrize("loss, good, bad, message", [
    pytest.param(loss, *row, id=f"{loss.name}: {row[2]}") for loss in UNFIT for row in UNFIT[loss]])
def test_targets_that_do_not_fit_the_loss_are_named(loss, good, bad, message):
    model, plain = tm.MLP([1, 3, 2], loss=loss), tm.MLP([1, 3, 2])
    theta = model.init(RNG)
    maml, other = tm.MAML(model), tm.MAML(plain, query_loss=loss)  # adapted by squared error

    def train(method, tasks):
        return list(tm.meta_train(method, tasks, theta, tm.SGD(0.1), 1, RNG))

    def evaluate(method, tasks):
        return tm.evaluate(method, theta, tasks, RNG, steps=1)

    def meta_gradient(method, tasks):
        return method.meta_gradient(theta, tasks.batch)

    def adapt(tasks):
        batch = tasks.batch
        return tm.adapt(model, theta, batch.x_support, batch.y_support, 0.1, 1)

    def gradient(tasks):
        return model.gradient(theta, tasks.batch.x_support, tasks.batch.y_support)

    for call in (train, evaluate, meta_gradient):
        call(maml, Given(good, good))
        call(other, Given(bad, good))
        refused(lambda: call(maml, Given(bad, good)), "y_support has " + message)
        refused(lambda: call(other, Given(good, bad)), "y_query has " + message)
    for call in (adapt, gradient):
        call(Given(good, good))
        refused(lambda: call(Given(bad, good)), "y has " + message)


def test_a_ridge_head_is_solved_for_any_targets_and_prototypes_take_those_of_softmax():
    ridge = tm.RidgeHead(tm.MLP([1, 3, 2], loss=tm.softmax))
    tm.evaluate(ridge, ridge.init(RNG), Given(SIGNS, SOFT), RNG)
    prototypes = tm.Prototypes(tm.MLP([1, 3, 2]))
    tasks, omega = Given(SOFT, SIGNS), prototypes.init(RNG)
    refused(lambda: tm.evaluate(prototypes, omega, tasks, RNG), "y_query has…for the loss softmax")
    batch = tasks.batch
    refused(lambda: prototypes.losses(omega, batch.x_support, batch.y_support, batch.x_query,
                                      batch.y_query, 0),
            "y_query has…for the loss softmax")
    memory, x = tm.Memory(tm.RNN(2, 3, 1, tm.logistic)), np.ones((1, 2, 2))
    omega, y = memory.init(RNG), np.ones((1, 2, 1))
    refused(lambda: memory.losses(omega, x, y, x, 3 * y, 1), "y_query has…for the loss logistic")


def test_good_input_of_the_same_kinds_is_taken():
    """The counterpart of the lists above: what they reject was not rejected for another reason."""
    assert MODEL.hvp(THETA.tolist(), X.tolist(), Y.tolist(), THETA.tolist()).shape == (3, 13)
    assert len(TASKS.sample(RNG, np.int64(2), 1, 1)) == 2
    method = tm.MAML(MODEL, alpha=np.float32(0.1), steps=np.int32(2))
    assert method.meta_gradient(THETA, BATCH)[1].shape == (13,)
    tasks = tm.SinusoidTasks(amplitude=(1, 1), phase=[0, 1], grid=10)
    assert tasks.sample(RNG, 1, 10, 10).x_support.shape == (1, 10, 1)
    sizes = dict(n_tasks=1, n_support=1, n_query=1)
    assert [len(list(train(last=last, **sizes))) for last in (0, 1)] == [0, 1]
    assert tm.evaluate(MODEL, THETA, TASKS, RNG, 1, 1, 1, steps=0, chunk=1).errors.shape == (1, 1)


CHANGES = {  # made after construction
    tm.MAML(MODEL): dict(alpha=-1, steps=0, chunk=0), tm.ANIL(MODEL): dict(alpha=0.0, steps=0),
    tm.Reptile(MODEL): dict(alpha=0, batch_size=0), tm.JointTraining(MODEL): dict(alpha=-0.1),
    tm.CAVIA(tm.ContextMLP([1, 1])): dict(alpha=-1.0), tm.MetaSGD(MODEL): dict(alpha=0.0),
    tm.ImplicitMAML(MODEL): dict(strength=0, tolerance=1.0), tm.RidgeHead(MODEL): dict(strength=-1),
    tm.Adam(): dict(beta1=1.0, epsilon=0, learning_rate=-1.0), tm.SGD(0.1): dict(max_norm=0),
    tm.SinusoidTasks(): dict(noise=-1, grid=1)}


@pytest.mark.parametrize("thing", CHANGES, ids=lambda thing: type(thing).__name__)
def test_a_setting_that_is_changed_later_is_checked_too(thing):
    for name, value in CHANGES[thing].items():
        before = getattr(thing, name)
        with pytest.raises(ValueError, match=re.escape(f"{name} is {value!r}; expected ")):
            setattr(thing, name, value)
        assert getattr(thing, name) is before


def test_a_vector_of_step_sizes_may_be_set_later_and_is_one_s_own():
    method, alpha = tm.MAML(MODEL), [0.1] * 13
    method.alpha = alpha
    before = method.meta_loss(THETA, BATCH)
    assert before == tm.MAML(MODEL, 0.1).meta_loss(THETA, BATCH)
    vector = np.full(13, 0.1)
    method.alpha = vector
    vector[0] = 9.0  # the caller's, not the method's
    assert method.meta_loss(THETA, BATCH) == before
    anil = tm.ANIL(MODEL)
    anil.alpha = 0.2
    assert anil.meta_loss(THETA, BATCH) == tm.ANIL(MODEL, 0.2).meta_loss(THETA, BATCH)


@pytest.mark.parametrize("make, name, value", [
    (tm.MetaSGD, "steps", 2), (tm.MetaSGD, "rates", "one"), (tm.MetaSGD, "positive", True),
    (tm.RidgeHead, "learned", False)])
def test_what_the_layout_of_omega_depends_on_cannot_be_changed_later(make, name, value):
    with pytest.raises(AttributeError, match=f"{name} is part of the layout of omega; expected"):
        setattr(make(MODEL), name, value)


def test_a_flag_that_is_changed_later_is_checked_too():
    with pytest.raises(TypeError, match="first_order is 'no'; expected True or False"):
        tm.MAML(MODEL).first_order = "no"


WIDER = tm.MLP([1, 5, 1])
PART = "is part of the layout of omega; expected another"
LATER = [  # made, then set: what is said
    (lambda: tm.MLP([1, 4, 1]), dict(widths=[1, 2, 1]), f"widths {PART} MLP(..., widths=[1, 2, "),
    (lambda: tm.FastMLP([1, 4, 1]), dict(activation="tanh"), "activation cannot be changed later"),
    (lambda: tm.MLP([1, 4, 1]), dict(loss_function="mse"), "loss_function is 'mse'; expected a"),
    (lambda: tm.Linear(1, 1), dict(loss_function=None), "loss_function is None; expected a tiny"),
    (lambda: tm.Linear(1, 1), dict(bias=False), f"bias {PART} Linear"),
    (lambda: tm.Linear(1, 1), dict(features=None), f"features {PART} Linear"),
    (lambda: tm.FastMLP([1, 4, 1]), dict(loss=tm.huber()), "loss is the method loss(theta, x"),
    (lambda: tm.MLP([1, 4, 1]), dict(loss="huber"), "expected loss_function = 'huber', a tinym"),
    (lambda: tm.ContextMLP([1, 1]), dict(widths=[1, 2, 1]), "widths"),
    (lambda: tm.ContextMLP([1, 1]), dict(activation="tanh"), "activation"),
    (lambda: tm.RidgeHead(MODEL), dict(mlp=WIDER), "mlp"),
    (lambda: tm.Memory(tm.RNN(1, 2, 1)), dict(rnn=tm.RNN(1, 3, 1)), "rnn"),
    (lambda: tm.GRU(1, 3, 1), dict(loss_function=3), "loss_function is 3; expected a tinymeta"),
    (lambda: tm.GRU(1, 3, 1), dict(hidden=4), f"hidden {PART} GRU(..., hidden=4)"),
    (lambda: tm.ContextMLP([1, 1]), dict(context=2), f"context {PART} ContextMLP"),
    (lambda: tm.ContextMLP([1, 1]), dict(loss_function="mse"), "loss_function is 'mse'; expected"),
    (lambda: tm.ContextMLP([1, 1]), dict(network=MODEL), "network cannot be changed later; exp"),
    (tm.SinusoidTasks, dict(x_range="a"), "x_range is 'a'; expected two numbers (low, high)"),
    (tm.LinearTasks, dict(ranges=None), "ranges is None; expected a dict…['slope', 'intercept']"),
    (tm.LinearTasks, dict(ranges={"phase": (0, 1)}), "ranges is {'phase': (0, 1)}; expected a di"),
    (tm.MoonTasks, dict(noise=-1), "noise is -1; expected one finite number of at least 0"),
    (tm.BoundaryTasks, dict(labels="±"), "labels is '±'; expected \"binary\""),
    (tm.BoundaryTasks, dict(d_in=3), "d_in cannot be changed later; expected another Boundary"),
    (tm.BoundaryTasks, dict(plane_seed=3), "plane_seed cannot be changed later; expected another"),
    (tm.GlyphTasks, dict(ways=1), "ways is 1; expected a whole number of at least 2"),
    (lambda: tm.OracleTasks(TASKS), dict(tasks=None), "tasks is None; expected an object with sa"),
    *((lambda: tm.MeasuredTasks(CURVE), {name: None}, f"{name} cannot be changed later; expected")
      for name in ("curves", "columns", "scales")),
    (tm.Adam, dict(t=-1), "t is -1; expected a whole number of at least 0"),
    *((lambda make=make: make(MODEL), dict(model=WIDER), "model cannot be changed later; expected")
      for make in (tm.MAML, tm.MetaSGD, tm.ImplicitMAML, tm.Reptile, tm.RidgeHead)),
    (lambda: tm.Memory(None), {}, "rnn is None; expected an object with"),
    (lambda: tm.RidgeHead(None), {}, "mlp is None; expected an object with"),
    (lambda: tm.RidgeHead(LINE), {}, "mlp is…expected a tinymeta.MLP with a hidden layer"),
    (lambda: tm.RidgeHead(tm.MLP([1, 1])), {}, "mlp has the widths [1, 1]; expected at least"),
    (lambda: tm.MAML(MODEL), dict(query_loss="mse"), "query_loss is 'mse'; expected a tinymeta."),
    (lambda: tm.MAML(PLAIN), dict(query_loss=tm.huber()), "query_loss is huber(1)…no loss_functi"),
]


@pytest.mark.parametrize("make, change, message", [
    pytest.param(make, change, message, id=f"{[*change] or 'made'}: {message}")
    for make, change, message in LATER])
def test_what_is_set_later_is_refused_as_at_the_start(make, change, message):
    def set_it():
        thing = make()
        for name, value in change.items():
            setattr(thing, name, value)

    refused(set_it, message, (TypeError, ValueError, AttributeError))


@pytest.mark.parametrize("network", [tm.MLP, tm.FastMLP])
def test_what_fits_may_be_set_later_and_counts(network):
    model, other = network([1, 4, 1]), network([1, 4, 1], loss=tm.huber())
    ridge, head = tm.RidgeHead(model), tm.MetaSGD(model)
    model.loss_function = other.loss_function
    same = [(model, other), (ridge, tm.RidgeHead(other)), (head, tm.MetaSGD(other))]
    for one, two in same:
        omega = one.init(np.random.default_rng(0))
        assert (omega == two.init(np.random.default_rng(0))).all()
        gradients = [thing.gradient(omega, X, Y) if thing in (model, other)
                     else thing.meta_gradient(omega, BATCH)[1] for thing in (one, two)]
        assert (gradients[0] == gradients[1]).all()


@pytest.mark.parametrize("call", [
    lambda theta: tm.check_gradient(len, len, theta),
    lambda theta: tm.taylor_order(len, 0, theta, 0),
    lambda theta: tm.check_hvp(len, max, theta),
    lambda theta: tm.check_meta_gradient(len, MODEL, theta, BATCH)])
def test_a_ragged_theta_is_named(call):
    refused(lambda: call([[1.0], [2.0, 3.0]]), "theta is a list of unequal parts; expected an arr")
