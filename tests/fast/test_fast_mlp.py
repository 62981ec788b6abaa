"""FastMLP is MLP, to rounding: its pass, its one-step form, and what subclasses may change."""

import numpy as np
import pytest
from conftest import OWN_PARTS, random_batch, random_data, random_theta, read_only
from numpy.testing import assert_allclose

import tinymeta as tm
from tinymeta.checking.numerical import relative_error
from tinymeta.fast import one_step, products

STEP = tm.Activation("step", lambda z: (z > 0).astype(int), lambda z, a: np.ones_like(a), None,
                     "he")
LEAKY = tm.Activation("leaky", lambda z: np.where(z > 0, 1, 0.1) * z,
                      lambda z, a: np.where(z > 0, 1, 0.1), None, "he")
LINEAR = tm.Loss("linear", lambda f, y: (f - y).mean((-2, -1)),
                 lambda f, y: np.ones(f.shape[-2:]) / f[0].size,
                 lambda f, y, f_dot: np.zeros(f.shape[-2:]))
OWN = {name: make() for name, make in OWN_PARTS.items() if not name.startswith("linear")}
SETTINGS = {
    "relu 1-5-4-1": dict(widths=[1, 5, 4, 1]),
    "relu 2-5-5-5-3": dict(widths=[2, 5, 5, 5, 3]),
    "tanh 2-5-5-5-3": dict(widths=[2, 5, 5, 5, 3], activation="tanh"),
    "without hidden layers": dict(widths=[2, 3]),
    "one wide layer": dict(widths=[1, 40, 1], activation="tanh"),
    "a hidden layer of one": dict(widths=[1, 1, 3, 1]),
    "values that are whole numbers": dict(widths=[2, 6, 5, 3], activation=STEP),
    "slopes in double precision": dict(widths=[2, 6, 5, 3], activation=LEAKY),
    "derivatives of fewer axes": dict(widths=[2, 6, 5, 3], activation="tanh", loss=LINEAR),
    **{name: dict(widths=model.widths, activation=model.activation, loss=model.loss_function)
       for name, model in OWN.items()}}
each = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)


def both(settings):
    return tm.FastMLP(**settings), tm.MLP(**settings)


@each
@pytest.mark.parametrize("kind", ["real", "complex", "single"])
@pytest.mark.parametrize("leading", [(), (3,)], ids=["shared parameters", "one θ for each task"])
def test_its_pass_is_the_definition(settings, kind, leading, rng):  # [FAST.1] [FAST.2] [FAST.3]
    fast, plain = both(settings)
    theta, v = random_theta(plain, rng, *leading), random_theta(plain, rng, 3)
    x, y = random_data(plain, rng, 3)
    if kind == "complex":
        theta, v = (a + 0.3j * random_theta(plain, rng, *a.shape[:-1]) for a in (theta, v))
    if kind == "single":
        theta, v, x, y = (a.astype(np.float32) for a in (theta, v, x, y))
    read_only(theta, v, x, y)
    tolerance = 1e-4 if kind == "single" else 1e-13
    point, expected = fast.at(theta, x, y), plain.at(theta, x, y)
    assert type(point) is not type(expected)
    for found, right in ((point.loss(), expected.loss()), (point.f, expected.f),
                         (point.gradient(), expected.gradient()), (point.hvp(v), expected.hvp(v)),
                         (point.hvp(v), expected.hvp(v))):  # twice from the same pass
        assert relative_error(right, found) < tolerance
        assert kind != "single" or found.dtype == np.float32


@each
@pytest.mark.parametrize("first_order", [False, True], ids=["exact", "first-order"])
@pytest.mark.parametrize("T, K, Q", [(3, 4, 5), (1, 1, 1), (2, 7, 2)], ids=str)
def test_one_step_is_the_definition(settings, first_order, T, K, Q, rng):
    """[ONE.1] [ONE.2] [ONE.3] [ONE.4] [ONE.5]"""
    fast, plain = both(settings)
    theta, batch = random_theta(plain, rng), random_batch(plain, rng, T, K, Q)
    for dtype, tolerance in ((float, 1e-13), (np.float32, 1e-4)):
        (loss, gradient), (right_loss, right) = (
            tm.MAML(m, 0.1, first_order=first_order).meta_gradient(theta.astype(dtype), batch)
            for m in (fast, plain))
        assert (loss.dtype, gradient.dtype) == (dtype, dtype)
        assert_allclose(loss, right_loss, rtol=tolerance)
        assert relative_error(right, gradient) < tolerance


@each
def test_several_steps_and_reptile_are_the_definition(settings, rng):
    fast, plain = both(settings)
    theta, batch = random_theta(plain, rng), random_batch(plain, rng)
    for make in (lambda m: tm.MAML(m, 0.05, 3), lambda m: tm.Reptile(m, 0.05, 3, batch_size=2),
                 lambda m: tm.MAML(m, np.linspace(0, 0.1, m.n_params))):
        loss, gradient = make(fast).meta_gradient(theta, batch)
        right_loss, right = make(plain).meta_gradient(theta, batch)
        assert_allclose(loss, right_loss, rtol=1e-12)
        assert relative_error(right, gradient) < 1e-12


