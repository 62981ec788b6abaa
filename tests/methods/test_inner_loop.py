"""The inner loop: gradient descent on the support set, as a trajectory that leaves θ alone."""

import numpy as np
import pytest
from conftest import MODELS, each, random_data, random_theta, read_only
from numpy.testing import assert_allclose, assert_array_equal

import reference
import tinymeta as tm


@each(MODELS)
def test_each_step_subtracts_alpha_times_the_gradient(model, rng):  # [INNER.1]
    theta, (x, y) = random_theta(model, rng), random_data(model, rng)
    trajectory = tm.adapt(model, theta, x, y, alpha=0.05, steps=3)
    assert trajectory.shape == (4, model.n_params)
    assert_array_equal(trajectory[0], theta)
    for k in range(3):
        assert_allclose(trajectory[k + 1],
                        trajectory[k] - 0.05 * model.gradient(trajectory[k], x, y), rtol=1e-14)


def test_the_trajectory_is_that_of_the_reference_loop(rng):
    model = tm.MLP([1, 4, 3, 1], "tanh")
    theta, (x, y) = random_theta(model, rng), random_data(model, rng)
    expected = theta
    for _ in range(4):
        expected = expected - 0.1 * reference.gradient(
            lambda t: reference.loss(model.widths, "tanh", t, x, y), expected)
    assert_allclose(tm.adapt(model, theta, x, y, 0.1, 4)[-1], expected, rtol=1e-12)


def test_adaptation_lowers_the_support_loss_and_the_meta_parameters_stay(rng):
    model = tm.MLP([1, 20, 1], "tanh")
    theta, x, y = read_only(random_theta(model, rng), *random_data(model, rng))
    before = theta.copy()
    losses = model.loss(tm.adapt(model, theta, x, y, 0.01, 10), x, y)
    assert (np.diff(losses) < 0).all()
    assert_array_equal(theta, before)


@each(MODELS)
def test_a_batch_of_tasks_adapts_as_each_alone(model, rng):
    theta, (x, y) = random_theta(model, rng), random_data(model, rng, 3)
    together = tm.adapt(model, theta, x, y, 0.05, 2)
    assert together.shape == (3, 3, model.n_params)
    for t in range(3):
        assert_allclose(together[:, t], tm.adapt(model, theta, x[t], y[t], 0.05, 2), rtol=1e-12,
                        atol=1e-13)


@pytest.mark.parametrize("theta_axes, data_axes", [((3, ), (3, )), ((3, ), ()), ((2, 1), (3, )),
                                                   ((2, 3), (3, ))], ids=str)
def test_each_task_may_start_from_parameters_of_its_own(theta_axes, data_axes, rng):
    model = tm.MLP([1, 4, 1], "tanh")
    theta, (x, y) = random_theta(model, rng, *theta_axes), random_data(model, rng, *data_axes)
    axes = np.broadcast_shapes(theta_axes, data_axes)
    together = tm.adapt(model, theta, x, y, 0.05, 2)
    assert together.shape == (3, *axes, model.n_params)
    thetas = np.broadcast_to(theta, axes + (model.n_params,))
    xs, ys = (np.broadcast_to(a, axes + a.shape[-2:]) for a in (x, y))
    for i in np.ndindex(axes):
        assert_allclose(together[(slice(None), *i)],
                        tm.adapt(model, thetas[i], xs[i], ys[i], 0.05, 2), rtol=1e-12)


def test_zero_steps_return_theta_alone(rng):
    model = tm.Linear(1, 1)
    theta, (x, y) = random_theta(model, rng), random_data(model, rng, 3)
    assert_array_equal(tm.adapt(model, theta, x, y, 0.1, 0), np.broadcast_to(theta, (1, 3, 2)))


def test_minibatches_are_consecutive_examples_round_and_round(rng):
    model = tm.MLP([1, 4, 1], "tanh")
    theta, (x, y) = random_theta(model, rng), random_data(model, rng, 2, K=5)
    trajectory = tm.adapt(model, theta, x, y, alpha=0.1, steps=4, batch_size=2)
    expected = np.broadcast_to(theta, (2, model.n_params))
    for k, which in enumerate([[0, 1], [2, 3], [4, 0], [1, 2]]):
        expected = expected - 0.1 * model.gradient(expected, x[:, which], y[:, which])
        assert_allclose(trajectory[k + 1], expected, rtol=1e-13)


def test_a_minibatch_of_all_examples_is_the_full_batch(rng):
    model = tm.MLP([1, 4, 1])
    theta, (x, y) = random_theta(model, rng), random_data(model, rng)
    assert_array_equal(tm.adapt(model, theta, x, y, 0.1, 3),
                       tm.adapt(model, theta, x, y, 0.1, 3, batch_size=4))


def test_a_step_size_for_each_parameter_multiplies_elementwise(rng):
    model = tm.MLP([1, 4, 1], "tanh")
    theta, (x, y), alpha = random_theta(model, rng), random_data(model, rng), rng.uniform(
        0, 0.1, model.n_params)
    alpha[3] = 0.0
    trajectory = tm.adapt(model, theta, x, y, alpha, 2)
    assert_allclose(trajectory[1], theta - alpha * model.gradient(theta, x, y), rtol=1e-14)
    assert (trajectory[:, 3] == theta[3]).all() and (trajectory[2]
                                                     != theta)[np.arange(theta.size) != 3].all()
    equal = np.full(model.n_params, 0.07)
    assert_array_equal(tm.adapt(model, theta, x, y, equal, 2), tm.adapt(
        model, theta, x, y, 0.07, 2))


@pytest.mark.parametrize(
    "alpha", [0.05, np.float64(0.05), np.full(13, 0.05)], ids=["float", "np.float64", "vector"])
def test_single_precision_stays(alpha, rng):
    model = tm.MLP([1, 4, 1])
    theta, (x, y) = random_theta(model, rng).astype(np.float32), random_data(model, rng, 2)
    assert tm.adapt(model, theta, x, y, alpha, 2).dtype == np.float32


class Quadratic:
    """A learner's own model, nothing but the three methods: L = ½ θᵀAθ - bᵀθ, x = A and y = b."""

    def loss(self, theta, x, y):
        return (0.5 * (theta[..., None, :] @ x @ theta[..., None])[..., 0, 0]
                - (y[..., 0] * theta).sum(-1))

    def gradient(self, theta, x, y):
        return (x @ theta[..., None])[..., 0] - y[..., 0]

    def hvp(self, theta, x, y, v):
        return (x @ v[..., None])[..., 0]


def test_a_model_of_ones_own_needs_only_loss_gradient_and_hvp(rng):
    model, theta = Quadratic(), rng.standard_normal(3)
    A = rng.standard_normal((4, 3, 3))
    A, b = A @ A.swapaxes(-1, -2), rng.standard_normal((4, 3, 1))
    batch = tm.Batch(A, b, A, b)
    for steps in (1, 3):
        method = tm.MAML(model, alpha=0.05, steps=steps)
        assert tm.check_gradient(lambda t: method.meta_loss(t, batch),
                                 lambda t: method.meta_gradient(t, batch)[1], theta)
    assert tm.adapt(model, theta, A, b, 0.05, 2).shape == (3, 4, 3)
    assert tm.evaluate_batch(model, theta, batch, 0.05, 2).errors.shape == (3, 4)
    assert tm.Reptile(model, 0.05, 2).meta_gradient(theta, batch)[1].shape == (3,)
    assert tm.JointTraining(model).meta_gradient(theta, batch)[1].shape == (3,)
