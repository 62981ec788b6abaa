"""FastMLP is MLP, to rounding: its pass, its one-step form, and what subclasses may change."""

import itertools

import numpy as np
import pytest
from conftest import OWN_PARTS, random_batch, random_data, random_theta, read_only
from numpy.testing import assert_allclose

import tinymeta as tm
from tinymeta.checking.numerical import relative_error
from tinymeta.fast.fast_pass import FastPass

STEP = tm.Activation("step", lambda z: (z > 0).astype(int), lambda z, a: 1 + 0 * a, None, "he")
LEAKY = tm.Activation("leaky", lambda z: np.where(z > 0, 1, 0.1) * z,
                      lambda z, a: np.where(z > 0, 1, 0.1), None, "he")
LINEAR = tm.Loss("linear", lambda f, y: (f - y).mean((-2, -1)),
                 lambda f, y: np.ones(f.shape[-2:]) / f[0].size,
                 lambda f, y, f_dot: np.zeros(f.shape[-2:]))
OWN = {name: make() for name, make in OWN_PARTS.items() if not name.startswith("linear")}
SETTINGS = {
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
@pytest.mark.parametrize("dtype, tolerance", [(float, 1e-13), (complex, 1e-13), (np.float32, 1e-4)],
                         ids=["double", "complex", "single"])
def test_its_pass_is_the_definition(settings, dtype, tolerance, rng):  # [FAST.1] [FAST.2] [FAST.3]
    fast, plain = both(settings)
    real = np.float32 if dtype is np.float32 else float
    for leading in ((), (3,)):  # parameters that tasks share, and their own
        theta, v = random_theta(plain, rng, *leading), random_theta(plain, rng, 3)
        if dtype is complex:
            theta, v = (a + 0.3j * random_theta(plain, rng, *a.shape[:-1]) for a in (theta, v))
        theta, v = read_only(theta.astype(dtype), v.astype(dtype))
        x, y = read_only(*(a.astype(real) for a in random_data(plain, rng, 3)))
        point, expected = fast.at(theta, x, y), plain.at(theta, x, y)
        assert type(point) is not type(expected)
        b_dot = v[:, plain.slices[1]]
        computed = [lambda p: p.f, lambda p: p.loss(), lambda p: p.gradient(),
                    lambda p: p.hvp(v), lambda p: p.hvp(v),  # twice from the same pass
                    lambda p: p.first_bias_gradient()]
        if leading == ():
            computed += [lambda p: p.gradient_sum(), lambda p: p.hvp_of_first_bias(b_dot)[0],
                         lambda p: p.hvp_of_first_bias(b_dot)[1]]
        for compute in computed:
            found, right = compute(point), compute(expected)
            assert relative_error(right, found) < tolerance, leading
            assert dtype is not np.float32 or found.dtype == dtype


@pytest.mark.parametrize("shares", [(), (3,)], ids=["one θ", "one for each task"])
def test_a_complex_direction_or_point_beside_a_real_one_is_the_definition_s(shares, rng):
    fast, plain = both(SETTINGS["tanh 2-5-5-5-3"])
    theta, v = random_theta(plain, rng, *shares), random_theta(plain, rng, 3)
    x, y = random_data(plain, rng, 3)
    for point, direction in ((theta, v + 1j * v[::-1]), (theta + 1e-30j, v)):
        found, right = (model.hvp(point, x, y, direction) for model in (fast, plain))
        assert relative_error(right, found) < 1e-13 and found.dtype == complex


@pytest.mark.parametrize("make", [
    lambda m: tm.MAML(m, 0.1), lambda m: tm.MAML(m, 0.1, first_order=True),
    lambda m: tm.MetaSGD(m, 0.1), lambda m: tm.MetaSGD(m, 0.1, rates="block", positive=True)],
    ids=["MAML", "first-order MAML", "Meta-SGD", "Meta-SGD with positive rates for each block"])
@each
def test_one_step_is_the_definition(settings, make, rng):
    """[ONE.1] [ONE.2] [ONE.3] [ONE.4] [ONE.5]"""
    sizes, types = ((3, 4, 5), (1, 1, 1), (2, 7, 2)), ((float, 1e-13), (np.float32, 1e-4))
    for size, (dtype, tolerance) in itertools.product(sizes, types):
        fast, plain = (make(model) for model in both(settings))
        batch = random_batch(plain.model, rng, *size)
        omega = plain.init(rng, dtype)  # rates and biases of 0 would hide some terms
        omega += rng.uniform(-0.3, 0.3, omega.shape).astype(dtype)
        found, right = fast.meta_gradient(omega, batch), plain.meta_gradient(omega, batch)
        assert [part.dtype for part in found] == [dtype] * 2
        assert_allclose(found[0], right[0], rtol=tolerance)
        assert relative_error(right[1], found[1]) < tolerance, (size, dtype)


LOPSIDED = OWN["tanh 1-5-4-2 with a lopsided loss"].loss_function


@pytest.mark.parametrize("make", [
    lambda m: tm.MAML(m, 0.05, 3), lambda m: tm.Reptile(m, 0.05, 3, batch_size=2),
    lambda m: tm.MAML(m, np.linspace(0, 0.1, m.n_params)),
    lambda m: tm.MAML(m, 0.1, query_loss=LOPSIDED)],
    ids=["several steps", "Reptile", "a vector of step sizes", "another query loss"])
def test_other_methods_are_the_definition(make, rng):
    for settings in (SETTINGS["relu 2-5-5-5-3"], SETTINGS["tanh 2-5-5-5-3"]):
        fast, plain = both(settings)
        theta, batch = random_theta(plain, rng), random_batch(plain, rng)
        found, right = (make(model).meta_gradient(theta, batch) for model in (fast, plain))
        assert_allclose(found[0], right[0], rtol=1e-12)
        assert relative_error(right[1], found[1]) < 1e-12


def test_at_the_kink_of_relu_the_slope_is_zero_and_infinity_is_cut_off(rng):
    fast, plain = both(dict(widths=[1, 6, 5, 1]))
    theta, (x, y), v = plain.init(rng), random_data(plain, rng, 3), random_theta(plain, rng, 3)
    at_kink = 0 * x  # and no bias: every z is 0
    point, right = fast.at(theta, at_kink, y), plain.at(theta, at_kink, y)
    assert_allclose(point.hvp(v), right.hvp(v), rtol=1e-13)
    assert np.count_nonzero(point.gradient()) == 3  # the last bias of each task
    theta[6] = -np.inf  # b_1 of one unit: it is never active
    assert_allclose(fast.at(theta, x, y).gradient(), plain.gradient(theta, x, y), rtol=1e-13)


@pytest.mark.parametrize("theta_axes, x_axes, kind", [
    ((), (), float), ((2, 3), (2, 3), float), ((3,), (1,), float), ((), (3,), complex)],
    ids=["one task", "two axes of tasks", "one data set for all", "complex targets"])
def test_other_shapes_and_types_work_as_in_the_definition(theta_axes, x_axes, kind, rng):
    fast, plain = both(dict(widths=[1, 5, 1]))
    theta, (x, y) = random_theta(plain, rng, *theta_axes), random_data(plain, rng, *x_axes)
    y = y * (1 + 1j) if kind is complex else y
    assert_allclose(fast.gradient(theta, x, y), plain.gradient(theta, x, y), rtol=1e-13)
    assert_allclose(fast.predict(theta, x), plain.predict(theta, x), rtol=1e-13)


@pytest.mark.parametrize("make, expected", [
    (tm.MAML, True), (lambda m: tm.MAML(m, first_order=True), True),
    (lambda m: tm.MAML(m, steps=2), False), (lambda m: tm.MAML(m, np.full(16, 0.1)), False),
    (lambda m: tm.MetaSGD(m, rates="one"), True), (lambda m: tm.MetaSGD(m, steps=2), False)],
    ids=["MAML", "first-order", "two steps", "a vector of step sizes", "Meta-SGD",
         "two steps of Meta-SGD"])
def test_the_one_step_form_is_used_where_it_may_be(make, expected, rng, monkeypatch):
    model, passes, plain_pass = tm.FastMLP([1, 5, 1]), [], FastPass.__init__
    monkeypatch.setattr(FastPass, "__init__", lambda *a: passes.append(1) or plain_pass(*a))
    method = make(model)
    method.meta_gradient(method.init(rng), random_batch(model, rng))
    assert bool(passes) != expected  # one_step.py goes without them


def test_one_step_with_a_vector_of_step_sizes_is_not_of_first_order(rng):
    model = tm.FastMLP([1, 5, 1])
    theta, arrays = random_theta(model, rng), random_batch(model, rng).arrays(np.zeros(1))
    rates = np.full(model.n_params, 0.1)
    assert model.one_step_sums(theta, rates, *arrays, True) is None
    assert_allclose(model.one_step_sums(theta, rates, *arrays)[1],
                    model.one_step_sums(theta, 0.1, *arrays)[1], rtol=1e-12)


def test_numbers_of_another_byte_order_are_taken(rng):
    """As from a file that another machine wrote."""
    model = tm.FastMLP([1, 5, 1])
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    found = tm.MAML(model).meta_gradient(theta.astype(theta.dtype.newbyteorder()), batch)
    assert_allclose(found[1], tm.MAML(model).meta_gradient(theta, batch)[1], rtol=1e-12)


@pytest.mark.parametrize("name", ["at", "layers", "unflatten"])
def test_a_subclass_that_redefines_the_pass_belongs_below_mlp(name):
    with pytest.raises(TypeError, match=f"{name}.*expected a subclass of tinymeta.MLP"):
        type("Mine", (tm.FastMLP,), {name: lambda *a: None})


def test_wrong_data_gets_the_definition_s_errors(rng):
    model = tm.FastMLP([1, 5, 1])
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    huge = tm.Batch(*(1e200 * a for a in batch.arrays(theta)))
    for omega, data, words in ((theta, random_batch(tm.MLP([2, 5, 1]), rng), "x has shape"),
                               (theta, random_batch(tm.MLP([1, 5, 2]), rng), "y has shape"),
                               (theta[1:], batch, "omega has shape"),
                               (theta.astype(np.float32), huge, "x_support.*too large for float")):
        with pytest.raises(ValueError, match=words):
            tm.MAML(model).meta_gradient(omega, data)


def test_the_third_argument_is_the_loss_as_in_mlp():
    assert tm.FastMLP([1, 3, 1], "tanh", tm.logistic).loss_function is tm.logistic
