"""A catalogue of planted mistakes: complete code as a learner would write it, with one thing wrong each time.

It shares no code with the checker that it tests, nor with the models of the package.  A learner's code below
takes `mistake`, the catalogue's own sentence for what is wrong; the line concerned looks at it.  With None it
is right.  Mistakes in what adapts are planted in test_check_meta.py.
"""

from typing import Callable, NamedTuple

import numpy as np

import tinymeta as tm


def transpose(matrix):
    """The transpose of the last two axes."""
    return np.swapaxes(matrix, -1, -2)


def _softplus_slope(z):
    return 1 / (1 + np.exp(-z))


ACTIVATIONS = {  # φ, φ', φ'', all of z
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2, lambda z: -2 * np.tanh(z) * (1 - np.tanh(z) ** 2)),
    "relu": (lambda z: z * (z.real > 0), lambda z: 1.0 * (z.real > 0), lambda z: 0.0 * z),
    "relu as it is usually written": (lambda z: np.maximum(0, z), lambda z: (z > 0).astype(float), lambda z: 0.0 * z),
    "relu by np.abs": (lambda z: (z + np.abs(z)) / 2, lambda z: 1.0 * (z.real > 0), lambda z: 0.0 * z),
    "sine": (np.sin, np.cos, lambda z: -np.sin(z)),
    "softplus": (lambda z: np.log(1 + np.exp(z)), _softplus_slope,
                 lambda z: _softplus_slope(z) * (1 - _softplus_slope(z))),
}


def _count(f):
    return f.shape[-2] * f.shape[-1]


LOSSES = {  # L, ∂L/∂f and (∂²L/∂f²) ḟ
    "squared error": (lambda f, y: ((f - y) ** 2).mean(axis=(-2, -1)), lambda f, y: 2 * (f - y) / _count(f),
                      lambda f, y, f_dot: 2 * f_dot / _count(f)),
    "log cosh": (lambda f, y: np.log(np.cosh(f - y)).mean(axis=(-2, -1)), lambda f, y: np.tanh(f - y) / _count(f),
                 lambda f, y, f_dot: (1 - np.tanh(f - y) ** 2) * f_dot / _count(f)),
}

SMALL, WIDE = (2, 4, 4, 1), (2, 4, 3, 2)  # square in the middle, so that NumPy is silent; and two outputs


