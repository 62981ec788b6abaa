"""The inner loop in an object with a copy of θ; unusual: it keeps a state, and resets it.

MISTAKE adapt at 1 step | - | state kept between calls: continues where the last call ended
    np.array(theta)  ->  np.array(theta) if self.fast is None else self.fast
    says not repeatable: something is kept from call to call
"""

import numpy as np
from tanh_network import *

class Learner:
    def __init__(self):
        self.fast = None

    def load(self, theta):
        self.fast = np.array(theta)

    def step(self, x, y, alpha):
        self.fast = self.fast - alpha * gradient(self.fast, x, y)

learner = Learner()

def adapt(theta, x, y, alpha, steps):
    learner.load(theta)
    for _ in range(steps):
        learner.step(x, y, alpha)
    return learner.fast
