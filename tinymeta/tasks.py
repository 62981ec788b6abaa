"""Tasks: small regression problems that belong together, and batches of them.

A task is one function; few-shot regression shows K of its points (the support set) and asks
for the others (the query set).  A batch holds T tasks as four arrays:

    x_support (T, K, D_in)    y_support (T, K, D_out)    what the learner adapts to
    x_query   (T, Q, D_in)    y_query   (T, Q, D_out)    what it is judged by

    [TASK.1]  sinusoids   y = A sin(x - φ)    A ~ U[0.1, 5], φ ~ U[0, π], x ~ U[-5, 5]
    [TASK.2]  lines       y = a x + b         a, b ~ U[-2, 2], x ~ U[-2, 2]

Reference: Finn, Abbeel, Levine 2017, "Model-Agnostic Meta-Learning for Fast Adaptation of Deep
Networks", Sec. 5.1, for the sinusoids; its generator subtracts the phase, as here.  The lines are ours.
"""

from dataclasses import dataclass, field

import numpy as np

from . import arguments


@dataclass(frozen=True, eq=False)
class Batch:
    """T tasks with their support and query sets; arrays are checked when the batch is made.

    parameters: what the tasks were made from, name -> (T,), such as amplitude and phase.  Empty
    for one's own data.  Only plots and the oracle baseline look at it; a learner never does.

    Raises TypeError for integer arrays, ValueError for shapes that do not fit and for NaN.
    """

    x_support: np.ndarray  # (T, K, D_in)
    y_support: np.ndarray  # (T, K, D_out)
    x_query: np.ndarray  # (T, Q, D_in)
    y_query: np.ndarray  # (T, Q, D_out)
    parameters: dict = field(default_factory=dict)

    def __post_init__(self):
        for name in ("x_support", "y_support", "x_query", "y_query"):
            array = arguments.floating(name, getattr(self, name))
            if array.dtype.kind == "c":
                raise TypeError(f"{name} has dtype {array.dtype}; expected real floating-point numbers")
            object.__setattr__(self, name, array)
        arguments.shape("x_support", self.x_support, ("T", "K", "D_in"))
        T, K, D_in = self.x_support.shape
        arguments.shape("y_support", self.y_support, (T, K, "D_out"), f", to go with x_support {self.x_support.shape}")
        arguments.shape("x_query", self.x_query, (T, "Q", D_in), f", to go with x_support {self.x_support.shape}")
        Q, D_out = self.x_query.shape[1], self.y_support.shape[2]
        arguments.shape("y_query", self.y_query, (T, Q, D_out), f", to go with x_query {self.x_query.shape} "
                                                             f"and y_support {self.y_support.shape}")
        if not isinstance(self.parameters, dict):
            raise TypeError(f"parameters is {self.parameters!r}; expected a dict of arrays of shape ({T},)")
        object.__setattr__(self, "parameters", {name: np.asarray(v) for name, v in self.parameters.items()})
        for name, values in self.parameters.items():
            arguments.shape(f"parameters[{name!r}]", values, (T,))

    def __len__(self):
        return len(self.x_support)

    def __getitem__(self, which):
        """Some of the tasks, as a batch: `batch[3]`, `batch[10:20]`, `batch[[1, 4]]`."""
        if np.ndim(which) == 0 and not isinstance(which, slice):
            which = [which]
        return Batch(self.x_support[which], self.y_support[which], self.x_query[which], self.y_query[which],
                     {name: values[which] for name, values in self.parameters.items()})


def blocks(size, support, query):
    """Yield the support set (x, y) and the query set (x, y) of `size` tasks at a time, in order."""
    T = len(support[0])
    for start in range(0, T, size):
        part = slice(start, start + size)
        yield (support, query) if size >= T else ([a[part] for a in support], [a[part] for a in query])


def mean_over_tasks(T, sums):
    """The means over T tasks, in the type of the sums: of losses, a number, and of vectors, (P,).

    sums: an iterator over blocks of tasks, with each block's sum of losses and of vectors.
    """
    loss, vector = next(sums)
    for block_loss, block_vector in sums:
        loss, vector = loss + block_loss, vector + block_vector  # (P,)
    return np.divide(loss, T, dtype=np.asarray(loss).dtype), vector / T  # NumPy 1 would make a number double


