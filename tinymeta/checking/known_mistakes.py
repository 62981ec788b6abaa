"""What well-known mistakes give for a network's gradient and Hessian × vector: see diagnosis.py.

The equations of mlp.py are computed once more, here with each term on its own, so that one of them
can be left out, doubled, halved or turned round.  A known mistake names the equation of its term.
"""

from collections import defaultdict
from functools import partial
from inspect import isfunction
from unittest import mock

import numpy as np

from ..learners.mlp import MLPPass
from .diagnosis import KnownMistake
from .ladder import attempt
from .numerical import derivative, derivatives

TERMS = {  # of Hessian × vector: the term, and its equation
    "ȧ_{l-1} W_l": "HVP.1", "a_{l-1} V_l": "HVP.1", "c_l": "HVP.1", "δ̇_N": "HVP.3",
    "δ̇_{l+1} W_{l+1}ᵀ": "HVP.4", "δ_{l+1} V_{l+1}ᵀ": "HVP.4", "with φ''(z_l)": "HVP.4",
    "ȧ_{l-1}ᵀ δ_l": "HVP.5", "a_{l-1}ᵀ δ̇_l": "HVP.5", "1ᵀ δ̇_l": "HVP.6"}
CHANGES = {0.0: "is missing", -1.0: "has the wrong sign", 2.0: "is taken twice", 0.5: "is halved"}
SLOPES = ("d{}", "d_{}", "der_{}", "{}_prime", "{}_deriv", "{}_derivative", "{}_grad")  # of f
LINEAR = {"MLP.5": "LIN.2", "MLP.6": "LIN.2", "HVP.1": "LIN.3", "HVP.3": "LOSS.3",
          "HVP.5": "LIN.4", "HVP.6": "LIN.4"}


def equation(mlp, tag):
    """The tag, or that of the linear model's equation where the network has no hidden layer."""
    return LINEAR.get(tag, tag) if mlp is not None and len(mlp.widths) == 2 else tag


class ChangedPass(MLPPass):
    """A network's pass at θ (P,) on one task, x (K, D_in), with anything put in a term's place."""

    @property
    def delta_N(self):
        """∂L/∂f (K, D_out)."""
        return self.model.loss_function.gradient(self.f, self.y)

    def gradient(self, slope=None, delta_N=None, inputs=None, forward=False, next_error=0):
        """g (P,) with other slopes φ', another error δ_N or other inputs a_{l-1} of the layers.

        forward: W_{l+1} stands for its transpose.  next_error: the layer l, if any, where δ_{l+1}
        stands for δ_l in W_l's gradient, broadcast onto its shape.
        """
        slope, inputs, delta = slope or self.slope, inputs or self.a, [None] * (self.N + 1)
        delta[self.N] = self.delta_N if delta_N is None else delta_N
        for l in reversed(range(1, self.N)):
            W, _ = self.layers[l + 1]
            delta[l] = delta[l + 1] @ (W if forward else W.T) * slope[l]
        blocks = []
        for l in range(1, self.N + 1):
            W, _ = self.layers[l]
            error = delta[l + 1] if l == next_error else delta[l]
            blocks += [inputs[l - 1].T @ error + np.zeros_like(W), delta[l].sum(axis=0)]
        return self.model.layout.flatten(blocks)

    def changed_hvp(self, v, factors, slope=None):
        """H v (P,), each term of TERMS times factors[term, l]; slope: what stands for φ' in ȧ."""
        k, phi, V, slope = factors, self.model.activation, self.model.layers(v), slope or self.slope
        delta, back = self.backward
        z_dot, a_dot, delta_dot = [None], [np.zeros_like(self.a[0])], [None] * (self.N + 1)
        for l in range(1, self.N + 1):
            (W, _), (V_l, c) = self.layers[l], V[l]
            z_dot.append(k["ȧ_{l-1} W_l", l] * a_dot[l - 1] @ W
                         + k["a_{l-1} V_l", l] * self.a[l - 1] @ V_l + k["c_l", l] * c)
            if l < self.N:
                a_dot.append(slope[l] * z_dot[l])
        curvature = self.model.loss_function.curvature(self.f, self.y, z_dot[self.N])
        delta_dot[self.N] = k["δ̇_N", self.N] * curvature
        for l in reversed(range(1, self.N)):
            (W, _), (V_l, _) = self.layers[l + 1], V[l + 1]
            back_dot = (k["δ̇_{l+1} W_{l+1}ᵀ", l] * delta_dot[l + 1] @ W.T
                        + k["δ_{l+1} V_{l+1}ᵀ", l] * delta[l + 1] @ V_l.T)
            delta_dot[l] = back_dot * self.slope[l]
            if phi.second_derivative is not None:
                curve = phi.second_derivative(self.z[l], self.a[l], self.slope[l])
                delta_dot[l] = delta_dot[l] + k["with φ''(z_l)", l] * back[l] * curve * z_dot[l]
        blocks = []
        for l in range(1, self.N + 1):
            blocks.append(k["ȧ_{l-1}ᵀ δ_l", l] * a_dot[l - 1].T @ delta[l]
                          + k["a_{l-1}ᵀ δ̇_l", l] * self.a[l - 1].T @ delta_dot[l])
            blocks.append(k["1ᵀ δ̇_l", l] * delta_dot[l].sum(axis=0))
        return self.model.layout.flatten(blocks)


