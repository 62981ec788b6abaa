"""Evaluation: how well ω adapts to tasks it has never seen, inner step by inner step.

    [EVAL.1]  e_k = L_𝒬(θ_k),   k = 0 ... S,   for each held-out task, with θ_k adapted on 𝒮

The mean comes with the 95 % interval of the reference code of Finn et al. 2017, 1.96 std/√T.  A
single task whose inner loop diverges (for a quadratic loss: α λ_max(H) > 2) ruins a mean, so the
median, the quartiles and the number of diverged tasks stand beside it, and every task's error is
kept.
"""

from dataclasses import dataclass

import numpy as np

from ..core import arguments
from ..core.batch import check_batch, chunks
from ..core.side_by_side import each
from ..methods.baselines import JointTraining
from ..methods.method import Method


@dataclass(frozen=True, eq=False)
class AdaptationCurve:
    """Query errors of T tasks after 0 ... S inner steps, and their summary, one number a step.

    errors: (S + 1, T), losses or whatever was measured.  diverged: (S + 1, T), True where the
    error is not finite, or, of losses, is over ten times both the task's loss before adaptation
    and the mean square of its targets, which is the squared error of predicting zero.
    """

    errors: np.ndarray
    diverged: np.ndarray

    def __post_init__(self):
        """Lists become arrays; TypeError or ValueError for what is not of so many tasks."""
        errors = arguments.real_numbers("errors", arguments.numbers("errors", self.errors))
        diverged = arguments.numbers("diverged", self.diverged).astype(bool)
        object.__setattr__(self, "errors", errors.astype(float))  # a copy
        object.__setattr__(self, "diverged", diverged)
        arguments.shape("errors", self.errors, ("S + 1", "T"))
        arguments.shape("diverged", self.diverged, self.errors.shape, ", as errors has")

    def __repr__(self):
        steps, T = self.errors.shape
        return f"AdaptationCurve of {T} tasks after 0 to {steps - 1} steps"

    @property
    def mean(self):
        """(S + 1,), over all tasks, diverged ones too: inf when one of them is not finite."""
        return self._scaled(np.mean)

    @property
    def ci95(self):
        """(S + 1,), half the width of the mean's 95 % interval: 1.96 std/√T; nan beside inf, and
        of one task, whose spread is not known."""
        T = self.errors.shape[1]
        half = 1.96 * self._scaled(np.std) / np.sqrt(T)
        return half if T > 1 else np.full_like(half, np.nan)

    def _scaled(self, over_tasks):
        """over_tasks(errors, axis=1), where no sum and no square of finite errors overflows."""
        _, power = np.frexp(np.abs(self.errors).max(axis=1, initial=0.0))  # of 2: exact
        with np.errstate(invalid="ignore", over="ignore", under="ignore"):
            scaled = over_tasks(np.ldexp(self.errors, -power[:, np.newaxis]), axis=1)
            return np.ldexp(scaled, power)

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


def evaluate(method, omega, tasks, rng, n_tasks=600, n_support=10, n_query=None, alpha=None,
             steps=10, metric=None, chunk=100):
    """Adapt ω to held-out tasks and return the AdaptationCurve.

    method: a method, or a model, which is adapted by plain gradient descent of step size alpha
    (0.01 unless given).  omega: one vector (n_params,).  tasks: an object with sample(rng, n_tasks,
    n_support, n_query), whose batch is taken as it is, of whatever sizes.  n_query: as many as
    n_support unless given.  steps: inner steps at test time; 0 only measures.  metric: a function
    of predictions and targets (T, Q, D_out) that returns (T,), in place of the loss.  The same seed
    gives the same tasks, so that methods are compared on equal terms.  chunk: so many tasks at a
    time, which bounds the memory and changes no number beyond rounding.  A network with U hidden
    units in all and φ'' = 0 takes about min(T, chunk) · (2.7 P + 5 K U) numbers of θ's type, Q = K.

    Raises TypeError or ValueError for a wrong argument.
    """
    arguments.generator("rng", rng)
    arguments.methods("tasks", tasks, "sample")
    n_query = n_support if n_query is None else n_query
    sizes = [arguments.whole_number(name, n, minimum=1) for name, n in
             (("n_tasks", n_tasks), ("n_support", n_support), ("n_query", n_query))]
    batch = tasks.sample(rng, *sizes)
    check_batch(batch, f"{type(tasks).__name__}.sample(...)")
    return evaluate_batch(method, omega, batch, alpha, steps, metric, chunk)


