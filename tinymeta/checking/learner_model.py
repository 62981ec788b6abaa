"""A learner's model as the checks call it, and data that fit it.

Whatever its functions return becomes an array, what they are passed is write-protected, and a model
that knows one task at a time is called task by task.
"""

from dataclasses import replace
from functools import partial, partialmethod

import numpy as np

from ..core import arguments
from ..core.batch import Batch
from ..core.model import Model
from ..core.tasks import SinusoidTasks
from ..methods.inner_loop import adapt
from .ladder import LearnerError, attempt
from .numerical import ExitError, derivatives, quiet
from .returned import as_array, as_numbers, frozen, repeated, vector

NAMES = {"loss": "theta, x, y", "gradient": "theta, x, y", "hvp": "theta, x, y, v"}


class LearnersModel:
    """loss, gradient and hvp of a learner's model.  one_task: called for each task by itself."""

    def __init__(self, model, one_task=False):
        self.model, self.one_task = model, one_task

    def as_it_comes(self, name, *args):
        """What model.<name>(*args) returns; the arguments are write-protected."""
        function = getattr(self.model, name, None)
        if function is None:
            raise NotImplementedError(f"the model has no {name}")
        try:
            return function(*(frozen(a) for a in args))
        except SystemExit as error:
            raise ExitError("exit() was called") from error

    def numbers(self, name, shape, *args):
        """What model.<name> returns, as an array of that shape; the same when called again."""
        found = repeated(name, partial(self.as_it_comes, name), *args)
        return as_numbers(f"{name}({NAMES[name]})", found, shape)

    def call(self, name, theta, x, y, *v):
        """What model.<name> returns, as an array: L(θ) (...), g(θ) or H(θ) v (..., P)."""
        if not self.one_task or x.ndim == 2:
            return as_array(self.as_it_comes(name, theta, x, y, *v))
        shape = len(x), theta.shape[-1]
        theta, *v = (np.broadcast_to(a, shape) for a in (theta, *v))
        return np.array([as_array(self.as_it_comes(name, *task)) for task in zip(theta, x, y, *v)])

    loss = partialmethod(call, "loss")
    gradient = partialmethod(call, "gradient")
    hvp = partialmethod(call, "hvp")


def as_called(model, theta, batch):
    """The model as the methods can call it: itself, if it is the package's, or a LearnersModel."""
    if isinstance(model, Model):
        return model
    learners = LearnersModel(model)
    g, _ = attempt(lambda: learners.gradient(theta, batch.x_support, batch.y_support))
    learners.one_task = np.shape(g) != (len(batch), theta.size)
    return learners


def theta_for(model, theta, rng, batch=None):
    """θ (P,) in double precision, drawn unless given; positive, where the loss takes no other."""
    if isinstance(theta, (list, tuple)) and any(np.ndim(part) for part in theta):
        shapes = ", ".join(str(np.shape(part)) for part in theta)
        raise ValueError(f"theta is a list of {len(theta)} arrays of shapes {shapes}; expected one "
                         f"flat vector (P,): np.concatenate([part.ravel() for part in theta]), and "
                         f"blocks = [(name, shape), ...] says what lies where")
    P = arguments.attribute(model, "n_params")
    if P is not None:
        P = arguments.size("model.n_params", P)
    if theta is None:
        if callable(getattr(model, "init", None)):
            theta, finding = attempt(lambda: model.init(rng))
            if finding:
                raise LearnerError(finding.what, finding.cause)
            theta = arguments.numbers("model.init(rng)", theta)
            theta = theta + 0.1 * rng.standard_normal(theta.shape)  # biases too
        elif P is not None:
            theta = 0.5 * rng.standard_normal(P)
            theta = theta if _is_finite(model, theta, batch) else np.abs(theta) + 0.1
        else:
            raise ValueError("theta is None and the model has neither init(rng) nor n_params; "
                             "expected theta, (P,)")
    return vector("theta", theta, "P" if P is None else P)


def _is_finite(model, theta, batch):
    """Whether the loss is a number at θ; true as well where it is an error, said by its rung."""
    batch = batch or _usual(np.random.default_rng(0), *_dimensions(model))
    x, y = batch.x_support[0], batch.y_support[0]
    finite, failed = attempt(lambda: np.isfinite(LearnersModel(model).loss(theta, x, y)).all())
    return bool(failed or finite)


def _dimensions(model):
    """(D_in, D_out) of the model, 1 unless it says otherwise."""
    return [arguments.whole_number(f"model.{name}", getattr(model, name, 1), minimum=1)
            for name in ("d_in", "d_out")]


@quiet()
def bounded(model, theta, batch, alpha):
    """(α, note): the largest of α, α/10, ... at which five inner steps do not diverge.

    Nor may all of them end where the loss is flat: there every derivative would be 0.
    """
    x, y, why = batch.x_support, batch.y_support, ""
    for power in range(30):
        smaller = (min(alpha, 1e10) if power else alpha) / 10**power
        path = adapt(model, theta, x, y, smaller, 5)
        first, last = (np.abs(model.loss(t, x, y)).mean() for t in (path[0], path[-1]))
        slopes = [np.abs(model.gradient(t, x, y)).max() for t in (path[0], path[-1])]
        if not np.isfinite(last) or last >= 1e3 * (first + 1):
            why = "diverges"
        elif slopes[1] < 1e-9 * slopes[0]:
            why = why or "ends where the loss is flat"
        else:
            break
    if not power or not np.isfinite(last):
        return alpha, ""
    return smaller, f"the inner loop {why} at α = {alpha:g}: checked at α = {smaller:g}"