def of_activation(phi, z):
    """Known mistakes for φ' at z (n,): where it is written for a = φ(z), or taken there."""
    a = phi.value(z)
    right, right_at_a = (derivative(phi.value, at, np.ones_like(z)) for at in (z, a))
    found = [(right_at_a, "φ' is taken at a = φ(z), not at z")]
    if np.allclose(phi.derivative(a, phi.value(a)), right, 1e-9, 1e-12):
        found.append((phi.derivative(z, a), "φ' is written for a = φ(z) and is given z"))
    return [KnownMistake(vector, "argument", what, "MLP.4") for vector, what in found]


def of_gradient(mlp, theta, x, y):
    """Known mistakes for an MLP's gradient at θ (P,) on one task: x (K, D_in), y (K, D_out)."""
    right, phi, found = ChangedPass(mlp, theta, x, y), mlp.activation, []
    N, z, a, slope, unchanged = right.N, right.z, right.a, right.slope, right.gradient()

    def add(what, tag, cause="term", **change):
        vector = right.gradient(**change)
        if not np.array_equal(vector, unchanged):  # else it is no mistake here
            found.append(KnownMistake(vector, cause, what, equation(mlp, tag)))

    if N > 1:
        ones = [None] + [np.ones_like(s) for s in slope[1:]]
        at_a = [None] + [phi.derivative(a_l, phi.value(a_l)) for a_l in a[1:]]
        add("φ'(z_l) is missing from the errors", "MLP.4", slope=ones)
        add("φ' is taken at a_l in place of z_l", "MLP.4", slope=at_a)
        given_z = [None] + [phi.derivative(z_l, z_l) for z_l in z[1:]]
        add("φ' is written for a_l and is given z_l", "MLP.4", slope=given_z)
        add("z_{l-1} stands where a_{l-1} belongs", "MLP.5", inputs=[x] + z[1:])
        for l in range(1, N):
            add(f"φ'(z_{l}) is missing from the error of layer {l}", "MLP.4",
                slope=slope[:l] + [ones[l]] + slope[l + 1:])
        if all(W.shape[0] == W.shape[1] for W, _ in right.layers[2:]):
            add("W_{l+1} stands where its transpose belongs", "MLP.4", "transposed", forward=True)
    for l in range(1, N):
        if mlp.widths[l + 1] in (1, mlp.widths[l]):  # NumPy broadcasts
            add(f"W{l} is built from the next layer's error δ_{l + 1}, not from its own: broadcast "
                f"onto the block's shape", "MLP.5", "shape", next_error=l)
    if mlp.d_out > 1:
        for j in range(mlp.d_out):
            alone = np.where(np.arange(mlp.d_out) == j, right.delta_N, 0)
            add(f"only output {j} of {mlp.d_out} counts", "MLP.3", delta_N=alone)
    return found


def of_hvp(mlp, theta, x, y, vs):
    """Known mistakes (n, P) for H v in directions vs (n, P); the rest is as for of_gradient."""
    right, found = ChangedPass(mlp, theta, x, y), []
    everywhere = range(1, right.N + 1)

    def add(what, tag, factors, cause="term", slope=None):
        factors = defaultdict(lambda: 1.0, factors)
        vectors = [right.changed_hvp(v, factors, slope) for v in vs]
        found.append(KnownMistake(np.array(vectors), cause, what, equation(mlp, tag)))

    def without(*terms):
        return {(term, l): 0.0 for term in terms for l in everywhere}

    for term, tag in TERMS.items():
        for factor, change in CHANGES.items():
            cause = "second derivative" if term == "with φ''(z_l)" else "term"
            add(f"the term {term} {change}", tag, {(term, l): factor for l in everywhere}, cause)
            for l in everywhere if right.N > 1 else []:
                add(f"the term {term} {change} for l = {l}", tag, {(term, l): factor}, cause)
    add("φ'(z_l) is missing from ȧ_l", "HVP.2", {}, slope=[1.0] * right.N)
    curve, moved = without("with φ''(z_l)", "δ_{l+1} V_{l+1}ᵀ"), without("ȧ_{l-1}ᵀ δ_l")
    add("this is the Gauss-Newton part alone: the terms with δ are missing", "HVP.4", curve | moved)
    add("the terms with φ'' and with V_{l+1} are missing", "HVP.4", curve)
    return found


