"""The exercises of lesson 4, Backpropagation by hand."""

import numpy as np

from ..checking.diagnosis import Hints, KnownMistake, compare
from ..checking.gradient_check import check_gradient
from ..learners.mlp import MLP
from . import exercise


def _silu(z):
    return z / (1 + np.exp(-z))


def _silu_rungs(candidate):
    z = np.linspace(-4.0, 4.0, 9)
    batch = np.random.default_rng(0).standard_normal((2, 5, 3))  # (T, K, n_l)

    def slope(z):
        return _silu(z + 1e-20j).imag / 1e-20

    def terms():
        s = 1 / (1 + np.exp(-z))
        second_term = "the product rule for z s has a second term"
        return [KnownMistake(s, "product", f"s alone: {second_term}", "ACT.2"),
                KnownMistake(z * s * (1 - s), "product", f"z s' alone: {second_term}", "ACT.2"),
                KnownMistake(s * (1 - s), "product", "s' alone: φ is the product z s", "ACT.2"),
                KnownMistake(s - z * s * (1 - s), "sign",
                             "s - z s': the derivative of e^(-z) is -e^(-z)", "ACT.2")]

    hints = Hints(known_mistakes=terms, tags={"": "ACT.2"})
    return [("nine points",
             lambda: compare(candidate(z), slope(z), "φ'(z)", "ACT.2", hints=hints)),
            ("an array (T, K, n)",
             lambda: compare(candidate(batch), slope(batch), "φ'(z)", "ACT.2"))]


@exercise("ACT.2", check=_silu_rungs)
def silu_derivative(z):
    """φ'(z) for the activation φ(z) = z / (1 + e^(-z)), which is called SiLU.

    Entry by entry, as [ACT.2] does it for tanh.

    z: an array of any shape.  Returns φ'(z), of the same shape.
    """
    s = 1 / (1 + np.exp(-z))  # so that φ(z) = z s
    # your turn
    return s + z * s * (1 - s)  # the product rule, with s' = s (1 - s)


def _bias_rungs(candidate):
    rng = np.random.default_rng(0)

    def rung(*shape):
        delta = rng.standard_normal(shape)
        expected = np.einsum("...kn->...n", delta)
        hints = Hints(sizes={"K": shape[-2]}, tags={"": "MLP.6"})
        return lambda: compare(candidate(delta), expected, f"∂L/∂b for δ of shape {shape}",
                               "MLP.6", hints=hints)

    return [("one task", rung(5, 3)), ("a batch of two tasks", rung(2, 5, 3)),
            ("as many tasks as examples", rung(5, 5, 3)), ("two leading axes", rung(4, 2, 5, 3))]


@exercise("MLP.6", check=_bias_rungs)
def bias_gradient(delta):
    """∂L/∂b from δ of a layer, for one task or for a batch of tasks.  [MLP.6]

    delta: (..., K, n), with any number of leading axes.  Returns (..., n).
    """
    return delta.sum(axis=-2)  # over the examples, wherever the tasks are


def _two_layer_rungs(candidate):
    rng = np.random.default_rng(0)
    model = MLP([2, 4, 3], activation="tanh")
    theta = 0.5 * rng.standard_normal(model.n_params)
    x, y = rng.standard_normal((5, 2)), rng.standard_normal((5, 3))
    theta.flags.writeable = False  # whoever changes a parameter in place is told so

    def loss(theta):
        return model.loss(theta, x, y)

    def without_slope(i):
        back = 2 * (model.predict(theta, x) - y) / y.size @ model.unflatten(theta)[2].T  # (K, H)
        first = {0: x.T @ back, 1: back.sum(axis=0)}
        if i not in first:
            return []
        return [KnownMistake(first[i].ravel(), "slope", "the factor φ'(z) is missing", "MLP.4")]

    def block(i):
        name, tag = model.blocks[i][0], "MLP.6" if i % 2 else "MLP.5"
        tags = {"": {3: "MLP.3", 1: "MLP.4"}.get(i, tag)}
        hints = Hints(lambda: without_slope(i), {"K": 5, "D_out": 3}, tags)

        def check():
            steps = np.eye(model.n_params)[model.slices[i]]
            expected = np.array([loss(theta + 1e-20j * step).imag / 1e-20 for step in steps])
            found = candidate(*model.unflatten(theta), x, y)[i]
            expected = expected.reshape(model.blocks[i][1])
            return compare(found, expected, f"∂L/∂{name}", tag, hints=hints)
        return check

    def flat(theta):
        return np.concatenate([np.ravel(part) for part in candidate(*model.unflatten(theta), x, y)])

    return [("the last layer's biases", block(3)), ("the last layer's weights", block(2)),
            ("the first layer's biases", block(1)), ("the first layer's weights", block(0)),
            ("both numerical derivatives", lambda: check_gradient(loss, flat, theta, blocks=model))]


@exercise("MLP.4", check=_two_layer_rungs)
def gradient_of_two_layers(W1, b1, W2, b2, x, y):
    """The gradient of the mean squared error of f = tanh(x W1 + b1) W2 + b2.

    By [MLP.3], [MLP.4], [MLP.5] and [MLP.6], the mean over all K D_out errors.

    W1 (D_in, H), b1 (H,), W2 (H, D_out), b2 (D_out,), x (K, D_in), y (K, D_out).
    Returns the four derivatives in this order, each with the shape of its parameter.
    """
    a = np.tanh(x @ W1 + b1)  # (K, H)
    f = a @ W2 + b2  # (K, D_out)
    # your turn
    delta_2 = 2 * (f - y) / y.size  # (K, D_out)
    delta_1 = (delta_2 @ W2.T) * (1 - a * a)  # (K, H)
    return x.T @ delta_1, delta_1.sum(axis=0), a.T @ delta_2, delta_2.sum(axis=0)
