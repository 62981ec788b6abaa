"""Every derivation of the package, checked: what `python -m tinymeta check` prints.

Each line names equations, compares the code that claims to compute them with numerical derivatives
or another derivation, and gives a verdict.  Lines that say "must fail" are negative controls: if the
first-order gradient passed as the exact one, or Reptile with two steps were joint training, the other
verdicts would prove nothing.
"""

from typing import NamedTuple

import numpy as np

from ..methods.baselines import JointTraining
from .gradient_check import check_gradient, check_hvp
from ..learners.linear import Linear, sine_features
from ..methods.maml import MAML
from ..learners.mlp import MLP
from .numerical import relative_error
from ..methods.reptile import Reptile
from ..core.tasks import SinusoidTasks


class Check(NamedTuple):
    """One line of the table.

    errors: what the complex step and central differences found, or one error where two derivations
    are compared.  report: the block-by-block detail, where there is one.
    """

    equations: str
    what: str
    errors: list
    passed: bool
    report: object = None


def check_derivations(seed=0, alpha=0.05, widths=(1, 8, 8, 1)):
    """Check every derivation at random parameters and tasks; yield a Check for each.

    seed: of parameters and tasks.  alpha: inner step size, large enough that a missing Hessian term
    shows.  widths: of the networks.  Raises TypeError or ValueError for settings that cannot be.
    """
    rng = np.random.default_rng(seed)
    batch = SinusoidTasks(x_range=(-2, 2)).sample(rng, n_tasks=3, n_support=5, n_query=6)
    models = {"linear": Linear(1, 1, features=sine_features),
              "tanh": MLP(list(widths), activation="tanh"), "ReLU": MLP(list(widths), activation="relu")}
    for name, model in models.items():
        theta = 0.5 * model.init(rng) + 0.1 * rng.standard_normal(model.n_params)  # biases too; α is small beside
        with np.errstate(over="ignore", invalid="ignore"):  # a step size too large fails, and says so once
            yield from _check_model(model, name, theta, batch)
            yield from _check_methods(model, name, theta, batch, alpha)


def _check_model(model, name, theta, batch):
    x, y = batch.x_support[0], batch.y_support[0]
    tags = ("LIN.1-2", "LIN.3-4") if isinstance(model, Linear) else ("MLP.1-6", "HVP.1-6")
    yield _from(tags[0], f"{name}: gradient", check_gradient(
        lambda t: model.loss(t, x, y), lambda t: model.gradient(t, x, y), theta, model))
    yield _from(tags[1], f"{name}: Hessian × vector", check_hvp(
        lambda t: model.gradient(t, x, y), lambda t, v: model.hvp(t, x, y, v), theta, model))


def _check_methods(model, name, theta, batch, alpha):
    joint = JointTraining(model)
    yield _from("JOINT.1", f"{name}: joint training", _meta_check(joint, joint, theta, batch))
    for steps in (1, 2, 5):
        exact = MAML(model, alpha, steps)
        yield _from("MAML.1-3", f"{name}: MAML, {steps} inner step{'s' * (steps > 1)}",
                    _meta_check(exact, exact, theta, batch))
    report = _meta_check(MAML(model, alpha), MAML(model, alpha, first_order=True), theta, batch)
    yield _from("MAML.2", f"{name}: first-order as exact, must fail", report)._replace(passed=not report.passed)
    plain = joint.meta_gradient(theta, batch)[1]  # (P,)
    for steps, what, same in ((1, "= joint", True), (2, "= joint, must fail", False)):
        error = relative_error(Reptile(model, alpha, steps).meta_gradient(theta, batch)[1], alpha * steps * plain)
        yield Check("REPTILE.1", f"{name}: Reptile, {steps} step{'s' * (steps > 1)} {what}", [error],
                    (error <= 1e-12) == same)


def _meta_check(method, claimed, theta, batch):
    """Check the claimed method's meta-gradient against the numerical one of the method's meta-loss."""
    return check_gradient(lambda t: method.meta_loss(t, batch), lambda t: claimed.meta_gradient(t, batch)[1],
                          theta, method.model)


def _from(equations, what, report):
    return Check(equations, what, list(report.errors.values()), report.passed, report)
