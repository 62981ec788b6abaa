"""What a learner's functions are given and return: write-protected arguments, checked numbers."""

import numpy as np

from ..core import arguments
from ..core.batch import ARRAYS, Batch
from .ladder import LearnerError, attempt, finding_of


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
        several = isinstance(batch, (tuple, list))
        found = f"{type(batch).__name__}, {len(batch)} entries" if several else type(batch).__name__
        raise TypeError(f"batch is of type {found}; expected a tinymeta.Batch, or "
                        f"{', '.join(ARRAYS)}")
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
        finding = finding_of(error)
        raise LearnerError(f"{called} {finding.what}", finding.cause) from None
    if not _same(first, again):
        raise _not_repeatable(called)
    return first


def stands_alone(called, found, function, theta, *more, beside):
    """LearnerError unless function(theta, *more) is `found` after another one was called elsewhere.

    beside: (name, function of θ).  What a forward pass has kept may be of another θ.
    """
    name, other = beside
    attempt(lambda: other(theta + 0.5))
    if not _same(found, function(theta.copy(), *more)):
        raise LearnerError(f"{called} gives other numbers after {name} was called at another θ: it "
                           f"uses what {name} has kept; expected it to compute all from its own "
                           f"arguments", "not repeatable")


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
    array it has the numbers; truth values are 0 and 1, which can be subtracted.
    """
    value = np.ma.getdata(value) if isinstance(value, np.ma.MaskedArray) else value
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value).copy()
    array = arguments.as_array(name, value)
    return array.astype(float) if array.dtype == bool else array.copy()


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
