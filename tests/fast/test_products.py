"""Matrix products in pieces: the same numbers, and never large enough to start threads."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinymeta as tm
from tinymeta.fast import products

ROOT = Path(__file__).resolve().parents[2]


class Recorder:
    """NumPy, which takes down the multiplications of each product, with and without a vector."""

    def __init__(self):
        self.sizes, self.with_vectors = [], []

    def __getattr__(self, name):
        return getattr(np, name)

    def matmul(self, a, b, out=None):
        vector = 1 in (a.shape[-2], b.shape[-1])
        sizes = self.with_vectors if vector else self.sizes
        sizes.append(a.shape[-2] * b.shape[-2] * b.shape[-1])
        return np.matmul(a, b, out)

    dot = matmul


@pytest.mark.parametrize("largest", [1, 12, 40, 100, 10**9], ids=str)
def test_pieces_change_nothing_and_are_as_small_as_asked(largest, rng, monkeypatch):
    recorder = Recorder()
    for name, value in {"LARGEST": largest, "LARGEST_VECTOR": largest // 2, "ROWS": 2,
                        "COLUMNS": 2, "np": recorder}.items():
        monkeypatch.setattr(products, name, value)
    for a, b in ((rng.random((7, 4)), rng.random((4, 3))),
                 (rng.random((2, 5, 4)), rng.random((2, 4, 3))),
                 (rng.random((4, 6)).T, rng.random((4, 3))),
                 (rng.random((1, 9)), rng.random((9, 5))),
                 (rng.random((11, 9)), rng.random((9, 1))),
                 (rng.random((7, 4)), rng.random((4, 3)) + 1j)):
        assert_allclose(products.product(a, b), a @ b, rtol=1e-14)
        whole = np.zeros(a.shape[:-1] + (b.shape[-1] + 2,), np.result_type(a, b))
        products.product(a, b, whole[..., 1:-1])
        assert_allclose(whole[..., 1:-1], a @ b, rtol=1e-14)
        assert (whole[..., [0, -1]] == 0).all()
    assert max(recorder.sizes, default=0) <= max(largest, 2)  # one row and two columns at least
    assert max(recorder.with_vectors) <= max(largest // 2, 2)


POINTS = [dict(), dict(T=1000), dict(T=100, K=20, width=100), dict(steps=2, K=50, width=200),
          dict(T=4, width=500), dict(first_order=True, T=200, dtype=float)]


def meta_gradient(T=25, K=10, width=40, steps=1, dtype=np.float32, first_order=False):
    rng = np.random.default_rng(0)
    model = tm.FastMLP([1, width, width, 1])
    batch, theta = tm.SinusoidTasks().sample(rng, T, K, K), model.init(rng, dtype)
    return lambda: tm.MAML(model, 0.01, steps, first_order).meta_gradient(theta, batch)


@pytest.mark.parametrize("point", POINTS, ids=str)
@pytest.mark.parametrize("version, matrices, vectors",
                         [("2.4.0", 2 * 2**18, 460_800), ("1.26.4", 2**18, 9_216)])
def test_no_product_is_large_enough_to_start_threads(point, version, matrices, vectors,
                                                     monkeypatch):
    recorder = Recorder()
    monkeypatch.setattr(products, "np", recorder)
    for name, bound in zip(("LARGEST", "LARGEST_VECTOR"), products.bounds(2, version)):
        monkeypatch.setattr(products, name, bound)
    meta_gradient(**point)()
    assert len(recorder.sizes) > 10 and max(recorder.sizes) <= matrices
    assert len(recorder.with_vectors) > 3 and max(recorder.with_vectors) < vectors


def test_with_one_thread_products_go_in_one_piece():
    code = "from tinymeta.fast import products; print(products.LARGEST, products.LARGEST_VECTOR)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                         env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    assert run.stdout.split() == ["inf", "inf"]


@pytest.mark.machine
@pytest.mark.skipif(sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
                    reason="needs two cores to tell")
def test_no_other_thread_does_any_work():
    code = """
import sys, time, numpy as np
sys.path[:0] = ["tests", "tests/fast"]
from test_products import POINTS, meta_gradient
time.sleep(0.3)  # threads that have just been made look for work at first
for point in POINTS:
    compute = meta_gradient(**point)
    compute()
    process, thread = time.process_time(), time.thread_time()
    for _ in range(5):
        compute()
    others = time.process_time() - process - (time.thread_time() - thread)
    assert others < 1e-3, (point, others)
"""
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=free, capture_output=True,
                         text=True)
    assert run.returncode == 0, run.stdout + run.stderr
