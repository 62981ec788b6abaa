"""Optimizers, the outer loop, evaluation: whole trajectories against plain references."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import reference
import tinymeta as tm

GRADIENTS = [
    np.array([1.0, -2.0, 0.0]),
    np.array([0.5, 1.0, -3.0]),
    np.array([-1.0, 4.0, 1.0]),
    np.array([2.0, 0.1, 0.2])
]


def run(optimizer, gradients=GRADIENTS, theta=np.array([1.0, 2.0, 3.0])):
    for gradient in gradients:
        theta = optimizer.step(theta, gradient)
    return theta


def test_sgd_subtracts_the_rate_times_the_gradient():  # [SGD.1]
    assert_allclose(run(tm.SGD(0.1)), [1 - 0.1 * 2.5, 2 - 0.1 * 3.1, 3 - 0.1 * -1.8], rtol=1e-14)


@pytest.mark.parametrize("settings", [{}, {"beta1": 0.5, "beta2": 0.8}, {"epsilon": 0.5}], ids=str)
def test_adam_is_the_paper_s_algorithm(settings):  # [ADAM.1] [ADAM.2] [ADAM.3]
    expected = reference.adam([1.0, 2.0, 3.0], GRADIENTS, rate=0.1, **settings)
    assert_allclose(run(tm.Adam(0.1, **settings)), expected, rtol=1e-13)


def test_adam_has_the_paper_s_defaults():
    assert_allclose(run(tm.Adam()), reference.adam([1.0, 2.0, 3.0], GRADIENTS), rtol=1e-15)


def test_the_linear_schedule_goes_from_start_to_end_and_stays():  # [SCHED.1]
    rate = tm.linear_schedule(0.4, 0.1, 3)
    assert_allclose([rate(n) for n in range(6)], [0.4, 0.3, 0.2, 0.1, 0.1, 0.1], rtol=1e-14)


def test_a_schedule_sets_the_rate_of_each_step_from_the_first():
    optimizer, theta, moves = tm.SGD(tm.linear_schedule(0.3, 0.0, 3)), np.array([0.0]), []
    for _ in range(4):
        moved = optimizer.step(theta, np.array([1.0]))
        moves.append(theta[0] - moved[0])
        theta = moved
    assert_allclose(moves, [0.3, 0.2, 0.1, 0.0], rtol=1e-14)


def test_clipping_keeps_the_direction_and_bounds_the_norm():  # [CLIP.1]
    theta = np.zeros(2)
    assert_allclose(
        tm.SGD(1.0, max_norm=1.0).step(theta, np.array([3.0, 4.0])), [-0.6, -0.8], rtol=1e-15)
    assert_array_equal(tm.SGD(1.0, max_norm=10.0).step(theta, np.array([3.0, 4.0])), [-3.0, -4.0])
    clipped = [g / max(1, np.linalg.norm(g)) for g in GRADIENTS]
    assert_allclose(run(tm.Adam(0.1, max_norm=1.0)), run(tm.Adam(0.1), clipped), rtol=1e-14)


@pytest.mark.parametrize("dtype, size", [(np.float32, 1e20), (np.float32, 1e38),
                                         (np.float64, 1e200)])
def test_clipping_survives_a_norm_that_overflows(dtype, size):
    moved = tm.SGD(1.0, max_norm=1.0).step(np.zeros(2, dtype),
                                           np.array([3 * size, -4 * size / 2], dtype) / 2)
    assert_allclose(moved, np.array([-1.5, 1.0]) / np.hypot(1.5, 1.0), rtol=1e-6)


def test_a_gradient_of_zero_is_not_clipped():
    assert_array_equal(tm.SGD(1.0, max_norm=1.0).step(np.ones(2), np.zeros(2)), np.ones(2))


def test_a_step_that_fails_is_not_counted():
    optimizer = tm.Adam(0.1)
    run(optimizer, GRADIENTS[:1])
    for bad in (np.ones(2), np.array([1.0, np.nan, 0.0]), np.ones(3, dtype=complex)):
        with pytest.raises((ValueError, TypeError)):
            optimizer.step(np.ones(len(bad)), bad)
    assert optimizer.t == 1


@pytest.mark.parametrize("optimizer", [tm.SGD(0.1), tm.Adam(0.1)], ids=["SGD", "Adam"])
def test_optimizers_keep_precision_and_change_nothing_in_place(optimizer):
    theta, gradient = np.ones(3, dtype=np.float32), np.ones(3, dtype=np.float32)
    theta.setflags(write=False), gradient.setflags(write=False)
    for _ in range(3):
        assert optimizer.step(theta, gradient).dtype == np.float32
        assert optimizer.step(theta, gradient.astype(float)).dtype == np.float32


@pytest.mark.parametrize("make",
                         [lambda: tm.SGD(tm.linear_schedule(0.3, 0, 4)), lambda: tm.Adam(0.1)],
                         ids=["SGD", "Adam"])
def test_an_optimizer_s_state_takes_up_where_it_was_left(make):
    whole, first, second = make(), make(), make()
    half = run(first, GRADIENTS[:2])
    second.restore(first.state())
    assert_array_equal(run(second, GRADIENTS[2:], half), run(whole))


def test_a_rate_for_each_parameter_is_that_rate_alone():
    rates, theta = np.array([0.1, 0.0, 2.0]), np.zeros(3)
    for kind in (tm.SGD, tm.Adam):
        moved = kind(rates).step(theta, GRADIENTS[0])
        assert_allclose(
            moved,
            [kind(r or 1.0).step(theta, GRADIENTS[0])[i] * (r > 0) for i, r in enumerate(rates)])
        assert kind(rates).step(theta.astype(np.float32), GRADIENTS[0]).dtype == np.float32
    falling = tm.SGD(lambda n: rates / (n + 1))
    assert_allclose(run(falling, [np.ones(3)] * 2, theta), -1.5 * rates)


def test_two_runs_of_one_optimizer_class_share_no_state():
    one, other = tm.Adam(0.1), tm.Adam(0.1)
    run(one)
    assert_array_equal(run(other), run(tm.Adam(0.1)))


# The outer loop.

MODEL = tm.MLP([1, 5, 1], activation="tanh")
TASKS = tm.SinusoidTasks()


def steps_of(method, seed=0, iterations=4, optimizer=None, **settings):
    rng = np.random.default_rng(seed)
    theta = MODEL.init(rng)
    return list(tm.meta_train(method, TASKS, theta, optimizer or tm.Adam(0.01), iterations, rng,
                              **{"n_tasks": 2, "n_support": 3, "n_query": 2, **settings}))


def test_a_maml_training_run_is_that_of_the_reference():  # [TRAIN.1]
    steps = steps_of(tm.MAML(MODEL, alpha=0.1, steps=2))
    rng = np.random.default_rng(0)
    start = theta = MODEL.init(rng)
    gradients = []
    for step in steps:
        batch = TASKS.sample(rng, 2, 3, 2)
        tasks = list(zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query))
        loss, gradient = reference.maml([1, 5, 1], "tanh", theta, tasks, 0.1, 2)
        gradients.append(gradient)
        theta = reference.adam(start, gradients, rate=0.01)
        assert_allclose(step.loss, loss, rtol=1e-6)
        assert_allclose(step.theta, theta, rtol=1e-6)
    assert [s.iteration for s in steps] == [1, 2, 3, 4]


def test_a_reptile_training_run_is_that_of_the_reference():
    schedule = tm.linear_schedule(0.5, 0.0, 4)
    steps = steps_of(tm.Reptile(MODEL, alpha=0.1, steps=2, batch_size=2),
                     optimizer=tm.SGD(schedule), n_support=4)
    rng = np.random.default_rng(0)
    theta = MODEL.init(rng)
    for k, step in enumerate(steps):
        batch = TASKS.sample(rng, 2, 4, 2)
        tasks = list(zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query))
        theta = theta - 0.5 * (1 - k / 4) * reference.reptile(
            [1, 5, 1], "tanh", theta, tasks, 0.1, [slice(0, 2), slice(2, 4)])
        assert_allclose(step.theta, theta, rtol=1e-10)


@pytest.mark.parametrize(
    "method",
    [tm.MAML(MODEL),
     tm.MAML(MODEL, first_order=True),
     tm.Reptile(MODEL),
     tm.JointTraining(MODEL)], ids=["MAML", "first-order", "Reptile", "joint"])
def test_same_seed_same_bits_and_another_seed_others(method):
    one, again, other = (steps_of(method, seed) for seed in (0, 0, 1))
    for a, b, c in zip(one, again, other):
        assert a.loss == b.loss and a.loss != c.loss
        assert_array_equal(a.theta, b.theta)


def test_training_leaves_the_initial_parameters_and_earlier_steps_alone():
    theta = MODEL.init(np.random.default_rng(0))
    theta.setflags(write=False)
    before, seen = theta.copy(), []
    for step in tm.meta_train(tm.MAML(MODEL), TASKS, theta, tm.Adam(0.01), 3,
                              np.random.default_rng(0)):
        seen.append((step.theta, step.theta.copy()))
    assert_array_equal(theta, before)
    for kept, copy in seen:
        assert_array_equal(kept, copy)


def test_an_iteration_draws_exactly_one_batch_so_that_callers_may_stop_and_go_on():
    rng, optimizer = np.random.default_rng(5), tm.Adam(0.01)
    theta = MODEL.init(np.random.default_rng(0))
    for step in tm.meta_train(tm.MAML(MODEL), TASKS, theta, optimizer, 10, rng):
        if step.iteration == 4:
            break
    rest = list(tm.meta_train(tm.MAML(MODEL), TASKS, step.theta, optimizer, 10, rng, start=4))
    whole = list(
        tm.meta_train(tm.MAML(MODEL), TASKS, theta, tm.Adam(0.01), 10, np.random.default_rng(5)))
    assert [s.iteration for s in rest] == [5, 6, 7, 8, 9, 10]
    assert_array_equal(rest[-1].theta, whole[-1].theta)


def test_meta_training_learns():
    losses = [
        s.loss for s in steps_of(tm.MAML(MODEL, alpha=0.05), iterations=400, n_tasks=10,
                                 n_support=5, n_query=5)
    ]
    assert np.mean(losses[-50:]) < 0.9 * np.mean(losses[:50])


def test_divergence_is_an_error_that_names_it_and_keeps_the_last_good_parameters():
    kept = None
    with pytest.raises(tm.DivergenceError,
                       match=r"iteration \d+.*the loss is.*alpha.*max_norm") as caught:
        rng = np.random.default_rng(0)
        for step in tm.meta_train(tm.MAML(MODEL, alpha=0.5, steps=20), TASKS, 3 * MODEL.init(rng),
                                  tm.SGD(1e3), 200, rng):
            kept = step
    assert caught.value.iteration == kept.iteration + 1
    assert_array_equal(caught.value.theta, kept.theta)
    assert np.isfinite(kept.theta).all()


class RarelyHuge:
    """Sinusoids, but one batch in five or so is too large for any number to hold its loss."""

    def sample(self, rng, *sizes):
        batch = TASKS.sample(rng, *sizes)
        huge = 1e200 if batch.x_support[0, 0, 0] > 3 else 1.0
        return tm.Batch(batch.x_support, huge * batch.y_support, batch.x_query,
                        huge * batch.y_query)


@pytest.mark.parametrize("optimizer", [tm.Adam(0.05), tm.SGD(0.01)], ids=["Adam", "SGD"])
def test_after_divergence_generator_and_optimizer_stand_where_the_failed_step_found_them(optimizer):
    rng, theta, errors = np.random.default_rng(0), MODEL.init(np.random.default_rng(1)), []
    for _ in range(2):
        with pytest.raises(tm.DivergenceError) as caught:
            for step in tm.meta_train(tm.MAML(MODEL), RarelyHuge(), theta, optimizer, 500, rng,
                                      start=optimizer.t):
                theta = step.theta
        errors.append(caught.value)
    assert errors[0].iteration == errors[
        1].iteration == optimizer.t + 1 > 1  # once more, the same failure
    assert_array_equal(errors[0].theta, errors[1].theta)


def test_a_divergence_error_survives_the_way_between_processes():
    error = tm.DivergenceError("diverged", 3, 1.5, np.ones(2))
    copied = pickle.loads(pickle.dumps(error))
    kept = (str(copied), copied.iteration, copied.loss, copied.theta.tolist())
    assert kept == ("diverged", 3, 1.5, [1.0, 1.0])


def test_what_callers_do_to_a_step_s_parameters_is_theirs():
    kept = [s.theta for s in steps_of(tm.MAML(MODEL))]
    spoiled = []
    rng = np.random.default_rng(0)
    for step in tm.meta_train(tm.MAML(MODEL), TASKS, MODEL.init(rng), tm.Adam(0.01), 4, rng, 2, 3,
                              2):
        spoiled.append(step.theta.copy())
        step.theta[:] = 0
    assert_array_equal(spoiled, kept)


@pytest.mark.filterwarnings("error")
def test_divergence_warns_of_nothing_else():
    with pytest.raises(tm.DivergenceError):
        for _ in tm.meta_train(tm.MAML(MODEL, alpha=0.5, steps=20), TASKS, np.full(16, 1e150),
                               tm.SGD(1.0), 5, np.random.default_rng(0)):
            pass


# Evaluation.


def test_errors_are_query_losses_along_the_trajectory(rng):  # [EVAL.1]
    batch, theta = TASKS.sample(rng, 6, 4, 3), MODEL.init(rng)
    curve = tm.evaluate_batch(MODEL, theta, batch, alpha=0.05, steps=3)
    trajectory = tm.adapt(MODEL, theta, batch.x_support, batch.y_support, 0.05, 3)
    assert_allclose(curve.errors, MODEL.loss(trajectory, batch.x_query, batch.y_query), rtol=1e-12)


def test_a_method_is_measured_by_its_own_adaptation(rng):
    batch, theta, alpha = TASKS.sample(rng, 6, 4, 3), MODEL.init(rng), np.linspace(0, 0.1, 16)
    curve = tm.evaluate_batch(tm.MAML(MODEL, alpha, 1), theta, batch, steps=3)
    trajectory = tm.adapt(MODEL, theta, batch.x_support, batch.y_support, alpha, 3)
    assert_allclose(curve.errors, MODEL.loss(trajectory, batch.x_query, batch.y_query), rtol=1e-12)
    plain = tm.evaluate_batch(MODEL, theta, batch, 0.02, 3)
    assert_array_equal(
        plain.errors,
        tm.evaluate_batch(tm.JointTraining(MODEL, 0.02), theta, batch, steps=3).errors)


def test_a_metric_takes_the_place_of_the_loss(rng):
    batch, theta = TASKS.sample(rng, 7, 4, 3), MODEL.init(rng)
    metric = lambda f, y: np.abs(f - y).max(axis=(-2, -1))
    curve = tm.evaluate_batch(MODEL, theta, batch, 0.05, 2, metric=metric, chunk=3)
    trajectory = tm.adapt(MODEL, theta, batch.x_support, batch.y_support, 0.05, 2)
    assert_allclose(curve.errors, metric(MODEL.predict(trajectory, batch.x_query), batch.y_query),
                    rtol=1e-12)
    worse = tm.evaluate_batch(MODEL, theta, batch, 0.05, 2, metric=lambda f, y: np.full(7, 1e9))
    assert not worse.diverged.any()  # the ten times are of losses


def test_the_summary_is_that_of_the_errors(rng):
    errors = rng.exponential(size=(3, 41))
    curve = tm.AdaptationCurve(errors, np.zeros((3, 41), dtype=bool))
    assert_allclose(curve.mean, [sum(e) / 41 for e in errors])
    variance = [sum((e - sum(e) / 41) ** 2) / 41 for e in errors]
    assert_allclose(curve.ci95, 1.96 * np.sqrt(np.array(variance) / 41))
    assert_array_equal(curve.median, np.sort(errors)[:, 20])
    assert_array_equal(curve.quartiles, np.sort(errors)[:, [10, 20, 30]].T)


def test_evaluate_draws_new_tasks_of_the_sizes_asked_for():
    theta = MODEL.init(np.random.default_rng(0))
    curve = tm.evaluate(MODEL, theta, TASKS, np.random.default_rng(1), n_tasks=450, n_support=3,
                        n_query=4, alpha=0.02, steps=2)
    batch = TASKS.sample(np.random.default_rng(1), 450, 3, 4)  # in one piece, not in blocks
    assert_allclose(curve.errors,
                    tm.evaluate_batch(MODEL, theta, batch, 0.02, 2).errors, rtol=1e-12)
    assert curve.errors.shape == (3, 450)


def test_evaluating_in_blocks_changes_no_number_even_with_noise():
    theta, noisy = MODEL.init(np.random.default_rng(0)), tm.SinusoidTasks(noise=0.5)
    whole = tm.evaluate(MODEL, theta, noisy, np.random.default_rng(1), n_tasks=90, steps=2)
    blocks = tm.evaluate(MODEL, theta, noisy, np.random.default_rng(1), n_tasks=90, steps=2,
                         chunk=40)
    assert_allclose(blocks.errors, whole.errors, rtol=1e-12)


def test_evaluate_asks_for_as_many_query_points_as_support_points():
    theta = MODEL.init(np.random.default_rng(0))
    default, same = (tm.evaluate(MODEL, theta, TASKS, np.random.default_rng(1), n_support=3,
                                 n_query=n, n_tasks=20) for n in (None, 3))
    assert_array_equal(default.errors, same.errors)


def test_evaluation_has_the_protocol_of_finn_2017_by_default():
    theta = MODEL.init(np.random.default_rng(0))
    curve = tm.evaluate(MODEL, theta, TASKS, np.random.default_rng(1))
    same = tm.evaluate(MODEL, theta, TASKS, np.random.default_rng(1), 600, n_support=10, n_query=10,
                       alpha=0.01, steps=10)
    assert_array_equal(curve.errors, same.errors)


@pytest.mark.filterwarnings("error")
def test_diverged_tasks_are_counted_and_spare_the_median():
    model, theta = tm.Linear(1, 1), np.zeros(2)
    x = np.linspace(-1, 1, 5).reshape(1, 5, 1) * np.array([1.0, 1.0, 100.0]).reshape(3, 1, 1)
    batch = tm.Batch(x, 2 * x, x, 2 * x)
    curve = tm.evaluate_batch(model, theta, batch, alpha=0.1,
                              steps=400)  # α λ_max > 2 for the third task alone
    assert curve.n_diverged[0] == 0 and curve.n_diverged[5] == 1 and curve.n_diverged[-1] == 1
    assert_array_equal(curve.diverged[-1], [False, False, True])
    assert np.isinf(curve.mean[-1]) and curve.median[-1] < 1e-6 and np.isnan(curve.ci95[-1])


def test_a_task_counts_as_diverged_beyond_ten_times_both_scales():
    """By its error before adaptation and by the error of predicting zero, whichever is larger."""
    model, x = tm.Linear(1, 1, bias=False), np.ones((1, 1, 1))
    for theta, y_query, overshoot, diverged in ((1.0, 1.0, 3.1, False), (1.0, 1.0, 3.3, True),
                                                (4.0, 1.0, 9.4, False), (4.0, 1.0, 9.6, True)):
        # one step from θ to 1 ± overshoot: α chosen so; the query error is then overshoot²,
        # scale max((θ-1)², 1)
        target = theta + 1.0
        alpha = (overshoot - theta + 1) / 2
        batch = tm.Batch(x, np.full((1, 1, 1), target), x, np.full((1, 1, 1), y_query))
        curve = tm.evaluate_batch(model, np.array([theta]), batch, alpha, 1)
        assert_allclose(curve.errors[1], overshoot**2)
        assert curve.diverged[1, 0] == diverged
