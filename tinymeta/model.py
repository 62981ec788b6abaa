"""What a model is: a loss L(θ) on a data set, its gradient g(θ), and Hessian-vector products H(θ) v.

All parameters are ONE flat vector θ of shape (P,), or (..., P) when each task has its own, so
that code can be the equations: `theta - alpha * g`, `v - alpha * Hv`.  Only the model unflattens
θ, into views.  Everything broadcasts over leading axes: θ (P,) or (T, P) with x (T, K, D_in).

One forward pass serves the loss, the gradient and any number of Hessian-vector products.  So a
model offers `at(theta, x, y)`: the pass at θ, remembered, with

    .loss()     L(θ)       shape (...)
    .gradient() g(θ)       shape (..., P)
    .hvp(v)     H(θ) v     shape (..., P)

Any object with the methods loss(theta, x, y), gradient(theta, x, y) and hvp(theta, x, y, v) is a
model too: `pass_at` wraps it.  The meta-learning methods never look inside one.
"""

import numpy as np

from . import arguments


class Model:
    """The part that models share: the layout of θ, its initialisation, and checked public functions.

    blocks: the parts of θ in order, [(name, shape)], such as [("W1", (1, 40)), ("b1", (40,)), ...].
    Subclasses define `at(theta, x, y)`, whose result also has the predictions `.f`, (..., K, D_out).
    """

    def __init__(self, d_in, d_out, blocks, default_init):
        self.d_in, self.d_out, self.blocks, self.default_init = d_in, d_out, blocks, default_init
        ends = np.cumsum([int(np.prod(shape)) for _, shape in blocks])
        self.slices = [slice(int(end - np.prod(shape)), int(end)) for end, (_, shape) in zip(ends, blocks)]
        self.n_params = int(ends[-1])
        layout = " × ".join(f"{name} {shape}" for name, shape in blocks)
        self.because = f": P = {self.n_params} parameters, {layout}"  # ends the message about a wrong θ

    def unflatten(self, theta):
        """Views into theta (..., P), one a block: shapes (..., *block shape)."""
        return [theta[..., part].reshape(theta.shape[:-1] + shape)
                for part, (_, shape) in zip(self.slices, self.blocks)]

    def init(self, rng, dtype=np.float64, scheme=None):
        """Draw initial parameters θ, shape (P,).

        scheme, for a weight matrix of n_in inputs and n_out outputs:
          "he"                N(0, 2 / n_in), biases 0 (He et al. 2015): for ReLU
          "xavier"            N(0, 2 / (n_in + n_out)), biases 0: for tanh (Glorot & Bengio 2010,
                              Eq. 16: their variance, drawn normal where they draw uniform)
          "truncated_normal"  N(0, 0.01²) redrawn beyond two standard deviations, biases 0: the
                              reference code of Finn et al. 2017
          "uniform"           U(±1/√n_in), weights and biases: PyTorch's linear layer, and so the
                              sine demonstration of Reptile
        None takes the one that fits the model.  dtype is float64 or float32; the same numbers are
        drawn for both.  Raises TypeError or ValueError for anything else.
        """
        arguments.generator("rng", rng)
        dtype = np.dtype(dtype)
        if dtype.kind != "f":
            raise TypeError(f"dtype is {dtype}; expected a real floating-point type, such as np.float64")
        draw = {"he": _he, "xavier": _xavier, "truncated_normal": _truncated_normal, "uniform": _uniform}
        scheme = self.default_init if scheme is None else scheme
        if scheme not in draw:
            raise ValueError(f"scheme is {scheme!r}; expected one of {sorted(draw)}")
        theta = np.zeros(self.n_params)
        for (name, shape), block in zip(self.blocks, self.unflatten(theta)):
            if name.startswith("W"):
                n_in, n_out = shape
            if name.startswith("W") or scheme == "uniform":
                block[...] = draw[scheme](rng, shape, n_in, n_out)
        return theta.astype(dtype)

    def check(self, theta, x, y=None, v=None):
        """Return theta, x, y and v as arrays of one precision, θ's; raise where they do not fit.

        Raises TypeError for integer arrays, and ValueError, which names the argument with its
        shape and the shape expected, for a wrong shape and for NaN in the data.
        """
        theta = arguments.floating("theta", theta, finite=False)
        arguments.shape("theta", theta, (..., self.n_params), self.because)
        x = arguments.floating("x", as_precision_of(theta, arguments.floating("x", x, finite=False)))
        arguments.shape("x", x, (..., "K", self.d_in))
        leading = {"theta": theta.shape[:-1], "x": x.shape[:-2]}
        if y is not None:
            y = arguments.floating("y", as_precision_of(theta, arguments.floating("y", y, finite=False)))
            if y.shape != x.shape[:-1] + (self.d_out,):
                raise ValueError(f"y has shape {y.shape}; expected {x.shape[:-1] + (self.d_out,)}, "
                                 f"to go with x of shape {x.shape}")
        if v is not None:
            v = as_precision_of(theta, arguments.floating("v", v, finite=False))
            arguments.shape("v", v, (..., self.n_params), self.because)
            leading["v"] = v.shape[:-1]
        axes = [a for a in leading.values() if a]
        try:
            if 0 in (axes[0] if len(axes) == 1 else np.broadcast_shapes(*axes)):
                raise ValueError
        except ValueError:
            found = ", ".join(f"{name} {shape}" for name, shape in leading.items())
            raise ValueError(f"theta has leading axes that do not fit the others: {found}; "
                             f"expected axes that broadcast, such as () or (T,), and no empty one") from None
        return theta, x, y, v

    def predict(self, theta, x):
        """f(x; θ): theta (..., P) and x (..., K, D_in) give (..., K, D_out).  Raises as `check` does."""
        theta, x, _, _ = self.check(theta, x)
        return self.at(theta, x, None).f

    def loss(self, theta, x, y):
        """L(θ): the mean over examples and outputs; one number a leading index.  Raises as `check` does."""
        theta, x, y, _ = self.check(theta, x, y)
        return self.at(theta, x, y).loss()

    def gradient(self, theta, x, y):
        """g(θ) = ∂L/∂θ, shape (..., P).  Raises as `check` does."""
        theta, x, y, _ = self.check(theta, x, y)
        return self.at(theta, x, y).gradient()

    def hvp(self, theta, x, y, v):
        """H(θ) v for directions v (..., P), shape (..., P); H is never formed.  Raises as `check` does."""
        theta, x, y, v = self.check(theta, x, y, v)
        product = self.at(theta, x, y).hvp(v)
        leading = np.broadcast_shapes(theta.shape[:-1], product.shape[:-1])  # where H does not depend on θ
        if product.shape[:-1] != leading:
            product = np.broadcast_to(product, leading + product.shape[-1:]).copy()
        return product


