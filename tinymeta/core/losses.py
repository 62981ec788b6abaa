"""Losses: how a prediction is scored, with the two derivatives that everything else needs.

A loss is three functions of the prediction f, shape (..., K, D_out), and the target y, same shape:

    value(f, y)             L                  shape (...)
    gradient(f, y)          ∂L/∂f              shape (..., K, D_out)
    curvature(f, y, f_dot)  (∂²L/∂f²) ḟ        shape (..., K, D_out), for a direction ḟ

The mean squared error over the K examples and D_out outputs, without a factor ½:

    [LOSS.1]  L           = 1/(K D_out) Σ (f - y)²
    [LOSS.2]  ∂L/∂f       = 2/(K D_out) (f - y)
    [LOSS.3]  (∂²L/∂f²) ḟ = 2/(K D_out) ḟ

Two losses that outliers harm less, with e = f - y, means over examples and outputs as well:

    [HUBER.1]  ½ e² for |e| ≤ δ, δ (|e| - ½ δ) beyond    e within ±δ, else ±δ         [|e| ≤ δ] ḟ
    [TUBE.1]   (|e| - ε)₊²                                2 sign(e) (|e| - ε)₊         2 [|e| > ε] ḟ

Losses for classes are in classification.py.  References: Huber 1964, "Robust Estimation of a
Location Parameter"; Vapnik 1995, "The Nature of Statistical Learning Theory", for ε (his loss is
not squared: we square it, so that it has a curvature).
"""

from functools import partial
from typing import Callable, NamedTuple

import numpy as np

from . import arguments, setting
from .tried import tried


def _anything(y):
    """No complaint about y."""


class Loss(NamedTuple):
    """A loss by its value, its gradient and its curvature in f (see the module's table).

    Results are best of f's type.  targets(y): None where y fits the loss, else in words (what was
    found, what was expected); any y fits by default.
    """

    name: str
    value: Callable
    gradient: Callable
    curvature: Callable
    targets: Callable = _anything

    def __repr__(self):
        return f"Loss({self.name!r})"


def size(f):
    """K D_out, what means over examples and outputs divide by."""
    return f.shape[-2] * f.shape[-1]


def mean(values):
    """The mean over examples and outputs, (..., K, D_out) -> (...)."""
    return values.sum(axis=(-2, -1)) / values.dtype.type(size(values))  # typed, in NumPy 1 too


def _value(f, y):
    error = f - y  # (..., K, D_out); no abs below: complex numbers must flow through
    return mean(error * error)  # (...)  [LOSS.1]


def _gradient(f, y):
    return (f - y) * (2.0 / size(f))  # (..., K, D_out)  [LOSS.2]


def _curvature(f, y, f_dot):
    return f_dot * (2.0 / size(f))  # (..., K, D_out)  [LOSS.3]


squared_error = Loss("squared error", _value, _gradient, _curvature)


def huber(delta=1.0):
    """Huber's loss: squared within delta, linear beyond.  delta: positive.  [HUBER.1]"""
    delta = arguments.number("delta", delta, above=0)
    parts = [partial(part, delta) for part in (_huber, _huber_gradient, _huber_curvature)]
    return Loss(f"huber({delta:g})", *parts)


def _huber(delta, f, y):
    e = f - y
    size_of_e = e * np.sign(e.real)  # |e|; where complex, the real part decides
    bent = np.where(size_of_e.real <= delta, size_of_e, e.dtype.type(delta))  # min(|e|, δ)
    return mean(bent * (size_of_e - bent / 2))


def _huber_gradient(delta, f, y):
    e = f - y
    inside = np.abs(e.real) <= delta
    return np.where(inside, e, delta * np.sign(e.real)) / size(f)  # [HUBER.1]


def _huber_curvature(delta, f, y, f_dot):
    return (np.abs((f - y).real) <= delta) * f_dot / size(f)


def epsilon_insensitive(epsilon=0.1):
    """The square of what an error exceeds epsilon by.  epsilon: at least 0.  [TUBE.1]"""
    epsilon = arguments.number("epsilon", epsilon, at_least=0)
    parts = [partial(part, epsilon) for part in (_tube, _tube_gradient, _tube_curvature)]
    return Loss(f"epsilon_insensitive({epsilon:g})", *parts)


def _excess(epsilon, f, y):
    """sign(e) (|e| - ε)₊, and where it is not 0."""
    e = f - y
    outside = np.abs(e.real) > epsilon
    return np.where(outside, e - epsilon * np.sign(e.real), 0), outside


def _tube(epsilon, f, y):
    beyond, _ = _excess(epsilon, f, y)
    return mean(beyond * beyond)


def _tube_gradient(epsilon, f, y):
    beyond, _ = _excess(epsilon, f, y)
    return 2 * beyond / size(f)  # [TUBE.1]


def _tube_curvature(epsilon, f, y, f_dot):
    _, outside = _excess(epsilon, f, y)
    return outside * (2 * f_dot) / size(f)


def loss_setting():
    """A Setting that is a Loss."""
    return setting.Setting(lambda _, name, value: check_loss(value, name))


def check_loss(loss, name="loss", d_out=None):
    """Return the loss; raise TypeError or ValueError unless it is a Loss.

    d_out: its functions are tried on so many outputs, and must return numbers of shapes that fit.
    """
    if not isinstance(loss, Loss):
        raise TypeError(f"{name} is {arguments.shown(loss)}; "
                        f"expected a tinymeta.Loss, such as tinymeta.squared_error or huber(1.0)")
    arguments.text(f"{name}'s name", loss.name)
    if d_out is not None:
        arguments.function(f"loss {loss.name!r}: targets", loss.targets, "y")
        f, takes = np.full((2, 3, d_out), 0.5), ("f", "y", "f_dot")
        like_f = [f.shape, f.shape[1:]]  # the same for all tasks will do
        for part, n, fits in (("value", 2, [(2,)]), ("gradient", 2, like_f),
                              ("curvature", 3, like_f)):
            tried(f"loss {loss.name!r}: {part}", getattr(loss, part), takes[:n], [f] * n, fits)
    return loss


def check_targets(name, y, loss):
    """Raise ValueError unless the targets y (..., K, D_out) fit the loss, if it is one."""
    if not isinstance(loss, Loss) or loss.targets is _anything:
        return
    if (wrong := loss.targets(y.real.copy())) is not None:
        found, expected = arguments.pair(loss, "targets", wrong, "None, or what was found and "
                                         "what was expected")
        raise ValueError(f"{name} has {found}; expected {expected}, for the loss {loss.name}")
