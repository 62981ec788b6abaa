"""Reptile, all tasks in one array.

MISTAKE reptile at 1 step | amplitude, frequency, phase | sign: θ_S - theta
    return (theta - phi).mean(axis=0)  ->  return (phi - theta).mean(axis=0)
    says sign: the sign is flipped
MISTAKE reptile at 1 step | amplitude, frequency, phase | θ_S itself, not theta - θ_S
    return (theta - phi).mean(axis=0)  ->  return phi.mean(axis=0)
    says another quantity: this is the mean of θ_S
"""

import numpy as np
from one_sine import *

def reptile(theta, batch, alpha, steps):
    phi = np.tile(theta, (len(batch.x_support), 1))
    for k in range(steps):
        phi = phi - alpha * gradient(phi, batch.x_support, batch.y_support)
    return (theta - phi).mean(axis=0)
