"""Recurrent networks: backpropagation through time and its R-operator."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm

MODEL, GATED = tm.RNN(2, 5, 3), tm.GRU(2, 5, 3)  # odd sizes: D_in 2, H 5, D_out 3
each = pytest.mark.parametrize("model", [MODEL, GATED], ids=["RNN", "GRU"])


def problem(rng, *leading, K=6, model=MODEL):
    theta = 0.6 * rng.standard_normal((*leading, model.n_params))
    return theta, rng.standard_normal((*leading, K, 2)), rng.standard_normal((*leading, K, 3))


def by_hand(theta, x, y):
    """f_t, one number at a time."""
    U, W, b, C, c = MODEL.unflatten(theta)
    h, before, f = [0 * b[0]] * 5, np.zeros(3), []
    for x_t, y_t in zip(x, y):
        s = [*x_t, *before]
        h = [
            np.tanh(
                sum(s[i] * U[i, j] for i in range(5)) + sum(h[i] * W[i, j]
                                                            for i in range(5)) + b[j])
            for j in range(5)
        ]
        f.append([sum(h[i] * C[i, k] for i in range(5)) + c[k] for k in range(3)])
        before = y_t
    return np.array(f)


def test_predictions_read_x_and_the_y_before(rng):  # [SEQ.1] [RNN.1] [RNN.2]
    theta, x, y = problem(rng)
    assert_allclose(MODEL.predict(theta, x, y), by_hand(theta, x, y), rtol=1e-12)
    later = y.copy()
    later[3] += 1  # y_3 is told after f_3
    moved = MODEL.predict(theta, x, later) != MODEL.predict(theta, x, y)
    assert not moved[:4].any() and moved[4:].all()


def test_a_gru_s_predictions_are_those_of_its_equations(rng):  # [GRU.1] [GRU.2] [GRU.3] [GRU.4]
    theta, x, y = problem(rng, model=GATED)
    U, W, b, C, c = GATED.unflatten(theta)
    h, before, sigma = np.zeros(5), np.zeros(3), lambda a: 1 / (1 + np.exp(-a))
    for t in range(6):
        a, m = np.concatenate([x[t], before]) @ U + b, h @ W
        r, z = sigma(a[:5] + m[:5]), sigma(a[5:10] + m[5:10])
        n = np.tanh(a[10:] + r * m[10:])
        h, before = (1 - z) * n + z * h, y[t]
        assert_allclose(GATED.predict(theta, x, y)[t], h @ C + c, rtol=1e-12)
    assert np.isfinite(GATED.predict(1e4 * theta, x, y)).all()


@each
@pytest.mark.parametrize("loss", [tm.squared_error, tm.huber(0.5)], ids=["squared", "huber"])
@pytest.mark.parametrize("K", [1, 2, 6])
def test_gradient_and_product_pass_both_numerical_ways(model, loss, K, rng):
    """[RNN.3] [RNN.4] [RNN.5] [RNN.6] [RNN.7] [RNN.8] [RNN.9] [RNN.10] [RNN.11] [RNN.12]
    [GRU.5] [GRU.6] [GRU.7] [GRU.8] [GRU.9] [GRU.10] [GRU.11] [GRU.12] [GRU.13] [GRU.14] [GRU.15]
    [GRU.16] [GRU.17]"""
    model, (theta, x, y) = type(model)(2, 5, 3, loss), problem(rng, K=K, model=model)
    assert tm.check_gradient(lambda t: model.loss(t, x, y), lambda t: model.gradient(t, x, y),
                             theta, model)
    assert tm.check_hvp(lambda t: model.gradient(t, x, y), lambda t, v: model.hvp(t, x, y, v),
                        theta, model)


@each
def test_tasks_are_kept_apart_precision_is_theta_s_and_nothing_is_changed(model, rng):
    theta, x, y = problem(rng, 4, model=model)
    v = rng.standard_normal(theta.shape)
    for array in (theta, x, y, v):
        array.setflags(write=False)
    for name, more in (("loss", []), ("gradient", []), ("hvp", [v])):
        function = getattr(model, name)
        together = function(theta, x, y, *more)
        assert_allclose(together, [function(*task) for task in zip(theta, x, y, *more)], rtol=1e-11)
        shared = function(theta[0], x, y, *more)
        assert_allclose(shared, [function(theta[0], *task) for task in zip(x, y, *more)],
                        rtol=1e-11)
        single = function(*(a.astype(np.float32) for a in (theta, x, y, *more)))
        assert np.asarray(single).dtype == np.float32


def test_all_is_drawn_within_its_bounds():
    theta = MODEL.init(np.random.default_rng(0))
    U, W, b, C, c = MODEL.unflatten(theta)
    assert [block.shape for block in (U, W, b, C, c)] == [(5, 5), (5, 5), (5,), (5, 3), (3,)]
    assert all(0 < np.abs(block).max() <= 1 / np.sqrt(5) for block in (U, W, b, C, c))
    assert_array_equal(theta, MODEL.init(np.random.default_rng(0)))
    for bad in (dict(d_in=0), dict(hidden=0), dict(d_out=1.5)):
        with pytest.raises((ValueError, TypeError), match=next(iter(bad))):
            tm.RNN(**{"d_in": 1, "hidden": 2, "d_out": 1, **bad})
