"""Every step starts at θ_0 again.

FAIL 2 steps | W1, b1, W2, b2 | each step starts at θ_0, θ_0 - α g(θ_k); it belongs at θ_k
"""
import numpy as np
import tinymeta as tm
model = tm.MLP([1, 5, 1], "tanh")
def adapt(theta, x, y, alpha, steps):
    w = theta
    for _ in range(steps):
        w = theta - alpha * model.gradient(w, x, y)
    return w
