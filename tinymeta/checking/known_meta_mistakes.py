"""What well-known mistakes give for a meta-gradient or an adapted θ: see diagnosis.py.

The recursions of inner_loop.py and maml.py are computed once more, with every part open to change.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..core.model import pass_at
from .diagnosis import KnownMistake
from .known_mistakes import of_examples

FIXED_ALPHAS = 0.001, 0.01, 0.02, 0.05, 0.1, 0.4, 0.5, 1.0
FIXED_STEPS = 1, 2, 3, 5, 10


@dataclass(frozen=True)
class Recursion:
    """MAML's recursion on T tasks, from θ (T, P); dataclasses.replace changes any part of it.

    steps: S, of size alpha on the set adapt_on, (x, y); stale takes every gradient at θ_0, restart
    takes every step from θ_0, momentum is β in the step Σ β^(k-i) g_i.  The query gradient is
    taken at θ_query_at on the set query.  Then come the factors I - hessian_alpha H(θ_k), H on the
    set hessian_on, one for each k of factors, in order; None: S-1 ... 0.
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
    restart: bool = False
    momentum: float = 0.0
    query_at: int = -1
    factors: object = None

    def trajectory(self):
        """θ_0 ... θ_S, each (T, P)."""
        points, step = [self.theta], 0.0
        for _ in range(self.steps):
            point = pass_at(self.model, points[0 if self.stale else -1], *self.adapt_on)
            step = point.gradient() + self.momentum * step
            points.append(points[0 if self.restart else -1] - self.alpha * step)
        return points

    def support_gradients(self):
        """g(θ_0) ... g(θ_{S-1}) on the support set, each (T, P)."""
        return [pass_at(self.model, point, *self.adapt_on).gradient()
                for point in self.trajectory()[:-1]]

    def adapted(self):
        """θ_S (T, P)."""
        return self.trajectory()[-1]

    def move(self):
        """θ_0 - θ_S (T, P)."""
        return self.theta - self.adapted()

    def meta_gradient(self):
        """v_0 (T, P), one for each task."""
        points = self.trajectory()
        v = pass_at(self.model, points[self.query_at], *self.query).gradient()
        for k in reversed(range(self.steps)) if self.factors is None else self.factors:
            v = v - self.hessian_alpha * pass_at(self.model, points[k], *self.hessian_on).hvp(v)
        return v

    def first_order(self):
        """v_S (T, P), the meta-gradient without H."""
        return replace(self, hessian_alpha=0.0).meta_gradient()


class Collection:
    """The known mistakes of what is asked for: .found, with .right, the recursion that is right.

    asked: a Recursion -> (T, P), before the mean over tasks.  The rest is as for MAML.
    """

    def __init__(self, asked, model, theta, batch, alpha, steps):
        self.asked, self.found, K = asked, [], batch.x_support.shape[-2]
        support, query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
        theta = np.broadcast_to(theta, (len(batch), theta.size))
        self.right = Recursion(model, theta, steps, alpha, support, query, alpha, support)
        self.multiples = [(2 * alpha, "2α"), (alpha / 2, "α/2"), (alpha**2, "α²"),
                          (K * alpha, f"Kα (K = {K}: a sum where the loss takes the mean?)"),
                          (alpha / K, f"α/K (K = {K}: a mean divided by K again?)")]
        self.multiples += [(fixed, f"{fixed} (not the alpha passed in)")
                           for fixed in FIXED_ALPHAS if fixed != alpha]

    def add(self, tag, cause, what, vectors=None, **changes):
        """What is asked for, of a recursion with these changes, or other vectors (T, P)."""
        if vectors is None:
            vectors = self.asked(replace(self.right, **changes))
        self.found.append(KnownMistake(vectors.mean(axis=0), cause, what, tag))


