"""What an exercise says of a wrong answer: its own mistakes first, then the general patterns.

A wave in place of a mean of waves, say, is also a constant multiple of it; an exercise that knows
this mistake names it, where the general patterns would find a factor.
"""

from dataclasses import replace

import numpy as np

from ..checking.diagnosis import Hints, compare
from ..checking.ladder import LearnerError
from ..checking.patterns import same


def judge(found, expected, title, tag, mistakes=list, tolerance=1e-10, sizes=None):
    """compare(), but the mistakes of this exercise are tried before the general patterns.

    mistakes: () -> [(vector, sentence)], what each mistake would have given.
    """
    report = compare(found, expected, title, tag, tolerance,
                     Hints(sizes=sizes or {}, tags={"": tag}))
    return report if report else explained(report, found, mistakes, tag)


def explained(report, found, mistakes, tag):
    """A report that failed, with the exercise's own words where one of its mistakes fits."""
    finding = report.findings[0]
    if finding.cause == "precision":
        what = finding.what.split(":")[0] + ": finite differences, or single precision?"
        return replace(report, findings=[finding._replace(what=what)])
    found = np.asarray(found)
    if not np.isfinite(found).all():  # infinity is within a millionth of its own norm of anything
        return report
    for vector, what in mistakes():
        if found.shape == np.shape(vector) and _equal(found, np.asarray(vector)):
            return replace(report, findings=[finding._replace(what=what, tag=tag, cause="known")])
    return report


def _equal(found, vector):
    """Equal to a millionth of the norm, or both nothing but rounding."""
    return same(found, vector) or max(np.abs(found).max(), np.abs(vector).max()) < 1e-12


def rounded(number):
    """The mistakes of a number that was rounded, up or down."""
    what = "right but for the rounding, which is not asked for"
    return [(np.ceil(number), what), (np.floor(number), what)]


def returning(candidate):
    """The candidate, which must return something."""
    def called(*args, **kwargs):
        result = candidate(*args, **kwargs)
        if result is None:
            raise LearnerError("the function returned None: is a `return` missing?", "shape")
        return result

    return called
