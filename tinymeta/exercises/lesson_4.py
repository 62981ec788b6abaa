"""The exercises of lesson 4, Backpropagation by hand."""

import numpy as np

from ..checking.gradient_check import check_gradient
from ..checking.ladder import LearnerError
from ..learners.mlp import MLP
from . import exercise
from .feedback import judge


def _silu(z):
    return z / (1 + np.exp(-z))


def _silu_rungs(candidate):
    z = np.linspace(-4.0, 4.0, 9)
    batch = np.random.default_rng(0).standard_normal((2, 5, 3))  # (T, K, n_l)

    def slope(z):
        return _silu(z + 1e-20j).imag / 1e-20

    def mistakes():
        s = 1 / (1 + np.exp(-z))
        second_term = "the product rule for z s has a second term"
        return [(s, f"s alone: {second_term}"), (z * s * (1 - s), f"z s' alone: {second_term}"),
                (s * (1 - s), "s' alone: φ is the product z s"),
                (s - z * s * (1 - s), "s - z s': the derivative of e^(-z) is -e^(-z)")]

    return [("nine points",
             lambda: judge(candidate(z), slope(z), "φ'(z)", "ACT.2", mistakes)),
            ("an array (T, K, n)",
             lambda: judge(candidate(batch), slope(batch), "φ'(z)", "ACT.2"))]


@exercise("ACT.2", check=_silu_rungs, hints=[
    "$\\varphi$ is a product, $z \\cdot s(z)$ with $s(z) = 1/(1 + e^{-z})$. What is $s'$?",
    "$s' = e^{-z}/(1 + e^{-z})^2 = s(1 - s)$, and by the product rule $\\varphi' = s + z s'$."])
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

        def mistakes():
            return [(expected / shape[-2], "the mean over the examples; it is in δ already, so "
                     "this is a sum")]

        return lambda: judge(candidate(delta), expected, f"∂L/∂b for δ of shape {shape}", "MLP.6",
                             mistakes)

    return [("one task", rung(5, 3)), ("a batch of two tasks", rung(2, 5, 3)),
            ("as many tasks as examples", rung(5, 5, 3)), ("two leading axes", rung(4, 2, 5, 3))]


@exercise("MLP.6", check=_bias_rungs, hints=[
    "Over which axis are the examples, counted from the back?",
    "`sum(axis=-2)`. `axis=0` is right for one task only."])
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

    def four(theta):
        return four_arrays(candidate(*model.unflatten(theta), x, y), model)

    def block(i):
        name = model.blocks[i][0]
        tag = ("MLP.5", "MLP.4", "MLP.5", "MLP.6")[i]

        def check():
            steps = np.eye(model.n_params)[model.slices[i]]
            expected = np.array([loss(theta + 1e-20j * step).imag / 1e-20 for step in steps])
            expected = expected.reshape(model.blocks[i][1])
            return judge(four(theta)[i], expected, f"∂L/∂{name}", tag,
                         lambda: _mistakes_of_two_layers(model, theta, x, y, i, expected),
                         sizes={"K": 5, "D_out": 3, "K D_out": 15})
        return check

    def flat(theta):
        return np.concatenate([np.ravel(part) for part in four(theta)])

    return [("the last layer's biases", block(3)), ("the last layer's weights", block(2)),
            ("the first layer's biases", block(1)), ("the first layer's weights", block(0)),
            ("both numerical derivatives", lambda: check_gradient(loss, flat, theta, blocks=model))]


def four_arrays(result, model):
    """The derivatives in the order of a two-layer model's blocks, or a LearnerError."""
    shapes = [shape for _, shape in model.blocks]
    expected = f"expected four arrays, for W1, b1, W2, b2, of shapes {shapes}"
    if not isinstance(result, (tuple, list)) or len(result) != 4:
        what = f"{len(result)} parts" if isinstance(result, (tuple, list)) else (
            f"one thing of shape {np.shape(result)}")
        raise LearnerError(f"returned {what}; {expected}", "shape")
    found = [np.shape(part) for part in result]
    if found != shapes and found[::-1] == shapes:
        raise LearnerError(f"the four are in reversed order; {expected}", "order")
    return result


def _mistakes_of_two_layers(model, theta, x, y, i, expected):
    """What known mistakes give for block i of the gradient: [(array, sentence)]."""
    W1, b1, W2, _ = model.unflatten(theta)
    z, K = x @ W1 + b1, len(x)
    a, factor = np.tanh(z), model.predict(theta, x) - y
    if i == 3:
        return [(expected / K, "the mean over the examples; it is in δ_2 already: sum"),
                (expected * y.size, "1/(K D_out) is missing in δ_2: see [MLP.3]"),
                (expected * y.shape[1], "1/D_out is missing in δ_2: see [MLP.3]")]
    if i == 2:
        return [(z.T @ factor * 2 / y.size, "what comes in through W2 is a, not z"),
                (expected / K, "the mean over the examples; it is in δ_2 already: sum")]
    back = 2 / y.size * factor @ W2.T  # (K, n)
    slopes = [(1.0, "the factor φ'(z) is missing"),
              (1 - z * z, "1 - z²: the slope of tanh is 1 - a², with a = tanh z"),
              (1 - np.tanh(a)**2, "1 - tanh(a)²: a is tanh z already, so the slope is 1 - a²"),
              (1 - a, "1 - a: the slope of tanh is 1 - a²"),
              (a, "the slope of tanh is 1 - a², not a")]
    wrong = [(back * slope, what) for slope, what in slopes]  # δ_1, (K, n)
    if i == 1:
        return [(delta.sum(axis=0), what) for delta, what in wrong] + [
            (expected / K, "the mean over the examples; it is in δ_2 already: sum")]
    return [(x.T @ delta, what) for delta, what in wrong]


@exercise("MLP.4", check=_two_layer_rungs, hints=[
    "Two δ's: at the output, and at the hidden units before their activation. The second "
    "comes from "
    "the first through $W_2^\\top$, times the slope of tanh.",
    "$\\delta_2 = 2(f - y)/(K D_\\text{out})$ and $\\delta_1 = (\\delta_2 W_2^\\top) \\odot "
    "(1 - a \\odot a)$. Then what came in, transposed, times δ; and sums over the examples."])
def gradient_of_two_layers(W1, b1, W2, b2, x, y):
    """The gradient of the mean squared error of f = tanh(x W1 + b1) W2 + b2.

    By [MLP.3], [MLP.4], [MLP.5] and [MLP.6], the mean over all K D_out errors.

    W1 (D_in, n), b1 (n,), W2 (n, D_out), b2 (D_out,), x (K, D_in), y (K, D_out).
    Returns the four derivatives in this order, each with the shape of its parameter.
    """
    a = np.tanh(x @ W1 + b1)  # (K, n)
    f = a @ W2 + b2  # (K, D_out)
    # your turn
    delta_2 = 2 * (f - y) / y.size  # (K, D_out)
    delta_1 = (delta_2 @ W2.T) * (1 - a * a)  # (K, n)
    return x.T @ delta_1, delta_1.sum(axis=0), a.T @ delta_2, delta_2.sum(axis=0)
