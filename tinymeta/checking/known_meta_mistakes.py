"""What well-known mistakes give for a meta-gradient or an adapted θ: see diagnosis.py.

The recursions of inner_loop.py and maml.py are computed once more, here with every part open to change.
"""

import numpy as np

from .diagnosis import Suspect
from ..core.model import pass_at
from .known_mistakes import of_examples


class Recursion:
    """MAML's meta-gradient, task by task, with any part of the recursion changed.

    model, theta (P,), batch, alpha, steps: as for MAML; every method returns (T, P).
    """

    def __init__(self, model, theta, batch, alpha, steps):
        self.model, self.alpha, self.steps = model, alpha, steps
        self.support, self.query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
        self.theta = np.broadcast_to(theta, (len(batch.x_support), theta.size))

    def trajectory(self, alpha=None, steps=None, data=None, stale=False):
        """θ_0 ... θ_S, each (T, P); stale takes every gradient at θ_0."""
        points = [self.theta]
        for _ in range(self.steps if steps is None else steps):
            point = pass_at(self.model, points[0 if stale else -1], *(data or self.support))
            points.append(points[-1] - (self.alpha if alpha is None else alpha) * point.gradient())
        return points

    def meta_gradient(self, inner=None, alpha=None, data=None, at=None, order=None, start=None, outer=None, steps=None,
                      adapt_on=None, stale=False):
        """v_0.  inner: the inner loop's step size; alpha: the recursion's; data: the set of H; at: k -> the iterate
        of H; order: the k's, first to last; start: the iterate of the query gradient, on the set outer; adapt_on:
        the inner loop's set; stale: as for trajectory."""
        S = self.steps if steps is None else steps
        points = self.trajectory(inner, S, adapt_on, stale)
        alpha = (self.alpha if inner is None else inner) if alpha is None else alpha
        v = pass_at(self.model, points[S if start is None else start], *(outer or self.query)).gradient()
        for k in reversed(range(S)) if order is None else order:
            point = pass_at(self.model, points[k if at is None else at(k)], *(data or self.support))
            v = v - alpha * point.hvp(v)
        return v


def of_meta_gradient(model, theta, batch, alpha, steps):
    """Suspects for MAML's meta-gradient at θ (P,)."""
    r = Recursion(model, theta, batch, alpha, steps)
    S = steps
    cases = [("first-order", "the Hessian term is missing: this is the first-order gradient", dict(alpha=0.0)),
             ("alpha", "α is missing from I - αH", dict(alpha=1.0)),
             ("sign", "I + αH stands where I - αH belongs", dict(alpha=-alpha))]
    cases += [("alpha", f"{name} stands for α in I - αH", dict(alpha=factor * alpha)) for factor, name in _factors(r)]
    cases += [("swap", "H is taken on the query set; it belongs to the support set", dict(data=r.query)),
              ("swap", "support and query sets are exchanged", dict(adapt_on=r.query, data=r.query, outer=r.support)),
              ("swap", "the query set is used for both loops", dict(adapt_on=r.query, data=r.query)),
              ("iterate", "H is taken at θ_{k+1}; it belongs at θ_k", dict(at=lambda k: k + 1)),
              ("iterate", "every H is taken at θ_S; each belongs at its own θ_k", dict(at=lambda k: S))]
    cases += [] if S == 1 else [
        ("iterate", "every H is taken at θ_0; each belongs at its own θ_k", dict(at=lambda k: 0)),
        ("product order", "the product of I - αH is taken from the first step to the last; it goes the other way",
         dict(order=range(S))),
        ("term", "only the last step's I - αH is there", dict(order=[S - 1])),
        ("term", "only the first step's I - αH is there", dict(order=[0])),
        ("term", "the first step's I - αH is missing", dict(order=range(S - 1, 0, -1))),
        ("term", "the last step's I - αH is missing", dict(order=range(S - 2, -1, -1)))]
    found = [Suspect(r.meta_gradient(**case).mean(axis=0), cause, what, "MAML.2") for cause, what, case in cases]
    return found + _of_both_forms(r, {}) + of_examples(r.meta_gradient(), "task", "MAML.3")


def of_first_order(model, theta, batch, alpha, steps):
    """Suspects for first-order MAML's gradient at θ (P,)."""
    r = Recursion(model, theta, batch, alpha, steps)
    exact = r.meta_gradient().mean(axis=0)
    found = [Suspect(exact, "first-order", "this is the exact gradient, with the Hessian", "MAML.2")]
    return found + _of_both_forms(r, dict(alpha=0.0)) + of_examples(r.meta_gradient(alpha=0.0), "task", "MAML.3")


