"""The fast pass is the pass of mlp.py, to rounding; and its products start no threads."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import NETWORKS, OWN_PARTS, each, random_batch, random_data, random_theta, read_only
from numpy.testing import assert_allclose
from test_05b_one_step import Definition

import tinymeta as tm
from tinymeta.fast import fast_pass, one_step, products
from tinymeta.learners import mlp
from tinymeta.checking.numerical import relative_error

ROOT = Path(__file__).resolve().parents[2]
WIDE = {**NETWORKS, **{name: make for name, make in OWN_PARTS.items() if not name.startswith("linear")},
        "without hidden layers": lambda: tm.MLP([2, 3]), "one wide layer": lambda: tm.MLP([1, 40, 1], "tanh"),
        "a hidden layer of one": lambda: tm.MLP([1, 1, 3, 1])}


def both(model, theta, x, y):
    fast, plain = model.fast_at(theta, x, y), model.at(theta, x, y)
    assert isinstance(fast, fast_pass.FastPass) and isinstance(plain, mlp.MLPPass)
    return fast, plain


@each(WIDE)
@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("leading", [(), (3,)], ids=["shared parameters", "parameters for each task"])
def test_it_is_the_definition_to_rounding(model, kind, leading, rng):  # [FAST.1] [FAST.2] [FAST.3]
    theta, (x, y) = random_theta(model, rng, *leading), random_data(model, rng, 3)
    v = random_theta(model, rng, 3)
    if kind == "complex":
        theta, v = theta + 0.3j * random_theta(model, rng, *leading), v + 0.3j * random_theta(model, rng, 3)
    fast, plain = both(model, *read_only(theta, x, y))
    assert_allclose(fast.loss(), plain.loss(), rtol=1e-13)
    assert relative_error(plain.gradient(), fast.gradient()) < 1e-13
    assert relative_error(plain.hvp(v), fast.hvp(read_only(v))) < 1e-13
    assert relative_error(plain.hvp(v), fast.hvp(v)) < 1e-13  # and again from the same pass


@each(WIDE)
def test_in_single_precision_too(model, rng):
    theta, x, y = (a.astype(np.float32) for a in (random_theta(model, rng, 3), *random_data(model, rng, 3)))
    fast, plain = both(model, theta, x, y)
    for found, expected in ((fast.loss(), plain.loss()), (fast.gradient(), plain.gradient()),
                            (fast.hvp(theta), plain.hvp(theta))):
        assert found.dtype == np.float32
        assert relative_error(expected, found) < 1e-4


def test_at_the_kink_of_relu_too(rng):
    model = tm.MLP([1, 6, 5, 1])
    theta, (_, y), v = model.init(rng), random_data(model, rng, 3), random_theta(model, rng, 3)  # no bias, and x = 0:
    fast, plain = both(model, theta, np.zeros((3, len(y[0]), 1)), y)  # every z is 0, where φ' is 0
    assert_allclose(fast.gradient(), plain.gradient(), rtol=1e-13)
    assert_allclose(fast.hvp(v), plain.hvp(v), rtol=1e-13)
    assert np.count_nonzero(fast.gradient()) == 3  # the last bias of each task


@pytest.mark.parametrize("theta_axes, x_axes, kind", [
    ((), (), float), ((2, 3), (2, 3), float), ((3,), (1,), float), ((), (3,), complex)],
    ids=["one task", "two axes of tasks", "one data set for all", "complex data"])
def test_other_shapes_and_types_get_the_definition(theta_axes, x_axes, kind, rng):
    model = tm.MLP([1, 5, 1])
    x, y = random_data(model, rng, *x_axes)
    assert isinstance(model.fast_at(random_theta(model, rng, *theta_axes), x.astype(kind), y), mlp.MLPPass)


@pytest.mark.parametrize("compute", [
    lambda m, theta, b: tm.MAML(m, steps=2).meta_gradient(theta, b),
    lambda m, theta, b: tm.MAML(m).meta_gradient(theta, b),
    lambda m, theta, b: tm.Reptile(m).meta_gradient(theta, b),
    lambda m, theta, b: tm.evaluate_batch(m, theta, b, steps=2)], ids=["MAML", "one step", "Reptile", "evaluation"])
def test_it_is_what_the_methods_use(compute, rng, monkeypatch):
    model, batch = tm.MLP([1, 5, 1]), tm.SinusoidTasks().sample(rng, 3)
    monkeypatch.setattr(mlp, "MLPPass", None)
    compute(model, np.ones(model.n_params), batch)


class Doubled(tm.MLP):
    def at(self, theta, x, y):
        return super().at(theta, x, 2 * y)


class InheritsIt(Doubled):
    pass


class OnTheSide:
    def at(self, theta, x, y):
        return super().at(theta, x, 2 * y)


class FromTheSide(OnTheSide, tm.MLP):
    pass


class HalvedWeights(tm.MLP):  # of the last layer: the same as doubled targets, at four times the loss
    def layers(self, theta):
        *others, (W, b) = super().layers(theta)
        return [*others, (W / 2, b / 2)]


@pytest.mark.parametrize("kind, factor", [(Doubled, 1), (InheritsIt, 1), (FromTheSide, 1), (HalvedWeights, 4)])
def test_a_subclass_with_a_pass_of_its_own_is_heard(kind, factor, rng):
    model, plain, batch = kind([1, 5, 1]), tm.MLP([1, 5, 1]), tm.SinusoidTasks().sample(rng, 3)
    twice = tm.Batch(batch.x_support, 2 * batch.y_support, batch.x_query, 2 * batch.y_query)
    theta = random_theta(plain, rng)
    assert_allclose(factor * tm.MAML(model, 1e-9).meta_gradient(theta, batch)[0],
                    tm.MAML(plain, 1e-9).meta_gradient(theta, twice)[0], rtol=1e-6)  # steps too small to matter
    for steps in (1, 2):
        (loss, gradient), (expected_loss, expected) = (tm.MAML(m, 0.01, steps).meta_gradient(theta, batch)
                                                       for m in (model, Definition(model)))
        assert_allclose(loss, expected_loss, rtol=1e-12)
        assert relative_error(expected, gradient) < 1e-12


class Recorder:
    """NumPy, which also takes down the number of multiplications of each product, with and without a vector."""

    def __init__(self):
        self.sizes, self.with_vectors = [], []

    def __getattr__(self, name):
        return getattr(np, name)

    def matmul(self, a, b, out=None):
        vector = 1 in (a.shape[-2], b.shape[-1])
        (self.with_vectors if vector else self.sizes).append(a.shape[-2] * b.shape[-2] * b.shape[-1])
        return np.matmul(a, b, out)

    dot = matmul


STEP = tm.Activation("step", lambda z: (z > 0).astype(int), lambda z, a: np.ones_like(a), None, "he")
DOUBLE = tm.Activation("leaky", lambda z: np.where(z > 0, 1, 0.1) * z, lambda z, a: np.where(z > 0, 1, 0.1), None, "he")
LINEAR = tm.Loss("linear", lambda f, y: (f - y).mean((-2, -1)), lambda f, y: np.ones(f.shape[-2:]) / f[0].size,
                 lambda f, y, f_dot: np.zeros(f.shape[-2:]))
ODD = {"values that are whole numbers": dict(activation=STEP), "slopes in double precision": dict(activation=DOUBLE),
       "a loss with derivatives of fewer axes": dict(activation="tanh", loss=LINEAR)}


@pytest.mark.parametrize("parts", ODD.values(), ids=ODD)
@pytest.mark.parametrize("T, K", [(3, 5), (4, 4)], ids=str)
@pytest.mark.parametrize("dtype, tolerance", [(float, 1e-12), (np.float32, 1e-5)], ids=["double", "single"])
def test_own_parts_of_other_types_and_shapes(parts, T, K, dtype, tolerance, rng):
    model = tm.MLP([2, 6, 5, 3], **parts)
    theta, batch = random_theta(model, rng).astype(dtype), random_batch(model, rng, T, K, K)
    for steps in (1, 3):
        (loss, gradient), (expected_loss, expected) = (tm.MAML(m, 0.05, steps).meta_gradient(theta, batch)
                                                       for m in (model, Definition(model)))
        assert gradient.dtype == dtype
        assert_allclose(loss, expected_loss, rtol=tolerance)
        assert relative_error(expected, gradient) < tolerance


def test_infinite_inputs_of_relu_are_cut_off_as_in_the_definition(rng):
    model = tm.MLP([1, 5, 1])
    theta, (x, y) = random_theta(model, rng), random_data(model, rng, 3)
    theta[5] = -np.inf  # b_1 of one unit: it is never active
    fast, plain = both(model, theta, x, y)
    assert np.isfinite(fast.gradient()).all()
    assert_allclose(fast.gradient(), plain.gradient(), rtol=1e-13)


@pytest.mark.parametrize("largest", [1, 12, 40, 100, 10**9], ids=str)
def test_pieces_change_nothing_and_are_as_small_as_asked(largest, rng, monkeypatch):
    recorder = Recorder()
    for name, value in {"LARGEST": largest, "LARGEST_VECTOR": largest // 2, "ROWS": 2, "COLUMNS": 2,
                        "np": recorder}.items():
        monkeypatch.setattr(products, name, value)
    for a, b in ((rng.random((7, 4)), rng.random((4, 3))), (rng.random((2, 5, 4)), rng.random((2, 4, 3))),
                 (rng.random((4, 6)).T, rng.random((4, 3))), (rng.random((1, 9)), rng.random((9, 5))),
                 (rng.random((11, 9)), rng.random((9, 1))), (rng.random((7, 4)), rng.random((4, 3)) + 1j)):
        assert_allclose(products.product(a, b), a @ b, rtol=1e-14)
        whole = np.zeros(a.shape[:-1] + (b.shape[-1] + 2,), np.result_type(a, b))
        products.product(a, b, whole[..., 1:-1])
        assert_allclose(whole[..., 1:-1], a @ b, rtol=1e-14)
        assert (whole[..., [0, -1]] == 0).all()
    assert max(recorder.sizes, default=0) <= max(largest, 2)  # one row and two columns at the least
    assert max(recorder.with_vectors) <= max(largest // 2, 2)


POINTS = [dict(), dict(T=1000), dict(K=50), dict(width=200), dict(T=100, K=20, width=100), dict(steps=3, width=100),
          dict(steps=2, K=50, width=200), dict(T=4, width=500),
          dict(first_order=True, T=200), dict(dtype=float, width=100)]


def meta_gradient(T=25, K=10, width=40, steps=1, dtype=np.float32, first_order=False):
    rng = np.random.default_rng(0)
    model = tm.MLP([1, width, width, 1])
    batch = tm.SinusoidTasks().sample(rng, T, K, K)
    return lambda: tm.MAML(model, 0.01, steps, first_order).meta_gradient(model.init(rng, dtype), batch)


@pytest.mark.parametrize("point", POINTS, ids=str)
@pytest.mark.parametrize("version, matrices, vectors", [("2.4.0", 2 * 2**18, 460_800), ("1.26.4", 2**18, 9_216)])
def test_no_product_is_large_enough_to_start_threads(version, matrices, vectors, point, monkeypatch):
    recorder = Recorder()
    monkeypatch.setattr(products, "np", recorder)
    for name, bound in zip(("LARGEST", "LARGEST_VECTOR"), products.bounds(2, version)):
        monkeypatch.setattr(products, name, bound)
    meta_gradient(**point)()
    assert len(recorder.sizes) > 10 and max(recorder.sizes) <= matrices
    assert len(recorder.with_vectors) > 4 and max(recorder.with_vectors) < vectors


@pytest.mark.parametrize("setting, cores, expected", [
    ({}, 2, 2), ({}, 1, 1), ({"OPENBLAS_NUM_THREADS": "1"}, 8, 1), ({"OMP_NUM_THREADS": "1"}, 8, 1),
    ({"OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "1"}, 8, 4), ({"OMP_NUM_THREADS": "4"}, 1, 1),
    ({"OMP_NUM_THREADS": "0"}, 8, 8)], ids=str)
def test_it_knows_how_many_threads_there_may_be(setting, cores, expected, monkeypatch):
    for name in ("OPENBLAS", "GOTO", "OMP"):
        monkeypatch.delenv(f"{name}_NUM_THREADS", raising=False)
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(cores if process == 0 else 0)),
                        raising=False)
    assert products.threads() == expected


def test_with_one_thread_products_go_in_one_piece():
    code = "from tinymeta.fast import products; print(products.LARGEST, products.LARGEST_VECTOR)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                         env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    assert run.stdout.split() == ["inf", "inf"]


def test_the_fast_files_multiply_matrices_in_one_place_only():
    for module in (fast_pass, one_step):
        source = Path(module.__file__).read_text(encoding="utf-8").split('"""', 2)[2]
        assert not any(word in source for word in (" @ ", "np.matmul", "np.dot", "einsum"))


@pytest.mark.skipif(sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="needs two cores to tell")
def test_no_other_thread_does_any_work():
    code = """
import sys, time, numpy as np
sys.path.insert(0, "tests")
from test_05c_fast_pass import POINTS, meta_gradient
time.sleep(0.3)  # threads that have just been made look for work at first
for point in POINTS:
    compute = meta_gradient(**point)
    compute()
    process, thread = time.process_time(), time.thread_time()
    for _ in range(5):
        compute()
    others = time.process_time() - process - (time.thread_time() - thread)
    print(point, f"{others * 1e3:.1f} ms")
    assert others < 1e-3, (point, others)
"""
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=free, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
