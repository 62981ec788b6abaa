"""Every derivation of the package, checked: what `python -m tinymeta check` prints.

Each line names equations, compares the code that claims to compute them with numerical derivatives
or another derivation, and gives a verdict.  Lines that say "must fail" are negative controls: if
the first-order gradient passed as the exact one, or Reptile with two steps were joint training, the
other verdicts would prove nothing.
"""

import numpy as np

from ..core.tasks import SinusoidTasks
from ..learners.linear import Linear, sine_features
from ..learners.mlp import MLP
from ..methods.baselines import JointTraining
from ..methods.maml import MAML
from ..methods.reptile import Reptile
from .further_checks import (Check, line, loss_checks, method_checks, of_method, of_model,
                             recurrent_checks)
from .numerical import relative_error


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
            tags = ("LIN.1-2", "LIN.3-4") if name == "linear" else ("MLP.1-6", "HVP.1-6")
            yield from of_model(model, (tags[0], f"{name}: gradient"),
                                (tags[1], f"{name}: Hessian × vector"), theta,
                                batch.x_support[0], batch.y_support[0])
            yield from _check_methods(model, name, theta, batch, alpha)
    yield from loss_checks(rng)
    yield from method_checks(rng, alpha)
    yield from recurrent_checks(rng)


def _check_methods(model, name, theta, batch, alpha):
    joint = JointTraining(model)
    yield line("JOINT.1", f"{name}: joint training", of_method(joint, theta, batch))
    for steps, inner_steps in ((1, "1 inner step"), (2, "2 inner steps"), (5, "5 inner steps")):
        report = of_method(MAML(model, alpha, steps), theta, batch)
        yield line("MAML.1-3", f"{name}: MAML, {inner_steps}", report)
    _, first_order = MAML(model, alpha, first_order=True).meta_gradient(theta, batch)
    yield line("MAML.2", f"{name}: first-order as exact, must fail",
               of_method(MAML(model, alpha), theta, batch, first_order))
    _, plain = joint.meta_gradient(theta, batch)  # (P,)
    for steps, what, equal in ((1, "1 step = joint", True),
                               (2, "2 steps = joint, must fail", False)):
        _, move = Reptile(model, alpha, steps).meta_gradient(theta, batch)  # (P,)
        error = relative_error(move, alpha * steps * plain)
        yield Check("REPTILE.1", f"{name}: Reptile, {what}", [error], (error <= 1e-12) == equal)
