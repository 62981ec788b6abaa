"""MAML and Meta-SGD with one inner step, summed over tasks.

maml.py and meta_sgd.py are the definitions; this computes the same numbers for a FastMLP in half
the time.  MAML's inner step changes each weight matrix by a matrix of rank K, and the loss only
ever multiplies with it.  Let a bias be the last row of its weight and a 1 the last entry of every
input a, as in fast_pass.py; passing back, and in ȧ, there is no 1.

The inner step and the Hessian term are both linear in the support loss, so -α goes into it once:
let s_l be the errors of -α L_𝒮, which are -α δ_l, and ṡ_l their dots.  A prime, in the code an
underscore, means at the adapted parameters θ': the weights W' and the query quantities a' and δ'.
Then W'_l = W_l + a_{l-1}ᵀ s_l, and a product with W'_l is one with W_l, which all tasks share, and
two with thin matrices:

    [ONE.1]  a'_{l-1} W'_l = a'_{l-1} W_l + (a'_{l-1} a_{l-1}ᵀ) s_l     Q × K products of inputs
    [ONE.2]  δ'_l W'_lᵀ    = δ'_l W_lᵀ + (δ'_l s_lᵀ) a_{l-1}            and of errors

([ONE.1] is attention without a softmax: the query's inputs look up the support's errors.)  The
direction of the Hessian-vector product is the query gradient, V_l = a'_{l-1}ᵀ δ'_l, of rank Q:

    [ONE.3]  a_{l-1} V_l   = (a_{l-1} a'_{l-1}ᵀ) δ'_l                   the same products again
    [ONE.4]  s_l V_lᵀ      = (s_l δ'_lᵀ) a'_{l-1}

and the sum over tasks of v - α H v is one product over all tasks' rows at once:

    [ONE.5]  Σ_tasks a'_{l-1}ᵀ δ'_l + a_{l-1}ᵀ ṡ_l + ȧ_{l-1}ᵀ s_l

A matrix with no more entries than its thin factors, as in the first and the last layer, is formed
instead; `thin` says of each layer which it is.  With a rate for each parameter, as in Meta-SGD,
α ⊙ (aᵀ s) has no thin factors: all matrices are formed, s are the errors of -L_𝒮, and the rates
multiply aᵀ s and V.
"""

import numpy as np

from . import products
from .parts import activated, curve, like, with_one
from .products import times_transposed


