"""Models: values, gradients, Hessian-vector products, by oracles that know no derivation."""

import itertools
import pickle

import numpy as np
import pytest
from conftest import (FEW, MODELS, VARIED, bare, each, hessian, random_data, random_theta,
                      read_only)
from numpy.testing import assert_allclose, assert_array_equal

import reference
import tinymeta as tm
from tinymeta.checking.numerical import relative_error


@each({name: MODELS[name] for name in ("relu 2-5-5-5-3", "tanh 1-5-4-1")})
def test_a_network_is_that_of_a_loop_over_neurons(model, rng):  # [MLP.1] [MLP.2]
    theta, v, (x, y) = *random_theta(model, rng, 2), random_data(model, rng)
    parts = model.widths, model.activation.name
    loss = lambda t: reference.loss(*parts, t, x, y)
    outputs = [reference.predict(*parts, theta, x_k) for x_k in x]
    assert_allclose(model.predict(theta, x), outputs, rtol=1e-12)
    assert_allclose(model.loss(theta, x, y), loss(theta), rtol=1e-12)
    assert relative_error(reference.gradient(loss, theta), model.gradient(theta, x, y)) < 1e-13
    before, after = (reference.gradient(loss, theta + e * v) for e in (-1e-5, 1e-5))
    assert relative_error((after - before) / 2e-5, model.hvp(theta, x, y, v)) < 1e-7


def test_a_linear_model_is_a_network_without_hidden_layers(rng):  # [LIN.1]
    linear, network = tm.Linear(2, 3), tm.MLP([2, 3])
    theta, v, (x, y) = *random_theta(linear, rng, 2), random_data(linear, rng)
    assert linear.blocks == network.blocks
    for name, more in (("predict", ()), ("gradient", (y,)), ("hvp", (y, v))):
        found, expected = (getattr(m, name)(theta, x, *more) for m in (linear, network))
        assert_allclose(found, expected, rtol=1e-14)


def test_theta_is_laid_out_row_by_row_weights_before_biases():
    model, theta = tm.MLP([2, 3, 1]), np.arange(13.0)
    assert model.blocks == [("W1", (2, 3)), ("b1", (3,)), ("W2", (3, 1)), ("b2", (1,))]
    W1, b1, W2, b2 = parts = model.unflatten(theta)
    assert W1.tolist() == [[0, 1, 2], [3, 4, 5]] and b1.tolist() == [6, 7, 8]
    assert W2.tolist() == [[9], [10], [11]] and b2.tolist() == [12]
    assert all(np.shares_memory(part, theta) for part in parts)


@each(VARIED)
def test_the_gradient_passes_both_numerical_derivatives(model, rng):
    """[MLP.3] [MLP.4] [MLP.5] [MLP.6] [LIN.2]"""
    theta, (x, y) = random_theta(model, rng), random_data(model, rng)
    report = tm.check_gradient(lambda t: model.loss(t, x, y), lambda t: model.gradient(t, x, y),
                               theta, model)
    assert report, report
    assert set(report.errors) == {"complex step", "central differences"}


@each(VARIED)
def test_the_hvp_is_the_explicit_symmetric_hessian_times_v(model, rng):
    """[HVP.1] [HVP.2] [HVP.3] [HVP.4] [HVP.5] [HVP.6] [LIN.3] [LIN.4]"""
    theta, v, (x, y) = *random_theta(model, rng, 2), random_data(model, rng)
    gradient = lambda t: model.gradient(t, x, y)
    report = tm.check_hvp(gradient, lambda t, v: model.hvp(t, x, y, v), theta, model)
    assert report, report
    H = hessian(gradient, theta)
    assert relative_error(H, H.T) < 1e-14
    assert relative_error(H @ v, model.hvp(theta, x, y, v)) < 1e-14
    rows = model.hvp(theta, x, y, np.eye(model.n_params))  # one θ, many directions
    assert_allclose(rows, H, atol=1e-13 * np.linalg.norm(H))


@each({**VARIED, "with a context": lambda: tm.ContextMLP([2, 5, 3], 2, "tanh"),
       "fast": lambda: tm.FastMLP([2, 5, 4, 3], "tanh")})
def test_errors_at_the_predictions_are_pulled_back_to_theta(model, rng):
    theta, d, (x, _) = *random_theta(model, rng, 2), random_data(model, rng, 3)
    point = model.outputs_at(theta, x)
    delta = rng.standard_normal(point.f.shape)
    f_dot = model.predict(theta + 1e-20j * d, x).imag / 1e-20
    assert_allclose(point.pullback(delta) @ d, (delta * f_dot).sum(axis=(1, 2)), rtol=1e-11)


