"""A batch: T tasks with their support and query sets, as four arrays.

    x_support (T, K, D_in)    y_support (T, K, D_out)    what the learner adapts to
    x_query   (T, Q, D_in)    y_query   (T, Q, D_out)    what it is judged by
"""

from dataclasses import dataclass, field

import numpy as np

from . import arguments

ARRAYS = ("x_support", "y_support", "x_query", "y_query")


@dataclass(frozen=True, eq=False)
class Batch:
    """T tasks with their support and query sets.  A batch that exists is a checked one.

    parameters: what the tasks were made from, name -> (T,), such as amplitude and phase.  Empty
    for one's own data.  Only plots and the oracle baseline look at it; a learner never does.
    Arrays are taken as they are, not copied: later changes to them are changes of the batch.

    Raises TypeError for integer or complex arrays, ValueError for shapes that do not fit and for
    NaN.
    """

    x_support: np.ndarray  # (T, K, D_in)
    y_support: np.ndarray  # (T, K, D_out)
    x_query: np.ndarray  # (T, Q, D_in)
    y_query: np.ndarray  # (T, Q, D_out)
    parameters: dict = field(default_factory=dict)

    def __post_init__(self):
        for name in ARRAYS:
            array = arguments.floating(name, getattr(self, name))
            if array.dtype.kind == "c":
                raise TypeError(f"{name} has dtype {array.dtype}; "
                                f"expected real floating-point numbers")
            object.__setattr__(self, name, array)
        arguments.shape("x_support", self.x_support, ("T", "K", "D_in"))
        T, K, D_in = self.x_support.shape
        arguments.shape("y_support", self.y_support, (T, K, "D_out"), ": T and K as in x_support")
        D_out = self.y_support.shape[2]
        arguments.shape("x_query", self.x_query, (T, "Q", D_in), ": T and D_in as in x_support")
        arguments.shape("y_query", self.y_query, (*self.x_query.shape[:2], D_out),
                        ": T and Q as in x_query, D_out as in y_support")
        self._check_parameters(T)

    def _check_parameters(self, T):
        if not isinstance(self.parameters, dict):
            raise TypeError(f"parameters is {arguments.shown(self.parameters)}; "
                            f"expected a dict of arrays of shape ({T},)")
        parameters = {name: arguments.as_array(f"parameters[{name!r}]", values)
                      for name, values in self.parameters.items()}
        object.__setattr__(self, "parameters", parameters)
        for name, values in parameters.items():
            if values.shape != (T,):
                raise ValueError(f"parameters[{name!r}] has shape {values.shape}; "
                                 f"expected ({T},), one number for each task")

    @classmethod
    def unchecked(cls, *fields):
        """A Batch of arrays that are known to be right: they are not looked at again."""
        batch = object.__new__(cls)
        batch.__dict__.update(zip((*ARRAYS, "parameters"), fields))
        return batch

    def __len__(self):
        return len(self.x_support)

    def __repr__(self):
        parts = [f"{name} {getattr(self, name).shape}" for name in ARRAYS]
        return f"Batch({', '.join([*parts, *self.parameters])})"

    def __getitem__(self, which):
        """Some of the tasks, as a batch: `batch[3]`, `batch[10:20]`, `batch[[1, 4]]`."""
        asked = which
        if not isinstance(which, slice) and arguments.as_array("which", which).ndim == 0:
            which = [which]
        try:
            parameters = {name: values[which] for name, values in self.parameters.items()}
            return Batch(self.x_support[which], self.y_support[which],
                         self.x_query[which], self.y_query[which], parameters)
        except IndexError as error:
            raise IndexError(f"batch[{asked!r}] is none of {len(self)} tasks: {error}") from None

    def arrays(self, omega):
        """x_support, y_support, x_query and y_query in the precision of ω.

        Raises ValueError where a number is too large for it.
        """
        arrays = [self.x_support, self.y_support, self.x_query, self.y_query]
        dtype = omega.real.dtype
        try:
            with np.errstate(over="raise"):
                return [array.astype(dtype, copy=False) for array in arrays]
        except FloatingPointError:
            for name, array in zip(ARRAYS, arrays):
                arguments.finite_in_precision_of(omega, name, array)
            raise


def check_batch(batch, name="batch"):
    """Return the batch; raise TypeError unless it is a Batch."""
    if not isinstance(batch, Batch):
        raise TypeError(f"{name} is of type {type(batch).__name__}; expected a tinymeta.Batch")
    return batch


def chunks(arrays, size):
    """The arrays (T, ...), `size` tasks at a time: a list of lists of views, in order."""
    T = len(arrays[0])
    if T <= size:
        return [arrays]
    return [[array[start:start + size] for array in arrays] for start in range(0, T, size)]
