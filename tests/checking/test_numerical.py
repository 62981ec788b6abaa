"""The two numerical derivatives and the error, by themselves."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinymeta as tm
from tinymeta.checking.numerical import (central_difference, complex_step, on_kink,
                                         relative_error)

THETA = np.array([0.3, -1.2, 40.0])


def f(theta):
    return np.array([np.sin(theta[0]) * theta[1] ** 2, np.exp(theta[2] / 20)])


JACOBIAN = np.array([[np.cos(0.3) * 1.44, 0], [np.sin(0.3) * -2.4, 0], [0, np.exp(2.0) / 20]])


@pytest.mark.parametrize("d", [0, 1, 2, np.array([1.0, -2.0, 0.5])], ids=str)
def test_both_derivatives_along_a_coordinate_or_a_vector(d):  # [CHECK.1] [CHECK.2]
    exact = JACOBIAN[d] if np.ndim(d) == 0 else d @ JACOBIAN
    assert_allclose(complex_step(f, THETA, d), exact, rtol=1e-15, atol=1e-18)
    assert_allclose(central_difference(f, THETA, d), exact, rtol=1e-6, atol=1e-8)


def test_the_step_of_central_differences_grows_with_the_parameter_and_shrinks_on_request():
    asked = []
    for d, shrink in ((0, 1.0), (2, 1.0), (2, 1e-3), (np.ones(3), 1.0)):
        moved = []
        central_difference(lambda t: moved.append(t) or 0.0, THETA, d, shrink)
        asked.append((moved[0] - moved[1]).max() / 2)
    h = np.finfo(float).eps ** (1 / 3)
    assert_allclose(asked, [h, 40 * h, 0.04 * h, 40 * h], rtol=1e-6)


@pytest.mark.parametrize("a, b, error", [
    ([3.0, 4.0], [3.0, 4.0], 0), ([3.0, 4.0], [0.0, 0.0], 1), ([0.0], [0.0], 0),
    ([1.0, 0.0], [4.0, 0.0], 0.75), ([4.0, 0.0], [1.0, 0.0], 0.75)], ids=str)
def test_the_error_is_relative_to_the_larger_norm(a, b, error):  # [CHECK.3]
    assert relative_error(np.array(a), np.array(b)) == error


def test_both_derivatives_have_the_accuracy_that_is_claimed():
    g = lambda t: np.sum(t**3) + t[0] * np.exp(t[1])
    derived = lambda t: 3 * t**2 + np.array([np.exp(t[1]), t[0] * np.exp(t[1]), 0])
    errors = tm.check_gradient(g, derived, THETA).errors
    assert errors["complex step"] < 1e-15 and 1e-13 < errors["central differences"] < 1e-9


def test_taylor_order_is_2_with_the_derivative_and_1_with_another():
    g, v = np.array([np.cos(0.3), 2.0]), np.array([1.0, 2.0])
    value, theta = lambda t: np.sin(t[0]) + t[1] ** 2, np.array([0.3, 1.0])
    assert abs(tm.taylor_order(value, g @ v, theta, v) - 2) < 0.05
    assert abs(tm.taylor_order(value, 0.0, theta, v) - 1) < 0.1
    gradient = lambda t: np.array([np.cos(t[0]), 2 * t[1]])
    assert abs(tm.taylor_order(gradient, v * [-np.sin(0.3), 2], theta, v) - 2) < 0.05
    assert abs(tm.taylor_order(lambda t: np.sum(t**3), 3.0, np.ones(1), np.ones(1)) - 2) < 0.1


def test_taylor_order_is_that_of_an_f_that_works_in_place_or_returns_one_array():
    buffer = np.empty(3)

    def in_place(theta):
        theta *= theta
        return np.multiply(theta, 2, out=buffer)

    theta, v = np.full(3, 2.0), np.array([1.0, 2.0, 3.0])
    assert tm.taylor_order(in_place, 8 * v, theta, v) == pytest.approx(2)
    assert (theta == 2).all()


def test_taylor_order_is_infinite_where_nothing_but_rounding_remains():
    line = lambda t: 3 * t.sum()
    assert tm.taylor_order(line, 9.0, np.ones(3), np.ones(3)) == np.inf
    assert tm.taylor_order(line, 9.0 + 1e-10, np.ones(3), np.ones(3)) < 1.1


def test_taylor_order_is_a_number_where_some_remainder_is_exactly_0():
    tube = lambda t: np.maximum(abs(t) - 0.1, 0).sum() ** 2  # flat around 0
    assert 2 < tm.taylor_order(tube, 0.0, np.zeros(1), np.array([2.0])) < np.inf
    assert tm.taylor_order(tube, 1.0, np.zeros(1), np.array([2.0])) < 1.1


def test_taylor_order_of_no_finite_numbers_or_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"f\(theta \+ r v\) is .*; expected numbers whose sq"):
        tm.taylor_order(lambda t: np.exp(3e3 * t).sum(), 1.0, np.ones(1) / 9, np.ones(1))
    with pytest.raises(ValueError, match=r"f\(theta \+ r v\) has shape \(2,\); expected \(1,\)"):
        tm.taylor_order(lambda t: np.ones(1 + (t[0] > 0)), 1.0, np.zeros(1), np.ones(1))


@pytest.mark.parametrize("f, at, expected", [
    (np.abs, 0.0, True), (lambda t: np.maximum(t, 0) + 3, 0.0, True), (np.abs, 1e-6, False),
    (lambda t: (t > 0) + t**2, 0.0, False), (np.square, 0.0, False), (np.tanh, 0.5, False),
    (lambda t: np.tanh(t / 1e-9), 0.3e-9, False),
    (lambda t: np.abs(np.float32(t)), 0.0, False)],
    ids=["|t|", "above 0", "beside it", "a step", "a square", "tanh", "a steep tanh", "single"])
def test_a_kink_is_told_from_what_is_steep_or_has_a_step(f, at, expected):
    assert on_kink(lambda theta: f(theta).sum(), np.array([at]), np.ones(1)) is expected
