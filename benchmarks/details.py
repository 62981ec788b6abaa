"""What stands behind the table of run.py: where the time goes, what bounds it, threads, memory, and what was tried."""

import os
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
from bare import bare
from peers import ALPHA, Point, arrays, problem, tinymeta

import tinymeta as tm
from tinymeta.fast import products

SECONDS = 0.5


def median(compute, seconds=SECONDS):
    """The median time of a call, in microseconds, after a few calls that do not count."""
    for _ in range(3):
        compute()
    times, begin = [], time.perf_counter()
    while time.perf_counter() - begin < seconds or len(times) < 5:
        start = time.perf_counter()
        compute()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e6


def mean(compute, seconds=2.0):
    """The mean time of a call, in microseconds."""
    compute()
    n, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        compute()
        n += 1
    return (time.perf_counter() - begin) / n * 1e6


def table(header, rows):
    cells = [" | ".join(str(cell) for cell in line) for line in [header, *rows]]
    return [f"| {cells[0]} |", "|---" * len(header) + "|"] + [f"| {line} |" for line in cells[1:]]


def shares():
    """Where the time of a whole training iteration goes."""
    model, theta, _ = problem(Point())
    rng, tasks, method, adam = np.random.default_rng(1), tm.SinusoidTasks(), tm.MAML(model, ALPHA), tm.Adam()
    batch = tasks.sample(rng)
    gradient = method.meta_gradient(theta, batch)[1]
    whole = tinymeta(Point(kind="iteration"))
    parts = {"sampling 25 tasks": lambda: tasks.sample(rng),
             "checks, and the batch in single precision": lambda: batch.arrays(method.one_vector(theta, batch)),
             "meta-gradient, with these": lambda: method.meta_gradient(theta, batch),
             "Adam": lambda: adam.step(theta, gradient), "whole iteration": whole}
    times = {name: [] for name in parts}
    for _ in range(5):  # by turns, so that a busy machine is busy for all
        for name, part in parts.items():
            times[name].append(median(part, 0.1))
    total = np.median(times["whole iteration"])
    rows = [[name, f"{np.median(t):.0f}", f"{100 * np.median(t) / total:.0f} %"] for name, t in times.items()]
    small = sum(np.median(times[name]) for name in ("sampling 25 tasks", "Adam")) / total
    return ["## Where the time of an iteration goes", "", "25 tasks of 10 + 10 points, width 40, one step, float32.  "
            f"Sampling and Adam together: {100 * small:.0f} %.", "The parts do not add up to the whole: by itself, "
            "each finds its data in the cache.", ""] + table(["part", "µs", "of an iteration"], rows)


class Recorder:
    """NumPy, but with a list of the matrix products that were asked for."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return getattr(np, name)

    def matmul(self, a, b, out=None):
        self.calls.append((a, b, np.matmul(a, b, out)))
        return self.calls[-1][2]

    dot = matmul


def products_of(compute):
    """The matrix products of a computation: a list of (a, b, result)."""
    products.np = recorder = Recorder()
    try:
        compute()
    finally:
        products.np = np
    return recorder.calls


def replay(calls):
    for a, b, out in calls:
        np.matmul(a, b, out)


def written_out(point, expected):
    """The function of no arguments that bare.py's program is at a point; it has to agree with `expected`."""
    _, theta, batch = problem(point)
    data = arrays(point, batch)
    error = np.linalg.norm(bare(point.width, theta, *data, ALPHA)[1] - expected) / np.linalg.norm(expected)
    if not error < 1e-5:
        raise AssertionError(f"bare.py at {point}: gradient differs by {error:.1e}")
    return lambda: bare(point.width, theta, *data, ALPHA)


def bounds(jax, grid):
    """What bounds the time: calls of NumPy on next to no data, matrix products alone, and a program with nothing else.

    jax: point -> its time in microseconds, or None.  grid: the points.
    """
    one, rows = np.zeros(1, np.float32), []
    add, product = median(lambda: np.add(one, one, out=one)), median(lambda: np.matmul(one[None], one[:, None]))
    for point in grid:
        if point.kind == "iteration":
            continue
        compute, empty = tinymeta(point), tinymeta(point._replace(T=1, K=1, width=2))
        calls = products_of(compute)
        parts = [compute, empty, lambda: replay(calls)]
        if point.T * point.K <= 250 and point.width == 40 and point.steps == 1 and point.kind == "maml":
            parts.append(written_out(point, compute()[1]))  # beyond, bare would start threads
        ours, least, products_alone, *bare_alone = np.median([[median(part, 0.15) for part in parts] for _ in range(3)],
                                                             axis=0)
        times = [jax(point), ours, least, products_alone, least + products_alone - product * len(products_of(empty)),
                 *(bare_alone or [None])]
        rows.append([*point] + ["–" if t is None else f"{t:,.0f}" for t in times])
    header = [*Point._fields, "jax", "tinymeta", "the calls alone", "the products alone", "both", "written out"]
    return BOUNDS.format(add=add, product=product).splitlines() + [""] + table(header, rows)


