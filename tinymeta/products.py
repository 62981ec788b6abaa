"""Matrix products for the two fast files: large ones in one piece, but never large enough to start threads.

NumPy's matrix library, OpenBLAS, spreads a product over threads when it is large.  At the sizes of
meta-learning that gains little, and when the machine has other work it loses everything: a thread that
waits for its turn holds up all the others.  Measured on two cores with two busy processes beside it, one
meta-gradient of 25 tasks, MLP 1-100-100-1, took up to 240 ms with threads and 1 ms without.

No setting is changed, which would be the caller's business.  OpenBLAS looks at the number of
multiplications alone: a matrix product of fewer than 2·2¹⁸, or a matrix-vector product of fewer than
460,800, stays in the calling thread (measured with NumPy 2.4; those of NumPy 1 start threads earlier).
So `product` works in blocks of rows that stay below.  With 100 × 100 weights such blocks are as fast as
one product on one core; with 200 × 200 they take 1.7 times as long, the price of never waiting.  A layer
of more than 335 × 335 weights is left to OpenBLAS: there blocks would be too thin to be fast.
"""

import numpy as np

LARGEST = 450_000  # multiplications in one product
THINNEST = 4  # rows in a block


def product(a, b, out=None):
    """a b, (..., M, m) and (..., m, n) -> (..., M, n), in blocks of rows that start no threads."""
    m, n = b.shape[-2:]
    rows, M = LARGEST // (m * n), a.shape[-2]
    if M <= rows or rows < THINNEST:
        return np.matmul(a, b, out)
    if out is None:
        out = np.empty(a.shape[:-1] + (n,), a.dtype)  # (..., M, n)
    for i in range(0, M, rows):
        np.matmul(a[..., i:i + rows, :], b, out[..., i:i + rows, :])
    return out


class Layer:
    """[W; b], a weight above its bias, one for each task: (T, m + 1, n).  The products with it, task by task."""

    def __init__(self, W):
        self.W, self.to_inputs = W, W[..., :-1, :].swapaxes(-1, -2)  # Wᵀ, (T, n, m)

    def forward(self, a, out=None):
        """[a 1] [W; b] for inputs with a 1 appended: (T, K, m + 1) -> (T, K, n)."""
        return product(a, self.W, out)

    def along(self, a_dot):
        """ȧ W: the 1 does not move, (T, K, m) -> (T, K, n)."""
        return product(a_dot, self.W[..., :-1, :])

    def back(self, d):
        """d Wᵀ: nothing passes back to the 1, (T, K, n) -> (T, K, m)."""
        if d.shape[-1] == 1:
            return d * self.to_inputs  # an outer product: 6 µs by broadcasting, 14 by matmul
        return product(d, self.to_inputs)


class SharedLayer(Layer):
    """[W; b] (m + 1, n), the same for all tasks, whose rows are multiplied in one product: 9 µs, one by one 12."""

    def __init__(self, W):
        self.W, self.to_inputs = W, np.ascontiguousarray(W[:-1].T)  # Wᵀ, (n, m): a copy halves blocks' time

    def forward(self, a, out=None):
        """As above."""
        if out is not None:
            out = out.reshape(-1, out.shape[-1])  # (T K, n), a view
        return product(a.reshape(-1, a.shape[-1]), self.W, out).reshape(a.shape[:-1] + (-1,))

    def along(self, a_dot):
        """As above."""
        return product(a_dot.reshape(-1, a_dot.shape[-1]), self.W[:-1]).reshape(a_dot.shape[:-1] + (-1,))

    def back(self, d):
        """As above."""
        if d.shape[-1] == 1:
            return d * self.to_inputs
        return product(d.reshape(-1, d.shape[-1]), self.to_inputs).reshape(d.shape[:-1] + (-1,))


def back_together(W, d, V, e):
    """d Wᵀ + e Vᵀ, (T, K, m), for two layers; with one output, as one product: 7 µs instead of 14."""
    if d.shape[-1] > 1:
        total = W.back(d)  # (T, K, m)
        total += V.back(e)
        return total
    errors = np.empty(d.shape[:-1] + (2,), d.dtype)  # (T, K, 2)
    errors[..., :1], errors[..., 1:] = d, e
    weights = np.empty((len(d), 2, W.to_inputs.shape[-1]), d.dtype)  # (T, 2, m)
    weights[:, :1], weights[:, 1:] = W.to_inputs, V.to_inputs
    return product(errors, weights)


def layers(model, theta):
    """[None, Layer, ...], numbered as in the equations, for theta (P,) or (T, P)."""
    kind = SharedLayer if theta.ndim == 1 else Layer
    return [None] + [kind(W) for W in matrices(model, theta)]


def matrices(model, theta):
    """Views [[W_1; b_1], [W_2; b_2], ...] into theta (..., P), each (..., n_{l-1} + 1, n_l)."""
    return [theta[..., part].reshape(theta.shape[:-1] + shape) for part, shape in model.joined_blocks]


def transposed(a):
    """aᵀ, (..., m, n) -> (..., n, m), a view."""
    return a.swapaxes(-1, -2)


def sum_of_products(a, d, out=None):
    """Σ_tasks aᵀ d, (m, n), for a (T, K, m) and d (T, K, n): all tasks at once."""
    return product(a.reshape(-1, a.shape[-1]).T, d.reshape(-1, d.shape[-1]), out)
