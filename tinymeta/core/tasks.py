"""Tasks: small regression problems that belong together.

A task is one function; few-shot regression shows K of its points (the support set) and asks
for the others (the query set).  Tasks are drawn in batches (batch.py).

    [TASK.1]  sinusoids   y = A sin(x - ψ)    A ~ U[0.1, 5], ψ ~ U[0, π], x ~ U[-5, 5]
    [TASK.2]  lines       y = a x + b         a, b ~ U[-2, 2], x ~ U[-2, 2]

Reference: Finn, Abbeel, Levine 2017, "Model-Agnostic Meta-Learning for Fast Adaptation of Deep
Networks", Sec. 5.1, for the sinusoids; its generator subtracts the phase, as here.  The lines
are ours.
"""

from types import MappingProxyType

import numpy as np

from . import arguments, setting
from .batch import Batch


def _checked_range(_, name, ends):
    return arguments.interval(name, ends)


def _checked_ranges(tasks, name, ranges):
    names = list(vars(tasks).get(name, ranges))
    if not isinstance(ranges, (dict, MappingProxyType)) or list(ranges) != names:
        raise ValueError(f"{name} is {arguments.shown(ranges)}; "
                         f"expected a dict of the ranges of {names}")
    return {name: arguments.interval(name, ends) for name, ends in ranges.items()}


class _Range(setting.Setting):
    """One of the ranges by its own name: `tasks.amplitude` is tasks.ranges["amplitude"]."""

    def __init__(self):
        super().__init__(_checked_range)

    def __get__(self, tasks, owner):
        return self if tasks is None else tasks.ranges[self.name]

    def __set__(self, tasks, ends):
        if "ranges" in vars(tasks):  # else they are about to be made
            ends = self.check(tasks, self.name, ends)
            tasks.ranges = {**tasks.ranges, self.name: ends}  # a copy of the tasks has its own


class _UniformTasks(setting.WithSettings):
    """Tasks whose parameters and inputs are uniform in ranges; subclasses say what y is.

    Every task is drawn from its own row of random numbers, so that, noise apart, the first ten of
    a hundred tasks are the same as ten tasks drawn with the same seed.
    """

    ranges, x_range = setting.Mapping(_checked_ranges), setting.Setting(_checked_range)
    noise = setting.real(at_least=0)
    grid = setting.Setting(lambda _, name, value: (
        None if value is None else arguments.whole_number(name, value, minimum=2)))

    def __init__(self, ranges, x_range, grid, noise):
        self.ranges, self.x_range, self.grid, self.noise = ranges, x_range, grid, noise

    def sample(self, rng, n_tasks=25, n_support=10, n_query=10):
        """Draw a batch of tasks.

        rng: a numpy.random.Generator.  n_tasks, n_support, n_query: T, K and Q, each at least 1.
        Inputs are uniform in x_range.  With a grid of G points they are G equidistant points in
        random order: the support set takes K from the front, the query set Q from the back; the
        two are disjoint while K + Q <= G, and Q = G asks for the whole grid.

        Returns a Batch (float64) that carries the task parameters.  Raises TypeError or
        ValueError for a wrong argument.
        """
        arguments.generator("rng", rng)
        T = arguments.whole_number("n_tasks", n_tasks, minimum=1)
        K = arguments.whole_number("n_support", n_support, minimum=1)
        Q = arguments.whole_number("n_query", n_query, minimum=1)
        for name, n in (("n_support", K), ("n_query", Q)):
            if self.grid is not None and n > self.grid:
                raise ValueError(f"{name} is {n}; "
                                 f"expected at most {self.grid}, the number of grid points")
        uniform = rng.random((T, len(self.ranges) + (self.grid or K + Q)))
        parameters = {}
        for i, (name, (low, high)) in enumerate(self.ranges.items()):
            parameters[name] = low + (high - low) * uniform[:, i]  # (T,)
        x = self._inputs(uniform[:, len(self.ranges):])  # (T, K + Q or G, 1)
        y = true_values(self, parameters, x)  # (T, K + Q or G, 1)
        first, last = slice(K), slice(x.shape[1] - Q, None)
        if self.noise > 0:
            y_support = y[:, first] + self.noise * rng.standard_normal((T, K, 1))
            y_query = y[:, last] + self.noise * rng.standard_normal((T, Q, 1))
            return Batch(x[:, first], y_support, x[:, last], y_query, parameters)
        make = Batch.unchecked if np.isfinite(y).all() else Batch  # in one look at all points
        return make(x[:, first], y[:, first], x[:, last], y[:, last], parameters)

    def _inputs(self, uniform):
        """Uniform numbers (T, n) as inputs (T, n, 1): spread over x_range, or the grid shuffled."""
        low, high = self.x_range
        if self.grid is None:
            x = low + (high - low) * uniform
        else:
            x = np.linspace(low, high, self.grid)[np.argsort(uniform, axis=1)]
        return x[..., np.newaxis]