AVX512 = ("SkylakeX", "Cooperlake", "SapphireRapids")  # OpenBLAS's kernels that use it


def kernels(jax):
    """Which kernels OpenBLAS chose; and where the processor has faster ones, the times with those.

    jax: point -> its time in microseconds, or None.
    """
    def run(code, **environment):
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                              env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment})

    said = [line.split(":")[1].strip() for line in run("import numpy", OPENBLAS_VERBOSE="2").stderr.splitlines()
            if line.startswith("Core:")]
    lines = ["## Kernels", "", "OpenBLAS chooses its kernels by the name of the processor, here those named "
             f"{said[0] if said else 'unknown'}."]
    if not said or said[0] in AVX512 or "avx512f" not in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        return lines
    points = [Point(), Point(T=4), Point(T=100), Point(T=1000), Point(K=50), Point(width=100), Point(width=200),
              Point(steps=5), Point(dtype="float64"), Point(dtype="float64", steps=5), Point(T=100, K=20, width=100),
              Point(kind="fomaml"), Point(kind="reptile", steps=5)]
    code = ("import os, sys; os.sched_setaffinity(0, {0}); sys.path[:0] = %r; from details import median, tinymeta, Point;"
            "print([median(tinymeta(point)) for point in %r])" % (sys.path[:2], points))
    chosen, faster = (eval(run(code, **more).stdout) for more in ({}, {"OPENBLAS_CORETYPE": "SKYLAKEX"}))
    rows = [[*point, f"{a:,.0f}", f"{b:,.0f}", f"{jax(point) / b:.2f}" if jax(point) else "–"]
            for point, a, b in zip(points, chosen, faster)]
    header = [*Point._fields, "chosen kernels, µs", "AVX-512, µs", "jax / this"]
    return lines + KERNELS.splitlines() + [""] + table(header, rows)


def threads():
    """Time with and without threads in OpenBLAS, on a machine that is busy and one that is not."""
    code = ("import sys; sys.path[:0] = {paths!r}; from details import mean, tinymeta, Point;"
            "from tinymeta.fast import products; {setting};"
            "print([mean(tinymeta(Point(width=w))) for w in (40, 100, 200)])")
    rows = []
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    for busy in (0, 2):
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
        try:
            for name, setting in (("as it is", "pass"),
                                  ("products in one piece", "products.LARGEST = products.LARGEST_VECTOR = 1e15")):
                run = subprocess.run([sys.executable, "-c", code.format(paths=sys.path[:2], setting=setting)],
                                     capture_output=True, text=True, check=True, env=free)
                rows.append([name, busy, *(f"{t:,.0f}" for t in eval(run.stdout))])
        finally:
            for other in others:
                other.kill()
                other.wait()
    header = ["", "busy processes beside", "width 40, µs", "width 100, µs", "width 200, µs"]
    return THREADS.splitlines() + [""] + table(header, rows)


def peak(compute):
    compute()
    tracemalloc.start()
    compute()
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return held


