"""What well-known mistakes give for a network's gradient and Hessian × vector: see diagnosis.py.

The equations of mlp.py are computed once more, here with each term on its own, so that one of them can be
left out, doubled, halved or turned round.  A suspect names the equation where that term stands.
"""

import numpy as np

from .diagnosis import Suspect
from .model import pass_at

TERMS = {  # of Hessian × vector: name -> (equation, the term)
    "aW": ("HVP.1", "ȧ_{l-1} W_l"), "aV": ("HVP.1", "a_{l-1} V_l"), "c": ("HVP.1", "c_l, the biases' direction"),
    "top": ("HVP.3", "δ̇_N"), "dW": ("HVP.4", "δ̇_{l+1} W_{l+1}ᵀ"), "dV": ("HVP.4", "δ_{l+1} V_{l+1}ᵀ"),
    "curve": ("HVP.4", "with φ''"), "da": ("HVP.5", "ȧ_{l-1}ᵀ δ_l"), "ad": ("HVP.5", "a_{l-1}ᵀ δ̇_l"),
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

    def hvp(self, v, k):
        """H v (P,), each term of TERMS times its coefficient in k, 1 unless given; "slope": ȧ without φ'."""
        k, phi, V, delta = {**dict.fromkeys([*TERMS, "slope"], 1.0), **k}, self.mlp.activation, self.mlp.layers(v), self.delta()
        a_dot, z_dot, delta_dot = [np.zeros_like(self.a[0])], [None], [None] * (self.N + 1)
        for l in range(1, self.N + 1):
            (W, _), (V_l, c) = self.layers[l], V[l]
            z_dot.append(k["aW"] * a_dot[-1] @ W + k["aV"] * self.a[l - 1] @ V_l + k["c"] * c)
            a_dot.append((self.slope[l] if k["slope"] else 1.0) * z_dot[l])
        delta_dot[self.N] = k["top"] * self.mlp.loss_function.curvature(self.z[-1], self.y, z_dot[self.N])
        for l in reversed(range(1, self.N)):
            (W, _), (V_l, _) = self.layers[l + 1], V[l + 1]
            delta_dot[l] = (k["dW"] * delta_dot[l + 1] @ W.T + k["dV"] * delta[l + 1] @ V_l.T) * self.slope[l]
            if phi.second_derivative is not None:
                curve = phi.second_derivative(self.z[l], self.a[l], self.slope[l])
                delta_dot[l] = delta_dot[l] + k["curve"] * (delta[l + 1] @ W.T) * curve * z_dot[l]
        return _flat([(k["da"] * a_dot[l - 1].T @ delta[l] + k["ad"] * self.a[l - 1].T @ delta_dot[l],
                       k["sum"] * delta_dot[l].sum(axis=0)) for l in range(1, self.N + 1)])


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
            add(t.gradient(t.delta(transposed=False)), "W_{l+1} stands where its transpose belongs", "MLP.4", "transposed")
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
                               f"onto the block's shape", "MLP.5", "shape")


def of_hvp(mlp, theta, x, y, vs):
    """Suspects (n, P) for H v in directions vs (n, P); the rest is as for of_gradient."""
    t, found = _Terms(mlp, theta, x, y), []

    def add(k, what, tag, cause="term"):
        found.append(Suspect(np.array([t.hvp(v, k) for v in vs]), cause, what, LINEAR.get(tag, tag) if t.N == 1 else tag))

    for name, (tag, term) in TERMS.items():
        for coefficient, change in CHANGES.items():
            what = f"the term {term} of [{LINEAR.get(tag, tag) if t.N == 1 else tag}] {change}"
            add({name: coefficient}, what, tag, "second derivative" if name == "curve" else "term")
    add({"slope": 0}, "φ'(z_l) is missing from ȧ_l", "HVP.2")
    add(dict(curve=0, dV=0, da=0), "this is the Gauss-Newton part alone: the terms with δ are missing", "HVP.4")
    add(dict(curve=0, dV=0), "the terms with φ'' and with V_{l+1} are missing", "HVP.4")
    g, at = t.gradient(t.delta()), t.hvp(theta, {})
    for vector, what in ((np.tile(g, (len(vs), 1)), "this is the gradient, not its derivative along v"),
                         (np.array(vs), "this is v itself"), (np.tile(at, (len(vs), 1)), "this is H θ: θ in place of v")):
        found.append(Suspect(vector, "term", what, "HVP.1" if t.N > 1 else "LIN.3"))
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


