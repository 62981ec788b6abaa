"""Memory: the state is the fast learner; steps are shots read."""

import numpy as np
import pytest
from conftest import random_batch
from numpy.testing import assert_allclose

import tinymeta as tm

RNN = tm.RNN(2, 5, 3)
METHOD = tm.Memory(RNN)


@pytest.fixture
def problem(rng):
    return 0.6 * rng.standard_normal(RNN.n_params), random_batch(RNN, rng, 4, 6, 7)


def test_the_meta_loss_is_that_of_the_whole_sequence_and_its_gradient_is_exact(
        problem):  # [MEMORY.1]
    omega, batch = problem
    x, y = (np.concatenate(sets, axis=1)
            for sets in ((batch.x_support, batch.x_query), (batch.y_support, batch.y_query)))
    loss, gradient = METHOD.meta_gradient(omega, batch)
    assert_allclose([loss, METHOD.meta_loss(omega, batch)],
                    RNN.loss(omega, x, y).mean(), rtol=1e-13)
    assert tm.check_gradient(lambda w: METHOD.meta_loss(w, batch), gradient, omega, METHOD)


@pytest.mark.parametrize("model", [RNN, tm.GRU(2, 5, 3)], ids=["RNN", "GRU"])
def test_the_state_s_pullback_is_its_transposed_jacobian(model, problem, rng):  # [MEMORY.3]
    method, batch = tm.Memory(model), problem[1]
    omega = 0.6 * rng.standard_normal(model.n_params)
    state, pullback = method.adapt(omega, batch.x_support, batch.y_support)
    assert state.shape == (4, 5 + 3)
    v, d = rng.standard_normal(state.shape), rng.standard_normal(omega.size)
    moved, _ = method.adapt(omega + 1e-20j * d, batch.x_support, batch.y_support)
    assert_allclose(pullback(v) @ d, (v * moved.imag / 1e-20).sum(axis=-1), rtol=1e-12)


def test_a_prediction_after_k_shots_is_the_next_one_of_the_sequence(problem):  # [MEMORY.2]
    omega, batch = problem
    f = METHOD.predictions(omega, batch.x_support, batch.y_support, batch.x_query, 6)
    assert f.shape == (7, 4, 7, 3)
    own = METHOD.predictions(np.tile(omega, (4, 1)), batch.x_support, batch.y_support,
                             batch.x_query, 6)  # each task with an ω of its own
    assert_allclose(own, f, rtol=1e-12)
    for k in (0, 1, 4, 6):
        for q in (0, 5):
            x = np.concatenate([batch.x_support[:, :k], batch.x_query[:, q:q + 1]], axis=1)
            y = np.concatenate([batch.y_support[:, :k], batch.y_query[:, q:q + 1]], axis=1)
            assert_allclose(f[k, :, q], RNN.predict(omega, x, y)[:, k], rtol=1e-12)
    losses = METHOD.losses(omega, batch.x_support, batch.y_support, batch.x_query, batch.y_query, 6)
    assert_allclose(losses, tm.squared_error.value(f, batch.y_query), rtol=1e-13)
    with pytest.raises(ValueError, match="steps is 7; expected at most 6"):
        METHOD.predictions(omega, batch.x_support, batch.y_support, batch.x_query, 7)


def test_tasks_are_kept_apart_and_precision_is_omega_s(problem):
    omega, batch = problem
    loss, gradient = METHOD.meta_gradient(omega, batch)
    singles = [METHOD.meta_gradient(omega, task) for task in batch]
    assert_allclose(gradient, np.mean([g for _, g in singles], axis=0), rtol=1e-10, atol=1e-14)
    assert [np.asarray(a).dtype
            for a in METHOD.meta_gradient(omega.astype(np.float32), batch)] == [np.float32] * 2


def test_another_model_is_refused():
    with pytest.raises(TypeError, match="rnn"):
        tm.Memory(tm.MLP([1, 4, 1]))
