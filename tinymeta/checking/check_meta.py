"""Check one's own meta-gradient or inner loop, given a model that is right.

MAML's meta-gradient is judged by numerical derivatives of the loss after adaptation, where the
inner loop is [INNER.1], or whatever function `adapt` is given.
"""

from functools import partial
from typing import Callable, NamedTuple

import numpy as np

from ..core import arguments
from ..core.batch import Batch
from ..core.layout import layout_of
from ..methods.inner_loop import adapt as right_adapt
from ..methods.maml import MAML
from ..methods.reptile import Reptile
from .comparison import SINGLE
from .diagnosis import Hints, compare
from .elsewhere import climb_elsewhere, in_steps
from .gradient_check import check_gradient
from .known_meta_mistakes import of_adapted, of_first_order, of_meta_gradient, of_reptile
from .ladder import LearnerError
from .learner_model import as_called
from .numerical import relative_error
from .own_inner_loop import OwnInnerLoop, end_of
from .report import Finding
from .returned import as_numbers, frozen, frozen_batch, repeated, vector

DIVERGES = "the inner loop diverges at α = {:g}: nothing to compare; check with a smaller alpha"
NOT_SHOWN = ("the Hessian term is smaller than what is let pass: a first-order gradient would "
             "pass; check with a larger alpha")
RIGHT_WITH_FEWER = ("right with fewer steps, wrong with {}: look at what changes from step to "
                    "step, the iterate θ_k and the order of the factors I - αH")


class Kind(NamedTuple):
    """A kind of meta-gradient: what makes its method, its known mistakes, and its equation."""

    method: Callable  # (model, alpha, steps) -> a Method
    known_mistakes: Callable  # (model, theta, batch, alpha, steps) -> [KnownMistake]
    tag: str


KINDS = {"maml": Kind(MAML, of_meta_gradient, "MAML.3"),
         "first-order maml": Kind(partial(MAML, first_order=True), of_first_order, "MAML.3"),
         "reptile": Kind(Reptile, of_reptile, "REPTILE.1")}


def check_meta_gradient(meta_gradient, model=None, theta=None, batch=None, alpha=0.05,
                        steps=(1, 2, 5), kind="maml", adapt=None, loss=None):
    """Check a meta-gradient with each number of inner steps; return the Ladder, true if all hold.

    Every coordinate is differentiated numerically, so a small model is the one to check with.

    meta_gradient: a function of (theta, batch, alpha, steps) that returns (P,), or (loss, (P,)).
    model: one that passes check_model.  theta: (P,).  batch: T tasks.  alpha: inner step size, a
    number; below 0.05 a missing Hessian hardly shows.  steps: the numbers of inner steps, one for
    each rung.  kind: "maml" is checked by numerical derivatives of the loss after adaptation;
    "first-order maml" and "reptile", which are no gradients, against the definitions in maml.py and
    reptile.py.  adapt: another inner loop than [INNER.1], of whatever kind, a function of (theta,
    x, y, alpha, steps) that returns θ_S or the trajectory; "maml" is then the derivative of what
    this gives, and the other kinds are of its θ_S.  loss: of (theta, x, y), what adapted
    parameters are judged by; by default model's.

    An error in meta_gradient is a finding.  Raises TypeError or ValueError for wrong arguments.
    """
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"kind is {arguments.shown(kind)}; expected one of {sorted(KINDS)}")
    arguments.function("meta_gradient", arguments.methods("meta_gradient", meta_gradient))
    own_loop, judge = adapt is not None or loss is not None, KINDS[kind]
    theta, batch, alpha, steps, layout = _checked(model, theta, batch, alpha, steps, own_loop)
    if own_loop:
        adapt = partial(right_adapt, model) if adapt is None else adapt
        loss = getattr(model, "loss", None) if loss is None else loss
        judge = _by_own_loop(kind, adapt, loss)
    else:
        model = as_called(model, theta, batch)

    def rung(S, theta, batch, alpha, excluded):
        method = judge.method(model, alpha, S)
        if own_loop:
            method.try_out(theta, batch, arguments.attribute(model, "n_params"))
        loss, derived = _loss_and_vector(meta_gradient, theta, batch, alpha, S)
        right_loss = method.meta_loss(theta, batch)
        if not np.isfinite(right_loss):
            raise LearnerError(DIVERGES.format(alpha), "diverges")
        known = partial(judge.known_mistakes, model, theta, batch, alpha, S)
        hints = Hints(known, _sizes(batch, alpha, S), {"": judge.tag}, excluded=excluded)
        title = f"{kind}, {in_steps(S)}"
        if kind == "maml":
            report = check_gradient(lambda t: method.meta_loss(t, batch), derived, theta, layout,
                                    title=title, hints=hints)
            if report and not own_loop:
                _note_what_is_not_shown(report, method, theta, batch)
        else:
            limit = _limit(right_loss)
            if own_loop and kind != "reptile":  # a numerical derivative
                limit = max(100 * limit, 1e-7)
            _, right = method.meta_gradient(theta, batch)
            report = compare(derived, right, title, "", limit, hints, layout)
        if report and loss is not None:
            _compare_losses(loss, right_loss)
        only_unknown = {finding.cause for finding in report.findings} == {"unknown"}
        if only_unknown and S > min(steps) and not own_loop:
            report.findings.append(Finding("", RIGHT_WITH_FEWER.format(S), "MAML.2"))
        return report

    loop = " of the inner loop adapt" if own_loop else ""
    return climb_elsewhere(f"{kind} meta-gradient{loop}", rung, steps, theta, batch, alpha)


