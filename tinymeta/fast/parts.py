"""What the two fast forms share: inputs with a 1 appended, activations of them, types kept."""

import numpy as np

from ..core.activations import relu


def rows(array):
    """(T, K, n) -> (T K, n)."""
    return array.reshape(-1, array.shape[-1])


def with_one(x):
    """Inputs (..., n) with a 1 appended: (..., n + 1)."""
    a = np.empty(x.shape[:-1] + (x.shape[-1] + 1,), x.dtype)
    a[..., :-1] = x
    a[..., -1] = 1
    return a


def activated(phi, z):
    """φ(z) with a 1 appended, (..., n + 1), of z's type, and φ'(z), (..., n)."""
    if phi is not relu or z.dtype.kind == "c":
        value = phi.value(z)  # (..., n)
        return with_one(value.astype(z.dtype, copy=False)), phi.derivative(z, value)
    a = np.empty(z.shape[:-1] + (z.shape[-1] + 1,), z.dtype)  # (..., n + 1)
    np.maximum(z, np.zeros(z.shape[-1], z.dtype), out=a[..., :-1])  # sooner than with a number
    a[..., -1] = 1
    return a, (z > 0).astype(z.dtype)


def curve(phi, z, a, slope):
    """φ''(z), (..., n), for a with a 1 appended, (..., n + 1)."""
    return phi.second_derivative(z, a[..., :-1], slope)


def like(f, array):
    """The array in f's shape and type: an own loss may return other precision, or fewer axes."""
    if type(array) is np.ndarray and array.dtype is f.dtype and array.shape == f.shape:
        return array
    return np.broadcast_to(array, f.shape).astype(f.dtype)


def stacked(a, a_dot):
    """a over ȧ, (T, K, m) and (T, K, m) -> (T, 2 K, m); for a 1 appended to a, ȧ gets a 0."""
    T, K, m = a_dot.shape
    out = np.empty((T, 2 * K, a.shape[-1]), a.dtype)
    out[:, :K], out[:, K:, :m], out[:, K:, m:] = a, a_dot, 0
    return out
