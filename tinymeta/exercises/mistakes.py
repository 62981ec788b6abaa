"""Naming a learner's mistake: the numbers that it gives, beside what to say of it."""

import numpy as np

from ..checking.diagnosis import compare
from ..checking.ladder import LearnerError, as_numbers


def judged(found, expected, title, tag, mistakes, tolerance=1e-10):
    """A CheckReport, as compare() makes it; a mistake whose numbers these are is named.

    found: what the learner's code returned.  mistakes: () -> [(numbers, sentence)], called only
    where found is wrong.  Raises LearnerError with the sentence of the first that fits.
    """
    report = compare(found, expected, title, tag, tolerance)
    if not report:
        numbers, finest = as_numbers("the result", found), max(1e-7, 10 * tolerance)
        for wrong, sentence in mistakes():
            if np.shape(wrong) == numbers.shape and _same(numbers, np.asarray(wrong), finest):
                raise LearnerError(sentence, "known", tag)
    return report


def _same(a, b, tolerance):
    """Are two arrays of one shape equal, up to rounding relative to their length?"""
    if np.isfinite(a).all() and np.isfinite(b).all():
        return np.linalg.norm(a - b) <= tolerance * np.linalg.norm(b)
    return np.array_equal(a, b, equal_nan=True)
