"""Losses for classes and robust ones: values by hand, numerical derivatives, controls."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinymeta as tm

LABELS = {"binary": lambda rng, shape: rng.integers(0, 2, shape).astype(float),
          "signs": lambda rng, shape: rng.choice([-1.0, 1.0], shape),
          "one-hot": lambda rng, shape: np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])],
          "probabilities": lambda rng, shape: rng.dirichlet(np.ones(shape[-1]), shape[:-1]),
          "numbers": lambda rng, shape: rng.standard_normal(shape)}
LOSSES = [(tm.logistic, "binary"), (tm.softmax, "one-hot"), (tm.softmax, "probabilities"),
          (tm.squared_hinge, "signs"), (tm.hinge, "signs"), (tm.huber(0.7), "numbers"),
          (tm.epsilon_insensitive(0.4), "numbers"), (tm.epsilon_insensitive(0.0), "numbers")]
each = pytest.mark.parametrize("loss, labels", LOSSES,
                               ids=[f"{loss.name}, {labels}" for loss, labels in LOSSES])


def data(labels, rng, shape=(5, 3)):
    return 2 * rng.standard_normal(shape), LABELS[labels](rng, shape), rng.standard_normal(shape)


@each
def test_derivatives_pass_both_numerical_ways(loss, labels, rng):
    """[LOGISTIC.1] [SOFTMAX.1] [SQHINGE.1] [HINGE.1] [HUBER.1] [TUBE.1]"""
    f, y, _ = data(labels, rng)
    shaped = lambda flat: flat.reshape(f.shape)
    slope = lambda flat: loss.gradient(shaped(flat), y).ravel()
    assert tm.check_gradient(lambda flat: loss.value(shaped(flat), y), slope, f.ravel())
    assert tm.check_hvp(slope, lambda flat, v: loss.curvature(shaped(flat), y, shaped(v)).ravel(),
                        f.ravel())


VALUES = {
    tm.logistic: lambda f, y: np.mean(
        [np.log(1 + np.exp(a)) - b * a for a, b in zip(f.flat, y.flat)]), tm.softmax: lambda f, y:
    -np.mean([b @ np.log(np.exp(a) / np.exp(a).sum()) for a, b in zip(f, y)]),
    tm.squared_hinge: lambda f, y: np.mean([max(0, 1 - b * a)**2 for a, b in zip(f.flat, y.flat)]),
    tm.hinge: lambda f, y: np.mean([max(0, 1 - b * a) for a, b in zip(f.flat, y.flat)]),
    LOSSES[5][0]: lambda f, y: np.mean(
        [e * e / 2 if abs(e) <= 0.7 else 0.7 * (abs(e) - 0.35) for e in (f - y).flat]),
    LOSSES[6][0]: lambda f, y: np.mean([max(0,
                                            abs(e) - 0.4)**2 for e in (f - y).flat])
}


@pytest.mark.parametrize(
    "loss, labels", [pair for pair in LOSSES if pair[0] in VALUES],
    ids=[f"{loss.name}, {labels}" for loss, labels in LOSSES if loss in VALUES])
def test_values_are_those_of_the_definition_one_number_at_a_time(loss, labels, rng):
    f, y, _ = data(labels, rng)
    assert_allclose(loss.value(f, y), VALUES[loss](f, y), rtol=1e-13)


@each
def test_tasks_are_kept_apart_and_precision_is_that_of_f(loss, labels, rng):
    f, y, f_dot = data(labels, rng, (4, 5, 3))
    for one, all_ in ((lambda i: loss.value(f[i], y[i]), loss.value(
            f, y)), (lambda i: loss.gradient(f[i], y[i]), loss.gradient(
                f, y)), (lambda i: loss.curvature(f[i], y[i], f_dot[i]), loss.curvature(
                    f, y, f_dot))):
        assert_allclose(all_, [one(i) for i in range(4)], rtol=1e-13)
    f, y, f_dot = (a.astype(np.float32) for a in (f, y, f_dot))
    assert {loss.value(f, y).dtype,
            loss.gradient(f, y).dtype,
            loss.curvature(f, y, f_dot).dtype} == {f.dtype}


@pytest.mark.parametrize("loss, y", [(tm.logistic, [[1.0], [0.0]]),
                                     (tm.softmax, [[1.0, 0], [0, 1.0]])],
                         ids=["logistic", "softmax"])
def test_scores_of_ten_thousand_are_no_trouble(loss, y):
    y = np.array(y)
    for f in (1e4 * (2 * y - 1), 1e4 * (1 - 2 * y)):
        wrong = f[0, 0] < 0
        assert_allclose(loss.value(f, y), (1e4 if y.shape[1] == 1 else 2e4) * wrong, atol=1e-12)
        assert np.isfinite(loss.gradient(
            f, y)).all() and not loss.curvature(f, y, np.ones_like(f)).any()


def test_a_diagonal_softmax_curvature_and_a_mean_over_classes_are_rejected(rng):
    f, y, _ = data("one-hot", rng)
    p = np.exp(f) / np.exp(f).sum(axis=-1, keepdims=True)
    slope = lambda flat: tm.softmax.gradient(flat.reshape(f.shape), y).ravel()
    diagonal = lambda flat, v: (p * (1 - p) * v.reshape(f.shape)).ravel() / len(f)
    assert not tm.check_hvp(slope, diagonal, f.ravel())
    value = lambda flat: tm.softmax.value(flat.reshape(f.shape), y)
    assert not tm.check_gradient(value, slope(f.ravel()) / f.shape[1], f.ravel())


@pytest.mark.parametrize(
    "f, y, right", [([[1.0], [-2.0], [0.5], [-1.0]], [[1.0], [0.0], [0.0], [1.0]], 0.5),
                    ([[1.0], [-2.0], [0.5], [-1.0]], [[1.0], [-1.0], [1.0], [1.0]], 0.75),
                    ([[1.0, 2.0, 0.0], [5.0, 2.0, 0.0]], [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], 0.5)],
    ids=["0/1", "±1", "one-hot"])
def test_accuracy_is_the_share_decided_right(f, y, right):
    f, y = np.array(f), np.array(y)
    assert tm.accuracy(f, y) == right
    assert_allclose(tm.accuracy(np.stack([f, -f]), np.stack([y, y]))[0], right)


@pytest.mark.parametrize("loss, labels", LOSSES[:4] + LOSSES[5:7],
                         ids=[loss.name for loss, _ in LOSSES[:4] + LOSSES[5:7]])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_maml_through_each_is_exact(loss, labels, steps, rng):
    model = tm.MLP([2, 5, 4, 3], "tanh", loss=loss)
    T, K, Q = 2, 5, 7
    batch = tm.Batch(rng.standard_normal((T, K, 2)), LABELS[labels](rng, (T, K, 3)),
                     rng.standard_normal((T, Q, 2)), LABELS[labels](rng, (T, Q, 3)))
    theta, method = 0.5 * rng.standard_normal(model.n_params), tm.MAML(model, 0.1, steps)
    report = tm.check_gradient(lambda t: method.meta_loss(t, batch),
                               method.meta_gradient(theta, batch)[1], theta, model)
    assert report, report
    fast = tm.MAML(tm.FastMLP(model.widths, "tanh", loss=loss), 0.1, steps).meta_gradient(
        theta, batch)
    assert_allclose(fast[1], method.meta_gradient(theta, batch)[1], rtol=1e-10, atol=1e-13)
