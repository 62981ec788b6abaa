"""Check one's own model: from its loss to the meta-gradient through five inner steps, by rungs.

A model is any object with loss(theta, x, y), gradient(theta, x, y) and hvp(theta, x, y, v), such as
a types.SimpleNamespace of plain functions.  Each rung rests on others: the gradient is checked
against the loss, the Hessian × vector against the gradient, and MAML against all three.
"""

from functools import partial

import numpy as np

from ..core import arguments
from ..core.activations import Activation
from ..core.layout import layout_of
from ..core.losses import Loss, squared_error
from ..learners.linear import Linear
from ..learners.mlp import MLP
from .further_rungs import check_activation, check_loss, check_maml, check_tasks
from .ladder import NOTHING, LearnerError, attempt, climb
from .learner_model import NAMES, batch_for, theta_for
from .model_check import ModelCheck
from .numerical import quiet
from .report import CheckReport, Ladder
from .returned import frozen, frozen_batch


@quiet()
def check_model(model, theta=None, batch=None, blocks=None, alpha=0.05, seed=0, reference=None):
    """Check a model's derivations, rung by rung; return the Ladder, true if all of them hold.

    The rungs: loss (one number for each task), gradient, Hessian × vector, a batch of tasks (its
    results are those of the tasks one by one), MAML at 1, 2 and 5 inner steps; before the gradient,
    the model's .activation and .loss_function, where it has an Activation or a Loss there.

    model: loss, gradient and hvp; what is not written yet breaks its rung.  theta: where to check,
    (P,); by default from model.init(rng), or standard normals / 2 if the model has only n_params.
    batch: a Batch, of several tasks; by default sine waves, or random numbers where model.d_in
    or model.d_out (1 unless given) is not 1, or labels where the loss wants them.  blocks:
    [(name, shape)], model.blocks by default.  alpha: inner step size; below 0.05 a missing Hessian
    hardly shows.  seed: of all that is random.  reference: a model whose loss is the one that is
    meant; a loss that is another function is then a finding.

    An error in the model's code is a finding, not an error here.  Raises TypeError or ValueError
    for a wrong theta, batch, blocks, alpha or seed, and for a model that has none of the three.
    """
    if isinstance(model, type):
        name = model.__name__
        raise TypeError(f"model is the class {name}; expected an object of it, such as {name}(...)")
    if not any(callable(getattr(model, name, None)) for name in NAMES):
        arguments.methods("model", model, *NAMES)
    rng = np.random.default_rng(arguments.seed_number("seed", seed))
    alpha = arguments.number("alpha", alpha, above=0)
    given = None if batch is None else frozen_batch(batch)
    try:
        theta = theta_for(model, theta, rng, given)
    except LearnerError as error:
        report = CheckReport("init", False, findings=[error.finding])
        return Ladder(f"model {_name(model)}", {"init": report}, [*NAMES])
    batch, note = (given, "") if given else batch_for(model, theta, rng)
    batch = frozen_batch(batch)
    blocks = arguments.attribute(model, "blocks") if blocks is None else blocks
    if blocks is not None:  # what is no layout is refused here
        blocks = layout_of(blocks, theta.size).blocks
    network = _matching_network(model, theta, batch)
    blocks = getattr(network, "blocks", None) if blocks is None else blocks
    check = ModelCheck(model, theta, batch, layout_of(blocks, theta.size), network, rng)
    rungs = [("loss", partial(check.loss, note), NOTHING)]
    if reference is not None:
        arguments.methods("reference", reference, "loss")
        rungs.append(("the loss that is meant", partial(check.meant, reference), "loss"))
    if isinstance(getattr(model, "activation", None), Activation):
        rungs.append(("activation", partial(check_activation, model.activation), NOTHING))
    if isinstance(getattr(model, "loss_function", None), Loss):
        f = check.directions[0, 0] * np.linspace(-1, 1, check.y.size)  # random numbers
        rungs.append(("loss function", partial(check_loss, model.loss_function, f, check.y,
                                               check.sizes), NOTHING))
    rungs += [("gradient", check.gradient, *[name for name, *_ in rungs]),
              ("Hessian × vector", check.hvp, *[name for name, *_ in rungs]),
              ("a batch of tasks", partial(check_tasks, check), "loss")]
    for steps, title in ((1, "MAML, 1 step"), (2, "MAML, 2 steps"), (5, "MAML, 5 steps")):
        rungs.append((title, partial(check_maml, check, alpha, steps, title),
                      "gradient", "Hessian × vector", "a batch of tasks"))
    basis = (f"{theta.size} coordinates at one θ and {len(check.x)} examples; H v in 3 directions; "
             f"{len(batch)} tasks, α = {alpha:g}, seed {seed}")
    return climb(f"model {_name(model)}, P = {theta.size}", rungs, basis)


def _name(model):
    name = getattr(model, "__name__", type(model).__name__)
    return "of plain functions" if name == "SimpleNamespace" else name


def _matching_network(model, theta, batch):
    """The MLP that has the model's loss at two points, or None; a Linear one's is on its features.

    Only the loss counts: a subclass of MLP with another loss is another model.
    """
    x, y = batch.x_support[0], batch.y_support[0]
    features = model.design(x) if isinstance(model, Linear) else x
    for mlp in _networks(model, theta.size, features.shape[-1], y.shape[-1]):
        def same_loss():
            return all(np.isclose(model.loss(frozen(t), x, y), mlp.loss(t, features, y), 1e-9, 0)
                       for t in (theta, 0.7 * theta + 0.1))

        same, _ = attempt(same_loss)  # an error of the model's is reported by its rung
        if same:
            return mlp
    return None


def _networks(model, P, d_in, d_out):
    """Networks of P parameters with the model's own activation and loss, or usual ones."""
    activations, losses = ["tanh", "relu"], [squared_error]
    if isinstance(getattr(model, "activation", None), Activation):
        activations.insert(0, model.activation)
    if isinstance(getattr(model, "loss_function", None), Loss):
        losses.insert(0, model.loss_function)
    for widths in _possible_widths(model, d_in, d_out):
        for activation in activations:
            for loss in losses:
                mlp = MLP(widths, activation, loss)
                if mlp.n_params == P:
                    yield mlp


def _possible_widths(model, d_in, d_out):
    """The model's own widths, or those of its blocks, or else none to three equal hidden layers."""
    if isinstance(getattr(model, "widths", None), (list, tuple)):
        return [list(model.widths)]
    weights = [shape for _, shape in arguments.attribute(model, "blocks") or [] if len(shape) == 2]
    if weights:
        return [[weights[0][0]] + [shape[1] for shape in weights]]
    possible = [[d_in, d_out]]
    for n_layers in (1, 2, 3):
        possible += [[d_in] + [width] * n_layers + [d_out] for width in range(1, 65)]
    return possible
