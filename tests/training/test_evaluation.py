"""Evaluation: errors along the trajectory, their summary, and what counts as diverged."""

import types
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm

MODEL, LINE = tm.MLP([1, 5, 1], activation="tanh"), tm.Linear(1, 1, bias=False)
TASKS = tm.SinusoidTasks()
THETA = MODEL.init(np.random.default_rng(0))


def new_rng():
    return np.random.default_rng(1)


@pytest.mark.parametrize("alpha", [0.05, np.linspace(0, 0.1, 16)], ids=["one rate", "a vector"])
def test_errors_are_query_losses_along_the_trajectory(alpha, rng):  # [EVAL.1]
    batch = TASKS.sample(rng, 6, 4, 3)
    trajectory = tm.adapt(MODEL, THETA, batch.x_support, batch.y_support, alpha, 3)
    expected = MODEL.loss(trajectory, batch.x_query, batch.y_query)
    plain = tm.evaluate_batch(MODEL, THETA, batch, alpha, steps=3)
    method = tm.evaluate_batch(tm.MAML(MODEL, alpha), THETA, batch, steps=3)
    assert_allclose([plain.errors, method.errors], [expected] * 2, rtol=1e-12)


def test_a_metric_takes_the_place_of_the_loss(rng):
    batch = TASKS.sample(rng, 7, 4, 3)
    metric = lambda f, y: np.abs(f - y).max(axis=(-2, -1))
    curve = tm.evaluate_batch(MODEL, THETA, batch, 0.05, 2, metric=metric, chunk=3)
    trajectory = tm.adapt(MODEL, THETA, batch.x_support, batch.y_support, 0.05, 2)
    expected = metric(MODEL.predict(trajectory, batch.x_query), batch.y_query)
    assert_allclose(curve.errors, expected, rtol=1e-12)
    worse = tm.evaluate_batch(MODEL, THETA, batch, 0.05, 2, metric=lambda f, y: np.full(7, 1e9))
    assert not worse.diverged.any()  # the ten times are of losses


def test_a_metric_that_is_no_function_or_not_of_tasks_is_named(rng):
    batch = TASKS.sample(rng, 7, 4, 3)
    with pytest.raises(TypeError, match="metric is 'accuracy'; expected a function"):
        tm.evaluate_batch(MODEL, THETA, batch, metric="accuracy")
    with pytest.raises(ValueError, match=r"metric returned shape \(7, .*expected \(7,\)"):
        tm.evaluate_batch(MODEL, THETA, batch, metric=lambda f, y: f - y)


@pytest.mark.parametrize("metric", [None, lambda f, y: f[:, 0, 0]], ids=["losses", "a metric"])
def test_errors_are_double_and_no_steps_only_measure(metric, rng):
    single, batch = THETA.astype(np.float32), TASKS.sample(rng, 3)
    curve = tm.evaluate_batch(MODEL, single, batch, steps=0, metric=metric)
    assert curve.errors.shape == (1, 3) and curve.errors.dtype == float


def test_the_summary_is_that_of_the_errors(rng):
    errors = rng.exponential(size=(3, 41))
    curve = tm.AdaptationCurve(errors, errors > 1)
    assert_allclose(curve.mean, [sum(e) / 41 for e in errors])
    variance = [sum((e - sum(e) / 41) ** 2) / 41 for e in errors]
    assert_allclose(curve.ci95, 1.96 * np.sqrt(np.array(variance) / 41))
    assert_array_equal(curve.median, np.sort(errors)[:, 20])
    assert_array_equal(curve.quartiles, np.sort(errors)[:, [10, 20, 30]].T)
    assert_array_equal(curve.n_diverged, [sum(e > 1) for e in errors])
    even = tm.AdaptationCurve(errors[:, :40], errors[:, :40] > 1)
    assert_array_equal(even.median, np.sort(errors[:, :40])[:, 19])  # one of them: the lower


def test_evaluate_draws_tasks_of_the_sizes_asked_for_and_keeps_which_diverged():
    sizes = dict(n_tasks=250, n_support=5, n_query=4)
    curve = tm.evaluate(MODEL, THETA, TASKS, new_rng(), **sizes, alpha=0.4, steps=5)
    expected = tm.evaluate_batch(MODEL, THETA, TASKS.sample(new_rng(), *sizes.values()), 0.4, 5)
    assert_array_equal(curve.errors, expected.errors)
    assert_array_equal(curve.diverged, expected.diverged)
    assert curve.diverged.dtype == bool and 0 < curve.n_diverged[-1] < 250


def test_evaluation_has_the_protocol_of_finn_2017_by_default():
    curve = tm.evaluate(MODEL, THETA, TASKS, new_rng())
    same = tm.evaluate(MODEL, THETA, TASKS, new_rng(), 600, 10, n_query=10, alpha=0.01, steps=10)
    assert_array_equal(curve.errors, same.errors)
    three, as_many = (tm.evaluate(MODEL, THETA, TASKS, new_rng(), 20, 3, *n) for n in ([3], []))
    assert_array_equal(as_many.errors, three.errors)
    batch = TASKS.sample(new_rng(), 600)
    assert_array_equal(tm.evaluate_batch(MODEL, THETA, batch).errors, curve.errors)


# Divergence.