def one_step_sums(model, theta, alpha, x, y, x_, y_, first_order=False):
    """The sums over tasks of the query losses, of v_0 (P,), and of -g_𝒮 ⊙ v_1 (P,).

    model: a FastMLP.  theta: (P,).  alpha: a number, and the last sum is None, or a vector (P,).
    x, y, x_, y_: support and query sets.  first_order: with a number alone.  None instead of sums
    where these do not fit.  Memory for a number: T · 10 K U numbers of θ's type for U hidden units
    in all, Q = K.
    """
    if (x.shape[2], y.shape[2]) != (model.d_in, model.d_out) or not theta.dtype.isnative:
        return None
    (T, K, _), Q, N = y.shape, y_.shape[1], len(model.widths) - 1
    rows, rows_ = (T * K, -1), (T * Q, -1)  # the examples of all tasks as the rows of one matrix
    phi, loss = model.activation, model.loss_function
    curved = phi.second_derivative is not None
    dot, matmul = products.for_rows(T * max(K, Q), model.largest)
    W = model.matrices(theta)  # [None, (n_0 + 1, n_1), ...]: lists go by layer, as in mlp.py
    Wt = [None, None] + [weight[:-1].T for weight in W[2:]]
    thin = [None] + [K < most for most in model.thin_up_to]
    rates, of_rates, scale = None, None, -alpha  # what the support loss is multiplied by
    if not isinstance(alpha, float):
        if first_order:
            return None
        thin, of_rates, scale = [False] * (N + 1), np.empty_like(theta), -1.0
        rates, rate_sums = model.matrices(alpha), model.matrices(of_rates)

    # The support pass at θ.
    a, z, slope, bend, s = [with_one(x.reshape(rows))], [None], [None], {}, [None] * (N + 1)
    for l in range(1, N):
        z_l = dot(a[l - 1], W[l])  # (T K, n_l)
        a_l, slope_l = activated(phi, z_l)
        a.append(a_l)  # (T K, n_l + 1)
        slope.append(slope_l)
        z.append(z_l if curved else None)
    f = dot(a[N - 1], W[N]).reshape(y.shape)  # (T, K, D_out)
    s[N] = (scale * like(f, loss.gradient(f, y))).reshape(rows)
    for l in range(N - 1, 0, -1):
        s[l] = dot(s[l + 1], Wt[l + 1])  # (T K, n_l)
        if curved:
            bend[l] = s[l] * curve(phi, z[l], a[l], slope[l])  # s_{l+1} W_{l+1}ᵀ ⊙ φ''(z_l)
        s[l] *= slope[l]

    # The query pass at θ', task by task.
    a3 = [a_l.reshape(T, K, -1) for a_l in a]  # (T, K, n_l + 1)
    s3 = [None] + [s_l.reshape(T, K, -1) for s_l in s[1:]]
    a_, slope_, delta_ = [with_one(x_)], [None], [None] * (N + 1)
    inputs, errors, step, adapted = {}, {}, {}, {}  # by layer
    for l in range(1, N + 1):
        if thin[l]:
            inputs[l] = matmul(a_[l - 1], a3[l - 1].swapaxes(1, 2))  # (T, Q, K)
            z_ = dot(a_[l - 1].reshape(rows_), W[l]).reshape(T, Q, -1)
            z_ += matmul(inputs[l], s3[l])  # [ONE.1]
        else:
            step[l] = matmul(a3[l - 1].swapaxes(1, 2), s3[l])  # (T, n_{l-1} + 1, n_l)
            adapted[l] = step[l] if rates is None else rates[l] * step[l]
            adapted[l] += W[l]
            z_ = matmul(a_[l - 1], adapted[l])  # (T, Q, n_l)
        if l < N:
            a_l, slope_l = activated(phi, z_)
            a_.append(a_l)
            slope_.append(slope_l)
    delta_[N] = like(z_, loss.gradient(z_, y_))
    for l in range(N, 1, -1):
        if thin[l]:
            errors[l] = matmul(delta_[l], s3[l].swapaxes(1, 2))  # (T, Q, K)
            back_ = dot(delta_[l].reshape(rows_), Wt[l]).reshape(T, Q, -1)
            back_ += matmul(errors[l], a3[l - 1][..., :-1])  # [ONE.2]
        else:
            back_ = times_transposed(delta_[l], adapted[l][:, :-1].swapaxes(1, 2))
        back_ *= slope_[l - 1]
        delta_[l - 1] = back_

    # The query gradient v, summed over tasks.
    total = np.empty(theta.size, theta.dtype)  # (P,)
    sums = model.matrices(total)  # (n_{l-1} + 1, n_l)
    if rates is None:
        for l in range(1, N + 1):
            dot(a_[l - 1].reshape(rows_).T, delta_[l].reshape(rows_), sums[l])  # [ONE.5]
    total_loss = loss.value(z_, y_).sum()
    if first_order:
        return total_loss, total, of_rates

    # -α H v: the dots of the support pass along V.
    a_dot, bent, V = None, {}, {}
    for l in range(1, N + 1):
        if thin[l]:
            moved = matmul(inputs[l].swapaxes(1, 2), delta_[l])  # (T, K, n_l)  [ONE.3]
        else:
            V[l] = matmul(a_[l - 1].swapaxes(1, 2), delta_[l])  # (T, n_{l-1} + 1, n_l)
            if rates:
                V[l].sum(axis=0, out=sums[l])
                np.einsum("tij,tij->ij", step[l], V[l], out=rate_sums[l])  # METASGD.2
                V[l] *= rates[l]
            moved = matmul(a3[l - 1], V[l])
        moved = moved.reshape(rows)  # (T K, n_l)
        if l > 1:
            moved += dot(a_dot, W[l][:-1])  # HVP.1
            sums[l][:-1] += dot(a_dot.T, s[l])  # [ONE.5], there is no 1 in ȧ
        if l < N:
            if curved:
                bent[l] = bend[l] * moved
            moved *= slope[l]  # HVP.2
            a_dot = moved
    s_dot = scale * like(f, loss.curvature(f, y, moved.reshape(y.shape)))  # HVP.3
    s_dot = s_dot.reshape(rows)
    for l in range(N, 0, -1):
        sums[l] += dot(a[l - 1].T, s_dot)  # [ONE.5]
        if l == 1:
            break
        s_dot = dot(s_dot, Wt[l])  # (T K, n_{l-1}), HVP.4
        if thin[l]:
            s_dot += matmul(errors[l].swapaxes(1, 2), a_[l - 1][..., :-1]).reshape(rows)  # [ONE.4]
        else:
            s_dot += times_transposed(s3[l], V[l][:, :-1].swapaxes(1, 2)).reshape(rows)
        s_dot *= slope[l - 1]
        if curved:
            s_dot += bent[l - 1]
    return total_loss, total, of_rates
