"""The gated recurrent unit: an RNN that decides, unit by unit, what to keep; derived by hand.

Everything is as in rnn.py, s_t, f_t, e_t, C and c too, but for the step from h_{t-1} to h_t.  U, W
and b have 3 H columns: H for each of two gates, r and z, and H for the candidate n.  So vectors of
3 H numbers have parts, aʳ, aᶻ and aⁿ; σ is the logistic function:

    [GRU.1]  a_t = s_t U + b,   m_t = h_{t-1} W                  (3 H,)
    [GRU.2]  r_t = σ(aʳ + mʳ),  z_t = σ(aᶻ + mᶻ)                 (H,), reset and keep
    [GRU.3]  n_t = tanh(aⁿ + r ⊙ mⁿ)                             (H,), the candidate
    [GRU.4]  h_t = n + z ⊙ (h_{t-1} - n)                         (H,), z = 1 keeps, 0 replaces

The differential of a step is dh_t = Σ₃ (k ⊙ da_t + κ ⊙ dm_t) + z ⊙ dh_{t-1}, where Σ₃ adds three
parts, with factors that differ in one: n hears a directly, and m by way of r,

    [GRU.5]  kⁿ = (1 - z) (1 - n²),  kᶻ = (h_{t-1} - n) z (1 - z),  kʳ = kⁿ mⁿ r (1 - r)
    [GRU.6]  k_t = (kʳ, kᶻ, kⁿ),  κ_t = (kʳ, kᶻ, r kⁿ)           (3 H,)

Read from right to left it is the backward pass.  With q_t = ∂L/∂h_t, the errors are δ_t at a_t and
μ_t at m_t; nothing comes after the last time:

    [GRU.7]  δ_t = (q, q, q) ⊙ k_t,  μ_t = (q, q, q) ⊙ κ_t       (3 H,)
    [GRU.8]  q_t = e_t Cᵀ + q_{t+1} ⊙ z_{t+1} + μ_{t+1} Wᵀ       (H,)
    [GRU.9]  ∂L/∂U = Σ s_tᵀ δ_t,  ∂L/∂W = Σ h_{t-1}ᵀ μ_t,  ∂L/∂b = Σ δ_t

Hessian times vector: the product rule on each line, along v = (U̇, Ẇ, ḃ, Ċ, ċ):

    [GRU.10] ȧ_t = s_t U̇ + ḃ,  ṁ_t = h_{t-1} Ẇ + ḣ_{t-1} W,  ḣ_t = Σ₃ (k ȧ + κ ṁ) + z ḣ_{t-1}
    [GRU.11] ṙ = r (1 - r) (ȧʳ + ṁʳ),  ż = z (1 - z) (ȧᶻ + ṁᶻ),  ṅ = (1 - n²) (ȧⁿ + ṙ mⁿ + r ṁⁿ)
    [GRU.12] k̇ⁿ = -ż (1 - n²) - 2 (1 - z) n ṅ,   (r kⁿ)˙ = ṙ kⁿ + r k̇ⁿ
    [GRU.13] k̇ᶻ = (ḣ_{t-1} - ṅ) z (1 - z) + (h_{t-1} - n) (1 - 2 z) ż
    [GRU.14] k̇ʳ = (k̇ⁿ mⁿ + kⁿ ṁⁿ) r (1 - r) + kⁿ mⁿ (1 - 2 r) ṙ
    [GRU.15] q̇_t = ė_t Cᵀ + e_t Ċᵀ + (q̇ ⊙ z + q ⊙ ż + μ̇ Wᵀ + μ Ẇᵀ)_{t+1}
    [GRU.16] δ̇_t = (q̇, q̇, q̇) ⊙ k_t + (q, q, q) ⊙ k̇_t,  μ̇_t likewise with κ_t
    [GRU.17] (H v)_U = Σ s_tᵀ δ̇_t,  (H v)_W = Σ (ḣ_{t-1}ᵀ μ_t + h_{t-1}ᵀ μ̇_t),  (H v)_b = Σ δ̇_t

Reference: Cho et al. 2014, "Learning Phrase Representations using RNN Encoder-Decoder", in the
form of its first version and of PyTorch: r after the product with W, so that there is one product.
"""

