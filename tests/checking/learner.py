"""Code as a learner would write it, and right; catalogue.py plants mistakes in its text.

It shares no code with the checker, nor with the models of the package.  Comments in brackets
are places for a planted line.
"""

import numpy as np


def transpose(matrix):
    """The transpose of the last two axes."""
    return np.swapaxes(matrix, -1, -2)


def softplus_slope(z):
    return 1 / (1 + np.exp(-z))


ACTIVATIONS = {  # φ, φ', φ'', all of z
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2,
             lambda z: -2 * np.tanh(z) * (1 - np.tanh(z) ** 2)),
    "relu": (lambda z: z * (z.real > 0), lambda z: 1.0 * (z.real > 0), lambda z: 0.0 * z),
    "relu as it is usually written":
        (lambda z: np.maximum(0, z), lambda z: (z > 0).astype(float), lambda z: 0.0 * z),
    "relu by np.abs":
        (lambda z: (z + np.abs(z)) / 2, lambda z: 1.0 * (z.real > 0), lambda z: 0.0 * z),
    "sine": (np.sin, np.cos, lambda z: -np.sin(z)),
    "softplus": (lambda z: np.log(1 + np.exp(z)), softplus_slope,
                 lambda z: softplus_slope(z) * (1 - softplus_slope(z))),
}


def count(f):
    return f.shape[-2] * f.shape[-1]


LOSSES = {  # L, ∂L/∂f and (∂²L/∂f²) ḟ
    "squared error": (lambda f, y: ((f - y) ** 2).mean(axis=(-2, -1)),
                      lambda f, y: 2 * (f - y) / count(f),
                      lambda f, y, f_dot: 2 * f_dot / count(f)),
    "log cosh": (lambda f, y: np.log(np.cosh(f - y)).mean(axis=(-2, -1)),
                 lambda f, y: np.tanh(f - y) / count(f),
                 lambda f, y, f_dot: (1 - np.tanh(f - y) ** 2) * f_dot / count(f)),
}

SMALL, WIDE = (2, 4, 4, 1), (2, 4, 3, 2)  # square in the middle: NumPy is silent; and two outputs


class LearnerMLP:
    """A network: gradients go into views of one vector, layer by layer, l = 1 ... N."""

    def __init__(self, widths=SMALL, activation="tanh", loss="squared error"):
        self.widths, self.N = list(widths), len(widths) - 1
        self.d_in, self.d_out = self.widths[0], self.widths[-1]
        self.phi, self.phi1, self.phi2 = ACTIVATIONS[activation]
        self.score, self.score1, self.score2 = LOSSES[loss]
        self.blocks = []
        for l, (n_in, n_out) in enumerate(zip(widths, widths[1:]), start=1):
            self.blocks += [(f"W{l}", (n_in, n_out)), (f"b{l}", (n_out,))]
        self.n_params = sum(int(np.prod(shape)) for _, shape in self.blocks)

    def init(self, rng):
        """Draw θ, (P,)."""
        return 0.6 * rng.standard_normal(self.n_params)

    def split(self, flat):
        """Views [None, (W_1, b_1), ...] into a flat vector (..., P); b_l is (..., 1, n_l)."""
        layers, start = [None], 0
        for n_in, n_out in zip(self.widths, self.widths[1:]):
            middle, end = start + n_in * n_out, start + n_in * n_out + n_out
            W = flat[..., start:middle].reshape(flat.shape[:-1] + (n_in, n_out))
            layers.append((W, flat[..., middle:end][..., None, :]))
            start = end
        return layers

    def forward(self, theta, x):
        """The layers' parameters, z_l and a_l, numbered from 1; a_0 = x, a_N = f."""
        layers, z, a = self.split(theta), [None], [x]
        for l in range(1, self.N + 1):
            W, b = layers[l]
            z.append(a[l - 1] @ W + b)
            a.append(self.phi(z[l]) if l < self.N else z[l])
        return layers, z, a

    def loss(self, theta, x, y):
        """L, shape (...)."""
        f = self.forward(theta, x)[2][-1]
        return self.score(f, y)

    def gradient(self, theta, x, y):
        """∂L/∂θ, shape (..., P)."""
        # [the beginning of the gradient]
        layers, z, a = self.forward(theta, x)
        g = np.zeros(np.broadcast_shapes(theta.shape[:-1], x.shape[:-2]) + theta.shape[-1:],
                     np.result_type(theta, y))
        grads, f, K = self.split(g), a[self.N], x.shape[-2]
        delta = self.score1(f, y)  # δ_N, (..., K, D_out)
        # [the error]
        delta_N = delta
        for l in range(self.N, 0, -1):
            W, (dW, db) = layers[l][0], grads[l]
            dW[...] = transpose(a[l - 1]) @ delta
            db[...] = delta.sum(axis=-2, keepdims=True)
            # [the blocks of layer l]
            if l > 1:
                slope = self.phi1(z[l - 1])
                back = transpose(W)
                # [the way back from layer l]
                delta = delta @ back * slope  # (..., K, n_{l-1})
        return g  # (..., P)

    def hvp(self, theta, x, y, v):
        """H v, shape (..., P)."""
        # [the beginning of the product]
        layers, z, a = self.forward(theta, x)
        moves, N = self.split(v), self.N
        z_dot, a_dot = self.forward_dot(layers, moves, z, a)
        delta, delta_dot = [None] * (N + 1), [None] * (N + 1)
        delta[N] = self.score1(a[N], y)
        delta_dot[N] = self.score2(a[N], y, z_dot[N])
        # [the error's change]
        for l in range(N - 1, 0, -1):
            W, V = layers[l + 1][0], moves[l + 1][0]
            back = delta[l + 1] @ transpose(W)  # (..., K, n_l)
            delta[l] = back * self.phi1(z[l])
            through_W, through_V = delta_dot[l + 1] @ transpose(W), delta[l + 1] @ transpose(V)
            curved = back * self.phi2(z[l]) * z_dot[l]
            # [the terms of the error's change]
            delta_dot[l] = (through_W + through_V) * self.phi1(z[l]) + curved
        h = np.zeros(np.broadcast_shapes(theta.shape[:-1], v.shape[:-1], x.shape[:-2])
                     + v.shape[-1:], np.result_type(theta, v, y))
        for l in range(1, N + 1):
            hW, hb = self.split(h)[l]
            hW[...] = transpose(a[l - 1]) @ delta_dot[l]
            if l > 1:
                hW[...] += transpose(a_dot[l - 1]) @ delta[l]
            hb[...] = delta_dot[l].sum(axis=-2, keepdims=True)
            # [the product's blocks of layer l]
        return h  # (..., P)

    def forward_dot(self, layers, moves, z, a):
        """ż_l and ȧ_l, numbered from 1; ȧ_0 = 0."""
        z_dot, a_dot = [None], [np.zeros_like(a[0])]
        for l in range(1, self.N + 1):
            (W, _), (V, c), a_l = layers[l], moves[l], a[l - 1]
            # [the terms of ż]
            z_dot.append(a_dot[l - 1] @ W + a_l @ V + c)
            a_dot.append(self.phi1(z[l]) * z_dot[l])
        return z_dot, a_dot