def true_values(tasks, parameters, x):
    """tasks.truth(parameters, x), real numbers of x's shape (T, n, 1); one's own gets copies."""
    copies = {name: np.array(values) for name, values in parameters.items()}
    y = arguments.result(tasks, "truth", tasks.truth(copies, x.copy()), x.shape)
    return arguments.real_numbers(f"{type(tasks).__name__}.truth(...)", y)


def parameter(parameters, name):
    """One of the tasks' parameters, (...); TypeError or ValueError where it is not there."""
    if not isinstance(parameters, dict) or name not in parameters:
        raise TypeError(f"parameters is {arguments.shown(parameters)}; expected a dict with {name}")
    return arguments.numbers(f"parameters[{name!r}]", parameters[name])


def _columns(parameters, names, x):
    """The inputs x (..., K, 1), and before them two parameters (...) as (..., 1, 1)."""
    arrays = {"x": arguments.numbers("x", x)}
    for name in names:
        column = parameter(parameters, name)[..., np.newaxis, np.newaxis]
        arrays[f"parameters[{name!r}]"] = column
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        found = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"the shapes do not fit: {found}, the parameters with two axes of 1; "
                         f"expected one parameter for each task of x") from None
    x, *columns = arrays.values()
    return *columns, x


class SinusoidTasks(_UniformTasks):
    """Sine waves y = A sin(x - ψ): the paper's ranges unless told otherwise.

    amplitude, phase, x_range: (low, high) of A, ψ and x, uniform.  grid: draw x from that many
    equidistant points.  noise: standard deviation of Gaussian noise on y.

    The tasks of Nichol et al. 2018 (Reptile) are SinusoidTasks(phase=(0, 2 * np.pi), grid=50);
    they write sin(x + ψ), which is the same distribution when ψ covers the circle.

    Raises TypeError or ValueError for a range, a grid or a noise that cannot be.
    """

    amplitude, phase = _Range(), _Range()

    def __init__(self, amplitude=(0.1, 5.0), phase=(0.0, np.pi), x_range=(-5.0, 5.0), grid=None,
                 noise=0.0):
        super().__init__({"amplitude": amplitude, "phase": phase}, x_range, grid, noise)

    def truth(self, parameters, x):
        """The noiseless y (..., K, 1) at x (..., K, 1), for amplitude and phase (...)."""
        A, psi, x = _columns(parameters, ("amplitude", "phase"), x)
        return A * np.sin(x - psi)  # [TASK.1]


class LinearTasks(_UniformTasks):
    """Straight lines y = a x + b, with a uniform prior over slope a and intercept b.

    slope, intercept, x_range: (low, high), uniform.  grid and noise as in SinusoidTasks.
    """

    slope, intercept = _Range(), _Range()

    def __init__(self, slope=(-2.0, 2.0), intercept=(-2.0, 2.0), x_range=(-2.0, 2.0), grid=None,
                 noise=0.0):
        super().__init__({"slope": slope, "intercept": intercept}, x_range, grid, noise)

    def truth(self, parameters, x):
        """The noiseless y (..., K, 1) at x (..., K, 1), for slope and intercept (...)."""
        a, b, x = _columns(parameters, ("slope", "intercept"), x)
        return a * x + b  # [TASK.2]
