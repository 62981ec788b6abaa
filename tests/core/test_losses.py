"""Losses: values by hand, derivatives by both numerical ways."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinymeta as tm

LABELS = {"binary": lambda rng, shape: rng.integers(0, 2, shape).astype(float),
          "signs": lambda rng, shape: rng.choice([-1.0, 1.0], shape),
          "one-hot": lambda rng, shape: np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])],
          "probabilities": lambda rng, shape: rng.dirichlet(np.ones(shape[-1]), shape[:-1]),
          "numbers": lambda rng, shape: rng.standard_normal(shape)}


def mean_of(value):
    """The mean of value(f, y) over all numbers."""
    return lambda f, y: np.mean([value(a, b) for a, b in zip(f.flat, y.flat)])


def cross_entropy(f, y):
    return -np.mean([b @ np.log(np.exp(a) / np.exp(a).sum()) for a, b in zip(f, y)])


def huber(delta):
    inside, outside = lambda e: e * e / 2, lambda e: delta * (abs(e) - delta / 2)
    return mean_of(lambda f, y: (inside if abs(f - y) <= delta else outside)(f - y))


def tube(epsilon):
    return mean_of(lambda f, y: max(0, abs(f - y) - epsilon) ** 2)


LOSSES = {  # the loss, its targets, its value by hand
    "squared error": (tm.squared_error, "numbers", mean_of(lambda f, y: (f - y) ** 2)),
    "logistic": (tm.logistic, "binary", mean_of(lambda f, y: np.log(1 + np.exp(f)) - y * f)),
    "softmax of classes": (tm.softmax, "one-hot", cross_entropy),
    "softmax of probabilities": (tm.softmax, "probabilities", cross_entropy),
    "squared hinge": (tm.squared_hinge, "signs", mean_of(lambda f, y: max(0, 1 - y * f) ** 2)),
    "hinge": (tm.hinge, "signs", mean_of(lambda f, y: max(0, 1 - y * f))),
    "Huber at 0.7": (tm.huber(0.7), "numbers", huber(0.7)),
    "Huber at 1 by default": (tm.huber(), "numbers", huber(1.0)),
    "a tube of 0.4": (tm.epsilon_insensitive(0.4), "numbers", tube(0.4)),
    "a tube of 0.1 by default": (tm.epsilon_insensitive(), "numbers", tube(0.1)),
    "a tube of 0": (tm.epsilon_insensitive(0), "numbers", tube(0.0))}
each = pytest.mark.parametrize("loss, labels, by_hand", LOSSES.values(), ids=LOSSES)


def data(labels, rng, shape=(5, 3)):
    return 2 * rng.standard_normal(shape), LABELS[labels](rng, shape), rng.standard_normal(shape)


@each
def test_value_and_derivatives_are_those_of_the_definition(loss, labels, by_hand, rng):
    """[LOSS.1] [LOSS.2] [LOSS.3] [LOGISTIC.1] [SOFTMAX.1] [SQHINGE.1] [HINGE.1] [HUBER.1]
    [TUBE.1]"""
    f, y, _ = data(labels, rng)
    shaped = lambda flat: flat.reshape(f.shape)
    slope = lambda flat: loss.gradient(shaped(flat), y).ravel()
    curvature = lambda flat, v: loss.curvature(shaped(flat), y, shaped(v)).ravel()
    assert_allclose(loss.value(f, y), by_hand(f, y), rtol=1e-13)
    assert tm.check_gradient(lambda flat: loss.value(shaped(flat), y), slope, f.ravel())
    assert tm.check_hvp(slope, curvature, f.ravel())


@each
def test_tasks_are_kept_apart_and_precision_is_that_of_f(loss, labels, by_hand, rng):
    f, y, f_dot = data(labels, rng, (4, 5, 3))
    for function, some in ((loss.value, (f, y)), (loss.gradient, (f, y)),
                           (loss.curvature, (f, y, f_dot))):
        assert_allclose(function(*some), [function(*one) for one in zip(*some)], rtol=1e-13)
        assert function(*(a.astype(np.float32) for a in some)).dtype == np.float32


@each
def test_maml_through_it_is_exact_and_the_same_on_the_fast_network(loss, labels, by_hand, rng):
    model, (T, K, Q) = tm.MLP([2, 5, 4, 3], "tanh", loss=loss), (2, 5, 7)
    fast = tm.FastMLP(model.widths, "tanh", loss=loss)
    batch = tm.Batch(rng.standard_normal((T, K, 2)), LABELS[labels](rng, (T, K, 3)),
                     rng.standard_normal((T, Q, 2)), LABELS[labels](rng, (T, Q, 3)))
    theta = 0.5 * rng.standard_normal(model.n_params)
    assert tm.check_model(model, theta)  # on targets that it chooses: they fit
    for steps in (1, 2):
        method = tm.MAML(model, 0.1, steps)
        gradient = method.meta_gradient(theta, batch)[1]
        assert tm.check_gradient(lambda t: method.meta_loss(t, batch), gradient, theta, model)
        found = tm.MAML(fast, 0.1, steps).meta_gradient(theta, batch)[1]
        assert_allclose(found, gradient, rtol=1e-10, atol=1e-13)


def test_targets_that_work_in_place_change_no_batch(rng):
    loss = tm.squared_error._replace(targets=lambda y: y.fill(0))
    batch = tm.SinusoidTasks().sample(rng, 2, 3, 3)
    before = batch.y_support.copy()
    tm.MAML(tm.MLP([1, 1], loss=loss)).meta_gradient(np.ones(2), batch)
    assert_allclose(batch.y_support, before)


@pytest.mark.parametrize("loss, y", [(tm.logistic, [[1.0], [0.0]]), (tm.softmax, np.eye(2))],
                         ids=["logistic", "softmax"])
def test_scores_of_ten_thousand_are_no_trouble(loss, y):
    y = np.array(y)
    for f in (1e4 * (2 * y - 1), 1e4 * (1 - 2 * y)):
        wrong = f[0, 0] < 0
        f = f + (y.shape[1] > 1) * np.array([[0.0], [3e4]])  # softmax sees no common shift
        assert_allclose(loss.value(f, y), (1e4 if y.shape[1] == 1 else 2e4) * wrong, atol=1e-12)
        assert np.isfinite(loss.gradient(f, y)).all()
        assert not loss.curvature(f, y, np.ones_like(f)).any()


@pytest.mark.parametrize("derivative, at, expected", [
    (tm.hinge.gradient, (1, 1), 0), (tm.squared_hinge.curvature, (1, 1, 1), 0),
    (tm.huber(0.5).curvature, (0.5, 0, 1), 1),
    (tm.epsilon_insensitive(0.5).curvature, (0.5, 0, 1), 0)],
    ids=["hinge", "squared hinge", "Huber", "tube"])
def test_on_the_kink_itself_the_table_says_which_side_counts(derivative, at, expected):
    assert derivative(*(np.full((1, 1), float(number)) for number in at)) == expected


@pytest.mark.parametrize("f, y, right", [
    ([[1.0], [-2.0], [0.5], [-1.0], [0.0]], [[1.0], [0.0], [0.0], [1.0], [0.0]], 0.6),
    ([[1.0], [-2.0], [0.5], [-1.0]], [[1.0], [-1.0], [1.0], [1.0]], 0.75),
    ([[1.0, 2.0, 0.0], [5.0, 2.0, 0.0]], [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], 0.5)],
    ids=["0/1", "±1", "one-hot"])
def test_accuracy_is_the_share_decided_right(f, y, right):
    f, y = np.array(f), np.array(y)
    assert tm.accuracy(f, y) == right
    assert_allclose(tm.accuracy(np.stack([f, y]), np.stack([y, y])), [right, 1])  # two tasks
    assert tm.accuracy(np.nan * f, y) == 0
    with pytest.raises(ValueError, match="y has shape .*D_out. as f"):
        tm.accuracy(f, y[:1])


def test_huber_of_a_large_error_squares_nothing():
    f, y = np.full((2, 3, 1), 1e200), np.zeros((2, 3, 1))
    assert_allclose(tm.huber(2.0).value(f, y), 2e200, rtol=1e-15)
    assert tm.huber(2.0).value(y.astype("f4"), y.astype("f4")).dtype == "f4"


@pytest.mark.parametrize("loss", [tm.huber(0.5), tm.epsilon_insensitive(0.2)],
                         ids=lambda loss: loss.name)
def test_a_loss_goes_to_another_process(loss, rng):
    f, y = rng.normal(size=(2, 4, 1))
    assert pickle.loads(pickle.dumps(loss)).value(f, y) == loss.value(f, y)
