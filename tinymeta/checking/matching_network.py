"""Which network has a learner's loss: its equations are then the ones to reread."""

import numpy as np

from ..core.activations import Activation
from ..core.losses import Loss, squared_error
from ..learners.linear import Linear
from ..learners.mlp import MLP
from .ladder import attempt, frozen


def matching_network(model, theta, batch):
    """The MLP that has the model's loss at two points, or None; a Linear one's is on its features.

    Only the loss counts: a subclass of MLP with another loss is another model.
    """
    x, y = batch.x_support[0], batch.y_support[0]
    features = model.features(x) if isinstance(model, Linear) else x
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
    weights = [shape for _, shape in getattr(model, "blocks", None) or [] if len(shape) == 2]
    if weights:
        return [[weights[0][0]] + [shape[1] for shape in weights]]
    possible = [[d_in, d_out]]
    for n_layers in (1, 2, 3):
        possible += [[d_in] + [width] * n_layers + [d_out] for width in range(1, 65)]
    return possible
