"""Bad input: an error that names the argument, what was found and what was expected."""

from types import SimpleNamespace

import numpy as np
import pytest

import tinymeta as tm

RNG = np.random.default_rng(0)
MODEL = tm.MLP([1, 4, 1])  # P = 13
THETA = MODEL.init(RNG)
X, Y = RNG.standard_normal((3, 5, 1)), RNG.standard_normal((3, 5, 1))
BATCH = tm.Batch(X, Y, X + 1, Y)
TASKS = tm.SinusoidTasks()
NAN = np.where(np.arange(15).reshape(3, 5, 1) == 7, np.nan, X)


class Odd:
    """An object that is nothing in particular."""

    def __repr__(self):
        return "<odd>"


class Misshapen:
    """A learner's model whose gradient keeps one axis too many."""

    loss = MODEL.loss
    hvp = MODEL.hvp

    def gradient(self, theta, x, y):
        return MODEL.gradient(theta, x, y)[..., np.newaxis]


class Plain(Misshapen):
    gradient = MODEL.gradient


class OfAllTasks(Plain):
    """One loss for all tasks, and one gradient, where one for each is meant."""

    def loss(self, theta, x, y):
        return MODEL.loss(theta, x, y).mean()


class OfOneGradient(Plain):
    def gradient(self, theta, x, y):
        return MODEL.gradient(theta, x, y).mean(axis=0)


class OfOneProduct(Plain):
    def hvp(self, theta, x, y, v):
        return MODEL.hvp(theta, x, y, v)[0]


class Unchecked:
    """A learner's model that looks at nothing that it is passed."""

    def loss(self, theta, x, y):
        return 0.0

    def gradient(self, theta, x, y):
        return np.zeros_like(theta)

    hvp = loss


def case(name, make, kind, *words):
    return pytest.param(make, kind, words, id=name)


