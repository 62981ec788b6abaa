"""Few-shot image classes made by NumPy: glyphs of three strokes on 8 × 8 pixels.

A class is three strokes, line segments in the unit square, a little away from its edge.  An
example is the class written once more, never quite the same: every end jitters, the whole is
shifted, and a pen of width w = 0.09 draws it.  With d(z) the distance from the pixel centre z to
the nearest of the strokes, from a to b,

    [TASK.6]  ends ~ U[0.1, 0.9]²,   an example's: ends + N(0, 0.06²) + shift,  shift ~ N(0, 0.08²)
    [TASK.7]  d(z)² = min over strokes of |z - a - u (b - a)|²,
              u = (z - a)·(b - a) / |b - a|², held to [0, 1]
    [TASK.8]  x(z) = exp(-d(z)² / 2 w²)

x lies in [0, 1]: 1 is ink and 0 is paper.  The family is ours, after Omniglot (Lake et al. 2015,
"Human-level concept learning through probabilistic program induction"), whose classes are
handwritten characters; N-way K-shot as in Finn et al. 2017, Sec. 5.2.
"""

import numpy as np

from . import setting
from .batch import Batch
from .class_tasks import shuffled_classes, sizes, turns

SIDE = 8  # pixels
STROKES = 3
MARGIN = 0.1  # about a class's strokes; it decides how hard the tasks are
JITTER, SHIFT, PEN = 0.06, 0.08, 0.09
CENTRES = (np.arange(SIDE) + 0.5) / SIDE  # of the pixels, along either axis
PER_CLASS = STROKES * 4 * 2  # normals: two for each uniform number
PER_EXAMPLE = 1 + STROKES * 4 + 2  # normals: order, jitter, shift


class GlyphTasks(setting.WithSettings):
    """N-way K-shot classification of glyphs; every task has N new classes.

    ways: N, at least 2.  D_in = 64, D_out = N, y is one-hot: use tm.softmax.  Raises TypeError or
    ValueError for another N.
    """

    ways = setting.whole(minimum=2)

    def __init__(self, ways=5):
        self.ways = ways

    def sample(self, rng, n_tasks=16, n_support=1, n_query=5):
        """Draw a batch of tasks.

        rng: a numpy.random.Generator.  n_tasks: T.  n_support, n_query: the shots K and Q of EACH
        CLASS, as few-shot papers count: 5-way 1-shot is n_support=1 and has 5 support examples.
        Classes come in random order, so that minibatches are mixed.

        Returns a Batch (float64) with x (T, N K, 64), row by row of the image, and y (T, N K, N),
        likewise Q for the query set; it has no parameters.  Raises TypeError or ValueError for a
        wrong argument.
        """
        T, K, Q = sizes(rng, n_tasks, n_support, n_query)
        N = self.ways
        normal = rng.standard_normal((T, N * (PER_CLASS + (K + Q) * PER_EXAMPLE)))
        uniform = turns(normal[:, :N * PER_CLASS].reshape(T, N, STROKES, 4, 2))  # (T, N, 3, 4)
        ends = MARGIN + (1 - 2 * MARGIN) * uniform
        normal = normal[:, N * PER_CLASS:].reshape(T, N * (K + Q), PER_EXAMPLE)
        support, query = normal[:, :N * K, 0], normal[:, N * K:, 0]
        classes = np.hstack([shuffled_classes(order, N) for order in (support, query)])
        ends = ends[np.arange(T)[:, np.newaxis], classes]  # (T, N (K + Q), 3, 4)
        jitter = normal[..., 1:-2].reshape(ends.shape)
        shift = np.tile(normal[..., np.newaxis, -2:], 2)  # (T, N (K + Q), 1, 4), for both ends
        x = render(ends + JITTER * jitter + SHIFT * shift)  # (T, N (K + Q), 64)  [TASK.6]
        y = np.eye(N)[classes]  # (T, N (K + Q), N)
        return Batch(x[:, :N * K], y[:, :N * K], x[:, N * K:], y[:, N * K:])


def render(ends):
    """Images (..., 64) of strokes from a to b, ends (..., S, 4) = (a_x, a_y, b_x, b_y).

    A row of the image has one y, the first row the smallest; a column has one x.
    """
    a_x, a_y, b_x, b_y = (ends[..., i, np.newaxis] for i in range(4))  # (..., S, 1)
    x, y = CENTRES - a_x, CENTRES - a_y  # z - a, (..., S, 8)
    length = (b_x - a_x) ** 2 + (b_y - a_y) ** 2  # |b - a|², (..., S, 1)
    along = _plane(x * (b_x - a_x), y * (b_y - a_y))  # (z - a)·(b - a), (..., S, 64)
    u = np.clip(along / np.maximum(length, 1e-12), 0, 1)
    square = _plane(x * x, y * y) + u * (u * length - 2 * along)  # (..., S, 64)  [TASK.7]
    return np.exp(square.min(axis=-2) / (-2 * PEN**2))  # (..., 64)  [TASK.8]


def _plane(of_x, of_y):
    """of_x + of_y at every pixel, (..., S, 64), for (..., S, 8) each."""
    both = of_y[..., :, np.newaxis] + of_x[..., np.newaxis, :]  # (..., S, 8, 8)
    return both.reshape(*both.shape[:-2], SIDE * SIDE)
