"""A network with context parameters c: further inputs, the same for all examples of a task.

    [CONTEXT.1]  f = N([x c]; ω)          a plain network N of D_in + C inputs; θ = (c, ω)

Let W_c be the rows of N's first weight that meet c, and β = ∂L/∂b_1 the gradient of its first bias.
In z_1 = x W_x + c W_c + b_1 moving c by ċ does what moving b_1 by ċ W_c does.  So

    [CONTEXT.2]  ∂L/∂c = β W_cᵀ

and along v = (ċ, v_ω), whose parts of W_c and b_1 are Ẇ_c and ḃ_1, the product rule gives, with H_N
the plain network's Hessian and η its product with v_ω in which ḃ_1 + ċ W_c stands for ḃ_1,

    [CONTEXT.3]  (H v)_ω = η, and ċᵀ β more for W_c, whose input c moves
    [CONTEXT.4]  (H v)_c = η_{b_1} W_cᵀ + β Ẇ_cᵀ

Reference: Zintgraf et al. 2019, "Fast Context Adaptation via Meta-Learning" (CAVIA), Sec. 3.1.
"""

import copy
from functools import cached_property

import numpy as np

from ..core import setting
from ..core.arguments import shown, size
from ..core.setting import in_layout
from ..core.losses import squared_error
from ..core.model import Model, shortcut
from .mlp import MLP, transposed


def _checked_network(name, network):
    if not (isinstance(network, MLP) and shortcut(network, "at")):
        raise TypeError(f"{name} is {shown(network)}; expected a tinymeta.MLP or FastMLP, "
                        "whose loss, gradient and hvp nobody redefines: redefine ContextMLP's")
    return network


class ContextMLP(Model):
    """A multilayer perceptron with context parameters; θ = (c, W1, b1, W2, b2, ...).

    widths: [D_in, n_1, ..., D_out].  context: how many context parameters, C; W1 is
    (D_in + C, n_1), the rows of x above those of c.  activation, loss: as for MLP.  network: the
    class that computes, MLP or FastMLP.

    Raises TypeError or ValueError for settings that cannot be.
    """

    context, network = in_layout(size), setting.until("layout", _checked_network)

    def __init__(self, widths, context=4, activation="relu", loss=squared_error, network=MLP):
        if not (isinstance(network, type) and issubclass(network, MLP)):
            raise TypeError(f"network is {shown(network)}; "
                            "expected the class tinymeta.MLP or FastMLP")
        plain = network(widths, activation, loss=loss)  # checks the widths
        self.context = context
        first, *others = plain.widths
        self.network = network([first + self.context, *others], activation, loss=loss)
        blocks = [("c", (self.context,)), *self.network.blocks]
        super().__init__(first, others[-1], blocks, self.network.default_init)
        W1, self.first_bias = self.network.slices[:2]  # in ω
        self.of_context = slice(W1.start + first * others[0], W1.stop)  # W_c in ω

    @property
    def widths(self):
        """[D_in, n_1, ..., D_out]"""
        return [self.d_in, *self.network.widths[1:]]

    @property
    def activation(self):
        """The network's Activation."""
        return self.network.activation

    @property
    def loss_function(self):
        """How predictions are scored; another loss gets a network of its own."""
        return self.network.loss_function

    @loss_function.setter
    def loss_function(self, loss):
        """Give the model a network of its own, scored by this loss."""
        vars(self)["network"] = network = copy.copy(self.network)
        network.loss_function = loss

    def init(self, rng, dtype=np.float64, scheme=None):
        """Draw θ (P,): c is 0, ω as an MLP of D_in + C inputs draws it."""
        omega = self.network.init(rng, dtype, scheme)
        return np.concatenate([np.zeros(self.context, omega.dtype), omega])

    def W_c(self, omega):
        """The rows of the first weight that meet c, (..., C, n_1)."""
        flat = omega[..., self.of_context]
        return flat.reshape(flat.shape[:-1] + (self.context, -1))

    def at(self, theta, x, y):
        """The pass at θ, with .f, .loss(), .gradient() and .hvp(v); arguments are not checked."""
        return self.pass_of(theta[..., :self.context], theta[..., self.context:], x, y)

    def pass_of(self, c, omega, x, y):
        """The pass at c (..., C) and ω (..., P - C): tasks may share ω, each with its own c."""
        return ContextPass(self, c, omega, x, y)


class ContextPass:
    """The pass at one θ = (c, ω): the plain network's on [x c], and the way back to c."""

    def __init__(self, model, c, omega, x, y):
        leading = np.broadcast_shapes(c.shape[:-1], x.shape[:-2])
        K, D_in = x.shape[-2:]
        inputs = np.empty(leading + (K, D_in + model.context), np.result_type(c, x))
        inputs[..., :D_in], inputs[..., D_in:] = x, c[..., np.newaxis, :]
        self.model, self.W_c = model, model.W_c(omega)
        self.inner = model.network.at(omega, inputs, y)  # [CONTEXT.1]
        self.f = self.inner.f  # (..., K, D_out)

    def loss(self):
        """L (...)."""
        return self.inner.loss()

    def gradient(self):
        """g, (..., P)."""
        return self.with_c(self.inner.gradient())

    def pullback(self, delta):
        """(∂f/∂θ)ᵀ δ, (..., P), for errors δ at the predictions, (..., K, D_out)."""
        return self.with_c(self.inner.pullback(delta))

    def with_c(self, of_omega):
        """A gradient in ω, (..., P - C), with that in c before it, (..., P)."""
        beta = of_omega[..., np.newaxis, self.model.first_bias]  # (..., 1, n_1)
        of_c = (beta @ transposed(self.W_c))[..., 0, :]  # [CONTEXT.2]
        return np.concatenate([of_c, of_omega], axis=-1)

    @cached_property
    def beta(self):
        """β, (..., n_1)."""
        return self.inner.first_bias_gradient()

    def context_gradient(self):
        """∂L/∂c alone, (T, C), where all tasks share ω."""
        return self.beta @ self.W_c.T  # [CONTEXT.2]

    def omega_gradient(self):
        """The sum over tasks of ∂L/∂ω, (P - C,), where all tasks share ω."""
        return self.inner.gradient_sum()

    def context_hvp(self, c_dot):
        """H v for v that is ċ (T, C) at c and 0 elsewhere: at c (T, C), and at ω as a sum (P - C,).

        All tasks share ω.
        """
        eta_bias, eta = self.inner.hvp_of_first_bias(c_dot @ self.W_c)  # [CONTEXT.3]
        eta[self.model.of_context] += (c_dot.T @ self.beta).ravel()
        return eta_bias @ self.W_c.T, eta  # [CONTEXT.4]

    def hvp(self, v):
        """H v for v (..., P), (..., P)."""
        model = self.model
        c_dot, of_omega = v[..., np.newaxis, :model.context], v[..., model.context:].copy()
        W_c_dot = model.W_c(of_omega)
        of_omega[..., model.first_bias] += (c_dot @ self.W_c)[..., 0, :]
        eta = self.inner.hvp(of_omega)  # (..., P - C)  [CONTEXT.3]
        beta = self.beta[..., np.newaxis, :]  # (..., 1, n_1)
        of_W_c = transposed(c_dot) @ beta  # (..., C, n_1)
        eta[..., model.of_context] += of_W_c.reshape(of_W_c.shape[:-2] + (-1,))
        beta_dot = eta[..., np.newaxis, model.first_bias]
        of_c = beta_dot @ transposed(self.W_c) + beta @ transposed(W_c_dot)  # [CONTEXT.4]
        return np.concatenate([of_c[..., 0, :], eta], axis=-1)
