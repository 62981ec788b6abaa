"""Running a learner's code: rung by rung, and an error in it is a finding, not a crash.

A ladder is a list of rungs, (name, check), where check() returns a CheckReport.  A rung is tried
only where those that it rests on hold: above a broken one nothing could be trusted.
"""

import importlib.machinery
import importlib.util
import os
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..core import arguments
from ..core.batch import ARRAYS, Batch
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
        return None, _finding(error.__cause__ if isinstance(error, ExitError) else error)


def _finding(error):
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


@contextmanager
def imported(path):
    """The file as a module, and a function that runs it; a module like any other, for a while.

    It may be found by its name, and what it imports, now or later, by its folder.  Afterwards the
    path is what it was, and other files' imports of the same names are their own.
    """
    name = path.stem.replace(".", "_")  # a dot would make it a part of a package
    taken = name in sys.modules or name in sys.builtin_module_names  # those are found first
    name = f"checked_{name}" if taken else name
    loader = importlib.machinery.SourceFileLoader(name, os.path.abspath(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    modules, folders = set(sys.modules), list(sys.path)
    sys.modules[name] = module
    sys.path.insert(0, str(path.resolve().parent))

    def run():
        source = path.read_bytes()
        _decoded(source)  # a wrong byte, in a comment too
        code = loader.source_to_code(source, loader.path)  # no older one that Python has kept
        exec(code, vars(module))

    try:
        yield module, run
    finally:
        added = [Path(folder).resolve() for folder in set(sys.path) - set(folders)]
        sys.path[:] = folders
        for other in set(sys.modules) - modules:
            file = getattr(sys.modules[other], "__file__", None)
            if other == name or (file and set(added) & set(Path(file).resolve().parents)):
                del sys.modules[other]


def _decoded(source):
    """A file's text as Python reads it; SyntaxError where it cannot."""
    try:
        return importlib.util.decode_source(source)
    except (SyntaxError, UnicodeDecodeError) as error:
        try:
            source.decode()
        except UnicodeDecodeError as wrong:
            line = source[:wrong.start].count(b"\n") + 1
            raise SyntaxError(f"{error}: line {line} has the byte {source[wrong.start]:#x}; "
                              f"expected a file in UTF-8, or one that says how it is encoded"
                              ) from None
        raise


def frozen(array):
    """A write-protected copy, unless it is so: code that changes an argument is found out."""
    if isinstance(array, np.ndarray) and not array.flags.writeable:
        return array
    copy = np.array(array, subok=True)
    copy.setflags(write=False)
    return copy


def frozen_batch(batch):
    """A write-protected Batch in double precision, of one, of what has its arrays, or of four."""
    if all(hasattr(batch, name) for name in ARRAYS):
        arrays = [getattr(batch, name) for name in ARRAYS]
    elif isinstance(batch, (tuple, list)) and len(batch) == len(ARRAYS):
        arrays = batch
    else:
        raise TypeError(f"batch is of type {type(batch).__name__}; expected a tinymeta.Batch")
    return Batch(*(frozen(_in_double(name, array)) for name, array in zip(ARRAYS, arrays)))


def _in_double(name, array):
    return arguments.real_numbers(name, arguments.numbers(name, array)).astype(float)


def repeated(called, function, *args):
    """What function(*args) returns, if it returns the same once more, and leaves args alone.

    Raises LearnerError if it does not: for whatever draws at random or keeps a state.
    """
    try:
        first, again = (function(*(frozen(a) if isinstance(a, np.ndarray) else a for a in args))
                        for _ in range(2))
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        finding = _finding(error)
        raise LearnerError(f"{called} {finding.what}", finding.cause) from None
    if not _same(first, again):
        raise _not_repeatable(called)
    return first


def same_again(called, function, theta):
    """LearnerError unless function(theta) is the same twice, up to rounding: it may be noisy."""
    first, again = (as_array(function(theta.copy())) for _ in range(2))
    if first.dtype.kind in "fc" and not np.allclose(first, again, 1e-6, 0, equal_nan=True):
        raise _not_repeatable(called)


def _not_repeatable(called):
    return LearnerError(f"{called} gives other numbers when it is called again: does it draw at "
                        f"random, or keep something from call to call?", "not repeatable")


def _same(first, again):
    """Whether two results are the same numbers, part by part."""
    if isinstance(first, (list, tuple)) and type(first) is type(again):
        return len(first) == len(again) and all(map(_same, first, again))
    try:
        return np.array_equal(as_array(first), as_array(again), equal_nan=True)
    except (TypeError, ValueError):  # no numbers: said where they are looked at
        return True


def as_array(value, name="the result"):
    """The value as an array of our own: whatever NumPy takes, or gives its numbers by __dlpack__.

    It is a copy: a learner's code may return one array each time, with other numbers.  Of a masked
    array it has the numbers.
    """
    value = np.ma.getdata(value) if isinstance(value, np.ma.MaskedArray) else value
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value).copy()
    return arguments.as_array(name, value).copy()


def as_numbers(name, value, shape=None):
    """The value that a learner's code returned, as an array.

    Arrays of other libraries are taken, and flat lists of numbers.  Raises LearnerError for what is
    not numbers, and, if a shape is given, for another shape.
    """
    array, reason = None, ""
    try:
        array = as_array(value)
    except (TypeError, ValueError):  # a list of unequal parts
        pass
    except RuntimeError as error:  # a tensor
        reason = f" ({error})"
    if array is None or array.dtype.kind not in "fciub":
        expected = {None: "numbers", (): "one number"}.get(shape, f"an array of shape {shape}")
        what = f"{name} returned {_described(value)}{reason}; expected {expected}"
        raise LearnerError(what + _how_to_join(value), "shape")
    if shape is not None and array.shape != shape:
        expected = shape or "one number"
        raise LearnerError(f"{name} has shape {array.shape}; expected {expected}", "shape")
    return array


def vector(name, value, P="P"):
    """The value as a vector (P,) in double precision; TypeError or ValueError for another thing."""
    array = arguments.floating(name, as_array(arguments.given(name, value), name))
    arguments.shape(name, array, (P,))
    if array.dtype.kind == "c":
        raise TypeError(f"{name} has dtype {array.dtype}; expected real numbers: "
                        f"the check itself goes complex")
    return array.astype(float)


def _how_to_join(value):
    """How parts of several shapes become the flat vector that is asked for."""
    parts = value if isinstance(value, (list, tuple)) else []
    if any(np.ndim(part) for part in parts) and not any(map(callable, parts)):
        return ": np.concatenate([part.ravel() for part in parts])"
    return ""


def _described(value):
    """What was returned in place of numbers, in words."""
    if value is None:
        return "None (is a `return` missing?)"
    if value is Ellipsis:
        return "... (is it still to be written?)"
    if isinstance(value, np.ndarray):
        return f"an array of dtype {value.dtype}"
    if isinstance(value, (list, tuple)):
        parts = [part for part in value[:6] if not isinstance(part, (list, tuple))]
        shapes = ["a function" if callable(part) else str(np.shape(part)) for part in parts]
        of_shapes = f" of shapes {', '.join(shapes)}" if shapes else ""
        return f"a {type(value).__name__} of {len(value)} parts{of_shapes}"
    return f"{type(value).__name__} {value!r}"[:80]
