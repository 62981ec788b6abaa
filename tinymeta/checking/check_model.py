"""Check one's own model: from its loss to the meta-gradient through five inner steps, rung by rung.

A model is any object with loss(theta, x, y), gradient(theta, x, y) and hvp(theta, x, y, v): a class, a
module, a types.SimpleNamespace of plain functions.  Each rung rests on the one before: the gradient is
checked against the loss, the Hessian × vector against the gradient, the meta-gradient against all three.
"""

import numpy as np

from ..core import arguments
from . import known_mistakes as suspects
from ..core.activations import Activation
from .report import CheckReport
from .diagnosis import Hints, Mistake, as_numbers, compare
from ..core.layout import layout_of
from .gradient_check import check_gradient, check_hvp
from .ladder import climb
from ..learners.linear import Linear
from ..core.losses import Loss
from ..methods.maml import MAML
from .numerical import TOLERANCE, central_difference, complex_step, why_not_complex
from .matching_network import frozen, frozen_batch, recognised
from ..core.tasks import Batch, SinusoidTasks


NAMES = ("theta", "x", "y", "v")


def check_model(model, theta=None, batch=None, blocks=None, alpha=0.05, seed=0):
    """Check a model's derivations, rung by rung; return the Ladder, true if all of them hold.

    The rungs: loss (one number a task), gradient, Hessian × vector, a batch of tasks (its results are
    those of the tasks one by one), MAML at 1, 2 and 5 inner steps; before the gradient, the model's
    .activation and .loss_function, where it has an Activation or a Loss there.

    model: loss, gradient and hvp; what is not written yet breaks its rung.  theta: where to check,
    (P,); by default from model.init(rng), or standard normals / 2 if the model has only n_params.
    batch: a Batch, of several tasks; by default sine waves, or random numbers where model.d_in
    or model.d_out (1 unless given) is not 1.  blocks: [(name, shape)], model.blocks by default.
    alpha: inner step size; below 0.05 a missing Hessian hardly shows.  seed: of all that is random.

    An error in the model's code is a finding, not an error here.  Raises TypeError or ValueError for
    a wrong theta, batch, blocks, alpha or seed, and for a model that has none of the three.
    """
    if isinstance(model, type):
        raise TypeError(f"model is the class {model.__name__}; expected an object of it, such as {model.__name__}()")
    if not any(callable(getattr(model, name, None)) for name in ("loss", "gradient", "hvp")):
        arguments.methods("model", model, "loss", "gradient", "hvp")
    rng = np.random.default_rng(arguments.whole_number("seed", seed, minimum=0))
    alpha = arguments.number("alpha", alpha, above=0)
    theta = _theta(model, theta, rng)
    batch = frozen_batch(_batch(model, rng) if batch is None else batch)
    known = recognised(model, theta, batch)
    layout = list(layout_of(blocks or getattr(model, "blocks", None) or getattr(known, "blocks", None), theta.size))
    problem = _Problem(model, theta, batch, layout, known, rng)
    rungs = [("loss", problem.loss), ("gradient", problem.gradient), ("Hessian × vector", problem.hvp),
             ("a batch of tasks", problem.tasks)]
    if isinstance(getattr(model, "loss_function", None), Loss):
        rungs.insert(1, ("loss function", problem.loss_function))
    if isinstance(getattr(model, "activation", None), Activation):
        rungs.insert(1, ("activation", problem.activation))
    for steps in (1, 2, 5):
        rungs.append((f"MAML, {steps} step{'s' * (steps > 1)}", lambda steps=steps: problem.maml(alpha, steps)))
    return climb(f"model {_name(model)}, P = {theta.size}", rungs)


