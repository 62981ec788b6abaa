"""MAML; unusual: the network is not called model."""

import numpy as np
import tinymeta as tm

net = tm.MLP([1, 8, 1], "tanh")

def meta_gradient(theta, batch, alpha, steps):
    out = []
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        path = tm.adapt(net, theta, xs, ys, alpha, steps)
        v = net.gradient(path[-1], xq, yq)
        for w in path[-2::-1]:
            v = v - alpha * net.hvp(w, xs, ys, v)
        out.append(v)
    return np.mean(out, 0)
