"""Details that other tests let slip: each was found by planting a mistake that passed them."""

import dataclasses

import numpy as np
import pytest
from conftest import random_batch, random_data, random_theta
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm


MODEL, TASKS = tm.MLP([1, 5, 1], activation="tanh"), tm.SinusoidTasks()


THETA = MODEL.init(np.random.default_rng(0))


LINE = tm.Linear(1, 1, bias=False)


@pytest.mark.parametrize("g", [[-3.0, -4.0], [-6.0, 1.0], [0.0, -2.0]], ids=str)
def test_clipping_is_by_the_norm_whatever_the_signs(g):  # [CLIP.1]
    g = np.array(g)
    assert_allclose(
        tm.SGD(1.0, max_norm=1.0).step(np.zeros(2), g), -g / np.linalg.norm(g), rtol=1e-14)


def test_evaluate_keeps_which_tasks_diverged():
    curve = tm.evaluate(MODEL, THETA, TASKS, np.random.default_rng(1), n_tasks=250, n_support=5,
                        alpha=0.4, steps=5)
    batch = TASKS.sample(np.random.default_rng(1), 250, 5, 5)
    expected = tm.evaluate_batch(MODEL, THETA, batch, 0.4, 5).diverged
    assert curve.diverged.dtype == bool and 0 < expected.sum() < expected.size
    assert_array_equal(curve.diverged, expected)


@pytest.mark.parametrize("error, diverged", [(30.0, False), (60.0, True)])
def test_the_error_of_predicting_zero_is_the_mean_square_of_y(error, diverged):
    x = np.ones((1, 2, 1))
    batch = tm.Batch(
        x, 3 * x, x,
        2 * x)  # θ = 2 is right on the query set; predicting zero costs 4, ten times that is 40
    curve = tm.evaluate_batch(LINE, np.array([2.0]), batch, np.sqrt(error) / 2, 1)
    assert_allclose(curve.errors[:, 0], [0, error])
    assert curve.diverged[1, 0] == diverged


def test_no_error_at_all_is_no_divergence_and_an_infinite_start_is():
    x = np.ones((1, 2, 1))
    assert not tm.evaluate_batch(LINE, np.array([0.0]), tm.Batch(x, 0 * x, x, 0 * x), 0.1,
                                 2).diverged.any()
    assert tm.evaluate_batch(LINE, np.array([1e200]), tm.Batch(x, x, x, x), 0.1, 1).diverged.all()


def test_evaluate_batch_has_the_defaults_of_evaluate(rng):
    batch = TASKS.sample(rng, 3)
    assert_array_equal(
        tm.evaluate_batch(MODEL, THETA, batch).errors,
        tm.evaluate_batch(MODEL, THETA, batch, 0.01, 10).errors)


def test_no_steps_only_measure_and_errors_are_double(rng):
    batch = TASKS.sample(rng, 3)
    curve = tm.evaluate_batch(MODEL, THETA.astype(np.float32), batch, steps=0)
    assert curve.errors.shape == (1, 3) and curve.errors.dtype == float


class Own:
    def sample(self, rng, *sizes):
        return TASKS.sample(np.random.default_rng(0), *sizes)


B = TASKS.sample(np.random.default_rng(0), 3)


@pytest.mark.parametrize(
    "make, kind, words",
    [(lambda: tm.evaluate(MODEL, THETA, Own(), 0, n_tasks=2), TypeError, "rng"),
     (lambda: tm.evaluate_batch(object(), THETA, B), TypeError, "model"),
     (lambda: tm.evaluate_batch(MODEL, THETA, B, steps=-1), ValueError, "steps"),
     (lambda: tm.evaluate_batch(MODEL, THETA, B, alpha=np.ones(1)), ValueError, "alpha"),
     (lambda: tm.linear_schedule(-1, 0, 5), ValueError, "start"),
     (lambda: tm.SGD(0.1).step(np.ones(3, int), np.ones(3)), TypeError, "theta"),
     (lambda: tm.SGD(0.1).step(np.full(3, np.nan), np.ones(3)), ValueError, "theta"),
     (lambda: tm.SGD(0.1).step(np.ones(3, complex), np.ones(3)), TypeError, "theta"),
     (lambda: tm.Adam(beta1=-0.1), ValueError, "beta1"),
     (lambda: tm.Adam(beta2=1.0), ValueError, "beta2"),
     (lambda: tm.MLP([1, 4, 1], activation=["relu"]), ValueError, "activation")])
