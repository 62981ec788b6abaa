"""A catalogue of planted mistakes: the code of learner.py with one passage changed each time.

Mistakes in what adapts, MAML's and others', are planted in test_check_meta.py.
"""

from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

import tinymeta as tm
from learner import (ACTIVATIONS, LOSSES, SMALL, WIDE, LearnerLinear, LearnerMLP,  # noqa: F401
                     learner_adapt, learner_maml, learner_reptile)

SOURCE = Path(__file__).with_name("learner.py").read_text(encoding="utf-8")


class Mistake(NamedTuple):
    """One entry: the passage and what stands in its place, and what a fair teacher would answer.

    rung: the rung that must break.  blocks: the names of the blocks that are wrong; empty where
    nothing can be compared block by block, None where either is fair.  causes: the answers of which
    at least one must be given; "unknown" where the vocabulary has no word for the mistake.  also:
    answers that may be added, since they are true too.  says: (words of the finding, its equation).
    """

    name: str
    old: str
    new: str
    rung: str
    blocks: str | None
    causes: str
    says: tuple = ()
    also: str = ""
    settings: dict = {}

    def build(self):
        """The candidate: a model with this mistake."""
        kind = "LearnerLinear" if self.name.startswith("linear: ") else "LearnerMLP"
        return getattr(planted(self), kind)(**self.settings)


def planted(mistake):
    """The module learner.py with the mistake, an entry or its name, and nothing else changed."""
    if isinstance(mistake, str):
        (mistake,) = [entry for entry in CATALOGUE if entry.name == mistake]
    assert SOURCE.count(mistake.old) == 1, mistake
    module = ModuleType("learner")
    exec(SOURCE.replace(mistake.old, mistake.new), vars(module))
    return module


def gradient(name, place, new, blocks, causes, *says, also="", **settings):
    old = PLACES.get(place, place)
    return Mistake(name, old, new, "gradient", blocks, causes, says, also, settings)


def hvp(*arguments, **settings):
    return gradient(*arguments, **settings)._replace(rung="Hessian × vector")


def tasks(name, place, new, causes="axis"):
    """Right for one task, wrong for several."""
    return gradient(name, place, new, None, causes)._replace(rung="a batch of tasks")


ALL = "W1 b1 W2 b2 W3 b3"
BELOW = "W1 b1 W2 b2"  # what an error in the hidden layers' δ reaches
LOSS, RESULT = "return self.score(f, y)", "return g  # (..., P)"
PLACES = {"start": "# [the beginning of the gradient]", "error": "# [the error]",
          "block": "# [the blocks of layer l]", "back": "# [the way back from layer l]",
          "vstart": "# [the beginning of the product]", "verror": "# [the error's change]",
          "vterms": "# [the terms of the error's change]", "z": "# [the terms of ż]",
          "vblock": "# [the product's blocks of layer l]"}

