"""Losses, activations and initialisations: the pieces before any model."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm

ACTIVATIONS = [pytest.param(tm.relu, id="relu"), pytest.param(tm.tanh, id="tanh")]
POINTS = np.array([-3.0, -1.2, -0.01, 0.02, 0.7, 2.5])


def complex_step(f, x, h=1e-20):
    return f(x + 1j * h).imag / h


def test_squared_error_is_the_mean_over_examples_and_outputs():  # [LOSS.1]
    f = np.array([[1.0, 2.0], [3.0, 5.0], [0.0, 0.0]])
    y = np.array([[0.0, 2.0], [1.0, 4.0], [0.0, 3.0]])
    assert tm.squared_error.value(f, y) == (1 + 0 + 4 + 1 + 0 + 9) / 6


def test_squared_error_keeps_leading_axes(rng):
    f, y = rng.standard_normal((2, 4, 3, 2)), rng.standard_normal((2, 4, 3, 2))
    assert tm.squared_error.value(f, y).shape == (2, 4)


def test_the_loss_gradient_is_the_derivative_of_the_loss(rng):  # [LOSS.2]
    f, y = rng.standard_normal((3, 2)), rng.standard_normal((3, 2))
    numerical = np.zeros((3, 2))
    for k in range(3):
        for j in range(2):
            move = np.zeros((3, 2), dtype=complex)
            move[k, j] = 1e-20j
            numerical[k, j] = tm.squared_error.value(f + move, y).imag / 1e-20
    assert_allclose(tm.squared_error.gradient(f, y), numerical, rtol=1e-14)


def test_the_loss_curvature_is_the_derivative_of_its_gradient(rng):  # [LOSS.3]
    f, y, f_dot = rng.standard_normal((3, 3, 2))
    numerical = tm.squared_error.gradient(f + 1e-20j * f_dot, y).imag / 1e-20
    assert_allclose(tm.squared_error.curvature(f, y, f_dot), numerical, rtol=1e-14)


@pytest.mark.parametrize("z, relu, tanh", [(-2.0, 0.0, -0.9640275800758169), (0.0, 0.0, 0.0),
                                           (0.5, 0.5, 0.46211715726000973)])
def test_activations_have_their_values(z, relu, tanh):  # [ACT.1] [ACT.2]
    z = np.array([z])
    assert_allclose(tm.relu.value(z), relu, rtol=1e-15)
    assert_allclose(tm.tanh.value(z), tanh, rtol=1e-15)


@pytest.mark.parametrize("phi", ACTIVATIONS)
def test_the_first_derivative_is_that_of_the_value(phi):
    derived = phi.derivative(POINTS, phi.value(POINTS))
    assert_allclose(derived, complex_step(phi.value, POINTS), rtol=1e-14)
    assert_allclose(derived, (phi.value(POINTS + 1e-6) - phi.value(POINTS - 1e-6)) / 2e-6,
                    rtol=1e-8, atol=1e-10)


def test_the_second_derivative_of_tanh_is_that_of_the_first():
    a = tm.tanh.value(POINTS)
    derived = tm.tanh.second_derivative(POINTS, a, tm.tanh.derivative(POINTS, a))
    first = lambda z: tm.tanh.derivative(z, tm.tanh.value(z))
    assert_allclose(derived, complex_step(first, POINTS), rtol=1e-13)
    assert_allclose(derived, (first(POINTS + 1e-6) - first(POINTS - 1e-6)) / 2e-6, rtol=1e-7)


def test_relu_has_no_second_derivative_and_slope_0_at_its_kink():
    assert tm.relu.second_derivative is None
    assert tm.relu.derivative(np.array([0.0, -0.0]), None).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("phi", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_activations_keep_the_precision(phi, dtype):
    z = POINTS.astype(dtype)
    a = phi.value(z)
    assert a.dtype == dtype
    assert phi.derivative(z, a).real.dtype == z.real.dtype


def weight(model, theta, name):
    return dict(zip([name for name, _ in model.blocks], model.unflatten(theta)))[name]


@pytest.mark.parametrize("scheme, name, std", [("he", "W1", np.sqrt(2 / 30)),
                                               ("he", "W2", np.sqrt(2 / 200)),
                                               ("xavier", "W1", np.sqrt(2 / 230)),
                                               ("xavier", "W2", np.sqrt(2 / 300)),
                                               ("uniform", "W1", np.sqrt(1 / 3 / 30)),
                                               ("uniform", "b1", np.sqrt(1 / 3 / 30)),
                                               ("uniform", "W2", np.sqrt(1 / 3 / 200)),
                                               ("truncated_normal", "W2", 0.01 * 0.8796)])
def test_initialisations_have_the_deviation_that_they_name(scheme, name, std, rng):
    model = tm.MLP([30, 200, 100, 1])
    values = weight(model, model.init(rng, scheme=scheme), name)
    assert abs(values.mean()) < 4 * std / np.sqrt(values.size)
    assert abs(values.std() / std - 1) < 4 / np.sqrt(values.size)  # N: 2.8 standard errors; U: more


@pytest.mark.parametrize("scheme", ["he", "xavier", "truncated_normal"])
def test_initial_biases_are_0(scheme, rng):
    model = tm.MLP([3, 20, 10, 2])
    theta = model.init(rng, scheme=scheme)
    assert all((weight(model, theta, name) == 0).all() for name in ("b1", "b2", "b3"))
    assert all((weight(model, theta, name) != 0).all() for name in ("W1", "W2", "W3"))


def test_the_truncated_normal_ends_at_two_deviations_and_the_uniform_at_its_bound(rng):
    model = tm.MLP([4, 300, 300, 1])
    truncated, uniform = (model.init(rng, scheme=s) for s in ("truncated_normal", "uniform"))
    assert 0.0199 < np.abs(truncated).max() <= 0.02
    assert 0.499 < np.abs(weight(model, uniform, "W1")).max() <= 0.5


def test_he_is_the_default_for_relu_and_xavier_for_tanh_and_linear():
    for model, scheme in ((tm.MLP([3, 5, 1]), "he"), (tm.MLP(
        [3, 5, 1], "tanh"), "xavier"), (tm.Linear(3, 2), "xavier")):
        default, named = (model.init(np.random.default_rng(0), scheme=s) for s in (None, scheme))
        assert_array_equal(default, named)


def test_single_precision_starts_from_the_same_draws():
    model = tm.MLP([3, 5, 1])
    double, single = (model.init(np.random.default_rng(0), dtype=d)
                      for d in (np.float64, np.float32))
    assert single.dtype == np.float32
    assert_array_equal(single, double.astype(np.float32))