def test_a_wrong_argument_is_named(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


def test_a_curve_cannot_be_changed_and_compares_by_identity(rng):
    curve, other = (tm.evaluate_batch(MODEL, THETA, B, steps=1) for _ in range(2))
    with pytest.raises(dataclasses.FrozenInstanceError):
        curve.errors = None
    assert curve == curve and curve != other


def test_only_the_real_part_decides_at_relu_s_kink():
    assert tm.relu.value(np.array([1e-20j, -1e-20j])).tolist() == [0, 0]


@pytest.mark.parametrize("first_order", [False, True])
@pytest.mark.parametrize("steps", [1, 2])
def test_a_vector_of_step_sizes_keeps_single_precision(steps, first_order, rng):
    batch = random_batch(MODEL, rng)
    loss, gradient = tm.MAML(MODEL, np.full(16, 0.05), steps, first_order).meta_gradient(
        THETA.astype(np.float32), batch)
    assert (loss.dtype, gradient.dtype) == (np.float32, np.float32)


ALL_THREE = tm.Activation("sine", np.sin, lambda z, a: np.cos(z), lambda z, a, d: -0.5 *
                          (np.sin(z) + a), init="xavier")


def test_every_argument_of_an_activation_s_derivatives_is_the_one_it_names(rng):
    model = tm.MLP([1, 5, 4, 1], ALL_THREE)
    theta, batch, (x, y) = random_theta(model, rng), random_batch(model, rng), random_data(
        model, rng)
    assert tm.check_hvp(lambda t: model.gradient(t, x, y), lambda t, v: model.hvp(t, x, y, v),
                        theta, model)
    method = tm.MAML(model, 0.1)
    assert tm.check_gradient(lambda t: method.meta_loss(t, batch),
                             lambda t: method.meta_gradient(t, batch)[1], theta)


def test_a_trajectory_holds_complex_targets(rng):
    x, y = random_data(MODEL, rng)
    assert tm.adapt(MODEL, THETA, x, y + 1j, 0.1, 1).dtype == complex


@pytest.mark.parametrize("tasks", [tm.SinusoidTasks(grid=20), tm.LinearTasks(grid=20)])
def test_a_grid_may_be_asked_for_whole_and_no_more(tasks, rng):
    assert tasks.sample(rng, 2, 20, 20).x_query.shape == (2, 20, 1)
    with pytest.raises(ValueError, match="n_query is 21"):
        tasks.sample(rng, 2, 5, 21)


@pytest.mark.parametrize(
    "tasks", [tm.SinusoidTasks(), tm.LinearTasks(),
              tm.SinusoidTasks(grid=20)], ids=["sinusoids", "lines", "grid"])
def test_parameters_and_inputs_are_drawn_independently(tasks, rng):
    batch = tasks.sample(rng, 4000, 2, 2)
    drawn = np.column_stack(
        [*batch.parameters.values(), batch.x_support[..., 0], batch.x_query[..., 0]])  # (T, 6)
    off = np.corrcoef(drawn.T) - np.eye(6)
    assert np.abs(off).max() < 0.1  # a draw used twice: 1; two points of a grid of 20: -1/19


def test_parameters_may_be_lists(rng):
    x = np.ones((3, 2, 1))
    assert tm.Batch(x, x, x, x,
                    {"phase": [1.0, 2.0, 3.0]})[[0, 2]].parameters["phase"].tolist() == [1, 3]


def test_a_batch_cannot_be_changed_and_compares_by_identity():
    with pytest.raises(dataclasses.FrozenInstanceError):
        B.x_support = None
    assert B == B and B != B[:]


def test_a_batch_has_ten_and_ten_points_by_default(rng):
    batch = TASKS.sample(rng)
    assert (len(batch), batch.x_support.shape[1], batch.x_query.shape[1]) == (25, 10, 10)


def test_a_step_size_for_each_parameter_with_parameters_for_each_task(rng):
    theta, (x, y), alpha = random_theta(MODEL, rng, 3), random_data(MODEL, rng, 3), rng.uniform(
        0, 0.1, 16)
    assert_allclose(
        tm.adapt(MODEL, theta, x, y, alpha, 1)[1], theta - alpha * MODEL.gradient(theta, x, y),
        rtol=1e-13)


def test_adam_refuses_parameters_of_another_length():
    optimizer = tm.Adam()
    optimizer.step(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="theta has shape"):
        optimizer.step(np.ones(1), np.ones(1))


class Says:
    """A method that always says the same."""
    def __init__(self, loss, gradient):
        self.answer = loss, np.full(3, gradient)
    def meta_gradient(self, theta, batch):
        return self.answer


@pytest.mark.parametrize("loss, gradient", [(np.nan, 1.0), (1.0, np.inf), (1.0, 1e300)],
                         ids=["loss", "gradient", "update"])
def test_whatever_is_not_finite_is_divergence_and_undoes_the_step(loss, gradient):
    optimizer = tm.SGD(1e300) if gradient == 1e300 else tm.SGD(0.1)
    with pytest.raises(tm.DivergenceError):
        list(
            tm.meta_train(Says(loss, gradient), TASKS, np.ones(3), optimizer, 2,
                          np.random.default_rng(0)))
    assert optimizer.t == 0


def test_an_optimizer_of_ones_own_needs_only_step_and_nothing_is_left_to_do_at_the_end():
    class Plain:
        def step(self, theta, gradient):
            return theta - gradient

    run = lambda start: list(
        tm.meta_train(Says(1.0, 1.0), TASKS, np.ones(3), Plain(), 2, np.random.default_rng(0), start
                      =start))
    assert run(0)[-1].theta.tolist() == [-1, -1, -1] and run(2) == []


def test_training_draws_25_tasks_of_10_and_10_points_by_default():
    sizes = []
    class Spy:
        def sample(self, rng, *asked):
            sizes.append(asked)
            return TASKS.sample(rng, *asked)
    list(tm.meta_train(Says(1.0, 1.0), Spy(), np.ones(3), tm.SGD(0.1), 1, np.random.default_rng(0)))
    assert sizes == [(25, 10, 10)]


def test_losses_of_two_axes_are_damage(tmp_path):
    tm.save_checkpoint(tmp_path / "a.npz", np.ones(3))
    with np.load(tmp_path / "a.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "a.npz", **{**arrays, "losses": np.ones((2, 2))})
    with pytest.raises(tm.CheckpointError, match="losses"):
        tm.load_checkpoint(tmp_path / "a.npz")