class _Problem:
    """A model at one θ on one batch: the checks of each rung."""

    def __init__(self, model, theta, batch, layout, known, rng):
        self.model, self.theta, self.batch, self.layout, self.known = model, theta, batch, layout, known
        self.x, self.y = batch.x_support[0], batch.y_support[0]
        self.directions = rng.standard_normal((3, theta.size))
        K, D_out = self.y.shape
        self.sizes = {"K": K} | ({"D_out": D_out, "K·D_out": K * D_out} if D_out > 1 else {})

    def call(self, name, *args):
        """model.<name> of write-protected copies: a model must not change what it is passed."""
        function = getattr(self.model, name, None)
        if function is None:
            raise NotImplementedError(f"the model has no {name}")
        return function(*(frozen(a) for a in args))

    def numbers(self, name, shape, *args):
        """What model.<name> returns, as an array of that shape; it must be the same when asked again."""
        first, again = (as_numbers(f"{name}({', '.join(NAMES[:len(args)])})", self.call(name, *args), shape) for _ in "12")
        if not np.array_equal(first, again, equal_nan=True):
            raise Mistake(f"{name} gives other numbers when it is called again: does it draw at random, or keep "
                          f"something from call to call?", "not repeatable")
        return first

    def loss(self):
        """One finite number for one task."""
        value = self.numbers("loss", (), self.theta, self.x, self.y)
        if not np.isfinite(value):
            raise Mistake(f"loss(theta, x, y) is {value}", "not finite")
        twice = self.call("loss", self.theta, *(np.concatenate([a, a]) for a in (self.x, self.y)))
        summed = np.isclose(twice, 2 * value, rtol=1e-9) and value
        notes = ["every example twice gives twice the loss: it is a sum; tinymeta's losses are means, so that α does "
                 "not grow with K"] * bool(summed)
        return CheckReport("loss", True, notes=notes)

    def activation(self):
        """φ' and φ'' against numerical derivatives of φ and φ'."""
        phi, z = self.model.activation, np.array([-1.7, -0.9, -0.4, -0.1, 0.2, 0.6, 1.1, 1.9])
        slope = lambda z: np.asarray(phi.derivative(z, phi.value(z)))
        curve = phi.second_derivative or (lambda z, a, d: 0 * z)
        for name, f, derived, tag in (("φ'", phi.value, slope, "MLP.4"),
                                      ("φ''", slope, lambda z: curve(z, phi.value(z), slope(z)), "HVP.4")):
            tolerance = TOLERANCE["central differences" if why_not_complex(f, z) else "complex step"]
            report = compare(derived(z), _elementwise(f, z), name, tolerance=tolerance,
                             layout=[(name, z.shape, slice(0, z.size))], hints=Hints(tags={"": tag}))
            if not report:
                break
        return report

    def loss_function(self):
        """∂L/∂f and (∂²L/∂f²) ḟ against numerical derivatives."""
        loss, (K, D_out) = self.model.loss_function, self.y.shape
        f = self.directions.reshape(-1)[:1].repeat(K * D_out) * np.linspace(-1, 1, K * D_out)
        shaped = lambda flat: flat.reshape(K, D_out)
        slope = lambda f: np.asarray(loss.gradient(shaped(f), self.y)).reshape(-1)
        first = check_gradient(lambda f: loss.value(shaped(f), self.y), slope, f, [("∂L/∂f", (K, D_out))],
                               title="loss function, ∂L/∂f", hints=self.hints({"": "LOSS.2"}))
        if not first:
            return first
        curve = lambda f, v: np.asarray(loss.curvature(shaped(f), self.y, shaped(v))).reshape(-1)
        return check_hvp(slope, curve, f, [("(∂²L/∂f²) ḟ", (K, D_out))], title="loss function, curvature",
                         hints=self.hints({"": "LOSS.3"}))

    def hints(self, tags, suspected=lambda: []):
        return Hints(suspected, self.sizes, tags)

    def gradient(self):
        """The gradient against numerical derivatives of the loss."""
        g = self.numbers("gradient", self.theta.shape, self.theta, self.x, self.y)

        def suspected():
            each = [_numerical(lambda t: self.call("loss", t, self.x[i:i + 1], self.y[i:i + 1]), self.theta)
                    for i in range(len(self.x))]
            examples = suspects.of_examples(np.array(each), tag="LOSS.1")
            if self.known is None:
                return examples
            return suspects.of_gradient(self.known, self.theta, self.features, self.y) + examples

        return check_gradient(lambda t: self.call("loss", t, self.x, self.y), g, self.theta, self.blocks,
                              title="gradient", hints=self.hints(self.tags("MLP.5", "MLP.6", "LOSS.2"), suspected))

    def hvp(self):
        """H v against numerical derivatives of the gradient."""
        self.numbers("hvp", self.theta.shape, self.theta, self.x, self.y, self.directions[0])

        def suspected():
            each = [[_numerical_along(lambda t: np.asarray(self.call("gradient", t, self.x[i:i + 1], self.y[i:i + 1])),
                                      self.theta, v) for v in self.directions] for i in range(len(self.x))]
            examples = suspects.of_examples(np.array(each), tag="LOSS.3")
            if self.known is None:
                return examples
            return suspects.of_hvp(self.known, self.theta, self.features, self.y, self.directions) + examples

        return check_hvp(lambda t: np.asarray(self.call("gradient", t, self.x, self.y)),
                         lambda t, v: self.call("hvp", t, self.x, self.y, v), self.theta, self.blocks,
                         directions=self.directions, title="Hessian × vector",
                         hints=self.hints(self.tags("HVP.5", "HVP.6", "HVP.3"), suspected))

    def tasks(self):
        """The results for a batch, with one θ for all tasks and with one a task, against the tasks one by one."""
        T = len(self.batch)
        each = self.theta + 0.1 * np.arange(T)[:, np.newaxis]  # (T, P)
        v = np.resize(self.directions, (T, self.theta.size))
        x, y = self.batch.x_support, self.batch.y_support
        for name, extra in (("loss", ()), ("gradient", ()), ("hvp", (v,))):
            for theta, thetas, which in ((self.theta, [self.theta] * T, "(P,)"), (each, each, "(T, P)")):
                found = self.call(name, theta, x, y, *extra)
                expected = np.array([self.call(name, thetas[i], x[i], y[i], *(e[i] for e in extra)) for i in range(T)])
                found = as_numbers(f"{name} of {T} tasks, theta {which},", found)
                if found.shape != expected.shape:
                    raise Mistake(f"{name} of {T} tasks, theta {which}, has shape {found.shape}; expected "
                                  f"{expected.shape}: sums and means belong to the last axes alone", "axis")
                if not compare(found, expected, name, tolerance=1e-9):
                    raise Mistake(f"{name} of {T} tasks, theta {which}, differs from the tasks one by one: does a sum, "
                                  f"a mean, a transpose or a reshape reach over the first axis?", "axis")
        return CheckReport("a batch of tasks", True)

    def maml(self, alpha, steps):
        """MAML's meta-gradient, made of the model's own gradient and H v, against numerical derivatives."""
        method = MAML(self.model, alpha, steps)
        few = None if self.theta.size <= 200 else 3  # directions a block, where every coordinate would take long
        return check_gradient(lambda t: method.meta_loss(frozen(t), self.batch),
                              lambda t: method.meta_gradient(frozen(t), self.batch)[1], self.theta, self.blocks, few,
                              title=f"MAML, {steps} step{'s' * (steps > 1)}", hints=self.hints({"": "MAML.2"}))

    @property
    def blocks(self):
        return [(name, shape) for name, shape, _ in self.layout]

    @property
    def features(self):
        return self.model.features(self.x) if isinstance(self.model, Linear) else self.x

    def tags(self, weights, biases, whole):
        """The equations of a recognised model's blocks; none for one's own."""
        names = {"W": weights, "b": biases, "": whole} if self.known else {}
        linear = self.known and len(self.known.widths) == 2
        return {key: suspects.LINEAR.get(tag, tag) for key, tag in names.items()} if linear else names


