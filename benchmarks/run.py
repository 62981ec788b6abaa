"""python benchmarks/run.py: tinymeta beside its peers, on the same numbers, in one run; writes README.md.

Each contender runs in a process of its own, pinned to one core or with default threads, several rounds
in turn.  Results are compared to 1e-5 of tinymeta's in double precision before any timing counts.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import details  # noqa: E402
from peers import CONTENDERS, Point, floor_seconds, problem  # noqa: E402

import tinymeta as tm  # noqa: E402

GRID = [Point(), Point(T=1), Point(T=4), Point(T=100), Point(T=1000), Point(K=5), Point(K=20), Point(K=50),
        Point(width=64), Point(width=100), Point(width=200), Point(steps=5), Point(dtype="float64"),
        Point(dtype="float64", steps=5), Point(T=100, K=20, width=100), Point(kind="fomaml"),
        Point(kind="reptile", steps=5), Point(kind="iteration")]
ONLY_MAML = ("torch.func", "torch loop")  # the peers that are measured on "maml" alone
MODES = ("one core", "default threads")
SECONDS = 0.4  # of timing for each contender, point and round


def measure(name, mode):
    """In a process of its own: print one line of JSON for each point of the grid."""
    if mode == "one core":
        os.sched_setaffinity(0, {0})
    for index, point in enumerate(GRID):
        if name in ONLY_MAML and (point.kind != "maml" or (name == "torch loop" and point.T > 100)):
            continue
        start = time.perf_counter()
        compute = CONTENDERS[name](point)
        _, gradient = compute()[:2] if point.kind != "iteration" else (compute(), None)
        first = time.perf_counter() - start  # with compilation
        error = None if gradient is None else relative_error(np.asarray(gradient, dtype=float), point)
        if error is not None and not error <= 1e-5:
            sys.exit(f"{name} at {point}: gradient differs by {error:.1e} from tinymeta's in double precision")
        compute()
        times, begin = [], time.perf_counter()
        while time.perf_counter() - begin < SECONDS or len(times) < 5:
            start = time.perf_counter()
            compute()
            times.append(time.perf_counter() - start)
        row = {"index": index, "median": float(np.median(times)), "first": first,
               "spread": float(np.subtract(*np.quantile(times, [0.75, 0.25]))) / 2,
               "floor": floor_seconds(point) if name == "tinymeta" and point.kind == "maml" else None}
        print(json.dumps(row), flush=True)


def relative_error(gradient, point):
    """Against the definition, tm.MLP, in double precision."""
    model, _, batch = problem(point._replace(dtype="float64"))
    model = tm.MLP(model.widths)
    theta = problem(point)[1].astype(float)
    if point.kind == "reptile":
        expected = tm.Reptile(model, 0.01, point.steps).meta_gradient(theta, batch)[1]
    else:
        method = tm.MAML(model, 0.01, point.steps, first_order=point.kind == "fomaml")
        expected = method.meta_gradient(theta, batch)[1]
    return np.linalg.norm(gradient - expected) / np.linalg.norm(expected)


def run_all(rounds):
    """name, mode -> index -> list of rows, one a round; and the contenders that are not there, with the reason."""
    results, missing = {}, {}
    for r in range(rounds):
        for mode in MODES:
            for name in CONTENDERS:
                if name in missing:
                    continue
                print(f"round {r + 1} of {rounds}, {mode}: {name}", file=sys.stderr, flush=True)
                threads = {"OPENBLAS_NUM_THREADS": "1"} if mode == MODES[0] else {}
                process = subprocess.run([sys.executable, __file__, "--measure", name, "--mode", mode],
                                         capture_output=True, text=True, env={**os.environ, **threads})
                if process.returncode:
                    missing[name] = process.stderr.strip().splitlines()[-1]
                    continue
                for row in map(json.loads, process.stdout.splitlines()):
                    results.setdefault((name, mode), {}).setdefault(row["index"], []).append(row)
    return results, missing


HEAD = """# Benchmarks

Made by `python benchmarks/run.py` (peers: `pip install -r benchmarks/requirements.txt`).

{machine}. {versions}.