def evaluate_batch(method, omega, batch, alpha=None, steps=10, metric=None, chunk=100):
    """The AdaptationCurve of ω on one's own Batch of tasks.  Raises as `evaluate` does."""
    method = _method(method, alpha, "losses" if metric is None else "predictions")
    steps = arguments.whole_number("steps", steps, minimum=0)
    chunk = arguments.whole_number("chunk", chunk, minimum=1)
    if metric is not None:
        arguments.function("metric", metric, "f", "y")
    check_batch(batch)
    if hasattr(method, "check_targets"):
        method.check_targets(batch)
    omega = arguments.floating("omega", omega, finite=False)
    arguments.shape("omega", omega, (arguments.attribute(method, "n_params") or "P",))
    arguments.real_numbers("omega", omega)
    def errors_of(*arrays):
        return _errors(method, omega, arrays, steps, metric)

    some = chunks(batch.arrays(omega), chunk)
    work = method.work(some[0], steps) if isinstance(method, Method) and metric is None else 0
    with np.errstate(over="ignore", invalid="ignore"):  # diverged tasks are counted, not warned of
        errors, finite = np.concatenate(list(each(errors_of, some, work)), axis=2)  # (S + 1, T)
        errors[np.isnan(errors)] = np.inf
        diverged = ~(np.isfinite(errors) & (finite > 0))
        if metric is None:
            scale = np.square(batch.y_query).mean(axis=(1, 2))  # (T,)
            diverged |= errors > 10 * np.maximum(errors[0], scale)
    return AdaptationCurve(errors, diverged)


def _method(method, alpha, needed):
    """The method itself, or plain gradient descent on a model."""
    arguments.methods("method", method)
    is_model = callable(getattr(method, "loss", None)) and callable(getattr(method, "gradient", 0))
    if hasattr(method, "predictions") and not is_model:
        arguments.methods("method", method, needed)
        if alpha is not None:
            raise ValueError(f"alpha is {arguments.shown(alpha)} beside a method; "
                             "expected None: it has its own")
        return method
    arguments.methods("method", method, "loss", "gradient")
    return JointTraining(method, 0.01 if alpha is None else alpha)


def _errors(method, omega, arrays, steps, metric):
    """The query errors of some tasks after 0 ... steps inner steps, and whether f is finite.

    (2, S + 1, T), in double.
    """
    omega, x, y, x_query, y_query = (array.copy() for array in (omega, *arrays))
    if metric is None:
        losses = method.losses(omega, x, y, x_query, y_query, steps)  # [EVAL.1]
        losses = arguments.result(method, "losses", losses, (steps + 1, len(x)))
        losses = arguments.real_numbers("a query loss", losses).astype(float)
        return np.stack([losses, np.isfinite(losses)])
    predictions = method.predictions(omega, x, y, x_query, steps)  # (S + 1, T, Q, D_out)
    predictions = arguments.result(method, "predictions", predictions,
                                   (steps + 1, len(x), y_query.shape[1], "D_out"))
    errors = []
    for f in predictions:
        of_tasks = arguments.numbers("metric(f, y)", metric(f.copy(), y_query.copy()))
        if of_tasks.shape != (len(y_query),):
            raise ValueError(f"metric returned shape {of_tasks.shape}; expected "
                             f"({len(y_query)},), a number for each task")
        errors.append(arguments.real_numbers("metric(f, y)", of_tasks).astype(float))
    return np.stack([errors, np.isfinite(predictions).all(axis=(2, 3))])