CATALOGUE = [
    gradient("the loss is not averaged over the examples", LOSS, "return ((f - y) ** 2).mean(-1)",
             "", "shape")._replace(rung="loss"),
    gradient("the loss changes y in place", LOSS, "y -= f.real; " + LOSS, None,
             "in place")._replace(rung="loss"),

    gradient("the loss subtracts y of shape (K,) from f of shape (K, 1)", LOSS,
             "return ((f - y[..., 0][..., None, :]) ** 2).mean(axis=(-2, -1))", "W1 b1 W2 b2 W3",
             "shape, unknown"),
    gradient("the tanh at the output has no derivative", "else z[l])", "else np.tanh(z[l]))", ALL,
             "term, unknown"),
    gradient("the error is y - f", "error", "delta = -delta", ALL, "sign",
             "the sign is flipped: ascent?", "LOSS.2"),
    gradient("the factor 2 of the square is forgotten", "error", "delta = delta / 2", ALL, "factor",
             "½ times what it should be: is the 2 of the square's derivative missing?", "LOSS.2"),
    gradient("the gradient is summed over the examples", "error", "delta = delta * K", ALL,
             "factor", "K = 4 times what it should be", "LOSS.2"),
    gradient("the gradient is summed over the outputs", "error", "delta = delta * f.shape[-1]", ALL,
             "factor", "D_out = 2 times", "LOSS.2", widths=WIDE),
    gradient("the gradient of a stub is zero", RESULT, "return 0 * g", ALL, "zero"),
    gradient("the last example is left out of the sum", "error", "delta[..., -1, :] = 0", ALL,
             "example", "example 3 of 4 is left out", "LOSS.1"),
    gradient("the gradient is of all examples but the last", "start",
             "x, y = x[..., :-1, :], y[..., :-1, :]", ALL, "example",
             "example 3 of 4 is left out", "LOSS.1"),
    gradient("the first example is counted twice", "error", "delta[..., 0, :] *= 2", ALL, "example",
             "example 0 of 4 counts twice", "LOSS.1"),
    gradient("only the last example counts", "error", "delta[..., :-1, :] = 0", ALL, "example",
             "example 3 of 4 alone counts", "LOSS.1"),
    gradient("only the first output is scored", "error", "delta[..., 1:] = 0", ALL, "term",
             "only output 0 of 2 counts", "MLP.3", widths=WIDE),
    gradient("W2's gradient is built from the output error", "block",
             "if l == 2: dW[...] = transpose(a[1]) @ delta_N  # (4, 1) onto (4, 4)", "W2", "shape",
             "W2 is built from the next layer's error δ_3", "MLP.5"),
    gradient("W2's gradient is never written", "block", "if l == 2: dW[...] = 0", "W2", "zero",
             "all zeros", "MLP.5"),
    gradient("b2's gradient has the wrong sign", "block", "if l == 2: db[...] = -db", "b2", "sign",
             "the sign is flipped", "MLP.6"),
    gradient("the bias gradients are averaged over the examples", "block", "db /= K", "b1 b2 b3",
             "factor", "1/K = 1/4 times", "MLP.6"),
    gradient("the hidden bias gradients are summed over the units", "block",
             "if l < self.N: db[...] = delta.sum(axis=-1)[..., None, :]  # 4 examples, 4 units",
             "b1 b2", "unknown"),
    gradient("the weight gradients are flattened column by column", "block",
             "dW[...] = transpose(dW.copy()).reshape(dW.shape)", "W1 W2 W3", "transposed",
             widths=WIDE),
    gradient("biases come before weights in the flat gradient", RESULT,
             "return np.concatenate([p.ravel() for W, b in grads[1:] for p in (b, W)])", ALL,
             "order", "θ is laid out as W1, b1, W2, b2, W3, b3", ""),
    gradient("b2's gradient is shifted by one", "block", "if l == 2: db[...] = np.roll(db, 1, -1)",
             "b2", "order"),
    gradient("one entry of W1's gradient has the wrong sign", "block",
             "if l == 1: dW[..., 1, 3] *= -1", "W1", "entry", "1 of 8 entries wrong, at [1, 3]",
             "MLP.5"),
    gradient("W2's gradient takes z1 for a1", "block",
             "if l == 2: dW[...] = transpose(z[1]) @ delta", "W2", "term",
             "z_{l-1} stands where a_{l-1} belongs", "MLP.5"),
    gradient("φ' is evaluated at a, not at z", "back", "slope = self.phi1(a[l - 1])", BELOW, "term",
             "φ' is taken at a_l in place of z_l", "MLP.4"),
    gradient("φ' is forgotten in layer 1", "back", "slope = slope if l > 2 else 1", "W1 b1", "term",
             "φ'(z_1) is missing from the error of layer 1", "MLP.4"),
    gradient("φ' is forgotten in layer 2", "back", "slope = slope if l < 3 else 1", BELOW, "term",
             "φ'(z_2) is missing from the error of layer 2", "MLP.4"),
    gradient("the error goes back through W2, not its transpose", "back",
             "back = W if l == 2 else back", "W1 b1", "unknown"),
    gradient("the error goes back through weights that are already updated", "back",
             "back = transpose(W - 0.1 * dW)", BELOW, "unknown"),
    gradient("the gradient has weight decay, the loss has not", RESULT, "return g + 0.1 * theta",
             ALL, "penalty"),
    gradient("the inputs are rounded to single precision", "start", "x = x.astype(np.float32)", ALL,
             "precision"),
    gradient("the gradient changes theta in place", "start", "theta *= 1.01", None, "in place"),
    gradient("the gradient changes x in place", "start", "x -= x.mean()", None, "in place"),
    gradient("W2's gradient is divided by a sum that is zero", "block",
             "if l == 2: dW[...] = dW / np.zeros(1) * 0", "W2", "not finite"),
    gradient("the gradient is a column", RESULT, "return g[..., None]", "", "shape"),
    gradient("linear: the sign of the error is y - f in the bias alone", "return g  # of the line",
             "g[..., -2:] *= -1; return g", "b1", "sign", "the sign is flipped", "LIN.2"),
    gradient("linear: the gradient is averaged over examples alone", "return g  # of the line",
             "return 2 * g", "W1 b1", "factor", "2 or D_out = 2 times", "LOSS.2"),
    gradient("linear: the bias is forgotten in the gradient", "return g  # of the line",
             "g[..., -2:] = 0; return g", "b1", "zero", "all zeros", "LIN.2"),
    gradient("linear: the weight gradient is flattened column by column", "return g  # of the line",
             "g[..., :-2] = transpose(g[..., :-2].reshape(3, 2)).ravel(); return g", "W1",
             "transposed"),

    hvp("the term with φ'' is forgotten", "vterms", "curved = 0", BELOW, "second derivative",
        "the term with φ''(z_l) is missing", "HVP.4"),
    hvp("the term with φ'' has the wrong sign", "vterms", "curved = -curved", BELOW,
        "second derivative", "the term with φ''(z_l) has the wrong sign", "HVP.4"),
    hvp("the term δ Vᵀ is forgotten", "vterms", "through_V = 0", BELOW, "term",
        "the term δ_{l+1} V_{l+1}ᵀ is missing", "HVP.4", also="symmetry"),
    hvp("the term δ̇ Wᵀ is taken twice", "vterms", "through_W = 2 * through_W", BELOW, "term",
        "the term δ̇_{l+1} W_{l+1}ᵀ is taken twice", "HVP.4", also="symmetry"),
    hvp("the terms with φ'' and δ Vᵀ are forgotten", "vterms", "curved = through_V = 0", BELOW,
        "term", "the terms with φ'' and with V_{l+1} are missing", "HVP.4", also="symmetry"),
    hvp("the term ȧᵀ δ is forgotten", "hW[...] += transpose", "0 * transpose", "W2 W3", "term",
        "the term ȧ_{l-1}ᵀ δ_l is missing", "HVP.5", also="symmetry"),
    hvp("the term aᵀ δ̇ is halved in layer 2", "vblock", "if l == 2: hW -= transpose(a[1]) @ "
        "delta_dot[2] / 2", "W2", "term", "the term a_{l-1}ᵀ δ̇_l is halved", "HVP.5",
        also="symmetry"),
    hvp("the term δ̇_N has the wrong sign", "verror", "delta_dot[N] *= -1", ALL, "term",
        "the term δ̇_N has the wrong sign", "HVP.3", also="symmetry"),
    hvp("the term ȧ W is forgotten", "a_dot[l - 1] @ W + a_l", "a_l", ALL, "term",
        "the term ȧ_{l-1} W_l is missing", "HVP.1", also="symmetry"),
    hvp("the term a V is forgotten in the last layer", "z", "a_l = 0 * a_l if l == self.N else a_l",
        ALL, "term", "the term a_{l-1} V_l is missing for l = 3", "HVP.1", also="symmetry"),
    hvp("the direction of the biases is forgotten", "z", "c = 0 * c", ALL, "term",
        "the term c_l is missing", "HVP.1", also="symmetry"),
    hvp("ȧ is ż, without φ'", "self.phi1(z[l]) * z_dot[l])", "z_dot[l])", ALL, "term",
        "φ'(z_l) is missing from ȧ_l", "HVP.2", also="symmetry"),
    hvp("the product is Gauss-Newton's", "vterms",
        "curved = through_V = 0; a_dot[l] = 0 * a_dot[l]", "W1 b1 W2 b2 W3", "term",
        "this is the Gauss-Newton part alone", "HVP.4"),
    hvp("the product has the wrong sign", "return h  # (..., P)", "return -h", ALL, "sign"),
    hvp("the product is divided by K a second time", "return h  # (..., P)", "return h / 4", ALL,
        "factor", "0.25 times", "HVP.3", activation="relu"),
    hvp("the product's b1 has the wrong sign", "vblock", "if l == 1: hb *= -1", "b1", "sign",
        "the sign is flipped", "HVP.6", also="symmetry"),
    hvp("the product's biases are averaged over the examples", "vblock", "hb /= x.shape[-2]",
        "b1 b2 b3", "term, factor", also="symmetry"),
    hvp("the product's W2 is transposed", "vblock", "if l == 2: hW[...] = transpose(hW).copy()",
        "W2", "transposed", also="symmetry"),
    hvp("the last example is left out of the product", "verror",
        "delta[N][..., -1, :], delta_dot[N][..., -1, :] = 0, 0", ALL, "example",
        "example 3 of 4 is left out", "LOSS.3"),
    hvp("the product is the gradient", "vstart", "return self.gradient(theta, x, y) + 0 * v", ALL,
        "another quantity", "this is the gradient, not its derivative along v", "HVP.1",
        also="symmetry"),
    hvp("the product is v", "vstart", "return v + 0 * theta", ALL, "another quantity",
        "this is v itself", "HVP.1"),
    hvp("the product is a difference of two gradients", "vstart", "return 1e3 * (self.gradient("
        "theta + 1e-3 * v, x, y) - self.gradient(theta, x, y))", ALL, "unknown",
        also="symmetry, not linear"),
    hvp("the product changes v in place", "vstart", "v /= 2", None, "in place"),
    hvp("the product is one number", "return h  # (..., P)", "return (h * v).sum(-1)", "", "shape"),
    hvp("linear: the product moves along θ, not v", "self.predict(v, x)", "self.predict(theta, x)",
        "W1 b1", "another quantity", "this is H θ: θ in place of v", "LIN.3", also="symmetry"),
    hvp("linear: the direction of the bias is forgotten", "self.predict(v, x)",
        "x @ v[..., :-2].reshape(v.shape[:-1] + (3, 2))", "W1 b1", "term",
        "the term c_l is missing", "LIN.3", also="symmetry"),
    hvp("linear: the product is summed over the examples", "2 * f_dot / count(f_dot)", "2 * f_dot",
        "W1 b1", "factor", "K·D_out = 8 times", "LOSS.3"),

    tasks("the loss of a batch is one number", LOSS, "return ((f - y) ** 2).mean()"),
    tasks("the gradient of a batch is averaged over tasks", RESULT,
          "return g.reshape(-1, theta.shape[-1]).mean(axis=0)"),
    tasks("the gradient is divided by the length of the first axis", "error",
          "delta = delta * K / f.shape[0]"),
    tasks("the curvature of the loss is divided by the length of the first axis", "verror",
          "delta_dot[N] = delta_dot[N] * x.shape[-2] / a[N].shape[0]"),
    tasks("the bias gradients are summed over the first axis", "block",
          "db[...] = delta.sum(axis=0)", "axis, error"),
    tasks("all axes are transposed in the weight gradient", "transpose(a[l - 1]) @ delta\n",
          "a[l - 1].T @ delta\n", "error"),
]