Microseconds for one exact meta-gradient: median of the calls in the least disturbed of {rounds} rounds, ± half their
interquartile range; each contender with the better of its two settings, one core or default threads.  Every gradient
was compared with the definition in double precision first, and agrees to 1e-5.  The floor is the definition's matrix
products alone at the best rate of a 512 × 512 GEMM on one core.  fomaml is first-order MAML; an iteration is sampling,
the meta-gradient and Adam.  torch.func and the torch loop are measured on MAML alone.
"""


class Results:
    """The least disturbed round of what was measured: name, mode -> index -> list of rows."""

    def __init__(self, results):
        self.results = results

    def value(self, name, mode, i, key="median"):
        """In microseconds, or None where it was not measured."""
        rows = self.results.get((name, mode), {}).get(i)
        return min(rows, key=lambda row: row["median"])[key] * 1e6 if rows else None

    def best(self, name, i):
        """(median, half the interquartile range) in the better setting, or None."""
        found = [(self.value(name, mode, i), self.value(name, mode, i, "spread")) for mode in MODES
                 if self.value(name, mode, i) is not None]
        return min(found) if found else None

    def ratios(self, name, kinds=("maml",)):
        """How many times as fast as this peer tinymeta is, at the points of these kinds."""
        return [self.best(name, i)[0] / self.best("tinymeta", i)[0] for i, p in enumerate(GRID)
                if p.kind in kinds and self.best(name, i)]


def number(x):
    return "–" if x is None else f"{x:,.0f}"


def report(results, missing, rounds):
    """The text of README.md."""
    R, names = Results(results), [name for name in CONTENDERS if name not in missing]
    lines = HEAD.format(machine=describe_machine(), versions=versions(names), rounds=rounds).splitlines() + [""]
    lines += grid_table(R, names) + [""] + summary(R, names) + [""] + settings_table(R, results, names)
    return "\n".join(lines + [""] + [f"Not measured: {name} ({reason})." for name, reason in missing.items()]).rstrip()


def grid_table(R, names):
    lines = [f"| T | K | width | steps | dtype | what | {' | '.join(names)} | floor | jax / tinymeta |",
             "|---" * (8 + len(names)) + "|"]
    for i, p in enumerate(GRID):
        cells = ["–" if R.best(name, i) is None else "{:,.0f} ± {:,.0f}".format(*R.best(name, i)) for name in names]
        floor = R.value("tinymeta", "one core", i, "floor") if p.kind == "maml" else None
        ratio = f"{R.best('jax.jit', i)[0] / R.best('tinymeta', i)[0]:.2f}" if R.best("jax.jit", i) else "–"
        lines.append(f"| {' | '.join(map(str, p))} | {' | '.join(cells)} | {number(floor)} | {ratio} |")
    return lines


def summary(R, names):
    """Ratios to each peer."""
    lines = ["| how many times as fast as | median, MAML | least | most | median, all rows |", "|---|---|---|---|---|"]
    for name in names[1:]:
        maml, rows = R.ratios(name), R.ratios(name, ("maml", "fomaml", "reptile", "iteration"))
        lines.append(f"| {name} | {np.median(maml):.2f} | {min(maml):.2f} | {max(maml):.2f} | {np.median(rows):.2f} |")
    return lines


def settings_table(R, results, names):
    lines = ["One core against default threads, at the first row:", "",
             "| | one core | default threads | spread of rounds | first call, ms |", "|---|---|---|---|---|"]
    for name in names:
        rows = [row["median"] * 1e6 for mode in MODES for row in results[name, mode][0]]
        lines.append(f"| {name} | {number(R.value(name, MODES[0], 0))} | {number(R.value(name, MODES[1], 0))} | "
                     f"{min(rows):,.0f} to {max(rows):,.0f} | {R.value(name, MODES[0], 0, 'first') / 1e3:,.0f} |")
    return lines + ["", "The first call of jax.jit compiles."]


def describe_machine():
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"{model[0] if model else platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def versions(names):
    modules = ["numpy"] + ["jax"] * ("jax.jit" in names) + ["torch"] * ("torch batched" in names)
    told = [f"Python {platform.python_version()}"] + [f"{m} {__import__(m).__version__}" for m in modules]
    kernels = os.environ.get("OPENBLAS_CORETYPE")
    return ", ".join(told + [f"OPENBLAS_CORETYPE={kernels}"] * bool(kernels))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender is measured (default: 3)")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--mode", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.mode)
    else:
        measured = run_all(arguments.rounds)
        best = Results(measured[0]).best
        jax = lambda point: (best("jax.jit", GRID.index(point)) or [None])[0]  # noqa: E731
        text = "\n".join([report(*measured, arguments.rounds), *details.sections(jax, GRID)]) + "\n"
        (HERE / "README.md").write_text(text, encoding="utf-8")
        print(text)
