"""Held-out tasks: what trained runs are judged by, the same tasks for every method."""

from dataclasses import replace

import numpy as np

from ..learners.linear import Linear, least_squares, sine_features
from ..training.evaluation import evaluate_batch
from .families import FAMILIES, SIGNED
from .recipes import METHODS
from .settings import build

HELD_OUT = 600  # tasks; also what tells their seed from the training seed


def held_out_tasks(settings, shots, n_tasks=HELD_OUT, seed=None):
    """A Batch of held-out tasks, from another stream than training's.

    The first ones are the same for any n_tasks.  seed: as in the settings unless given.
    """
    rng = np.random.default_rng([settings.seed if seed is None else seed, HELD_OUT])
    return build(settings).tasks.sample(rng, n_tasks, shots, settings.eval_queries or shots)


def method_at_test(settings, alpha=None):
    """The method as it adapts to held-out tasks: each inner step takes the whole support set.

    alpha: as in the settings unless given.
    """
    alpha = settings.alpha if alpha is None else alpha
    return build(replace(settings, inner_batch=None, alpha=alpha)).method


def metric_of(settings):
    """What the tasks are measured by in place of the loss, or None."""
    return FAMILIES[settings.tasks].metric


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
            raise ValueError("the files were trained on different tasks; expected one kind: "
                             "take them separately")
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
    return s.tasks, s.phase, s.grid, s.eval_queries, signs


def least_squares_errors(settings, shots):
    """The errors (T,) of closed-form least squares on (sin x, cos x), on the same tasks."""
    model = Linear(1, 1, features=sine_features, bias=False)
    batch = held_out_tasks(settings, shots)
    theta = least_squares(model, batch.x_support, batch.y_support)  # (T, 2)
    return model.loss(theta, batch.x_query, batch.y_query)
