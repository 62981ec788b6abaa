"""Running a learner's code: rung by rung, and an error in it is a finding, not a crash.

A ladder is a list of rungs, (name, check), where check() returns a CheckReport.  A rung is tried
only where those that it rests on hold: above a broken one nothing could be trusted.
"""

import traceback
from pathlib import Path

from .numerical import ExitError, quiet
from .report import CheckReport, Finding, Ladder

NOTHING = "nothing"  # what a rung rests on that is always tried
LIBRARIES = [Path(__file__).resolve().parent.parent, Path(traceback.__file__).resolve().parent]


class LearnerError(Exception):
    """An error in a learner's code that shows before any number is compared; .finding says it."""

    def __init__(self, what, cause, tag=""):
        super().__init__(what)
        self.finding = Finding("", what, tag, cause)


def climb(title, rungs, basis=""):
    """Run the checks of rungs, [(name, check, *names of the rungs it rests on)]; return the Ladder.

    A rung is tried where all that it rests on hold; (name, check) rests on all before it.  basis:
    what a PASS rests on, in words.
    """
    rungs, done, untried = list(rungs), {}, []
    for i, (name, check, *rests_on) in enumerate(rungs):
        if not rests_on:
            rests_on = [before for before, *_ in rungs[:i]]
        if rests_on == [NOTHING] or all(done.get(before, False) for before in rests_on):
            report, finding = attempt(check)
            done[name] = CheckReport(name, False, findings=[finding]) if finding else report
        else:
            untried.append(name)
    return Ladder(title, done, untried, basis)


def attempt(function):
    """(function(), None), or (None, a Finding) on the error that it raised."""
    try:
        with quiet():
            return function(), None
    except LearnerError as error:
        return None, error.finding
    except Exception as error:  # whatever the learner's code raises, exit() included
        return None, finding_of(error.__cause__ if isinstance(error, ExitError) else error)


def finding_of(error):
    """What was raised, at the innermost line that is the learner's own."""
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
        error = error.__cause__  # a next() of the learner's own, within a loop of ours
    try:
        said = f": {error}".rstrip(".") if str(error) else ""
    except Exception as wrong:  # an error class of the learner's own
        said = f", whose __str__ raises {type(wrong).__name__}"
    if isinstance(error, NotImplementedError):
        return Finding("", f"not written yet{said}", cause="not written")
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not is_library(frame.filename)]
    where = f", line {own[-1].lineno}: `{own[-1].line}`" if own and own[-1].line else ""
    if "read-only" in said:
        what = "changes an argument in place"
        return Finding("", what + where, cause="in place")
    return Finding("", f"{type(error).__name__}{said}{where}", cause="error")


def is_library(filename):
    """Whether a file belongs to tinymeta, Python or an installed package."""
    path = Path(filename)
    installed = "site-packages" in path.parts or "dist-packages" in path.parts
    ours_or_python_s = any(folder in path.resolve().parents for folder in LIBRARIES)
    return installed or ours_or_python_s or filename.startswith(("<__array", "<frozen"))
