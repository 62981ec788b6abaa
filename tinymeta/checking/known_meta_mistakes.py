"""What well-known mistakes give for a meta-gradient or an adapted θ: see diagnosis.py.

The recursions of inner_loop.py and maml.py are computed once more, with every part open to change.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..core.model import pass_at
from .diagnosis import KnownMistake
from .known_mistakes import of_examples


@dataclass(frozen=True)
class Recursion:
    """MAML's recursion on T tasks, from θ (T, P); dataclasses.replace changes any part of it.

    steps: S, of size alpha on the set adapt_on, (x, y); stale takes every gradient at θ_0.  The
    query gradient is taken at θ_query_at on the set query.  Then come the factors I - hessian_alpha
    H(θ_k), H on the set hessian_on, one for each k of factors, in order; None: S-1 ... 0.
    """

    model: object
    theta: np.ndarray
    steps: int
    alpha: float
    adapt_on: tuple
    query: tuple
    hessian_alpha: float
    hessian_on: tuple
    stale: bool = False
    query_at: int = -1
    factors: object = None

    def trajectory(self):
        """θ_0 ... θ_S, each (T, P)."""
        points = [self.theta]
        for _ in range(self.steps):
            point = pass_at(self.model, points[0 if self.stale else -1], *self.adapt_on)
            points.append(points[-1] - self.alpha * point.gradient())
        return points

    def meta_gradient(self):
        """v_0 (T, P), one for each task."""
        points = self.trajectory()
        v = pass_at(self.model, points[self.query_at], *self.query).gradient()
        for k in reversed(range(self.steps)) if self.factors is None else self.factors:
            v = v - self.hessian_alpha * pass_at(self.model, points[k], *self.hessian_on).hvp(v)
        return v

    def first_order(self):
        """v_S (T, P)."""
        return replace(self, hessian_alpha=0.0).meta_gradient()

    def move(self):
        """θ_0 - θ_S (T, P)."""
        return self.theta - self.trajectory()[-1]


class Collection:
    """The known mistakes of one kind: found, for a recursion that is right.

    vectors: a Recursion -> (T, P), what is to be computed before the mean over tasks.
    """

    def __init__(self, vectors, model, theta, batch, alpha, steps):
        self.vectors, self.found, self.K = vectors, [], batch.x_support.shape[-2]
        support, query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
        theta = np.broadcast_to(theta, (len(batch), theta.size))
        self.right = Recursion(model, theta, steps, alpha, support, query, alpha, support)

    def add(self, cause, what, tag, **changes):
        """What a recursion gives with these changes."""
        self.add_vectors(self.vectors(replace(self.right, **changes)), cause, what, tag)

    def add_vectors(self, vectors, cause, what, tag):
        """Another quantity, (T, P)."""
        self.found.append(KnownMistake(vectors.mean(axis=0), cause, what, tag))

    def multiples_of_alpha(self):
        """[(wrong step size, name)]."""
        alpha, K = self.right.alpha, self.K
        return [(2 * alpha, "2α"), (alpha / 2, "α/2"), (alpha**2, "α²"),
                (K * alpha, f"Kα (K = {K}: a sum where the loss takes the mean?)"),
                (alpha / K, f"α/K (K = {K}: a mean divided by K again?)")]


def of_meta_gradient(model, theta, batch, alpha, steps):
    """Known mistakes for MAML's meta-gradient at θ (P,); the arguments are MAML's."""
    known = Collection(Recursion.meta_gradient, model, theta, batch, alpha, steps)
    add, S, support, query = known.add, steps, known.right.adapt_on, known.right.query
    add("first-order", "the Hessian term is missing: this is the first-order gradient", "MAML.2",
        hessian_alpha=0.0)
    add("alpha", "α is missing from I - αH", "MAML.2", hessian_alpha=1.0)
    add("sign", "I + αH stands where I - αH belongs", "MAML.2", hessian_alpha=-alpha)
    for wrong, name in known.multiples_of_alpha():
        add("alpha", f"{name} stands for α in I - αH", "MAML.2", hessian_alpha=wrong)
    add("swap", "H is taken on the query set; it belongs to the support set", "MAML.2",
        hessian_on=query)
    add("swap", "support and query sets are exchanged", "MAML.2",
        adapt_on=query, hessian_on=query, query=support)
    add("swap", "the query set is used for both loops", "MAML.2", adapt_on=query, hessian_on=query)
    add("iterate", "H is taken at θ_{k+1}; it belongs at θ_k", "MAML.2", factors=range(S, 0, -1))
    add("iterate", "every H is taken at θ_S; each belongs at its own θ_k", "MAML.2", factors=[S] * S)
    if S > 1:
        add("iterate", "every H is taken at θ_0; each belongs at its own θ_k", "MAML.2",
            factors=[0] * S)
        add("product order", "the product of I - αH is taken from the first step to the last; it "
            "goes the other way", "MAML.2", factors=range(S))
        for what, factors in (("only the last step's I - αH is there", [S - 1]),
                              ("only the first step's I - αH is there", [0]),
                              ("the first step's I - αH is missing", range(S - 1, 0, -1)),
                              ("the last step's I - αH is missing", range(S - 2, -1, -1))):
            add("term", what, "MAML.2", factors=factors)
    _add_of_both_orders(known)
    return known.found + of_examples(known.right.meta_gradient(), "task", "MAML.3")


def of_first_order(model, theta, batch, alpha, steps):
    """Known mistakes for first-order MAML's gradient at θ (P,)."""
    known = Collection(Recursion.first_order, model, theta, batch, alpha, steps)
    known.add_vectors(known.right.meta_gradient(), "first-order",
                      "this is the exact gradient, with the Hessian", "MAML.2")
    _add_of_both_orders(known)
    return known.found + of_examples(known.right.first_order(), "task", "MAML.3")


