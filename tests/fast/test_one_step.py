"""The fast form of one-step MAML is the definition, to rounding, and is used where it may be."""

import numpy as np
import pytest
from conftest import NETWORKS, OWN_PARTS, each, random_batch, random_theta
from numpy.testing import assert_allclose

import tinymeta as tm
from tinymeta.fast import one_step
from tinymeta.checking.numerical import relative_error

WIDE = {**NETWORKS, **{name: make for name, make in OWN_PARTS.items() if not name.startswith("linear")},
        "without hidden layers": lambda: tm.MLP([2, 3]), "one wide layer": lambda: tm.MLP([1, 40, 1], "tanh")}


class Definition:
    """The same network with nothing but its passes: MAML then computes [MAML.1] to [MAML.3] step by step."""

    def __init__(self, model):
        self.n_params, self.at, self.check = model.n_params, model.at, model.check
        self.loss, self.gradient, self.hvp = model.loss, model.gradient, model.hvp


@each(WIDE)
@pytest.mark.parametrize("first_order", [False, True], ids=["exact", "first-order"])
@pytest.mark.parametrize("T, K, Q", [(3, 4, 5), (1, 1, 1), (2, 7, 2)], ids=str)
def test_it_is_the_definition_to_rounding(model, first_order, T, K, Q, rng):  # [ONE.1] [ONE.2] [ONE.3] [ONE.4] [ONE.5]
    theta, batch = random_theta(model, rng), random_batch(model, rng, T, K, Q)
    loss, gradient = tm.MAML(model, 0.1, first_order=first_order).meta_gradient(theta, batch)
    expected_loss, expected = tm.MAML(Definition(model), 0.1, first_order=first_order).meta_gradient(theta, batch)
    assert_allclose(loss, expected_loss, rtol=1e-13)
    assert relative_error(expected, gradient) < 1e-13


@each(WIDE)
def test_in_single_precision_too(model, rng):
    theta, batch = random_theta(model, rng).astype(np.float32), random_batch(model, rng)
    loss, gradient = tm.MAML(model, 0.05).meta_gradient(theta, batch)
    assert (loss.dtype, gradient.dtype) == (np.float32, np.float32)
    assert relative_error(tm.MAML(Definition(model), 0.05).meta_gradient(theta, batch)[1], gradient) < 1e-4


@pytest.mark.parametrize("K, Q", [(1, 2), (2, 1)], ids=["more queries", "more shots"])
@pytest.mark.parametrize("tasks, expected", [(0, [1] * 10), (4, [4, 4, 2]), (10, [10])],
                         ids=["a task a block", "uneven blocks", "one block"])
def test_blocks_of_tasks_change_nothing(tasks, expected, K, Q, rng, monkeypatch):
    model = tm.MLP([1, 20, 1], "tanh")
    theta, batch = random_theta(model, rng), random_batch(model, rng, 10, K, Q)
    loss, gradient = tm.MAML(model, 0.05).meta_gradient(theta, batch)
    calls = []
    monkeypatch.setattr(one_step, "_block", lambda *a, plain=one_step._block: calls.append(len(a[2][0])) or plain(*a))
    monkeypatch.setattr(one_step, "BLOCK_BYTES", tasks * 2 * 20 * 8)  # tasks × examples × width × bytes
    loss_in_blocks, in_blocks = tm.MAML(model, 0.05).meta_gradient(theta, batch)
    assert calls == expected
    assert_allclose(loss_in_blocks, loss, rtol=1e-13)
    assert relative_error(gradient, in_blocks) < 1e-13


@pytest.mark.parametrize("method, dtype, expected", [
    (lambda m: tm.MAML(m), float, True), (lambda m: tm.MAML(m, first_order=True), np.float32, True),
    (lambda m: tm.MAML(m, steps=2), float, False), (lambda m: tm.MAML(m, np.full(16, 0.1)), float, False),
    (lambda m: tm.MAML(m), complex, False)],
    ids=["one step", "first-order", "two steps", "a step size for each parameter", "complex parameters"])
def test_it_is_used_where_it_may_be_and_nowhere_else(method, dtype, expected, rng, monkeypatch):
    model, calls = tm.MLP([1, 5, 1]), []
    monkeypatch.setattr(tm.MLP, "one_step_meta_gradient",
                        lambda self, *a, plain=tm.MLP.one_step_meta_gradient: calls.append(1) or plain(self, *a))
    method(model).meta_gradient(random_theta(model, rng).astype(dtype), random_batch(model, rng))
    assert bool(calls) == expected
