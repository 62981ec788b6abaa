"""Activations and initialisations: the pieces before any model."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm

EACH = pytest.mark.parametrize("phi", [tm.relu, tm.tanh], ids=lambda phi: phi.name)
POINTS = np.array([-3.0, -1.2, -0.01, 0.02, 0.7, 2.5])


def complex_step(f, x, h=1e-20):
    return f(x + 1j * h).imag / h


def test_activations_have_their_values():  # [ACT.1] [ACT.2]
    z = np.array([-2.0, 0.0, 0.5])
    assert_allclose(tm.relu.value(z), [0, 0, 0.5], rtol=1e-15)
    assert_allclose(tm.tanh.value(z), [-0.9640275800758169, 0, 0.46211715726000973], rtol=1e-15)


@EACH
def test_the_first_derivative_is_that_of_the_value(phi):
    derived = phi.derivative(POINTS, phi.value(POINTS))
    central = (phi.value(POINTS + 1e-6) - phi.value(POINTS - 1e-6)) / 2e-6
    assert_allclose(derived, complex_step(phi.value, POINTS), rtol=1e-14)
    assert_allclose(derived, central, rtol=1e-8, atol=1e-10)


def test_the_second_derivative_of_tanh_is_that_of_the_first():
    a = tm.tanh.value(POINTS)
    derived = tm.tanh.second_derivative(POINTS, a, tm.tanh.derivative(POINTS, a))
    first = lambda z: tm.tanh.derivative(z, tm.tanh.value(z))
    assert_allclose(derived, complex_step(first, POINTS), rtol=1e-13)


def test_relu_has_slope_0_at_its_kink_where_the_real_part_alone_decides():
    assert tm.relu.derivative(np.array([0.0, -0.0]), None).tolist() == [0, 0]
    assert tm.relu.value(np.array([1e-20j, -1e-20j])).tolist() == [0, 0]


@EACH
@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_activations_keep_the_precision(phi, dtype):
    z = POINTS.astype(dtype)
    a = phi.value(z)
    assert a.dtype == dtype
    assert phi.derivative(z, a).real.dtype == np.float32


# Initialisations.


def weight(model, theta, name):
    return dict(zip([name for name, _ in model.blocks], model.unflatten(theta)))[name]


@pytest.mark.parametrize("scheme, name, std", [
    ("he", "W1", np.sqrt(2 / 30)), ("he", "W2", np.sqrt(2 / 200)),
    ("xavier", "W1", np.sqrt(2 / 230)), ("uniform", "W2", np.sqrt(1 / 3 / 200)),
    ("uniform", "b1", np.sqrt(1 / 3 / 30)),
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


@pytest.mark.parametrize("model, scheme", [(tm.MLP([3, 5, 1]), "he"), (tm.Linear(3, 2), "xavier"),
                                           (tm.MLP([3, 5, 1], "tanh"), "xavier")],
                         ids=["ReLU", "linear", "tanh"])
def test_he_is_the_default_for_relu_and_xavier_for_the_others(model, scheme):
    default, named = (model.init(np.random.default_rng(0), scheme=s) for s in (None, scheme))
    assert_array_equal(default, named)


def test_single_precision_starts_from_the_same_draws():
    model = tm.MLP([3, 5, 1])
    double, single = (model.init(np.random.default_rng(0), dtype=d) for d in (float, np.float32))
    assert single.dtype == np.float32
    assert_array_equal(single, double.astype(np.float32))
