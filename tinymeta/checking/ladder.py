"""Running a learner's code: rung by rung, and an error in it is a finding, not a crash.

A ladder is a list of (name, check) where check() returns a CheckReport.  It is climbed up to the first
rung that fails: above it nothing could be trusted.
"""

import traceback
import warnings
from pathlib import Path

import numpy as np

from .report import CheckReport, Finding, Ladder
from .diagnosis import Mistake

PACKAGE = Path(__file__).resolve().parent.parent


def climb(title, rungs):
    """Run the checks of rungs, [(name, check)], up to the first that fails; return the Ladder."""
    rungs, done = list(rungs), {}
    for name, check in rungs:
        done[name] = guarded(name, check)
        if not done[name]:
            break
    return Ladder(title, done, [name for name, _ in rungs[len(done):]])


def guarded(title, check):
    """check(), or where it raises an error the report that says so, with the line of the learner's code."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)  # overflow and NaN show in the numbers
            return check()
    except Mistake as mistake:
        return CheckReport(title, False, findings=[mistake.finding])
    except (Exception, SystemExit) as error:  # whatever the learner's code raises, exit() included
        return CheckReport(title, False, findings=[Finding("", *_described(error))])


def _described(error):
    """The sentence, the tag and the cause: what was raised, at the innermost line that is the learner's own."""
    if isinstance(error, NotImplementedError):
        return f"not written yet{f': {error}' if str(error) else ''}", "", "not written"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not _is_library(f.filename)]
    where = f", line {own[-1].lineno}: `{own[-1].line}`" if own and own[-1].line else ""
    if "read-only" in str(error):
        return f"changes an argument in place, so that θ itself would drift{where}", "", "in place"
    return f"{type(error).__name__}: {error}{where}", "", "error"


def _is_library(filename):
    path = Path(filename)
    return PACKAGE in path.resolve().parents or "site-packages" in path.parts or "dist-packages" in path.parts or filename.startswith("<__array")
