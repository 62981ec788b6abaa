"""The inner loop: gradient descent on the support set, as a trajectory that leaves θ alone."""

import numpy as np
import pytest
from conftest import FEW, bare, each, random_data, random_theta, read_only
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm

MODEL = tm.MLP([1, 4, 3, 1], "tanh")


@each(FEW)
def test_each_step_subtracts_alpha_times_the_gradient(model, rng):  # [INNER.1]
    theta, x, y = read_only(random_theta(model, rng), *random_data(model, rng))
    trajectory = tm.adapt(model, theta, x, y, alpha=0.05, steps=3)
    assert trajectory.shape == (4, model.n_params)
    assert_array_equal(trajectory[0], theta)
    assert_array_equal(tm.adapt(model, theta, x, y, 0.05, 0), trajectory[:1])
    for before, after in zip(trajectory, trajectory[1:]):
        assert_allclose(after, before - 0.05 * model.gradient(before, x, y), rtol=1e-14)


@pytest.mark.parametrize("make", [lambda model: model, bare], ids=["a model", "three functions"])
@pytest.mark.parametrize("theta_axes, data_axes", [
    ((), (3,)), ((3,), (3,)), ((3,), ()), ((2, 1), (3,))], ids=str)
def test_each_task_adapts_as_alone_from_parameters_of_its_own(make, theta_axes, data_axes, rng):
    theta, alpha = random_theta(MODEL, rng, *theta_axes), rng.uniform(0, 0.1, MODEL.n_params)
    x, y = random_data(MODEL, rng, *data_axes)
    axes = np.broadcast_shapes(theta_axes, data_axes)
    together = tm.adapt(make(MODEL), theta, x, y, alpha, 2)
    assert together.shape == (3, *axes, MODEL.n_params)
    thetas = np.broadcast_to(theta, axes + (MODEL.n_params,))
    xs, ys = (np.broadcast_to(a, axes + a.shape[-2:]) for a in (x, y))
    for i in np.ndindex(axes):
        alone = tm.adapt(MODEL, thetas[i], xs[i], ys[i], alpha, 2)
        assert_allclose(together[(slice(None), *i)], alone, rtol=1e-12)


def test_minibatches_are_consecutive_examples_round_and_round(rng):
    theta, (x, y) = random_theta(MODEL, rng), random_data(MODEL, rng, 2, K=5)
    trajectory = tm.adapt(MODEL, theta, x, y, alpha=0.1, steps=4, batch_size=2)
    for k, which in enumerate([[0, 1], [2, 3], [4, 0], [1, 2]]):
        gradient = MODEL.gradient(trajectory[k], x[:, which], y[:, which])
        assert_allclose(trajectory[k + 1], trajectory[k] - 0.1 * gradient, rtol=1e-13)
    whole = tm.adapt(MODEL, theta, x, y, 0.1, 3, batch_size=5)
    assert_array_equal(whole, tm.adapt(MODEL, theta, x, y, 0.1, 3))


def test_a_step_size_for_each_parameter_multiplies_elementwise(rng):
    theta, (x, y) = random_theta(MODEL, rng), random_data(MODEL, rng)
    alpha = rng.uniform(0, 0.1, theta.size) * (np.arange(theta.size) != 3)
    trajectory = tm.adapt(MODEL, theta, x, y, alpha, 2)
    assert_allclose(trajectory[1], theta - alpha * MODEL.gradient(theta, x, y), rtol=1e-14)
    assert_array_equal((trajectory[2] == theta), np.arange(theta.size) == 3)  # 0 freezes one


@pytest.mark.parametrize("alpha", [0.05, np.float64(0.05), np.full(MODEL.n_params, 0.05)],
                         ids=["a float", "a np.float64", "a vector"])
def test_single_precision_stays_and_complex_targets_too(alpha, rng):
    theta, (x, y) = random_theta(MODEL, rng), random_data(MODEL, rng, 2)
    assert tm.adapt(MODEL, theta.astype(np.float32), x, y, alpha, 2).dtype == np.float32
    assert tm.adapt(MODEL, theta, x, y + 1j, alpha, 2).dtype == complex