SPELT = {"ȧ": "a_dot", "ż": "z_dot", "δ̇": "delta_dot", "δ": "delta", "φ": "phi", "α": "alpha",
         "θ": "theta", "ᵀ": "^T"}


def plain(value):
    """A test's id: a mistake's name or a sentence, in letters that pytest leaves as they are."""
    text = getattr(value, "name", value)
    for letter, word in SPELT.items():
        text = text.replace(letter, word) if isinstance(text, str) else ""
    return text


class Plain:
    """A model that is a learner's functions and nothing else; `spoil` replaces or adds some."""

    def __init__(self, learner=None, **spoil):
        learner = learner or LearnerMLP()
        self.loss, self.gradient, self.hvp = learner.loss, learner.gradient, learner.hvp
        self.n_params, self.d_in, self.d_out = learner.n_params, learner.d_in, learner.d_out
        vars(self).update(spoil)


def package_parts(activation, loss):
    """The learner's φ and L as the package takes them."""
    phi, phi1, phi2 = ACTIVATIONS[activation]
    own = tm.Activation(activation, phi, lambda z, a: phi1(z), lambda z, a, d: phi2(z), "xavier")
    package = {"relu": tm.relu, "tanh": tm.tanh, "squared error": tm.squared_error}
    return package.get(activation, own), package.get(loss, tm.Loss(loss, *LOSSES[loss]))


def point(model, seed=5, T=3, K=4):
    """Where a candidate is checked: θ (P,), biases not zero, and a batch of T tasks."""
    rng = np.random.default_rng(seed)
    sizes = [(T, K, model.d_in), (T, K, model.d_out)]
    x_s, y_s, x_q, y_q = (1.2 * rng.standard_normal(size) for size in sizes * 2)
    return 0.8 * rng.standard_normal(model.n_params), tm.Batch(x_s, y_s, x_q, y_q)
