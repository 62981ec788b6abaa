"""The recurrent network: backpropagation through time and Hessian times vector, by hand.

Forward pass over one sequence s_t (see recurrent.py); the memory is h_t, and h_{-1} = 0:

    [RNN.1]  h_t = tanh(s_t U + h_{t-1} W + b)               (H,)
    [RNN.2]  f_t = h_t C + c                                 (D_out,)

Backward pass, from the last time to the first, with e_t = ∂L/∂f_t, and δ_t the derivative by what
stands in the parentheses of [RNN.1].  A state is used twice, for its own prediction and for the
next state, so q_t = ∂L/∂h_t is a sum; nothing comes after the last time, δ_K = 0:

    [RNN.3]  q_t = e_t Cᵀ + δ_{t+1} Wᵀ                       (H,)
    [RNN.4]  δ_t = q_t ⊙ (1 - h_t²)                          (H,)

The same U, W, b, C, c are used at every time, and the chain rule sums over all uses:

    [RNN.5]  ∂L/∂U = Σ s_tᵀ δ_t,  ∂L/∂W = Σ h_{t-1}ᵀ δ_t,  ∂L/∂b = Σ δ_t
    [RNN.6]  ∂L/∂C = Σ h_tᵀ e_t,  ∂L/∂c = Σ e_t

Hessian times vector.  θ moves along v = (U̇, Ẇ, ḃ, Ċ, ċ), and the product rule on each line (see
mlp.py) gives, with ḣ_{-1} = 0 and δ̇_K = 0,

    [RNN.7]  ḣ_t = (s_t U̇ + h_{t-1} Ẇ + ḃ + ḣ_{t-1} W) ⊙ (1 - h_t²)
    [RNN.8]  ḟ_t = ḣ_t C + h_t Ċ + ċ,    ė = (∂²L/∂f²) ḟ
    [RNN.9]  q̇_t = ė_t Cᵀ + e_t Ċᵀ + δ_{t+1} Ẇᵀ + δ̇_{t+1} Wᵀ
    [RNN.10] δ̇_t = q̇_t ⊙ (1 - h_t²) - 2 q_t ⊙ h_t ⊙ ḣ_t
    [RNN.11] (H v)_U = Σ s_tᵀ δ̇_t,  (H v)_W = Σ (ḣ_{t-1}ᵀ δ_t + h_{t-1}ᵀ δ̇_t),  (H v)_b = Σ δ̇_t
    [RNN.12] (H v)_C = Σ (ḣ_tᵀ e_t + h_tᵀ ė_t),  (H v)_c = Σ ė_t

A sum over t is one product over K rows, and what needs no state before it is computed for all
times at once: the loops over time hold only what has to wait.

References: Rumelhart, Hinton & Williams 1986, "Learning Internal Representations by Error
Propagation", on recurrent nets; Pearlmutter 1994, "Fast Exact Multiplication by the Hessian".
"""

from functools import cached_property

import numpy as np

from .mlp import transposed
from .recurrent import Recurrent, as_rows, one_earlier, one_later, times


class RNN(Recurrent):
    """A recurrent network of `hidden` tanh units, RNN(d_in, hidden, d_out, loss): see Recurrent."""

    def run(self, theta, s, y=None, start=None):
        """The pass over inputs s (..., K, D_in + D_out), from h_{-1} `start`: see Recurrent."""
        return RNNPass(self, theta, s, y, start)


