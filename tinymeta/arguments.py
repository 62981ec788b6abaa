"""Arguments: a wrong one gets an error that names it, what was found and what was expected.

Shape mistakes are the field's most expensive bug: NumPy broadcasts an (H, 1) array onto an
(H, H) one without a word.  So public functions look at their arguments before they compute.
"""

import operator

import numpy as np


def whole_number(name, value, minimum):
    """Return `value` as an int; raise TypeError or ValueError unless it is a whole number >= `minimum`."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}; expected a whole number of at least {minimum}") from None
    if number < minimum:
        raise ValueError(f"{name} is {number}; expected a whole number of at least {minimum}")
    return number


def number(name, value, above=None, at_least=None, below=None):
    """Return `value` as a float; raise unless it is one finite real number within the bounds given."""
    bounds = [f"{word} {bound:g}" for word, bound in
              (("above", above), ("of at least", at_least), ("below", below)) if bound is not None]
    expected = f"one finite number {' and '.join(bounds)}".rstrip()
    if isinstance(value, (str, bytes)) or np.ndim(value) != 0 or np.asarray(value).dtype.kind not in "iuf":
        raise TypeError(f"{name} is {value!r}; expected {expected}")
    found = float(value)
    if (not np.isfinite(found) or (above is not None and not found > above)
            or (at_least is not None and not found >= at_least)
            or (below is not None and not found < below)):
        raise ValueError(f"{name} is {value!r}; expected {expected}")
    return found


def interval(name, value):
    """Return a range as two floats (low, high); raise unless they are finite and low <= high."""
    if np.shape(value) != (2,):
        raise ValueError(f"{name} is {value!r}; expected two numbers (low, high)")
    low, high = (number(f"{name}[{i}]", end) for i, end in enumerate(value))
    if low > high:
        raise ValueError(f"{name} is ({low:g}, {high:g}); expected low <= high")
    return low, high


def generator(name, value):
    """Return `value`; raise TypeError unless it is a numpy.random.Generator: no hidden randomness anywhere."""
    if not isinstance(value, np.random.Generator):
        raise TypeError(f"{name} is {value!r}; expected a numpy.random.Generator, "
                        f"for example np.random.default_rng(0)")
    return value


def floating(name, value, finite=True):
    """Return `value` as an array of real or complex floating-point numbers, all finite if asked."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} is a list of unequal parts; expected an array of one shape") from None
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array of shape {array.shape}; expected one without a mask")
    if array.dtype.kind not in "fc":
        raise TypeError(f"{name} has dtype {array.dtype} and shape {array.shape}; expected "
                        f"floating-point numbers, such as np.asarray({name}, dtype=float)")
    bad = array.size - np.count_nonzero(np.isfinite(array)) if finite else 0
    if bad:
        raise ValueError(f"{name} has shape {array.shape} and {bad} NaN or infinite entries; expected none")
    return array


def methods(name, value, *expected):
    """Raise TypeError unless `value` has the methods named: what an object is for is what it can do."""
    missing = [method for method in expected if not callable(getattr(value, method, None))]
    if missing:
        raise TypeError(f"{name} is {value!r}; expected an object with {', '.join(expected)} "
                        f"(it has no {', '.join(missing)})")
    return value


def shape(name, array, expected, because=""):
    """Raise ValueError unless the last axes of `array` fit `expected`.

    `expected` lists the axes: a number must be met, a string names an axis of any length of at
    least 1, and a leading `...` allows any axes before.  `because` is appended to the message.
    """
    open_ended = expected[:1] == (...,)
    named = expected[1:] if open_ended else expected
    fits = array.ndim == len(named) or open_ended and array.ndim > len(named)
    for found, wanted in zip(reversed(array.shape), reversed(named)):
        fits = fits and (found == wanted or isinstance(wanted, str) and found > 0)
    if not fits:
        text = ", ".join("..." if e is ... else str(e) for e in expected)
        text += "," if len(expected) == 1 else ""
        raise ValueError(f"{name} has shape {array.shape}; expected ({text}){because}")


def step_size(name, value, n_params=None):
    """Return a step size: a positive float, or a vector (P,) of entries >= 0 (0 freezes a parameter)."""
    if np.ndim(value) == 0:
        return number(name, value, above=0)
    vector = floating(name, value)
    shape(name, vector, ("P" if n_params is None else n_params,), ": one number, or one for each parameter")
    if vector.dtype.kind == "c" or (vector < 0).any():
        raise ValueError(f"{name} has shape {vector.shape} and entries that are negative or complex; "
                         f"expected real numbers of at least 0")
    return vector
