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

from peers import CONTENDERS, Point, floor_seconds, problem  # noqa: E402

import tinymeta as tm  # noqa: E402

GRID = [Point(), Point(T=1), Point(T=4), Point(T=100), Point(T=1000), Point(K=5), Point(K=20), Point(K=50),
        Point(width=64), Point(width=100), Point(width=200), Point(steps=5), Point(dtype="float64"),
        Point(dtype="float64", steps=5), Point(T=100, K=20, width=100), Point(kind="fomaml"),
        Point(kind="reptile", steps=5), Point(kind="iteration")]
ONLY_MAML = ("torch batched", "torch.func", "torch loop")  # the peers that are measured on "maml" alone
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
               "floor": floor_seconds(point) if name == "tinymeta" and point.kind == "maml" else None}
        print(json.dumps(row), flush=True)


def relative_error(gradient, point):
    """Against the definition in double precision, computed step by step from the model's own passes."""
    model, theta, batch = problem(point._replace(dtype="float64"))
    theta = problem(point)[1].astype(float)
    if point.kind == "reptile":
        expected = tm.Reptile(model, 0.01, point.steps).meta_gradient(theta, batch)[1]
    else:
        method = tm.MAML(model, np.full(theta.size, 0.01), point.steps, first_order=point.kind == "fomaml")
        expected = np.mean([method.meta_gradient(theta, batch[i:i + 50])[1] * len(batch[i:i + 50])
                            for i in range(0, len(batch), 50)], axis=0) * -(-len(batch) // 50) / len(batch)
    return np.linalg.norm(gradient - expected) / np.linalg.norm(expected)


def run_all(rounds):
    """name, mode -> index -> list of rows, one a round; and the contenders that are not there, with the reason."""
    results, missing = {}, {}
    for r in range(rounds):
        for mode in ("one core", "default threads"):
            for name in CONTENDERS:
                if name in missing:
                    continue
                print(f"round {r + 1} of {rounds}, {mode}: {name}", file=sys.stderr, flush=True)
                process = subprocess.run([sys.executable, __file__, "--measure", name, "--mode", mode],
                                         capture_output=True, text=True)
                if process.returncode:
                    missing[name] = process.stderr.strip().splitlines()[-1]
                    continue
                for row in map(json.loads, process.stdout.splitlines()):
                    results.setdefault((name, mode), {}).setdefault(row["index"], []).append(row)
    return results, missing


def report(results, missing, rounds):
    """The text of README.md."""
    value = lambda name, mode, i: float(np.median([row["median"] for row in results[name, mode][i]])) * 1e6
    has = lambda name, i: all(i in results.get((name, mode), {}) for mode in ("one core", "default threads"))
    best = lambda name, i: min(value(name, mode, i) for mode in ("one core", "default threads")) if has(name, i) else None
    number = lambda x: "–" if x is None else f"{x:,.0f}"
    names = [name for name in CONTENDERS if name not in missing]
    lines = ["# Benchmarks", "", "Made by `python benchmarks/run.py` (peers: `pip install -r benchmarks/requirements.txt`).",
             "", f"{describe_machine()}. {versions(names)}.", "",
             "Microseconds for one exact meta-gradient, median of "
             f"{rounds} rounds; each contender with the better of its two settings, one core or default threads. "
             "The floor is the definition's matrix products alone at the rate of a 512 × 512 GEMM.", ""]
    lines += [f"| T | K | width | steps | dtype | what | {' | '.join(names)} | floor | jax / tinymeta |",
              "|---" * (8 + len(names)) + "|"]
    ratios = []
    for i, p in enumerate(GRID):
        ours, theirs = best("tinymeta", i), best("jax.jit", i) if "jax.jit" in names else None
        ratio = None if theirs is None else theirs / ours
        ratios += [ratio] if ratio and p.kind == "maml" else []
        floors = [row["floor"] for row in results["tinymeta", "one core"][i] if row["floor"]]
        cells = [number(best(name, i)) for name in names]
        lines.append(f"| {p.T} | {p.K} | {p.width} | {p.steps} | {p.dtype} | {p.kind} | {' | '.join(cells)} | "
                     f"{number(np.median(floors) * 1e6 if floors else None)} | {'–' if ratio is None else f'{ratio:.2f}'} |")
    if ratios:
        lines += ["", f"jax / tinymeta over the rows of maml: median {np.median(ratios):.2f}, least {min(ratios):.2f}."]
    lines += ["", "One core against default threads, at the first row:", "", "| | one core | default threads | spread of rounds |"
              " first call, ms |", "|---|---|---|---|---|"]
    for name in names:
        rows = [row["median"] * 1e6 for mode in ("one core", "default threads") for row in results[name, mode][0]]
        first = np.median([row["first"] for row in results[name, "one core"][0]]) * 1e3
        lines.append(f"| {name} | {number(value(name, 'one core', 0))} | {number(value(name, 'default threads', 0))} | "
                     f"{min(rows):,.0f} to {max(rows):,.0f} | {first:,.0f} |")
    lines += [""] + [f"Not measured: {name} ({reason})." for name, reason in missing.items()]
    return "\n".join(lines).rstrip() + "\n"


def describe_machine():
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"{model[0] if model else platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def versions(names):
    modules = ["numpy"] + ["jax"] * ("jax.jit" in names) + ["torch"] * ("torch batched" in names)
    return ", ".join([f"Python {platform.python_version()}"] + [f"{m} {__import__(m).__version__}" for m in modules])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender is measured (default: 3)")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--mode", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.mode)
    else:
        text = report(*run_all(arguments.rounds), arguments.rounds)
        (HERE / "README.md").write_text(text, encoding="utf-8")
        print(text)
