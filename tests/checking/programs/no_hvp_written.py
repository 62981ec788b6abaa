"""Unusual: loss and gradient alone, under other argument names.

STOPS at Hessian × vector | the model has no hvp
"""

import numpy as np

d_in = 1
d_out = 2
n_params = 8
blocks = [("W1", (1, 2)), ("W2", (2, 2)), ("b2", (2,))]

def unpack(w):
    return w[0:2].reshape(1, 2), w[2:6].reshape(2, 2), w[6:8]

def loss(w, X, Y):
    W1, W2, b2 = unpack(w)
    return 0.5 * np.sum((np.arctan(X.dot(W1)).dot(W2) + b2 - Y) ** 2) / X.shape[0]

def gradient(w, X, Y):
    W1, W2, b2 = unpack(w)
    Z = X.dot(W1)
    A = np.arctan(Z)
    D = (A.dot(W2) + b2 - Y) / X.shape[0]
    dZ = D.dot(W2.T) / (1 + Z ** 2)
    return np.r_[X.T.dot(dZ).ravel(), A.T.dot(D).ravel(), D.sum(axis=0)]
