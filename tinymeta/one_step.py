"""MAML with one inner step, without ever forming a task's adapted weights.

maml.py is the definition; this computes the same numbers for a multilayer perceptron in half the time.
One inner step changes each weight matrix by a matrix of rank K, and the loss only ever multiplies with
it.  Append a 1 to every input, and b_l below W_l, so that z_l = a_{l-1} W_l with the bias inside (in θ
they already lie so).  Support quantities are plain, query quantities have a prime.  Then
W_l' = W_l - α a_{l-1}ᵀ δ_l, and every product with W_l' is one with W_l, which all tasks share, and
two with thin matrices:

    [ONE.1]  a'_{l-1} W_l' = a'_{l-1} W_l - α (a'_{l-1} a_{l-1}ᵀ) δ_l              K × K inner products of inputs
    [ONE.2]  δ'_l W_l'ᵀ    = δ'_l W_lᵀ - α (δ'_l δ_lᵀ) a_{l-1}                     and of errors

([ONE.1] is attention without a softmax: the query's inputs look up the support's errors.)  The
direction of the Hessian-vector product is the query gradient, v = (a'_{l-1}ᵀ δ'_l), of rank Q, so in
[HVP.1] and [HVP.4]

    [ONE.3]  a_{l-1} V_l   = (a_{l-1} a'_{l-1}ᵀ) δ'_l                              the same inner products
    [ONE.4]  δ_l V_lᵀ      = (δ_l δ'_lᵀ) a'_{l-1}

and the sum over tasks of v - α H v is one product over all tasks' rows at once:

    [ONE.5]  Σ_tasks a'_{l-1}ᵀ δ'_l - α (a_{l-1}ᵀ δ̇_l + ȧ_{l-1}ᵀ δ_l)

Nothing of shape (T, P) exists.  Tasks go through in blocks that fit the processor's cache.
"""

import numpy as np

BLOCK_BYTES = 2**18  # of one layer's activations