@each(FEW)
def test_taylor_remainders_are_of_order_2_with_the_derivative_and_1_without(model, rng):
    theta, v, (x, y) = *random_theta(model, rng, 2), random_data(model, rng)
    loss, gradient = lambda t: model.loss(t, x, y), lambda t: model.gradient(t, x, y)
    small = (1e-3, 1e-4, 1e-5)  # small enough not to cross a kink of ReLU
    assert abs(tm.taylor_order(loss, gradient(theta) @ v, theta, v, small) - 2) < 0.05
    assert abs(tm.taylor_order(loss, 0.0, theta, v, small) - 1) < 0.05
    assert abs(tm.taylor_order(gradient, 0.0, theta, v, small) - 1) < 0.05
    if not isinstance(model, tm.Linear):  # its gradient has no remainder
        Hv = model.hvp(theta, x, y, v)
        assert abs(tm.taylor_order(gradient, Hv, theta, v, small) - 2) < 0.05


# What a linear model can and cannot do on a sine wave.


def test_on_sine_features_two_points_determine_the_wave(rng):
    batch = tm.SinusoidTasks().sample(rng, n_tasks=200, n_support=2, n_query=20)
    model = tm.Linear(1, 1, features=tm.sine_features, bias=False)
    theta = tm.least_squares(model, batch.x_support, batch.y_support)  # (T, 2)
    A, psi = batch.parameters["amplitude"], batch.parameters["phase"]
    right = np.stack([A * np.cos(psi), -A * np.sin(psi)], axis=1)
    assert np.median(np.abs(theta - right)) < 1e-13
    assert np.median(model.loss(theta, batch.x_query, batch.y_query)) < 1e-26


@pytest.mark.filterwarnings("error")
def test_features_need_not_be_defined_at_0():
    model = tm.Linear(1, 1, features=np.log)
    assert model.loss(np.array([1.0, 0.0]), np.full((2, 1), np.e), np.ones((2, 1))) == 0


@pytest.mark.filterwarnings("ignore:invalid value")
def test_features_that_are_no_numbers_at_some_x_are_named():
    model, x = tm.Linear(1, 1, features=np.log), np.array([[1.0], [-1.0], [-2.0]])
    for call in (lambda: tm.least_squares(model, x, x), lambda: model.predict(np.ones(2), x)):
        with pytest.raises(ValueError, match=r"features\(x\) has shape \(3, 1\) and 2 NaN or inf"):
            call()


def test_features_that_work_in_place_leave_x_as_it_is():
    def features(x):
        x -= 0.5
        return x

    model, x, theta = tm.Linear(1, 1, features), np.ones((3, 1)), np.array([2.0, 1.0])
    assert model.loss(theta, x, x) == model.loss(theta, x, x) == 1.0 and (x == 1).all()
    assert tm.least_squares(tm.Linear(1, 1, features, bias=False), x, x) == [2.0]
    assert (x == 1).all()


@pytest.mark.parametrize("model", [tm.Linear(2, 3), tm.Linear(1, 1, features=tm.sine_features)],
                         ids=["2 to 3", "sine features"])
def test_least_squares_leaves_no_gradient_and_keeps_single_precision(model, rng):
    x, y = random_data(model, rng, 5, K=9)
    theta = tm.least_squares(model, x, y)
    assert np.abs(model.gradient(theta, x, y)).max() < 1e-13
    single = tm.least_squares(model, x.astype(np.float32), y.astype(np.float32))
    assert single.dtype == np.float32


# Shapes, precision, and leaving arguments alone.


def test_leading_axes_of_theta_the_data_and_the_directions_broadcast(rng):
    shapes = [(), (3,), (1,), (2, 3)]
    for model in (tm.MLP([2, 4, 2], "tanh"), tm.FastMLP([2, 4, 3, 2]), tm.Linear(2, 2),
                  tm.GRU(2, 3, 2), tm.ContextMLP([2, 4, 2], network=tm.FastMLP)):
        for of_theta, of_x, of_v in itertools.product(shapes, repeat=3):
            theta, v = random_theta(model, rng, *of_theta), random_theta(model, rng, *of_v)
            x, y = random_data(model, rng, *of_x)
            leading = np.broadcast_shapes(of_theta, of_x, of_v)
            each = [np.broadcast_to(a, leading + a.shape[-n:])
                    for a, n in ((theta, 1), (x, 2), (y, 2), (v, 1))]
            expected = [model.hvp(*(a[i] for a in each)) for i in np.ndindex(*leading)]
            found = model.hvp(theta, x, y, v)
            assert found.shape == leading + v.shape[-1:], (of_theta, of_x, of_v)
            assert_allclose(found.reshape(len(expected), -1), expected, rtol=1e-9, atol=1e-12)


