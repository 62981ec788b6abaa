"""Initial parameters: weights drawn at random by one of four schemes.

For a weight matrix of n_in inputs and n_out outputs:

    "he"                N(0, 2 / n_in), biases 0: for ReLU
    "xavier"            N(0, 2 / (n_in + n_out)), biases 0: for tanh
    "truncated_normal"  N(0, 0.01²) redrawn beyond two standard deviations, biases 0
    "uniform"           U(±1/√n_in), weights and biases

References: He et al. 2015; Glorot & Bengio 2010, Eq. 16 (their variance, drawn normal where they
draw uniform); the reference code of Finn et al. 2017, which truncates; PyTorch's linear layer,
which is uniform, and so the sine demonstration of Reptile.
"""

import numpy as np

from . import arguments


def _he(rng, shape, n_in, n_out):
    return rng.standard_normal(shape) * np.sqrt(2.0 / n_in)


def _xavier(rng, shape, n_in, n_out):
    return rng.standard_normal(shape) * np.sqrt(2.0 / (n_in + n_out))


def _truncated_normal(rng, shape, n_in, n_out):
    draws = rng.standard_normal(shape)
    while (far := np.abs(draws) > 2).any():
        draws[far] = rng.standard_normal(np.count_nonzero(far))
    return 0.01 * draws


def _uniform(rng, shape, n_in, n_out):
    return rng.uniform(-1, 1, shape) / np.sqrt(n_in)


SCHEMES = {"he": _he, "xavier": _xavier, "truncated_normal": _truncated_normal,
           "uniform": _uniform}


def initial(layout, rng, dtype, scheme):
    """Draw θ (P,) for a Layout: weights are the blocks with two axes, biases those with one.

    dtype is float64 or float32; the same numbers are drawn for both.  Raises TypeError or
    ValueError for another rng, dtype or scheme.
    """
    arguments.generator("rng", rng)
    try:
        found = dtype = np.dtype(dtype)
    except (TypeError, ValueError):
        found = None
    if found is None or found.kind != "f":
        raise TypeError(f"dtype is {dtype}; "
                        f"expected a real floating-point type, such as np.float64")
    if not isinstance(scheme, str) or scheme not in SCHEMES:
        raise ValueError(f"scheme is {arguments.shown(scheme)}; expected one of {sorted(SCHEMES)}")
    theta = np.zeros(layout.size)
    for shape, block in zip(layout.shapes, layout.unflatten(theta)):
        is_weight = len(shape) == 2
        if is_weight:
            n_in, n_out = shape
        if is_weight or scheme == "uniform":
            block[...] = SCHEMES[scheme](rng, shape, n_in, n_out)
    return theta.astype(dtype)
