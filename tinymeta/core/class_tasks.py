"""Classification tasks of two classes: the sides of a hyperplane, and two half-moons.

    [TASK.3]  boundary   y = 1 where x·n + ε > 0, else 0,  n = e₁ cos ψ + e₂ sin ψ,  x ~ N(0, I)
    [TASK.4]  moons      m = (cos t, sin t) for class 0,   t ~ U[0, π]
                         m = (1 - cos t, ½ - sin t) for class 1
    [TASK.5]             x = R(ψ) (m - (½, ¼) + ε),  R(ψ) a rotation by ψ

In both ψ ~ U[0, 2π) is the task's angle, and ε is Gaussian noise.  The plane of e₁ and e₂ is the
same for all tasks of a boundary family: it is what meta-learning can find.  Half a turn exchanges
the moons, so that nothing but the support set says which is which.

Each task is made from its own row of standard normals, so that the first ten of a hundred tasks
are the same as ten tasks drawn with the same seed, noise and all.  The angle of a point (a, b) of
two normals is uniform on the circle, which is where ψ and t come from.

Both families are ours.  The moons are those of scikit-learn's make_moons.
"""

from functools import partial

import numpy as np

from . import arguments, setting
from .batch import Batch
from .tasks import parameter

LABELS = {"binary": (0.0, 1.0), "signs": (-1.0, 1.0)}
MOON_CENTRE = (0.5, 0.25)


def sizes(rng, n_tasks, n_support, n_query):
    """T, K and Q as ints; TypeError or ValueError for a wrong argument of `sample`."""
    arguments.generator("rng", rng)
    return [arguments.whole_number(name, n, minimum=1) for name, n in
            (("n_tasks", n_tasks), ("n_support", n_support), ("n_query", n_query))]


def turns(normal):
    """Pairs of standard normals (..., 2) as numbers (...) uniform in [0, 1): their angle / 2π."""
    return np.arctan2(normal[..., 1], normal[..., 0]) / (2 * np.pi) % 1.0


def shuffled_classes(numbers, n_classes):
    """Classes 0 ... n_classes - 1 for random numbers (T, n), by rank: (T, n), in random order.

    Class c goes to ranks c, c + n_classes, ...: all are equally frequent, or nearly.
    """
    return np.argsort(np.argsort(numbers, axis=1), axis=1) % n_classes


def _checked_labels(_, name, labels):
    if not isinstance(labels, str) or labels not in LABELS:
        raise ValueError(f'{name} is {arguments.shown(labels)}; '
                         f'expected "binary" for 0 and 1, or "signs" for -1 and 1')
    return labels


class _TwoClasses(setting.WithSettings):
    """Tasks of two classes with an angle; subclasses make the points from standard normals.

    `_points` gives x (T, K + Q, D_in), and where the class is 1 (T, K + Q).

    noise: standard deviation of ε.  labels: "binary" for 0 and 1 (the logistic loss), "signs" for
    -1 and 1 (the hinges).
    """

    noise, labels = setting.real(at_least=0), setting.Setting(_checked_labels)

    def __init__(self, noise, labels):
        self.noise, self.labels = noise, labels

    def sample(self, rng, n_tasks=25, n_support=10, n_query=10):
        """Draw a batch of tasks.

        rng: a numpy.random.Generator.  n_tasks, n_support, n_query: T, K and Q, each at least 1;
        K and Q count the points of both classes together.

        Returns a Batch (float64) with x (T, K, D_in), y (T, K, 1) and the parameter angle, ψ in
        radians.  Raises TypeError or ValueError for a wrong argument.
        """
        T, K, Q = sizes(rng, n_tasks, n_support, n_query)
        normal = rng.standard_normal((T, 4 + (K + Q) * self._per_point))
        angle = 2 * np.pi * turns(normal[:, :2])  # (T,)
        points = normal[:, 4:].reshape(T, K + Q, -1)  # (T, K + Q, numbers for each point)
        x, positive = self._points(angle, normal[:, 2:4], points, K)
        y = self._label(positive)
        return Batch(x[:, :K], y[:, :K], x[:, K:], y[:, K:], {"angle": angle})

    def _label(self, positive):
        """True and False (...) as the numbers (..., 1) that stand for them."""
        zero, one = LABELS[self.labels]
        return np.where(positive, one, zero)[..., np.newaxis]