class RNNPass:
    """The network at one θ over one sequence; s, h, q, δ ... hold all times as rows (..., K, n)."""

    def __init__(self, model, theta, s, y, start):
        self.model, self.s, self.y, self.K = model, s, y, s.shape[-2]
        self.U, self.W, self.b, self.C, self.c = model.parts(theta)
        told = s @ self.U + self.b  # (..., K, n), what needs no state
        if start is None:
            start = np.zeros_like(told[..., 0, :model.hidden])  # (..., H)
        self.h, self.before = self.states(told, start)
        self.f = self.h @ self.C + self.c  # (..., K, D_out)  [RNN.2]

    def states(self, told, start):
        """h_t and h_{t-1} (..., K, H), from h_{-1} (..., H)."""
        h, states = start, []
        for t in range(self.K):
            h = np.tanh(told[..., t, :] + times(h, self.W))  # (..., H)  [RNN.1]
            states.append(h)
        h = as_rows(states)
        return h, one_later(h, start)

    def loss(self):
        """L (...)."""
        return self.model.loss_function.value(self.f, self.y)

    @cached_property
    def slope(self):
        """1 - h_t² (..., K, H)."""
        return 1 - self.h * self.h

    @cached_property
    def backward(self):
        """e (..., K, D_out), q (..., K, H) and δ (..., K, n) of the loss."""
        e = self.model.loss_function.gradient(self.f, self.y)
        return (e, *self.errors(e))

    def errors(self, e, at_end=0):
        """q and δ, from e (..., K, D_out) and an error at_end (..., H) at h_{K-1} besides."""
        out, carried = e @ transposed(self.C), at_end  # (..., K, H), (..., H)
        q, delta = [None] * self.K, [None] * self.K
        for t in reversed(range(self.K)):
            q[t] = out[..., t, :] + carried  # (..., H)  [RNN.3]
            delta[t] = q[t] * self.slope[..., t, :]  # (..., H)  [RNN.4]
            carried = times(delta[t], transposed(self.W))  # (..., H), for the time before
        return as_rows(q), as_rows(delta)

    def gradient(self):
        """g, (..., P)."""
        e, _, delta = self.backward
        return self.back_to_theta(e, delta)

    def pullback(self, e, at_end=0):
        """(∂f/∂θ)ᵀ e + (∂h_{K-1}/∂θ)ᵀ at_end, (..., P), for e (..., K, D_out), at_end (..., H)."""
        _, delta = self.errors(e, at_end)
        return self.back_to_theta(e, delta)

    def back_to_theta(self, e, delta):
        """The gradient (..., P) that the errors e_t and δ_t give."""
        inner = [transposed(self.s) @ delta, transposed(self.before) @ delta,
                 delta.sum(axis=-2)]  # (..., D_in + D_out, H), (..., H, H), (..., H)  [RNN.5]
        outer = [transposed(self.h) @ e, e.sum(axis=-2)]  # (..., H, D_out), (..., D_out)  [RNN.6]
        return self.model.layout.flatten(inner + outer)  # (..., P)

    def hvp(self, v):
        """H v for v (..., P), (..., P)."""
        U_dot, W_dot, b_dot, C_dot, c_dot = self.model.parts(v)
        e, q, delta = self.backward
        told_dot = self.s @ U_dot + self.before @ W_dot + b_dot  # (..., K, H)
        h_dot, before_dot = self.forward_dot(told_dot)
        f_dot = h_dot @ self.C + self.h @ C_dot + c_dot  # (..., K, D_out)  [RNN.8]
        e_dot = self.model.loss_function.curvature(self.f, self.y, f_dot)  # (..., K, D_out)
        out_dot = (e_dot @ transposed(self.C) + e @ transposed(C_dot)
                   + one_earlier(delta) @ transposed(W_dot))  # (..., K, H)
        delta_dot = self.backward_dot(out_dot, -2 * q * self.h * h_dot)  # (..., K, H)
        inner = [transposed(self.s) @ delta_dot,
                 transposed(before_dot) @ delta + transposed(self.before) @ delta_dot,
                 delta_dot.sum(axis=-2)]  # shaped as in back_to_theta  [RNN.11]
        outer = [transposed(h_dot) @ e + transposed(self.h) @ e_dot, e_dot.sum(axis=-2)]  # [RNN.12]
        return self.model.layout.flatten(inner + outer)  # (..., P)

    def forward_dot(self, told_dot):
        """ḣ_t and ḣ_{t-1} (..., K, H), from s_t U̇ + h_{t-1} Ẇ + ḃ."""
        start = h_dot = np.zeros_like(told_dot[..., 0, :])  # (..., H)
        states = []
        for t in range(self.K):
            moved = told_dot[..., t, :] + times(h_dot, self.W)  # (..., H)
            h_dot = moved * self.slope[..., t, :]  # (..., H)  [RNN.7]
            states.append(h_dot)
        h_dot = as_rows(states)
        return h_dot, one_later(h_dot, start)

    def backward_dot(self, out_dot, bend):
        """δ̇ (..., K, H), from what in [RNN.9] and [RNN.10] does not wait for δ̇_{t+1}."""
        delta_dot, carried = [None] * self.K, 0
        for t in reversed(range(self.K)):
            q_dot = out_dot[..., t, :] + carried  # (..., H)  [RNN.9]
            delta_dot[t] = q_dot * self.slope[..., t, :] + bend[..., t, :]  # (..., H)  [RNN.10]
            carried = times(delta_dot[t], transposed(self.W))  # (..., H)
        return as_rows(delta_dot)