class LearnerLinear:
    """Linear regression: f = x W + b."""

    def __init__(self, d_in=3, d_out=2):
        self.d_in, self.d_out = d_in, d_out
        self.blocks = [("W1", (d_in, d_out)), ("b1", (d_out,))]
        self.n_params = d_in * d_out + d_out

    def init(self, rng):
        """Draw θ, (P,)."""
        return 0.6 * rng.standard_normal(self.n_params)

    def predict(self, theta, x):
        """f, (..., K, D_out)."""
        W = theta[..., :-self.d_out].reshape(theta.shape[:-1] + (self.d_in, self.d_out))
        return x @ W + theta[..., None, -self.d_out:]

    def back(self, x, delta):
        """(xᵀ δ, 1ᵀ δ) as one flat vector."""
        W = transpose(x) @ delta
        return np.concatenate([W.reshape(W.shape[:-2] + (-1,)), delta.sum(axis=-2)], axis=-1)

    def loss(self, theta, x, y):
        """L, shape (...)."""
        return ((self.predict(theta, x) - y) ** 2).mean(axis=(-2, -1))

    def gradient(self, theta, x, y):
        """∂L/∂θ, shape (..., P)."""
        f = self.predict(theta, x)
        g = self.back(x, 2 * (f - y) / count(f))
        return g  # of the line

    def hvp(self, theta, x, y, v):
        """H v, shape (..., P)."""
        f_dot = self.predict(v, x)
        delta_dot = 2 * f_dot / count(f_dot)
        return self.back(x, delta_dot)


def learner_maml(theta, batch, alpha, steps, model, first_order=False):
    """MAML's query loss and meta-gradient, one task after another: (number, (P,))."""
    losses, gradients = [], []
    for x_s, y_s, x_q, y_q in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        points = [theta]
        for _ in range(steps):
            points.append(points[-1] - alpha * model.gradient(points[-1], x_s, y_s))
        losses.append(model.loss(points[-1], x_q, y_q))
        v = model.gradient(points[-1], x_q, y_q)
        for k in [] if first_order else reversed(range(steps)):
            v = v - alpha * model.hvp(points[k], x_s, y_s, v)
        gradients.append(v)
    return sum(losses) / len(losses), sum(gradients) / len(losses)


def learner_reptile(theta, batch, alpha, steps, model):
    """Reptile's mean of θ - θ_S, one task after another, (P,)."""
    tasks = list(zip(batch.x_support, batch.y_support))
    ends = [learner_adapt(theta, x, y, alpha, steps, model) for x, y in tasks]
    return theta - sum(ends) / len(ends)


def learner_adapt(theta, x, y, alpha, steps, model):
    """Gradient descent on one task from θ; returns θ_S, (P,)."""
    for _ in range(steps):
        theta = theta - alpha * model.gradient(theta, x, y)
    return theta