def of_any_gradient(gradient, loss, theta, beside):
    """Known mistakes of any model's gradient, a function of θ (P,): it is right with one mended.

    beside: name -> value of what stands in the learner's file.
    """
    derived, found = gradient(theta), []
    right = derivatives(loss, theta, range(theta.size))
    for what, cause, tag, mending in [*MENDED, *_slopes(beside)]:
        with mending():
            mended, failed = attempt(lambda: gradient(theta))
        is_right = not failed and np.allclose(mended, right, 1e-6, 1e-9)
        if is_right and not np.array_equal(mended, derived):
            found.append(KnownMistake(derived, cause, what, tag))
    return found


def _slopes(beside):
    """As MENDED: df, or f_prime, gives the numerical derivative of f."""
    functions = {name: f for name, f in beside.items() if isfunction(f)}
    for name, f in functions.items():
        for slope in functions.keys() & {form.format(name) for form in SLOPES}:
            right = lambda z, f=f: derivative(f, z, np.ones_like(z))
            yield (f"{slope} is not the derivative of {name}", "slope", "",
                   partial(mock.patch.dict, beside, {slope: right}))


def _tanh_once():
    """np.tanh, but of what is a tanh already: that itself."""
    tanh, seen = np.tanh, set()

    def once(z, *args, **options):
        if np.asarray(z).tobytes() in seen:
            return z
        a = tanh(z, *args, **options)
        seen.add(np.asarray(a).tobytes())
        return a

    return mock.patch.object(np, "tanh", once)


def _adding(by_plus):
    """Arrays of np.zeros that add up what is put into a place: by +=, or by = alone."""
    class Adding(np.ndarray):
        """An array whose places are added to; x[at] += value reads x[at] first."""

        read = None

        def __getitem__(self, at):
            self.read = at
            return super().__getitem__(at)

        def __setitem__(self, at, value):
            plain, plus = self.view(np.ndarray), self.read is at
            if plus == by_plus:
                np.add.at(plain, at, value - plain[at] if plus else value)
            else:
                plain[at] = value

    made = {name: partial(_viewed, Adding, getattr(np, name)) for name in ("zeros", "zeros_like")}
    return mock.patch.multiple(np, **made)


def _viewed(kind, function, *args, **options):
    return function(*args, **options).view(kind)


MENDED = [("tanh is taken of what is a tanh already, as in 1 - tanh(a)² for 1 - a²", "argument",
           "MLP.4", _tanh_once),
          ("g[rows] += counts a row once that is there several times; np.add.at(g, rows, ...) "
           "counts it each time", "repeated rows", "", partial(_adding, True)),
          ("g[row] = overwrites what was there; += adds to it", "overwritten", "",
           partial(_adding, False))]


def of_any_hvp(gradient, theta, vs, tag):
    """Known mistakes (n, P) of any model's H v: another vector than the product."""
    others = {"this is the gradient, not its derivative along v": gradient(theta),
              "this is v itself": vs,
              "this is H θ: θ in place of v": derivative(gradient, theta, theta)}
    return [KnownMistake(np.broadcast_to(vectors, vs.shape), "another quantity", what, tag)
            for what, vectors in others.items()]


def of_examples(each, what="example", tag=""):
    """Known mistakes of a mean of vectors `each` (n, ..., P), over examples or tasks."""
    n, total, found = len(each), sum(each), []
    for i, one in enumerate(each):
        others = total - one
        for vector, how in ((others / n, "is left out"), (others / max(1, n - 1), "is left out"),
                            ((total + one) / n, "counts twice"),
                            (one, "alone counts"), (one / n, "alone counts")):
            sentence = f"{what} {i} of {n} {how} (counted from 0)"
            found.append(KnownMistake(vector, what, sentence, tag))
    return found
