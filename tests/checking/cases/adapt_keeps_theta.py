"""The next call starts from the parameters that the last one adapted.

FAIL 1 step | | adapt starts where the last call ended |! one inner step
"""
import numpy as np
import tinymeta as tm
model = tm.MLP([1, 5, 1], "tanh")
memory = {}
def adapt(theta, x, y, alpha, steps):
    w = memory.get("w", theta)
    for _ in range(steps):
        w = w - alpha * model.gradient(w, x, y)
    memory["w"] = w
    return w
