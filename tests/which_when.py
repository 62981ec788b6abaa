"""The comparison of lesson 16: all methods, the same data, three seeds; writes its figures as JSON.

    python tests/which_when.py           about twelve minutes on two cores; rows that are there stay
    python tests/which_when.py --again   everything anew

Each method has the same number of iterations and tasks, and its own best inner step size and outer
learning rate of a few, chosen by the mean after ten steps on 600 other tasks than the 600 that it
is tested on: the best three with seed 0, and of these the best with three seeds.
"""

import argparse
import itertools
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a process a core
import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tinymeta as tm  # noqa: E402

KEPT = Path(__file__).resolve().parent / "results" / "which_when.json"
SEEDS, TEST, CHOICE = (0, 1, 2), 1000, 1001
WAVES = [1, 40, 40, 1]


class Few:
    """n tasks of 20 points each, drawn once; each time n_tasks of them, split anew or as always."""

    def __init__(self, tasks, n, seed, anew=True):
        batch = tasks.sample(np.random.default_rng([seed, n]), n, 10, 10)
        x_support, y_support, x_query, y_query = batch.arrays(np.zeros(1))
        self.n, self.anew = n, anew
        self.x = np.concatenate((x_support, x_query), axis=1)
        self.y = np.concatenate((y_support, y_query), axis=1)

    def sample(self, rng, n_tasks, n_support, n_query):
        tasks = rng.permutation(self.n)[:n_tasks]
        points = rng.permutation(20) if self.anew else np.arange(20)
        x, y = self.x[tasks][:, points], self.y[tasks][:, points]
        # joint training and Reptile learn from 20 support points and use no query
        return tm.Batch(x[:, :n_support], y[:, :n_support], x[:, -n_query:], y[:, -n_query:])


class Mixed:
    """Waves and lines, a coin for each task."""

    def __init__(self):
        self.kinds = tm.SinusoidTasks(), tm.LinearTasks((-1.0, 1.0), (-2.0, 2.0), (-5.0, 5.0))

    def sample(self, rng, n_tasks, n_support, n_query):
        waves, lines = (kind.sample(rng, n_tasks, n_support, n_query) for kind in self.kinds)
        coin = (rng.random(n_tasks) < 0.5)[:, np.newaxis, np.newaxis]
        pairs = zip(waves.arrays(np.zeros(1)), lines.arrays(np.zeros(1)))
        return tm.Batch(*(np.where(coin, wave, line) for wave, line in pairs))


class Fifths:
    """Another family with x and y over 5, for a memory's tanh."""

    def __init__(self, tasks):
        self.tasks = tasks

    def sample(self, rng, *sizes):
        batch = self.tasks.sample(rng, *sizes)
        return tm.Batch(*(array / 5 for array in batch.arrays(np.zeros(1))))


def methods(widths, loss, classes=False):
    """name -> (α -> the method, the α to choose from, how it is trained)."""
    net = tm.FastMLP(widths, loss=loss)
    S = 3 if classes else 1
    small = (0.1, 0.2, 0.4, 0.8) if classes else (0.001, 0.003, 0.01, 0.03)
    long = (0.05, 0.1, 0.2, 0.4, 0.8) if classes else (0.003, 0.01, 0.03, 0.1)
    found = {
        "from scratch": (lambda a: tm.JointTraining(net, a), long, None),
        "joint, fine-tuned": (lambda a: tm.JointTraining(net, a), long, "support"),
        "Reptile": (lambda a: tm.Reptile(net, a, 5), long[:-1], "support"),
        "first-order MAML": (lambda a: tm.MAML(net, a, S, True), small, "both"),
        "MAML": (lambda a: tm.MAML(net, a, S), small, "both"),
        "ANIL": (lambda a: tm.ANIL(net, a, S), small, "both"),
        "Meta-SGD": (lambda a: tm.MetaSGD(net, a, S), small, "both"),
        "Meta-SGD, positive": (lambda a: tm.MetaSGD(net, a, S, positive=True), small, "both")}
    if classes:
        features = tm.FastMLP(widths[:-1])
        return found | {"prototypes": (lambda a: tm.Prototypes(features), (1.0,), "both"),
                        "first-order, 4 steps": (lambda a: tm.MAML(net, a, 4, True), small,
                                                 "both")}
    context = tm.ContextMLP(widths, 4, loss=loss, network=tm.FastMLP)
    return found | {
        "from scratch, 1,000 steps": (lambda a: tm.JointTraining(net, a), long[:-1], None),
        "joint, 1,000 steps": (lambda a: tm.JointTraining(net, a), long[:-1], "support"),
        "CAVIA": (lambda a: tm.CAVIA(context, a), (0.1, 0.3, 1.0, 3.0), "both"),
        "ridge head": (lambda a: tm.RidgeHead(net, a), (0.1, 1.0), "both"),
        "memory, GRU": (lambda a: tm.Memory(tm.GRU(1, 40, 1)), (1.0,), "memory")}