class Recursion:
    """MAML's meta-gradient, task by task, with any part of the recursion changed.

    model, theta (P,), batch, alpha, steps: as for MAML; every method returns (T, P).
    """

    def __init__(self, model, theta, batch, alpha, steps):
        self.model, self.alpha, self.steps = model, alpha, steps
        self.support, self.query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
        self.theta = np.broadcast_to(theta, (len(batch.x_support), theta.size))

    def trajectory(self, alpha=None, steps=None, data=None):
        """θ_0 ... θ_S, each (T, P)."""
        points = [self.theta]
        for _ in range(self.steps if steps is None else steps):
            point = pass_at(self.model, points[-1], *(data or self.support))
            points.append(points[-1] - (self.alpha if alpha is None else alpha) * point.gradient())
        return points

    def meta_gradient(self, inner=None, alpha=None, data=None, at=None, order=None, start=None, outer=None, steps=None,
                      adapt_on=None):
        """v_0.  inner: the inner loop's step size; alpha: the recursion's; data: the set of H; at: k -> the iterate
        of H; order: the k's, first to last; start: the iterate of the query gradient, on the set outer."""
        S = self.steps if steps is None else steps
        points = self.trajectory(inner, S, adapt_on)
        alpha = (self.alpha if inner is None else inner) if alpha is None else alpha
        v = pass_at(self.model, points[S if start is None else start], *(outer or self.query)).gradient()
        for k in reversed(range(S)) if order is None else order:
            point = pass_at(self.model, points[k if at is None else at(k)], *(data or self.support))
            v = v - alpha * point.hvp(v)
        return v


def of_meta_gradient(model, theta, batch, alpha, steps):
    """Suspects for MAML's meta-gradient at θ (P,)."""
    r = Recursion(model, theta, batch, alpha, steps)
    K, S, query, support = batch.x_support.shape[-2], steps, r.query, r.support
    cases = [("first-order", "the Hessian term is missing: this is the first-order gradient", "MAML.2", dict(alpha=0.0)),
             ("alpha", "α is missing from I - αH", "MAML.2", dict(alpha=1.0)),
             ("sign", "I + αH stands where I - αH belongs", "MAML.2", dict(alpha=-alpha)),
             ("sign", "the inner loop ascends: θ + α g", "INNER.1", dict(inner=-alpha)),
             ("sign", "the inner loop ascends: θ + α g", "INNER.1", dict(inner=-alpha, alpha=alpha))]
    for factor, name in ((2.0, "2α"), (0.5, "α/2"), (K, f"Kα, K = {K},"), (1 / K, f"α/K, K = {K},")):
        cases += [("alpha", f"{name} stands for α in I - αH", "MAML.2", dict(alpha=factor * alpha)),
                  ("alpha", f"{name} is the step size of the inner loop", "INNER.1", dict(inner=factor * alpha, alpha=alpha)),
                  ("alpha", f"{name} stands for α everywhere: a sum where the loss takes the mean?" if factor == K else
                   f"{name} stands for α everywhere", "INNER.1", dict(inner=factor * alpha))]
    cases += [("swap", "H is taken on the query set; it belongs to the support set", "MAML.2", dict(data=query)),
              ("swap", "the outer gradient is taken on the support set; it belongs to the query set", "MAML.1",
               dict(outer=support)),
              ("swap", "support and query sets are exchanged", "MAML.1",
               dict(adapt_on=query, data=query, outer=support)),
              ("swap", "the query set is used for both loops", "INNER.1", dict(adapt_on=query, data=query)),
              ("swap", "the inner loop adapts on the query set", "INNER.1", dict(adapt_on=query)),
              ("iterate", "the query gradient is taken at θ_0; it belongs at θ_S", "MAML.1", dict(start=0)),
              ("first-order", "the query gradient at θ_0 alone: nothing is adapted", "MAML.1", dict(start=0, order=[])),
              ("iterate", "H is taken at θ_{k+1}; it belongs at θ_k", "MAML.2", dict(at=lambda k: k + 1)),
              ("iterate", "every H is taken at θ_S; each belongs at its own θ_k", "MAML.2", dict(at=lambda k: S)),
              ("iterate", "every H is taken at θ_0; each belongs at its own θ_k", "MAML.2", dict(at=lambda k: 0)),
              ("product order", "the product of I - αH is taken from the first step to the last; it goes from the last "
               "to the first", "MAML.2", dict(order=range(S))),
              ("iterate", "only the last step's I - αH is there", "MAML.2", dict(order=[S - 1])),
              ("iterate", "only the first step's I - αH is there", "MAML.2", dict(order=[0])),
              ("iterate", "the first step's I - αH is missing", "MAML.2", dict(order=range(S - 1, 0, -1))),
              ("iterate", "the last step's I - αH is missing", "MAML.2", dict(order=range(S - 2, -1, -1))),
              ("iterate", "one inner step too few", "INNER.1", dict(steps=S - 1)),
              ("iterate", "one inner step too many", "INNER.1", dict(steps=S + 1))]
    found = [Suspect(r.meta_gradient(**case).mean(axis=0), cause, what, tag) for cause, what, tag, case in cases]
    return found + of_examples(r.meta_gradient(), "task", "MAML.3")


