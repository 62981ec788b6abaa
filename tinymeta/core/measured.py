"""Measured curves as tasks: each curve is one task, of as many points as were measured.

A batch draws T curves, with repetition, and of each K + Q of its points at random: the first K
are the support set, the others the query set, so that no point is in both.

    [TASK.9]  z = (u - mean) / std    of each column u, x and y alike, over all points of all curves
    [TASK.10] mean (std (f - y))²    the squared error of standardised f and y, in measured units
"""

from types import MappingProxyType

import numpy as np

from . import arguments, setting
from .batch import Batch, check_batch
from .class_tasks import sizes
from .measured_file import read_curves, usual_labels


class MeasuredTasks(setting.WithSettings):
    """A family of tasks made of measured curves.

    curves: name -> (x, y), arrays (n, D_in) and (n, D_out), or (n,) where there is one number a
    point; n may differ from curve to curve and is at least 2.  columns: the names of the columns,
    x first; they stand on the axes of plots, so they may hold units.  scales: (2, D_in + D_out),
    mean and std of each column, [TASK.9]; without them numbers stay as they are.

    names: the curves' names.  columns and scales: as above.  n_missing: how many rows of a file
    were left out, since they lack a number.

    Raises TypeError or ValueError for curves that cannot be, naming the curve.
    """

    n_missing = 0
    columns, scales, d_in, d_out = [
        setting.until("_tables", lambda name, value: value) for _ in range(4)]
    curves = setting.Mapping(setting.until("_tables", lambda name, value: value).check)

    def __init__(self, curves, columns=None, scales=None):
        is_dict = isinstance(curves, (dict, MappingProxyType))
        if not is_dict or not curves:
            found = "empty" if is_dict else type(curves).__name__
            raise TypeError(f"curves is {found}; expected a dict name -> (x, y), of at least one")
        self.curves = {str(name): _curve(name, pair) for name, pair in curves.items()}
        if len(self.curves) < len(curves):
            raise ValueError(f"curves has the names {list(curves)}; expected names that differ as "
                             f"texts")
        first = next(iter(self.curves))
        self.d_in, self.d_out = (part.shape[1] for part in self.curves[first])
        for name, (x, y) in self.curves.items():
            if (x.shape[1], y.shape[1]) != (self.d_in, self.d_out):
                raise ValueError(f"curve {name!r} has D_in {x.shape[1]} and D_out {y.shape[1]}; "
                                 f"expected {self.d_in} and {self.d_out}, as of {first!r}")
        width = self.d_in + self.d_out
        usual = usual_labels(self.d_in, self.d_out)
        self.columns = tuple(usual if columns is None else arguments.texts("columns", columns))
        if len(self.columns) != width:
            raise ValueError(f"columns is {arguments.shown(columns)}; "
                             f"expected {width} names, of x and then y")
        if scales is None:
            scales = [[0.0] * width, [1.0] * width]
        scales = arguments.real_numbers("scales", arguments.floating("scales", scales))
        self.scales = scales.astype(float)  # a copy
        self.scales.setflags(write=False)
        arguments.shape("scales", self.scales, (2, width))
        if (self.scales[1] <= 0).any():
            raise ValueError(f"scales has the stds {self.scales[1]}; expected positive numbers")
        mean, std = self.scales
        self._tables = {name: (np.hstack(pair) - mean) / std  # (n, D_in + D_out)  [TASK.9]
                        for name, pair in self.curves.items()}
        for table in self._tables.values():
            table.setflags(write=False)  # what `points` shows is no copy

    @classmethod
    def from_csv(cls, path, columns=None):
        """The curves in a CSV file with a row a point: the curve's name, its x, and y.

        The first column names the curve, the last one is y, those between are x.  columns: the
        names, in this order, of those to take.  Rows may come in any order.  Commas, semicolons or
        tabs separate; beside the latter two a number may have a decimal comma.  A first row
        without a number is a header.  A row without its x or y (empty, NA, NaN) is no point.

        Raises OSError for a file that is not there, ValueError for what is no number, naming file,
        row and column.
        """
        columns = None if columns is None else arguments.texts("columns", columns)
        columns, tables, n_missing = read_curves(arguments.path("path", path), columns)
        tasks = cls({name: (table[:, :-1], table[:, -1:]) for name, table in tables.items()},
                    columns)
        tasks.n_missing = n_missing
        return tasks

    def __repr__(self):
        lengths = [len(x) for x, _ in self.curves.values()]
        rows = f"{self.n_missing} row{'s' * (self.n_missing > 1)}"
        missing = f", {rows} without a number" if self.n_missing else ""
        return (f"{len(lengths)} curve{'' if len(lengths) == 1 else 's'} of {min(lengths)} to "
                f"{max(lengths)} points, {', '.join(self.columns)}{missing}")

    @property
    def names(self):
        """The curves' names, in order."""
        return list(self.curves)

    def only(self, names):
        """The tasks of the curves with these names.  Raises ValueError for one there is not."""
        names = arguments.texts("names", names)
        if not names:
            raise ValueError(f"names is empty; expected some of {self.names}")
        if unknown := sorted(set(names) - set(self.curves)):
            raise ValueError(f"names has {unknown}; expected some of {self.names}")
        wanted = set(names)
        chosen = {name: pair for name, pair in self.curves.items() if name in wanted}
        return MeasuredTasks(chosen, self.columns, self.scales)

    def split(self, rng, held_out):
        """Two families: these without `held_out` curves, drawn at random, and those held out.

        Raises ValueError unless both have at least one.
        """
        arguments.generator("rng", rng)
        n = arguments.whole_number("held_out", held_out, minimum=1)
        if n >= len(self.names):
            raise ValueError(f"held_out is {n}; expected less than {len(self.names)}, "
                             f"the number of curves")
        drawn = rng.permutation(self.names)
        return self.only(drawn[n:]), self.only(drawn[:n])

    def standardized(self, by=None, outputs=True):
        """The same curves with mean 0 and std 1 in each column, [TASK.9].

        by: the tasks whose mean and std are taken, their own unless given; held-out curves take
        those of the training curves.  outputs: y too, which classes should not be.
        """
        arguments.flag("outputs", outputs)
        if by is not None and not isinstance(by, MeasuredTasks):
            raise TypeError(f"by is of type {type(by).__name__}; expected tinymeta.MeasuredTasks, "
                            f"or None")
        if by is not None:
            if (by.d_in, by.d_out) != (self.d_in, self.d_out):
                raise ValueError(f"by has D_in {by.d_in} and D_out {by.d_out}; expected "
                                 f"{self.d_in} and {self.d_out}")
            if sorted(by.columns) == sorted(self.columns) and by.columns != self.columns:
                raise ValueError(f"by has the columns {by.columns}; expected the order of "
                                 f"{self.columns}")
            scales = (by if by.is_standardized else by.standardized(None, outputs)).scales.copy()
            if not outputs:
                scales[:, self.d_in:] = [[0.0], [1.0]]
            return MeasuredTasks(self.curves, self.columns, scales)
        table = np.vstack([np.hstack(pair) for pair in self.curves.values()])  # (N, D_in + D_out)
        with np.errstate(over="ignore", invalid="ignore"):
            scales = np.stack([table.mean(axis=0), table.std(axis=0)])
        if not np.isfinite(scales).all():
            at = np.isfinite(scales).all(axis=0).argmin()
            largest = np.abs(table[:, at]).max()
            raise ValueError(f"column {self.columns[at]} has entries up to {largest:.1g}; "
                             f"expected numbers whose squares can be summed")
        constant = table.max(axis=0) == table.min(axis=0)  # whose std is rounding
        scales[1, constant] = 1.0
        if not scales[1].all():
            at = scales[1].argmin()
            raise ValueError(f"column {self.columns[at]} has entries that differ by "
                             f"{np.ptp(table[:, at]):.1g}; expected more: their squares are 0")
        if not outputs:
            scales[:, self.d_in:] = [[0.0], [1.0]]
        return MeasuredTasks(self.curves, self.columns, scales)

    def sample(self, rng, n_tasks=25, n_support=10, n_query=10):
        """Draw a batch of tasks, each from a curve drawn at random, with repetition.

        Returns a Batch (float64) with the parameter curve, the name of each.  Support and query
        are different points; where x was measured twice, it may be in both.

        Raises TypeError or ValueError for a wrong argument, and for a curve that is too short.
        """
        T, K, Q = sizes(rng, n_tasks, n_support, n_query)
        names, rows = self.names, []
        shortest = min(names, key=lambda name: len(self._tables[name]))
        if K + Q > (n := len(self._tables[shortest])):
            raise ValueError(f"n_support + n_query is {K + Q}; expected at most {n}, the number of "
                             f"points of curve {shortest!r} (or leave it out, by `only`)")
        drawn = []
        for _ in range(T):
            drawn.append(names[rng.integers(len(names))])
            table = self._tables[drawn[-1]]
            rows.append(table[rng.choice(len(table), K + Q, replace=False)])
        x, y = np.split(np.stack(rows), [self.d_in], axis=2)  # (T, K + Q, D_in), (T, K + Q, D_out)
        return Batch.unchecked(x[:, :K], y[:, :K], x[:, K:], y[:, K:], {"curve": np.array(drawn)})

    def points(self, task):
        """All points of the curve that one task was drawn from, x (n, D_in) and y (n, D_out)."""
        names = check_batch(task, "task").parameters.get("curve", [None])
        if (name := str(names[0])) not in self._tables:
            raise ValueError(f"task has the curve {name!r}; expected one of {self.names}")
        table = self._tables[name]
        return table[:, :self.d_in], table[:, self.d_in:]

    @property
    def is_standardized(self):
        """Whether there are scales by which numbers are changed."""
        return bool((self.scales[0] != 0).any() or (self.scales[1] != 1).any())

    def x_in_units(self, x):
        """Inputs (..., D_in) as they were measured."""
        mean, std = self.scales[:, :self.d_in]
        x = arguments.numbers("x", x)
        arguments.shape("x", x, (..., self.d_in))
        return mean + std * x

    def y_in_units(self, y):
        """Targets or predictions (..., D_out) as they were measured."""
        mean, std = self.scales[:, self.d_in:]
        y = arguments.numbers("y", y)
        arguments.shape("y", y, (..., self.d_out))
        return mean + std * y

    def squared_error(self, f, y):
        """The mean squared error (T,) of predictions (T, Q, D_out), in measured units squared:
        a `metric` for tm.evaluate, [TASK.10]."""
        std = self.scales[1, self.d_in:]
        f, y = arguments.numbers("f", f).astype(float), arguments.numbers("y", y)
        arguments.shape("f", f, (..., "Q", self.d_out))
        arguments.shape("y", y, f.shape, ", as f has")
        return np.square(std * (f - y)).mean(axis=(-2, -1))  # [TASK.10]


def _curve(name, pair):
    """x (n, D_in) and y (n, D_out) of one curve, as floats."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        parts = f" of {len(pair)}" if isinstance(pair, (tuple, list)) else ""
        raise TypeError(f"curve {name!r} is a {type(pair).__name__}{parts}; expected a pair (x, y)")
    parts = []
    for which, values in zip("xy", pair):
        arguments.as_array(f"{which} of curve {name!r}", values)
        array = np.asanyarray(values)  # a masked one stays so, and is refused
        array = arguments.floating(f"{which} of curve {name!r}",
                                   array.astype(float) if array.dtype.kind in "iuf" else array)
        if array.dtype.kind == "c":
            raise TypeError(f"{which} of curve {name!r} is complex; expected real numbers")
        array.setflags(write=False)  # a copy, which stays as it is
        parts.append(array[:, np.newaxis] if array.ndim == 1 else array)
        arguments.shape(f"{which} of curve {name!r}", parts[-1], ("n", "D"))
    if len(parts[0]) != len(parts[1]) or len(parts[0]) < 2:
        raise ValueError(f"curve {name!r} has {len(parts[0])} x and {len(parts[1])} y; expected "
                         f"as many, and at least 2")
    return tuple(parts)