class _UniformTasks:
    """Tasks whose parameters and inputs are uniform in ranges; subclasses say what y is.

    Every task is drawn from its own row of random numbers, so that, noise apart, the first ten of
    a hundred tasks are the same as ten tasks drawn with the same seed.
    """

    def __init__(self, ranges, x_range, grid, noise):
        self.ranges = {name: arguments.interval(name, ends) for name, ends in ranges.items()}
        self.x_range = arguments.interval("x_range", x_range)
        self.grid = None if grid is None else arguments.whole_number("grid", grid, minimum=2)
        self.noise = arguments.number("noise", noise, at_least=0)

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
                raise ValueError(f"{name} is {n}; expected at most {self.grid}, the number of grid points")
        uniform = rng.random((T, len(self.ranges) + (self.grid or K + Q)))
        parameters = {name: low + (high - low) * uniform[:, i]  # (T,)
                      for i, (name, (low, high)) in enumerate(self.ranges.items())}
        uniform = uniform[:, len(self.ranges):]
        low, high = self.x_range
        if self.grid is None:
            x = low + (high - low) * uniform  # (T, K + Q)
        else:
            x = np.linspace(low, high, self.grid)[np.argsort(uniform, axis=1)]  # (T, grid), shuffled
        x = x[..., np.newaxis]  # (T, K + Q or grid, 1)
        y = self.truth(parameters, x)  # (T, K + Q or grid, 1)
        (x_support, x_query), (y_support, y_query) = (  # (T, K, 1), (T, Q, 1)
            (a[:, :K], a[:, a.shape[1] - Q:]) for a in (x, y))
        if self.noise > 0:
            y_support = y_support + self.noise * rng.standard_normal(y_support.shape)
            y_query = y_query + self.noise * rng.standard_normal(y_query.shape)
        return Batch(x_support, y_support, x_query, y_query, parameters)


def _column(values):
    """Task parameters (...) as (..., 1, 1), to go with inputs (..., K, 1)."""
    return np.asarray(values)[..., np.newaxis, np.newaxis]


class SinusoidTasks(_UniformTasks):
    """Sine waves y = A sin(x - φ): the paper's ranges unless told otherwise.

    amplitude, phase, x_range: (low, high) of A, φ and x, uniform.  grid: draw x from that many
    equidistant points.  noise: standard deviation of Gaussian noise on y.

    The tasks of Nichol et al. 2018 (Reptile) are SinusoidTasks(phase=(0, 2 * np.pi), grid=50);
    they write sin(x + φ), which is the same distribution when φ covers the circle.

    Raises TypeError or ValueError for a range, a grid or a noise that cannot be.
    """

    def __init__(self, amplitude=(0.1, 5.0), phase=(0.0, np.pi), x_range=(-5.0, 5.0), grid=None, noise=0.0):
        super().__init__({"amplitude": amplitude, "phase": phase}, x_range, grid, noise)

    def truth(self, parameters, x):
        """The noiseless y at x (..., K, 1), for parameters amplitude and phase (...): shape (..., K, 1)."""
        return _column(parameters["amplitude"]) * np.sin(x - _column(parameters["phase"]))  # [TASK.1]


class LinearTasks(_UniformTasks):
    """Straight lines y = a x + b, with a uniform prior over slope a and intercept b.

    slope, intercept, x_range: (low, high), uniform.  grid and noise as in SinusoidTasks.
    """

    def __init__(self, slope=(-2.0, 2.0), intercept=(-2.0, 2.0), x_range=(-2.0, 2.0), grid=None, noise=0.0):
        super().__init__({"slope": slope, "intercept": intercept}, x_range, grid, noise)

    def truth(self, parameters, x):
        """The noiseless y at x (..., K, 1), for parameters slope and intercept (...): shape (..., K, 1)."""
        return _column(parameters["slope"]) * x + _column(parameters["intercept"])  # [TASK.2]
