"""Every derivation of the package, checked: what `python -m tinymeta check` prints.

Each line names equations, compares the code that claims to compute them with numerical
derivatives or another derivation, and gives a verdict.  Two lines are negative controls: there the
first-order gradient must FAIL the check of the exact one, or the check would prove nothing.
"""

from typing import NamedTuple

import numpy as np

from .baselines import JointTraining
from .gradient_check import CheckReport, check_gradient, check_hvp, relative_error
from .linear import Linear, sine_features
from .maml import MAML
from .mlp import MLP
from .reptile import Reptile
from .tasks import SinusoidTasks


class Check(NamedTuple):
    """One line of the table; report is the block-by-block detail, where there is one."""

    equations: str
    what: str
    error: float
    passed: bool
    report: object


def check_derivations(seed=0, alpha=0.05, widths=(1, 8, 8, 1)):
    """Check every derivation at random parameters and tasks; yield a Check for each.

    seed: of parameters and tasks.  alpha: inner step size, large enough that a missing Hessian term
    shows.  widths: of the networks.  Raises TypeError or ValueError for settings that cannot be.
    """
    rng = np.random.default_rng(seed)
    batch = SinusoidTasks().sample(rng, n_tasks=3, n_support=5, n_query=6)
    models = {"linear, (sin x, cos x)": Linear(1, 1, features=sine_features),
              "MLP, tanh": MLP(list(widths), activation="tanh"), "MLP, ReLU": MLP(list(widths), activation="relu")}
    for name, model in models.items():
        theta = model.init(rng) + 0.1 * rng.standard_normal(model.n_params)  # biases too
        x, y = batch.x_support[0], batch.y_support[0]
        tags = ("LIN.1-2", "LIN.3-4") if isinstance(model, Linear) else ("MLP.1-6", "HVP.1-6")
        yield _from(tags[0], f"gradient: {name}", check_gradient(
            lambda t: model.loss(t, x, y), lambda t: model.gradient(t, x, y), theta, model))
        yield _from(tags[1], f"Hessian × vector: {name}", check_hvp(
            lambda t: model.gradient(t, x, y), lambda t, v: model.hvp(t, x, y, v), theta, model))
        yield _from("JOINT.1", f"joint training: {name}", _meta_check(JointTraining(model), theta, batch))
        for steps in (1, 2, 5):
            yield _from("MAML.1-3", f"MAML, {steps} inner step{'s' * (steps > 1)}: {name}",
                        _meta_check(MAML(model, alpha, steps), theta, batch))
    report = _meta_check(MAML(model, alpha), theta, batch, MAML(model, alpha, first_order=True))
    yield Check("MAML.2", "first-order must fail as exact", _largest(report), not report.passed, report)
    plain = JointTraining(model).meta_gradient(theta, batch)[1]
    for steps, same in ((1, True), (2, False)):
        error = relative_error(Reptile(model, alpha, steps).meta_gradient(theta, batch)[1], alpha * steps * plain)
        yield Check("REPTILE.1", f"Reptile, {steps} step{'s' * (steps > 1)}, is"
                    f"{'' if same else ' not'} joint training", error, (error <= 1e-12) == same, None)


def _meta_check(method, theta, batch, claimed=None):
    """Check the claimed method's meta-gradient against the numerical one of the method's meta-loss."""
    claimed = method if claimed is None else claimed
    return check_gradient(lambda t: method.meta_loss(t, batch), lambda t: claimed.meta_gradient(t, batch)[1],
                          theta, method.model)


def _largest(report: CheckReport):
    """The complex step's error, or the central differences' where there is no other."""
    return next(iter(report.errors.values()))


def _from(equations, what, report):
    return Check(equations, what, _largest(report), report.passed, report)
