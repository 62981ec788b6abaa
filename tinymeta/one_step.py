"""MAML with one inner step, without forming a task's large matrices.

maml.py is the definition; this computes the same numbers for a multilayer perceptron in half the time.
One inner step changes each weight matrix by a matrix of rank K, and the loss only ever multiplies with
it.  Let a bias be the last row of its weight and a 1 the last entry of every input a, as in fast_pass.py
(only inputs have it: in [ONE.2] and [ONE.4] a goes without, and ȧ has a 0 there).  Support quantities are
plain.  A prime, in the code an underscore, means at the adapted parameters θ': the weights W' and the
query quantities a' and δ'.  Then W'_l = W_l - α a_{l-1}ᵀ δ_l, and every product with W'_l is one with W_l,
which all tasks share, and two with thin matrices:

    [ONE.1]  a'_{l-1} W'_l = a'_{l-1} W_l - α (a'_{l-1} a_{l-1}ᵀ) δ_l              Q × K inner products of inputs
    [ONE.2]  δ'_l W'_lᵀ    = δ'_l W_lᵀ - α (δ'_l δ_lᵀ) a_{l-1}                     and of errors

([ONE.1] is attention without a softmax: the query's inputs look up the support's errors.)  The
direction of the Hessian-vector product is the query gradient, V_l = a'_{l-1}ᵀ δ'_l, of rank Q, so that

    [ONE.3]  a_{l-1} V_l   = (a_{l-1} a'_{l-1}ᵀ) δ'_l                              the same inner products
    [ONE.4]  δ_l V_lᵀ      = (δ_l δ'_lᵀ) a'_{l-1}

and the sum over tasks of v - α H v is one product over all tasks' rows at once:

    [ONE.5]  Σ_tasks a'_{l-1}ᵀ δ'_l - α (a_{l-1}ᵀ δ̇_l + ȧ_{l-1}ᵀ δ_l)

Only a matrix with no more entries than its thin factors is formed, as in the first and the last layer,
or in all of them where K is large.  Tasks go through in blocks that fit the processor's cache.
"""

import numpy as np

from .fast_pass import FastPass, activated, like, rows, with_one
from .products import matrices, product, times_transposed, transposed
from .tasks import blocks, mean_over_tasks

BLOCK_BYTES = 2**19  # of one layer's activations


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
    at_ = _QueryPass(at, *query, alpha)
    total = np.empty(theta.size, theta.dtype)
    sums = [None] + matrices(model, total)
    for l in range(1, at.N + 1):
        product(rows(at_.a[l - 1]).T, rows(at_.delta[l]), sums[l])  # (n_{l-1} + 1, n_l)  [ONE.5], v
    if not first_order:
        a_dot, delta_dot = at.dots(at_.a_V, at_.delta_V)  # along -α V: these are -α ȧ and -α δ̇
        for l in range(1, at.N + 1):
            sums[l] += product(at.a[l - 1].T, delta_dot[l])  # (n_{l-1} + 1, n_l)  [ONE.5], -α H v
            if l > 1:
                sums[l][:-1] += product(a_dot[l - 1].T, at.delta[l])  # (n_{l-1}, n_l): there is no 1 in ȧ
    return at_.loss().sum(), total


class _QueryPass:
    """The pass on the query sets (T, Q, D) at the adapted parameters, given the one on the support sets.

    Lists are numbered by layer.  adapted: W'_l (T, n_{l-1} + 1, n_l), or None where it is not formed; there
    inner_a and inner_delta are the inner products of [ONE.1] and [ONE.2], times -α, (T, Q, K).
    """

    def __init__(self, at, x_, y_, alpha):
        N, loss, slope = at.N, at.model.loss_function, [None] * (at.N + 1)
        self.at, self.y, self.alpha = at, y_, alpha
        self.adapted, self.inner_a, self.inner_delta, self.V, self.delta = ([None] * (N + 1) for _ in range(5))
        self.a = [with_one(x_, x_.dtype)]
        for l in range(1, N + 1):
            z = self.forward(l)  # (T, Q, n_l)
            if l < N:
                a, slope[l] = activated(at.model.activation, z)
                self.a.append(a)  # (T, Q, n_l + 1)
        self.f = z  # (T, Q, D_out)
        self.delta[N] = like(z, loss.gradient(z, y_))  # (T, Q, D_out)
        for l in range(N - 1, 0, -1):
            self.delta[l] = self.back(l + 1)  # (T, Q, n_l)
            self.delta[l] *= slope[l]

    def forward(self, l):
        """a'_{l-1} W'_l, (T, Q, n_l)."""
        a, delta, W, a_ = self.at.a_by_task[l - 1], self.at.delta_by_task[l], self.at.W[l], self.a[l - 1]
        (m, n), K = W.shape, a.shape[1]
        if m * n > K * (m + n):
            self.inner_a[l] = product(a_, transposed(a))  # (T, Q, K)
            self.inner_a[l] *= -self.alpha
            z = product(self.inner_a[l], delta)  # (T, Q, n_l)
            z += product(rows(a_), W).reshape(z.shape)  # [ONE.1]
            return z
        self.adapted[l] = product(transposed(a), delta)  # (T, n_{l-1} + 1, n_l)
        self.adapted[l] *= -self.alpha
        self.adapted[l] += W
        return product(a_, self.adapted[l])

    def back(self, l):
        """δ'_l W'_lᵀ, (T, Q, n_{l-1})."""
        delta_ = self.delta[l]
        if self.adapted[l] is not None:
            return times_transposed(delta_, transposed(self.adapted[l][:, :-1]))
        self.inner_delta[l] = product(delta_, transposed(self.at.delta_by_task[l]))  # (T, Q, K)
        self.inner_delta[l] *= -self.alpha
        back = product(self.inner_delta[l], self.at.a_by_task[l - 1][..., :-1])  # (T, Q, n_{l-1})
        back += product(rows(delta_), self.at.W_transposed[l]).reshape(back.shape)  # [ONE.2]
        return back

    def loss(self):
        """L (T,)."""
        return self.at.model.loss_function.value(self.f, self.y)

    def a_V(self, l):
        """-α a_{l-1} V_l, (T, K, n_l), for the support set's a and the query gradient V."""
        if self.adapted[l] is None:
            return product(transposed(self.inner_a[l]), self.delta[l])  # -α times [ONE.3]
        self.V[l] = product(transposed(self.a[l - 1]), self.delta[l])  # (T, n_{l-1} + 1, n_l)
        self.V[l] *= -self.alpha
        return product(self.at.a_by_task[l - 1], self.V[l])

    def delta_V(self, l):
        """-α δ_l V_lᵀ, (T, K, n_{l-1}), for the support set's δ; after a_V, which forms V."""
        if self.adapted[l] is None:
            return product(transposed(self.inner_delta[l]), self.a[l - 1][..., :-1])  # -α times [ONE.4]
        return times_transposed(self.at.delta_by_task[l], transposed(self.V[l][:, :-1]))
