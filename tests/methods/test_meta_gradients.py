"""MAML, Reptile and joint training: exact meta-gradients, and controls that must fail."""

import numpy as np
import pytest
from conftest import MODELS, OWN_PARTS, each, hessian, random_batch, random_theta, read_only
from numpy.testing import assert_allclose, assert_array_equal

import reference
import tinymeta as tm
from tinymeta.checking.numerical import relative_error

STEPS = pytest.mark.parametrize("steps", [1, 2, 5], ids=["1 step", "2 steps", "5 steps"])


def check(method, theta, batch, claimed=None):
    claimed = claimed or method
    return tm.check_gradient(lambda t: method.meta_loss(t, batch),
                             lambda t: claimed.meta_gradient(t, batch)[1], theta, method.model)


@STEPS
@pytest.mark.parametrize("alpha", [0.05, 0.2])
@each({**MODELS, **OWN_PARTS})
def test_the_meta_gradient_passes_both_numerical_derivatives(model, alpha, steps, rng):
    """[MAML.1] [MAML.2] [MAML.3]"""
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    report = check(tm.MAML(model, alpha / model.d_in, steps), theta, batch)
    assert report, report


@STEPS
@each(MODELS)
def test_the_first_order_gradient_fails_the_check_of_the_exact_one(model, steps, rng):
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    exact, first_order = (tm.MAML(model, 0.05, steps, first_order=f) for f in (False, True))
    report = check(exact, theta, batch, claimed=first_order)
    assert not report and min(report.errors.values()) > 1e-3


@STEPS
def test_a_hessian_without_its_curvature_term_fails(steps, rng):
    right, broken = (tm.MLP([1, 5, 4, 1], phi)
                     for phi in ("tanh", tm.tanh._replace(second_derivative=None)))
    theta, batch = random_theta(right, rng), random_batch(right, rng)
    assert not check(tm.MAML(right, 0.05, steps), theta, batch, claimed=tm.MAML(
        broken, 0.05, steps))


@pytest.mark.parametrize(
    "model", [tm.MLP([1, 4, 1], "tanh"), tm.MLP([2, 3, 3, 2], "relu")], ids=["tanh", "relu"])
@STEPS
def test_loss_and_meta_gradient_are_those_of_the_reference(model, steps, rng):
    theta, batch = random_theta(model, rng), random_batch(model, rng, T=2, K=3, Q=2)
    tasks = list(zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query))
    expected_loss, expected = reference.maml(model.widths, model.activation.name, theta, tasks, 0.1,
                                             steps)
    loss, gradient = tm.MAML(model, 0.1, steps).meta_gradient(theta, batch)
    assert_allclose(loss, expected_loss, rtol=1e-12)
    assert relative_error(expected, gradient) < 1e-8


@STEPS
@pytest.mark.parametrize("name",
                         ["linear", "linear 2 to 3", "linear on sine features without bias"])
def test_for_a_linear_model_it_is_the_closed_form(name, steps, rng):
    """∇ = mean of (I - αH_𝒮)ˢ g_𝒬(θ_S), with θ_S itself in closed form around the optimum."""
    model, alpha = MODELS[name](), 0.05
    theta, batch = random_theta(model, rng), random_batch(model, rng, K=12)
    expected = []
    for t in range(len(batch)):
        x, y = batch.x_support[t], batch.y_support[t]
        H = hessian(lambda s: model.gradient(s, x, y), theta)
        power = np.linalg.matrix_power(np.eye(theta.size) - alpha * H, steps)
        optimum = tm.least_squares(model, x, y)
        adapted = optimum + power @ (theta - optimum)
        assert_allclose(tm.adapt(model, theta, x, y, alpha, steps)[-1], adapted, rtol=1e-10)
        expected.append(power @ model.gradient(adapted, batch.x_query[t], batch.y_query[t]))
    assert relative_error(np.mean(expected, axis=0),
                          tm.MAML(model, alpha, steps).meta_gradient(theta, batch)[1]) < 1e-12


@STEPS
def test_a_step_size_for_each_parameter_passes_too(steps, rng):
    model = tm.MLP([1, 5, 4, 1], "tanh")
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    method = tm.MAML(model, rng.uniform(0, 0.2, model.n_params), steps)
    report = check(method, theta, batch)
    assert report, report


