"""SGD, Adam, clipping, schedules: whole trajectories against plain references."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import reference
import tinymeta as tm

START = np.array([1.0, 2.0, 3.0])
GRADIENTS = list(np.array([[1.0, -2.0, 0.0], [0.5, 1.0, -3.0], [-1.0, 4.0, 1.0], [2.0, 0.1, 0.2]]))
EITHER = pytest.mark.parametrize("make", [
    lambda: tm.SGD(tm.linear_schedule(0.3, 0, 4)), lambda: tm.Adam(0.1, max_norm=2.0)],
    ids=["SGD with a schedule", "Adam with clipping"])


def run(optimizer, gradients=GRADIENTS, theta=START):
    for gradient in gradients:
        theta = optimizer.step(theta, gradient)
    return theta


def test_sgd_subtracts_the_rate_times_the_gradient():  # [SGD.1]
    assert_allclose(run(tm.SGD(0.1)), START - 0.1 * np.sum(GRADIENTS, axis=0), rtol=1e-14)


@pytest.mark.parametrize("settings", [{}, {"beta1": 0.5, "beta2": 0.8, "epsilon": 0.5}],
                         ids=["the paper's defaults", "others"])
def test_adam_is_the_paper_s_algorithm(settings):  # [ADAM.1] [ADAM.2] [ADAM.3]
    for rate in ({}, {"rate": 0.1}):
        expected = reference.adam(START, GRADIENTS, **rate, **settings)
        assert_allclose(run(tm.Adam(*rate.values(), **settings)), expected, rtol=1e-13)


def test_the_linear_schedule_goes_from_start_to_end_and_stays():  # [SCHED.1]
    rate = tm.linear_schedule(0.4, 0.1, 3)
    assert_allclose([rate(n) for n in range(6)], [0.4, 0.3, 0.2, 0.1, 0.1, 0.1], rtol=1e-14)


@pytest.mark.parametrize("gradient", [[-3, -4], [0.9, -1.2], [0, -2], [0.3, -0.4], [0, 0]], ids=str)
def test_clipping_keeps_the_direction_and_bounds_the_norm(gradient):  # [CLIP.1]
    moved = tm.SGD(1.0, max_norm=1.0).step(np.zeros(2), np.array(gradient, float))
    assert_allclose(moved, -np.array(gradient) / max(1, np.linalg.norm(gradient)), rtol=1e-14)


def test_adam_sees_the_clipped_gradient():
    clipped = [g / max(1, np.linalg.norm(g)) for g in GRADIENTS]
    assert_allclose(run(tm.Adam(0.1, max_norm=1.0)), run(tm.Adam(0.1), clipped), rtol=1e-14)


@pytest.mark.parametrize("dtype, size", [("f4", 1e20), ("f4", 1e38), ("f8", 1e200)])
def test_clipping_survives_a_norm_that_overflows(dtype, size):
    gradient = np.array([1.5 * size, -size], dtype)
    moved = tm.SGD(1.0, max_norm=1.0).step(np.zeros(2, dtype), gradient)
    assert_allclose(moved, np.array([-1.5, 1.0]) / np.hypot(1.5, 1.0), rtol=1e-6)


@pytest.mark.parametrize("kind", [tm.SGD, tm.Adam])
def test_a_rate_for_each_parameter_is_that_rate_alone(kind):
    rates = np.array([0.1, 0.0, 2.0])
    moved = kind(rates).step(START, GRADIENTS[0])
    alone = [kind(rate or 1.0).step(START, GRADIENTS[0])[i] for i, rate in enumerate(rates)]
    assert_allclose(moved, [alone[0], START[1], alone[2]], rtol=1e-14)
    falling = run(tm.SGD(lambda n: rates / (n + 1)), [np.ones(3)] * 2)
    assert_allclose(falling, START - 1.5 * rates)


@pytest.mark.parametrize("rate", [0.1, np.array([0.1, 0.2, 0.3]), lambda n: np.full(3, 0.1)],
                         ids=["one rate", "a vector", "a vector by a schedule"])
@pytest.mark.parametrize("kind", [tm.SGD, tm.Adam])
def test_single_precision_stays_and_nothing_is_changed_in_place(kind, rate):
    theta, optimizer = START.astype(np.float32), kind(rate, max_norm=0.5)
    for gradient in (np.ones(3, np.float32), np.ones(3)):
        theta.setflags(write=False), gradient.setflags(write=False)
        theta = optimizer.step(theta, gradient)
        assert theta.dtype == np.float32
    assert all(a.dtype == np.float32 for name, a in optimizer.state().items() if name != "t")


@EITHER
def test_an_optimizer_s_state_takes_up_where_it_was_left(make):
    whole, first, second = make(), make(), make()
    half = run(first, GRADIENTS[:2])
    second.restore(first.state())
    run(first)  # which changes nothing in the other
    assert second.t == 2
    assert_array_equal(run(second, GRADIENTS[2:], half), run(whole))


@EITHER
def test_a_step_that_fails_is_not_counted(make):
    optimizer, unharmed = make(), make()
    theta = run(optimizer, GRADIENTS[:1])
    for bad in (np.ones(1), np.array([1.0, np.nan, 0.0]), np.ones(3, dtype=complex)):
        with pytest.raises((ValueError, TypeError), match="gradient"):
            optimizer.step(theta, bad)
    assert optimizer.t == 1
    assert_array_equal(run(optimizer, GRADIENTS[1:], theta), run(unharmed))


@EITHER
def test_an_optimizer_s_state_is_its_own(make):
    optimizer, same = make(), make()
    theta = run(optimizer, GRADIENTS[:2])
    state = optimizer.state()
    same.restore(state)
    for value in state.values():
        value[...] = 7
    ends = [run(each, GRADIENTS[2:], theta) for each in (optimizer, same)]
    assert_array_equal(ends, [run(make())] * 2)


def test_an_epsilon_that_is_0_in_single_precision_moves_nothing_without_a_gradient():
    theta = tm.Adam(0.01, epsilon=1e-60).step(np.ones(2, np.float32), np.zeros(2, np.float32))
    assert_array_equal(theta, 1)


def test_a_zero_gradient_moves_nothing_in_half_precision_either():
    """Adam's ε is 0 in half precision; so its state is in single precision."""
    optimizer, theta = tm.Adam(0.01), np.ones(3, np.float16)
    for gradient in ([0, 1, 0], [0, 1e-4, 0]):
        theta = optimizer.step(theta, np.array(gradient, np.float16))
    assert theta.dtype == np.float16 and theta[0] == theta[2] == 1 > theta[1] > 0.97


@pytest.mark.parametrize("kept", [lambda: tm.SGD(np.ones(3)).learning_rate,
                                  lambda: tm.MAML(tm.Linear(1, 1), np.ones(2)).alpha],
                         ids=["learning_rate", "alpha"])
def test_an_entry_of_a_checked_vector_cannot_be_changed(kept):
    with pytest.raises(ValueError, match="read-only"):
        kept()[0] = -1


def test_a_schedule_goes_to_another_process():
    optimizer = pickle.loads(pickle.dumps(tm.Adam(tm.linear_schedule(0.1, 0.0, 4))))
    assert optimizer.learning_rate(2) == 0.05