@pytest.mark.filterwarnings("error")
def test_a_metric_that_makes_something_of_nan_hides_no_diverged_task():
    model = tm.Linear(1, 1)
    batch = TASKS.sample(new_rng(), 5)
    with np.errstate(all="ignore"):
        curve = tm.evaluate_batch(model, np.full(2, 1e300), batch, 1e10, 2,
                                  lambda f, y: np.isfinite(f).mean(axis=(1, 2)))
    assert np.isfinite(curve.errors).all() and curve.n_diverged.tolist() == [0, 5, 5]


def test_a_curve_of_half_precision_is_summed_in_double():
    curve = tm.AdaptationCurve(np.full((1, 4), 6e4, np.float16), np.zeros((1, 4)))
    assert curve.mean == np.float16(6e4) and curve.ci95 == 0


def test_errors_whose_squares_overflow_have_their_mean_and_interval():
    errors = np.array([[1.0, 2.0, 6.0], [3.0, 3.0, 3.0]])
    curves = [tm.AdaptationCurve(unit * errors, 0 * errors) for unit in (1.0, 2.0**1021)]
    assert_array_equal(curves[1].mean, curves[0].mean * 2.0**1021)
    assert_array_equal(curves[1].ci95, curves[0].ci95 * 2.0**1021)


def test_of_one_task_no_interval_is_known():
    assert np.isnan(tm.AdaptationCurve([[2.0], [1.0]], [[0], [0]]).ci95).all()


@pytest.mark.filterwarnings("error")
def test_a_metric_that_works_in_place_hides_no_diverged_task():
    def metric(f, y):
        f[~np.isfinite(f)] = 0.0
        return np.minimum(np.abs(f - y).mean(axis=(1, 2)), 1.0)

    batch = TASKS.sample(new_rng(), 5)
    with np.errstate(all="ignore"):
        curve = tm.evaluate_batch(tm.Linear(1, 1), np.full(2, 1e300), batch, 1e10, 2, metric)
    assert curve.n_diverged.tolist() == [0, 5, 5]


def test_a_complex_query_loss_is_named(rng):
    method = types.SimpleNamespace(losses=lambda *_: np.ones((2, 2), complex),
                                   predictions=None, meta_gradient=None)
    with pytest.raises(TypeError, match="a query loss has dtype complex128; expected real"):
        tm.evaluate(method, np.ones(2), TASKS, rng, 2, steps=1)


def test_diverged_tasks_are_counted_and_spare_the_median():
    model, theta = tm.Linear(1, 1), np.zeros(2)
    x = np.linspace(-1, 1, 5).reshape(1, 5, 1) * np.array([1.0, 1.0, 100.0]).reshape(3, 1, 1)
    batch = tm.Batch(x, 2 * x, x, 2 * x)
    curve = tm.evaluate_batch(model, theta, batch, alpha=0.1, steps=400)  # α λ > 2 for the third
    assert curve.n_diverged[[0, 5, -1]].tolist() == [0, 1, 1]
    assert curve.diverged[-1].tolist() == [False, False, True]
    assert np.isinf(curve.mean[-1]) and curve.median[-1] < 1e-6 and np.isnan(curve.ci95[-1])
    assert np.isinf(curve.errors[-1, 2])  # NaN would have no place in a median


@pytest.mark.parametrize("start, error, diverged", [
    (2.0, 30.0, False), (2.0, 60.0, True), (8.0, 350.0, False), (8.0, 370.0, True)],
    ids=str)
def test_a_task_counts_as_diverged_beyond_ten_times_both_scales(start, error, diverged):
    """By its error before adaptation and by the mean square of y, 4, whichever is larger."""
    x, end = np.ones((1, 2, 1)), 2.0 + np.sqrt(error)  # θ = 2 is right on the query set
    batch = tm.Batch(x, (start + 1) * x, x, 2 * x)  # whose support gradient is -2 at the start
    curve = tm.evaluate_batch(LINE, np.array([start]), batch, (end - start) / 2, 1)
    assert_allclose(curve.errors[:, 0], [(start - 2) ** 2, error])
    assert curve.diverged[:, 0].tolist() == [False, diverged]


def test_no_error_at_all_is_no_divergence_and_an_infinite_start_is():
    x = np.ones((1, 2, 1))
    nothing, ones = tm.Batch(x, 0 * x, x, 0 * x), tm.Batch(x, x, x, x)
    assert not tm.evaluate_batch(LINE, np.zeros(1), nothing, 0.1, 2).diverged.any()
    assert tm.evaluate_batch(LINE, np.array([1e200]), ones, 0.1, 1).diverged.all()


def test_what_diverged_is_counted_by_tasks():
    curve = tm.AdaptationCurve([[1.0, 2.0], [3.0, 4.0]], [[0, 5], [7, 2]])
    assert curve.n_diverged.tolist() == [1, 2]


def test_targets_whose_squares_overflow_do_not_warn(rng):
    batch, method = tm.SinusoidTasks().sample(rng, 3, 5, 5), tm.MAML(tm.MLP([1, 3, 1]))
    big = tm.Batch(batch.x_support, 1e200 * batch.y_support, batch.x_query, 1e200 * batch.y_query)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tm.evaluate_batch(method, method.init(rng), big, steps=1).diverged.all()


def test_a_curve_keeps_its_own_numbers():
    errors = np.ones((2, 3))
    curve = tm.AdaptationCurve(errors, errors > 1)
    errors[:] = 9
    assert (curve.mean == 1).all()