@STEPS
@each(MODELS)
def test_first_order_is_the_query_gradient_at_the_adapted_parameters(model, steps, rng):
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    adapted = tm.adapt(model, theta, batch.x_support, batch.y_support, 0.05, steps)[-1]  # (T, P)
    loss, gradient = tm.MAML(model, 0.05, steps, first_order=True).meta_gradient(theta, batch)
    assert_allclose(gradient,
                    model.gradient(adapted, batch.x_query, batch.y_query).mean(axis=0), rtol=1e-12,
                    atol=1e-14)
    assert_allclose(loss, model.loss(adapted, batch.x_query, batch.y_query).mean(), rtol=1e-12)


@each(MODELS)
def test_joint_training_is_the_mean_gradient_without_adaptation(model, rng):  # [JOINT.1]
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    report = check(tm.JointTraining(model), theta, batch)
    assert report, report
    loss, gradient = tm.JointTraining(model).meta_gradient(theta, batch)
    assert_allclose(
        gradient,
        np.mean([model.gradient(theta, x, y) for x, y in zip(batch.x_support, batch.y_support)],
                axis=0), rtol=1e-12, atol=1e-14)
    assert_allclose(loss, model.loss(theta, batch.x_support, batch.y_support).mean(), rtol=1e-12)


@each(MODELS)
def test_reptile_is_theta_minus_where_training_ends(model, rng):  # [REPTILE.1]
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    loss, gradient = tm.Reptile(model, 0.05, steps=3).meta_gradient(theta, batch)
    adapted = tm.adapt(model, theta, batch.x_support, batch.y_support, 0.05, 3)[-1]
    assert_allclose(gradient, (theta - adapted).mean(axis=0), rtol=1e-11, atol=1e-14)
    assert_allclose(loss, model.loss(adapted, batch.x_query, batch.y_query).mean(), rtol=1e-12)


def test_reptile_with_minibatches_is_that_of_the_reference(rng):
    model = tm.MLP([1, 4, 3, 1], "tanh")
    theta, batch = random_theta(model, rng), random_batch(model, rng, K=6)
    tasks = list(zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query))
    expected = reference.reptile(model.widths, "tanh", theta, tasks, 0.1,
                                 [slice(0, 2), slice(2, 4), slice(4, 6)])
    assert_allclose(
        tm.Reptile(model, 0.1, steps=3, batch_size=2).meta_gradient(theta, batch)[1], expected,
        rtol=1e-10)


@each(MODELS)
def test_reptile_with_one_step_is_joint_training_and_with_two_is_not(model, rng):
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    joint = tm.JointTraining(model).meta_gradient(theta, batch)[1]
    assert relative_error(tm.Reptile(model, 0.05, 1).meta_gradient(theta, batch)[1],
                          0.05 * joint) < 1e-13
    assert relative_error(tm.Reptile(model, 0.05, 2).meta_gradient(theta, batch)[1],
                          0.10 * joint) > 1e-3


def test_one_outer_step_of_reptile_moves_towards_the_adapted_parameters(rng):
    model = tm.MLP([1, 6, 1], "tanh")
    theta, batch = random_theta(model, rng), random_batch(model, rng, T=1)
    adapted = tm.adapt(model, theta, batch.x_support[0], batch.y_support[0], 0.05, 4)[-1]
    _, gradient = tm.Reptile(model, 0.05, 4).meta_gradient(theta, batch)
    assert_allclose(tm.SGD(0.25).step(theta, gradient), 0.75 * theta + 0.25 * adapted, rtol=1e-13)


METHODS = {
    "MAML": lambda m: tm.MAML(m, 0.05, 2),
    "first-order MAML": lambda m: tm.MAML(m, 0.05, 2, first_order=True),
    "Reptile": lambda m: tm.Reptile(m, 0.05, 3, batch_size=2), "joint training": tm.JointTraining
}
each_method = pytest.mark.parametrize(
    "make", [pytest.param(make, id=name) for name, make in METHODS.items()])


