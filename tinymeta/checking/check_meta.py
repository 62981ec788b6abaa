"""Check one's own meta-gradient or inner loop, given a model that is right."""

import numpy as np

from ..core import arguments
from . import known_meta_mistakes as meta_suspects
from .report import Finding
from .diagnosis import Hints, Mistake, as_numbers, compare
from ..core.layout import layout_of
from .gradient_check import check_gradient
from ..methods.inner_loop import adapt as right_adapt
from .ladder import climb
from ..methods.maml import MAML
from ..methods.reptile import Reptile
from .matching_network import frozen, frozen_batch
from ..core.tasks import Batch


def check_meta_gradient(meta_gradient, model, theta, batch, alpha=0.05, steps=(1, 2, 5), kind="maml"):
    """Check a meta-gradient with each number of inner steps; return the Ladder, true if all are right.

    Every coordinate is differentiated numerically, so a small model is the one to check with.

    meta_gradient: a function of (theta, batch, alpha, steps) that returns (P,), or (loss, (P,)).
    model: one that passes check_model.  theta: (P,).  batch: T tasks.  alpha: inner step size, a
    number; below 0.05 a missing Hessian hardly shows.  steps: the numbers of inner steps, one a rung.
    kind: "maml" is checked by numerical derivatives of the loss after adaptation; "first-order maml"
    and "reptile", which are no gradients, against the definitions in maml.py and reptile.py.

    An error in meta_gradient is a finding.  Raises TypeError or ValueError for wrong other arguments.
    """
    makers = {"maml": lambda s: MAML(model, alpha, s), "first-order maml": lambda s: MAML(model, alpha, s, True),
              "reptile": lambda s: Reptile(model, alpha, s)}
    if kind not in makers:
        raise ValueError(f"kind is {kind!r}; expected one of {sorted(makers)}")
    theta, batch, alpha, layout = _checked(model, theta, batch, alpha)
    sizes = {"T": len(batch), "K": batch.x_support.shape[-2], "α": alpha}
    of = {"maml": meta_suspects.of_meta_gradient, "first-order maml": meta_suspects.of_first_order,
          "reptile": meta_suspects.of_reptile}[kind]
    tag = "REPTILE.1" if kind == "reptile" else "MAML.3"

    def rung(s):
        method, title = makers[kind](s), f"{kind}, {_steps(s)}"
        loss, derived = _loss_and_vector(meta_gradient(frozen(theta), batch, alpha, s), theta.shape)
        hints = Hints(lambda: of(model, theta, batch, alpha, s), {**sizes, "S": s} if s > 2 else sizes, {"": tag})
        if kind == "maml":
            report = check_gradient(lambda t: method.meta_loss(t, batch), derived, theta,
                                    [(name, shape) for name, shape, _ in layout], title=title, hints=hints)
        else:
            report = compare(derived, method.meta_gradient(theta, batch)[1], title, tolerance=1e-10, hints=hints,
                             layout=layout)
        if not report and s > min(steps) and {f.cause for f in report.findings} == {"unknown"}:
            what = (f"right with fewer steps, wrong with {s}: look at what changes from step to step, the iterate θ_k and "
                    f"the order of the factors I - αH")
            report.findings.append(Finding("", what, "MAML.2"))
        if report and loss is not None:
            right = method.meta_gradient(theta, batch)[0]
            if not np.isclose(loss, right, rtol=1e-9):
                raise Mistake(f"the vector is right and the loss is {loss:.6g}; expected {right:.6g}, the mean over "
                              f"tasks of the query loss after adaptation", "loss", "MAML.3")
        return report

    title = f"{kind} meta-gradient, α = {alpha:g}, P = {theta.size}"
    return climb(title, [(_steps(s), lambda s=s: rung(s)) for s in steps])


def check_adapt(adapt, model, theta, x, y, alpha=0.05, steps=(1, 2, 5)):
    """Check an inner loop, [INNER.1], with each number of steps; return the Ladder, true if all are right.

    adapt: a function of (theta, x, y, alpha, steps) that returns θ_S (P,), or the trajectory
    (S + 1, P).  x (K, D_in), y (K, D_out): one task's support set.  The rest is as for
    check_meta_gradient.
    """
    one_task = [np.asarray(a)[np.newaxis] for a in (x, y)]
    theta, batch, alpha, layout = _checked(model, theta, Batch(*one_task, *one_task), alpha)
    x, y = batch.x_support[0], batch.y_support[0]

    def rung(s):
        found = as_numbers("adapt(theta, x, y, alpha, steps)", adapt(frozen(theta), x, y, alpha, s))
        right = right_adapt(model, theta, x, y, alpha, s)  # (S + 1, P)
        hints = Hints(lambda: meta_suspects.of_adapted(model, theta, batch, alpha, s), {}, {"": "INNER.1"})
        for k in range(s + 1) if found.shape == right.shape else [s]:  # the first wrong iterate of a trajectory
            one = found[k] if found.shape == right.shape else found
            report = compare(one, right[k], f"θ_{k}", tolerance=1e-10, layout=layout,
                             hints=hints if k == s else Hints(tags={"": "INNER.1"}))
            if not report:
                break
        return report

    return climb(f"inner loop, α = {alpha:g}, P = {theta.size}", [(_steps(s), lambda s=s: rung(s)) for s in steps])


def _checked(model, theta, batch, alpha):
    arguments.methods("model", model, "loss", "gradient", "hvp")
    batch, alpha = frozen_batch(batch), arguments.number("alpha", alpha, above=0)
    theta = arguments.floating("theta", theta)
    arguments.shape("theta", theta, (getattr(model, "n_params", "P"),))
    return theta.astype(float), batch, alpha, list(layout_of(getattr(model, "blocks", None), theta.size))


def _loss_and_vector(result, shape):
    """(loss or None, the vector) of what a meta-gradient function returned."""
    if isinstance(result, tuple) and len(result) == 2:
        return as_numbers("the loss", result[0], ()), as_numbers("the meta-gradient", result[1], shape)
    return None, as_numbers("meta_gradient(theta, batch, alpha, steps)", result, shape)


def _steps(s):
    return f"{s} step{'s' * (s > 1)}"
