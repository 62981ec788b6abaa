"""Check one's own model: from its loss to the meta-gradient through five inner steps, by rungs.

A model is any object with loss(theta, x, y), gradient(theta, x, y) and hvp(theta, x, y, v), such as
a types.SimpleNamespace of plain functions.  Each rung rests on the one before: the gradient is
checked against the loss, the Hessian × vector against the gradient, MAML against all three.
"""

from functools import partial

import numpy as np

from ..core import arguments
from ..core.activations import Activation
from ..core.layout import Layout, layout_of
from ..core.losses import Loss
from ..core.tasks import Batch, SinusoidTasks
from ..learners.linear import Linear
from ..methods.maml import MAML
from . import known_mistakes
from .diagnosis import Hints, compare
from .gradient_check import check_gradient, check_hvp
from .ladder import LearnerError, as_numbers, climb, frozen, frozen_batch
from .matching_network import matching_network
from .numerical import TOLERANCE, derivative, why_not_complex
from .report import CheckReport


def check_model(model, theta=None, batch=None, blocks=None, alpha=0.05, seed=0):
    """Check a model's derivations, rung by rung; return the Ladder, true if all of them hold.

    The rungs: loss (one number for each task), gradient, Hessian × vector, a batch of tasks (its
    results are those of the tasks one by one), MAML at 1, 2 and 5 inner steps; before the gradient,
    the model's .activation and .loss_function, where it has an Activation or a Loss there.

    model: loss, gradient and hvp; what is not written yet breaks its rung.  theta: where to check,
    (P,); by default from model.init(rng), or standard normals / 2 if the model has only n_params.
    batch: a Batch, of several tasks; by default sine waves, or random numbers where model.d_in
    or model.d_out (1 unless given) is not 1.  blocks: [(name, shape)], model.blocks by default.
    alpha: inner step size; below 0.05 a missing Hessian hardly shows.  seed: of all that is random.

    An error in the model's code is a finding, not an error here.  Raises TypeError or ValueError
    for a wrong theta, batch, blocks, alpha or seed, and for a model that has none of the three.
    """
    if isinstance(model, type):
        name = model.__name__
        raise TypeError(f"model is the class {name}; expected an object of it, such as {name}()")
    if not any(callable(getattr(model, name, None)) for name in ("loss", "gradient", "hvp")):
        arguments.methods("model", model, "loss", "gradient", "hvp")
    rng = np.random.default_rng(arguments.whole_number("seed", seed, minimum=0))
    alpha = arguments.number("alpha", alpha, above=0)
    theta = _theta(model, theta, rng)
    batch = frozen_batch(_batch(model, rng) if batch is None else batch)
    network = matching_network(model, theta, batch)
    blocks = blocks or getattr(model, "blocks", None) or getattr(network, "blocks", None)
    check = ModelCheck(model, theta, batch, layout_of(blocks, theta.size), network, rng)
    rungs = [("loss", check.loss)]
    if isinstance(getattr(model, "activation", None), Activation):
        rungs.append(("activation", check.activation))
    if isinstance(getattr(model, "loss_function", None), Loss):
        rungs.append(("loss function", check.loss_function))
    rungs += [("gradient", check.gradient), ("Hessian × vector", check.hvp),
              ("a batch of tasks", check.tasks)]
    for steps, title in ((1, "MAML, 1 step"), (2, "MAML, 2 steps"), (5, "MAML, 5 steps")):
        rungs.append((title, partial(check.maml, alpha, steps, title)))
    return climb(f"model {_name(model)}, P = {theta.size}", rungs)


