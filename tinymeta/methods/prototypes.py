"""Prototypes: a class is the mean of its examples' features, and the nearest mean wins.

With features f(x; θ) of a network (here the outputs of an MLP) and one-hot targets y,

    [PROTO.1]  m_n = Σ_k y_kn f_k / Σ_k y_kn                  the prototype of class n, (N, M)
    [PROTO.2]  s_qn = -|f_q - m_n|²                           the scores, (Q, N)
    [PROTO.3]  L_𝒬 = softmax's loss of the scores

Nothing descends: the support set enters by its means alone.  Backwards, with e = ∂L/∂s (Q, N),

    [PROTO.4]  ∂L/∂f_q = -2 Σ_n e_qn (f_q - m_n)
    [PROTO.5]  ∂L/∂m_n =  2 Σ_q e_qn (f_q - m_n)
    [PROTO.6]  ∂L/∂f_k = Σ_n y_kn ∂L/∂m_n / Σ_j y_jn          for the support set

and from both sets' features back to θ by backpropagation.

Reference: Snell, Swersky, Zemel 2017, "Prototypical Networks for Few-shot Learning", Sec. 2.3, with
squared Euclidean distance.
"""

import numpy as np

from ..core import arguments
from ..core.classification import softmax
from ..core.losses import check_targets
from .method import Method


class Prototypes(Method):
    """Classification by class means in learned features; ω is θ of the features' network.

    model: the features f(x), (K, M), as of an MLP; its own loss is not used.  y are one-hot,
    (K, N), and every class needs a support example.  Predictions are the scores -|f - m|².

    Raises TypeError for what is no model, ValueError for a class without support examples.
    """

    needs = "loss", "gradient", "outputs_at"

    @property
    def target_losses(self):
        """Softmax's loss, for both sets."""
        return softmax, softmax

    def adapt(self, omega, x, y):
        """The prototypes, flat, (T, N M), and their pullback, v (T, N M) -> (T, P)."""
        omega, x, y = self.check(omega, x, y)
        support = self.model.outputs_at(omega, x)  # f is (T, K, M)
        share = y / self.counts(y)  # (T, K, N)
        means = transposed(share) @ support.f  # (T, N, M)  [PROTO.1]

        def pullback(v):
            return support.pullback(share @ v.reshape(means.shape))  # (T, P)  [PROTO.6]

        return means.reshape(means.shape[:-2] + (-1,)), pullback

    def sums(self, omega, x, y, x_query, y_query):
        """The sums over some tasks of the query losses, a number, and of their gradients in ω."""
        means, pullback = self.adapt(omega, x, y)
        query, means = self.model.outputs_at(omega, x_query), means.reshape(*y.shape[::2], -1)
        scores, away = scores_of(query.f, means)  # (T, Q, N), (T, Q, N, M)
        e = softmax.gradient(scores, y_query)[..., np.newaxis]  # (T, Q, N, 1)
        of_f = -2 * (e * away).sum(axis=-2)  # (T, Q, M)  [PROTO.4]
        of_means = 2 * (e * away).sum(axis=-3)  # (T, N, M)  [PROTO.5]
        back = pullback(of_means.reshape(of_means.shape[:-2] + (-1,)))  # (T, P)
        gradients = back + query.pullback(of_f)
        return softmax.value(scores, y_query).sum(), gradients.sum(axis=0)  # [PROTO.3]

    def meta_loss(self, omega, batch):
        """The mean over tasks of the query loss at ω (P,).  Raises as meta_gradient does."""
        return self.meta_gradient(omega, batch)[0]

    def predictions(self, omega, x_support, y_support, x_query, steps):
        """The scores, (steps + 1, T, Q, N): there are no steps, so all are the same."""
        steps = arguments.whole_number("steps", steps, minimum=0)
        omega, x, y = self.check(omega, x_support, y_support)
        means, _ = self.adapt(omega, x, y)
        x_query, _ = self.queries(omega, x, x_query)
        f = self.model.outputs_at(omega, x_query).f
        means = means.reshape(*y.shape[::2], -1)
        return np.stack([scores_of(f, means)[0]] * (steps + 1))

    def losses(self, omega, x_support, y_support, x_query, y_query, steps):
        """The query losses of T tasks, (steps + 1, T), all the same."""
        scores = self.predictions(omega, x_support, y_support, x_query, steps)
        y_query = arguments.floating("y_query", y_query)
        arguments.shape("y_query", y_query, scores.shape[1:])
        check_targets("y_query", y_query, softmax)
        return softmax.value(scores, y_query)

    def check(self, omega, x, y):
        """As Method.check does, for y (..., K, N) of any number N of classes."""
        shape = arguments.as_array("x", x).shape[:-1]
        omega, x, _ = self.fitting(omega, x, np.zeros(shape + (self.model.d_out,)))
        y = arguments.numbers("y", y)
        arguments.shape("y", y, (*shape, "N"))
        check_targets("y", y, softmax)
        return omega, x, y.astype(omega.real.dtype, copy=False)

    def counts(self, y):
        """How many examples each class has, (T, 1, N)."""
        counts = y.sum(axis=-2, keepdims=True)
        if not (counts > 0).all():
            raise ValueError("y has a class without an example; expected one of each in every "
                             "support set, for its mean")
        return counts


def scores_of(f, means):
    """-|f - m|² (T, Q, N), and f - m (T, Q, N, M); f (T, Q, M), means (T, N, M).  [PROTO.2]"""
    away = f[..., :, np.newaxis, :] - means[..., np.newaxis, :, :]  # (T, Q, N, M)
    return -(away * away).sum(axis=-1), away  # [PROTO.2]


def transposed(a):
    """aᵀ, (..., m, n) -> (..., n, m)."""
    return a.swapaxes(-1, -2)
