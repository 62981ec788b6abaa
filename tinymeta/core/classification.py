"""Losses for classes: how far predictions, which are scores f, are from deciding right.

Written as in losses.py: value, gradient ∂L/∂f, curvature (∂²L/∂f²) ḟ; means over the K examples
and D_out outputs, for softmax over the examples.

    [LOGISTIC.1]  y in {0, 1}, σ = 1/(1 + e^{-f}):    log(1 + e^f) - y f    σ - y    σ (1 - σ) ḟ
    [SOFTMAX.1]   y one-hot or probabilities, p = e^f / Σ e^f over the outputs:
                  log Σ e^f - y·f        p - y        p ⊙ ḟ - p (p·ḟ)
    [SQHINGE.1]   y = ±1, m = (1 - y f)₊:             m²                    -2 y m   2 [m > 0] ḟ
    [HINGE.1]     y = ±1, m as above:                 m                     -y [m > 0]       0

Softmax couples the outputs: its curvature is a matrix for each example, and only its product with
ḟ is formed.  The hinge has no curvature at all, but for its kink: [HVP.3] vanishes, and what is
left of MAML's Hessian is the network's alone.  Where m > 0 the squared hinge's curvature is
2; the logistic's is at most ¼, so that there the same α is a step at least eight times as long in
curvature's measure.  The eigenvalues of softmax's are at most ½.

References: Cortes & Vapnik 1995, "Support-Vector Networks"; Bishop 2006, "Pattern Recognition and
Machine Learning", Sec. 4.3.
"""

import numpy as np

from . import arguments
from .losses import Loss, mean, size


def _exponential(f):
    """e^{-|f|}, and where f > 0: so no exponential is larger than 1.  The real part decides."""
    positive = f.real > 0
    return np.exp(np.where(positive, -f, f)), positive


def _logistic_value(f, y):
    e, positive = _exponential(f)
    return mean(np.where(positive, f, 0) + np.log1p(e) - y * f)  # [LOGISTIC.1]


def _logistic_gradient(f, y):
    e, positive = _exponential(f)
    sigma = np.where(positive, 1, e) / (1 + e)
    return (sigma - y) / size(f)


def _logistic_curvature(f, y, f_dot):
    e, _ = _exponential(f)
    return e / (1 + e) ** 2 * f_dot / size(f)  # σ (1 - σ), whichever the sign of f


def _probabilities(f):
    """p (..., K, D_out), and log Σ e^f (..., K, 1)."""
    largest = f.real.max(axis=-1, keepdims=True)
    e = np.exp(f - largest)
    total = e.sum(axis=-1, keepdims=True)
    return e / total, largest + np.log(total)


def _softmax_value(f, y):
    _, log_sum = _probabilities(f)
    return (log_sum[..., 0] - (y * f).sum(axis=-1)).mean(axis=-1)  # [SOFTMAX.1]


def _softmax_gradient(f, y):
    p, _ = _probabilities(f)
    return (p - y) / f.shape[-2]


def _softmax_curvature(f, y, f_dot):
    p, _ = _probabilities(f)
    along = (p * f_dot).sum(axis=-1, keepdims=True)  # p·ḟ, (..., K, 1)
    return p * (f_dot - along) / f.shape[-2]


def _margin(f, y):
    """m = (1 - y f)₊, and where it is positive."""
    m = 1 - y * f
    inside = m.real > 0
    return np.where(inside, m, 0), inside


def _squared_hinge_value(f, y):
    m, _ = _margin(f, y)
    return mean(m * m)  # [SQHINGE.1]


def _squared_hinge_gradient(f, y):
    m, _ = _margin(f, y)
    return -2 * y * m / size(f)


def _squared_hinge_curvature(f, y, f_dot):
    _, inside = _margin(f, y)
    return 2 * y * y * inside * f_dot / size(f)


def _hinge_value(f, y):
    m, _ = _margin(f, y)
    return mean(m)  # [HINGE.1]


def _hinge_gradient(f, y):
    _, inside = _margin(f, y)
    return -y * inside / size(f)


def _hinge_curvature(f, y, f_dot):
    return 0 * f_dot


def _zero_to_one(y):
    if (abs(y - 0.5) > 0.5).any():
        return _range(y), "0 and 1, or probabilities between them"


def _probabilities_in_rows(y):
    sums = y.sum(axis=-1)
    if (y < 0).any() or (abs(sums - 1) > 1e-4).any():
        sums = f"rows that sum to {sums.min():.6g} to {sums.max():.6g}"
        return f"{_range(y)} and {sums}", "one-hot rows, or probabilities that sum to 1"


def _signs(y):
    if (abs(y) != 1).any():
        return _range(y), "-1 and 1"


def _range(y):
    return f"entries from {y.min():.6g} to {y.max():.6g}"


logistic = Loss("logistic", _logistic_value, _logistic_gradient, _logistic_curvature, _zero_to_one)
softmax = Loss("softmax", _softmax_value, _softmax_gradient, _softmax_curvature,
               _probabilities_in_rows)
squared_hinge = Loss("squared hinge", _squared_hinge_value, _squared_hinge_gradient,
                     _squared_hinge_curvature, _signs)
hinge = Loss("hinge", _hinge_value, _hinge_gradient, _hinge_curvature, _signs)


def accuracy(f, y):
    """The share of examples decided right, (...), for f and y (..., K, D_out).

    Several outputs: y is one-hot, and the largest score decides.  One output: y is 0/1 or ±1, and
    the sign decides.  NaN is wrong.  Raises ValueError where K or D_out differ, and for other y.
    """
    f, y = arguments.numbers("f", f), arguments.numbers("y", y)
    arguments.shape("f", f, (..., "K", "D_out"))
    if f.shape[-2:] != y.shape[-2:] or f.shape[f.ndim - y.ndim:] != y.shape:
        raise ValueError(f"y has shape {y.shape}; expected (..., K, D_out) as f, {f.shape}")
    if f.shape[-1] == 1:
        if not np.isin(y, (-1, 0, 1)).all():
            raise ValueError(f"y has numbers from {y.min():g} to {y.max():g}; expected the labels "
                             f"of two classes, 0 and 1 or -1 and 1")
        right = ((f.real > 0) == (y > 0)) & ~np.isnan(f)  # (..., K, 1)
        return right.mean(axis=(-2, -1))
    right = (f.real.argmax(axis=-1) == y.argmax(axis=-1)) & ~np.isnan(f).any(axis=-1)
    return right.mean(axis=-1)