class ModelCheck:
    """The checks of each rung, for a model at θ (P,) on a batch; network: see matching_network."""

    def __init__(self, model, theta, batch, layout, network, rng):
        self.model, self.theta, self.batch, self.layout = model, theta, batch, layout
        self.network, self.directions = network, rng.standard_normal((3, theta.size))
        self.x, self.y = batch.x_support[0], batch.y_support[0]
        K, D_out = self.y.shape
        self.sizes = {"K": K}
        if D_out > 1:
            self.sizes |= {"D_out": D_out, "K·D_out": K * D_out}

    def call(self, name, *args):
        """model.<name> of write-protected copies: a model must not change what it is passed."""
        function = getattr(self.model, name, None)
        if function is None:
            raise NotImplementedError(f"the model has no {name}")
        return function(*(frozen(a) for a in args))

    def numbers(self, name, shape, *args):
        """What model.<name> returns, as an array of that shape; the same when called again."""
        called = f"{name}({', '.join(('theta', 'x', 'y', 'v')[:len(args)])})"
        first = as_numbers(called, self.call(name, *args), shape)
        again = as_numbers(called, self.call(name, *args), shape)
        if not np.array_equal(first, again, equal_nan=True):
            raise LearnerError(f"{name} gives other numbers when it is called again: does it draw "
                               f"at random, or keep something from call to call?", "not repeatable")
        return first

    def loss(self):
        """One finite number for one task."""
        value, notes = self.numbers("loss", (), self.theta, self.x, self.y), []
        if not np.isfinite(value):
            raise LearnerError(f"loss(theta, x, y) is {value}", "not finite")
        x, y = (np.concatenate([a, a]) for a in (self.x, self.y))
        if value and np.isclose(self.call("loss", self.theta, x, y), 2 * value, 1e-9, 0):
            notes.append("every example twice gives twice the loss: it is a sum; tinymeta's losses "
                         "are means, so that α does not grow with K")
        return CheckReport("loss", True, notes=notes)

    def activation(self):
        """φ' and φ'' against numerical derivatives of φ and φ'."""
        phi, z = self.model.activation, np.array([-1.7, -0.9, -0.4, -0.1, 0.2, 0.6, 1.1, 1.9])

        def slope(z):
            return np.asarray(phi.derivative(z, phi.value(z)))

        curve = np.zeros_like(z)
        if phi.second_derivative is not None:
            curve = phi.second_derivative(z, phi.value(z), slope(z))
        for name, f, derived, tag in (("φ'", phi.value, slope(z), "MLP.4"),
                                      ("φ''", slope, curve, "HVP.4")):
            numerical = derivative(f, z, np.ones_like(z))  # f is elementwise
            kind = "central differences" if why_not_complex(f, z) else "complex step"
            report = compare(derived, numerical, name, tag, TOLERANCE[kind],
                             layout=Layout([(name, z.shape)]))
            if not report:
                break
        return report

    def loss_function(self):
        """∂L/∂f and (∂²L/∂f²) ḟ against numerical derivatives."""
        loss, y = self.model.loss_function, self.y
        f = self.directions[0, 0] * np.linspace(-1, 1, y.size)

        def slope(f):
            return np.asarray(loss.gradient(f.reshape(y.shape), y)).reshape(-1)

        def curvature(f, v):
            return np.asarray(loss.curvature(f.reshape(y.shape), y, v.reshape(y.shape))).reshape(-1)

        hints = Hints(sizes=self.sizes, tags={"": "LOSS.2"})
        report = check_gradient(lambda f: loss.value(f.reshape(y.shape), y), slope, f,
                                [("∂L/∂f", y.shape)], title="loss function, ∂L/∂f", hints=hints)
        if not report:
            return report
        hints = Hints(sizes=self.sizes, tags={"": "LOSS.3"})
        return check_hvp(slope, curvature, f, [("(∂²L/∂f²) ḟ", y.shape)],
                         title="loss function, curvature", hints=hints)

    def gradient(self):
        """The gradient against numerical derivatives of the loss."""
        g = self.numbers("gradient", self.theta.shape, self.theta, self.x, self.y)
        known = partial(self.known, known_mistakes.of_gradient, "loss", range(self.theta.size),
                        "LOSS.1")
        hints = Hints(known, self.sizes, self.tags("MLP.5", "MLP.6", "LOSS.2"))
        return check_gradient(self.of_theta("loss"), g, self.theta, self.layout, title="gradient",
                              hints=hints)

    def hvp(self):
        """H v against numerical derivatives of the gradient."""
        self.numbers("hvp", self.theta.shape, self.theta, self.x, self.y, self.directions[0])
        known = partial(self.known, partial(known_mistakes.of_hvp, vs=self.directions), "gradient",
                        self.directions, "LOSS.3")
        hints = Hints(known, self.sizes, self.tags("HVP.5", "HVP.6", "HVP.3"))
        return check_hvp(self.of_theta("gradient"),
                         lambda t, v: self.call("hvp", t, self.x, self.y, v), self.theta,
                         self.layout, self.directions, title="Hessian × vector", hints=hints)

    def known(self, of_network, name, along, tag):
        """Known mistakes: those of a matching network, and examples left out or repeated.

        name, along: whose derivatives, and in which directions, each example adds to the mean.
        """
        each = []
        for i in range(len(self.x)):
            f = self.of_theta(name, slice(i, i + 1))
            each.append([derivative(f, self.theta, d) for d in along])
        found = known_mistakes.of_examples(np.array(each), tag=tag)
        if self.network is None:
            return found
        x = self.model.features(self.x) if isinstance(self.model, Linear) else self.x
        return of_network(self.network, self.theta, x, self.y) + found

    def tasks(self):
        """The results for a batch, θ (P,) or (T, P), against those of the tasks one by one."""
        T, x, y = len(self.batch), self.batch.x_support, self.batch.y_support
        each = self.theta + 0.1 * np.arange(T)[:, np.newaxis]  # (T, P)
        v = np.resize(self.directions, (T, self.theta.size))
        for name, more in (("loss", []), ("gradient", []), ("hvp", [v])):
            for theta, shape in ((self.theta, "(P,)"), (each, "(T, P)")):
                title = f"{name} of {T} tasks, theta {shape},"
                found = as_numbers(title, self.call(name, theta, x, y, *more))
                apart = zip(np.broadcast_to(theta, each.shape), x, y, *more)
                expected = np.array([self.call(name, *task) for task in apart])
                if found.shape != expected.shape:
                    raise LearnerError(f"{title} has shape {found.shape}; expected {expected.shape}"
                                       f": sums and means belong to the last axes alone", "axis")
                if not compare(found, expected, name, tolerance=1e-9):
                    raise LearnerError(f"{title} differs from the tasks one by one: does a sum, a "
                                       f"mean, a transpose or a reshape reach over the first axis?",
                                       "axis")
        return CheckReport("a batch of tasks", True)

    def maml(self, alpha, steps, title):
        """MAML's meta-gradient, of the model's own gradient and H v, against numerical ones."""
        method = MAML(self.model, alpha, steps)
        directions = None if self.theta.size <= 200 else 3  # every coordinate would take long
        return check_gradient(lambda t: method.meta_loss(frozen(t), self.batch),
                              lambda t: method.meta_gradient(frozen(t), self.batch)[1], self.theta,
                              self.layout, directions, title=title,
                              hints=Hints(sizes=self.sizes, tags={"": "MAML.2"}))

    def of_theta(self, name, examples=slice(None)):
        """model.<name> as a function of θ alone, on examples of the first task."""
        x, y = self.x[examples], self.y[examples]
        return lambda t: np.asarray(self.call(name, t, x, y))

    def tags(self, weights, biases, whole):
        """The equations of a matching network's blocks; none for a model of one's own."""
        if self.network is None:
            return {}
        tags = {"W": weights, "b": biases, "": whole}
        return {key: known_mistakes.equation(self.network, tag) for key, tag in tags.items()}


