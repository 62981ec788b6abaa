"""Evaluation: how well θ adapts to tasks it has never seen, inner step by inner step.

    [EVAL.1]  e_k = L_𝒬(θ_k),   k = 0 ... S,   for each held-out task, with θ_k adapted on 𝒮

The mean comes with the 95 % interval of the reference code of Finn et al. 2017, 1.96 std/√T.  A
single task whose inner loop diverges (for a quadratic loss: α λ_max(H) > 2) ruins a mean, so the median, the quartiles
and the number of diverged tasks stand beside it, and every task's error is kept.
"""

from dataclasses import dataclass

import numpy as np

from . import arguments
from .inner_loop import check_meta_arguments, check_settings, inner_steps
from .model import pass_at
from .tasks import blocks


@dataclass(frozen=True, eq=False)
class AdaptationCurve:
    """Query errors of T tasks after 0 ... S inner steps, and their summary, one number a step.

    errors: (S + 1, T).  diverged: (S + 1, T), True where the error is not finite, or is over ten
    times both the task's error before adaptation and the error of predicting zero.
    """

    errors: np.ndarray
    diverged: np.ndarray

    @property
    def mean(self):
        """(S + 1,), over all tasks, diverged ones too: inf when one of them is not finite."""
        return self.errors.mean(axis=1)

    @property
    def ci95(self):
        """(S + 1,), half the width of the mean's 95 % interval: 1.96 std/√T, std with divisor T; nan beside inf."""
        with np.errstate(invalid="ignore", over="ignore"):
            return 1.96 * self.errors.std(axis=1) / np.sqrt(self.errors.shape[1])

    @property
    def median(self):
        """(S + 1,)"""
        return self.quartiles[1]

    @property
    def quartiles(self):
        """(3, S + 1): the lower quartile, the median, the upper quartile.

        Each is one of the errors (the lower of two in the middle): between a number and the
        infinity of a diverged task nothing could be interpolated.
        """
        return np.quantile(self.errors, [0.25, 0.5, 0.75], axis=1, method="inverted_cdf")

    @property
    def n_diverged(self):
        """(S + 1,), whole numbers."""
        return self.diverged.sum(axis=1)


def evaluate(model, theta, tasks, rng, n_tasks=600, n_support=10, n_query=None, alpha=0.01, steps=10,
             block=100):
    """Adapt θ (P,) to held-out tasks and return the AdaptationCurve.

    tasks: an object with sample(rng, n_tasks, n_support, n_query).  n_query: as many as n_support
    unless given.  alpha, steps: the inner loop at test time; steps = 0 only measures.  The same
    seed gives the same tasks, so that methods are compared on equal terms.  block: so many tasks at a
    time, which bounds the memory and changes no number beyond rounding.  A network with U hidden units
    in all and φ'' = 0 takes about min(T, block) · (2.7 P + 5 K U) numbers of θ's type, Q = K.

    Raises TypeError or ValueError for a wrong argument.
    """
    arguments.generator("rng", rng)
    arguments.methods("tasks", tasks, "sample")
    batch = tasks.sample(rng, n_tasks, n_support, n_support if n_query is None else n_query)
    return evaluate_batch(model, theta, batch, alpha, steps, block)


def evaluate_batch(model, theta, batch, alpha=0.01, steps=10, block=100):
    """The AdaptationCurve of θ (P,) on one's own Batch of tasks.  Raises as `evaluate` does."""
    arguments.methods("model", model, "loss", "gradient")
    theta, support, query = check_meta_arguments(model, theta, batch)
    alpha, steps, _ = check_settings(alpha, steps, n_params=theta.size, fewest=0)
    block = arguments.whole_number("block", block, minimum=1)
    with np.errstate(over="ignore", invalid="ignore"):  # diverged tasks are counted, not warned of
        errors = np.concatenate([_errors(model, theta, *sets, alpha, steps)
                                 for sets in blocks(block, support, query)], axis=1)  # (S + 1, T)
        errors[np.isnan(errors)] = np.inf
        bound = 10 * np.maximum(errors[0], np.square(query[1]).mean(axis=(1, 2)))  # (T,)
    return AdaptationCurve(errors, ~(errors <= bound) | ~np.isfinite(errors))


def _errors(model, theta, support, query, alpha, steps):
    """The query errors of a block of tasks, (S + 1, T)."""
    errors = [pass_at(model, theta, *query).loss()]  # (T,)  [EVAL.1]
    for point, theta_k in inner_steps(model, theta, *support, alpha, steps):
        del point
        errors.append(pass_at(model, theta_k, *query).loss())
    return np.stack(errors).astype(float)