def everything(model, theta, x, y, v):
    return (model.predict(theta, x), model.loss(theta, x, y), model.gradient(theta, x, y),
            model.hvp(theta, x, y, v))


@each(FEW)
@pytest.mark.parametrize("theta_axes, data_axes, v_axes", [
    ((), (3,), ()), ((3,), (), ()), ((3,), (3,), (3,)), ((2, 1), (3,), (2, 3)), ((1,), (3,), ()),
    ((), (), (3,))], ids=str)
def test_leading_axes_broadcast_and_arguments_stay(model, theta_axes, data_axes, v_axes, rng):
    theta, v = random_theta(model, rng, *theta_axes), random_theta(model, rng, *v_axes)
    x, y = random_data(model, rng, *data_axes)
    together = everything(model, *read_only(theta, x, y, v))
    axes = np.broadcast_shapes(theta_axes, data_axes)
    all_axes = np.broadcast_shapes(axes, v_axes)
    assert together[3].flags.writeable
    last = (4, model.d_out), (), (model.n_params,), (model.n_params,)
    axes_of = axes, axes, axes, all_axes
    assert [found.shape for found in together] == [a + b for a, b in zip(axes_of, last)]
    thetas, vs = (np.broadcast_to(a, all_axes + a.shape[-1:]) for a in (theta, v))
    xs, ys = (np.broadcast_to(a, all_axes + a.shape[-2:]) for a in (x, y))
    for i in np.ndindex(all_axes):
        alone = everything(model, thetas[i], xs[i], ys[i], vs[i])
        for found, leading, one in zip(together, axes_of, alone):
            assert_allclose(found[i[len(i) - len(leading):]], one, rtol=1e-12, atol=1e-13)


@each(FEW)
@pytest.mark.parametrize("dtype", [np.float32, np.complex64, np.complex128])
def test_precision_is_that_of_theta(model, dtype, rng):
    theta, v, (x, y) = *random_theta(model, rng, 2), random_data(model, rng, 3)
    results = everything(model, theta.astype(dtype), x, y, v.astype(dtype))
    assert [r.dtype for r in results] == [dtype] * 4
    for found, right in zip(results, everything(model, theta, x, y, v)):
        assert relative_error(right, found) < 1e-5


@each(FEW)
def test_a_model_survives_the_way_between_processes(model, rng):
    theta, (x, y) = random_theta(model, rng), random_data(model, rng)
    copied = pickle.loads(pickle.dumps(model))
    assert_array_equal(copied.gradient(theta, x, y), model.gradient(theta, x, y))


@each(FEW)
def test_parameters_or_a_direction_of_nan_give_nan_and_no_error(model, rng):
    """The loop that sees divergence reports it; only NaN in the data is an error here."""
    theta, (x, y) = random_theta(model, rng), random_data(model, rng)
    nan = np.full(model.n_params, np.nan)
    assert np.isnan(model.loss(nan, x, y))
    assert np.isnan(model.hvp(theta, x, y, nan)).all()
    assert np.isnan(tm.adapt(bare(model), nan, x, y, 0.1, 2)).all()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", "D"])
def test_least_squares_has_the_precision_of_its_data(dtype):
    x = np.array([[0.0], [1.0], [2.0]]).astype(dtype)
    theta = tm.least_squares(tm.Linear(1, 1), x, 2 * x + 1)
    assert theta.dtype == x.dtype
    assert abs(theta - [2.0, 1.0]).max() < 10 * np.finfo(dtype).eps + 1e-14


@pytest.mark.parametrize("kind", [tm.MLP, tm.FastMLP])
def test_widths_that_are_read_are_a_copy(kind):
    net = kind([1, 8, 1])
    net.widths[1] = 99
    assert net.widths == [1, 8, 1] and tm.RidgeHead(net).n_params == tm.RidgeHead(
        kind([1, 8, 1])).n_params
