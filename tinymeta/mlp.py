"""The multilayer perceptron: backpropagation and Hessian times vector, derived by hand.

Layers l = 1 ... N with weights W_l (H_{l-1}, H_l) and biases b_l (H_l,); a_0 = x; K examples as rows.

Forward pass:

    [MLP.1]  z_l = a_{l-1} W_l + b_l                    (K, H_l)
    [MLP.2]  a_l = φ(z_l),  l < N;   f = z_N            the last layer is linear

Backward pass, with δ_l = ∂L/∂z_l:

    [MLP.3]  δ_N = ∂L/∂f                                (K, D_out)
    [MLP.4]  δ_l = (δ_{l+1} W_{l+1}ᵀ) ⊙ φ'(z_l)         (K, H_l)
    [MLP.5]  ∂L/∂W_l = a_{l-1}ᵀ δ_l                     (H_{l-1}, H_l)
    [MLP.6]  ∂L/∂b_l = 1ᵀ δ_l                           (H_l,)

Hessian times vector (Pearlmutter 1994, "Fast Exact Multiplication by the Hessian", Sec. 3).  Let
θ move along v = (V_1, c_1, V_2, c_2, ...) and write ẋ for the derivative of x at θ + r v in r, at
r = 0 (his R{x}).  The product rule on each line above gives one line below; ẋ = 0 for the input:

    [HVP.1]  ż_l = ȧ_{l-1} W_l + a_{l-1} V_l + c_l
    [HVP.2]  ȧ_l = φ'(z_l) ⊙ ż_l
    [HVP.3]  δ̇_N = (∂²L/∂f²) ḟ,   ḟ = ż_N
    [HVP.4]  δ̇_l = (δ̇_{l+1} W_{l+1}ᵀ + δ_{l+1} V_{l+1}ᵀ) ⊙ φ'(z_l) + (δ_{l+1} W_{l+1}ᵀ) ⊙ φ''(z_l) ⊙ ż_l
    [HVP.5]  (H v)_{W_l} = ȧ_{l-1}ᵀ δ_l + a_{l-1}ᵀ δ̇_l
    [HVP.6]  (H v)_{b_l} = 1ᵀ δ̇_l

The Hessian itself, (P, P), is never formed: H v costs about as much as two gradients.
"""

from functools import cached_property

import numpy as np

from . import checks
from .activations import activation_named
from .losses import check_loss, squared_error
from .model import Model


class MLP(Model):
    """A multilayer perceptron of any depth and widths with a linear last layer.

    widths: [D_in, H_1, ..., D_out].  activation: "relu", "tanh" or an Activation.  loss: how
    predictions are scored.  θ is W1 (D_in, H_1) row by row, b1, W2, b2, ...

    Raises TypeError or ValueError for widths that cannot be and for an unknown activation.
    """

    def __init__(self, widths, activation="relu", loss=squared_error):
        if np.ndim(widths) != 1 or len(widths) < 2:
            raise ValueError(f"widths is {widths!r}; expected a list of at least two, [D_in, H_1, ..., D_out]")
        self.widths = [checks.whole_number(f"widths[{i}]", w, minimum=1) for i, w in enumerate(widths)]
        blocks = []
        for l, (n_in, n_out) in enumerate(zip(self.widths, self.widths[1:]), start=1):
            blocks += [(f"W{l}", (n_in, n_out)), (f"b{l}", (n_out,))]
        self.activation, self.loss_function = activation_named(activation), check_loss(loss)
        super().__init__(self.widths[0], self.widths[-1], blocks, default_init=self.activation.init)

    def layers(self, theta):
        """The views [(W_1, b_1), ...] into theta, with W_l (..., H_{l-1}, H_l) and b_l (..., 1, H_l)."""
        parts = self.unflatten(theta)
        return [(W, b[..., np.newaxis, :]) for W, b in zip(parts[::2], parts[1::2])]

    def predict_unchecked(self, theta, x):
        *hidden, (W, b) = self.layers(theta)
        a = x  # (..., K, D_in)
        for W_l, b_l in hidden:
            a = self.activation.value(a @ W_l + b_l)  # (..., K, H_l)  [MLP.1] [MLP.2]
        return a @ W + b  # (..., K, D_out)

    def at(self, theta, x, y):
        """The pass at θ, for arguments that `check` has seen: an object with loss(), gradient(), hvp(v)."""
        return _MLPPass(self, theta, x, y)