class LearnerMLP:
    """A network written by a learner: gradients go into views of one vector, layer by layer, l = 1 ... N."""

    def __init__(self, widths=SMALL, activation="tanh", mistake=None, loss="squared error"):
        self.widths, self.mistake, self.N = list(widths), mistake, len(widths) - 1
        self.d_in, self.d_out = self.widths[0], self.widths[-1]
        self.activation, self.loss_name = activation, loss
        self.phi, self.phi1, self.phi2 = ACTIVATIONS[activation]
        self.score, self.score1, self.score2 = LOSSES[loss]
        self.blocks = []
        for l, (n_in, n_out) in enumerate(zip(widths, widths[1:]), start=1):
            self.blocks += [(f"W{l}", (n_in, n_out)), (f"b{l}", (n_out,))]
        self.n_params = sum(int(np.prod(shape)) for _, shape in self.blocks)

    def init(self, rng):
        """Draw θ, (P,)."""
        return 0.6 * rng.standard_normal(self.n_params)

    def split(self, flat, bias_first=False):
        """Views [None, (W_1, b_1), ...] into a flat vector (..., P); b_l is (..., 1, n_l)."""
        layers, start = [None], 0
        for n_in, n_out in zip(self.widths, self.widths[1:]):
            size, end = n_in * n_out, start + n_in * n_out + n_out
            W, b = (slice(start + n_out, end), slice(start, start + n_out)) if bias_first else (
                slice(start, start + size), slice(start + size, end))
            layers.append((flat[..., W].reshape(flat.shape[:-1] + (n_in, n_out)), flat[..., b][..., None, :]))
            start = end
        return layers

    def forward(self, theta, x):
        """The layers' parameters, z_l and a_l, numbered from 1; a_0 = x."""
        layers, z, a = self.split(theta), [None], [x]
        for l in range(1, self.N + 1):
            W, b = layers[l]
            z.append(a[l - 1] @ W + b)
            a.append(self.phi(z[l]) if l < self.N else z[l])
            if self.mistake == "the activation drops the imaginary part" and l < self.N:
                a[l] = a[l].real
        return layers, z, a

    def loss(self, theta, x, y):
        """L, shape (...)."""
        m, f = self.mistake, self.forward(theta, x)[2][-1]
        if m == "the tanh at the output has no derivative":
            f = np.tanh(f)
        if m == "the loss is not averaged over the examples":
            return ((f - y) ** 2).mean(axis=-1)
        if m == "the loss changes y in place":
            y -= f.real
        if m == "the loss subtracts y of shape (K,) from f of shape (K, 1)":
            return ((f - y[..., 0][..., None, :]) ** 2).mean(axis=(-2, -1))
        if m == "the loss of a batch is one number":
            return ((f - y) ** 2).mean()
        return self.score(f, y)

    def gradient(self, theta, x, y):
        """∂L/∂θ, shape (..., P)."""
        m, N = self.mistake, self.N
        if m == "the gradient changes theta in place":
            theta *= 1.01
        if m == "the gradient changes x in place":
            x -= x.mean(axis=-2, keepdims=True)
        if m == "the gradient is of all examples but the last":
            x, y = x[..., :-1, :], y[..., :-1, :]
        if m == "the inputs are rounded to single precision":
            x = x.astype(np.float32)
        layers, z, a = self.forward(theta, x)
        delta = self.output_error(a[N], y)  # (..., K, D_out)
        at_output = delta
        g = np.zeros(np.broadcast_shapes(theta.shape[:-1], x.shape[:-2]) + theta.shape[-1:], np.result_type(theta, y))
        grads = self.split(g, bias_first=m == "biases come before weights in the flat gradient")
        for l in range(N, 0, -1):
            W, (dW, db) = layers[l][0], grads[l]
            a_T = a[l - 1].T if m == "all axes are transposed in the weight gradient" else transpose(a[l - 1])
            dW[...] = a_T @ delta
            db[...] = delta.sum(axis=-2, keepdims=True)
            self.spoil_block(l, dW, db, z, a, delta, at_output)
            if l > 1:
                slope = self.phi1(z[l - 1])
                if m == "φ' is evaluated at a, not at z":
                    slope = self.phi1(a[l - 1])
                if (m, l) in [("φ' is forgotten in layer 1", 2), ("φ' is forgotten in layer 2", 3)]:
                    slope = 1.0
                if m == "the error goes back through W2, not its transpose" and l == 2:
                    delta = delta @ W * slope
                elif m == "the error goes back through weights that are already updated":
                    delta = delta @ transpose(W - 0.1 * dW) * slope
                else:
                    delta = delta @ transpose(W) * slope  # (..., K, n_{l-1})
        return self.spoil_gradient(g, theta)

    def output_error(self, f, y):
        """δ_N = ∂L/∂f, (..., K, D_out)."""
        m, K = self.mistake, f.shape[-2]
        if m == "the tanh at the output has no derivative":
            f = np.tanh(f)
        delta = self.score1(f, y)
        if m == "the error is y - f":
            delta = -delta
        if m == "the factor 2 of the square is forgotten":
            delta = delta / 2
        if m == "the gradient is summed over the examples":
            delta = delta * K
        if m == "the gradient is summed over the outputs":
            delta = delta * f.shape[-1]
        if m == "the gradient is divided by the length of the first axis":
            delta = delta * K / f.shape[0]
        if m == "the last example is left out of the sum":
            delta[..., -1, :] = 0
        if m == "the first example is counted twice":
            delta[..., 0, :] *= 2
        if m == "only the first output is scored":
            delta[..., 1:] = 0
        return delta

    def spoil_block(self, l, dW, db, z, a, delta, at_output):
        """The mistakes made where layer l's gradient is written into its views dW and db."""
        m = self.mistake
        if m == "W2's gradient is built from the output error" and l == 2:
            dW[...] = transpose(a[1]) @ at_output  # (4, 1) onto (4, 4), silently
        if m == "W2's gradient is never written" and l == 2:
            dW[...] = 0
        if m == "b2's gradient has the wrong sign" and l == 2:
            db[...] = -delta.sum(axis=-2, keepdims=True)
        if m == "the bias gradients are averaged over the examples":
            db[...] = delta.mean(axis=-2, keepdims=True)
        if m == "the hidden bias gradients are summed over the units" and l < self.N:
            db[...] = delta.sum(axis=-1)[..., None, :]  # (4,) for 4 examples, silently
        if m == "the weight gradients are flattened column by column":
            dW[...] = transpose(transpose(a[l - 1]) @ delta).reshape(dW.shape)
        if m == "W2's gradient takes z1 for a1" and l == 2:
            dW[...] = transpose(z[1]) @ delta
        if m == "one entry of W1's gradient has the wrong sign" and l == 1:
            dW[..., 1, 3] *= -1
        if m == "b2's gradient is shifted by one" and l == 2:
            db[...] = np.roll(delta.sum(axis=-2, keepdims=True), 1, axis=-1)
        if m == "the bias gradients are summed over the first axis":
            db[...] = delta.sum(axis=0)
        if m == "W2's gradient is divided by a sum that is zero" and l == 2:
            dW[...] = dW / np.zeros(1) * 0

    def spoil_gradient(self, g, theta):
        """The mistakes made in what is returned."""
        m = self.mistake
        if m == "the gradient has weight decay, the loss has not":
            return g + 0.01 * theta
        if m == "the gradient is a column":
            return g[..., None]
        if m == "the gradient of a batch is averaged over tasks":
            return g.reshape(-1, self.n_params).mean(axis=0)
        if m == "the gradient of a stub is zero":
            return np.zeros_like(g)
        return g

    def hvp(self, theta, x, y, v):
        """H v, shape (..., P)."""
        m, N = self.mistake, self.N
        if m == "the product is the gradient":
            return self.gradient(theta, x, y) + 0 * v
        if m == "the product is a difference of two gradients":
            return (self.gradient(theta + 1e-3 * v, x, y) - self.gradient(theta, x, y)) / 1e-3
        if m == "the product changes v in place":
            v /= np.sqrt((v * v).sum())
        layers, z, a = self.forward(theta, x)
        moves = self.split(v)
        z_dot, a_dot = self.forward_dot(layers, moves, z, a)
        delta, delta_dot = [None] * (N + 1), [None] * (N + 1)
        delta[N] = self.score1(a[N], y)
        delta_dot[N] = self.score2(a[N], y, z_dot[N])
        if m == "the curvature of the loss is divided by the length of the first axis":
            delta_dot[N] = delta_dot[N] * x.shape[-2] / a[N].shape[0]
        if m == "the last example is left out of the product":
            delta[N][..., -1, :], delta_dot[N][..., -1, :] = 0, 0
        for l in range(N - 1, 0, -1):
            W, V = layers[l + 1][0], moves[l + 1][0]
            back = delta[l + 1] @ transpose(W)  # (..., K, n_l)
            delta[l] = back * self.phi1(z[l])
            through_W, through_V = delta_dot[l + 1] @ transpose(W), delta[l + 1] @ transpose(V)
            curved = back * self.phi2(z[l]) * z_dot[l]
            if m == "the term with φ'' is forgotten":
                curved = 0
            if m == "the term with φ'' has the wrong sign":
                curved = -curved
            if m == "the term δ Vᵀ is forgotten":
                through_V = 0
            if m == "the term δ̇ Wᵀ is forgotten":
                through_W = 0
            if m == "the product is Gauss-Newton's":
                through_V, curved = 0, 0
            delta_dot[l] = (through_W + through_V) * self.phi1(z[l]) + curved
        h = np.zeros(np.broadcast_shapes(theta.shape[:-1], v.shape[:-1], x.shape[:-2]) + v.shape[-1:],
                     np.result_type(theta, v, y))
        products = self.split(h)
        for l in range(1, N + 1):
            hW, hb = products[l]
            hW[...] = transpose(a[l - 1]) @ delta_dot[l]
            if l > 1 and m not in ("the term ȧᵀ δ is forgotten", "the product is Gauss-Newton's"):
                hW[...] += transpose(a_dot[l - 1]) @ delta[l]
            hb[...] = delta_dot[l].sum(axis=-2, keepdims=True)
            if m == "the product's W2 is transposed" and l == 2:
                hW[...] = transpose(hW).copy()
            if m == "the product's biases are averaged over the examples":
                hb[...] = delta_dot[l].mean(axis=-2, keepdims=True)
            if m == "the product's b1 has the wrong sign" and l == 1:
                hb[...] = -hb
        factor = {"the product has the wrong sign": -1,
                  "the product is divided by K a second time": 1 / x.shape[-2]}.get(m, 1)
        if m == "the product is one number":
            return (h * v).sum(axis=-1)
        return factor * h

    def forward_dot(self, layers, moves, z, a):
        """ż_l and ȧ_l, numbered from 1; ȧ_0 = 0."""
        m, z_dot, a_dot = self.mistake, [None], [None]
        for l in range(1, self.N + 1):
            (W, _), (V, c) = layers[l], moves[l]
            z_dot.append(a[l - 1] @ V + (0 * c if m == "the direction of the biases is forgotten" else c))
            if m == "the term a V is forgotten in the last layer" and l == self.N:
                z_dot[l] = 0 * z_dot[l] + c
            if l > 1 and m != "the term ȧ W is forgotten":
                z_dot[l] = z_dot[l] + a_dot[l - 1] @ W
            a_dot.append(z_dot[l] if m == "ȧ is ż, without φ'" else self.phi1(z[l]) * z_dot[l])
        return z_dot, a_dot


