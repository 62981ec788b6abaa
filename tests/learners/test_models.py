"""Models: values, gradients, Hessian-vector products, against oracles that know no derivation."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import (MODELS, NETWORKS, OWN_PARTS, each, hessian, random_data, random_theta,
                      read_only)
from numpy.testing import assert_allclose, assert_array_equal

import reference
import tinymeta as tm
from tinymeta.checking.numerical import relative_error
from tinymeta.learners.mlp import MLPPass


@each(NETWORKS)
def test_predictions_are_those_of_a_loop_over_neurons(model, rng):  # [MLP.1] [MLP.2]
    theta, (x, y) = random_theta(model, rng), random_data(model, rng)
    phi = model.activation.name
    expected = [reference.predict(model.widths, phi, theta, x_k) for x_k in x]
    assert_allclose(model.predict(theta, x), expected, rtol=1e-12)
    assert_allclose(model.loss(theta, x, y), reference.loss(model.widths, phi, theta, x, y),
                    rtol=1e-12)


@pytest.mark.parametrize("d_in, d_out", [(1, 1), (2, 3)])
def test_a_linear_model_is_a_network_without_hidden_layers(d_in, d_out, rng):  # [LIN.1]
    linear, network = tm.Linear(d_in, d_out), tm.MLP([d_in, d_out])
    theta, (x, y), v = random_theta(linear, rng), random_data(linear, rng), random_theta(
        linear, rng)
    assert linear.n_params == network.n_params
    assert_allclose(linear.predict(theta, x), network.predict(theta, x), rtol=1e-14)
    assert_allclose(linear.gradient(theta, x, y), network.gradient(theta, x, y), rtol=1e-14)
    assert_allclose(linear.hvp(theta, x, y, v), network.hvp(theta, x, y, v), rtol=1e-14)


def test_theta_is_laid_out_row_by_row_weights_before_biases():
    model = tm.MLP([2, 3, 1])
    assert model.blocks == [("W1", (2, 3)), ("b1", (3,)), ("W2", (3, 1)), ("b2", (1,))]
    W1, b1, W2, b2 = model.unflatten(np.arange(13.0))
    assert_array_equal(W1, [[0, 1, 2], [3, 4, 5]])
    assert_array_equal(b1, [6, 7, 8])
    assert_array_equal(W2, [[9], [10], [11]])
    assert_array_equal(b2, [12])


def test_unflattened_parameters_are_views():
    model, theta = tm.MLP([2, 3, 1]), np.zeros((4, 13))
    assert all(np.shares_memory(block, theta) for block in model.unflatten(theta))


@each({**MODELS, **OWN_PARTS})
def test_the_gradient_passes_both_numerical_derivatives(
        model, rng):  # [MLP.3] [MLP.4] [MLP.5] [MLP.6] [LIN.2]
    theta, (x, y) = random_theta(model, rng), random_data(model, rng)
    report = tm.check_gradient(lambda t: model.loss(t, x, y), lambda t: model.gradient(t, x, y),
                               theta, model)
    assert report, report
    assert set(report.errors) == {"complex step", "central differences"}


@each(NETWORKS)
def test_the_gradient_is_that_of_the_reference_loop(model, rng):
    theta, (x, y) = random_theta(model, rng), random_data(model, rng)
    numerical = reference.gradient(
        lambda t: reference.loss(model.widths, model.activation.name, t, x, y), theta)
    assert relative_error(numerical, model.gradient(theta, x, y)) < 1e-13


@each({**MODELS, **OWN_PARTS})
def test_the_hvp_passes_both_numerical_derivatives(model, rng):  # [LIN.3] [LIN.4]
    # [HVP.1] [HVP.2] [HVP.3] [HVP.4] [HVP.5] [HVP.6]
    theta, (x, y) = random_theta(model, rng), random_data(model, rng)
    report = tm.check_hvp(lambda t: model.gradient(t, x, y), lambda t, v: model.hvp(t, x, y, v),
                          theta, model)
    assert report, report


@each({**MODELS, **OWN_PARTS})
def test_the_hvp_is_the_explicit_symmetric_hessian_times_v(model, rng):
    theta, (x, y), v = random_theta(model, rng), random_data(model, rng), random_theta(model, rng)
    H = hessian(lambda t: model.gradient(t, x, y), theta)
    assert relative_error(H, H.T) < 1e-14
    assert relative_error(H @ v, model.hvp(theta, x, y, v)) < 1e-14
    assert_allclose(model.hvp(theta, x, y, np.eye(model.n_params)), H,
                    atol=1e-13 * np.linalg.norm(H))


@each(NETWORKS)
def test_the_hvp_is_that_of_the_reference_loop(model, rng):
    theta, (x, y), v = random_theta(model, rng), random_data(model, rng), random_theta(model, rng)
    gradient = lambda t: reference.gradient(
        lambda s: reference.loss(model.widths, model.activation.name, s, x, y), t)
    numerical = (gradient(theta + 1e-5 * v) - gradient(theta - 1e-5 * v)) / 2e-5
    assert relative_error(numerical, model.hvp(theta, x, y, v)) < 1e-7


@each(MODELS)
def test_taylor_remainders_are_of_order_2_with_the_derivative_and_1_without(model, rng):
    theta, (x, y), v = random_theta(model, rng), random_data(model, rng), random_theta(model, rng)
    loss, gradient = lambda t: model.loss(t, x, y), lambda t: model.gradient(t, x, y)
    small = (1e-3, 1e-4, 1e-5)  # small enough not to cross a kink of ReLU
    assert abs(tm.taylor_order(loss, gradient(theta) @ v, theta, v, small) - 2) < 0.05
    assert abs(tm.taylor_order(loss, 0.0, theta, v, small) - 1) < 0.05
    assert abs(tm.taylor_order(gradient, 0.0, theta, v, small) - 1) < 0.05
    remainder = [
        np.linalg.norm(gradient(theta + e * v) - gradient(theta) - e * model.hvp(theta, x, y, v))
        for e in (1e-3, 1e-4)
    ]
    linear = model.n_params < 10 and isinstance(model, tm.Linear)  # there the remainder is 0
    assert max(remainder) < 1e-13 if linear else abs(np.log10(remainder[0] / remainder[1]) -
                                                     2) < 0.05


# Negative controls: each planted mistake must fail the check that the right derivation passes.


def broken_loss(value=1.0, gradient=1.0, curvature=1.0):
    right = tm.squared_error
    return tm.Loss("broken", lambda f, y: value * right.value(f, y),
                   lambda f, y: gradient * right.gradient(f, y),
                   lambda f, y, f_dot: curvature * right.curvature(f, y, f_dot))


NO_CURVE = tm.tanh._replace(second_derivative=None)
WRONG_SIGN = tm.tanh._replace(second_derivative=lambda z, a, d: 2 * a * d)
HALF_SLOPE = tm.tanh._replace(derivative=lambda z, a: 0.5 * (1 - a * a))


class TransposedWeight(tm.MLP):
    """Backpropagates through W where it should go through Wᵀ; only square weights let it run."""

    def at(self, theta, x, y):
        class Broken(MLPPass):
            @property
            def backward(self):
                (W2, _), (W3, _) = self.layers[2:]
                delta, back = [None] * 4, [None] * 3
                delta[3] = self.model.loss_function.gradient(self.f, self.y)
                back[2] = delta[3] @ W3.swapaxes(-1, -2)
                delta[2] = back[2] * self.slope[2]
                back[1] = delta[2] @ W2  # planted: W2ᵀ is right
                delta[1] = back[1] * self.slope[1]
                return delta, back

        return Broken(self, theta, x, y)


@pytest.mark.parametrize("broken", [
    pytest.param(tm.MLP([1, 4, 4, 1], "tanh", loss=broken_loss(gradient=-1)), id="flipped sign"),
    pytest.param(tm.MLP([1, 4, 4, 1], "tanh", loss=broken_loss(gradient=2)), id="factor 2"),
    pytest.param(tm.MLP([1, 4, 4, 1], HALF_SLOPE), id="wrong activation slope"),
    pytest.param(TransposedWeight([1, 4, 4, 1], "tanh"), id="transposed weight"),
    pytest.param(tm.Linear(1, 1, loss=broken_loss(gradient=0.5)), id="linear, factor 1/2")])
def test_a_wrong_gradient_fails(broken, rng):
    theta, (x, y) = random_theta(broken, rng), random_data(broken, rng)
    report = tm.check_gradient(lambda t: broken.loss(t, x, y), lambda t: broken.gradient(t, x, y),
                               theta, broken)
    assert not report and min(report.errors.values()) > 0.01


@pytest.mark.parametrize("broken", [
    pytest.param(tm.MLP([1, 4, 4, 1], NO_CURVE), id="φ'' term dropped"),
    pytest.param(tm.MLP([1, 4, 4, 1], WRONG_SIGN), id="φ'' with the wrong sign"),
    pytest.param(tm.MLP([1, 4, 4, 1], "tanh", loss=broken_loss(curvature=-1)),
                 id="curvature with the wrong sign"),
    pytest.param(tm.MLP([1, 4, 4, 1], "tanh", loss=broken_loss(curvature=2)),
                 id="curvature with a factor 2"),
    pytest.param(tm.Linear(1, 1, loss=broken_loss(curvature=2)),
                 id="linear, curvature with a factor 2")
])
def test_a_wrong_hvp_fails(broken, rng):
    theta, (x, y) = random_theta(broken, rng), random_data(broken, rng)
    report = tm.check_hvp(lambda t: broken.gradient(t, x, y), lambda t, v: broken.hvp(t, x, y, v),
                          theta, broken)
    assert not report and min(report.errors.values()) > 0.01


def test_dropping_the_second_derivative_goes_unnoticed_with_relu(rng):
    """Why tanh must be in every check: for ReLU φ'' is nothing, and its absence changes no bit."""
    with_term = tm.MLP([1, 4, 4, 1], tm.relu._replace(second_derivative=lambda z, a, d: 0 * z))
    without = tm.MLP([1, 4, 4, 1], "relu")
    theta, (x, y), v = random_theta(without, rng), random_data(without, rng), random_theta(
        without, rng)
    assert_array_equal(with_term.hvp(theta, x, y, v), without.hvp(theta, x, y, v))


# What a linear model can and cannot do on a sine wave.


def test_on_sine_features_two_points_determine_the_wave(rng):
    batch = tm.SinusoidTasks().sample(rng, n_tasks=200, n_support=2, n_query=20)
    model = tm.Linear(1, 1, features=tm.sine_features, bias=False)
    theta = tm.least_squares(model, batch.x_support, batch.y_support)  # (T, 2)
    A, phi = batch.parameters["amplitude"], batch.parameters["phase"]
    assert np.median(np.abs(theta - np.stack([A * np.cos(phi), -A * np.sin(phi)], axis=1))) < 1e-13
    assert np.median(model.loss(theta, batch.x_query, batch.y_query)) < 1e-26


def test_on_x_itself_no_line_fits_a_wave(rng):
    batch = tm.SinusoidTasks(amplitude=(1, 1)).sample(rng, n_tasks=50, n_support=40, n_query=40)
    model = tm.Linear(1, 1)
    theta = tm.least_squares(model, batch.x_support, batch.y_support)
    assert model.loss(theta, batch.x_support,
                      batch.y_support).min() > 0.2  # of a mean square of about 0.5


@pytest.mark.parametrize(
    "model",
    [tm.Linear(1, 1), tm.Linear(2, 3),
     tm.Linear(1, 1, features=tm.sine_features)], ids=["a line", "2 to 3", "sine features"])
def test_least_squares_leaves_no_gradient(model, rng):
    x, y = random_data(model, rng, 5, K=9)
    theta = tm.least_squares(model, x, y)
    assert np.abs(model.gradient(theta, x, y)).max() < 1e-13
    assert (model.loss(theta, x, y) < model.loss(0 * theta, x, y)).all()


# Shapes, precision, and leaving arguments alone.


@each(MODELS)
def test_arguments_are_left_as_they_were(model, rng):
    theta, v, x, y = read_only(random_theta(model, rng), random_theta(model, rng),
                               *random_data(model, rng))
    model.predict(theta, x), model.loss(theta, x, y), model.gradient(theta, x, y), model.hvp(
        theta, x, y, v)


@each(MODELS)
@pytest.mark.parametrize("theta_axes, data_axes, expected", [((), (), ()), ((), (3, ), (3, )),
                                                             ((3, ), (), (3, )),
                                                             ((3, ), (3, ), (3, )),
                                                             ((2, 1), (3, ), (2, 3)),
                                                             ((2, 3), (3, ), (2, 3)),
                                                             ((1, ), (3, ), (3, ))], ids=str)
def test_leading_axes_broadcast(model, theta_axes, data_axes, expected, rng):
    theta, v = random_theta(model, rng, *theta_axes), random_theta(model, rng, *theta_axes)
    x, y = random_data(model, rng, *data_axes)
    results = (model.predict(theta, x), model.loss(theta, x, y), model.gradient(
        theta, x, y), model.hvp(theta, x, y, v))
    thetas, vs = (np.broadcast_to(a, expected + a.shape[-1:]) for a in (theta, v))
    xs, ys = (np.broadcast_to(a, expected + a.shape[-2:]) for a in (x, y))
    for i in np.ndindex(expected):
        single = (model.predict(thetas[i], xs[i]), model.loss(
            thetas[i], xs[i], ys[i]), model.gradient(
                thetas[i], xs[i], ys[i]), model.hvp(thetas[i], xs[i], ys[i], vs[i]))
        for batched, alone in zip(results, single):
            assert_allclose(batched[i], alone, rtol=1e-12, atol=1e-13)
    assert [r.shape for r in results] == [
        expected + (4, model.d_out), expected, expected + (model.n_params, ),
        expected + (model.n_params, )
    ]


@each(MODELS)
@pytest.mark.parametrize("dtype", [np.float32, np.complex64, np.complex128])
def test_precision_is_that_of_theta(model, dtype, rng):
    theta, v = (random_theta(model, rng, 3).astype(dtype) for _ in range(2))
    x, y = random_data(model, rng, 3)
    results = (model.predict(theta, x), model.loss(theta, x, y), model.gradient(
        theta, x, y), model.hvp(theta, x, y, v))
    assert [r.dtype for r in results] == [dtype] * 4
    doubled = theta.astype(np.complex128 if np.dtype(dtype).kind == "c" else float)
    assert_allclose(results[2], model.gradient(doubled, x, y), rtol=1e-4, atol=1e-4)


@each(MODELS)
@pytest.mark.parametrize("theta_axes", [(), (2, 1), (1, 3)], ids=str)
@pytest.mark.parametrize("v_axes", [(), (2, 3), (3,)], ids=str)
@pytest.mark.parametrize("data_axes", [(), (3,)], ids=str)
def test_a_product_has_all_leading_axes(model, theta_axes, data_axes, v_axes, rng):
    theta, v = random_theta(model, rng, *theta_axes), random_theta(model, rng, *v_axes)
    x, y = random_data(model, rng, *data_axes)
    expected = np.broadcast_shapes(theta_axes, data_axes, v_axes)
    assert model.hvp(theta, x, y, v).shape == expected + (model.n_params,)


def test_single_precision_data_give_a_single_precision_floor(rng):
    model = tm.Linear(1, 1)
    x, y = (a.astype(np.float32) for a in random_data(model, rng))
    assert tm.least_squares(model, x, y).dtype == np.float32


@each(MODELS)
def test_a_model_survives_the_way_between_processes(model, rng):
    theta, (x, y) = random_theta(model, rng), random_data(model, rng)
    assert_array_equal(
        pickle.loads(pickle.dumps(model)).gradient(theta, x, y), model.gradient(theta, x, y))


def test_one_pass_serves_the_loss_the_gradient_and_many_products(rng):
    model = tm.MLP([1, 5, 4, 1], "tanh")
    theta, (x, y), vs = random_theta(model, rng), random_data(model, rng), random_theta(
        model, rng, 3)
    point = model.at(theta, x, y)
    assert_array_equal(point.loss(), model.loss(theta, x, y))
    for v in vs:
        assert_array_equal(point.hvp(v), model.hvp(theta, x, y, v))  # before and after the gradient
        assert_array_equal(point.gradient(), model.gradient(theta, x, y))


@pytest.mark.parametrize("model", [tm.MLP([1, 5, 1], "tanh"), tm.MLP([1, 5, 1]), tm.Linear(1, 1)],
                         ids=["tanh", "relu", "linear"])
def test_parameters_or_a_direction_of_nan_give_nan_and_no_error(model, rng):
    """A run that diverges is reported by the loop; only NaN in the data is an error here."""
    theta, (x, y), nan = random_theta(model, rng), random_data(model, rng), np.full(
        model.n_params, np.nan)
    assert np.isnan(model.loss(nan, x, y))
    assert np.isnan(model.hvp(theta, x, y, nan)).all()
    plain = SimpleNamespace(loss=model.loss, gradient=model.gradient, hvp=model.hvp)
    assert np.isnan(tm.adapt(plain, nan, x, y, 0.1, 2)).all()


def test_three_plain_functions_adapt_to_several_tasks_as_the_model_does(rng):
    model = tm.MLP([1, 5, 1], "tanh")
    plain = SimpleNamespace(loss=model.loss, gradient=model.gradient, hvp=model.hvp)
    theta, (x, y) = random_theta(model, rng), random_data(model, rng, 3)
    assert_allclose(tm.adapt(plain, theta, x, y, 0.1, 3), tm.adapt(model, theta, x, y, 0.1, 3),
                    rtol=1e-12)


def test_as_many_tasks_as_parameters_are_not_taken_for_them(rng):
    model = tm.Linear(1, 1)  # its product does not depend on θ
    thetas, v, (x, y) = random_theta(model, rng, 2), random_theta(model, rng), random_data(
        model, rng)
    assert_array_equal(model.hvp(thetas, x, y, v), [model.hvp(theta, x, y, v) for theta in thetas])
