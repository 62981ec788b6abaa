"""Working in blocks of tasks changes no number and bounds the memory, which is what the docstrings say."""

import tracemalloc

import numpy as np
import pytest
from conftest import MODELS, OWN_PARTS, each, random_batch, random_theta
from numpy.testing import assert_allclose
from test_05b_one_step import Definition

import tinymeta as tm
from tinymeta.checking.numerical import relative_error
from tinymeta.core.tasks import chunks

SETTINGS = {"two steps": dict(steps=2), "first-order": dict(steps=3, first_order=True),
            "a step size for each parameter": dict(steps=1, alpha="vector"), "one step": dict(steps=1)}


@pytest.mark.parametrize("size, expected", [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (100, [7])], ids=str)
def test_blocks_are_all_the_tasks_in_order(size, expected, rng):
    x, y = rng.random((7, 2, 1)), rng.random((7, 2, 1))
    parts = list(blocks(size, (x, y), (x + 1, y + 1)))
    assert [len(support[0]) for support, _ in parts] == expected
    for which, whole in enumerate(((x, y), (x + 1, y + 1))):
        for i in range(2):
            assert (np.concatenate([sets[which][i] for sets in parts]) == whole[i]).all()


@each({**MODELS, **OWN_PARTS})
@pytest.mark.parametrize("block", [1, 3, 7], ids="{} at a time".format)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_maml_in_blocks_is_maml(model, block, settings, rng):
    theta, batch = random_theta(model, rng), random_batch(model, rng, T=7)
    settings = {"alpha": 0.05, **settings}
    if settings["alpha"] == "vector":
        settings["alpha"] = rng.uniform(0, 0.1, model.n_params)
    loss, gradient = tm.MAML(Definition(model), **settings).meta_gradient(theta, batch)
    method = tm.MAML(model, **settings, block=block)
    in_blocks = method.meta_gradient(theta, batch)
    assert_allclose([in_blocks[0], method.meta_loss(theta, batch)], loss, rtol=1e-12)
    assert relative_error(gradient, in_blocks[1]) < 1e-12
    assert method.meta_gradient(theta.astype(np.float32), batch)[1].dtype == np.float32


@pytest.mark.parametrize("block", [1, 3, 7], ids="{} at a time".format)
def test_reptile_and_evaluation_in_blocks_are_the_same(block, rng):
    model = tm.MLP([1, 6, 5, 1], "tanh")
    theta, batch = random_theta(model, rng), random_batch(model, rng, T=7)
    whole, parts = (tm.Reptile(model, 0.05, 3, batch_size=2, block=n).meta_gradient(theta, batch) for n in (100, block))
    assert_allclose(parts[0], whole[0], rtol=1e-12)
    assert relative_error(whole[1], parts[1]) < 1e-12
    whole, parts = (tm.evaluate_batch(model, theta, batch, 0.05, 3, block=n) for n in (100, block))
    assert_allclose(parts.errors, whole.errors, rtol=1e-12)
    assert (parts.diverged == whole.diverged).all()


def test_the_complex_step_goes_through_all_of_maml_in_blocks(rng):
    model = tm.MLP([1, 5, 4, 1], "tanh")
    theta, batch = random_theta(model, rng), random_batch(model, rng, T=5)
    method = tm.MAML(model, 0.05, steps=2, block=2)
    v, gradient = rng.standard_normal(theta.size), method.meta_gradient(theta, batch)[1]
    assert_allclose(method.meta_loss(theta + 1e-20j * v, batch).imag / 1e-20, gradient @ v, rtol=1e-12)
    assert_allclose(method.meta_gradient(theta + 1e-20j * v, batch)[0].imag / 1e-20, gradient @ v, rtol=1e-12)


def peak(compute):
    """The largest number of bytes held at once; NumPy reports every array to tracemalloc."""
    compute()
    tracemalloc.start()
    compute()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def problem(T, K, width, dtype):
    rng = np.random.default_rng(0)
    model = tm.MLP([1, width, width, 1])
    batch = tm.SinusoidTasks().sample(rng, T, K, K)
    if dtype == np.float32:
        batch = tm.Batch(*(a.astype(dtype) for a in (batch.x_support, batch.y_support, batch.x_query, batch.y_query)))
    return model, model.init(rng, dtype), batch, model.n_params, K * 2 * width  # P and K U


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["single", "double"])
@pytest.mark.parametrize("T, K, width, S, block", [(25, 10, 40, 2, 100), (25, 10, 40, 5, 100), (30, 50, 40, 3, 10),
                                                   (25, 10, 100, 5, 5), (120, 10, 64, 2, 100)], ids=str)
def test_memory_is_what_the_docstrings_say_to_a_fifth(T, K, width, S, block, dtype):
    model, theta, batch, P, KU = problem(T, K, width, dtype)
    unit = min(T, block) * theta.itemsize
    maml, reptile = tm.MAML(model, 1e-3, S, block=block), tm.Reptile(model, 1e-3, S + 1, block=block)
    assert 0.8 < peak(lambda: maml.meta_gradient(theta, batch)) / (unit * ((S + 3) * P + (3 * S + 7) * KU)) < 1.2
    assert 0.8 < peak(lambda: reptile.meta_gradient(theta, batch)) / (unit * (3 * P + 3.2 * KU)) < 1.2
    evaluation = peak(lambda: tm.evaluate_batch(model, theta, batch, 1e-3, S + 1, block))
    assert 0.8 < evaluation / (unit * (2.7 * P + 5 * KU)) < 1.2


@pytest.mark.parametrize("T, K, width, block", [(25, 10, 40, 100), (25, 10, 100, 10), (200, 10, 64, 100),
                                                (200, 50, 40, 5)], ids=str)
def test_memory_with_one_step_is_what_the_docstring_says_to_a_fifth(T, K, width, block):
    model, theta, batch, _, KU = problem(T, K, width, np.float32)
    tasks = min(T, block, 2**19 // (4 * K * width))
    assert 0.8 < peak(lambda: tm.MAML(model, block=block).meta_gradient(theta, batch)) / (4 * tasks * 9 * KU) < 1.2


@pytest.mark.parametrize("steps", [1, 5], ids="{} steps".format)
def test_memory_does_not_grow_with_the_number_of_tasks_beyond_a_block(steps):
    held = {}
    for T in (100, 1000):
        model, theta, batch, *_ = problem(T, 10, 40, np.float32)
        held[T] = peak(lambda: tm.MAML(model, 1e-3, steps, block=25).meta_gradient(theta, batch))
    assert held[1000] < 1.2 * held[100]


def test_ten_thousand_tasks_with_a_large_network_stay_within_a_bound_that_can_be_set():
    model, tasks = tm.MLP([1, 200, 200, 1]), tm.SinusoidTasks()
    theta, K, block = model.init(np.random.default_rng(0), np.float32), 5, 20
    bound = block * 4 * (2.7 * model.n_params + 5 * K * 400)  # 10 MB; all at once, 5 GB
    tracemalloc.start()
    curve = tm.evaluate(model, theta, tasks, np.random.default_rng(1), 10_000, K, alpha=1e-3, steps=1, block=block)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    data = 10_000 * 2 * K * (2 * 8 + 2 * 4 + 8)  # the tasks themselves, and what drew them
    assert curve.errors.shape == (2, 10_000)
    assert held < 1.2 * bound + data
