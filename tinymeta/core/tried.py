"""Functions of one's own, such as a loss's, tried once before they are used."""

import numpy as np

from .arguments import as_array, function, shown


def tried(name, value, takes, arrays, fits):
    """What a function of one's own returns for these arrays; an error unless its shape fits.

    takes: the arguments' names.  None where it raises an error, which it will raise again.
    """
    function(name, value, *takes)
    copies = [array.copy() for array in arrays]

    @np.errstate(all="ignore")
    def call(arrays):
        return value(*arrays)

    try:
        found = call(copies)
    except Exception:
        return None
    for take, array, after in zip(takes, arrays, copies):
        if not np.array_equal(array, after, equal_nan=True):
            raise ValueError(f"{name} changes {take}; expected a function that leaves it as it is")
    array, called = as_array(name, found), f"{name}({', '.join(takes)})"
    if array.dtype.kind not in "biufc" or isinstance(found, (list, tuple)):
        raise TypeError(f"{called} returned {shown(found)}; expected an array of numbers")
    if array.shape not in fits:
        raise ValueError(f"{called} has shape {array.shape}; expected {fits[0]} for "
                         f"{takes[0]} of shape {arrays[0].shape}")
    if _is_overwritten(array, lambda: call([array.copy() for array in arrays])):
        raise ValueError(f"{called} returns the array that it has returned before, with other "
                         f"numbers; expected a new one each time")
    return array


def _is_overwritten(array, call):
    """Whether a call writes into the array that an earlier one has returned."""
    if not array.flags.writeable:
        return False
    kept, other = array.copy(), array == 0
    array[...] = other
    call()
    overwritten = not np.array_equal(array, other)
    array[...] = kept
    return overwritten
