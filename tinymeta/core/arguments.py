"""Arguments: a wrong one gets an error that names it, what was found and what was expected.

Shape mistakes are the field's most expensive bug: NumPy broadcasts an (H, 1) array onto an
(H, H) one without a word.  So public functions look at their arguments before they compute.
"""

import inspect
import operator
import os
import sys

import numpy as np
from numpy.ma import MaskedArray


LONGEST = 300  # characters of a value in an error


def shown(value):
    """A value as an error shows it: a long array, list or whole number in words, long text cut."""
    if isinstance(value, np.ndarray) and value.size > 6:
        return f"an array of shape {value.shape}"
    if isinstance(value, (list, tuple, dict)) and len(value) > 20:
        return f"a {type(value).__name__} of {len(value)} entries"
    if isinstance(value, int) and value.bit_length() >= 200:
        return f"a number of {value.bit_length()} bits"
    try:
        text = repr(value)
    except ValueError:  # one within it
        return f"a {type(value).__name__} with a number of thousands of digits"
    except RecursionError:
        return f"a {type(value).__name__} that is nested too deeply"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def whole_number(name, value, minimum, most=sys.maxsize):
    """`value` as an int; TypeError or ValueError unless it is a whole number >= `minimum`.

    most: also the largest magnitude, what an index holds unless told otherwise.
    """
    expected = f"expected a whole number of at least {minimum}"
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {shown(value)}; {expected}") from None
    if abs(number) > most:
        raise ValueError(f"{name} is {shown(number)}; {expected} and at most {most}")
    if number < minimum:
        raise ValueError(f"{name} is {number}; {expected}")
    return number


def size(name, value):
    """`value` as an int of at least 1."""
    return whole_number(name, value, minimum=1)


def seed_number(name, value):
    """`value` as an int of at least 0, however large."""
    return whole_number(name, value, minimum=0, most=np.inf)


def flag(name, value):
    """`value` as a bool; TypeError for anything else, such as the text "no"."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {shown(value)}; expected True or False")
    return bool(value)


def number(name, value, above=None, at_least=None, below=None):
    """`value` as a float; an error unless it is one finite real number within the bounds given."""
    words = (("above", above), ("of at least", at_least), ("below", below))
    bounds = " and ".join(f"{word} {bound:g}" for word, bound in words if bound is not None)
    expected = f"expected one finite number {bounds}".rstrip()
    found = as_array(name, value)
    if found.ndim != 0 or found.dtype.kind not in "iuf":
        raise TypeError(f"{name} is {shown(value)}; {expected}")
    found = float(value)
    too_low = (above is not None and found <= above) or (at_least is not None and found < at_least)
    if not np.isfinite(found) or too_low or (below is not None and found >= below):
        raise ValueError(f"{name} is {shown(value)}; {expected}")
    return found


def interval(name, value):
    """A range as two floats (low, high); an error unless they are finite and low <= high."""
    if as_array(name, value).shape != (2,):
        raise ValueError(f"{name} is {shown(value)}; expected two numbers (low, high)")
    low, high = (number(f"{name}[{i}]", end) for i, end in enumerate(value))
    if not 0 <= high - low < np.inf:
        raise ValueError(f"{name} is ({low:g}, {high:g}); expected low <= high, a finite way apart")
    return low, high


def generator(name, value):
    """`value`; TypeError unless it is a numpy.random.Generator: no hidden randomness anywhere."""
    if not isinstance(value, np.random.Generator):
        raise TypeError(f"{name} is {shown(value)}; expected a numpy.random.Generator, "
                        f"for example np.random.default_rng(0)")
    return value


def as_array(name, value):
    """`value` as an array of anything; an error for lists of unequal parts, and for masks."""
    if isinstance(value, MaskedArray):
        raise TypeError(f"{name} is a masked array of shape {value.shape}; "
                        f"expected one without a mask")
    try:
        return np.asarray(value)
    except ValueError:
        kind = type(value).__name__
        found = f"a {kind} of unequal parts" if kind in ("list", "tuple") else f"of type {kind}"
        raise ValueError(f"{name} is {found}; expected an array of one shape") from None


def given(name, value, expected="an array of floating-point numbers"):
    """`value`; TypeError where it is None, which NumPy would take for an array."""
    if value is None:
        missing = ": is a `return` missing?" if name.endswith(")") else ""  # of a function
        raise TypeError(f"{name} is None; expected {expected}{missing}")
    return value


def numbers(name, value):
    """`value` as an array of numbers, whole ones too."""
    array = as_array(name, given(name, value, "an array of numbers"))
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{name} has dtype {array.dtype} and shape {array.shape}; "
                        f"expected an array of numbers")
    return array


def real_numbers(name, array):
    """The array; TypeError where it is complex, which only derivatives are taken of."""
    if array.dtype.kind == "c":
        raise TypeError(f"{name} has dtype {array.dtype}; expected real numbers")
    return array


def floating(name, value, finite=True):
    """`value` as an array of real or complex floating-point numbers, all finite if asked."""
    array = as_array(name, given(name, value))
    if array.dtype.kind not in "fc":
        raise TypeError(f"{name} has dtype {array.dtype} and shape {array.shape}; expected "
                        f"floating-point numbers, such as np.asarray(..., dtype=float) gives")
    return all_finite(name, array) if finite else array


def all_finite(name, array):
    """The array of numbers; ValueError where one of them is NaN or infinite."""
    if bad := array.size - np.count_nonzero(np.isfinite(array)):
        raise ValueError(f"{name} has shape {array.shape} and {bad} NaN or infinite entries; "
                         f"expected none")
    return array


def text(name, value):
    """`value`; TypeError unless it is a text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is {shown(value)}; expected a text")
    return value