from functools import cached_property

import numpy as np

from .mlp import transposed
from .recurrent import Recurrent, as_rows, one_earlier, one_later, times
from .rnn import RNNPass


class GRU(Recurrent):
    """A network of `hidden` gated units, GRU(d_in, hidden, d_out, loss): see Recurrent."""

    gates = 3

    def run(self, theta, s, y=None, start=None):
        """The pass over inputs s (..., K, D_in + D_out), from h_{-1} `start`: see Recurrent."""
        return GRUPass(self, theta, s, y, start)


class GRUPass(RNNPass):
    """The network at one θ over one sequence; what is not here is as in RNNPass.

    r, z, n, m_n, h and q are (..., K, H); a, m, δ, μ and the factors (..., K, 3 H).
    """

    def states(self, a, start):
        """h_t and h_{t-1} (..., K, H), from h_{-1} (..., H)."""
        h, kept = start, []
        for t in range(self.K):
            m_r, m_z, m_n = parts(times(h, self.W))  # (..., H)  [GRU.1]
            a_r, a_z, a_n = parts(a[..., t, :])
            r, z = sigma(a_r + m_r), sigma(a_z + m_z)  # (..., H)  [GRU.2]
            n = np.tanh(a_n + r * m_n)  # (..., H)  [GRU.3]
            h = n + z * (h - n)  # (..., H)  [GRU.4]
            kept.append((h, r, z, n, m_n))
        h, self.r, self.z, self.n, self.m_n = (as_rows(rows) for rows in zip(*kept))
        return h, one_later(h, start)

    @cached_property
    def factors(self):
        """k and κ (..., K, 3 H)."""
        r, z, n = self.r, self.z, self.n
        k_n = (1 - z) * (1 - n * n)  # (..., K, H)  [GRU.5]
        k_r, k_z = k_n * self.m_n * r * (1 - r), (self.before - n) * z * (1 - z)  # (..., K, H)
        return beside(k_r, k_z, k_n), beside(k_r, k_z, r * k_n)  # [GRU.6]

    def errors(self, e, at_end=0):
        """q, and the pair δ, μ: see RNNPass."""
        q = self.back_in_time(e @ transposed(self.C), at_end)
        k, kappa = self.factors
        return q, (beside(q, q, q) * k, beside(q, q, q) * kappa)  # [GRU.7]

    def back_in_time(self, out, carried=0):
        """q, or q̇, from the terms (..., K, H) of [GRU.8], or [GRU.15], that do not wait for it."""
        q, (_, kappa) = [None] * self.K, self.factors
        for t in reversed(range(self.K)):
            q[t] = out[..., t, :] + carried  # (..., H)  [GRU.8]
            mu = beside(q[t], q[t], q[t]) * kappa[..., t, :]  # (..., 3 H)
            carried = q[t] * self.z[..., t, :] + times(mu, transposed(self.W))  # (..., H)
        return as_rows(q)

    def back_to_theta(self, e, errors):
        """The gradient (..., P) that the errors e_t, δ_t and μ_t give."""
        delta, mu = errors
        return self.model.layout.flatten([
            transposed(self.s) @ delta, transposed(self.before) @ mu, delta.sum(axis=-2),  # [GRU.9]
            transposed(self.h) @ e, e.sum(axis=-2)])  # (..., P), the last two as RNN.6

    def hvp(self, v):
        """H v for v (..., P), (..., P)."""
        U_dot, W_dot, b_dot, C_dot, c_dot = self.model.parts(v)
        e, q, (delta, mu) = self.backward
        a_dot, m_dot = self.s @ U_dot + b_dot, self.before @ W_dot  # (..., K, 3 H), m so far
        h_dot, before_dot = self.forward_dot(a_dot, m_dot)  # (..., K, H)
        m_dot = m_dot + before_dot @ self.W
        f_dot = h_dot @ self.C + self.h @ C_dot + c_dot  # (..., K, D_out), as RNN.8
        e_dot = self.model.loss_function.curvature(self.f, self.y, f_dot)  # (..., K, D_out)
        (k, kappa), qqq = self.factors, beside(q, q, q)  # (..., K, 3 H)
        k_dot, kappa_dot, z_dot = self.factors_dot(a_dot, m_dot, before_dot)
        mu_dot = qqq * kappa_dot  # (..., K, 3 H), so far
        later = q * z_dot + mu_dot @ transposed(self.W) + mu @ transposed(W_dot)  # (..., K, H)
        q_dot = self.back_in_time(e_dot @ transposed(self.C) + e @ transposed(C_dot)
                                  + one_earlier(later))  # (..., K, H)  [GRU.15]
        delta_dot = beside(q_dot, q_dot, q_dot) * k + qqq * k_dot  # (..., K, 3 H)  [GRU.16]
        mu_dot = beside(q_dot, q_dot, q_dot) * kappa + mu_dot
        return self.model.layout.flatten([
            transposed(self.s) @ delta_dot,
            transposed(before_dot) @ mu + transposed(self.before) @ mu_dot,  # [GRU.17]
            delta_dot.sum(axis=-2),
            transposed(h_dot) @ e + transposed(self.h) @ e_dot, e_dot.sum(axis=-2)])  # as RNN.12

    def forward_dot(self, a_dot, m_dot):
        """ḣ_t and ḣ_{t-1} (..., K, H), from ȧ_t and h_{t-1} Ẇ (..., K, 3 H)."""
        k, kappa = self.factors
        told_dot = sum(parts(k * a_dot + kappa * m_dot))  # (..., K, H), what does not wait for ḣ
        start = h_dot = np.zeros_like(told_dot[..., 0, :])  # (..., H)
        states = []
        for t in range(self.K):
            carried = sum(parts(kappa[..., t, :] * times(h_dot, self.W)))  # (..., H)
            h_dot = told_dot[..., t, :] + carried + self.z[..., t, :] * h_dot  # [GRU.10]
            states.append(h_dot)
        h_dot = as_rows(states)
        return h_dot, one_later(h_dot, start)

    def factors_dot(self, a_dot, m_dot, before_dot):
        """k̇ and κ̇ (..., K, 3 H), and ż (..., K, H)."""
        r, z, n, m_n, (_, _, k_n) = self.r, self.z, self.n, self.m_n, parts(self.factors[0])
        (a_r, a_z, a_n), (m_r, m_z, m_n_dot) = parts(a_dot), parts(m_dot)
        r_dot, z_dot = r * (1 - r) * (a_r + m_r), z * (1 - z) * (a_z + m_z)  # [GRU.11]
        n_dot = (1 - n * n) * (a_n + r_dot * m_n + r * m_n_dot)
        k_n_dot = -z_dot * (1 - n * n) - 2 * (1 - z) * n * n_dot  # [GRU.12]
        k_z_dot = (before_dot - n_dot) * z * (1 - z)  # [GRU.13]
        k_z_dot = k_z_dot + (self.before - n) * (1 - 2 * z) * z_dot
        k_r_dot = (k_n_dot * m_n + k_n * m_n_dot) * r * (1 - r)  # [GRU.14]
        k_r_dot = k_r_dot + k_n * m_n * (1 - 2 * r) * r_dot
        return (beside(k_r_dot, k_z_dot, k_n_dot),
                beside(k_r_dot, k_z_dot, r_dot * k_n + r * k_n_dot), z_dot)


def sigma(a):
    """σ(a) = 1/(1 + e^{-a}), as a tanh, which never overflows."""
    return (1 + np.tanh(a / 2)) / 2


def parts(row):
    """The parts r, z, n (..., H) of (..., 3 H)."""
    H = row.shape[-1] // 3
    return row[..., :H], row[..., H:2 * H], row[..., 2 * H:]


def beside(*three):
    """Three parts (..., H) as one, (..., 3 H); leading axes are broadcast."""
    return np.concatenate(np.broadcast_arrays(*three), axis=-1)
