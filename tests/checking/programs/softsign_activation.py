"""A network of the package whose activation, softsign, is written with np.abs.

SAYS the complex step does not count
MISTAKE activation | φ' | the derivative lacks its square
    ** -2.0  # slope  ->  ** -1.0
"""

import numpy as np

import tinymeta as tm

def value(z):
    return z / (1 + np.abs(z))

def derivative(z, a):
    return (1 + np.abs(z)) ** -2.0  # slope

def second_derivative(z, a, slope):
    return -2 * np.sign(z) * (1 + np.abs(z)) ** -3.0

softsign = tm.Activation("softsign", value, derivative, second_derivative, init="xavier")
model = tm.MLP([2, 4, 1], activation=softsign)
