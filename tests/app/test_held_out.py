"""Held-out tasks: the same for every method, never those of training."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_runs import small, trained

import tinymeta as tm
from tinymeta.app.held_out import evaluate_runs, held_out_tasks, least_squares_errors
from tinymeta.app.protocols import reptile2018
from tinymeta.app.runs import train
from tinymeta.app.settings import build

MODEL = tm.FastMLP([1, 6, 1])


def expected(run, seed, shots, n_query, tasks=None, **how):
    """The library's curve of plain gradient descent on the tasks of a seed."""
    return tm.evaluate(MODEL, run.checkpoint.theta, tasks or tm.SinusoidTasks(),
                       np.random.default_rng([seed, 600]), n_support=shots, n_query=n_query, **how)


def test_held_out_tasks_are_another_stream_than_training_s_for_each_seed():
    amplitudes = []
    for seed in (0, 1):
        amplitudes.append(held_out_tasks(small(), 5, seed=seed).parameters["amplitude"])
        training = build(small()).tasks.sample(np.random.default_rng(seed), 600, 5, 5)
        amplitudes.append(training.parameters["amplitude"])
    assert len(np.unique(amplitudes)) == 4 * 600
    assert_array_equal(held_out_tasks(small(seed=1), 5).parameters["amplitude"], amplitudes[2])


def test_held_out_tasks_have_the_queries_of_the_protocol_and_begin_the_same():
    batch = held_out_tasks(reptile2018("maml"), 7, 3)
    assert (batch.x_support.shape, batch.x_query.shape) == ((3, 7, 1), (3, 50, 1))
    assert_array_equal(np.sort(batch.x_query[0, :, 0]), np.linspace(-5, 5, 50))
    assert_array_equal(held_out_tasks(reptile2018("maml"), 7, 9)[:3].x_support, batch.x_support)
    assert held_out_tasks(small(), 7).x_query.shape == (600, 7, 1)


@pytest.mark.parametrize("method", ["maml", "fomaml", "reptile", "joint"])
def test_all_methods_are_adapted_by_plain_gradient_descent_on_whole_support_sets(method, tmp_path):
    run = trained(tmp_path, method, inner_steps=2, alpha=0.03, seed=4)
    curve = evaluate_runs({"it": run}, 10)["it"]
    assert_array_equal(curve.errors, expected(run, 4, 10, 10, alpha=0.03, steps=10).errors)


def test_the_test_s_own_alpha_steps_seed_and_number_of_tasks_are_taken(tmp_path):
    run = trained(tmp_path, "reptile")
    curve = evaluate_runs({"it": run}, 3, 0.05, 2, 8, 50)["it"]
    own = expected(run, 8, 3, 3, alpha=0.05, steps=2, n_tasks=50)
    assert_array_equal(curve.errors, own.errors)
    assert evaluate_runs({"it": run}, 3, steps=0, n_tasks=5)["it"].errors.shape == (1, 5)


def test_the_oracle_is_told_the_task_and_not_adapted_unless_asked(tmp_path):
    run = trained(tmp_path, "oracle")
    curve = evaluate_runs({"oracle": run}, 5)["oracle"]
    batch = held_out_tasks(run.settings, 5)
    model = tm.MLP([3, 6, 1])
    assert batch.x_query.shape == (600, 5, 3)
    losses = model.loss(run.checkpoint.theta, batch.x_query, batch.y_query)
    assert_allclose(curve.errors, losses[np.newaxis], rtol=1e-5)
    assert evaluate_runs({"oracle": run}, 5, steps=2)["oracle"].errors.shape == (3, 600)


def test_several_runs_are_tested_on_the_tasks_of_the_first_one_s_seed(tmp_path):
    runs = {"first": trained(tmp_path, "maml", seed=3),
            "second": trained(tmp_path, "joint", seed=9, eval_steps=4, alpha=0.002)}
    curves = evaluate_runs(runs, 5)
    assert_array_equal(curves["first"].errors, expected(runs["first"], 3, 5, 5).errors)
    second = expected(runs["second"], 3, 5, 5, alpha=0.002, steps=4)
    assert_array_equal(curves["second"].errors, second.errors)


@pytest.mark.parametrize("change", [{"phase": (0.0, 1.0)}, {"grid": 30}, {"eval_queries": 20}],
                         ids=str)
def test_runs_of_other_tasks_are_refused(change, tmp_path):
    one, other = trained(tmp_path), trained(tmp_path, "joint", **change)
    with pytest.raises(ValueError, match="trained on different tasks"):
        evaluate_runs({"one": one, "other": other}, 5)


def test_the_queries_of_the_protocol_are_measured(tmp_path):
    settings = replace(reptile2018("maml"), iterations=3, widths=(1, 6, 1), activation="relu")
    run = train(settings, tmp_path / "maml.npz")
    tasks = tm.SinusoidTasks(phase=(0, 2 * np.pi), grid=50)
    own = expected(run, 0, 10, 50, tasks, alpha=0.02, steps=32)
    assert_array_equal(evaluate_runs({"it": run}, 10)["it"].errors, own.errors)


def test_least_squares_fits_the_support_sets_of_the_same_tasks():
    settings = small(seed=6, eval_queries=30)
    batch, errors = held_out_tasks(settings, 3), least_squares_errors(settings, 3)
    for t in (0, 7, 599):
        features = [np.hstack([np.sin(x), np.cos(x)])
                    for x in (batch.x_support[t], batch.x_query[t])]
        weights = np.linalg.lstsq(features[0], batch.y_support[t], rcond=None)[0]
        assert_allclose(errors[t], np.mean((features[1] @ weights - batch.y_query[t]) ** 2),
                        rtol=1e-6, atol=1e-20)
    assert errors.shape == (600,) and errors.max() < 1e-20
    # Two points determine amplitude and phase; with one it has to guess.
    assert np.median(least_squares_errors(settings, 2)) < 1e-20
    assert np.median(least_squares_errors(settings, 1)) > 0.1