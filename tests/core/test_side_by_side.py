"""Chunks of tasks in threads: the same bits, only where it pays and where nothing is shared."""

import os
import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import tinymeta as tm
from tinymeta.core import side_by_side

MODEL = tm.FastMLP([1, 8, 8, 1])
THETA = MODEL.init(np.random.default_rng(0))
BATCH = tm.SinusoidTasks().sample(np.random.default_rng(1), 30, 5, 5)
HERE = threading.current_thread().name


@pytest.fixture
def seen(monkeypatch):
    """Three threads wherever they are allowed, and the names of those that took losses."""
    names, value = set(), tm.squared_error.value

    def counted(f, y):
        names.add(threading.current_thread().name)
        return value(f, y)

    monkeypatch.setattr(side_by_side, "WORTH", 1)
    monkeypatch.setattr(side_by_side, "threads", lambda: 3)
    loss = tm.Loss("counted", counted, tm.squared_error.gradient, tm.squared_error.curvature)
    model = tm.FastMLP([1, 8, 8, 1], loss=loss)
    names.clear()  # the model has tried the loss
    return names, model


METHODS = {"MAML, one step": lambda m: tm.MAML(m, 0.01, chunk=7),
           "MAML, three steps": lambda m: tm.MAML(m, 0.01, 3, chunk=7)}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_threads_change_no_bit_of_a_meta_gradient(method, seen, monkeypatch):
    names, model = seen
    loss, gradient = method(model).meta_gradient(THETA, BATCH)
    assert HERE not in names
    monkeypatch.setattr(side_by_side, "threads", lambda: 1)
    alone = method(model).meta_gradient(THETA, BATCH)
    assert loss == alone[0]
    assert_array_equal(gradient, alone[1])


def test_threads_change_no_bit_of_an_evaluation_and_keep_the_error_settings(seen, monkeypatch):
    names, model = seen
    theta = 1e200 * THETA  # overflows, which would warn
    curve = tm.evaluate_batch(model, theta, BATCH, 0.5, 3, chunk=7)
    assert HERE not in names and curve.diverged[-1].all()
    monkeypatch.setattr(side_by_side, "threads", lambda: 1)
    alone = tm.evaluate_batch(model, theta, BATCH, 0.5, 3, chunk=7)
    assert_array_equal(curve.errors, alone.errors)


class Own(tm.MAML):
    """A subclass, which may keep what it likes from one chunk to the next."""


class Decayed(tm.FastMLP):
    """A model with a loss of its own, which may do the same."""

    def loss(self, theta, x, y):
        return super().loss(theta, x, y)


@pytest.mark.parametrize("make", [
    lambda model: Own(model, 0.01, 2, chunk=7),
    lambda model: tm.MAML(Decayed([1, 8, 8, 1], loss=model.loss_function), 0.01, 2, chunk=7),
    lambda model: tm.ImplicitMAML(tm.FastMLP([1, 8, 8, 1], "tanh", loss=model.loss_function), 9.0,
                                  chunk=7)],
    ids=["a subclass of a method", "a subclass of the model", "a method that keeps a residual"])
def test_what_may_keep_a_state_stays_in_one_thread(make, seen):
    names, model = seen
    make(model).meta_gradient(0.1 * THETA, BATCH)
    assert names == {HERE}


@pytest.mark.parametrize("short", [0, 1])
def test_chunks_that_are_one_multiplication_short_stay_in_one_thread(short, seen, monkeypatch):
    names, model = seen
    monkeypatch.setattr(side_by_side, "WORTH", 2 * 7 * 10 * model.n_params + short)
    tm.MAML(model, 0.01, 2, chunk=7).meta_gradient(THETA, BATCH)
    assert (names == {HERE}) == bool(short)


def test_an_error_in_a_thread_is_raised(monkeypatch):
    monkeypatch.setattr(side_by_side, "threads", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        list(side_by_side.each(lambda n: 1 / n, [[1], [0], [2]], side_by_side.WORTH))


@pytest.mark.parametrize("setting, cores, expected", [
    ({}, 2, 2), ({}, 1, 1), ({"OPENBLAS_NUM_THREADS": "1"}, 8, 1), ({"OMP_NUM_THREADS": "1"}, 8, 1),
    ({"OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "1"}, 8, 4), ({"OMP_NUM_THREADS": "4"}, 1, 1),
    ({"OMP_NUM_THREADS": "0"}, 8, 8)], ids=str)
def test_it_knows_how_many_threads_there_may_be(setting, cores, expected, monkeypatch):
    for name in ("OPENBLAS", "GOTO", "OMP"):
        monkeypatch.delenv(f"{name}_NUM_THREADS", raising=False)
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    affinity = lambda process: set(range(cores if process == 0 else 0))
    monkeypatch.setattr(os, "sched_getaffinity", affinity, raising=False)
    assert side_by_side.threads() == expected
