"""The network is not called model.

PASS | P = 25
"""
import numpy as np
import tinymeta as tm
net = tm.MLP([1, 8, 1], "tanh")
def meta_gradient(theta, batch, alpha, steps):
    out = []
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        w = tm.adapt(net, theta, xs, ys, alpha, steps)
        v = net.gradient(w[-1], xq, yq)
        for k in reversed(range(steps)): v = v - alpha * net.hvp(w[k], xs, ys, v)
        out.append(v)
    return np.mean(out, 0)
