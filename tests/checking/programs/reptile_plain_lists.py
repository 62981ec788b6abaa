"""Unusual: Reptile by lists; a list is returned.

MISTAKE reptile at 1 step | amplitude, frequency, phase | each task starts where the last one ended
    w = [float(t) for t in theta]  ->  w = w if moves else [float(t) for t in theta]
"""

import numpy as np
from one_sine import *

def reptile(theta, batch, alpha, steps):
    moves = []
    for x, y in zip(batch.x_support, batch.y_support):
        w = [float(t) for t in theta]
        for _ in range(steps):
            g = gradient(np.array(w), x, y)
            w = [wi - alpha * gi for wi, gi in zip(w, g)]
        moves.append([t - wi for t, wi in zip(theta, w)])
    return [sum(column) / len(moves) for column in zip(*moves)]
