"""The exercises of lesson 9, Which one, when."""

import numpy as np

import tinymeta as tm

from ..checking.diagnosis import compare
from . import exercise


def _summary_rungs(candidate):
    rng = np.random.default_rng(0)
    usual = rng.exponential(size=101)  # an odd number: the median is one of them
    bound = usual + 1.0  # each task has its own
    blown_up, lost = usual.copy(), usual.copy()
    blown_up[[7, np.argmin(usual)]] = 1e6, usual.min() + 1.5  # the second: over its own bound
    lost[[7, 50]] = np.nan, np.inf

    def expected(errors):
        curve = tm.AdaptationCurve(errors[np.newaxis], ~(errors <= bound)[np.newaxis])
        return np.array([curve.mean[0], curve.ci95[0], curve.median[0], curve.n_diverged[0]])

    counted = np.array([expected(np.where(np.isnan(lost), np.inf, lost))[2], 2.0])
    return [("usual tasks",
             lambda: compare(candidate(usual, bound), expected(usual), "no task diverged",
                             "EVAL.1")),
            ("one blown up, one over its own bound",
             lambda: compare(candidate(blown_up, bound), expected(blown_up), "two of 101",
                             "EVAL.1")),
            ("NaN and inf",
             lambda: compare(np.asarray(candidate(lost, bound))[2:], counted,
                             "median and count, with a NaN and an inf among the errors",
                             "EVAL.1"))]


@exercise("EVAL.1", check=_summary_rungs)
def summary(errors, bound):
    """What a table should say about one method.  [EVAL.1]

    errors: (T,), the query error of each test task after adaptation; some may be NaN or inf.
    bound: (T,), the error above which a task counts as diverged; so do NaN and inf.
    Returns an array (4,): the mean, half of its 95 % interval (1.96 std/√T), the median, and the
    number of diverged tasks.  A NaN is an error without end: make it inf first, so that it ends up
    above the median.
    """
    errors = np.where(np.isnan(errors), np.inf, errors)
    # your turn
    with np.errstate(invalid="ignore"):  # inf - inf in the interval
        half = 1.96 * errors.std() / np.sqrt(len(errors))
    diverged = ~(errors <= bound) | ~np.isfinite(errors)
    return np.array([errors.mean(), half, np.median(errors), diverged.sum()])


def _alpha_rungs(candidate):
    model = tm.MLP([1, 20, 1], activation="tanh")
    theta = model.init(np.random.default_rng(0))

    def problem(noise, seed):
        return tm.SinusoidTasks(noise=noise).sample(np.random.default_rng(seed), 61, 4, 30)

    def expected(batch, alphas, steps):
        with np.errstate(all="ignore"):
            adapted = [tm.adapt(model, theta, batch.x_support, batch.y_support, alpha, steps)[-1]
                       for alpha in alphas]
            errors = [model.loss(t, batch.x_query, batch.y_query) for t in adapted]  # each (T,)
        medians = [np.median(np.where(np.isfinite(e), e, np.inf)) for e in errors]
        return alphas[int(np.argmin(medians))]

    def rung(name, batch, alphas, steps):
        return name, lambda: compare(candidate(model, theta, batch, alphas, steps),
                                     expected(batch, alphas, steps), f"{name}: the α chosen",
                                     "INNER.1")

    return [rung("a plain choice", problem(0.0, 1), [0.001, 0.01, 0.1], 50),
            rung("step sizes that diverge", problem(0.0, 2), [50.0, 0.05, 5.0], 200),
            rung("noisy support points", problem(2.0, 3), [0.001, 0.01, 0.1, 0.2], 50),
            rung("the error at the end, not the smallest on the way", problem(1.0, 4),
                 [0.01, 0.03, 0.1, 0.2], 50)]


@exercise("INNER.1", check=_alpha_rungs)
def choose_alpha(model, theta, validation, alphas, steps):
    """The inner step size for `theta`, chosen on validation tasks.  [INNER.1]

    theta: (P,).  validation: a Batch of tasks that are neither training nor test tasks.  alphas: a
    list of candidates.  steps: how many inner steps will be taken at test time.
    Returns the candidate with the smallest median query error after that many steps.
    """
    # your turn
    curves = [tm.evaluate_batch(model, theta, validation, alpha, steps) for alpha in alphas]
    medians = [curve.median[-1] for curve in curves]
    return alphas[int(np.argmin(medians))]


def _meta_gradient(change):
    """A meta-gradient function that differs from MAML's by None, "start", "query" or "order"."""
    def meta_gradient(model, theta, batch, alpha, steps):
        support, query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
        trajectory = tm.adapt(model, theta, *support, alpha, steps)  # (S + 1, T, P)
        v = model.gradient(trajectory[-1], *query)  # (T, P)
        order = range(steps) if change == "order" else reversed(range(steps))
        for k in order:
            at = theta if change == "start" else trajectory[k]
            v = v - alpha * model.hvp(at, *(query if change == "query" else support), v)  # (T, P)
        return v.mean(axis=0)

    return meta_gradient


SUSPECTS = [_meta_gradient(None), _meta_gradient("start"),
            lambda *args: _meta_gradient(None)(*args) + 0.0]


def _verdict_rungs(candidate):
    model = tm.MLP([1, 6, 6, 1], activation="tanh")
    theta = model.init(np.random.default_rng(0))
    batch = tm.SinusoidTasks().sample(np.random.default_rng(1), 3, 5, 5)
    right, start, query, order = map(_meta_gradient, (None, "start", "query", "order"))

    def rung(name, functions, expected):
        return name, lambda: compare(candidate(functions, model, theta, batch), np.array(expected),
                                     f"{name}: 1 for right, 0 for wrong", "MAML.2")

    return [rung("the three of the lesson", SUSPECTS, [1.0, 0.0, 1.0]),
            rung("others, in another order", [right, right, query], [1.0, 1.0, 0.0]),
            rung("two wrong ones", [order, right, start], [0.0, 1.0, 0.0])]


@exercise("MAML.2", check=_verdict_rungs)
def verdicts(functions, model, theta, batch):
    """Which of these are MAML's meta-gradient?  [MAML.2]

    functions: a list; each is called as f(model, theta, batch, alpha, steps) and returns (P,).
    model: right.  theta: (P,).  batch: a few tasks.
    Returns an array, one number a function: 1.0 if it is right, 0.0 if it is wrong.
    """
    # your turn
    reports = [tm.check_meta_gradient(lambda *args: f(model, *args), model, theta, batch)
               for f in functions]
    return np.array([float(report.passed) for report in reports])