def trained(method, how, rate, tasks, seed, iterations, n_tasks, K, Q):
    """ω after meta-training from Xavier's start, in single precision."""
    rng = np.random.default_rng(seed)
    omega = method.init(rng, np.float32, "xavier")
    if how is None:
        return omega
    K, Q = (K + Q, 1) if how == "support" else (K, Q)  # what learns from support gets all points
    optimizer = tm.Adam(tm.linear_schedule(rate, 0.0, iterations),
                        max_norm=1.0 if how == "memory" else 10.0)
    for step in tm.meta_train(method, tasks, omega, optimizer, iterations, rng, n_tasks, K, Q):
        omega = step.omega
    return omega


def cost(curves, classes):
    """By what a setting is chosen: the last mean; where tasks diverge with all, the median."""
    sign = -1 if classes else 1
    return (np.mean([sign * curve.mean[-1] for curve in curves]),
            np.mean([sign * curve.median[-1] for curve in curves]))


def numbers(curve, steps, factor):
    """What is kept of a curve: mean and median after some steps, diverged tasks at the end."""
    return {"steps": list(steps), "mean": [factor * float(curve.mean[k]) for k in steps],
            "median": [factor * float(curve.median[k]) for k in steps],
            "diverged": int(curve.n_diverged[-1])}


def row(name, training, testing, iterations=2_500, n_tasks=25, classes=False):
    """One method: its best α and learning rate at the last step, and three seeds with them.

    training: seed -> a family.
    """
    K, Q = (1, 5) if classes else (10, 10)
    widths, loss = ([64, 40, 40, 5], tm.softmax) if classes else (WAVES, tm.squared_error)
    metric = tm.accuracy if classes else None
    make, alphas, how = methods(widths, loss, classes)[name]
    steps = (0, 10, 1_000) if name.endswith("1,000 steps") else (0, 3 if classes else 1, 10)
    rates = (0.001, 0.003, 0.01) if classes else (0.003, 0.01, 0.03)
    factor, scaled = (25.0, Fifths) if how == "memory" else (1.0, lambda tasks: tasks)
    start = time.perf_counter()

    @cache
    def start_of(alpha, rate, seed):
        family = scaled(training(seed))
        return trained(make(alpha), how, rate, family, seed, iterations, n_tasks, K, Q)

    def run(setting, seed, stream):
        method, omega = make(setting[0]), start_of(*setting, seed)
        return tm.evaluate(method, omega, scaled(testing), np.random.default_rng(stream), 600,
                           K, Q, steps=steps[-1], metric=metric)

    tried = list(itertools.product(alphas, rates if how else rates[:1]))
    few = sorted(tried, key=lambda setting: cost([run(setting, 0, CHOICE)], classes))[:3]
    best = min(few, key=lambda setting: cost([run(setting, s, CHOICE) for s in SEEDS], classes))
    curves = [numbers(run(best, seed, TEST), steps, factor) for seed in SEEDS]
    return {"alpha": best[0], "rate": best[1], "alphas": list(alphas), "seeds": curves,
            "seconds": round(time.perf_counter() - start, 1)}


def rows():
    """key -> a function without arguments that measures it."""
    waves, glyphs, mixed = tm.SinusoidTasks(), tm.GlyphTasks(), Mixed()
    noisy, found = tm.SinusoidTasks(noise=1.0), {}

    def fixed(family):
        return partial(same, family)

    for name in methods(WAVES, tm.squared_error):
        found[f"waves: {name}"] = partial(row, name, fixed(waves), waves)
        found[f"mixed: {name}"] = partial(row, name, fixed(mixed), mixed)
        found[f"noise: {name}"] = partial(row, name, fixed(noisy), noisy)
    for name in methods([64, 40, 40, 5], tm.softmax, True):
        found[f"glyphs: {name}"] = partial(row, name, fixed(glyphs), glyphs, 800, 8, True)
    for n in (4, 16, 64, 256):
        for name in ("MAML", "joint, fine-tuned", "CAVIA", "ridge head", "memory, GRU"):
            found[f"{n} tasks: {name}"] = partial(row, name, partial(few, waves, n, True), waves)
    for n in (16, 64):
        for name in ("MAML", "ridge head", "memory, GRU"):
            training = partial(few, waves, n, False)
            found[f"{n} tasks, one split: {name}"] = partial(row, name, training, waves)
    return found


def same(family, seed):
    return family


def few(family, n, anew, seed):
    return Few(family, n, seed, anew)


def measured(key):
    return key, rows()[key]()


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--again", action="store_true", help="measure every row anew")
    again = options.parse_args().again
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() and not again else {}
    kept["made by"] = "python tests/which_when.py"
    kept["numpy"] = np.__version__
    kept.setdefault("rows", {})
    missing = [key for key in rows() if key not in kept["rows"]]
    with ProcessPoolExecutor() as pool:
        for i, (key, value) in enumerate(pool.map(measured, missing), start=1):
            kept["rows"][key] = value
            KEPT.write_text(json.dumps(kept, indent=1), encoding="utf-8")
            print(f"{i} of {len(missing)}: {key}, {value['seconds']} s", flush=True)


if __name__ == "__main__":
    main()