class _Pass:
    """The pass at θ of a model that offers only loss, gradient and hvp: nothing is remembered but the point."""

    def __init__(self, model, theta, x, y):
        self.model, self.point = model, (theta, x, y)

    def loss(self):
        """L (...)."""
        return self.model.loss(*self.point)

    def gradient(self):
        """g, (..., P).  Raises ValueError when the model returns another shape."""
        return self._checked("gradient(theta, x, y)", self.model.gradient(*self.point))

    def hvp(self, v):
        """H v for v (..., P), (..., P).  Raises as gradient."""
        return self._checked("hvp(theta, x, y, v)", self.model.hvp(*self.point, v))

    def _checked(self, name, vectors):
        arguments.shape(f"the model's {name}", np.asarray(vectors), (..., self.point[0].shape[-1]))
        return vectors


def checked(model, theta, x, y):
    """theta, x and y as arrays of θ's precision, checked by the model's own `check` where it has one."""
    if hasattr(model, "check"):
        return model.check(theta, x, y)[:3]
    theta = arguments.floating("theta", theta, finite=False)
    arguments.shape("theta", theta, (..., "P"))
    x, y = arguments.floating("x", x), arguments.floating("y", y)
    arguments.shape("x", x, (..., "K", "D_in"))
    arguments.shape("y", y, (..., "K", "D_out"))
    return theta, as_precision_of(theta, x), as_precision_of(theta, y)


def pass_at(model, theta, x, y):
    """The model's pass at θ: model.fast_at or model.at, else its loss, gradient and hvp, bound to the point."""
    at = getattr(model, "fast_at", None) or getattr(model, "at", None)
    return at(theta, x, y) if at else _Pass(model, theta, x, y)


def as_precision_of(theta, array):
    """The array in θ's precision: single beside a float32 or complex64 θ, else double; complex stays complex."""
    real = theta.real.dtype
    if array.dtype == real:
        return array
    dtype = np.result_type(real, np.complex64) if array.dtype.kind == "c" else real
    with np.errstate(over="ignore"):  # too large for single precision: infinite, which checks report
        return array.astype(dtype, copy=False)


def _he(rng, shape, n_in, n_out):
    return rng.standard_normal(shape) * np.sqrt(2.0 / n_in)


def _xavier(rng, shape, n_in, n_out):
    return rng.standard_normal(shape) * np.sqrt(2.0 / (n_in + n_out))


def _truncated_normal(rng, shape, n_in, n_out, std=0.01):
    draws = rng.standard_normal(shape)
    while (far := np.abs(draws) > 2).any():
        draws[far] = rng.standard_normal(np.count_nonzero(far))
    return std * draws


def _uniform(rng, shape, n_in, n_out):
    return rng.uniform(-1, 1, shape) / np.sqrt(n_in)
