"""The multilayer perceptron: backpropagation and Hessian times vector, derived by hand.

Layers l = 1 ... N have weights W_l (n_{l-1}, n_l) and biases b_l (n_l,); the K examples are rows;
a_0 = x.  L is one number for a data set, the mean over its examples.  A Loss knows three things
about f and y (K, D_out): value, L; gradient, ∂L/∂f; and curvature(f, y, u), (∂²L/∂f²) u, a linear
map of arrays (K, D_out).

Forward pass:

    [MLP.1]  z_l = a_{l-1} W_l + b_l                             (K, n_l)
    [MLP.2]  a_l = φ(z_l),  l < N;    f = z_N                    (K, n_l); the last layer is linear

Backward pass, the chain rule from the loss to the input, with δ_l = ∂L/∂z_l:

    [MLP.3]  δ_N = ∂L/∂f                                         (K, D_out)
    [MLP.4]  δ_l = (δ_{l+1} W_{l+1}ᵀ) ⊙ φ'(z_l),  l < N          (K, n_l)
    [MLP.5]  ∂L/∂W_l = a_{l-1}ᵀ δ_l                              (n_{l-1}, n_l)
    [MLP.6]  ∂L/∂b_l = 1ᵀ δ_l,  1 a column of K ones             (n_l,)

Hessian times vector.  Let θ move along v = (V_1, c_1, V_2, c_2, ...): every W_l becomes
W_l + r V_l, every b_l becomes b_l + r c_l.  For any quantity q above write q̇ for its derivative
dq/dr at r = 0.  Then Ẇ_l = V_l, ḃ_l = c_l, and ȧ_0 = 0, since the input does not move.  The
gradient g changes by ġ = H v: that is what the Hessian times a vector means.  So the product rule,
applied to each line of the gradient's computation, computes H v:

    [HVP.1]  ż_l = ȧ_{l-1} W_l + a_{l-1} V_l + c_l               (K, n_l)
    [HVP.2]  ȧ_l = φ'(z_l) ⊙ ż_l,  l < N;    ḟ = ż_N             (K, n_l)
    [HVP.3]  δ̇_N = (∂²L/∂f²) ḟ                                   (K, D_out)
    [HVP.4]  δ̇_l = (δ̇_{l+1} W_{l+1}ᵀ + δ_{l+1} V_{l+1}ᵀ) ⊙ φ'(z_l)
                   + (δ_{l+1} W_{l+1}ᵀ) ⊙ φ''(z_l) ⊙ ż_l,  l < N   (K, n_l)
    [HVP.5]  (H v)_{W_l} = ȧ_{l-1}ᵀ δ_l + a_{l-1}ᵀ δ̇_l           (n_{l-1}, n_l)
    [HVP.6]  (H v)_{b_l} = 1ᵀ δ̇_l                                (n_l,)

The Hessian itself, (P, P), is never formed: H v costs as much as one or two gradients.

All arrays may have leading axes for tasks.  With T = 3 tasks of K = 5 examples and widths 1-4-1:
x (3, 5, 1); W_1 (1, 4), shared, or (3, 1, 4), one for each task; z_1 and a_1 (3, 5, 4); f and δ_2
(3, 5, 1); δ_1 (3, 5, 4); ∂L/∂W_1 (3, 1, 4): the sum over examples is the product's, tasks stay.
So one θ (P,) for T tasks gives T gradients, (T, P).

Reference: Pearlmutter 1994, "Fast Exact Multiplication by the Hessian", Sec. 3 (the operator R{·},
here the dot) and 4.1 (networks).
"""

import copy
from functools import cached_property

import numpy as np

from ..core import arguments, setting
from ..core.activations import activation_named
from ..core.losses import check_loss, loss_setting, squared_error
from ..core.model import Model


def _checked_widths(name, widths):
    if arguments.as_array(name, widths).ndim != 1 or len(widths) < 2:
        raise ValueError(f"{name} is {arguments.shown(widths)}; "
                         f"expected a list of at least two, [D_in, n_1, ..., D_out]")
    return [arguments.whole_number(f"{name}[{i}]", width, minimum=1)
            for i, width in enumerate(widths)]