class _MLPPass:
    """The network at one θ: what the forward and the backward pass computed, remembered.

    Lists are indexed by layer from 0: W[i], z[i], delta[i] belong to layer l = i + 1 of the
    equations, and a[i] is its input, a_{l-1}.
    """

    def __init__(self, model, theta, x, y):
        self.model, self.y, phi = model, y, model.activation
        self.W = [W for W, _ in model.layers(theta)]  # (..., H_{l-1}, H_l)
        self.a, self.z, self.slope = [x], [], []
        for i, (W, b) in enumerate(model.layers(theta)):
            z = self.a[i] @ W + b  # (..., K, H_l)  [MLP.1]
            if i + 1 < len(self.W):
                a = phi.value(z)  # (..., K, H_l)  [MLP.2]
                self.z.append(z)
                self.a.append(a)
                self.slope.append(phi.derivative(z, a))  # φ'(z_l), (..., K, H_l)
        self.f = z  # (..., K, D_out)

    def loss(self):
        return self.model.loss_function.value(self.f, self.y)

    @cached_property
    def backward(self):
        """The lists delta, δ_l for each layer, and back, δ_{l+1} W_{l+1}ᵀ for each hidden layer."""
        delta, back = [self.model.loss_function.gradient(self.f, self.y)], []  # (..., K, D_out)  [MLP.3]
        for W, slope in zip(self.W[:0:-1], self.slope[::-1]):
            back.insert(0, delta[0] @ W.swapaxes(-1, -2))  # (..., K, H_l)
            delta.insert(0, back[0] * slope)  # (..., K, H_l)  [MLP.4]
        return delta, back

    def gradient(self):
        delta, _ = self.backward
        blocks = []
        for a, d in zip(self.a, delta):
            blocks += [_outer(a, d),  # (..., H_{l-1}, H_l)  [MLP.5]
                       d.sum(axis=-2)]  # (..., H_l)  [MLP.6]
        return _flatten(blocks)  # (..., P)

    def hvp(self, v):
        phi, (delta, back) = self.model.activation, self.backward
        directions = self.model.layers(v)  # V_l (..., H_{l-1}, H_l), c_l (..., 1, H_l)
        a_dot, z_dot = [None], []  # the input does not move
        for i, (W, (V, c)) in enumerate(zip(self.W, directions)):
            z_dot.append(self.a[i] @ V + c if i == 0
                         else a_dot[i] @ W + self.a[i] @ V + c)  # (..., K, H_l)  [HVP.1]
            if i + 1 < len(self.W):
                a_dot.append(self.slope[i] * z_dot[i])  # (..., K, H_l)  [HVP.2]
        delta_dot = self.model.loss_function.curvature(self.f, self.y, z_dot[-1])  # (..., K, D_out)  [HVP.3]
        blocks = []
        for i in reversed(range(len(self.W))):
            block = _outer(self.a[i], delta_dot)  # (..., H_{l-1}, H_l)
            if i > 0:
                block = block + _outer(a_dot[i], delta[i])  # [HVP.5]
            blocks = [block, delta_dot.sum(axis=-2)] + blocks  # [HVP.6]
            if i > 0:
                V, _ = directions[i]
                moved = delta_dot @ self.W[i].swapaxes(-1, -2) + delta[i] @ V.swapaxes(-1, -2)
                delta_dot = moved * self.slope[i - 1]  # (..., K, H_l)  [HVP.4], the first term
                if phi.second_derivative is not None:
                    bend = phi.second_derivative(self.z[i - 1], self.a[i], self.slope[i - 1])
                    delta_dot = delta_dot + back[i - 1] * bend * z_dot[i - 1]  # [HVP.4], the φ'' term
        return _flatten(blocks)  # (..., P)


def _outer(a, d):
    """aᵀ d: the sum over examples of outer products, (..., K, M) and (..., K, N) -> (..., M, N)."""
    return a.swapaxes(-1, -2) @ d


def _flatten(blocks):
    """Weights (..., M, N) and biases (..., N) by turns -> one flat vector (..., P), leading axes broadcast."""
    rows = []
    for W, b in zip(blocks[::2], blocks[1::2]):
        rows += [W.reshape(W.shape[:-2] + (-1,)), b]
    leading = np.broadcast_shapes(*(row.shape[:-1] for row in rows))
    return np.concatenate([np.broadcast_to(row, leading + row.shape[-1:]) for row in rows], axis=-1)
