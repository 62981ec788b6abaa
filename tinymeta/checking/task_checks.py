"""The check of a batch of tasks: a model's results are those of the tasks one by one."""

import numpy as np

from .diagnosis import compare
from .ladder import as_numbers, attempt
from .learner_model import NAMES
from .report import CheckReport, Finding


def check_tasks(learners, theta, batch, directions):
    """The report for θ (P,) and (T, P).  A model of one task at a time is called so from here on.

    learners: a LearnersModel.  directions: of H v, (n, P).
    """
    told = {name: _of_tasks(name, learners, theta, batch, directions) for name in NAMES}
    wrong = [finding for finding in told.values() if isinstance(finding, Finding)]
    if wrong and True not in told.values():
        learners.one_task = True
        note = ("the model knows one task at a time, and is called so here; tinymeta's methods "
                "call a model with all tasks at once")
        return CheckReport("a batch of tasks", True, notes=[note])
    return CheckReport("a batch of tasks", not wrong, findings=wrong[:1])


def _of_tasks(name, learners, theta, batch, directions):
    """True where model.<name> is right for T tasks, None where it fails for one, a Finding."""
    T, x, y, called = len(batch), batch.x_support, batch.y_support, getattr(learners, name)
    each = theta + 0.1 * np.arange(T)[:, np.newaxis]  # (T, P)
    more = [np.resize(directions, (T, theta.size))] if name == "hvp" else []
    for theta, shape in ((theta, "(P,)"), (each, "(T, P)")):
        apart = zip(np.broadcast_to(theta, each.shape), x, y, *more)
        expected, finding = attempt(lambda: np.array([called(*task) for task in apart]))
        if finding:
            return None
        title = f"{name} of {T} tasks, theta {shape},"
        found, finding = attempt(lambda: as_numbers(title, called(theta, x, y, *more)))
        if finding:
            return finding._replace(what=f"{title} fails: {finding.what}")
        if found.shape != expected.shape:
            what = (f"{title} has shape {found.shape}; expected {expected.shape}: sums and "
                    f"means belong to the last axes alone")
            return Finding("", what, "", "axis")
        tolerance = 1e-9 if expected.dtype.itemsize > 4 else 1e-4
        if not compare(found, expected, name, tolerance=tolerance):
            what = (f"{title} differs from the tasks one by one: does a sum, a mean, a "
                    f"transpose or a reshape reach over the first axis?")
            return Finding("", what, "", "axis")
    return True
