"""Gradient descent, θ_S alone returned.

MISTAKE adapt at 2 steps | W1, b1, W2, b2 | θ_0 - α g(θ_k): every step starts from θ_0
    fast = fast - alpha * g  ->  fast = theta - alpha * g
    says iterate: each step starts at θ_0, θ_0 - α g(θ_k)
MISTAKE adapt at 1 step | - | changes theta in place
    fast = theta.copy()  ->  fast = theta
    fast = fast - alpha * g  ->  fast -= alpha * g
    says in place: `fast -= alpha * g`
MISTAKE adapt at 2 steps | W1, b1, W2, b2 | every gradient at θ_0
    g = gradient(fast, x, y)  ->  g = gradient(theta, x, y)
    says iterate: every inner gradient is taken at θ_0
MISTAKE adapt at 1 step | W1, b1, W2, b2 | S - 1 steps
    for step in range(steps):  ->  for step in range(1, steps):
    says iterate: one inner step too few
MISTAKE adapt at 1 step | W1, b1, W2, b2 | gradient of the sum, not of the mean: K times α
    fast = fast - alpha * g  ->  fast = fast - alpha * len(x) * g
    says alpha: the step size of the inner loop is Kα (K = 5
MISTAKE adapt at 1 step | W1, b1, W2, b2 | sign: ascends
    fast = fast - alpha * g  ->  fast = fast + alpha * g
    says sign: the inner loop ascends: θ + α g
MISTAKE adapt at 1 step | W1, b1, W2, b2 | gradient normalised to length 1
    fast = fast - alpha * g  ->  fast = fast - alpha * g / np.linalg.norm(g)
MISTAKE adapt at 1 step | W1, b1, W2, b2 | half of the support set only
    g = gradient(fast, x, y)  ->  g = gradient(fast, x[:len(x) // 2], y[:len(x) // 2])
MISTAKE adapt at 2 steps | W1, b1, W2, b2 | step size is halved at each step
    fast = fast - alpha * g  ->  fast = fast - alpha * 0.5 ** step * g
"""

from tanh_network import *

def adapt(theta, x, y, alpha, steps):
    fast = theta.copy()
    for step in range(steps):
        g = gradient(fast, x, y)
        fast = fast - alpha * g
    return fast