def of_reptile(model, theta, batch, alpha, steps):
    """Suspects for Reptile's update direction, the mean over tasks of θ - θ_S."""
    r = Recursion(model, theta, batch, alpha, steps)
    cases = _of_trajectory(r, "REPTILE.1")
    found = [Suspect((theta - theta_S).mean(axis=0), *rest) for theta_S, *rest in cases]
    found += [Suspect(r.trajectory()[-1].mean(axis=0), "term", "this is the mean of θ_S; θ - θ_S is what moves θ", "REPTILE.1"),
              Suspect((r.trajectory()[-1] / alpha).mean(axis=0), "term", "this is θ_S/α", "REPTILE.1"),
              Suspect(r.meta_gradient().mean(axis=0), "term", "this is MAML's meta-gradient", "REPTILE.1"),
              Suspect(r.meta_gradient(alpha=0.0).mean(axis=0), "term", "this is first-order MAML's gradient", "REPTILE.1")]
    return found + of_examples(theta - r.trajectory()[-1], "task", "REPTILE.1")


def of_adapted(model, theta, batch, alpha, steps):
    """Suspects for the adapted θ_S of the batch's only task."""
    r = Recursion(model, theta, batch, alpha, steps)
    found = [Suspect(theta_S[0], *rest) for theta_S, *rest in _of_trajectory(r, "INNER.1")]
    theta_S = r.trajectory()[-1][0]
    return found + [Suspect(theta, "iterate", "this is θ_0: nothing is adapted", "INNER.1"),
                    Suspect(theta_S - theta, "term", "this is θ_S - θ_0", "INNER.1"),
                    Suspect(theta - theta_S, "term", "this is θ_0 - θ_S", "INNER.1")]


def _of_trajectory(r, tag):
    """(θ_S (T, P), cause, sentence, tag) for mistakes of the inner loop."""
    K, alpha, S = r.support[0].shape[-2], r.alpha, r.steps
    stale = r.theta - S * alpha * pass_at(r.model, r.theta, *r.support).gradient()
    yield stale, "iterate", "every inner gradient is taken at θ_0; each belongs at its own θ_k", "INNER.1"
    yield r.trajectory(alpha=-alpha)[-1], "sign", "the inner loop ascends: θ + α g", "INNER.1"
    yield r.trajectory(alpha=1.0)[-1], "alpha", "α is missing from the inner step", "INNER.1"
    for factor, name in ((2.0, "2α"), (0.5, "α/2"), (K, f"Kα, K = {K}: a sum where the loss takes the mean?"),
                         (1 / K, f"α/K, K = {K}: a mean divided by K again?")):
        yield r.trajectory(alpha=factor * alpha)[-1], "alpha", f"the step size of the inner loop is {name}", "INNER.1"
    yield r.trajectory(steps=S - 1)[-1], "iterate", "one inner step too few", tag
    yield r.trajectory(steps=S + 1)[-1], "iterate", "one inner step too many", tag
    if r.query[0].shape[-2]:
        yield r.trajectory(data=r.query)[-1], "swap", "the inner loop adapts on the query set", "INNER.1"


def _flat(blocks):
    return np.concatenate([part.reshape(-1) for pair in blocks for part in pair])