class LearnerLinear:
    """Linear regression written by a learner: f = x W + b."""

    def __init__(self, d_in=3, d_out=2, mistake=None):
        self.d_in, self.d_out, self.mistake = d_in, d_out, mistake
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
        m, f = self.mistake, self.predict(theta, x)
        delta = 2 * (f - y) / _count(f)
        if m == "linear: the sign of the error is y - f in the bias alone":
            delta_b = -delta
            return np.concatenate([self.back(x, delta)[..., :-self.d_out], delta_b.sum(axis=-2)], axis=-1)
        if m == "linear: the gradient is averaged over examples alone":
            delta = 2 * (f - y) / f.shape[-2]
        if m == "linear: the bias is forgotten in the gradient":
            return np.concatenate([self.back(x, delta)[..., :-self.d_out], 0 * delta.sum(axis=-2)], axis=-1)
        if m == "linear: the weight gradient is flattened column by column":
            W = transpose(x) @ delta
            return np.concatenate([transpose(W).reshape(W.shape[:-2] + (-1,)), delta.sum(axis=-2)], axis=-1)
        return self.back(x, delta)

    def hvp(self, theta, x, y, v):
        """H v, shape (..., P)."""
        m = self.mistake
        f_dot = self.predict(theta if m == "linear: the product moves along θ, not v" else v, x)
        if m == "linear: the direction of the bias is forgotten":
            f_dot = f_dot - v[..., None, -self.d_out:]
        delta_dot = 2 * f_dot / _count(f_dot)
        if m == "linear: the product is summed over the examples":
            delta_dot = 2 * f_dot
        if m == "linear: the product is zero, since the model is linear":
            delta_dot = 0 * f_dot
        return self.back(x, delta_dot)


