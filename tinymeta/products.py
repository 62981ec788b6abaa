"""Matrix products for the two fast files: large ones in one piece, but never large enough to start threads.

NumPy's matrix library, mostly OpenBLAS, spreads a product over threads when it is large.  At the sizes of
meta-learning that gains little, and when the machine has other work it loses everything: a thread that
waits for its turn holds up all the others.  Measured on two cores with two busy processes beside it, one
meta-gradient of 25 tasks, MLP 1-100-100-1, took up to 240 ms with threads and 1 ms without.

No setting is changed, which would be the caller's business.  OpenBLAS looks at the number of
multiplications alone: a matrix product of fewer than 2·2¹⁸, or a matrix-vector product of fewer than
460,800, stays in the calling thread; with NumPy 1, 2¹⁸ and 9,216 (measured with NumPy 1.24, 1.26, 2.0 to 2.4).
So `product` works in pieces that stay below.  OpenBLAS copies the factors of every product into an order of
its own first.  A few rows with the whole of b would copy all of b for little work; forty rows with as many
of b's rows as the bound allows take 1.1 to 1.3 times as long as one product on one core (few rows 2.4 times,
with 250 rows and 200 × 200 weights).  That is the price of never waiting.  Whoever lets the library have
one thread only, by OPENBLAS_NUM_THREADS=1 or on a machine with one core, does not pay it.
"""

import os

import numpy as np


def threads():
    """How many threads OpenBLAS may use at most, as NumPy was told when it was imported."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for name in ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"):
        if os.environ.get(name, "").isdecimal() and int(os.environ[name]) > 0:
            return min(cores, int(os.environ[name]))
    return cores


def bounds(threads, numpy_version):
    """The multiplications in one product of two matrices at most, and in one of a matrix and a vector."""
    if threads == 1:
        return float("inf"), float("inf")
    return (260_000, 9_000) if numpy_version.startswith("1.") else (450_000, 450_000)


LARGEST, LARGEST_VECTOR = bounds(threads(), np.__version__)
ROWS, COLUMNS = 40, 300  # of a piece: this many rows where the sums can be cut instead, and columns at most


def product(a, b, out=None):
    """a b, (..., M, m) and (..., m, n) -> (..., M, n), in pieces that start no threads."""
    if a.size * b.shape[-1] <= LARGEST_VECTOR:  # all tasks together
        if a.ndim == 2 and out is None:
            return np.dot(a, b)  # for two matrices the same, 0.3 µs sooner
        return np.matmul(a, b, out)
    M, (m, n) = a.shape[-2], b.shape[-2:]
    largest = LARGEST_VECTOR if 1 in (M, n) else LARGEST
    if M * m * n <= largest:
        return np.matmul(a, b, out)
    if out is None:
        out = np.empty(a.shape[:-1] + (n,), np.result_type(a, b))  # (..., M, n)
    columns = even(n, COLUMNS)
    terms = even(m, largest // (min(ROWS, M) * columns))
    rows = even(M, largest // (terms * columns))
    whole = M // rows * rows
    for part, height in ((slice(whole), rows), (slice(whole, M), M - whole)):  # equal pieces, then the rest
        if height == 0:
            continue
        a_pieces, out_pieces = (in_pieces(array[..., part, :], height) for array in (a, out))
        for j in range(0, n, columns):
            b_part, out_part = b[..., np.newaxis, :, j:j + columns], out_pieces[..., j:j + columns]
            np.matmul(a_pieces[..., :terms], b_part[..., :terms, :], out_part)
            for k in range(terms, m, terms):
                out_part += np.matmul(a_pieces[..., k:k + terms], b_part[..., k:k + terms, :])
    return out


def in_pieces(array, rows):
    """(..., M, n) -> (..., M / rows, rows, n), a view: one call of matmul for them all."""
    return array.reshape(array.shape[:-2] + (-1, rows, array.shape[-1]))


def even(n, most):
    """The size of parts of n, as few as `most` at most in each allows; the last may be smaller."""
    return -(-n // -(-n // max(1, most)))


def times_transposed(d, W_transposed):
    """d Wᵀ, (..., K, n) and (..., n, m) -> (..., K, m)."""
    if d.shape[-1] == 1:
        return d * W_transposed  # an outer product: 4 µs by broadcasting, 11 by matmul
    return product(d, W_transposed)


def matrices(model, theta):
    """Views [[W_1; b_1], [W_2; b_2], ...] into theta (..., P), each (..., n_{l-1} + 1, n_l)."""
    return [theta[..., part].reshape(theta.shape[:-1] + shape) for part, shape in model.joined_blocks]


def transposed(a):
    """aᵀ, (..., m, n) -> (..., n, m), a view."""
    return a.swapaxes(-1, -2)
