"""Check one's own meta-gradient or inner loop, given a model that is right.

MAML's meta-gradient is judged by numerical derivatives of the loss after adaptation, where the
inner loop is [INNER.1], or whatever function `adapt` is given.
"""

from functools import partial
from typing import Callable, NamedTuple

import numpy as np

from ..core import arguments
from ..core.layout import layout_of
from ..core.tasks import Batch
from ..methods.inner_loop import adapt as right_adapt
from ..methods.maml import MAML
from ..methods.reptile import Reptile
from .comparison import SINGLE
from .diagnosis import Hints, KnownMistake, compare, confirmed
from .gradient_check import check_gradient
from .known_meta_mistakes import of_adapted, of_first_order, of_meta_gradient, of_reptile
from .ladder import (LearnerError, as_array, as_numbers, attempt, climb, frozen, frozen_batch,
                     repeated)
from .learner_model import as_batch, as_called
from .numerical import derivatives
from .report import Finding

SUPPORT, QUERY = slice(0, 2), slice(2, 4)  # of a task's four arrays
SWAPS = (  # what, the set that is adapted to, the set that judges
    ("the outer loss is taken on the support set; it belongs to the query set", SUPPORT, SUPPORT),
    ("the query set is used for both loops", QUERY, QUERY),
    ("support and query sets are exchanged", QUERY, SUPPORT))
DIVERGES = "the inner loop diverges at α = {:g}: nothing to compare; check with a smaller alpha"


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
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; expected one of {sorted(KINDS)}")
    if adapt is not None or loss is not None:
        return _check_by_adapt(meta_gradient, adapt, loss or getattr(model, "loss", None), model,
                               theta, batch, alpha, steps, kind)
    theta, batch, alpha, layout = _checked(model, theta, batch, alpha)
    steps, model = _steps_of(steps), as_called(model, theta, batch)

    def rung(S, theta, batch, alpha, excluded):
        method = KINDS[kind].method(model, alpha, S)
        loss, derived = _loss_and_vector(meta_gradient, theta, batch, alpha, S)
        right_loss, right = method.meta_gradient(theta, batch)
        if not np.isfinite(right_loss):
            raise LearnerError(DIVERGES.format(alpha), "diverges")
        known = partial(KINDS[kind].known_mistakes, model, theta, batch, alpha, S)
        sizes = {"T": len(batch), "K": batch.x_support.shape[-2], "α": alpha, "T/S": len(batch) / S}
        hints = Hints(known, sizes | {"S": S} if S > 1 else sizes, {"": KINDS[kind].tag},
                      excluded=excluded)
        title = f"{kind}, {_steps(S)}"
        if kind == "maml":
            report = check_gradient(lambda t: method.meta_loss(t, batch), derived, theta, layout,
                                    title=title, hints=hints)
        else:
            report = compare(derived, right, title, "", _limit(right_loss), hints, layout)
        if report and loss is not None and not np.isclose(loss, right_loss, 1e-9, 0):
            raise LearnerError(f"the vector is right and the loss is {loss:.6g}; expected "
                               f"{right_loss:.6g}, the mean over tasks of the query loss after "
                               f"adaptation{_other_loss(loss, model, theta, batch, right_loss)}",
                               "loss", "MAML.3")
        if S > min(steps) and {finding.cause for finding in report.findings} == {"unknown"}:
            report.findings.append(Finding("", f"right with fewer steps, wrong with {S}: look at "
                                           f"what changes from step to step, the iterate θ_k and "
                                           f"the order of the factors I - αH", "MAML.2"))
        return report

    return _climb(f"{kind} meta-gradient", rung, steps, theta, batch, alpha)


def check_adapt(adapt, model, theta, x, y, alpha=0.05, steps=(1, 2, 5)):
    """Check an inner loop, [INNER.1], with each number of steps; return the Ladder, true if right.

    adapt: a function of (theta, x, y, alpha, steps) that returns θ_S (P,), or the trajectory
    (S + 1, P).  x (K, D_in), y (K, D_out): one task's support set.  The rest is as for
    check_meta_gradient.
    """
    one_task = [np.asarray(a)[np.newaxis] for a in (x, y)]
    theta, batch, alpha, layout = _checked(model, theta, Batch(*one_task, *one_task), alpha)
    steps, model = _steps_of(steps), as_called(model, theta, batch)

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

    return _climb("inner loop", rung, steps, theta, batch, alpha)