def of_reptile(model, theta, batch, alpha, steps):
    """Known mistakes for Reptile's update direction, the mean over tasks of θ - θ_S."""
    known = Collection(Recursion.move, model, theta, batch, alpha, steps)
    _add_of_inner_loop(known, "REPTILE.1")
    right, theta_S = known.right, known.right.trajectory()[-1]  # (T, P)
    for vectors, what in ((theta_S, "this is the mean of θ_S; θ - θ_S is what moves θ"),
                          (theta_S / alpha, "this is θ_S/α"),
                          (right.meta_gradient(), "this is MAML's meta-gradient"),
                          (right.first_order(), "this is first-order MAML's gradient")):
        known.add_vectors(vectors, "another quantity", what, "REPTILE.1")
    return known.found + of_examples(right.move(), "task", "REPTILE.1")


def of_adapted(model, theta, batch, alpha, steps):
    """Known mistakes for the adapted θ_S of the batch's only task."""
    known = Collection(lambda r: r.trajectory()[-1], model, theta, batch, alpha, steps)
    known.add("zero", "this is θ_0: nothing is adapted", "INNER.1", steps=0)
    _add_of_inner_loop(known)
    move = known.right.move()
    known.add_vectors(-move, "another quantity", "this is θ_S - θ_0", "INNER.1")
    known.add_vectors(move, "another quantity", "this is θ_0 - θ_S", "INNER.1")
    return known.found


def _add_of_both_orders(known):
    """Mistakes of the inner loop and of the query gradient, which MAML has in both its forms."""
    add, alpha, support, query = known.add, known.right.alpha, known.right.adapt_on, known.right.query
    add("sign", "the inner loop ascends: θ + α g", "INNER.1", alpha=-alpha, hessian_alpha=-alpha)
    add("swap", "the outer gradient is taken on the support set; it belongs to the query set",
        "MAML.1", query=support)
    add("swap", "support and query sets are exchanged", "MAML.1", adapt_on=query, query=support)
    add("iterate", "the query gradient is taken at θ_0; it belongs at θ_S", "MAML.1", query_at=0)
    add("first-order", "the query gradient at θ_0 alone: nothing is adapted", "MAML.1",
        query_at=0, factors=[])
    for wrong, name in known.multiples_of_alpha():
        add("alpha", f"{name} stands for α everywhere", "INNER.1", alpha=wrong, hessian_alpha=wrong)
    _add_of_steps(known)


def _add_of_inner_loop(known, tag="INNER.1"):
    """Mistakes of the inner loop where θ_S itself is asked for; tag: of a wrong number of steps."""
    _add_of_steps(known, tag)
    known.add("alpha", "α is missing from the inner step", "INNER.1", alpha=1.0)
    for i in range(known.K if known.K > 1 else 0):
        others = [np.delete(a, i, axis=-2) for a in known.right.adapt_on]
        known.add("example", f"example {i} of {known.K} is left out (counted from 0)", "INNER.1",
                  adapt_on=others)


def _add_of_steps(known, tag="INNER.1"):
    """Mistakes of the inner steps alone, in which all else is right."""
    add, alpha, steps = known.add, known.right.alpha, known.right.steps
    add("iterate", "every inner gradient is taken at θ_0; each belongs at its own θ_k", "INNER.1",
        stale=True)
    add("sign", "the inner loop ascends: θ + α g", "INNER.1", alpha=-alpha)
    for wrong, name in known.multiples_of_alpha():
        add("alpha", f"the step size of the inner loop is {name}", "INNER.1", alpha=wrong)
    add("iterate", "one inner step too few", tag, steps=steps - 1)
    add("iterate", "one inner step too many", tag, steps=steps + 1)
    add("swap", "the inner loop adapts on the query set", "INNER.1", adapt_on=known.right.query)