def _sizes(batch, alpha, S):
    """The numbers that a gradient may be too large or too small by."""
    T, K = batch.x_support.shape[:2]
    ratios = {"T/S": T / S, "T/K": T / K, "T/Q": T / batch.x_query.shape[1]}
    return {"T": T, "K": K, "α": alpha} | ratios | ({"S": S} if S > 1 else {})


def _note_what_is_not_shown(report, method, theta, batch):
    """Say so where a report that passes would pass the first-order gradient too."""
    _, right = method.meta_gradient(theta, batch)
    _, first = MAML(method.model, method.alpha, method.steps, True).meta_gradient(theta, batch)
    each, x, y = np.broadcast_to(theta, (len(batch), theta.size)), batch.x_support, batch.y_support
    bends = np.any(method.model.hvp(each, x, y, np.broadcast_to(right, each.shape)))
    if bends and relative_error(right, first) <= min(report.tolerances.values()):
        report.notes.append(NOT_SHOWN)


def _compare_losses(loss, right):
    """LearnerError where the loss beside a right vector is not the meta-loss."""
    if not np.isclose(loss, right, 10 * _limit(loss), 0):
        raise LearnerError(f"the vector is right and the loss is {loss:.6g}; expected {right:.6g}, "
                           f"the mean over tasks of the query loss after adaptation", "loss",
                           "MAML.3")


def _by_own_loop(kind, adapt, loss):
    """The Kind whose inner loop is a learner's adapt, judged by the loss."""
    for name, value in (("adapt", adapt), ("loss", loss)):
        arguments.function(name, arguments.methods(name, value))

    def method(model, alpha, steps):
        return OwnInnerLoop(adapt, loss, alpha, steps, first_order=kind != "reptile")

    def known_mistakes(model, theta, batch, alpha, steps):
        return method(model, alpha, steps).known_mistakes(theta, batch) if kind == "maml" else []

    return Kind(method, known_mistakes, "MAML.2" if kind == "maml" else "")