def batch_for(model, theta, rng):
    """(Batch, note): 4 tasks that fit the model, and what was chosen for it, if anything was.

    First sine waves, or normal numbers where model.d_in or model.d_out is not 1.  A loss may want
    other numbers: probabilities, labels, counts, or whole numbers as x.  Where the gradient is not
    the loss's derivative for the first batch, and is for another, the other is taken; else one for
    which it is a multiple, so that the check can say of what.  A squared error takes any y, and
    only a model that fails on the usual x gets others.
    """
    d_in, d_out = _dimensions(model)
    usual, learners = _usual(rng, d_in, d_out), LearnersModel(model)
    first = _fit(learners, theta, usual)
    if first == "right" and not _finite_throughout(learners, theta, usual):
        first = "not finite"
    fits = first in ("right", "zero")
    if fits or first != "not finite" and _is_squared(learners, theta, usual):
        return usual, ""
    best = {first: (usual, "")}
    for note, batch in _others(usual, d_out, first):
        fit = _fit(learners, theta, batch)
        if fit == "right":
            return batch, note
        best.setdefault(fit, (batch, note))
    return best.get("multiple", (usual, ""))


def _usual(rng, d_in, d_out):
    """Sine waves, or normal numbers."""
    if d_in == d_out == 1:
        return SinusoidTasks(x_range=(-2, 2)).sample(rng, n_tasks=4, n_support=5, n_query=7)
    shapes = (4, 5, d_in), (4, 5, d_out), (4, 7, d_in), (4, 7, d_out)
    return Batch(*(rng.standard_normal(shape) for shape in shapes))


def _others(usual, d_out, first):
    """(note, Batch) of other kinds of numbers; first: how the usual ones fit."""
    rng = np.random.default_rng(0)

    def labels(*values):
        return lambda shape: rng.choice(np.array(values, dtype=float), shape)

    other_x = {"0, 1 or 2": labels(0, 1, 2)} if first == "error" else {}
    kinds = {"0 or 1": labels(0, 1), "-1 or 1": labels(-1, 1), "0, 1 or 2": labels(0, 1, 2)}
    if first in ("error", "not finite"):
        kinds["positive"] = lambda shape: rng.uniform(0.5, 2, shape)
        other_x["positive"] = kinds["positive"]
    if d_out > 1:
        kinds = {"one-hot": lambda shape: np.eye(d_out)[rng.integers(d_out, size=shape[:-1])],
                 "probabilities": lambda shape: rng.dirichlet(np.ones(d_out), shape[:-1]), **kinds}
    inputs = [("", usual)]
    for name, draw in other_x.items():
        batch = replace(usual, x_support=draw(usual.x_support.shape),
                        x_query=draw(usual.x_query.shape))
        inputs.append((f", x {name}", batch))
        yield f"checked with x {name}: the usual x do not fit", batch
    why = ", as the loss wants" if first in ("error", "not finite") else (
        ": with other y the gradient is not the loss's derivative, and wrong if you have such")
    for x_note, batch in inputs:
        for name, draw in kinds.items():
            yield (f"checked with y {name}{x_note}{why}",
                   replace(batch, y_support=draw(batch.y_support.shape),
                           y_query=draw(batch.y_query.shape)))


@quiet()
def _fit(model, theta, batch):
    """Whether g(θ) is the loss's derivative: "zero", "right", "multiple", "not finite", "error".

    It is a multiple if it is the same one at two other θ: of |e|³, say, the signs of e may hide it.
    """
    x, y = batch.x_support[0], batch.y_support[0]
    along, *moves = np.random.default_rng(0).standard_normal((3, 3, theta.size))

    def both(theta):
        return (arguments.numbers("gradient", along @ model.gradient(theta, x, y)),
                derivatives(lambda t: model.loss(t, x, y), theta, along))
    try:
        derived, reference = both(theta)
    except Exception:  # whatever a learner's code raises: its rung will say it
        return "error"
    if not np.isfinite(reference).all():
        return "not finite"
    if np.shape(derived) != np.shape(reference):
        return ""
    if np.allclose(derived, reference, 1e-5, 1e-9):
        return "right" if reference.any() else "zero"
    ratio = derived[0] / reference[0] if reference[0] else np.nan
    for theta in (theta, *(theta + move[0] for move in moves)):
        derived, reference = both(theta)
        if not np.allclose(derived, ratio * reference, 1e-5):  # NaN is not
            return ""
    return "multiple"


@quiet()
def _finite_throughout(model, theta, batch):
    """Whether no loss of the batch's sets is NaN or infinite."""
    sets = [*zip(batch.x_support, batch.y_support), *zip(batch.x_query, batch.y_query)]
    losses, failed = attempt(lambda: [model.loss(theta, x, y) for x, y in sets])
    return bool(failed) or bool(np.isfinite(losses).all())


@quiet()
def _is_squared(model, theta, batch):
    """Whether the loss is (f - y)²: its second difference along y is the same for all y and θ."""
    x, y = batch.x_support[0], batch.y_support[0]
    move = np.random.default_rng(0).standard_normal(y.shape)
    try:
        here, there = ([model.loss(t, x, y + k * move) for k in range(4)]
                       for t in (theta, 0.5 * theta + 0.1))
        second = np.ravel([np.diff(here, 2), np.diff(there, 2)])  # (4,)
        return bool(np.ptp(second) < 1e-6 * abs(second[0]) > 1e-15 * np.abs(here).max())
    except Exception:  # as in _fit
        return False
