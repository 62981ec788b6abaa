"""A check at one point is looked at elsewhere too: what hides there may show.

The point is θ, α and a batch of tasks.  A finding is confirmed at another one; and where nothing is
found, the first two numbers of steps are checked with another θ and α, and with more tasks.
"""

from functools import partial

import numpy as np

from ..core.batch import Batch
from .diagnosis import confirmed
from .ladder import attempt, climb
from .returned import frozen_batch


def climb_elsewhere(title, rung, steps, theta, batch, alpha):
    """The Ladder of rung(S, theta, batch, alpha, excluded) for each S, confirmed elsewhere."""
    fewer = _fewer(batch)

    def at(theta, alpha, S, batch=batch):
        return confirmed(partial(rung, S, theta, batch, alpha),
                         partial(rung, S + 1, theta, fewer, 0.6 * alpha))

    def checked(S):
        report = at(theta, alpha, S)
        if report and S in steps[:2]:
            return _elsewhere(report, at, theta, alpha, batch, S)
        return report

    counts = ", ".join(map(str, steps))
    basis = f"{len(batch)} tasks, {theta.size} coordinates at one θ, S = {counts}"
    return climb(f"{title}, α = {alpha:g}, P = {theta.size}",
                 [(in_steps(S), partial(checked, S)) for S in steps], basis)


def _elsewhere(report, at, theta, alpha, batch, S):
    """The report of S steps; or that of as many elsewhere, where it shows what is wrong.

    A learned rate that starts as α, or as α exp(0), hides at the θ where it starts; a number of
    tasks or of examples that is written into the code, with so many.
    """
    normal = np.random.default_rng(2).standard_normal(theta.size)
    moved = theta + 0.3 * normal * np.where(theta, np.abs(theta), 0.3)
    for words, *point in ((f"another θ and α = {0.6 * alpha:g}", moved, 0.6 * alpha, S, batch),
                          ("one task and one example more", theta, alpha, S, _more(batch))):
        again, failed = attempt(partial(at, *point))
        if not (failed or again) and again.wrong_blocks:
            again.notes.insert(0, f"right with the θ, α = {alpha:g} and tasks given, wrong with "
                                  f"{words}")
            deaf = point[0] is theta and _is_deaf(report, partial(at, theta, alpha, S), batch)
            return report if deaf else again
    return report


def _is_deaf(report, at, batch):
    """Whether the code has tasks of its own, and gives the same with fewer than these, or fails."""
    fewer, failed = attempt(lambda: at(_fewer(batch)))
    if failed or not report.blocks:
        return bool(failed) or not fewer
    return _norms(fewer) == _norms(report)


def _norms(report):
    """Of what was derived, block by block."""
    return [block["norm"] for block in report.blocks]


def _fewer(batch):
    """The batch with one task, one support example and one query example less, where it can be."""
    T, K, Q = (max(1, n - 1) for n in (*batch.x_support.shape[:2], batch.x_query.shape[1]))
    return frozen_batch(Batch(batch.x_support[:T, :K], batch.y_support[:T, :K],
                              batch.x_query[:T, :Q], batch.y_query[:T, :Q]))


def _more(batch):
    """The batch with its first task again, and each set with the first example of the other."""
    tasks = [*range(len(batch)), 0]
    sets = [(batch.x_support, batch.x_query), (batch.y_support, batch.y_query),
            (batch.x_query, batch.x_support), (batch.y_query, batch.y_support)]
    return frozen_batch(Batch(*(np.concatenate([own, other[:, :1]], axis=1)[tasks]
                                for own, other in sets)))


def in_steps(S):
    """How many steps, in words."""
    return "1 step" if S == 1 else f"{S} steps"
