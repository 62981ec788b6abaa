"""A second implementation, as plain as can be: one example, one neuron, one number at a time.

It shares no code with the package and knows no derivative rule: gradients come from the complex
step, Hessians from central differences of those.
"""

import numpy as np


def predict(widths, activation, theta, x):
    """The network's outputs for ONE example x, a list of numbers."""
    values, position = list(x), 0
    for layer, (n_in, n_out) in enumerate(zip(widths, widths[1:]), start=1):
        sums = []
        for j in range(n_out):
            total = theta[position + n_in * n_out + j]  # the bias comes after the weights
            for i in range(n_in):
                total = total + values[i] * theta[position + i * n_out + j]  # row by row
            sums.append(total)
        position += n_in * n_out + n_out
        if layer == len(widths) - 1:
            return sums
        values = [
            np.tanh(s) if activation == "tanh" else (s if s.real > 0 else 0 * s) for s in sums
        ]


def loss(widths, activation, theta, x, y):
    """The mean over examples and outputs of squared errors; one task x (K, D_in), y (K, D_out)."""
    total, count = 0.0, 0
    for x_k, y_k in zip(x, y):
        for f, target in zip(predict(widths, activation, theta, x_k), y_k):
            total, count = total + (f - target) ** 2, count + 1
    return total / count


def gradient(f, theta, h=1e-20):
    """The gradient of f by the complex step."""
    result = np.zeros(theta.size)
    for j in range(theta.size):
        moved = theta.astype(complex)
        moved[j] += 1j * h
        result[j] = f(moved).imag / h
    return result


def hessian(f, theta, h=1e-5):
    """The Hessian of f by central differences of the complex-step gradient."""
    columns = []
    for e in np.eye(theta.size):
        columns.append((gradient(f, theta + h * e) - gradient(f, theta - h * e)) / (2 * h))
    return np.array(columns).T


def maml(widths, activation, theta, tasks, alpha, steps):
    """MAML's loss and gradient by multiplying out the Jacobians; tasks: (x_s, y_s, x_q, y_q)."""
    losses, gradients = [], []
    for x_s, y_s, x_q, y_q in tasks:
        support = lambda t: loss(widths, activation, t, x_s, y_s)
        query = lambda t: loss(widths, activation, t, x_q, y_q)
        adapted, jacobian = theta, np.eye(theta.size)
        for _ in range(steps):
            jacobian = (np.eye(theta.size) - alpha * hessian(support, adapted)) @ jacobian
            adapted = adapted - alpha * gradient(support, adapted)
        losses.append(query(adapted))
        gradients.append(jacobian.T @ gradient(query, adapted))
    return np.mean(losses), np.mean(gradients, axis=0)


def reptile(widths, activation, theta, tasks, alpha, minibatches):
    """Reptile's θ - θ_S, where step k uses the examples minibatches[k] of the support set."""
    moves = []
    for x_s, y_s, _, _ in tasks:
        adapted = theta
        for which in minibatches:
            adapted = adapted - alpha * gradient(
                lambda t: loss(widths, activation, t, x_s[which], y_s[which]), adapted)
        moves.append(theta - adapted)
    return np.mean(moves, axis=0)


def adam(theta, gradients, rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """θ after Adam steps with these gradients, one number at a time (Kingma & Ba 2015, Alg. 1)."""
    theta = list(theta)
    for j in range(len(theta)):
        m = s = 0.0
        for t, g in enumerate([g[j] for g in gradients], start=1):
            m = beta1 * m + (1 - beta1) * g
            s = beta2 * s + (1 - beta2) * g**2
            theta[j] -= rate * (m / (1 - beta1**t)) / (np.sqrt(s / (1 - beta2**t)) + epsilon)
    return np.array(theta)
