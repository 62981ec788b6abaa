"""The exercises of lesson 9, A fair comparison, and of the notebook Break it."""

import numpy as np

import tinymeta as tm

from ..checking.ladder import LearnerError
from ..checking.report import CheckReport
from ..checking.returned import as_numbers
from . import exercise
from .feedback import judge


class _Counted:
    """A model that counts the points of the gradients, n_g, and of the products Hv, n_H."""

    def __init__(self, model):
        self.model, self.n_params, self.loss = model, model.n_params, model.loss
        self.n_g = self.n_H = 0

    def gradient(self, theta, x, y):
        """The model's; counts T K points."""
        self.n_g += x.shape[0] * x.shape[1]
        return self.model.gradient(theta, x, y)

    def hvp(self, theta, x, y, v):
        """The model's; counts T K points."""
        self.n_H += x.shape[0] * x.shape[1]
        return self.model.hvp(theta, x, y, v)


def _work_rungs(candidate):
    def counted(make, n_support, Q):
        model = _Counted(tm.MLP([1, 3, 1], activation="tanh"))
        batch = tm.SinusoidTasks().sample(np.random.default_rng(0), 1, n_support, Q)
        make(model).meta_gradient(np.full(model.n_params, 0.1), batch)
        return float(model.n_g + 2 * model.n_H)

    def rung(title, K, Q, S, B):
        expected = np.array([
            counted(lambda m: tm.MAML(m, 0.01, S), K, Q),
            counted(lambda m: tm.MAML(m, 0.01, S, first_order=True), K, Q),
            counted(lambda m: tm.Reptile(m, 0.01, S, B), S * B, Q)])
        first, reptile = S * K + Q, S * B

        def mistakes():
            return [(np.array([wrong, first, reptile], float), what) for wrong, what in (
                        (first + S * K, "a product Hv counted as one gradient; it is worth two"),
                        (first + 2 * K, "one product Hv only: each of the S steps has one"),
                        (first + 2 * S * Q, "the products Hv counted on the query points; H is "
                                            "the support loss's"),
                        (first + 2 * (S * K + Q), "no product Hv on the query points: v_S is a "
                                                  "gradient"))] + [
                    (np.array([3 * S * K, S * K, reptile], float),
                     "the query gradient is missing: it is taken at Q points, once"),
                    (expected + [0, 0, Q], "Reptile has no query gradient"),
                    (np.array([expected[0], first, B], float), "Reptile takes S steps, each on B "
                                                               "points")]

        return title, lambda: judge(np.array(candidate(K, Q, S, B), float), expected, title,
                                     "BUDGET.1", mistakes)

    return [rung("one step", 10, 10, 1, 10), rung("five steps", 10, 15, 5, 20),
            rung("other sizes", 3, 7, 4, 2)]


@exercise("BUDGET.1", check=_work_rungs, hints=[
    "Walk through one inner step of each method, then the query set. Which of them needs "
    "a Hessian, and on which points?",
    "$S$ gradients on $K$ points, one on $Q$, and for exact MAML $S$ products on $K$ "
    "points, each worth two. Reptile: $S$ gradients on $B$ points."])
def work_per_task(K, Q, S, B):
    """The work W of one meta-gradient for one task: MAML, first-order MAML, Reptile.  [BUDGET.1]

    K, Q: support and query points.  S: inner steps, of all three.  B: the points of each of
    Reptile's minibatches.  Returns three numbers.
    """
    # your turn
    first_order = S * K + Q  # S gradients on the support set, one on the query set
    return first_order + 2 * S * K, first_order, S * B  # each step of MAML has its product Hv


def _pairing_rungs(candidate):
    def rung(title, shared, spread):
        rng = np.random.default_rng(0)
        common, a, b = rng.standard_normal((3, 400))
        a, b = shared * common + a, spread * (shared * common + b)
        r = np.corrcoef(a, b)[0, 1]
        expected = (a - b).std() / np.hypot(a.std(), b.std())

        def mistakes():
            s_a, s_b = a.std(), b.std()
            total = s_a**2 + s_b**2
            return [(expected**2, "that is the ratio of the variances: the root is missing"),
                    (np.sqrt(1 + 2 * r * s_a * s_b / total), "the sign: var(a + b) has the plus"),
                    (np.sqrt(1 - r * s_a * s_b / total), "the covariance stands there twice: "
                                                         "(a - b)² has the middle term -2 a b"),
                    (np.sqrt(1 - r), "right where both deviations are equal, only there"),
                    (np.sqrt(1 - r**2), "1 - r² is what a regression leaves, not a difference"),
                    (np.sqrt(total - 2 * r * s_a * s_b), "that is the deviation of a - b; divide "
                                                         "by that of independent samples")]

        return title, lambda: judge(candidate(a.std(), b.std(), r), expected, title, "EVAL.1",
                                     mistakes, 1e-9)

    return [rung("unrelated errors", 0.0, 1.0), rung("related errors, equal spread", 1.5, 1.0),
            rung("related errors, unequal spread", 1.5, 3.0)]