def _theta(model, theta, rng):
    """θ (P,) in double precision, drawn unless given."""
    if theta is None:
        if callable(getattr(model, "init", None)):
            theta = np.asarray(model.init(rng))
            theta = theta + 0.1 * rng.standard_normal(theta.shape)  # biases too
        elif hasattr(model, "n_params"):
            P = arguments.whole_number("model.n_params", model.n_params, minimum=1)
            theta = 0.5 * rng.standard_normal(P)
        else:
            raise ValueError("theta is None and the model has neither init(rng) nor n_params; "
                             "expected theta, (P,)")
    theta = arguments.floating("theta", theta)
    arguments.shape("theta", theta, ("P",))
    return theta.astype(float)


def _batch(model, rng):
    """A Batch of 4 tasks that fits the model."""
    d_in, d_out = (arguments.whole_number(f"model.{name}", getattr(model, name, 1), minimum=1)
                   for name in ("d_in", "d_out"))
    if d_in == d_out == 1:
        return SinusoidTasks(x_range=(-2, 2)).sample(rng, n_tasks=4, n_support=5, n_query=7)
    shapes = (4, 5, d_in), (4, 5, d_out), (4, 7, d_in), (4, 7, d_out)
    return Batch(*(rng.standard_normal(shape) for shape in shapes))


def _name(model):
    name = getattr(model, "__name__", type(model).__name__)
    return "of plain functions" if name == "SimpleNamespace" else name