def memory():
    """The formulas of the docstrings beside what NumPy held at most."""
    rows = []
    for T, K, width, S, chunk in ((25, 10, 40, 1, 100), (1000, 10, 40, 1, 100), (25, 10, 40, 5, 100),
                                  (100, 10, 40, 5, 100), (1000, 10, 40, 5, 100), (1000, 10, 200, 5, 20)):
        model, theta, batch = problem(Point(T, K, width, S))
        batch = tm.Batch(*arrays(Point(), batch))
        P, KU, tasks = model.n_params, K * 2 * width, min(T, chunk)
        maml = tasks * ((S + 3) * P + (3 * S + 7) * KU) if S > 1 else min(tasks, 2**19 // (4 * K * width)) * 10 * KU
        held = [peak(lambda: tm.MAML(model, 1e-4, S, chunk=chunk).meta_gradient(theta, batch)),
                peak(lambda: tm.evaluate_batch(model, theta, batch, 1e-4, max(S, 2), chunk=chunk))]
        formulas = [4 * maml, 4 * tasks * (2.7 * P + 5 * KU)]
        rows.append([T, K, width, S, chunk] + [f"{n / 1e6:.1f}" for pair in zip(formulas, held) for n in pair])
    header = ["T", "K", "width", "steps", "chunk", "MAML, formula", "measured", "evaluation, formula", "measured"]
    return MEMORY.splitlines() + [""] + table(header, rows)


BOUNDS = """## What bounds it

Microseconds with default threads.  The calls alone: the same code with one task, one point and width 2 has nothing to
compute.  The cheapest call of NumPy takes {add:.2f} µs here, a matrix product of one number {product:.2f}; a compiler pays
neither.  The products alone: those matrix products that the computation asked for, made again one after the other.  Both:
their sum, with the calls of products counted once, which leaves no time at all for elementwise operations; each of these
reads and writes whole arrays, where a compiler merges them.  Written out: [bare.py](bare.py), the same operations for this
one network without a loop, a check or a choice, the least that NumPy can do as far as we know.  What tinymeta takes
beyond it is the price of being general and readable.

Where the products alone or the written-out program take longer than jax, no NumPy program that makes these products is as
fast on this machine; where only both do, one with this many calls is not.
"""

KERNELS = """The processor has AVX-512 too, which they do not use; jax compiles for what it finds.  OpenBLAS can be told to,
by OPENBLAS_CORETYPE=SKYLAKEX before Python starts.  One core:
"""

THREADS = """## Threads

Default settings, no variable set.  As it is, no product is large enough for OpenBLAS to start threads (products.py);
in one piece, it starts them from width 64 on.  Beside are processes that do nothing but compute.  Means, since threads
that wait for each other cost little often and much sometimes.
"""

MEMORY = """## Memory

With U hidden units in all, B = min(T, chunk) tasks at a time, ReLU and as many query as support points, in numbers of
θ's type: a meta-gradient through S > 1 steps holds B ((S + 3) P + (3 S + 7) K U), through one step at most 10 B K U,
Reptile B (3 P + 3.2 K U), an evaluation B (2.7 P + 5 K U).  `chunk` is an argument of all of them.  Megabytes, float32:
"""

TRIED = """## Tried and not kept

Microseconds at 25 tasks of 10 + 10 points, width 40, float32, unless said otherwise, on the machine on which it was
tried: medians of many repeats, single operations by themselves.

- Two threads, each with half of the tasks: 626 instead of 369 at T = 25, 23,600 instead of 22,600 at T = 1000.  The
  operations are too short to hand over Python's lock between them.
- Tasks of many iterations drawn at once: the draw itself is 2 of the 36 µs of sampling, so there is nothing to gain
  that would be worth a generator that does not stand where a checkpoint needs it.
- Examples as columns instead of rows.  A shared product gains (6.8 instead of 9.2), but the products of single tasks
  lose more (11.8 instead of 4.0 for a K × K matrix times K × 40).
- A copy of each task's transposed weights: 11 for the copy, which saves 5 of each product with it.
- Stacking the three factors of the last sum into one product: 24 instead of 3 × 7.4, before stacking.
- float masks by np.heaviside (44) or np.sign (5) instead of a comparison and a cast (2.5); np.where (9) instead of
  a product with the mask (2.4).
- ReLU as the product z φ'(z): 5.6 instead of 7 with np.maximum for all of an activation, but -∞ · 0 is not 0.
- Large products in blocks of whole rows: 4,050 instead of 2,480 at width 200, where a piece is 40 rows of everything.
- The first layer as a matrix of rank K too: equal (17 instead of 16 for what the layer takes).
- Whole one-step MAML as one long function without classes: 250 instead of 264, 5 %.
- A bias added by itself instead of a 1 appended to the inputs: equal in the forward pass, and the sum over examples
  (5.8) comes on top in the backward pass.
- Smaller blocks of tasks in one_step.py: 1,722 instead of 1,193 at T = 100 with an eighth of the size; half the size:
  1 to 5 % slower from T = 100 on; twice the size: equal.
- Adapted weights never formed where K is as large as the layer: 2,137 instead of 1,500 at K = 50.  Which of the two
  is smaller now decides.
- Forgetting each pass of MAML's several inner steps as soon as it has served: no gain beyond noise (for Reptile 5 %,
  and kept).
- Adam in place, not even tried: all its arithmetic takes 10 of an iteration's 450 µs, too little to give up that the
  arrays of a checkpoint never change."""


def sections(jax, grid):
    """All of it, as lines of text.  jax: point -> its time in microseconds, or None.  grid: the points measured."""
    lines = []
    for section, given in ((shares, ()), (bounds, (jax, grid)), (kernels, (jax,)), (threads, ()), (memory, ())):
        print(section.__doc__.splitlines()[0], file=sys.stderr, flush=True)
        lines += [""] + section(*given)
    return lines + ["", *TRIED.splitlines()]