def of_meta_gradient(model, theta, batch, alpha, steps):
    """Known mistakes for MAML's meta-gradient at θ (P,); the arguments are MAML's."""
    known = Collection(Recursion.meta_gradient, model, theta, batch, alpha, steps)
    add, S = partial(known.add, "MAML.2"), steps
    support, query = known.right.adapt_on, known.right.query
    add("first-order", "the Hessian term is missing: this is the first-order gradient",
        hessian_alpha=0.0)
    add("alpha", "α is missing from I - αH", hessian_alpha=1.0)
    add("sign", "I + αH stands where I - αH belongs", hessian_alpha=-alpha)
    for wrong, name in known.multiples:
        add("alpha", f"{name} stands for α in I - αH", hessian_alpha=wrong)
    add("swap", "H is taken on the query set; it belongs to the support set", hessian_on=query)
    add("swap", "support and query sets are exchanged", adapt_on=query, hessian_on=query,
        query=support)
    add("swap", "the query set is used for both loops", adapt_on=query, hessian_on=query)
    add("iterate", "H is taken at θ_{k+1}; it belongs at θ_k", factors=range(S, 0, -1))
    add("iterate", "every H is taken at θ_S; each belongs at its own θ_k", factors=[S] * S)
    if S > 1:
        add("iterate", "every H is taken at θ_0; each belongs at its own θ_k", factors=[0] * S)
        add("product order", "the product of I - αH is taken from the first step to the last; "
            "it goes the other way", factors=range(S))
        add("term", "only the last step's I - αH is there", factors=[S - 1])
        add("term", "only the first step's I - αH is there", factors=[0])
    add("term", "the first step's I - αH is missing", factors=range(S - 1, 0, -1))
    add("term", "the last step's I - αH is missing", factors=range(S - 2, -1, -1))
    _add_of_both_orders(known)
    _add_of_added_gradients(known)
    add = partial(known.add, "MAML.3", "iterate")
    add("θ is not reset: each task starts where the one before ended",
        _of_tasks_in_turn(known.right, Recursion.meta_gradient))
    return known.found + of_examples(known.right.meta_gradient(), "task", "MAML.3")


def of_first_order(model, theta, batch, alpha, steps):
    """Known mistakes for first-order MAML's gradient at θ (P,)."""
    known = Collection(Recursion.first_order, model, theta, batch, alpha, steps)
    known.add("MAML.2", "first-order", "this is the exact gradient, with the Hessian",
              known.right.meta_gradient())
    _add_of_both_orders(known)
    _add_of_added_gradients(known)
    return known.found + of_examples(known.right.first_order(), "task", "MAML.3")


def of_reptile(model, theta, batch, alpha, steps):
    """Known mistakes for Reptile's update direction, the mean over tasks of θ - θ_S."""
    known = Collection(Recursion.move, model, theta, batch, alpha, steps)
    _add_of_inner_loop(known, "REPTILE.1")
    add, right = partial(known.add, "REPTILE.1", "another quantity"), known.right
    add("this is the mean of θ_S; θ - θ_S is what moves θ", right.adapted())
    add("this is θ_S/α", right.adapted() / alpha)
    add("θ counts twice: this is 2θ - θ_S", right.theta + right.move())
    add("this is MAML's meta-gradient", right.meta_gradient())
    add("this is first-order MAML's gradient", right.first_order())
    in_turn = _of_tasks_in_turn(right, Recursion.move)
    add("θ moves from task to task: each task starts where the one before ended", in_turn)
    add("θ moves from task to task, and the whole way is returned", len(batch) * in_turn)
    return known.found + of_examples(right.move(), "task", "REPTILE.1")


def _of_tasks_in_turn(right, asked):
    """asked(recursion) (T, P), where each task starts from where the one before it ended."""
    theta, found = right.theta[:1], []
    for x, y, x_query, y_query in zip(*right.adapt_on, *right.query):
        support, query = (x[np.newaxis], y[np.newaxis]), (x_query[np.newaxis], y_query[np.newaxis])
        one = replace(right, theta=theta, adapt_on=support, hessian_on=support, query=query)
        found.append(asked(one)[0])
        theta = one.adapted()
    return np.array(found)


