"""Matrix products that are never large enough to start threads.

NumPy's matrix library, mostly OpenBLAS, spreads a product over threads when it is large.  At the
sizes of meta-learning that gains little, and when the machine has other work it loses everything:
a thread that waits for its turn holds up all the others.  Measured on two cores with two busy
processes beside it, one meta-gradient of 25 tasks, MLP 1-100-100-1, took up to 240 ms with threads
and 1 ms without.

No setting is changed, which would be the caller's business.  OpenBLAS looks at the number of
multiplications alone: a product of two matrices with fewer than 2·2¹⁸, or of a matrix and a vector
with fewer than 460,800, stays in the calling thread; with NumPy 1, 2¹⁸ and 9,216 (measured with
NumPy 1.24, 1.26, 2.0 to 2.4).  So `product` works in pieces that stay below.  OpenBLAS copies the
factors of every product into an order of its own first: a few rows with the whole of b would copy
all of b for little work, while forty rows with as many of b's rows as the bound allows take 1.1 to
1.3 times as long as one product on one core.  That is the price of never waiting.  It is not paid
where the library may have one thread only, by OPENBLAS_NUM_THREADS=1 or on one core.
"""

import numpy as np

from ..core.side_by_side import threads


def bounds(n_threads, numpy_version):
    """The most multiplications in one product of two matrices, and of a matrix and a vector."""
    if n_threads == 1:
        return float("inf"), float("inf")
    return (260_000, 9_000) if numpy_version.startswith("1.") else (450_000, 450_000)


LARGEST, LARGEST_VECTOR = bounds(threads(), np.__version__)
ROWS, COLUMNS = 40, 300  # of a piece: so many rows where the sums can be cut instead, and columns


def product(a, b, out=None):
    """a b, (..., M, m) and (..., m, n) -> (..., M, n), in pieces that start no threads."""
    if a.size * b.shape[-1] <= LARGEST_VECTOR:  # all tasks together
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
    in_pieces(a[..., :whole, :], b, out[..., :whole, :], rows, terms, columns)
    if whole < M:
        in_pieces(a[..., whole:, :], b, out[..., whole:, :], M - whole, terms, columns)
    return out


def in_pieces(a, b, out, rows, terms, columns):
    """out = a b in equal pieces of so many rows, sums of so many terms, and so many columns."""
    shape = a.shape[:-2] + (-1, rows)
    a, out = a.reshape(shape + a.shape[-1:]), out.reshape(shape + out.shape[-1:])  # views
    b = b[..., np.newaxis, :, :]
    for j in range(0, b.shape[-1], columns):
        b_part, out_part = b[..., j:j + columns], out[..., j:j + columns]
        np.matmul(a[..., :terms], b_part[..., :terms, :], out_part)
        for k in range(terms, a.shape[-1], terms):
            out_part += np.matmul(a[..., k:k + terms], b_part[..., k:k + terms, :])


def even(n, most):
    """The size of parts of n, as few as `most` at most in each allows; the last may be smaller."""
    return -(-n // -(-n // max(1, most)))


def times_transposed(d, W_transposed):
    """d Wᵀ, (..., K, n) and (..., n, m) -> (..., K, m)."""
    if d.shape[-1] == 1:
        return d * W_transposed  # an outer product: sooner by broadcasting
    return product(d, W_transposed)


def for_rows(n_rows, largest):
    """What multiplies so many rows with matrices of at most `largest` entries: (dot, matmul)."""
    if n_rows * largest <= LARGEST_VECTOR:
        return np.dot, np.matmul
    return product, product