@exercise("EVAL.1", check=_pairing_rungs, hints=[
    "$\\mathrm{var}(a - b) = s_a^2 + s_b^2 - 2\\,\\mathrm{cov}(a, b)$, and the covariance"
    " is $r\\, s_a s_b$. What is it for independent tasks?",
    "Divide the two variances, and take the root: a width is a standard deviation."])
def pairing(s_a, s_b, r):
    """How much narrower the interval of a mean difference is on the same tasks.  [EVAL.1]

    s_a, s_b: standard deviations of two methods' errors.  r: their correlation over the tasks.
    Returns the ratio of the interval's width on the same tasks to that on independent ones.
    """
    # your turn
    independent = s_a**2 + s_b**2  # the variance of a - b without covariance
    return np.sqrt(1 - 2 * r * s_a * s_b / independent)


def _summary_rungs(candidate):
    rng = np.random.default_rng(0)
    usual = rng.exponential(size=101)  # an odd number: the median is one of them
    bound = usual + 1.0  # each task has its own
    blown_up, lost = usual.copy(), usual.copy()
    blown_up[[7, np.argmin(usual)]] = 1e6, usual.min() + 1.5  # the second: over its own bound
    lost[[7, 50]] = np.nan, np.inf

    def row(errors, over=None):
        """mean, half interval, median and count; `over`: the errors that all but the count see."""
        with np.errstate(invalid="ignore"):
            curve = tm.AdaptationCurve(errors[np.newaxis], ~(errors <= bound)[np.newaxis])
            over = errors if over is None else over
            interval = 1.96 * over.std() / np.sqrt(len(over))
        return np.array([over.mean(), interval, np.median(over), curve.n_diverged[0]])

    def mistakes(errors):
        kept, right = errors[errors <= bound], row(errors)
        return [(row(errors, kept), "tasks were dropped: mean, interval and median are those of "
                                    "the tasks that did not diverge"),
                (np.append(row(errors, kept)[:2], right[2:]), "tasks were dropped: mean and "
                 "interval are those of the tasks that did not diverge"),
                (right * [1, np.sqrt(len(errors)), 1, 1], "the interval of a mean: divide the "
                                                          "deviation by √T"),
                (right * [1, 2, 1, 1], "half of the interval is asked for, 1.96 std/√T"),
                (right * [1, np.sqrt(101 / 100), 1, 1], "std with T - 1; the text divides by T")]

    def rung(title, errors):
        def check():
            found = as_numbers("the result", candidate(errors, bound), (4,))
            expected = row(np.where(np.isnan(errors), np.inf, errors))
            if np.isfinite(expected).all():
                return judge(found, expected, title, "EVAL.1", lambda: mistakes(errors))
            what = ""
            if np.isnan(found[0]):
                what = "the mean is NaN; expected inf: make NaN inf first"
            elif np.isfinite(found[:2]).any():
                what = (f"mean and interval are {found[0]:.3g} ± {found[1]:.3g} although an error "
                        f"is infinite: tasks were dropped, and a method is the better, the more "
                        f"tasks it loses")
            elif np.isnan(found[2]):
                what = "the median is NaN, as NumPy's is with any NaN: make it inf first"
            if what:
                raise LearnerError(what, "known", "EVAL.1")
            lost_nan = expected[3] - np.isnan(errors).sum()
            dropped = [np.median(errors[keep]) for keep in (np.isfinite(errors), errors == errors)]
            return judge(found[2:], expected[2:], title, "EVAL.1", lambda: [
                (np.array([expected[2], lost_nan]), "the count misses NaN: NaN > bound is false; "
                                                    "count what is not below the bound"),
                *[([median, expected[3]], "tasks were dropped: the median is not that of all")
                  for median in dropped]])

        return title, check

    return [rung("usual tasks", usual), rung("one blown up, one over its own bound", blown_up),
            rung("NaN and inf", lost)]


@exercise("EVAL.1", check=_summary_rungs, hints=[
    "A NaN is an error without end. What must become of it so that mean, median and count"
    " are right by themselves? And which comparison is true for it?",
    "Make NaN `inf` first, with `np.where`. Count what is *not* `errors <= bound`, or not"
    " finite. No task may be dropped."])
def summary(errors, bound):
    """What a table should say about one method.  [EVAL.1]

    errors: (T,), the query error of each test task after adaptation; some may be NaN or inf.
    bound: (T,), the error above which a task counts as diverged; so do NaN and inf.
    Returns an array (4,): the mean, half of its 95 % interval (1.96 std/√T), the median, and the
    number of diverged tasks, all of them over ALL tasks.
    """
    # your turn
    errors = np.where(np.isnan(errors), np.inf, errors)  # without end: above the median, not NaN
    with np.errstate(invalid="ignore"):  # inf - inf in the interval
        half = 1.96 * errors.std() / np.sqrt(len(errors))
    diverged = ~(errors <= bound) | ~np.isfinite(errors)
    return np.array([errors.mean(), half, np.median(errors), diverged.sum()])