def _of_both_forms(r, form):
    """Suspects of the inner loop and of the query gradient, for the exact form, {}, or the first-order one."""
    cases = [("sign", "the inner loop ascends: θ + α g", "INNER.1", dict(inner=-r.alpha)),
             ("sign", "the inner loop ascends: θ + α g", "INNER.1", dict(inner=-r.alpha, alpha=r.alpha)),
             ("swap", "the outer gradient is taken on the support set; it belongs to the query set", "MAML.1",
              dict(outer=r.support)),
             ("swap", "the inner loop adapts on the query set", "INNER.1", dict(adapt_on=r.query)),
             ("swap", "support and query sets are exchanged", "MAML.1", dict(adapt_on=r.query, outer=r.support)),
             ("iterate", "the query gradient is taken at θ_0; it belongs at θ_S", "MAML.1", dict(start=0)),
             ("first-order", "the query gradient at θ_0 alone: nothing is adapted", "MAML.1", dict(start=0, order=[])),
             ("iterate", "every inner gradient is taken at θ_0; each belongs at its own θ_k", "INNER.1",
              dict(stale=True)),
             ("iterate", "one inner step too few", "INNER.1", dict(steps=r.steps - 1)),
             ("iterate", "one inner step too many", "INNER.1", dict(steps=r.steps + 1))]
    for factor, name in _factors(r):
        inner = factor * r.alpha
        cases += [("alpha", f"{name} is the step size of the inner loop", "INNER.1", dict(inner=inner, alpha=r.alpha)),
                  ("alpha", f"{name} stands for α everywhere", "INNER.1", dict(inner=inner))]
    return [Suspect(r.meta_gradient(**{**case, **form}).mean(axis=0), cause, what, tag)
            for cause, what, tag, case in cases]


def _factors(r):
    """Wrong multiples of α: (factor, name)."""
    K = r.support[0].shape[-2]
    return ((2.0, "2α"), (0.5, "α/2"), (r.alpha, "α²"), (K, f"Kα (K = {K}: a sum where the loss takes the mean?)"),
            (1 / K, f"α/K (K = {K}: a mean divided by K again?)"))


def of_reptile(model, theta, batch, alpha, steps):
    """Suspects for Reptile's update direction, the mean over tasks of θ - θ_S."""
    r = Recursion(model, theta, batch, alpha, steps)
    theta_S = r.trajectory()[-1]  # (T, P)
    others = [(theta_S, "this is the mean of θ_S; θ - θ_S is what moves θ"), (theta_S / alpha, "this is θ_S/α"),
              (r.meta_gradient(), "this is MAML's meta-gradient"),
              (r.meta_gradient(alpha=0.0), "this is first-order MAML's gradient")]
    found = [Suspect((theta - moved).mean(axis=0), *rest) for moved, *rest in _of_trajectory(r, "REPTILE.1")]
    found += [Suspect(vectors.mean(axis=0), "another quantity", what, "REPTILE.1") for vectors, what in others]
    return found + of_examples(theta - theta_S, "task", "REPTILE.1")


def of_adapted(model, theta, batch, alpha, steps):
    """Suspects for the adapted θ_S of the batch's only task."""
    r = Recursion(model, theta, batch, alpha, steps)
    found = [Suspect(theta, "zero", "this is θ_0: nothing is adapted", "INNER.1")]
    found += [Suspect(theta_S[0], *rest) for theta_S, *rest in _of_trajectory(r, "INNER.1")]
    theta_S = r.trajectory()[-1][0]
    return found + [Suspect(theta_S - theta, "another quantity", "this is θ_S - θ_0", "INNER.1"),
                    Suspect(theta - theta_S, "another quantity", "this is θ_0 - θ_S", "INNER.1")]


def _of_trajectory(r, tag):
    """(θ_S (T, P), cause, sentence, tag) for mistakes of the inner loop."""
    alpha, S = r.alpha, r.steps
    yield r.trajectory(stale=True)[-1], "iterate", "every inner gradient is taken at θ_0; each belongs at its own θ_k", "INNER.1"
    yield r.trajectory(alpha=-alpha)[-1], "sign", "the inner loop ascends: θ + α g", "INNER.1"
    yield r.trajectory(alpha=1.0)[-1], "alpha", "α is missing from the inner step", "INNER.1"
    for factor, name in _factors(r):
        yield r.trajectory(alpha=factor * alpha)[-1], "alpha", f"the step size of the inner loop is {name}", "INNER.1"
    yield r.trajectory(steps=S - 1)[-1], "iterate", "one inner step too few", tag
    yield r.trajectory(steps=S + 1)[-1], "iterate", "one inner step too many", tag
    yield r.trajectory(data=r.query)[-1], "swap", "the inner loop adapts on the query set", "INNER.1"
    K = r.support[0].shape[-2]
    for i in range(K if K > 1 else 0):
        others = [np.delete(a, i, axis=-2) for a in r.support]
        yield r.trajectory(data=others)[-1], "example", f"example {i} of {K} is left out (counted from 0)", "INNER.1"
