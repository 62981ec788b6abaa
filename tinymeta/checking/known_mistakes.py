"""What well-known mistakes give for a network's gradient and Hessian × vector: see diagnosis.py.

The equations of mlp.py are computed once more, here with each term on its own, so that one of them can be
left out, doubled, halved or turned round.  A suspect names the equation where that term stands.
"""

import numpy as np

from .diagnosis import Suspect

TERMS = {  # of Hessian × vector: name -> (equation, the term)
    "aW": ("HVP.1", "ȧ_{l-1} W_l"), "aV": ("HVP.1", "a_{l-1} V_l"), "c": ("HVP.1", "c_l"),
    "top": ("HVP.3", "δ̇_N"), "dW": ("HVP.4", "δ̇_{l+1} W_{l+1}ᵀ"), "dV": ("HVP.4", "δ_{l+1} V_{l+1}ᵀ"),
    "curve": ("HVP.4", "with φ''(z_l)"), "da": ("HVP.5", "ȧ_{l-1}ᵀ δ_l"), "ad": ("HVP.5", "a_{l-1}ᵀ δ̇_l"),
    "sum": ("HVP.6", "1ᵀ δ̇_l")}
CHANGES = {0.0: "is missing", -1.0: "has the wrong sign", 2.0: "is taken twice", 0.5: "is halved"}
LINEAR = {"MLP.5": "LIN.2", "MLP.6": "LIN.2", "HVP.1": "LIN.3", "HVP.3": "LOSS.3", "HVP.5": "LIN.4", "HVP.6": "LIN.4"}


class _Terms:
    """A network's forward and backward pass at θ (P,), with everything that a mistake could take in its place."""

    def __init__(self, mlp, theta, x, y):
        self.mlp, self.y, self.N, phi = mlp, y, len(mlp.widths) - 1, mlp.activation
        self.layers, self.z, self.a, self.slope = mlp.layers(theta), [None], [x], [None]
        for W, b in self.layers[1:]:
            self.z.append(self.a[-1] @ W + b)  # (K, n_l)
            self.a.append(phi.value(self.z[-1]))
            self.slope.append(phi.derivative(self.z[-1], self.a[-1]))
        self.top = mlp.loss_function.gradient(self.z[-1], y)  # (K, D_out)

    def delta(self, slope=None, transposed=True, top=None):
        """The errors δ_l (K, n_l), with other slopes than φ', with W for Wᵀ, or with another δ_N."""
        slope, delta = self.slope if slope is None else slope, [None] * (self.N + 1)
        delta[self.N] = self.top if top is None else top
        for l in reversed(range(1, self.N)):
            W = self.layers[l + 1][0]
            delta[l] = delta[l + 1] @ (W.T if transposed else W) * slope[l]
        return delta

    def gradient(self, delta, inputs=None):
        """g (P,) from errors and from the layers' inputs."""
        inputs = self.a if inputs is None else inputs
        return _flat([(inputs[l - 1].T @ delta[l], delta[l].sum(axis=0)) for l in range(1, self.N + 1)])

    def hvp(self, v, changes):
        """H v (P,), each term of TERMS times its coefficient in changes, 1 unless given; in one layer or in all.

        changes: name, or (name, layer) -> coefficient; "slope": 0 leaves φ' out of ȧ.
        """
        def k(name, l):
            return changes.get((name, l), changes.get(name, 1.0))

        phi, V, delta = self.mlp.activation, self.mlp.layers(v), self.delta()
        a_dot, z_dot, delta_dot = [np.zeros_like(self.a[0])], [None], [None] * (self.N + 1)
        for l in range(1, self.N + 1):
            (W, _), (V_l, c) = self.layers[l], V[l]
            z_dot.append(k("aW", l) * a_dot[-1] @ W + k("aV", l) * self.a[l - 1] @ V_l + k("c", l) * c)
            a_dot.append((self.slope[l] if k("slope", l) else 1.0) * z_dot[l])
        delta_dot[self.N] = k("top", self.N) * self.mlp.loss_function.curvature(self.z[-1], self.y, z_dot[self.N])
        for l in reversed(range(1, self.N)):
            (W, _), (V_l, _) = self.layers[l + 1], V[l + 1]
            delta_dot[l] = (k("dW", l) * delta_dot[l + 1] @ W.T + k("dV", l) * delta[l + 1] @ V_l.T) * self.slope[l]
            if phi.second_derivative is not None:
                curve = phi.second_derivative(self.z[l], self.a[l], self.slope[l])
                delta_dot[l] = delta_dot[l] + k("curve", l) * (delta[l + 1] @ W.T) * curve * z_dot[l]
        return _flat([(k("da", l) * a_dot[l - 1].T @ delta[l] + k("ad", l) * self.a[l - 1].T @ delta_dot[l],
                       k("sum", l) * delta_dot[l].sum(axis=0)) for l in range(1, self.N + 1)])


