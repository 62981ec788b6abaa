"""Running a learner's code: rung by rung, and an error in it is a finding, not a crash.

A ladder is a list of (name, check) where check() returns a CheckReport.  It is climbed up to the
first rung that fails: above it nothing could be trusted.
"""

import traceback
from pathlib import Path

import numpy as np

from ..core.tasks import Batch
from .numerical import quiet
from .report import CheckReport, Finding, Ladder

LIBRARIES = [Path(__file__).resolve().parent.parent, Path(traceback.__file__).resolve().parent]


class LearnerError(Exception):
    """An error in a learner's code that shows before any number is compared; .finding says it."""

    def __init__(self, what, cause, tag=""):
        super().__init__(what)
        self.finding = Finding("", what, tag, cause)


def climb(title, rungs):
    """Run the checks of rungs, [(name, check)], up to the first that fails; return the Ladder."""
    rungs, done = list(rungs), {}
    for name, check in rungs:
        report, finding = attempt(check)
        done[name] = CheckReport(name, False, findings=[finding]) if finding else report
        if not done[name]:
            break
    return Ladder(title, done, [name for name, _ in rungs[len(done):]])


def attempt(function):
    """(function(), None), or (None, a Finding) on the error that it raised."""
    try:
        with quiet():
            return function(), None
    except LearnerError as error:
        return None, error.finding
    except (Exception, SystemExit) as error:  # whatever the learner's code raises, exit() included
        return None, _finding(error)


def _finding(error):
    """What was raised, at the innermost line that is the learner's own."""
    if isinstance(error, NotImplementedError):
        reason = f": {error}" if str(error) else ""
        return Finding("", f"not written yet{reason}", cause="not written")
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not _is_library(frame.filename)]
    where = f", line {own[-1].lineno}: `{own[-1].line}`" if own and own[-1].line else ""
    if "read-only" in str(error):
        what = "changes an argument in place, so that θ itself would drift"
        return Finding("", what + where, cause="in place")
    return Finding("", f"{type(error).__name__}: {error}{where}", cause="error")


def _is_library(filename):
    path = Path(filename)
    installed = "site-packages" in path.parts or "dist-packages" in path.parts
    ours_or_python_s = any(folder in path.resolve().parents for folder in LIBRARIES)
    return installed or ours_or_python_s or filename.startswith("<__array")


def frozen(array):
    """A write-protected copy: code that changes an argument in place is found out."""
    copy = np.array(array)
    copy.setflags(write=False)
    return copy


def frozen_batch(batch):
    """A write-protected copy of a Batch, in double precision; TypeError for anything else."""
    if not isinstance(batch, Batch):
        raise TypeError(f"batch is of type {type(batch).__name__}; expected a tinymeta.Batch")
    sets = (batch.x_support, batch.y_support, batch.x_query, batch.y_query)
    return Batch(*(frozen(np.asarray(a, dtype=float)) for a in sets))


def as_numbers(name, value, shape=None):
    """The value that a learner's code returned, as an array.

    Raises LearnerError for what is not numbers, and, if a shape is given, for another shape.
    """
    try:
        array = np.asarray(value)
    except ValueError:  # a list of unequal parts
        array = None
    listed = shape and not isinstance(value, np.ndarray)  # a list of P numbers is no vector
    if array is None or array.dtype.kind not in "fciu" or listed:
        expected = {None: "numbers", (): "one number"}.get(shape, f"an array of shape {shape}")
        raise LearnerError(f"{name} returned {_described(value)}; expected {expected}", "shape")
    if shape is not None and array.shape != shape:
        expected = shape or "one number"
        raise LearnerError(f"{name} has shape {array.shape}; expected {expected}", "shape")
    return array


def _described(value):
    """What was returned in place of numbers, in words."""
    if value is None:
        return "None (is a `return` missing?)"
    if isinstance(value, np.ndarray):
        return f"an array of dtype {value.dtype}"
    if isinstance(value, (list, tuple)):
        parts = [part for part in value[:6] if not isinstance(part, (list, tuple))]
        shapes = ", ".join(str(np.shape(part)) for part in parts)
        of_shapes = f" of shapes {shapes}" if shapes else ""
        return f"a {type(value).__name__} of {len(value)} parts{of_shapes}"
    return f"{type(value).__name__} {value!r}"[:80]
