"""Unusual: the gradient by a tape of one's own.

MISTAKE gradient | all | tape overwrites the gradient where a node is used more than once
    p.g = p.g + d * n.g  ->  p.g = d * n.g
"""

import numpy as np

class Node:
    def __init__(self, v, parents=()):
        self.v, self.parents, self.g = v, parents, 0.0
    def __mul__(self, o): return Node(self.v * o.v, ((self, o.v), (o, self.v)))
    def __add__(self, o): return Node(self.v + o.v, ((self, 1.0), (o, 1.0)))
    def sin(self): return Node(np.sin(self.v), ((self, np.cos(self.v)),))
    def order(self, seen, out):
        if id(self) not in seen:
            seen.add(id(self))
            for p, _ in self.parents: p.order(seen, out)
            out.append(self)
        return out
    def backward(self):
        self.g = 1.0
        for n in reversed(self.order(set(), [])):
            for p, d in n.parents: p.g = p.g + d * n.g

n_params, d_in, d_out = 3, 1, 1
blocks = [("a", (1,)), ("w", (1,)), ("c", (1,))]

def build(theta, x, y):
    p = [Node(t) for t in theta]
    total = Node(0.0)
    for xi, yi in zip(x[:, 0], y[:, 0]):
        e = p[0] * (p[1] * Node(xi)).sin() + p[2] + Node(-yi)
        total = total + e * e
    return p, total * Node(1 / len(x))

def loss(theta, x, y): return build(theta, x, y)[1].v

def gradient(theta, x, y):
    p, out = build(theta, x, y)
    out.backward()
    return np.array([n.g for n in p])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