class MLP(Model):
    """A multilayer perceptron of any depth and widths with a linear last layer.

    widths: [D_in, n_1, ..., D_out].  activation: "relu", "tanh" or an Activation.  loss: how
    predictions are scored.  θ is W1 (D_in, n_1) row by row, b1, W2, b2, ...

    Raises TypeError or ValueError for widths that cannot be, an unknown activation or loss.
    """

    widths, loss_function = setting.Listed(setting.in_layout(_checked_widths).check), loss_setting()
    activation = setting.until("layout", lambda _, value: activation_named(value))

    def __init__(self, widths, activation="relu", loss=squared_error):
        self.widths = widths
        blocks = []
        for l, (n_in, n_out) in enumerate(zip(self.widths, self.widths[1:]), start=1):
            blocks += [(f"W{l}", (n_in, n_out)), (f"b{l}", (n_out,))]
        self.activation = activation
        self.loss_function = check_loss(loss, d_out=self.widths[-1])
        super().__init__(self.widths[0], self.widths[-1], blocks, self.activation.init)

    def without_last_layer(self):
        """The network up to z_{N-1}, with all else that a subclass has given it."""
        hidden = copy.copy(self)
        del hidden.layout
        MLP.__init__(hidden, self.widths[:-1], self.activation)
        return hidden

    def layers(self, theta):
        """Views into θ, numbered as in the equations: [None, (W_1, b_1), ..., (W_N, b_N)].

        W_l is (..., n_{l-1}, n_l), and b_l (..., 1, n_l), so that it adds to every example.
        """
        parts = self.unflatten(theta)
        return [None] + [(W, b[..., np.newaxis, :]) for W, b in zip(parts[::2], parts[1::2])]

    def at(self, theta, x, y):
        """The pass at θ, with .f, .loss(), .gradient() and .hvp(v); arguments are not checked."""
        return MLPPass(self, theta, x, y)