def texts(name, value):
    """A list of texts; TypeError for anything else, such as one text, which is many letters."""
    found = [None] if isinstance(value, str) or not np.iterable(value) else list(value)
    if not all(isinstance(text, str) for text in found):
        raise TypeError(f"{name} is {shown(value)}; expected a list of texts")
    return found


def function(name, value, *takes):
    """`value`; TypeError unless it can be called, with the arguments named if there are any."""
    if not callable(value):
        raise TypeError(f"{name} is {shown(value)}; expected a function")
    if takes and isinstance(value, type):
        raise TypeError(f"{name} is the class {value.__name__}; expected a function of "
                        f"{', '.join(takes)}")
    try:
        if takes:
            inspect.signature(value).bind(*takes)
    except TypeError as error:
        raise TypeError(f"{name} is {shown(value)}; expected a function of {', '.join(takes)} "
                        f"({error})") from None
    except ValueError:  # a function in C need not say what it takes
        pass
    return value


def path(name, value):
    """`value`, a path, as a text; TypeError or ValueError for what can be no file's."""
    try:
        text = os.fsdecode(value)
    except TypeError:
        raise TypeError(f"{name} is {shown(value)}; expected a path, such as 'run.npz'") from None
    if not text or "\0" in text:
        raise ValueError(f"{name} is {shown(value)}; expected a path, which is not empty and "
                         f"has no character 0")
    return text


def attribute(thing, name, default=None):
    """thing.name, or the default where it has none; what a property of it raises is raised."""
    return getattr(thing, name) if hasattr(type(thing), name) else getattr(thing, name, default)


def methods(name, value, *expected):
    """`value`; TypeError unless it has the methods named: an object is for what it can do."""
    if isinstance(value, type):
        raise TypeError(f"{name} is the class {value.__name__}; expected an object, such as "
                        f"{value.__name__}(...)")
    missing = [method for method in expected if not callable(getattr(value, method, None))]
    if missing:
        raise TypeError(f"{name} is {shown(value)}; expected an object with {', '.join(expected)} "
                        f"(it has no {', '.join(missing)})")
    return value


