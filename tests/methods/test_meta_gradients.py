"""MAML, Reptile and joint training: exact meta-gradients, and controls that must fail."""

import numpy as np
import pytest
from conftest import FEW, VARIED, each, random_batch, random_theta
from numpy.testing import assert_allclose, assert_array_equal

import reference
import tinymeta as tm
from tinymeta.checking.numerical import relative_error

STEPS = pytest.mark.parametrize("steps", [1, 2, 5], ids=["1 step", "2 steps", "5 steps"])
TANH = tm.MLP([2, 4, 3, 2], "tanh")


def check(method, theta, batch, claimed=None):
    claimed = claimed or method
    return tm.check_gradient(lambda t: method.meta_loss(t, batch),
                             lambda t: claimed.meta_gradient(t, batch)[1], theta, method.model)


def tasks_of(batch):
    return list(zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query))


@STEPS
@each(VARIED)
def test_the_meta_gradient_passes_both_numerical_derivatives(model, steps, rng):
    """[META.1] [MAML.1] [MAML.2] [MAML.3]"""
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    report = check(tm.MAML(model, 0.1 / model.d_in, steps), theta, batch)
    assert report, report


@STEPS
def test_loss_and_meta_gradient_are_those_of_the_reference(steps, rng):
    model = tm.MLP([2, 3, 2], "tanh")
    theta, batch = random_theta(model, rng), random_batch(model, rng, T=2, K=3, Q=2)
    right_loss, right = reference.maml(model.widths, "tanh", theta, tasks_of(batch), 0.1, steps)
    loss, gradient = tm.MAML(model, 0.1, steps).meta_gradient(theta, batch)
    assert_allclose(loss, right_loss, rtol=1e-12)
    assert relative_error(right, gradient) < 1e-8


def test_a_step_size_for_each_parameter_passes_too(rng):
    theta, batch = random_theta(TANH, rng), random_batch(TANH, rng)
    report = check(tm.MAML(TANH, rng.uniform(0, 0.2, theta.size), 3), theta, batch)
    assert report, report


@each(FEW)
def test_the_first_order_gradient_fails_the_check_of_the_exact_one(model, rng):
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    exact, first_order = (tm.MAML(model, 0.05, 2, first_order=f) for f in (False, True))
    report = check(exact, theta, batch, claimed=first_order)
    assert not report and min(report.errors.values()) > 1e-3


@each(FEW)
def test_first_order_is_the_query_gradient_at_the_adapted_parameters(model, rng):
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    adapted = tm.adapt(model, theta, batch.x_support, batch.y_support, 0.05, 2)[-1]  # (T, P)
    loss, gradient = tm.MAML(model, 0.05, 2, first_order=True).meta_gradient(theta, batch)
    query = batch.x_query, batch.y_query
    assert relative_error(model.gradient(adapted, *query).mean(axis=0), gradient) < 1e-12
    assert_allclose(loss, model.loss(adapted, *query).mean(), rtol=1e-12)


@each(FEW)
def test_joint_training_is_the_mean_gradient_without_adaptation(model, rng):  # [JOINT.1]
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    loss, gradient = tm.JointTraining(model).meta_gradient(theta, batch)
    gradients = [model.gradient(theta, x, y) for x, y, _, _ in tasks_of(batch)]
    assert relative_error(np.mean(gradients, axis=0), gradient) < 1e-12
    assert_allclose(loss, model.loss(theta, batch.x_support, batch.y_support).mean(), rtol=1e-12)


@each(FEW)
def test_reptile_is_theta_minus_where_training_ends(model, rng):  # [REPTILE.1]
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    loss, gradient = tm.Reptile(model, 0.05, steps=3).meta_gradient(theta, batch)
    adapted = tm.adapt(model, theta, batch.x_support, batch.y_support, 0.05, 3)[-1]
    assert relative_error((theta - adapted).mean(axis=0), gradient) < 1e-12
    assert_allclose(loss, model.loss(adapted, batch.x_query, batch.y_query).mean(), rtol=1e-12)


@each(FEW)
def test_reptile_with_one_step_is_joint_training_and_with_two_is_not(model, rng):
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    joint = tm.JointTraining(model).meta_gradient(theta, batch)[1]
    one, two = (tm.Reptile(model, 0.05, steps).meta_gradient(theta, batch)[1] for steps in (1, 2))
    assert relative_error(one, 0.05 * joint) < 1e-13
    assert relative_error(two, 0.10 * joint) > 1e-3


def test_the_oracle_sees_amplitude_and_phase_beside_x():
    class Single:
        def sample(self, *sizes):
            batch = tm.SinusoidTasks().sample(*sizes)
            return tm.Batch(*batch.arrays(np.zeros(1, np.float32)), batch.parameters)

    plain, told = (tasks.sample(np.random.default_rng(3), 4, 3, 2)
                   for tasks in (Single(), tm.OracleTasks(Single())))
    assert list(told.parameters) == ["amplitude", "phase"]
    assert_array_equal(told.y_support, plain.y_support)
    assert_array_equal(told.y_query, plain.y_query)
    for mine, x in ((told.x_support, plain.x_support), (told.x_query, plain.x_query)):
        A, psi = (np.broadcast_to(plain.parameters[name][:, None, None], x.shape)
                  for name in ("amplitude", "phase"))
        assert_array_equal(mine, np.concatenate([x, A, psi], axis=2).astype(np.float32))
        assert mine.dtype == np.float32
    usual = tm.OracleTasks(tm.SinusoidTasks()).sample(np.random.default_rng(3))
    assert usual.x_support.shape == usual.x_query.shape == (25, 10, 3)
