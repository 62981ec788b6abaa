"""Held-out tasks: what trained runs are judged by, the same tasks for every method."""

from dataclasses import replace

import numpy as np

from ..learners.linear import Linear, least_squares, sine_features
from ..core.classification import accuracy
from ..training.evaluation import evaluate_batch
from .families import FAMILIES, SIGNED
from .measured import REGRESSION, check_lengths, n_missing
from .recipes import METHODS
from .settings import build

HELD_OUT = 600  # tasks; also what tells their seed from the training seed


def held_out_tasks(settings, shots, n_tasks=HELD_OUT, seed=None):
    """A Batch of held-out tasks, from another stream than training's.

    The first ones are the same for any n_tasks.  seed: as in the settings unless given.
    """
    rng = np.random.default_rng([settings.seed if seed is None else seed, HELD_OUT])
    tasks = tasks_at_test(settings)
    queries = settings.eval_queries or shots
    if settings.tasks == "measured":
        check_lengths(settings, tasks, shots + queries, "--shots")
    return tasks.sample(rng, n_tasks, shots, queries)


def tasks_at_test(settings):
    """The family that held-out tasks are drawn from: training's, or the curves held out."""
    family = FAMILIES[settings.tasks]
    return family.held_out(settings) if family.held_out else build(settings).tasks


def method_at_test(settings, alpha=None):
    """The method as it adapts to held-out tasks: each inner step takes the whole support set.

    alpha: as in the settings unless given.
    """
    alpha = settings.alpha if alpha is None else alpha
    return build(replace(settings, inner_batch=None, alpha=alpha)).method


def metric_of(settings):
    """What the tasks are measured by in place of the loss, or None."""
    if settings.tasks != "measured":
        return FAMILIES[settings.tasks].metric
    return tasks_at_test(settings).squared_error if settings.loss in REGRESSION else accuracy


def measured(settings):
    """What tables and figures hold, in words."""
    metric = metric_of(settings)
    if metric in (None, accuracy):
        return "accuracy" if metric else "mean squared error"
    return f"mean squared error of {tasks_at_test(settings).columns[-1]}"


def remark(settings):
    """What has to be said of the held-out tasks, or nothing."""
    if settings.tasks != "measured":
        return ""
    names = tasks_at_test(settings).names
    shown = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
    which = "held out" if settings.held_out else f"in {settings.file}"
    several = "s" * (len(names) > 1)
    words = (f"\nAll are drawn from the {len(names)} curve{several} {which} ({shown}): "
             f"the interval is over draws\nof points, not over curves.")
    if not settings.held_out:
        words += ("  It is another file than that of the training:\n"
                  "see that none of these curves is there.")
    if n := n_missing(settings):
        words += f"\n{n} row{'s' * (n > 1)} without a number in the file are no points."
    return words


def evaluate_runs(runs, shots, alpha=None, steps=None, seed=None, n_tasks=HELD_OUT):
    """name -> AdaptationCurve of name -> Run, all on the tasks of the first one's seed.

    alpha, steps, seed: as in the runs unless given.  Raises ValueError for runs whose tasks
    differ, and as `evaluate_batch` does.
    """
    first, curves = next(iter(runs.values())).settings, {}
    seed = first.seed if seed is None else seed
    for name, run in runs.items():
        s = run.settings
        if _tasks(s) != _tasks(first):
            raise ValueError(f"{name} was trained on different tasks than {next(iter(runs))}; "
                             f"expected one kind: take them separately")
        last = s.eval_steps if steps is None else steps
        if METHODS[s.method].reads_shots:
            last = min(last, shots)
        curves[name] = evaluate_batch(method_at_test(s, alpha), run.checkpoint.theta,
                                      held_out_tasks(s, shots, n_tasks, seed), steps=last,
                                      metric=metric_of(s))
    return curves


def _tasks(s):
    """What of the settings decides which tasks are drawn, but for their seed and number."""
    signs = s.loss in SIGNED
    curves = (s.content, s.columns, s.held_out, s.scales) if s.content else ()
    return s.tasks, s.phase, s.grid, s.eval_queries, signs, curves


def least_squares_errors(settings, shots):
    """The errors (T,) of closed-form least squares on (sin x, cos x), on the same tasks."""
    model = Linear(1, 1, features=sine_features, bias=False)
    batch = held_out_tasks(replace(settings, method="maml"), shots)  # x alone, whatever the method
    theta = least_squares(model, batch.x_support, batch.y_support)  # (T, 2)
    return model.loss(theta, batch.x_query, batch.y_query)