CASES = [
    # models: theta, x, y, v
    case("theta too short", lambda: MODEL.loss(THETA[:-1], X, Y), ValueError, "theta", "(12,)",
         "(..., 13)", "W1 (1, 4)"),
    case("theta a number", lambda: MODEL.loss(1.0, X, Y), ValueError, "theta", "()", "13"),
    case("theta of whole numbers", lambda: MODEL.loss(np.ones(13, int), X, Y), TypeError, "theta",
         "int64", "(13,)", "floating"),
    case("x with too many inputs", lambda: MODEL.predict(THETA, np.ones((5, 2))), ValueError,
         "x has shape (5, 2)", "(..., K, 1)"),
    case("x without examples", lambda: MODEL.loss(THETA, np.ones((0, 1)), np.ones((0, 1))),
         ValueError, "x has shape (0, 1)", "(..., K, 1)"),
    case("x of whole numbers", lambda: MODEL.gradient(THETA, np.ones((5, 1), int), Y[0]), TypeError,
         "x has dtype int64", "floating"),
    case("x with NaN", lambda: MODEL.loss(THETA, NAN, Y), ValueError, "x has shape (3, 5, 1)",
         "1 NaN", "none"),
    case("y with infinity", lambda: MODEL.hvp(THETA, X, Y / 0.0, THETA), ValueError,
         "y has shape (3, 5, 1)", "15 NaN or infinite"),
    case("y with other shots", lambda: MODEL.loss(THETA, X, Y[:, :4]), ValueError,
         "y has shape (3, 4, 1)", "(3, 5, 1)"),
    case("y of the wrong rank", lambda: MODEL.loss(THETA, X[0], Y[0, :, 0]), ValueError,
         "y has shape (5,)", "(..., K, 1)"),
    case("y that would broadcast", lambda: MODEL.loss(THETA, X, Y[0]), ValueError,
         "y has shape (5, 1)", "(3, 5, 1)"),
    case("v too short", lambda: MODEL.hvp(THETA, X, Y, THETA[:4]), ValueError, "v has shape (4,)",
         "(..., 13)"),
    case("v for other tasks", lambda: MODEL.hvp(THETA, X, Y, np.ones((2, 13))), ValueError,
         "v (2,)", "x (3,)", "broadcast"),
    case("a plain model's theta a number", lambda: tm.adapt(Unchecked(), 1.0, X, Y, 0.1, 1),
         ValueError, "theta", "()", "(..., P)"),
    case("a plain model's x of one axis",
         lambda: tm.adapt(Unchecked(), THETA, X[0, :, 0], Y[0], 0.1, 1), ValueError,
         "x has shape (5,)", "(..., K, D_in)"),
    case("a plain model's y of one axis",
         lambda: tm.adapt(Unchecked(), THETA, X[0], Y[0, :, 0], 0.1, 1), ValueError,
         "y has shape (5,)", "(..., K, D_out)"),
    case("theta for other tasks", lambda: MODEL.loss(np.ones((2, 13)), X, Y), ValueError, "theta",
         "(2,)", "x (3,)", "broadcast"),
    case("widths of one layer", lambda: tm.MLP([3]), ValueError, "widths", "[3]", "at least two"),
    case("a width of 2.5", lambda: tm.MLP([1, 2.5, 1]), TypeError, "widths[1]", "2.5",
         "whole number"),
    case("an unknown activation", lambda: tm.MLP([1, 4, 1], activation="gelu"), ValueError,
         "activation", "'gelu'", "relu", "tanh"),
    case("inputs of zero", lambda: tm.Linear(0, 1), ValueError, "d_in", "0", "at least 1"),
    case("features of the wrong shape", lambda: tm.Linear(1, 1, features=lambda x: x[..., 0]),
         ValueError, "features(x)", "(1,)", "(1, M)"),
    case("an unknown initialisation", lambda: MODEL.init(RNG, scheme="ones"), ValueError, "scheme",
         "'ones'", "he"),
    case("init from a seed", lambda: MODEL.init(0), TypeError, "rng", "0", "Generator"),
    # batches and tasks
    case("a batch of rank 2", lambda: tm.Batch(X[0], Y, X, Y), ValueError, "x_support", "(5, 1)",
         "(T, K, D_in)"),
    case("a batch of mismatched shots", lambda: tm.Batch(X, Y[:, :3], X, Y), ValueError,
         "y_support", "(3, 3, 1)", "(3, 5, D_out)"),
    case("a batch of mismatched tasks", lambda: tm.Batch(X, Y, X[:2], Y[:2]), ValueError, "x_query",
         "(2, 5, 1)", "(3, Q, 1)"),
    case("a batch of mismatched outputs", lambda: tm.Batch(X, Y, X, np.ones((3, 5, 2))), ValueError,
         "y_query", "(3, 5, 2)", "(3, 5, 1)"),
    case("a batch with NaN", lambda: tm.Batch(X, NAN, X, Y), ValueError, "y_support", "1 NaN",
         "none"),
    case("a batch of whole numbers", lambda: tm.Batch(X, Y, X, np.ones((3, 5, 1), int)), TypeError,
         "y_query", "int64", "floating"),
    case("a batch of no tasks", lambda: tm.Batch(X[:0], Y[:0], X[:0], Y[:0]), ValueError,
         "x_support", "(0, 5, 1)", "(T, K, D_in)"),
    case("parameters for other tasks", lambda: tm.Batch(X, Y, X, Y, {"phase": np.ones(4)}),
         ValueError, "phase", "(4,)", "(3,)"),
    case("zero queries", lambda: TASKS.sample(RNG, n_query=0), ValueError, "n_query", "0",
         "at least 1"),
    case("more shots than the grid", lambda: tm.SinusoidTasks(grid=10).sample(RNG, n_support=11),
         ValueError, "n_support", "11", "at most 10"),
    case("an amplitude range upside down", lambda: tm.SinusoidTasks(amplitude=(5, 0.1)), ValueError,
         "amplitude", "(5, 0.1)", "low <= high"),
    case("a phase that is no range", lambda: tm.SinusoidTasks(phase=3.0), ValueError, "phase",
         "3.0", "(low, high)"),
    case("a grid of one point", lambda: tm.SinusoidTasks(grid=1), ValueError, "grid", "1",
         "at least 2"),
    case("negative noise", lambda: tm.SinusoidTasks(noise=-0.1), ValueError, "noise", "-0.1",
         "at least 0"),
    # inner loop and methods
    case("alpha of zero", lambda: tm.MAML(MODEL, alpha=0.0), ValueError, "alpha", "0.0", "above 0"),
    case("alpha of text", lambda: tm.MAML(MODEL, alpha="big"), TypeError, "alpha", "'big'",
         "number"),
    case("alpha of the wrong length", lambda: tm.MAML(MODEL, alpha=np.ones(4)), ValueError, "alpha",
         "(4,)", "(13,)"),
    case("alpha with a negative entry", lambda: tm.MAML(MODEL, alpha=-np.ones(13)), ValueError,
         "alpha", "(13,)", "at least 0"),
    case("no inner steps", lambda: tm.MAML(MODEL, steps=0), ValueError, "steps", "0", "at least 1"),
    case("an empty minibatch", lambda: tm.Reptile(MODEL, batch_size=0), ValueError, "batch_size",
         "0", "at least 1"),
    case("a chunk of no tasks", lambda: tm.MAML(MODEL, chunk=0), ValueError, "chunk", "0",
         "at least 1"),
    case("evaluating in chunks of none", lambda: tm.evaluate(MODEL, THETA, TASKS, RNG, chunk=0),
         ValueError, "chunk", "0", "at least 1"),
    case("a minibatch of too many",
         lambda: tm.Reptile(MODEL, batch_size=6).meta_gradient(THETA, BATCH), ValueError,
         "batch_size", "6", "at most 5"),
    case("adapt with mismatched shots", lambda: tm.adapt(MODEL, THETA, X, Y[:, :2], 0.1, 1),
         ValueError, "y has shape (3, 2, 1)", "(3, 5, 1)"),
    *[
        case(f"{type(m).__name__}: {name}", make, kind, *words)
        for m in (tm.MAML(MODEL), tm.Reptile(MODEL), tm.JointTraining(MODEL))
        for name, make, kind, *words in
        (("theta of many tasks", lambda m=m: m.meta_gradient(np.ones((3, 13)), BATCH), ValueError,
          "omega", "(3, 13)", "(13,)", "one vector"),
         ("theta too long", lambda m=m: m.meta_gradient(np.ones(14), BATCH), ValueError, "omega",
          "(14,)", "(13,)"),
         ("theta of whole numbers", lambda m=m: m.meta_gradient(np.ones(13, int), BATCH), TypeError,
          "omega", "int64"),
         ("arrays for a batch", lambda m=m: m.meta_gradient(THETA, (X, Y, X, Y)), TypeError,
          "batch", "tuple", "tinymeta.Batch"),
         ("a batch of two inputs",
          lambda m=m: m.meta_gradient(THETA, tm.Batch(np.ones((3, 5, 2)), Y, np.ones(
              (3, 5, 2)), Y)), ValueError, "(3, 5, 2)", "(..., K, 1)"))
    ],
    case(
        "MAML: a batch of two outputs", lambda: tm.MAML(MODEL).meta_gradient(
            THETA, tm.Batch(X, np.ones((3, 5, 2)), X, np.ones((3, 5, 2)))), ValueError, "y",
        "(3, 5, 2)", "(..., K, 1)"),
    case("an oracle without parameters", lambda: tm.methods.baselines.with_parameters(BATCH),
         ValueError, "batch", "parameters"),
    # optimizers, training, evaluation, checks
    case("a learning rate of 0", lambda: tm.SGD(0), ValueError, "learning_rate", "0", "above 0"),
    case("negative beta2", lambda: tm.Adam(beta2=-0.1), ValueError, "beta2", "-0.1", "at least 0"),
    case("a gradient of another shape", lambda: tm.SGD(0.1).step(THETA, THETA[:3]), ValueError,
         "gradient", "(3,)", "(13,)"),
    case("a gradient that would broadcast", lambda: tm.SGD(0.1).step(THETA, np.ones(1)), ValueError,
         "gradient", "(1,)", "(13,)"),
    case("another optimizer's state", lambda: tm.Adam().restore(tm.SGD(0.1).state()), ValueError,
         "state", "['t']", "'m'"),
    case("a schedule below 0", lambda: tm.linear_schedule(1, -1, 5), ValueError, "end", "-1",
         "at least 0"),
    case("training from a seed",
         lambda: tm.meta_train(tm.MAML(MODEL), TASKS, THETA, tm.Adam(), 5, 0), TypeError, "rng",
         "0", "Generator"),
    case("training from NaN",
         lambda: tm.meta_train(tm.MAML(MODEL), TASKS, THETA * np.nan, tm.Adam(), 5, RNG),
         ValueError, "omega", "13 NaN"),
    case("training whole numbers",
         lambda: tm.meta_train(tm.MAML(MODEL), TASKS, np.ones(13, int), tm.Adam(), 5, RNG),
         TypeError, "omega", "int64"),
    case("evaluating a theta too short", lambda: tm.evaluate(MODEL, THETA[:5], TASKS, RNG),
         ValueError, "omega", "(5,)", "(13,)"),
    case("a gradient check of the wrong shape",
         lambda: tm.check_gradient(lambda t: t.sum(), np.ones(3), np.ones(2)), ValueError,
         "gradient", "(3,)", "(2,)"),
    case("a gradient check of many losses",
         lambda: tm.check_gradient(lambda t: t, np.ones(2), np.ones(2)), ValueError, "f(theta)",
         "(2,)", "()"),
    case("a gradient check of other blocks",
         lambda: tm.check_gradient(lambda t: t.sum(), np.ones(2), np.ones(2), MODEL), ValueError,
         "blocks", "13", "2"),
    case("a gradient check by another method",
         lambda: tm.check_gradient(lambda t: t.sum(), np.ones(2), np.ones(2), method="exact"),
         ValueError, "method", "'exact'", "complex"),
    case("an hvp of the wrong shape",
         lambda: tm.check_hvp(lambda t: 2 * t, lambda t, v: np.ones(3), np.ones(2)), ValueError,
         "hvp", "3)", "2)"),
    case("least squares on mismatched shots",
         lambda: tm.least_squares(tm.Linear(1, 1), X, Y[:, :2]), ValueError,
         "y has shape (3, 2, 1)", "(3, 5, 1)"),
    case("a complex alpha", lambda: tm.MAML(MODEL, alpha=0.1 + 1j), TypeError, "alpha", "1j",
         "number"),
    case("an activation for a loss", lambda: tm.MLP([1, 4, 1], loss="mse"), TypeError, "loss",
         "'mse'", "tinymeta.Loss"),
    case("no model", lambda: tm.MAML(None), TypeError, "model", "None", "loss, gradient, hvp"),
    case("no method", lambda: tm.meta_train(None, TASKS, THETA, tm.Adam(), 5, RNG), TypeError,
         "method", "None", "meta_gradient"),
    case("no tasks", lambda: tm.meta_train(tm.MAML(MODEL), None, THETA, tm.Adam(), 5, RNG),
         TypeError, "tasks", "None", "sample"),
    case("a number for an optimizer",
         lambda: tm.meta_train(tm.MAML(MODEL), TASKS, THETA, 0.1, 5, RNG), TypeError, "optimizer",
         "0.1", "step"),
    case("training many thetas", lambda: tm.meta_train(tm.MAML(MODEL), TASKS, np.ones(
        (2, 13)), tm.Adam(), 5, RNG), ValueError, "omega", "(2, 13)", "(13,)"),
    case("a start after the end",
         lambda: tm.meta_train(tm.MAML(MODEL), TASKS, THETA, tm.Adam(), 2, RNG, start=5),
         ValueError, "start", "5", "at most 2"),
    case("evaluating on no tasks", lambda: tm.evaluate(MODEL, THETA, None, RNG), TypeError, "tasks",
         "None", "sample"),
    case("a learning rate that goes below 0", lambda: tm.SGD(lambda n: -1.0).step(THETA, THETA),
         ValueError, "learning_rate(0)", "-1.0"),
    case("a gradient with NaN", lambda: tm.SGD(0.1).step(THETA, THETA * np.nan), ValueError,
         "gradient", "13 NaN"),
    case("a complex gradient", lambda: tm.SGD(0.1).step(THETA, THETA + 0j), TypeError, "gradient",
         "complex128", "real"),
    case("a step of no axes", lambda: tm.SGD(0.1).step(np.array(1.0), np.array([1.0])), ValueError,
         "gradient", "(1,)", "()"),
    case("a masked array",
         lambda: MODEL.predict(THETA, np.ma.masked_array(np.ones(
             (3, 1)), mask=[[0], [1], [0]])), TypeError, "x is a masked array", "(3, 1)"),
    case("a list of unequal parts", lambda: MODEL.predict(THETA, [[1.0], [1.0, 2.0]]), ValueError,
         "x is a list of unequal parts"),
    case("data too large for single precision",
         lambda: MODEL.loss(THETA.astype(np.float32), X * 0 + 1e39, Y), ValueError, "x has shape",
         "15 NaN or infinite"),
    case("no tasks on an axis", lambda: tm.adapt(MODEL, THETA, X[:0], Y[:0], 0.1, 1), ValueError,
         "x (0,)", "no empty one"),
    case("complex data in a batch", lambda: tm.Batch(X + 0j, Y, X, Y), TypeError, "x_support",
         "complex128", "real"),
    case("batch parameters of None", lambda: tm.Batch(X, Y, X, Y, None), TypeError, "parameters",
         "None", "dict"),
    case("least squares for a network", lambda: tm.least_squares(MODEL, X, Y), TypeError, "model",
         "Linear"),
    case("a complex theta to check",
         lambda: tm.check_gradient(lambda t: t.sum(), np.ones(2), np.ones(2) + 1j), TypeError,
         "theta", "complex128", "real"),
    case("a taylor order along a column",
         lambda: tm.taylor_order(lambda t: t.sum(), 3.0, np.ones(3), np.ones(
             (3, 1))), ValueError, "v has shape (3, 1)", "(3,)"),
    case("a taylor order of negative steps",
         lambda: tm.taylor_order(lambda t: t.sum(), 3.0, np.ones(3), np.ones(3),
                                 (0.1, -0.1)), ValueError, "steps[1]", "-0.1"),
    case("a model whose gradient has another shape",
         lambda: tm.MAML(Misshapen(), 0.1).meta_gradient(THETA, BATCH), ValueError,
         "gradient(theta, x, y)", "(3, 13, 1)", "13"),
    *[
        case(f"{type(method).__name__} on a model with one {name} for all tasks",
             lambda m=method: m.meta_gradient(THETA, BATCH), ValueError,
             f"the model's {name}(theta, x, y", f"has shape {found}", f"expected {wanted}",
             "one result for each task")
        for name, kind, found, wanted in (("loss", OfAllTasks, "()", "(3,)"),
                                          ("gradient", OfOneGradient, "(13,)", "(3, 13)"))
        for method in (tm.MAML(kind()), tm.Reptile(kind()), tm.JointTraining(kind()))
    ],
    case("MAML on a model with one product for all tasks",
         lambda: tm.MAML(OfOneProduct()).meta_gradient(THETA, BATCH), ValueError, "hvp", "(13,)",
         "(3, 13)"),
    case("evaluating a model with one loss for all tasks",
         lambda: tm.evaluate(OfAllTasks(), THETA, TASKS, RNG, 3), ValueError, "loss", "()", "(3,)"),
    case("evaluating a method with an alpha beside it",
         lambda: tm.evaluate(tm.MAML(MODEL), THETA, TASKS, RNG, alpha=0.1), ValueError, "alpha",
         "0.1", "None"),
    case("a query loss for a plain model", lambda: tm.MAML(Plain(), query_loss=tm.squared_error),
         ValueError, "query_loss", "loss_function"),
    case("a query loss that is none", lambda: tm.MAML(MODEL, query_loss="mse"), TypeError, "loss",
         "'mse'"),
    case("rates of another length", lambda: tm.SGD(np.ones(4)).step(THETA, THETA), ValueError,
         "learning_rate", "(4,)", "(13,)"),
    case("a negative rate among rates", lambda: tm.Adam(-np.ones(13)), ValueError, "learning_rate",
         "(13,)", "at least 0"),
    case("alpha of another length than theta",
         lambda: tm.MAML(Plain(), np.ones(4)).meta_gradient(THETA, BATCH), ValueError, "alpha",
         "(4,)", "(13,)"),
    case("a model to check without a loss", lambda: tm.check_model(Odd()), TypeError, "model",
         "<odd>", "loss"),
    case("a class to check", lambda: tm.check_model(tm.MLP), TypeError, "model", "class MLP",
         "an object"),
    case("a model to check at another theta", lambda: tm.check_model(MODEL, np.ones((2, 13))),
         ValueError, "theta", "(2, 13)"),
    case("a model to check of no inputs",
         lambda: tm.check_model(SimpleNamespace(loss=len, n_params=3, d_in=0)), ValueError,
         "model.d_in", "0", "at least 1"),
    case("a meta-gradient of an unknown kind",
         lambda: tm.check_meta_gradient(len, MODEL, THETA, BATCH, kind="anil"), ValueError, "kind",
         "'anil'", "reptile"),
    case("a meta-gradient at another theta",
         lambda: tm.check_meta_gradient(len, MODEL, THETA[:3], BATCH), ValueError, "theta", "(3,)",
         "13"),
]


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("make, kind, words", CASES)
def test_bad_input_is_named(make, kind, words):
    with pytest.raises(kind) as caught:
        make()
    assert caught.type is kind
    message = str(caught.value)
    for word in words:
        assert word in message, message


def test_good_input_of_the_same_kinds_is_taken():
    """The counterpart of the list above: what it rejects was not rejected for another reason."""
    assert MODEL.loss(THETA, X, Y).shape == (3,)
    assert MODEL.loss(list(THETA), X.tolist(), Y.tolist()).shape == (3,)
    assert MODEL.hvp(THETA, X, Y, THETA).shape == (3, 13)
    assert len(TASKS.sample(RNG, n_tasks=np.int64(2))) == 2
    assert tm.MAML(MODEL, alpha=np.float32(0.1), steps=np.int32(2)).meta_gradient(
        THETA, BATCH)[1].shape == (13, )
    assert tm.SinusoidTasks(amplitude=(1, 1), phase=[0, 1], grid=10).sample(
        RNG, n_support=10).x_support.shape == (25, 10, 1)
    assert TASKS.sample(RNG, 1, 1, 1).x_query.shape == (1, 1, 1)
    train = lambda iterations: list(
        tm.meta_train(tm.MAML(MODEL), TASKS, THETA, tm.Adam(), iterations, RNG, 1, 1, 1))
    assert [len(train(iterations)) for iterations in (0, 1)] == [0, 1]
