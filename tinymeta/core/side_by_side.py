"""Chunks of tasks side by side, on several cores, where a chunk takes long enough.

Tasks are independent, and NumPy lets other threads run while it multiplies.  But each thread needs
the interpreter between two operations, so short ones only wait for each other.  Measured on two
cores, two threads against one, for MAML's meta-gradient, chunks of 100 tasks, float32
(benchmarks/crossover.py):

    width  points  steps  multiplications  ms a chunk  times as fast
       40   10+10      2        7 million         2.1           0.88
       40   10+10      5       18                 5.0           0.92
       40   50+50      2       35                 7.5           1.23
       40   50+50      5       88                16.9           1.48
      100   10+10      5      104                23.9           1.41
      200   10+10      2      163                54.3           1.78

So chunks share the cores from 60 million multiplications on; results are added in the order of the
chunks, and do not depend on the number of threads, not in one bit.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

WORTH = 60_000_000  # multiplications of a chunk


def threads():
    """How many threads there may be: the cores, or fewer where the environment says so."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    for name in ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(name, "")
        if value.isdecimal() and int(value) > 0:
            return min(cores, int(value))
    return cores


def each(function, chunks, work=0):
    """Yield function(*arrays) of each chunk, in order; in threads where it pays.

    chunks: lists of arrays.  work: multiplications of a chunk, 0 where one thread has to do all.
    Memory grows with the number of threads.
    """
    n = min(threads(), len(chunks)) if work >= WORTH else 1
    if n == 1:
        yield from (function(*arrays) for arrays in chunks)
        return
    settings = np.geterr()  # which threads do not inherit

    def quietly(arrays):
        with np.errstate(**settings):
            return function(*arrays)

    with ThreadPoolExecutor(n) as pool:
        yield from pool.map(quietly, chunks)