def _check_by_adapt(meta_gradient, adapt, loss, model, theta, batch, alpha, steps, kind):
    """check_meta_gradient by numerical derivatives of a learner's own inner loop and loss."""
    for name, function in (("adapt", adapt), ("loss", loss)):
        if not callable(function):
            raise TypeError(f"{name} is {function!r}; expected a function")
    theta, batch = _vector(theta), frozen_batch(as_batch(batch))
    alpha, steps = arguments.number("alpha", alpha, above=0), _steps_of(steps)
    layout = layout_of(getattr(model, "blocks", None), theta.size)

    def rung(S, theta, batch, alpha, excluded):
        tasks = list(zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query))

        def adapted(theta, x, y):
            return _end(as_array(adapt(theta, x, y, alpha, S)))

        def after(theta, fit=SUPPORT, judge=QUERY):
            """The mean query loss of what adapt gives; or on other sets."""
            losses = [loss(adapted(theta, *task[fit]), *task[judge]) for task in tasks]
            return np.mean([as_numbers("loss", one, ()) for one in losses])

        def first_order():
            """The mean over tasks of the query gradient at θ_S (P,)."""
            each = []
            for x, y, *query in tasks:
                end = adapted(theta, x, y)
                each.append(derivatives(lambda t: loss(t, *query), end, range(end.size)))
            return np.append(np.mean(each, axis=0), 0 * theta)[:theta.size]  # 0 for learned rates

        def known():
            what = "this is first-order: the query gradient at θ_S, not taken back through adapt"
            found = [KnownMistake(first_order(), "first-order", what, "MAML.2")]
            for what, fit, judge in SWAPS:
                f = partial(after, fit=fit, judge=judge)
                vector, failed = attempt(lambda: derivatives(f, theta, range(theta.size)))
                found += [] if failed else [KnownMistake(vector, "swap", what, "MAML.1")]
            return found

        found = repeated("adapt", adapt, theta, *tasks[0][:2], alpha, S)
        end = _end(as_array(found))
        size = min(end.size, theta.size)  # θ_S can be shorter than ω, or longer: as θ is
        size = end.size if end.size == getattr(model, "n_params", None) else size
        as_numbers("adapt(theta, x, y, alpha, steps)", end, (size,) if end.ndim else theta.shape)
        value, derived = _loss_and_vector(meta_gradient, theta, batch, alpha, S)
        sizes = {"T": len(batch), "α": alpha, "T/S": len(batch) / S}
        sizes |= {"S": S} if S > 1 else {}
        if kind != "maml":
            limit = _limit(after(theta))
            if kind == "reptile":
                right = theta - np.mean([adapted(theta, x, y) for x, y, *_ in tasks], axis=0)
            else:
                right, limit = first_order(), max(100 * limit, 1e-7)
            return compare(derived, right, f"{kind}, {_steps(S)}", "", limit,
                           Hints(sizes=sizes, excluded=excluded), layout)
        hints = Hints(known, sizes, {"": "MAML.2"}, excluded=excluded)
        if not np.isfinite(after(theta)):
            raise LearnerError(DIVERGES.format(alpha), "diverges")
        report = check_gradient(after, derived, theta, layout, title=_steps(S), hints=hints)
        if report and value is not None and not np.isclose(value, after(theta), 1e-9, 0):
            raise LearnerError(f"the vector is right and the loss is {value:.6g}; expected "
                               f"{after(theta):.6g}, the mean query loss of what adapt gives",
                               "loss", "MAML.3")
        return report

    return _climb(f"{kind} meta-gradient of the inner loop adapt", rung, steps, theta, batch, alpha)