def learner_maml(theta, batch, alpha, steps, model, first_order=False):
    """MAML's query loss and meta-gradient, one task after another: (number, (P,)); right."""
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
    """Reptile's mean of θ - θ_S, one task after another, (P,); right."""
    tasks = list(zip(batch.x_support, batch.y_support))
    return sum(theta - learner_adapt(theta, x, y, alpha, steps, model) for x, y in tasks) / len(tasks)


def learner_adapt(theta, x, y, alpha, steps, model):
    """Gradient descent on one task from θ; returns θ_S, (P,); right."""
    for _ in range(steps):
        theta = theta - alpha * model.gradient(theta, x, y)
    return theta


class Mistake(NamedTuple):
    """One entry: what is wrong, who is asked, and what a fair teacher would answer.

    name: the mistake, as a sentence; the learner's code looks for it.  build: makes the candidate.  rung: the rung
    that must break.  blocks: the names of the blocks that are wrong; empty where nothing can be compared block by
    block, None where either is fair.  causes: the answers of which at least one must be given; "unknown" is among
    them where the vocabulary has no word for the mistake.  also: answers that may be added, since they are true too.
    """

    name: str
    build: Callable
    rung: str
    blocks: frozenset | None
    causes: frozenset
    also: frozenset = frozenset()


