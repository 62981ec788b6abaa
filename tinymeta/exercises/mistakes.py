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
        numbers = as_numbers("the result", found)
        for wrong, sentence in mistakes():
            if same(numbers, wrong):
                raise LearnerError(sentence, "known", tag)
    return report


def same(a, b, tolerance=1e-6):
    """Have two arrays one shape and equal numbers, up to rounding relative to their length?"""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    if np.isfinite(a).all() and np.isfinite(b).all():
        return np.linalg.norm(a - b) <= tolerance * np.linalg.norm(b)
    return np.array_equal(a, b, equal_nan=True)