def of_gradient(mlp, theta, x, y):
    """Suspects for the gradient of a network, an MLP, at θ (P,) on one task: x (K, D_in), y (K, D_out)."""
    t, phi, found = _Terms(mlp, theta, x, y), mlp.activation, []

    def add(vector, what, tag, cause="term"):
        found.append(Suspect(vector, cause, what, LINEAR.get(tag, tag) if t.N == 1 else tag))

    if t.N > 1:
        ones, at_a = [[None] + [f(l) for l in range(1, t.N)] for f in (
            lambda l: np.ones_like(t.z[l]), lambda l: phi.derivative(t.a[l], phi.value(t.a[l])))]
        add(t.gradient(t.delta(slope=ones)), "φ'(z_l) is missing from the errors", "MLP.4")
        add(t.gradient(t.delta(slope=at_a)), "φ' is taken at a_l in place of z_l", "MLP.4")
        add(t.gradient(t.delta(), inputs=[x] + t.z[1:]), "z_{l-1} stands where a_{l-1} belongs", "MLP.5")
        for l in range(1, t.N):
            slope = t.slope[:l] + [ones[l]] + t.slope[l + 1:]
            add(t.gradient(t.delta(slope=slope)), f"φ'(z_{l}) is missing from the error of layer {l}", "MLP.4")
        if all(W.shape[0] == W.shape[1] for W, _ in t.layers[2:]):
            add(t.gradient(t.delta(transposed=False)), "W_{l+1} stands where its transpose belongs", "MLP.4",
                "transposed")
        _add_broadcast_errors(t, add)
    for j in range(mlp.d_out if mlp.d_out > 1 else 0):
        top = np.where(np.arange(mlp.d_out) == j, t.top, 0)
        add(t.gradient(t.delta(top=top)), f"only output {j} of {mlp.d_out} counts", "MLP.3")
    return found


def _add_broadcast_errors(t, add):
    """A weight's gradient from the next layer's error δ_{l+1}, which NumPy broadcasts where n_{l+1} is 1."""
    delta = t.delta()
    for l in range(1, t.N):
        if delta[l + 1].shape[1] in (1, delta[l].shape[1]):
            blocks = [(t.a[m - 1].T @ delta[m + (m == l)] + np.zeros_like(t.layers[m][0]), delta[m].sum(axis=0))
                      for m in range(1, t.N + 1)]
            add(_flat(blocks), f"W{l} is built from the next layer's error δ_{l + 1}, not from its own: broadcast "
                               "onto the block's shape", "MLP.5", "shape")


def of_hvp(mlp, theta, x, y, vs):
    """Suspects (n, P) for H v in directions vs (n, P); the rest is as for of_gradient."""
    t, found = _Terms(mlp, theta, x, y), []

    def add(k, what, tag, cause="term"):
        tag = LINEAR.get(tag, tag) if t.N == 1 else tag
        found.append(Suspect(np.array([t.hvp(v, k) for v in vs]), cause, what, tag))

    for name, (tag, term) in TERMS.items():
        for coefficient, change in CHANGES.items():
            cause = "second derivative" if name == "curve" else "term"
            add({name: coefficient}, f"the term {term} {change}", tag, cause)
            for l in range(1, t.N + 1):
                add({(name, l): coefficient}, f"the term {term} {change} for l = {l}", tag, cause)
    add({"slope": 0}, "φ'(z_l) is missing from ȧ_l", "HVP.2")
    add(dict(curve=0, dV=0, da=0), "this is the Gauss-Newton part alone: the terms with δ are missing", "HVP.4")
    add(dict(curve=0, dV=0), "the terms with φ'' and with V_{l+1} are missing", "HVP.4")
    g, at = t.gradient(t.delta()), t.hvp(theta, {})
    for vector, what in ((np.tile(g, (len(vs), 1)), "this is the gradient, not its derivative along v"),
                         (np.array(vs), "this is v itself"), (np.tile(at, (len(vs), 1)), "this is H θ: θ in place of v")):
        found.append(Suspect(vector, "another quantity", what, "HVP.1" if t.N > 1 else "LIN.3"))
    return found


def of_examples(each, what="example", tag=""):
    """Suspects for a mean of vectors `each` (n, ..., P), over examples or tasks, that leaves one out or repeats it."""
    n, total, found = len(each), sum(each), []
    for i, one in enumerate(each):
        for vector, how in (((total - one) / n, f"{what} {i} of {n} is left out"),
                            ((total - one) / max(1, n - 1), f"{what} {i} of {n} is left out"),
                            ((total + one) / n, f"{what} {i} of {n} counts twice"),
                            (one, f"{what} {i} of {n} alone counts"), (one / n, f"{what} {i} of {n} alone counts")):
            found.append(Suspect(vector, what, f"{how} (counted from 0)", tag))
    return found


def _flat(blocks):
    return np.concatenate([part.reshape(-1) for pair in blocks for part in pair])