def result(owner, method, value, expected):
    """What a method of one's own returned, as an array; an error unless its shape is right."""
    name = f"{type(owner).__name__}.{method}(...)"
    if value is None:
        raise TypeError(f"{name} returned None; expected an array: is a `return` missing?")
    array = floating(name, value, finite=False)
    shape(name, array, expected)
    return array


def pair(owner, method, value, expected):
    """The two things that a method of one's own returned; TypeError where it returned no two."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        found = "None" if value is None else f"an object of type {type(value).__name__}"
        raise TypeError(f"{type(owner).__name__}.{method}(...) returned {found}; "
                        f"expected {expected}")
    return value


def loss_and_gradient(method, value, P):
    """What a method's meta_gradient returned: one number and a vector (P,), both real."""
    loss, gradient = pair(method, "meta_gradient", value, "the loss and its gradient in omega")
    name = f"the loss that {type(method).__name__}.meta_gradient(...) returned"
    array = as_array(name, loss)
    if array.ndim or array.dtype.kind not in "biuf":
        raise TypeError(f"{name} is {shown(loss)}; expected one number")
    return loss, result(method, "meta_gradient", gradient, (P,))


def shape(name, array, expected, remark=""):
    """Raise ValueError unless the last axes of `array` fit `expected`.

    `expected` lists the axes: a number must be met, a string names an axis of any length of at
    least 1, and a leading `...` allows any axes before.  `remark` ends the message.
    """
    open_ended = expected[:1] == (...,)
    named = expected[1:] if open_ended else expected
    fits = array.ndim == len(named) or (open_ended and array.ndim > len(named))
    for found, wanted in zip(reversed(array.shape), reversed(named)):
        fits = fits and (found == wanted or (isinstance(wanted, str) and found > 0))
    if not fits:
        axes = ", ".join("..." if axis is ... else str(axis) for axis in expected)
        comma = "," if len(expected) == 1 else ""
        remark += ", and no axis of length 0" * (0 in array.shape)
        raise ValueError(f"{name} has shape {array.shape}; expected ({axes}{comma}){remark}")


def step_size(name, value, n_params=None):
    """A step size: a positive float, or a vector (P,) of entries >= 0 (0 freezes a parameter)."""
    if as_array(name, value).ndim == 0:
        return number(name, value, above=0)
    vector = floating(name, value)
    size = "P" if n_params is None else n_params
    shape(name, vector, (size,), ": one number, or one for each parameter")
    if vector.dtype.kind == "c" or (vector < 0).any():
        raise ValueError(f"{name} has shape {vector.shape} and entries that are negative or "
                         f"complex; expected real numbers of at least 0")
    vector = vector.copy()
    vector.setflags(write=False)  # what is checked stays as it is
    return vector


def number_held(name, value, dtype):
    """A positive number; ValueError unless it is one in that precision too."""
    limits = np.finfo(dtype)
    if not float(limits.tiny) <= value <= float(limits.max):
        raise ValueError(f"{name} is {value:g}; expected {limits.tiny:.0e} to {limits.max:.0e}, "
                         f"numbers that {limits.dtype} holds")
    return value


def as_precision_of(omega, array):
    """The array in ω's precision: single beside a float32 or complex64 ω, else double.

    Complex stays complex.
    """
    real = omega.real.dtype
    if array.dtype == real:
        return array
    dtype = np.result_type(real, np.complex64) if array.dtype.kind == "c" else real
    with np.errstate(over="ignore"):  # too large for single precision: inf, which checks report
        return array.astype(dtype, copy=False)


def finite_in_precision_of(omega, name, array):
    """The finite array in ω's precision; ValueError where a number is too large for that."""
    found = as_precision_of(omega, array)
    if found is not array and not np.isfinite(found).all():
        raise ValueError(f"{name} has numbers up to {np.abs(array).max():.0e}; expected none too "
                         f"large for {found.dtype}, the precision of the parameters")
    return found