ALL = "W1 b1 W2 b2 W3 b3"
BELOW = "W1 b1 W2 b2"  # what an error in the hidden layers' δ reaches


def _names(words):
    return None if words is None else frozenset(words.split())


def _causes(words):
    return frozenset(word.strip() for word in words.split(",") if word.strip())


def mlp(rung, name, blocks, causes, also="", **settings):
    """A mistake in LearnerMLP, its settings as given."""
    return Mistake(name, lambda: LearnerMLP(mistake=name, **settings), rung, _names(blocks), _causes(causes),
                   _causes(also))


def linear(rung, name, blocks, causes, also=""):
    """A mistake in LearnerLinear."""
    return Mistake("linear: " + name, lambda: LearnerLinear(mistake="linear: " + name), rung, _names(blocks),
                   _causes(causes), _causes(also))


LOSS = [
    mlp("loss", "the loss is not averaged over the examples", "", "shape"),
    mlp("loss", "the loss changes y in place", None, "in place"),
]

GRADIENT = [
    mlp("gradient", "the loss subtracts y of shape (K,) from f of shape (K, 1)", "W1 b1 W2 b2 W3", "shape, unknown"),
    mlp("gradient", "the tanh at the output has no derivative", ALL, "term, unknown"),
    mlp("gradient", "the activation drops the imaginary part", None, "complex"),
    mlp("gradient", "the ReLU is (z + np.abs(z)) / 2, right for real numbers alone", None, "complex",
        activation="relu by np.abs"),
    mlp("gradient", "the error is y - f", ALL, "sign"),
    mlp("gradient", "the factor 2 of the square is forgotten", ALL, "factor"),
    mlp("gradient", "the gradient is summed over the examples", ALL, "factor"),
    mlp("gradient", "the gradient is summed over the outputs", ALL, "factor", widths=WIDE),
    mlp("gradient", "the gradient of a stub is zero", ALL, "zero"),
    mlp("gradient", "the last example is left out of the sum", ALL, "example"),
    mlp("gradient", "the gradient is of all examples but the last", ALL, "example"),
    mlp("gradient", "the first example is counted twice", ALL, "example"),
    mlp("gradient", "only the first output is scored", ALL, "term, entry, zero, unknown", widths=WIDE),
    mlp("gradient", "W2's gradient is built from the output error", "W2", "shape, term"),
    mlp("gradient", "W2's gradient is never written", "W2", "zero"),
    mlp("gradient", "b2's gradient has the wrong sign", "b2", "sign"),
    mlp("gradient", "the bias gradients are averaged over the examples", "b1 b2 b3", "factor"),
    mlp("gradient", "the hidden bias gradients are summed over the units", "b1 b2", "axis, unknown"),
    mlp("gradient", "the weight gradients are flattened column by column", "W1 W2 W3", "transposed", widths=WIDE),
    mlp("gradient", "biases come before weights in the flat gradient", ALL, "order"),
    mlp("gradient", "b2's gradient is shifted by one", "b2", "order"),
    mlp("gradient", "one entry of W1's gradient has the wrong sign", "W1", "entry", also="sign"),
    mlp("gradient", "W2's gradient takes z1 for a1", "W2", "term, unknown"),
    mlp("gradient", "φ' is evaluated at a, not at z", BELOW, "term, unknown"),
    mlp("gradient", "φ' is forgotten in layer 1", "W1 b1", "term"),
    mlp("gradient", "φ' is forgotten in layer 2", BELOW, "term"),
    mlp("gradient", "the error goes back through W2, not its transpose", "W1 b1", "transposed, term, unknown"),
    mlp("gradient", "the error goes back through weights that are already updated", BELOW, "unknown"),
    mlp("gradient", "the gradient has weight decay, the loss has not", ALL, "unknown"),
    mlp("gradient", "the inputs are rounded to single precision", ALL, "precision, unknown"),
    mlp("gradient", "the gradient changes theta in place", None, "in place"),
    mlp("gradient", "the gradient changes x in place", None, "in place"),
    mlp("gradient", "W2's gradient is divided by a sum that is zero", "W2", "not finite"),
    mlp("gradient", "the gradient is a column", "", "shape"),
    linear("gradient", "the sign of the error is y - f in the bias alone", "b1", "sign"),
    linear("gradient", "the gradient is averaged over examples alone", "W1 b1", "factor"),
    linear("gradient", "the bias is forgotten in the gradient", "b1", "zero"),
    linear("gradient", "the weight gradient is flattened column by column", "W1", "transposed"),
]

