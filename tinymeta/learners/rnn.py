"""The recurrent network: backpropagation through time and Hessian times vector, by hand.

A data set is read as a sequence: the example axis is time, t = 0 ... K-1.  Every point is asked
before it is told: at time t the network sees x_t and the target of the point before, y_{t-1}, and
predicts y_t.  So what it says of a new point can depend on all the points it was told.

Forward pass, for one sequence; h_t is the memory, H numbers, and y_{-1} = 0, h_{-1} = 0:

    [RNN.1]  s_t = [x_t, y_{t-1}]                                (D_in + D_out,)
    [RNN.2]  h_t = tanh(s_t U + h_{t-1} W + b)                   (H,)
    [RNN.3]  f_t = h_t C + c                                     (D_out,)

Backward pass, from the last point to the first, with e_t = ∂L/∂f_t, and δ_t the derivative by
what is in the parentheses of [RNN.2].  A state matters twice, to its own prediction and to the
next state; q_t = ∂L/∂h_t is the sum, and after the last point there is nothing, δ_K = 0:

    [RNN.4]  q_t = e_t Cᵀ + δ_{t+1} Wᵀ                           (H,)
    [RNN.5]  δ_t = q_t ⊙ (1 - h_t²)                              (H,)
    [RNN.6]  ∂L/∂U = Σ_t s_tᵀ δ_t,  ∂L/∂W = Σ_t h_{t-1}ᵀ δ_t,  ∂L/∂b = Σ_t δ_t
             ∂L/∂C = Σ_t h_tᵀ e_t,  ∂L/∂c = Σ_t e_t

Hessian times vector.  θ moves along v = (U̇, Ẇ, ḃ, Ċ, ċ); the product rule on each line (see
mlp.py) gives, with ḣ_{-1} = 0 and δ̇_K = 0,

    [RNN.7]  ḣ_t = (1 - h_t²) ⊙ (s_t U̇ + h_{t-1} Ẇ + ḃ + ḣ_{t-1} W)
    [RNN.8]  ḟ_t = ḣ_t C + h_t Ċ + ċ,    ė = (∂²L/∂f²) ḟ
    [RNN.9]  q̇_t = ė_t Cᵀ + e_t Ċᵀ + δ_{t+1} Ẇᵀ + δ̇_{t+1} Wᵀ
    [RNN.10] δ̇_t = q̇_t ⊙ (1 - h_t²) - 2 q_t ⊙ h_t ⊙ ḣ_t
    [RNN.11] (H v)_U = Σ_t s_tᵀ δ̇_t,  (H v)_W = Σ_t (ḣ_{t-1}ᵀ δ_t + h_{t-1}ᵀ δ̇_t),  ...

Sums over t are one product over the K rows.  Only what needs the state before is done in a loop.

References: Rumelhart, Hinton & Williams 1986, "Learning Representations by Back-Propagating
Errors", for the gradient; Pearlmutter 1994, Sec. 4.2, for the product in recurrent networks;
Hochreiter, Younger & Conwell 2001, "Learning to Learn Using Gradient Descent", and Santoro et al.
2016, "Meta-Learning with Memory-Augmented Neural Networks", Sec. 2, for y_{t-1} as an input.
"""

from functools import cached_property

import numpy as np

from ..core import arguments
from ..core.losses import check_loss, squared_error
from ..core.model import Model
from .mlp import transposed


class RNN(Model):
    """A recurrent network of `hidden` tanh units with a linear output; K is time.

    d_in, d_out: D_in and D_out.  hidden: H.  loss: how predictions are scored, its mean over
    examples being the mean over time.  θ is U (D_in + D_out, H) row by row, W (H, H), b (H,),
    C (H, D_out), c (D_out,).  The initialisation that fits is "uniform", biases too: as Memory on
    sine waves it ends with about half of Xavier's error (40 units, 10,000 iterations, ten shots).

    Raises TypeError or ValueError for sizes that cannot be and for an unknown loss.
    """

    gates = 1  # columns of U, W and b for each hidden unit

    def __init__(self, d_in, hidden, d_out, loss=squared_error):
        d_in = arguments.whole_number("d_in", d_in, minimum=1)
        self.hidden = arguments.whole_number("hidden", hidden, minimum=1)
        d_out = arguments.whole_number("d_out", d_out, minimum=1)
        self.loss_function = check_loss(loss)
        H, n = self.hidden, self.gates * self.hidden
        blocks = [("U", (d_in + d_out, n)), ("W", (H, n)), ("b", (n,)),
                  ("C", (H, d_out)), ("c", (d_out,))]
        super().__init__(d_in, d_out, blocks, default_init="uniform")

    def parts(self, theta):
        """The views U, W, b (..., 1, n), C and c (..., 1, D_out); biases add to every time."""
        U, W, b, C, c = self.unflatten(theta)
        return U, W, b[..., np.newaxis, :], C, c[..., np.newaxis, :]

    def predict(self, theta, x, y):
        """f_t (..., K, D_out), each from x_0 ... x_t and y_0 ... y_{t-1} of x and y (..., K, .).

        Unlike other models' it needs y: every target but the last is an input to what follows.
        Raises as `check`.
        """
        theta, x, y, _ = self.check(theta, x, y)
        return self.at(theta, x, y).f

    def at(self, theta, x, y):
        """The pass at θ, with .f, .loss(), .gradient() and .hvp(v); arguments are not checked."""
        nothing = np.zeros_like(y[..., 0, :])  # y_{-1}
        s = np.concatenate([x, one_later(y, nothing)], axis=-1)  # (..., K, D_in + D_out)  [RNN.1]
        return self.run(theta, s, y)

    def run(self, theta, s, y=None, start=None):
        """The pass over inputs s (..., K, D_in + D_out), from the state h_{-1} `start` (..., H).

        start: 0 unless given, and taken as a constant.  y: None where only .f is asked for.
        """
        return RNNPass(self, theta, s, y, start)


