"""Every derivation of the package, checked: what `python -m tinymeta check` prints.

Each line names equations, compares the code that claims to compute them with numerical derivatives
or another derivation, and gives a verdict.  Lines that say "must fail" are negative controls: if
the first-order gradient passed as the exact one, or Reptile with two steps were joint training, the
other verdicts would prove nothing.
"""

from typing import NamedTuple

import numpy as np

from ..core.tasks import SinusoidTasks
from ..learners.linear import Linear, sine_features
from ..learners.mlp import MLP
from ..methods.baselines import JointTraining
from ..methods.maml import MAML
from ..methods.reptile import Reptile
from .further_checks import loss_checks, method_checks
from .gradient_check import check_gradient, check_hvp
from .numerical import relative_error


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
              "tanh": MLP(list(widths), "tanh"), "ReLU": MLP(list(widths), "relu")}
    for name, model in models.items():
        theta = 0.5 * model.init(rng)  # smaller, so that α is small beside it
        theta = theta + 0.1 * rng.standard_normal(model.n_params)  # biases too
        with np.errstate(over="ignore", invalid="ignore"):  # a step size too large fails, once
            yield from _check_model(model, name, theta, batch)
            yield from _check_methods(model, name, theta, batch, alpha)
    for tag, what, report, must_fail in (*loss_checks(rng), *method_checks(rng, alpha)):
        line = _line(tag, what, report)
        yield line._replace(passed=not line.passed) if must_fail else line


def _check_model(model, name, theta, batch):
    x, y = batch.x_support[0], batch.y_support[0]
    linear = isinstance(model, Linear)
    yield _line("LIN.1-2" if linear else "MLP.1-6", f"{name}: gradient", check_gradient(
        lambda t: model.loss(t, x, y), lambda t: model.gradient(t, x, y), theta, model))
    yield _line("LIN.3-4" if linear else "HVP.1-6", f"{name}: Hessian × vector", check_hvp(
        lambda t: model.gradient(t, x, y), lambda t, v: model.hvp(t, x, y, v), theta, model))


def _check_methods(model, name, theta, batch, alpha):
    joint = JointTraining(model)
    yield _line("JOINT.1", f"{name}: joint training", _meta_check(joint, joint, theta, batch))
    for steps, inner_steps in ((1, "1 inner step"), (2, "2 inner steps"), (5, "5 inner steps")):
        exact = MAML(model, alpha, steps)
        report = _meta_check(exact, exact, theta, batch)
        yield _line("MAML.1-3", f"{name}: MAML, {inner_steps}", report)
    report = _meta_check(MAML(model, alpha), MAML(model, alpha, first_order=True), theta, batch)
    line = _line("MAML.2", f"{name}: first-order as exact, must fail", report)
    yield line._replace(passed=not report.passed)
    _, plain = joint.meta_gradient(theta, batch)  # (P,)
    for steps, what, equal in ((1, "1 step = joint", True),
                               (2, "2 steps = joint, must fail", False)):
        _, move = Reptile(model, alpha, steps).meta_gradient(theta, batch)  # (P,)
        error = relative_error(move, alpha * steps * plain)
        yield Check("REPTILE.1", f"{name}: Reptile, {what}", [error], (error <= 1e-12) == equal)


def _meta_check(method, claimed, theta, batch):
    """Check the claimed method's meta-gradient against the numerical one of method's meta-loss."""
    return check_gradient(lambda t: method.meta_loss(t, batch),
                          lambda t: claimed.meta_gradient(t, batch)[1], theta, method.model)


def _line(equations, what, report):
    return Check(equations, what, list(report.errors.values()), report.passed, report)
