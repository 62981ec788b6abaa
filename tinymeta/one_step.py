"""MAML with one inner step, without ever forming a task's large matrices.

maml.py is the definition; this computes the same numbers for a multilayer perceptron in half the time.
One inner step changes each weight matrix by a matrix of rank K, and the loss only ever multiplies with
it.  Let a bias be the last row of its weight, as in fast_pass.py.  Support quantities are plain, query
quantities have a prime.  Then W_l' = W_l - α a_{l-1}ᵀ δ_l, and every product with W_l' is one with W_l,
which all tasks share, and two with thin matrices:

    [ONE.1]  a'_{l-1} W_l' = a'_{l-1} W_l - α (a'_{l-1} a_{l-1}ᵀ) δ_l              K × K inner products of inputs
    [ONE.2]  δ'_l W_l'ᵀ    = δ'_l W_lᵀ - α (δ'_l δ_lᵀ) a_{l-1}                     and of errors

([ONE.1] is attention without a softmax: the query's inputs look up the support's errors.)  The
direction of the Hessian-vector product is the query gradient, V_l = a'_{l-1}ᵀ δ'_l, of rank Q, so that

    [ONE.3]  a_{l-1} V_l   = (a_{l-1} a'_{l-1}ᵀ) δ'_l                              the same inner products
    [ONE.4]  δ_l V_lᵀ      = (δ_l δ'_lᵀ) a'_{l-1}

and the sum over tasks of v - α H v is one product over all tasks' rows at once:

    [ONE.5]  Σ_tasks a'_{l-1}ᵀ δ'_l - α (a_{l-1}ᵀ δ̇_l + ȧ_{l-1}ᵀ δ_l)

Nothing of shape (T, P) exists.  A matrix with fewer entries than its thin factors, as in the first and
the last layer, is formed.  Tasks go through in blocks that fit the processor's cache.
"""

import numpy as np

from .fast_pass import FastPass
from .products import Layer, matrices, product, sum_of_products, transposed
from .tasks import blocks, mean_over_tasks

BLOCK_BYTES = 2**18  # of one layer's activations


def one_step_meta_gradient(model, theta, support, query, alpha, first_order, block):
    """The mean query loss after one inner step, and its gradient in θ: (number, (P,)).

    model: an MLP.  theta: (P,), real.  support, query: x (T, K, D_in), y (T, K, D_out), arguments
    that have been checked.  alpha: a number.  first_order: drop the Hessian term.
    block: the largest number of tasks at a time.
    """
    T, K = support[0].shape[:2]
    fitting = BLOCK_BYTES // (max(K, query[0].shape[1]) * max(model.widths) * theta.itemsize)
    size = max(1, min(fitting, block))
    sums = (_block(model, theta, *sets, alpha, first_order) for sets in blocks(size, support, query))
    return mean_over_tasks(T, sums)


def _block(model, theta, support, query, alpha, first_order):
    """The sums over a block's tasks of the query losses (a number) and of their meta-gradients (P,)."""
    at = FastPass(model, theta, *support)
    delta, _ = at.backward
    adapted = [None] + [_adapted(W, a, d, alpha) for W, a, d in zip(at.layers[1:], at.a, delta[1:])]
    at_ = FastPass(model, theta, *query, adapted)
    delta_, _ = at_.backward
    total = np.empty(theta.size, theta.dtype)
    for block, a_, d_ in zip(matrices(model, total), at_.a, delta_[1:]):
        sum_of_products(a_, d_, block)  # (n_{l-1} + 1, n_l)  [ONE.5], v
    if not first_order:
        total -= alpha * _sum_of_hvps(model, at, [None] + [W.direction(d_) for W, d_ in zip(adapted[1:], delta_[1:])])
    return at_.loss().sum(), total


def _sum_of_hvps(model, at, V):
    """Σ_tasks H v (P,), with v as a list of layers."""
    (a_dot, delta_dot), (delta, _) = at.dots(V), at.backward
    total = np.empty(model.n_params, at.f.dtype)
    for l, block in enumerate(matrices(model, total), start=1):
        sum_of_products(at.a[l - 1], delta_dot[l], block)  # (n_{l-1} + 1, n_l)  [ONE.5], H v
        if l > 1:
            block[:-1] += sum_of_products(a_dot[l - 1], delta[l])  # (n_{l-1}, n_l): ȧ has no 1 appended
    return total


def _adapted(layer, a, delta, alpha):
    """The layer after the inner step: W_l - α a_{l-1}ᵀ δ_l, formed if that is smaller than its factors."""
    (m, n), K = layer.W.shape, a.shape[1]
    if m * n > K * (m + n):
        return _RankK(layer, a, delta, alpha)
    return _Formed(layer.W - alpha * product(transposed(a), delta))  # (T, n_{l-1} + 1, n_l)


class _Formed(Layer):
    """An adapted layer, [W'; b'] (T, m + 1, n)."""

    def forward(self, a_, out=None):
        """a' W', (T, Q, m + 1) -> (T, Q, n)."""
        self.a_ = a_
        return super().forward(a_, out)

    def direction(self, delta_):
        """The query gradient, V = a'ᵀ δ', formed too."""
        return Layer(product(transposed(self.a_), delta_))  # (T, m + 1, n)


class _RankK:
    """An adapted layer, never formed, and what it keeps of its products for the query gradient's."""

    def __init__(self, layer, a, delta, alpha):
        self.layer, self.W, self.a, self.delta, self.alpha = layer, layer.W, a, delta, alpha

    def forward(self, a_, out=None):
        """a' W', (T, Q, m + 1) -> (T, Q, n)."""
        self.a_, self.inputs = a_, product(a_, transposed(self.a))  # (T, Q, K)
        z = self.layer.forward(a_, out)  # (T, Q, n)
        z += product(-self.alpha * self.inputs, self.delta)  # [ONE.1]
        return z

    def back(self, delta_):
        """δ' W'ᵀ, (T, Q, n) -> (T, Q, m)."""
        self.errors = product(delta_, transposed(self.delta))  # (T, Q, K)
        back = self.layer.back(delta_)  # (T, Q, m)
        back += product(-self.alpha * self.errors, self.a[..., :-1])  # [ONE.2]
        return back

    def direction(self, delta_):
        """The query gradient, V = a'ᵀ δ', which is not formed either."""
        return _QueryGradient(self, delta_)


class _QueryGradient:
    """V = a'ᵀ δ' for products with the support set's own a and δ: they are known from the adapted layer."""

    def __init__(self, adapted, delta_):
        self.adapted, self.delta_ = adapted, delta_

    def forward(self, a):
        """a V, (T, K, n), for the support set's inputs."""
        return product(transposed(self.adapted.inputs), self.delta_)  # (T, K, n)  [ONE.3]

    def back(self, delta):
        """δ Vᵀ, (T, K, m), for the support set's errors."""
        return product(transposed(self.adapted.errors), self.adapted.a_[..., :-1])  # (T, K, m)  [ONE.4]
