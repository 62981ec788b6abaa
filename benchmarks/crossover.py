"""Where threads over chunks of tasks begin to pay: `python benchmarks/crossover.py`.

Five chunks one after the other, and the same in threads, in turns; ratios of one run, medians of 9.
"""

import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import tinymeta as tm  # noqa: E402
from tinymeta.core import side_by_side  # noqa: E402


def seconds(compute):
    start = perf_counter()
    compute()
    return perf_counter() - start


def row(width, points, steps):
    """Multiplications of a chunk in millions, its milliseconds, times as fast in threads."""
    model, rng = tm.FastMLP([1, width, width, 1]), np.random.default_rng(0)
    theta = 0.1 * model.init(rng, np.float32)
    batch = tm.SinusoidTasks().sample(rng, 500, points, points)
    method = tm.MAML(model, 0.001, steps)
    work = method.work([array[:100] for array in batch.arrays(theta)], steps)
    alone, ratios = [], []
    for _ in range(9):
        side_by_side.WORTH = np.inf
        alone.append(seconds(lambda: method.meta_gradient(theta, batch)))
        side_by_side.WORTH = 0
        ratios.append(alone[-1] / seconds(lambda: method.meta_gradient(theta, batch)))
    return work / 1e6, 1e3 * median(alone) / 5, median(ratios)


print(f"{side_by_side.threads()} threads\nwidth  points  steps  million  ms a chunk  times as fast")
for setting in ((40, 10, 2), (40, 10, 5), (40, 50, 2), (40, 50, 5), (100, 10, 2), (100, 10, 5),
                (200, 10, 2), (200, 10, 5)):
    print("{:5} {:7} {:6} {:8.0f} {:11.1f} {:14.2f}".format(*setting, *row(*setting)), flush=True)