def _climb(title, rung, steps, theta, batch, alpha):
    """The Ladder of rung(S, theta, batch, alpha, excluded) for each S, confirmed elsewhere."""
    fewer = _fewer(batch)

    def at(theta, alpha, S):
        return confirmed(partial(rung, S, theta, batch, alpha),
                         partial(rung, S + 1, theta, fewer, 0.6 * alpha))

    def checked(S):
        report = at(theta, alpha, S)
        return _elsewhere(report, at, theta, alpha) if report and S == steps[0] else report

    counts = ", ".join(map(str, steps))
    basis = f"{len(batch)} tasks, {theta.size} coordinates at one θ, S = {counts}"
    return climb(f"{title}, α = {alpha:g}, P = {theta.size}",
                 [(_steps(S), partial(checked, S)) for S in steps], basis)


def _elsewhere(report, at, theta, alpha):
    """The report; or that of at(θ, α, 1) for another θ and α, where they show what is wrong.

    A learned rate that starts as α, or as α exp(0), hides at the θ where it starts.
    """
    normal = np.random.default_rng(2).standard_normal(theta.size)
    moved = theta + 0.3 * normal * np.where(theta, np.abs(theta), 0.3)
    again, failed = attempt(lambda: at(moved, 0.6 * alpha, 1))
    if failed or again or not again.wrong_blocks:
        return report
    again.notes.insert(0, f"right at the θ given with α = {alpha:g}, wrong at another θ and "
                          f"α = {0.6 * alpha:g}")
    return again


def _fewer(batch):
    """The batch with one task, one support example and one query example less, where it can be."""
    T, K, Q = (max(1, n - 1) for n in (*batch.x_support.shape[:2], batch.x_query.shape[1]))
    return frozen_batch(Batch(batch.x_support[:T, :K], batch.y_support[:T, :K],
                              batch.x_query[:T, :Q], batch.y_query[:T, :Q]))


def _checked(model, theta, batch, alpha):
    """θ (P,) in double, the batch write-protected, alpha and the Layout of θ."""
    arguments.methods("model", model, "loss", "gradient", "hvp")
    batch, alpha = frozen_batch(as_batch(batch)), arguments.number("alpha", alpha, above=0)
    theta = _vector(theta, getattr(model, "n_params", "P"))
    return theta, batch, alpha, layout_of(getattr(model, "blocks", None), theta.size)


def _vector(theta, P="P"):
    theta = arguments.floating("theta", theta)
    arguments.shape("theta", theta, (P,))
    return theta.astype(float)


def _steps_of(steps):
    """The numbers of steps, at least one."""
    steps = [arguments.whole_number("steps", S, minimum=1) for S in steps]
    if not steps:
        raise ValueError("steps is empty; expected the numbers of inner steps to check, as (1, 2)")
    return steps


def _adapted(adapt, model, theta, x, y, alpha, S):
    """What adapt returns; LearnerError if it does not return the same again, with what it keeps."""
    called = "adapt(theta, x, y, alpha, steps)"
    try:
        return as_numbers(called, repeated("adapt", adapt, theta, x, y, alpha, S))
    except LearnerError as error:
        if error.finding.cause != "not repeatable":
            raise
        first, again = (_end(as_numbers(called, adapt(frozen(theta), x, y, alpha, S)))
                        for _ in range(2))
        if first.shape == again.shape == theta.shape:
            if np.allclose(again, right_adapt(model, first, x, y, alpha, S)[-1], 1e-9, 1e-12):
                raise LearnerError("adapt starts where the last call ended, not at theta: "
                                   "something is kept from call to call",
                                   "not repeatable") from None
        raise


def _end(found):
    """θ_S (P,) of what adapt returned: itself, or the last of a trajectory."""
    return found[-1] if found.ndim == 2 else found


def _other_loss(loss, model, theta, batch, right):
    """Which other loss the number is, as the end of a sentence."""
    others = {"before adaptation": model.loss(theta, batch.x_query, batch.y_query).mean(),
              "summed over the tasks": len(batch) * right}
    for what, value in others.items():
        if np.isclose(loss, value, 1e-9, 0):
            return f"; it is the query loss {what}"
    return ""


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


def _steps(S):
    return "1 step" if S == 1 else f"{S} steps"