class RNNPass:
    """The network at one θ over one sequence: all times of s, h, δ ... as rows, (..., K, n)."""

    def __init__(self, model, theta, s, y, start):
        self.model, self.s, self.y, self.K = model, s, y, s.shape[-2]
        self.U, self.W, self.b, self.C, self.c = model.parts(theta)
        told = s @ self.U + self.b  # (..., K, n), all that needs no memory
        if start is None:
            start = np.zeros_like(told[..., 0, :self.model.hidden])  # (..., H)
        self.h = self.forward(told, start)  # (..., K, H), h_t
        self.before = one_later(self.h, start)  # (..., K, H), h_{t-1}
        self.f = self.h @ self.C + self.c  # (..., K, D_out)  [RNN.3]

    def forward(self, told, h):
        """All states (..., K, H), from h_{-1} (..., H)."""
        states = []
        for t in range(self.K):
            h = np.tanh(told[..., t, :] + times(h, self.W))  # (..., H)  [RNN.2]
            states.append(h)
        self.slope = 1 - np.square(rows := as_rows(states))  # (..., K, H)
        return rows

    def loss(self):
        """L (...)."""
        return self.model.loss_function.value(self.f, self.y)

    @cached_property
    def backward(self):
        """e, q and δ of the loss."""
        e = self.model.loss_function.gradient(self.f, self.y)  # (..., K, D_out)
        return (e, *self.errors(e))

    def errors(self, e, carried=0):
        """q and δ, from e (..., K, D_out) and what the last state h_{K-1} owes besides (..., H)."""
        out, q, delta = e @ transposed(self.C), [None] * self.K, [None] * self.K
        for t in reversed(range(self.K)):
            q[t] = out[..., t, :] + carried  # (..., H)  [RNN.4]
            delta[t] = q[t] * self.slope[..., t, :]  # (..., H)  [RNN.5]
            carried = times(delta[t], transposed(self.W))  # (..., H), δ_t Wᵀ for the time before
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
        return self.model.layout.flatten([
            transposed(self.s) @ delta, transposed(self.before) @ delta, delta.sum(axis=-2),
            transposed(self.h) @ e, e.sum(axis=-2)])  # (..., P)  [RNN.6]

    def hvp(self, v):
        """H v for v (..., P), (..., P)."""
        directions, (e, _, delta) = self.model.parts(v), self.backward
        h_dot, before_dot, f_dot = self.forward_dot(*directions)
        e_dot = self.model.loss_function.curvature(self.f, self.y, f_dot)  # (..., K, D_out)
        delta_dot = self.backward_dot(*directions, h_dot, e_dot)
        return self.model.layout.flatten([
            transposed(self.s) @ delta_dot,
            transposed(before_dot) @ delta + transposed(self.before) @ delta_dot,
            delta_dot.sum(axis=-2),
            transposed(h_dot) @ e + transposed(self.h) @ e_dot,
            e_dot.sum(axis=-2)])  # (..., P)  [RNN.11]

    def forward_dot(self, U_dot, W_dot, b_dot, C_dot, c_dot):
        """ḣ_t and ḣ_{t-1} (..., K, H), and ḟ (..., K, D_out)."""
        told_dot = self.s @ U_dot + self.before @ W_dot + b_dot  # (..., K, H)
        states, h_dot = [], np.zeros_like(told_dot[..., 0, :])  # ḣ_{-1}
        start = h_dot
        for t in range(self.K):
            h_dot = self.slope[..., t, :] * (told_dot[..., t, :] + times(h_dot, self.W))  # [RNN.7]
            states.append(h_dot)
        h_dot = as_rows(states)
        return h_dot, one_later(h_dot, start), h_dot @ self.C + self.h @ C_dot + c_dot  # [RNN.8]

    def backward_dot(self, U_dot, W_dot, b_dot, C_dot, c_dot, h_dot, e_dot):
        """δ̇ (..., K, H)."""
        e, q, delta = self.backward
        out = (e_dot @ transposed(self.C) + e @ transposed(C_dot)
               + one_earlier(delta) @ transposed(W_dot))  # (..., K, H), [RNN.9] but for its last term
        bend = -2 * q * self.h * h_dot  # (..., K, H)
        delta_dot, carried = [None] * self.K, 0
        for t in reversed(range(self.K)):
            q_dot = out[..., t, :] + carried  # (..., H)  [RNN.9]
            delta_dot[t] = q_dot * self.slope[..., t, :] + bend[..., t, :]  # (..., H)  [RNN.10]
            carried = times(delta_dot[t], transposed(self.W))  # (..., H)
        return as_rows(delta_dot)


def times(h, W):
    """h W, (..., H) and (H, n) or (..., H, n) -> (..., n)."""
    return h @ W if W.ndim == 2 else (h[..., np.newaxis, :] @ W)[..., 0, :]


def as_rows(states):
    """K arrays (..., H) as (..., K, H)."""
    return np.stack(states, axis=-2)


def one_later(rows, first):
    """rows (..., K, n) moved on by one time: `first` (..., n), then all but the last."""
    first = np.broadcast_to(first[..., np.newaxis, :], rows[..., :1, :].shape)
    return np.concatenate([first, rows[..., :-1, :]], axis=-2)


def one_earlier(rows):
    """rows (..., K, n) moved back by one time: all but the first, then 0."""
    return np.concatenate([rows[..., 1:, :], np.zeros_like(rows[..., :1, :])], axis=-2)