class MLPPass:
    """The network at one θ: what the forward and the backward pass computed, remembered.

    Lists are numbered by layer as in the equations; what does not exist there is None.
    """

    def __init__(self, model, theta, x, y):
        self.model, self.y, phi = model, y, model.activation
        self.layers, self.N = model.layers(theta), len(model.widths) - 1
        self.z, self.a, self.slope = [None], [x], [None]  # slope is φ'(z_l)
        for l in range(1, self.N + 1):
            W, b = self.layers[l]
            self.z.append(self.a[l - 1] @ W + b)  # (..., K, n_l)  [MLP.1]
            if l < self.N:
                self.a.append(phi.value(self.z[l]))  # (..., K, n_l)  [MLP.2]
                self.slope.append(phi.derivative(self.z[l], self.a[l]))  # (..., K, n_l)
        self.f = self.z[self.N]  # (..., K, D_out)

    def loss(self):
        """L (...)."""
        return self.model.loss_function.value(self.f, self.y)

    @cached_property
    def backward(self):
        """The lists delta and back of the loss."""
        return self.errors(self.model.loss_function.gradient(self.f, self.y))  # [MLP.3]

    def errors(self, delta_N):
        """The lists delta, δ_l, and back, δ_{l+1} W_{l+1}ᵀ, from δ_N (..., K, D_out)."""
        delta, back = [None] * self.N + [delta_N], [None] * self.N
        for l in reversed(range(1, self.N)):
            W, _ = self.layers[l + 1]
            back[l] = delta[l + 1] @ transposed(W)  # (..., K, n_l)
            delta[l] = back[l] * self.slope[l]  # (..., K, n_l)  [MLP.4]
        return delta, back

    def gradient(self):
        """g, (..., P)."""
        return self.back_to_theta(self.backward[0])

    def pullback(self, delta_N):
        """(∂f/∂θ)ᵀ δ_N, (..., P), for any error δ_N at the predictions, (..., K, D_out)."""
        return self.back_to_theta(self.errors(delta_N)[0])

    def first_bias_gradient(self):
        """∂L/∂b_1 alone, (..., n_1), for methods that move nothing else."""
        return self.backward[0][1].sum(axis=-2)

    def back_to_theta(self, delta):
        """The gradient (..., P) that the errors δ_l give."""
        blocks = []
        for l in range(1, self.N + 1):
            blocks.append(transposed(self.a[l - 1]) @ delta[l])  # (..., n_{l-1}, n_l)  [MLP.5]
            blocks.append(delta[l].sum(axis=-2))  # (..., n_l)  [MLP.6]
        return self.model.layout.flatten(blocks)  # (..., P)

    def hvp(self, v):
        """H v for v (..., P), (..., P)."""
        directions = self.model.layers(v)  # [None, (V_1, c_1), ...], shaped as the layers
        delta, _ = self.backward
        z_dot, a_dot = self.forward_dot(directions)
        delta_dot = self.backward_dot(directions, z_dot)
        blocks = []
        for l in range(1, self.N + 1):
            block = transposed(self.a[l - 1]) @ delta_dot[l]  # (..., n_{l-1}, n_l)
            if l > 1:  # ȧ_0 = 0
                block = block + transposed(a_dot[l - 1]) @ delta[l]  # (..., n_{l-1}, n_l)  [HVP.5]
            blocks += [block, delta_dot[l].sum(axis=-2)]  # (..., n_l)  [HVP.6]
        return self.model.layout.flatten(blocks)  # (..., P)

    def gradient_sum(self):
        """The sum over tasks of g, (P,)."""
        return self.gradient().sum(axis=0)

    def hvp_of_first_bias(self, b_dot):
        """H v for v that is ḃ_1 (T, n_1) at b_1 and 0 elsewhere: at b_1 (T, n_1), the sum (P,)."""
        first_bias = self.model.slices[1]
        v = np.zeros((len(b_dot), self.model.n_params), b_dot.dtype)
        v[:, first_bias] = b_dot
        product = self.hvp(v)  # (T, P)
        return product[:, first_bias], product.sum(axis=0)

    def forward_dot(self, directions):
        """The lists z_dot, ż_l, and a_dot, ȧ_l; ȧ_0 = 0 is None, its products are left out."""
        z_dot, a_dot = [None], [None]
        for l in range(1, self.N + 1):
            (W, _), (V, c) = self.layers[l], directions[l]
            z = self.a[l - 1] @ V + c  # (..., K, n_l)
            z_dot.append(z if l == 1 else a_dot[l - 1] @ W + z)  # (..., K, n_l)  [HVP.1]
            if l < self.N:
                a_dot.append(self.slope[l] * z_dot[l])  # (..., K, n_l)  [HVP.2]
        return z_dot, a_dot

    def backward_dot(self, directions, z_dot):
        """The list delta_dot, δ̇_l."""
        phi, loss, (delta, back) = self.model.activation, self.model.loss_function, self.backward
        delta_dot = [None] * (self.N + 1)
        delta_dot[self.N] = loss.curvature(self.f, self.y, z_dot[self.N])  # [HVP.3]
        for l in reversed(range(1, self.N)):
            (W, _), (V, _) = self.layers[l + 1], directions[l + 1]
            back_dot = delta_dot[l + 1] @ transposed(W) + delta[l + 1] @ transposed(V)  # of back_l
            delta_dot[l] = back_dot * self.slope[l]  # (..., K, n_l)  [HVP.4]
            if phi.second_derivative is not None:  # None: φ'' = 0, as for ReLU
                curve = phi.second_derivative(self.z[l], self.a[l], self.slope[l])  # φ''(z_l)
                delta_dot[l] = delta_dot[l] + back[l] * curve * z_dot[l]  # [HVP.4], its last term
        return delta_dot


def transposed(a):
    """aᵀ, (..., m, n) -> (..., n, m)."""
    return a.swapaxes(-1, -2)
