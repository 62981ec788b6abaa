"""Linear regression by hand: f(x) = F W + b, where F holds the features of the examples as rows.

With squared error and δ = ∂L/∂f = 2/(K D_out) (f - y), the chain rule gives, for one task,

    [LIN.1]  f        = F W + b              (K, D_out), F (K, M), W (M, D_out), b (D_out,)
    [LIN.2]  ∂L/∂W    = Fᵀ δ,  ∂L/∂b = 1ᵀ δ  θ enters through f alone: W by F, b by a column of ones

and the Hessian times a direction v = (V, c), by differentiating [LIN.1] and [LIN.2] along it:

    [LIN.3]  ḟ        = F V + c              the change of the prediction along v
    [LIN.4]  H v      = (Fᵀ δ̇, 1ᵀ δ̇)        with δ̇ = (∂²L/∂f²) ḟ

For squared error, H has one block 2/(K D_out) [F 1]ᵀ[F 1] for each output: it does not depend on θ.
"""

import numpy as np

from ..core import arguments
from ..core.arguments import size
from ..core.setting import in_layout
from ..core.losses import check_loss, loss_setting, squared_error
from ..core.model import Model


def sine_features(x):
    """x (..., K, 1) -> (sin x, cos x), shape (..., K, 2): A sin(x - ψ) is linear in these two.

    A sin(x - ψ) = (A cos ψ) sin x - (A sin ψ) cos x, so two generic points determine the wave.
    """
    x = arguments.numbers("x", x)
    arguments.shape("x", x, (..., "K", "D_in"))
    return np.concatenate([np.sin(x), np.cos(x)], axis=-1)


def _as_it_is(x):
    return x


def _checked_features(name, features):
    if features is not None and not callable(features):
        raise TypeError(f"{name} is {arguments.shown(features)}; expected a function of x, or None")
    return _as_it_is if features is None else arguments.function(name, features, "x")


class Linear(Model):
    """Linear regression on x, or on features of x.

    d_in, d_out: D_in and D_out.  features: a function of x (..., K, D_in) that returns
    (..., K, M), for example tm.sine_features; None is x itself.  bias: False leaves b out.
    loss: how predictions are scored.  θ is W1 (M, D_out) row by row, then b1.

    Raises TypeError or ValueError for wrong sizes and for features of the wrong shape.
    """

    d_in, d_out, loss_function = in_layout(size), in_layout(size), loss_setting()
    features, bias = in_layout(_checked_features), in_layout(arguments.flag)

    def __init__(self, d_in, d_out, features=None, bias=True, loss=squared_error):
        self.d_in, self.d_out, self.features, self.bias = d_in, d_out, features, bias
        self.loss_function = check_loss(loss, d_out=self.d_out)
        with np.errstate(all="ignore"):  # features may not be defined at 0
            example = self.features(np.zeros((1, self.d_in)))
        example = arguments.numbers("features(x)", example)
        arguments.shape("features(x)", example, (1, "M"), f" for x of shape (1, {d_in})")
        blocks = [("W1", (example.shape[1], self.d_out))]
        if self.bias:
            blocks.append(("b1", (self.d_out,)))
        super().__init__(self.d_in, self.d_out, blocks, default_init="xavier")

    def design(self, x):
        """F (..., K, M), the features of x; one's own may change their argument, or lose an axis.

        Raises TypeError or ValueError for what is no such array.
        """
        F = arguments.numbers("features(x)", self.features(x.copy()))
        expected = (*x.shape[:-1], self.blocks[0][1][0])
        arguments.shape("features(x)", F, expected, f" for x of shape {x.shape}")
        return arguments.all_finite("features(x)", F)

    def split(self, theta):
        """The views W (..., M, D_out) and b (..., 1, D_out), or 0 without a bias."""
        W, *b = self.unflatten(theta)
        return W, b[0][..., np.newaxis, :] if b else 0.0

    def at(self, theta, x, y):
        """The pass at θ, with .f, .loss(), .gradient() and .hvp(v); arguments are not checked."""
        return LinearPass(self, theta, x, y)


class LinearPass:
    """Linear regression at one θ: f and δ, remembered."""

    def __init__(self, model, theta, x, y):
        self.model, self.y = model, y
        self.F = model.design(x)  # (..., K, M)
        W, b = model.split(theta)
        self.f = self.F @ W + b  # (..., K, D_out)  [LIN.1]

    def loss(self):
        """L (...)."""
        return self.model.loss_function.value(self.f, self.y)

    def gradient(self):
        """g, (..., P)."""
        delta = self.model.loss_function.gradient(self.f, self.y)  # (..., K, D_out)
        return self.pullback(delta)  # [LIN.2]

    def hvp(self, v):
        """H v for v (..., P), (..., P)."""
        V, c = self.model.split(v)
        f_dot = self.F @ V + c  # (..., K, D_out)  [LIN.3]
        delta_dot = self.model.loss_function.curvature(self.f, self.y, f_dot)  # (..., K, D_out)
        return self.pullback(delta_dot)  # [LIN.4]

    def pullback(self, delta):
        """(∂f/∂θ)ᵀ δ = (Fᵀ δ, 1ᵀ δ), (..., P), for errors δ at the predictions, (..., K, D_out)."""
        blocks = [self.F.swapaxes(-1, -2) @ delta]  # (..., M, D_out)
        if self.model.bias:
            blocks.append(delta.sum(axis=-2))  # (..., D_out)
        return self.model.layout.flatten(blocks)  # (..., P)


def least_squares(model, x, y):
    """The θ (..., P) that minimises a Linear model's squared error on a data set.

    x (..., K, D_in), y (..., K, D_out).  Solved in closed form, θ = [F 1]⁺ y with the
    pseudo-inverse: the θ of least norm where fewer than M + 1 examples leave it open.  On
    tm.sine_features this is the floor for sinusoids: no learning at all, only knowing what to
    look for.

    Raises TypeError unless model is Linear, and otherwise as Model.check does.
    """
    if not isinstance(model, Linear):
        raise TypeError(f"model is {arguments.shown(model)}; "
                        "expected a Linear model, which has a closed form")
    x, y = arguments.floating("x", x), arguments.floating("y", y)
    zero = np.zeros(model.n_params, dtype=np.result_type(x, y))
    _, x, y, _ = model.check(zero, x, y)
    F = model.design(x)  # (..., K, M)
    if model.bias:
        F = np.concatenate([F, np.ones_like(F[..., :1])], axis=-1)  # (..., K, M + 1)
    if F.dtype.char not in "fdFD":  # half and long precision are not in np.linalg
        F = F.astype(np.complex128 if F.dtype.kind == "c" else np.float64)
    solution = np.linalg.pinv(F) @ y  # (..., M (+ 1), D_out): W row by row, then b, as in θ
    return solution.reshape(solution.shape[:-2] + (-1,)).astype(zero.dtype, copy=False)
