"""What docstrings promise about memory: counted on this machine."""

import platform
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import tinymeta as tm

pytestmark = pytest.mark.machine
ROOT = Path(__file__).resolve().parents[2]


def peak(compute):
    """The largest number of bytes held at once; NumPy reports every array to tracemalloc."""
    compute()
    tracemalloc.start()
    compute()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def problem(T, K, width, dtype=np.float32):
    rng = np.random.default_rng(0)
    model = tm.FastMLP([1, width, width, 1])
    theta, batch = model.init(rng, dtype), tm.SinusoidTasks().sample(rng, T, K, K)
    return model, theta, tm.Batch(*batch.arrays(theta)), model.n_params, K * 2 * width  # P, K U


@pytest.mark.parametrize("T, K, width, S, chunk, dtype", [
    (25, 10, 40, 2, 100, np.float32), (25, 10, 40, 5, 100, np.float64),
    (30, 50, 40, 3, 10, np.float32), (120, 10, 64, 2, 100, np.float64)], ids=str)
def test_memory_is_what_the_docstrings_say_to_a_fifth(T, K, width, S, chunk, dtype):
    model, theta, batch, P, KU = problem(T, K, width, dtype)
    unit = min(T, chunk) * theta.itemsize
    maml = tm.MAML(model, 1e-3, S, chunk=chunk)
    reptile = tm.Reptile(model, 1e-3, S + 1, chunk=chunk)
    of_maml = unit * ((S + 3) * P + (3 * S + 7) * KU)
    assert 0.8 < peak(lambda: maml.meta_gradient(theta, batch)) / of_maml < 1.2
    of_reptile = unit * (3 * P + 3.2 * KU)
    assert 0.8 < peak(lambda: reptile.meta_gradient(theta, batch)) / of_reptile < 1.2
    evaluation = peak(lambda: tm.evaluate_batch(model, theta, batch, 1e-3, S + 1, chunk=chunk))
    assert 0.8 < evaluation / (unit * (2.7 * P + 5 * KU)) < 1.2


@pytest.mark.parametrize("T, K, width, chunk", [
    (25, 10, 40, 100), (25, 10, 100, 10), (200, 10, 64, 100), (200, 50, 40, 5)], ids=str)
def test_memory_with_one_step_is_what_the_docstring_says_to_a_fifth(T, K, width, chunk):
    model, theta, batch, _, KU = problem(T, K, width)
    tasks = min(T, chunk)
    held = peak(lambda: tm.MAML(model, chunk=chunk).meta_gradient(theta, batch))
    assert 0.8 < held / (4 * tasks * 10 * KU) < 1.2


def test_ten_thousand_tasks_with_a_large_network_stay_within_a_bound_that_can_be_set():
    model, tasks = tm.FastMLP([1, 200, 200, 1]), tm.SinusoidTasks()
    theta, K, chunk = model.init(np.random.default_rng(0), np.float32), 5, 20
    bound = chunk * 4 * (2.7 * model.n_params + 5 * K * 400)  # 10 MB; all at once, 5 GB
    tracemalloc.start()
    rng = np.random.default_rng(1)
    tm.evaluate(model, theta, tasks, rng, 10_000, K, alpha=1e-3, steps=1, chunk=chunk)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    data = 10_000 * 2 * K * (2 * 8 + 2 * 4 + 8)  # the tasks themselves, and what drew them
    assert held < 1.2 * bound + data


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have other habits")
def test_freed_memory_is_kept_so_that_training_causes_no_page_faults():
    """What memory.py promises, counted; without its line the same code causes hundreds a step."""
    code = """
import resource, numpy as np, tinymeta as tm
rng = np.random.default_rng(0)
model = tm.MLP([1, 40, 40, 1])
method, theta, batch = tm.MAML(model, steps=5), model.init(rng), tm.SinusoidTasks().sample(rng)
faults = []
for _ in range(30):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    method.meta_gradient(theta, batch)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(int(np.median(faults)))
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert int(run.stdout) < 20, run.stderr