def _checked_plane(tasks, name, value):
    """A copy of e₁ and e₂, (2, d_in), that nobody changes."""
    plane = arguments.real_numbers(name, arguments.floating(name, value)).copy()
    arguments.shape(name, plane, (2, tasks.d_in))
    plane.setflags(write=False)
    return plane


class BoundaryTasks(_TwoClasses):
    """Which side of a hyperplane through 0?  Its normal lies in a plane that all tasks share.

    d_in: the dimension of x, at least 2.  noise: of the distance x·n, before its sign is taken.
    labels: "binary" or "signs".  plane_seed: what the plane is drawn from; `plane` (2, d_in) has
    the orthonormal e₁ and e₂.  x ~ N(0, I), so the classes are equally frequent only on average.

    Raises TypeError or ValueError for a wrong setting.
    """

    plane = setting.Setting(_checked_plane)
    d_in = setting.until("plane", partial(arguments.whole_number, minimum=2))
    plane_seed = setting.until("plane", arguments.seed_number)

    def __init__(self, d_in=10, noise=0.0, labels="binary", plane_seed=0):
        super().__init__(noise, labels)
        self.d_in, self.plane_seed = d_in, plane_seed
        e1, e2 = np.random.default_rng(self.plane_seed).standard_normal((2, self.d_in))
        e1 = e1 / np.linalg.norm(e1)
        e2 = e2 - (e2 @ e1) * e1
        self.plane = np.stack([e1, e2 / np.linalg.norm(e2)])  # (2, D_in)
        self._per_point = self.d_in + 1

    def truth(self, parameters, x):
        """The noiseless labels (..., K, 1) at x (..., K, D_in), for the angle (...)."""
        x = arguments.numbers("x", x)
        arguments.shape("x", x, (..., "K", self.d_in))
        return self._label(self._distance(parameter(parameters, "angle"), x) > 0)

    def _distance(self, angle, x):
        """x·n (..., K)."""
        normal = np.stack([np.cos(angle), np.sin(angle)], axis=-1) @ self.plane  # (..., D_in)
        return (x @ normal[..., np.newaxis])[..., 0]

    def _points(self, angle, coins, points, K):
        x = points[..., :-1]  # (T, K + Q, D_in)
        return x, self._distance(angle, x) + self.noise * points[..., -1] > 0  # [TASK.3]


class MoonTasks(_TwoClasses):
    """Two interleaved half-moons about 0, turned by a random angle; D_in = 2.

    noise: of both coordinates.  labels: "binary" or "signs".  The classes are as balanced as can
    be, in the support set and in the query set each; of an odd number, chance decides which class
    has one more.

    Raises TypeError or ValueError for a wrong setting.
    """

    _per_point = 5

    def __init__(self, noise=0.15, labels="binary"):
        super().__init__(noise, labels)

    def _points(self, angle, coins, points, K):
        lower = [(shuffled_classes(numbers, 2) + (coin > 0)) % 2 == 1 for numbers, coin in
                 ((points[:, :K, 0], coins[:, :1]), (points[:, K:, 0], coins[:, 1:]))]
        lower = np.concatenate(lower, axis=1)  # (T, K + Q), True for class 1
        t = np.pi * turns(points[..., 1:3])
        upper_moon = np.stack([np.cos(t), np.sin(t)], axis=-1)  # (T, K + Q, 2)
        lower_moon = np.array([1, 0.5]) - upper_moon
        moons = np.where(lower[..., np.newaxis], lower_moon, upper_moon)  # [TASK.4]
        x = moons - MOON_CENTRE + self.noise * points[..., 3:]
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.stack([cos, sin, -sin, cos], axis=-1).reshape(-1, 2, 2)  # (T, 2, 2), R(ψ)ᵀ
        return x @ turn, lower  # [TASK.5]
