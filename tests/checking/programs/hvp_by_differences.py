"""H v is a central difference of gradients with a good step, right to 1e-10.

STOPS at Hessian × vector | right to 3e-10 only: a difference of gradients?
"""

import tinymeta as tm

net = tm.MLP([1, 4, 1], "tanh")

class Model:
    n_params, blocks = net.n_params, net.blocks
    loss, gradient = staticmethod(net.loss), staticmethod(net.gradient)

    def hvp(self, theta, x, y, v):
        return (net.gradient(theta + 1e-5 * v, x, y) - net.gradient(theta - 1e-5 * v, x, y)) / 2e-5

model = Model()