HVP = [
    mlp("Hessian × vector", "the term with φ'' is forgotten", BELOW, "second derivative"),
    mlp("Hessian × vector", "the term with φ'' has the wrong sign", BELOW, "second derivative"),
    mlp("Hessian × vector", "the term δ Vᵀ is forgotten", BELOW, "term", also="symmetry"),
    mlp("Hessian × vector", "the term ȧᵀ δ is forgotten", "W2 W3", "term", also="symmetry"),
    mlp("Hessian × vector", "the term δ̇ Wᵀ is forgotten", BELOW, "term", also="symmetry"),
    mlp("Hessian × vector", "the term ȧ W is forgotten", ALL, "term", also="symmetry"),
    mlp("Hessian × vector", "the term a V is forgotten in the last layer", ALL, "term", also="symmetry"),
    mlp("Hessian × vector", "the direction of the biases is forgotten", ALL, "term", also="symmetry"),
    mlp("Hessian × vector", "ȧ is ż, without φ'", ALL, "term", also="symmetry"),
    mlp("Hessian × vector", "the product is Gauss-Newton's", "W1 b1 W2 b2 W3", "term, second derivative"),
    mlp("Hessian × vector", "the product has the wrong sign", ALL, "sign"),
    mlp("Hessian × vector", "the product is divided by K a second time", ALL, "factor", activation="relu"),
    mlp("Hessian × vector", "the product's biases are averaged over the examples", "b1 b2 b3", "factor",
        also="symmetry"),
    mlp("Hessian × vector", "the product's b1 has the wrong sign", "b1", "sign", also="symmetry"),
    mlp("Hessian × vector", "the product's W2 is transposed", "W2", "transposed", also="symmetry"),
    mlp("Hessian × vector", "the last example is left out of the product", ALL, "example"),
    mlp("Hessian × vector", "the product is the gradient", ALL, "another quantity", also="symmetry"),
    mlp("Hessian × vector", "the product is a difference of two gradients", ALL, "unknown, symmetry"),
    mlp("Hessian × vector", "the product changes v in place", None, "in place"),
    mlp("Hessian × vector", "the product is one number", "", "shape"),
    linear("Hessian × vector", "the product moves along θ, not v", "W1 b1", "another quantity", also="symmetry"),
    linear("Hessian × vector", "the direction of the bias is forgotten", "W1 b1", "term", also="symmetry"),
    linear("Hessian × vector", "the product is summed over the examples", "W1 b1", "factor"),
    linear("Hessian × vector", "the product is zero, since the model is linear", "W1 b1", "zero"),
]

BATCH = [  # right for one task, wrong for several
    mlp("a batch of tasks", "the loss of a batch is one number", None, "axis, shape"),
    mlp("a batch of tasks", "the gradient of a batch is averaged over tasks", None, "axis, shape"),
    mlp("a batch of tasks", "the gradient is divided by the length of the first axis", None, "axis", also="factor"),
    mlp("a batch of tasks", "the curvature of the loss is divided by the length of the first axis", None, "axis",
        also="factor"),
    mlp("a batch of tasks", "the bias gradients are summed over the first axis", None, "axis, error, shape"),
    mlp("a batch of tasks", "all axes are transposed in the weight gradient", None, "axis, error, shape, transposed"),
]

CATALOGUE = LOSS + GRADIENT + HVP + BATCH


def point(model, seed=5, T=3, K=4):
    """Where a candidate is checked: θ (P,), biases not zero, and a batch of T tasks of K and K examples."""
    rng = np.random.default_rng(seed)
    sizes = [(T, K, model.d_in), (T, K, model.d_out)]
    x_s, y_s, x_q, y_q = (1.2 * rng.standard_normal(size) for size in sizes * 2)
    return 0.8 * rng.standard_normal(model.n_params), tm.Batch(x_s, y_s, x_q, y_q)