def test_another_query_loss_is_heard(rng):
    loss = OWN_PARTS["tanh 1-5-4-2 with a lopsided loss"]().loss_function
    fast, plain = both(SETTINGS["tanh 2-5-5-5-3"])
    theta, batch = random_theta(plain, rng), random_batch(plain, rng)
    found, right = (tm.MAML(m, 0.1, query_loss=loss).meta_gradient(theta, batch)
                    for m in (fast, plain))
    assert_allclose(found[0], right[0], rtol=1e-13)
    assert relative_error(right[1], found[1]) < 1e-13


def test_at_the_kink_of_relu_the_slope_is_zero(rng):
    fast, plain = both(dict(widths=[1, 6, 5, 1]))
    theta, (_, y), v = plain.init(rng), random_data(plain, rng, 3), random_theta(plain, rng, 3)
    x = np.zeros((3, len(y[0]), 1))  # and no bias: every z is 0
    point, right = fast.at(theta, x, y), plain.at(theta, x, y)
    assert_allclose(point.gradient(), right.gradient(), rtol=1e-13)
    assert_allclose(point.hvp(v), right.hvp(v), rtol=1e-13)
    assert np.count_nonzero(point.gradient()) == 3  # the last bias of each task


def test_an_infinite_input_of_relu_is_cut_off_as_in_the_definition(rng):
    fast, plain = both(dict(widths=[1, 5, 1]))
    theta, (x, y) = random_theta(plain, rng), random_data(plain, rng, 3)
    theta[5] = -np.inf  # b_1 of one unit: it is never active
    assert_allclose(fast.at(theta, x, y).gradient(), plain.gradient(theta, x, y), rtol=1e-13)


@pytest.mark.parametrize("theta_axes, x_axes, kind", [
    ((), (), float), ((2, 3), (2, 3), float), ((3,), (1,), float), ((), (3,), complex)],
    ids=["one task", "two axes of tasks", "one data set for all", "complex data"])
def test_other_shapes_and_types_work_as_in_the_definition(theta_axes, x_axes, kind, rng):
    fast, plain = both(dict(widths=[1, 5, 1]))
    theta, (x, y) = random_theta(plain, rng, *theta_axes), random_data(plain, rng, *x_axes)
    x = x.astype(kind)
    assert_allclose(fast.gradient(theta, x, y), plain.gradient(theta, x, y), rtol=1e-13)
    assert_allclose(fast.predict(theta, x), plain.predict(theta, x), rtol=1e-13)


@pytest.mark.parametrize("make, expected", [
    (lambda m: tm.MAML(m), True), (lambda m: tm.MAML(m, first_order=True), True),
    (lambda m: tm.MAML(m, steps=2), False), (lambda m: tm.MAML(m, np.full(16, 0.1)), False)],
    ids=["one step", "first-order", "two steps", "a vector of step sizes"])
def test_the_one_step_form_is_used_where_it_may_be(make, expected, rng, monkeypatch):
    model, multiplied = tm.FastMLP([1, 5, 1]), []
    counted = lambda *a: multiplied.append(1) or (np.dot, np.matmul
                                                  )  # asked for by one_step.py alone
    monkeypatch.setattr(products, "for_rows", counted)
    make(model).meta_gradient(random_theta(model, rng), random_batch(model, rng))
    assert bool(multiplied) == expected


@pytest.mark.parametrize("bytes_", [0, 4 * 2 * 20 * 8, 10**9],
                         ids=["one task", "four tasks", "all"])
def test_chunks_that_fit_the_cache_change_nothing(bytes_, rng, monkeypatch):
    model = tm.FastMLP([1, 20, 1], "tanh")
    theta, batch = random_theta(model, rng), random_batch(model, rng, 10, 1, 2)
    loss, gradient = tm.MAML(model, 0.05).meta_gradient(theta, batch)
    monkeypatch.setattr(one_step, "CHUNK_BYTES", bytes_)
    again = tm.MAML(model, 0.05).meta_gradient(theta, batch)
    assert_allclose(again[0], loss, rtol=1e-13)
    assert relative_error(gradient, again[1]) < 1e-13


@pytest.mark.parametrize("name", ["at", "layers", "unflatten"])
def test_a_subclass_that_redefines_the_pass_belongs_below_mlp(name):
    with pytest.raises(TypeError, match=f"{name}.*expected a subclass of tinymeta.MLP"):
        type("Mine", (tm.FastMLP,), {name: lambda *a: None})


def test_wrong_data_gets_the_definition_s_errors(rng):
    model = tm.FastMLP([1, 5, 1])
    theta, batch = random_theta(model, rng), random_batch(tm.MLP([2, 5, 1]), rng)
    with pytest.raises(ValueError, match="x has shape"):
        tm.MAML(model).meta_gradient(theta, batch)
    with pytest.raises(ValueError, match="omega has shape"):
        tm.MAML(model).meta_gradient(theta[1:], random_batch(model, rng))
    huge = tm.Batch(*(1e200 * a for a in random_batch(model, rng).arrays(theta)))
    with pytest.raises(ValueError, match="x_support.*infinite"):
        tm.MAML(model).meta_gradient(theta.astype(np.float32), huge)