def _alpha_rungs(candidate):
    model = tm.MLP([1, 20, 1], activation="tanh")
    theta = model.init(np.random.default_rng(0))
    theta.flags.writeable = False

    def medians(batch, alphas, steps, on="query", when=-1):
        """The median error of each α, after all steps or (when=None) at its smallest."""
        x, y = ((batch.x_query, batch.y_query) if on == "query"
                else (batch.x_support, batch.y_support))
        found = []
        with np.errstate(all="ignore"):
            for alpha in alphas:
                path = tm.adapt(model, theta, batch.x_support, batch.y_support, alpha, steps)
                errors = np.array([model.loss(t, x, y) for t in path[1:]])  # (steps, T)
                errors = np.where(np.isfinite(errors), errors, np.inf)
                middle = np.median(errors, axis=1)
                found.append(middle[-1] if when else middle.min())
        return found

    def rung(name, noise, seed, alphas, steps):
        def check():
            tasks = tm.SinusoidTasks(noise=noise)
            batch = tasks.sample(np.random.default_rng(seed), 61, 4, 30)
            place = int(np.argmin(medians(batch, alphas, steps)))
            found = as_numbers("the choice", candidate(model, theta, batch, alphas, steps), ())

            def chosen(value):
                return np.isclose(float(found), value, rtol=1e-9, atol=0)

            if chosen(alphas[place]):
                return CheckReport(name, True)
            values, finding = medians(batch, alphas, steps), ""
            if not any(map(chosen, alphas)):
                finding = f"{float(found):g} is none of the candidates {alphas}"
                if float(found) == place:
                    finding += ": the index, not the α"
            else:
                lost = next(i for i, alpha in enumerate(alphas) if chosen(alpha))
                finding = (f"α = {float(found):g} has the median query error {values[lost]:.2g}, "
                           f"α = {alphas[place]:g} has {values[place]:.2g}")
                on_the_way = medians(batch, alphas, steps, when=None)
                if not np.isfinite(values[lost]):
                    finding += ": a NaN won, as np.argmin lets it"
                elif lost == int(np.argmin(medians(batch, alphas, steps, "support"))):
                    finding += ": chosen by the support error?"
                elif lost == int(np.argmin(on_the_way)):
                    finding += ": chosen by the smallest error on the way?"
            raise LearnerError(finding, "known", "INNER.1")

        return name, check

    return [rung("a plain choice", 0.0, 1, [0.001, 0.01, 0.1], 50),
            rung("step sizes that diverge", 0.0, 2, [50.0, 0.05, 5.0], 200),
            rung("noisy support points", 2.0, 3, [0.001, 0.01, 0.1, 0.2], 50),
            rung("the error at the end, not the smallest on the way", 1.0, 4,
                 [0.01, 0.03, 0.1, 0.2], 50)]


@exercise("INNER.1", check=_alpha_rungs, hints=[
    "`tm.evaluate_batch` gives query errors after every number of steps, and its median "
    "counts NaN as infinite.",
    "For each α the last entry of `tm.evaluate_batch(model, theta, validation, alpha, "
    "steps).median`; return the α at the smallest, not its place."])
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
    theta.flags.writeable = False
    batch = tm.SinusoidTasks().sample(np.random.default_rng(1), 3, 5, 5)
    right, start, query, order = map(_meta_gradient, (None, "start", "query", "order"))

    def rung(name, functions, expected):
        def check():
            found = candidate(functions, model, theta, batch)
            if isinstance(found, (list, tuple)):
                found = np.array(found)
            found = np.asarray(found, float) if np.asarray(found).dtype == bool else found
            found = as_numbers("the verdicts", found, (len(functions),))
            if np.array_equal(found, expected):
                return CheckReport(name, True)
            what = f"verdicts {found.tolist()}; expected {expected}"
            if found.all():
                what += ": all pass.  With one inner step the wrong ones of this kind do: check " \
                        "with two or more"
            elif np.array_equal(1 - found, expected):
                what += ": 1 is for right, 0 for wrong"
            raise LearnerError(what, "known", "MAML.2")

        return name, check

    return [rung("the three of the lesson", SUSPECTS, [1.0, 0.0, 1.0]),
            rung("others, in another order", [right, right, query], [1.0, 1.0, 0.0]),
            rung("two wrong ones", [order, right, start], [0.0, 1.0, 0.0])]


@exercise("MAML.2", check=_verdict_rungs, hints=[
    "You have a check for a function `f(theta, batch, alpha, steps)`. These take the "
    "model first.",
    "`tm.check_meta_gradient(lambda *args: f(model, *args), model, theta, batch)` is true"
    " if it is right. It tries 1, 2 and 5 steps."])
def verdicts(functions, model, theta, batch):
    """Which of these are MAML's meta-gradient?  [MAML.2]

    functions: a list; each is called as f(model, theta, batch, alpha, steps) and returns (P,).
    model: right.  theta: (P,).  batch: a few tasks.
    Returns one number for each function: 1.0 if it is right, 0.0 if it is wrong.
    """
    # your turn
    reports = [tm.check_meta_gradient(lambda *args: f(model, *args), model, theta, batch)
               for f in functions]
    return np.array([float(report.passed) for report in reports])