def of_adapted(model, theta, batch, alpha, steps):
    """Known mistakes for the adapted θ_S of the batch's only task."""
    known = Collection(Recursion.adapted, model, theta, batch, alpha, steps)
    known.add("INNER.1", "not adapted", "this is θ_0: nothing is adapted there", steps=0)
    _add_of_inner_loop(known, "INNER.1")
    add = partial(known.add, "INNER.1", "another quantity")
    add("this is θ_S - θ_0", -known.right.move())
    add("this is θ_0 - θ_S", known.right.move())
    return known.found


def _add_of_both_orders(known):
    """Mistakes of the inner loop and of the query gradient, which MAML has in both its forms."""
    alpha, support, query = known.right.alpha, known.right.adapt_on, known.right.query
    inner, outer = partial(known.add, "INNER.1"), partial(known.add, "MAML.1")
    inner("sign", "the inner loop ascends: θ + α g", alpha=-alpha, hessian_alpha=-alpha)
    outer("swap", "the outer gradient is taken on the support set; it belongs to the query set",
          query=support)
    outer("swap", "support and query sets are exchanged", adapt_on=query, query=support)
    outer("iterate", "the query gradient is taken at θ_0; it belongs at θ_S", query_at=0)
    outer("first-order", "the query gradient at θ_0 alone: nothing is adapted", query_at=0,
          factors=[])
    for wrong, name in known.multiples:
        inner("alpha", f"{name} stands for α everywhere", alpha=wrong, hessian_alpha=wrong)
    _add_of_steps(known, "INNER.1")


def _add_of_added_gradients(known):
    """The support's gradients left in, and the query's taken after every step."""
    add, right = partial(known.add, "MAML.1", "another quantity"), known.right
    right_v, gradients = known.asked(right), right.support_gradients()
    add("the support gradients of the inner loop are added: buffers not set to zero?",
        right_v + sum(gradients))
    add("the support gradient at θ_0 is added", right_v + gradients[0])
    add("the last support gradient is added: a buffer not set to zero?", right_v + gradients[-1])
    after = [known.asked(replace(right, steps=S)) for S in range(right.steps + 1)]
    for what, vectors in (("after each step", after[1:]), ("before and after each step", after)):
        if len(vectors) > 1:
            total = sum(vectors)
            for how, vector in (("averaged", total / len(vectors)), ("summed", total)):
                add(f"the query losses {what} are {how}; only the last one counts", vector)


def _add_of_inner_loop(known, tag):
    """Mistakes of the inner loop where θ_S itself is asked for; tag: of the number of steps."""
    _add_of_steps(known, tag)
    known.add("INNER.1", "alpha", "α is missing from the inner step", alpha=1.0)
    K = known.right.adapt_on[0].shape[-2]
    for i in range(K if K > 1 else 0):
        others = [np.delete(a, i, axis=-2) for a in known.right.adapt_on]
        what = f"example {i} of {K} is left out (counted from 0)"
        known.add("INNER.1", "example", what, adapt_on=others)


def _add_of_steps(known, tag):
    """Mistakes of the inner steps alone, in which all else is right."""
    add, alpha, steps = partial(known.add, "INNER.1"), known.right.alpha, known.right.steps
    add("iterate", "every inner gradient is taken at θ_0; each belongs at its own θ_k", stale=True)
    add("iterate", "each step starts at θ_0, θ_0 - α g(θ_k); it belongs at θ_k", restart=True)
    for beta in (0.9, 0.5):
        add("another rule", f"the inner loop takes momentum {beta}, not plain gradient descent",
            momentum=beta)
    for S in FIXED_STEPS:
        if S != steps:
            known.add(tag, "iterate", f"the number of steps is {S}, not the one passed in", steps=S)
    add("sign", "the inner loop ascends: θ + α g", alpha=-alpha)
    for wrong, name in known.multiples:
        add("alpha", f"the step size of the inner loop is {name}", alpha=wrong)
    known.add(tag, "iterate", "one inner step too few", steps=steps - 1)
    known.add(tag, "iterate", "one inner step too many", steps=steps + 1)
    add("swap", "the inner loop adapts on the query set", adapt_on=known.right.query)