def one_step_meta_gradient(model, theta, support, query, alpha, first_order):
    """The mean query loss after one inner step, and its gradient in θ: (number, (P,)).

    model: an MLP.  theta: (P,), real.  support, query: x (T, K, D_in), y (T, K, D_out), arguments
    that have been checked.  alpha: a number.  first_order: drop the Hessian term.
    """
    T, K = support[0].shape[:2]
    size = max(1, BLOCK_BYTES // (max(K, query[0].shape[1]) * max(model.widths) * theta.itemsize))
    loss, total = 0.0, np.zeros_like(theta)
    for start in range(0, T, size):
        of_block = [[a[start:start + size] for a in pair] for pair in (support, query)]
        block_loss, block_sum = _block(model, theta, *of_block, alpha, first_order)
        loss += block_loss
        total += block_sum
    return theta.dtype.type(loss / T), total / T


def _block(model, theta, support, query, alpha, first_order):
    """The sums over a block's tasks of the query losses (a number) and of their meta-gradients (P,)."""
    W = _augmented(model, theta)
    a, z, slope, _, f = _forward(model, W, support[0])
    delta, back, _ = _backward(model, W, slope, f, support[1])
    step = [None] + [-alpha * d for d in delta[1:]]  # -α δ_l, (T, K, n_l)
    a_, _, slope_, inputs, f_ = _forward(model, W, query[0], a, step)
    delta_, _, errors = _backward(model, W, slope_, f_, query[1], a, step)
    total = np.zeros_like(theta)
    sums = _augmented(model, total)  # views
    for l in range(1, len(W)):
        sums[l] += _sum_of_products(a_[l - 1], delta_[l])  # (n_{l-1} + 1, n_l)  [ONE.5], v
    if not first_order:
        z_dot, a_dot = _forward_dot(model, W, slope, inputs, delta_)
        step_dot = _backward_dot(model, W, support[1], (f, z, a, slope, back), z_dot, (errors, a_), alpha)
        for l in range(1, len(W)):
            sums[l] += _sum_of_products(a[l - 1], step_dot[l])  # (n_{l-1} + 1, n_l)  [ONE.5], -α H v
            if l > 1:
                sums[l][:-1] += _sum_of_products(a_dot[l - 1], step[l])  # (n_{l-1}, n_l): ȧ has no 1 appended
    return model.loss_function.value(f_, query[1]).sum(), total


def _augmented(model, theta):
    """Views [None, W_1, ..., W_N] into theta (P,), each (n_{l-1} + 1, n_l) with the bias as its last row."""
    views, start = [None], 0
    for n_in, n_out in zip(model.widths, model.widths[1:]):
        end = start + (n_in + 1) * n_out
        views.append(theta[start:end].reshape(n_in + 1, n_out))
        start = end
    return views


def _with_one(a):
    """Inputs (T, K, n) with a 1 appended: (T, K, n + 1)."""
    augmented = np.empty(a.shape[:-1] + (a.shape[-1] + 1,), a.dtype)
    augmented[..., :-1] = a
    augmented[..., -1] = 1
    return augmented


def _times(a, W):
    """a W for all tasks in one product, (T, K, m) and (m, n) -> (T, K, n): a third faster than task by task."""
    if W.shape[0] == 1:
        return a * W  # an outer product: a broadcast is faster than matmul
    return (a.reshape(-1, W.shape[0]) @ W).reshape(a.shape[:-1] + W.shape[1:])


def _sum_of_products(a, d):
    """Σ_tasks aᵀ d, (T, K, m) and (T, K, n) -> (m, n)."""
    return a.reshape(-1, a.shape[-1]).T @ d.reshape(-1, d.shape[-1])


def _forward(model, W, x, a_support=None, step=None):
    """The lists a (augmented), z, slope, inputs (the inner products of [ONE.1]), and f; adapted if given a step."""
    phi, N = model.activation, len(W) - 1
    a, z, slope, inputs = [_with_one(x)], [None], [None], [None]
    for l in range(1, N + 1):
        z.append(_times(a[l - 1], W[l]))  # (T, K, n_l)
        if step is not None:
            inputs.append(a[l - 1] @ a_support[l - 1].swapaxes(-1, -2))  # (T, Q, K)
            z[l] += inputs[l] @ step[l]  # (T, Q, n_l)  [ONE.1]
        if l < N:
            value = phi.value(z[l])  # (T, K, n_l)
            slope.append(phi.derivative(z[l], value))
            a.append(_with_one(value))
    return a, z, slope, inputs, z[N]


def _backward(model, W, slope, f, y, a_support=None, step=None):
    """The lists delta, back and errors (the inner products of [ONE.2], times -α); adapted if given a step."""
    N = len(W) - 1
    delta, back, errors = [None] * (N + 1), [None] * N, [None] * (N + 1)
    delta[N] = model.loss_function.gradient(f, y)  # (T, K, D_out)
    for l in reversed(range(1, N)):
        back[l] = _times(delta[l + 1], W[l + 1][:-1].T)  # (T, K, n_l): the 1 passes nothing back
        if step is not None:
            errors[l + 1] = delta[l + 1] @ step[l + 1].swapaxes(-1, -2)  # (T, Q, K)
            back[l] += errors[l + 1] @ a_support[l][..., :-1]  # (T, Q, n_l)  [ONE.2]
        delta[l] = back[l] * slope[l]  # (T, K, n_l)
    return delta, back, errors


def _forward_dot(model, W, slope, inputs, delta_):
    """The lists z_dot and a_dot of the support pass, along the query gradient."""
    N = len(W) - 1
    z_dot, a_dot = [None], [None]
    for l in range(1, N + 1):
        z_dot.append(inputs[l].swapaxes(-1, -2) @ delta_[l])  # (T, K, n_l)  [ONE.3]
        if l > 1:
            z_dot[l] += _times(a_dot[l - 1], W[l][:-1])  # (T, K, n_l)
        if l < N:
            a_dot.append(slope[l] * z_dot[l])  # (T, K, n_l)
    return z_dot, a_dot


def _backward_dot(model, W, y, support_pass, z_dot, of_query, alpha):
    """The list step_dot, -α δ̇_l (T, K, n_l)."""
    (f, z, a, slope, back), (errors, a_), phi, N = support_pass, of_query, model.activation, len(W) - 1
    step_dot = [None] * (N + 1)
    step_dot[N] = -alpha * model.loss_function.curvature(f, y, z_dot[N])  # (T, K, D_out)
    for l in reversed(range(1, N)):
        dot = _times(step_dot[l + 1], W[l + 1][:-1].T)  # (T, K, n_l)
        dot += errors[l + 1].swapaxes(-1, -2) @ a_[l][..., :-1]  # (T, K, n_l)  [ONE.4]; errors hold the -α
        step_dot[l] = dot * slope[l]
        if phi.second_derivative is not None:
            curve = phi.second_derivative(z[l], a[l][..., :-1], slope[l])  # φ''(z_l), (T, K, n_l)
            step_dot[l] -= alpha * (back[l] * curve * z_dot[l])
    return step_dot