@each_method
@each(MODELS)
def test_a_batch_of_tasks_is_the_mean_of_single_tasks(model, make, rng):
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    loss, gradient = make(model).meta_gradient(theta, batch)
    singles = [make(model).meta_gradient(theta, task) for task in batch]
    assert_allclose(loss, np.mean([l for l, _ in singles]), rtol=1e-12)
    assert_allclose(gradient, np.mean([g for _, g in singles], axis=0), rtol=1e-11, atol=1e-13)


@each_method
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_precision_is_that_of_theta(make, dtype, rng):
    model = tm.MLP([1, 5, 4, 1], "tanh")
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    loss, gradient = make(model).meta_gradient(theta.astype(dtype), batch)
    assert gradient.dtype == dtype and np.asarray(loss).dtype == dtype
    assert_allclose(gradient, make(model).meta_gradient(theta, batch)[1], rtol=1e-3, atol=1e-5)


def test_single_precision_stays_with_a_step_size_for_each_parameter(rng):
    model = tm.MLP([1, 5, 1], "tanh")
    theta, batch = random_theta(model, rng).astype(np.float32), random_batch(model, rng)
    alpha = np.full(16, 0.05)
    for method in (tm.MAML(model, alpha, 2), tm.Reptile(model, alpha, 2)):
        loss, gradient = method.meta_gradient(theta, batch)
        assert (loss.dtype, gradient.dtype) == (np.float32, np.float32)


def test_defaults_are_the_papers(rng):
    model = tm.MLP([1, 5, 1])
    maml, reptile = tm.MAML(model), tm.Reptile(model)
    assert (maml.alpha, maml.steps, maml.first_order) == (0.01, 1, False)
    assert (reptile.alpha, reptile.steps, reptile.batch_size) == (0.02, 5, None)
    for tasks in (tm.SinusoidTasks(), tm.LinearTasks(), tm.OracleTasks(tm.SinusoidTasks())):
        batch = tasks.sample(rng)
        assert (len(batch), batch.x_support.shape[1], batch.x_query.shape[1]) == (25, 10, 10)


@each_method
def test_nothing_that_was_passed_is_changed(make, rng):
    model = tm.MLP([1, 5, 4, 1], "tanh")
    theta, batch = read_only(random_theta(model, rng)), random_batch(model, rng)
    read_only(batch.x_support, batch.y_support, batch.x_query, batch.y_query)
    make(model).meta_gradient(theta, batch)


@each_method
def test_the_query_set_decides_for_maml_and_the_support_set_for_the_others(make, rng):
    model = tm.MLP([1, 5, 1], "tanh")
    theta, one, other = random_theta(model, rng), random_batch(model, rng), random_batch(model, rng)
    other_query = tm.Batch(one.x_support, one.y_support, other.x_query, other.y_query)
    other_support = tm.Batch(other.x_support, other.y_support, one.x_query, one.y_query)
    gradients = [make(model).meta_gradient(theta, b)[1] for b in (one, other_query, other_support)]
    assert np.array_equal(
        gradients[0], gradients[1]) == (make not in (METHODS["MAML"], METHODS["first-order MAML"]))
    assert not np.array_equal(gradients[0], gradients[2])


def test_the_oracle_sees_amplitude_and_phase_beside_x(rng):
    tasks = tm.SinusoidTasks()
    plain = tasks.sample(np.random.default_rng(3), 4, 3, 2)
    told = tm.OracleTasks(tasks).sample(np.random.default_rng(3), 4, 3, 2)
    assert told.x_support.shape == (4, 3, 3) and told.x_query.shape == (4, 2, 3)
    for mine, theirs in ((told.x_support, plain.x_support), (told.x_query, plain.x_query)):
        assert_array_equal(mine[..., :1], theirs)
        for t in range(4):
            assert (mine[t, :, 1] == plain.parameters["amplitude"][t]).all()
            assert (mine[t, :, 2] == plain.parameters["phase"][t]).all()
    single = tm.Batch(
        *(a.astype(np.float32)
          for a in (plain.x_support, plain.y_support, plain.x_query, plain.y_query)),
        plain.parameters)
    assert tm.methods.baselines.with_parameters(single).x_support.dtype == np.float32
    assert_array_equal(told.y_support, plain.y_support)
    assert_array_equal(told.y_query, plain.y_query)
