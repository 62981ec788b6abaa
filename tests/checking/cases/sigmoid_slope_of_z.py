"""s (1 - s) is given z in place of s.

FAIL activation | φ' | φ' is written for a = φ(z) and is given z
"""
import numpy as np
import tinymeta as tm
value = lambda z: 1 / (1 + np.exp(-z))
slope = lambda z, a: z * (1 - z)
curve = lambda z, a, d: d * (1 - 2 * a)
model = tm.MLP([1, 5, 5, 1], activation=tm.Activation("sigmoid", value, slope, curve, "xavier"))
