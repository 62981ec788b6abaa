"""Losses: how a prediction is scored, with the two derivatives that everything else needs.

A loss is three functions of the prediction f, shape (..., K, D_out), and the target y, same shape:

    value(f, y)             L                  shape (...)
    gradient(f, y)          ∂L/∂f              shape (..., K, D_out)
    curvature(f, y, f_dot)  (∂²L/∂f²) ḟ        shape (..., K, D_out), for a direction ḟ

The mean squared error over the K examples and D_out outputs, without a factor ½:

    [LOSS.1]  L           = 1/(K D_out) Σ (f - y)²
    [LOSS.2]  ∂L/∂f       = 2/(K D_out) (f - y)
    [LOSS.3]  (∂²L/∂f²) ḟ = 2/(K D_out) ḟ
"""

from typing import Callable, NamedTuple


class Loss(NamedTuple):
    """A loss by its value, its gradient and its curvature in f (see the module's table).

    Results are best of f's type.
    """

    name: str
    value: Callable
    gradient: Callable
    curvature: Callable


def _size(f):
    """K D_out."""
    return f.shape[-2] * f.shape[-1]


def _value(f, y):
    error = f - y  # (..., K, D_out); no abs below: complex numbers must flow through
    return (error * error).sum(axis=(-2, -1)) / _size(f)  # (...)  [LOSS.1]


def _gradient(f, y):
    return (f - y) * (2.0 / _size(f))  # (..., K, D_out)  [LOSS.2]


def _curvature(f, y, f_dot):
    return f_dot * (2.0 / _size(f))  # (..., K, D_out)  [LOSS.3]


squared_error = Loss("squared error", _value, _gradient, _curvature)


def check_loss(loss):
    """Return the loss; raise TypeError unless it is a Loss."""
    if not isinstance(loss, Loss):
        raise TypeError(f"loss is {loss!r}; "
                        f"expected a tinymeta.Loss, such as tinymeta.squared_error")
    return loss
