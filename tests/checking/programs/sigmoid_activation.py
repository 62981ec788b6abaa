"""The package's network with an activation of one's own.

MISTAKE activation | φ' | the short form is given z in place of φ(z)
    a * (1 - a)  ->  z * (1 - z)
    says argument: φ' is written for a = φ(z) and is given z
"""

import numpy as np
import tinymeta as tm

def value(z):
    return 1 / (1 + np.exp(-z))

def slope(z, a):
    return a * (1 - a)

def curve(z, a, d):
    return d * (1 - 2 * a)

model = tm.MLP([1, 5, 5, 1], tm.Activation("sigmoid", value, slope, curve, "xavier"))