def _theta(model, theta, rng):
    if theta is None:
        if callable(getattr(model, "init", None)):
            theta = model.init(rng)
            theta = np.asarray(theta) + 0.1 * rng.standard_normal(np.shape(theta))  # biases too
        elif hasattr(model, "n_params"):
            theta = 0.5 * rng.standard_normal(arguments.whole_number("model.n_params", model.n_params, minimum=1))
        else:
            raise ValueError("theta is None and the model has neither init(rng) nor n_params; expected theta, (P,)")
    theta = arguments.floating("theta", theta)
    arguments.shape("theta", theta, ("P",))
    return theta.astype(float)


def _batch(model, rng):
    d_in, d_out = (arguments.whole_number(f"model.{name}", getattr(model, name, 1), minimum=1)
                   for name in ("d_in", "d_out"))
    if d_in == d_out == 1:
        return SinusoidTasks(x_range=(-2, 2)).sample(rng, n_tasks=4, n_support=5, n_query=7)
    return Batch(*(rng.standard_normal((4, k, d)) for k in (5, 7) for d in (d_in, d_out)))


def _numerical(f, theta):
    """The derivative of f in every coordinate of theta."""
    return np.array([_numerical_along(f, theta, j) for j in range(theta.size)])


def _numerical_along(f, theta, d):
    way = central_difference if why_not_complex(f, theta) else complex_step
    return way(f, theta, d)


def _elementwise(f, z):
    """The derivative of an elementwise f at z."""
    return np.diagonal(_numerical(lambda z: np.asarray(f(z)), z))


def _name(model):
    name = getattr(model, "__name__", type(model).__name__)
    return "of plain functions" if name == "SimpleNamespace" else name
