"""Check one's own meta-gradient or inner loop, given a model that is right."""

from functools import partial
from typing import Callable, NamedTuple

import numpy as np

from ..core import arguments
from ..core.layout import layout_of
from ..core.tasks import Batch
from ..methods.inner_loop import adapt as right_adapt
from ..methods.maml import MAML
from ..methods.reptile import Reptile
from .diagnosis import Hints, compare
from .gradient_check import check_gradient
from .known_meta_mistakes import of_adapted, of_first_order, of_meta_gradient, of_reptile
from .ladder import LearnerError, as_numbers, climb, frozen, frozen_batch
from .report import Finding


class Kind(NamedTuple):
    """A kind of meta-gradient: what makes its method, its known mistakes, and its equation."""

    method: Callable  # (model, alpha, steps) -> a Method
    known_mistakes: Callable  # (model, theta, batch, alpha, steps) -> [KnownMistake]
    tag: str


KINDS = {"maml": Kind(MAML, of_meta_gradient, "MAML.3"),
         "first-order maml": Kind(partial(MAML, first_order=True), of_first_order, "MAML.3"),
         "reptile": Kind(Reptile, of_reptile, "REPTILE.1")}


def check_meta_gradient(meta_gradient, model, theta, batch, alpha=0.05, steps=(1, 2, 5),
                        kind="maml"):
    """Check a meta-gradient with each number of inner steps; return the Ladder, true if all hold.

    Every coordinate is differentiated numerically, so a small model is the one to check with.

    meta_gradient: a function of (theta, batch, alpha, steps) that returns (P,), or (loss, (P,)).
    model: one that passes check_model.  theta: (P,).  batch: T tasks.  alpha: inner step size, a
    number; below 0.05 a missing Hessian hardly shows.  steps: the numbers of inner steps, one for
    each rung.  kind: "maml" is checked by numerical derivatives of the loss after adaptation;
    "first-order maml" and "reptile", which are no gradients, against the definitions in maml.py and
    reptile.py.

    An error in meta_gradient is a finding.  Raises TypeError or ValueError for wrong arguments.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; expected one of {sorted(KINDS)}")
    theta, batch, alpha, layout = _checked(model, theta, batch, alpha)
    sizes = {"T": len(batch), "K": batch.x_support.shape[-2], "α": alpha}

    def rung(S):
        method = KINDS[kind].method(model, alpha, S)
        loss, derived = _loss_and_vector(meta_gradient(frozen(theta), batch, alpha, S), theta.shape)
        right_loss, right = method.meta_gradient(theta, batch)
        known = partial(KINDS[kind].known_mistakes, model, theta, batch, alpha, S)
        hints = Hints(known, sizes | {"S": S} if S > 2 else sizes, {"": KINDS[kind].tag})
        title = f"{kind}, {_steps(S)}"
        if kind == "maml":
            report = check_gradient(lambda t: method.meta_loss(t, batch), derived, theta, layout,
                                    title=title, hints=hints)
        else:
            report = compare(derived, right, title, hints=hints, layout=layout)
        if report and loss is not None and not np.isclose(loss, right_loss, 1e-9, 0):
            raise LearnerError(f"the vector is right and the loss is {loss:.6g}; expected "
                               f"{right_loss:.6g}, the mean over tasks of the query loss after "
                               f"adaptation", "loss", "MAML.3")
        if S > min(steps) and {finding.cause for finding in report.findings} == {"unknown"}:
            report.findings.append(Finding("", f"right with fewer steps, wrong with {S}: look at "
                                           f"what changes from step to step, the iterate θ_k and "
                                           f"the order of the factors I - αH", "MAML.2"))
        return report

    return climb(f"{kind} meta-gradient, α = {alpha:g}, P = {theta.size}",
                 [(_steps(S), partial(rung, S)) for S in steps])


def check_adapt(adapt, model, theta, x, y, alpha=0.05, steps=(1, 2, 5)):
    """Check an inner loop, [INNER.1], with each number of steps; return the Ladder, true if right.

    adapt: a function of (theta, x, y, alpha, steps) that returns θ_S (P,), or the trajectory
    (S + 1, P).  x (K, D_in), y (K, D_out): one task's support set.  The rest is as for
    check_meta_gradient.
    """
    one_task = [np.asarray(a)[np.newaxis] for a in (x, y)]
    theta, batch, alpha, layout = _checked(model, theta, Batch(*one_task, *one_task), alpha)
    x, y = batch.x_support[0], batch.y_support[0]

    def rung(S):
        found = as_numbers("adapt(theta, x, y, alpha, steps)", adapt(frozen(theta), x, y, alpha, S))
        right = right_adapt(model, theta, x, y, alpha, S)  # (S + 1, P)
        known = partial(of_adapted, model, theta, batch, alpha, S)
        hints = Hints(known, tags={"": "INNER.1"})
        if found.shape == right.shape:  # a trajectory: its first wrong iterate is reported
            for k in range(S):
                report = compare(found[k], right[k], f"θ_{k}", "INNER.1", layout=layout)
                if not report:
                    return report
            found = found[S]
        return compare(found, right[S], f"θ_{S}", hints=hints, layout=layout)

    return climb(f"inner loop, α = {alpha:g}, P = {theta.size}",
                 [(_steps(S), partial(rung, S)) for S in steps])


def _checked(model, theta, batch, alpha):
    """θ (P,) in double, the batch write-protected, alpha and the Layout of θ."""
    arguments.methods("model", model, "loss", "gradient", "hvp")
    batch, alpha = frozen_batch(batch), arguments.number("alpha", alpha, above=0)
    theta = arguments.floating("theta", theta)
    arguments.shape("theta", theta, (getattr(model, "n_params", "P"),))
    layout = layout_of(getattr(model, "blocks", None), theta.size)
    return theta.astype(float), batch, alpha, layout


def _loss_and_vector(result, shape):
    """(loss or None, the vector) of what a meta-gradient function returned."""
    if isinstance(result, tuple) and len(result) == 2:
        loss, vector = result
        return as_numbers("the loss", loss, ()), as_numbers("the meta-gradient", vector, shape)
    return None, as_numbers("meta_gradient(theta, batch, alpha, steps)", result, shape)


def _steps(S):
    return "1 step" if S == 1 else f"{S} steps"