def check_adapt(adapt, model, theta, x, y, alpha=0.05, steps=(1, 2, 5)):
    """Check an inner loop, [INNER.1], with each number of steps; return the Ladder, true if right.

    adapt: a function of (theta, x, y, alpha, steps) that returns θ_S (P,), or the trajectory
    (S + 1, P).  x (K, D_in), y (K, D_out): one task's support set.  The rest is as for
    check_meta_gradient.
    """
    arguments.function("adapt", arguments.methods("adapt", adapt))
    one_task = [_of_one_task("x", x, "D_in"), _of_one_task("y", y, "D_out")]
    theta, batch, alpha, steps, layout = _checked(model, theta, Batch(*one_task, *one_task), alpha,
                                                  steps)
    model = as_called(model, theta, batch)

    def rung(S, theta, batch, alpha, excluded):
        x, y = batch.x_support[0], batch.y_support[0]
        found = _adapted(adapt, model, theta, x, y, alpha, S)
        right = right_adapt(model, theta, x, y, alpha, S)  # (S + 1, P)
        limit = _limit(model.loss(theta, x, y))
        known = partial(of_adapted, model, theta, batch, alpha, S)
        hints = Hints(known, tags={"": "INNER.1"}, excluded=excluded)
        if found.shape == right.shape:  # a trajectory: its first wrong iterate is reported
            for k in range(S):
                report = compare(found[k], right[k], f"θ_{k}", "INNER.1", limit, layout=layout)
                if not report:
                    return report
            found = found[S]
        return compare(found, right[S], f"θ_{S}", "", limit, hints, layout)

    return climb_elsewhere("inner loop", rung, steps, theta, batch, alpha)


def _of_one_task(name, value, axis):
    """One task's x or y, (K, ...), as the only one of (1, K, ...)."""
    array = arguments.floating(name, value)
    arguments.shape(name, array, ("K", axis))
    return array[np.newaxis]


def _checked(model, theta, batch, alpha, steps, own_loop=False):
    """θ (P,) in double, the batch write-protected, alpha, the numbers of steps, the Layout of θ.

    own_loop: whether the model needs no gradient, and θ may have another length than its own.
    """
    P = "P"
    if not own_loop:
        arguments.methods("model", model, "loss", "gradient", "hvp")
        P = arguments.attribute(model, "n_params", "P")
    theta, batch = vector("theta", arguments.given("theta", theta), P), frozen_batch(batch)
    alpha = arguments.number("alpha", alpha, above=0)
    if not np.iterable(steps):
        raise TypeError(f"steps is {arguments.shown(steps)}; "
                        "expected several numbers of inner steps, as (1, 2)")
    steps = [arguments.whole_number("steps", S, minimum=1) for S in steps]
    if not steps:
        raise ValueError("steps is empty; expected the numbers of inner steps to check, as (1, 2)")
    layout = layout_of(arguments.attribute(model, "blocks"), theta.size)
    return theta, batch, alpha, steps, layout


def _adapted(adapt, model, theta, x, y, alpha, S):
    """What adapt returns; LearnerError if it does not return the same again, with what it keeps."""
    called, more = "adapt(theta, x, y, alpha, steps)", (x, y, alpha, S)
    try:
        return as_numbers(called, repeated("adapt", adapt, theta, *more))
    except LearnerError as error:
        if error.finding.cause != "not repeatable":
            raise
        first, again = (end_of(as_numbers(called, adapt(frozen(theta), *more))) for _ in range(2))
        goes_on = first.shape == again.shape == theta.shape and np.allclose(
            again, right_adapt(model, first, *more)[-1], 1e-9, 1e-12)
        if not goes_on:
            raise
        raise LearnerError("adapt starts where the last call ended, not at theta: something is "
                           "kept from call to call", "not repeatable") from None


def _loss_and_vector(meta_gradient, theta, batch, alpha, S):
    """(loss or None, the vector) of what a meta-gradient function returns, each time the same."""
    result = repeated("meta_gradient", lambda t: meta_gradient(t, batch, alpha, S), theta)
    if isinstance(result, tuple) and len(result) == 2:
        return (as_numbers("the loss, the first of two,", result[0], ()),
                as_numbers("the meta-gradient", result[1], theta.shape))
    return None, as_numbers("meta_gradient(theta, batch, alpha, steps)", result, theta.shape)


def _limit(loss):
    """The relative error that passes against a definition, in the precision of the loss."""
    return SINGLE if np.asarray(loss).dtype.itemsize < 8 else 1e-10
