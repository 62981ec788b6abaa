"""Documented methods decide: what a subclass or a plain object redefines is what is used."""

from types import SimpleNamespace

import numpy as np
import pytest
from conftest import bare, random_batch, random_theta
from numpy.testing import assert_allclose

import tinymeta as tm

DECAY = 0.3
PLAIN = tm.MLP([1, 5, 1], "tanh")


class Decay:
    """Weight decay, ½ c |θ|² on the loss, put consistently into all three."""

    def loss(self, theta, x, y):
        return super().loss(theta, x, y) + DECAY / 2 * (theta * theta).sum(axis=-1)

    def gradient(self, theta, x, y):
        return super().gradient(theta, x, y) + DECAY * theta

    def hvp(self, theta, x, y, v):
        return super().hvp(theta, x, y, v) + DECAY * v


class DecayedMLP(Decay, tm.MLP):
    pass


class DecayedFastMLP(Decay, tm.FastMLP):
    pass


class OfADecayed(DecayedFastMLP):
    """A subclass of the subclass, which redefines nothing."""


def decayed(kind=DecayedMLP):
    return kind([1, 5, 1], "tanh")


def put_on_the_object():
    model = decayed(tm.FastMLP)
    vars(model).update(vars(bare(decayed())))
    return model


def with_shortcuts_of_another():
    """No Model of the package, though it has the names of one's shortcuts."""
    fast = decayed(tm.FastMLP)
    return SimpleNamespace(**vars(bare(decayed())), at=fast.at, n_params=fast.n_params,
                           maml_meta_gradient=fast.maml_meta_gradient)


each = pytest.mark.parametrize("model", [
    pytest.param(decayed(), id="a subclass"),
    pytest.param(decayed(OfADecayed), id="a subclass of a subclass, fast"),
    pytest.param(put_on_the_object(), id="functions put on the object"),
    pytest.param(with_shortcuts_of_another(), id="an object with another's shortcuts")])


def decayed_by_hand(theta, batch, alpha, steps):
    """MAML's loss and gradient in θ, one task at a time, by the complex step of its own loss."""
    def meta_loss(theta):
        losses = []
        for x, y, x_q, y_q in zip(*batch.arrays(theta.real)):
            adapted = theta
            for _ in range(steps):
                adapted = adapted - alpha * (PLAIN.gradient(adapted, x, y) + DECAY * adapted)
            losses.append(PLAIN.loss(adapted, x_q, y_q) + DECAY / 2 * (adapted * adapted).sum())
        return np.mean(losses)

    step = 1e-20j * np.eye(theta.size)
    return meta_loss(theta), np.array([meta_loss(theta + e).imag / 1e-20 for e in step])


@each
@pytest.mark.parametrize("steps", [1, 2], ids=["1 step", "2 steps"])
def test_a_consistent_change_reaches_maml(model, steps, rng):
    theta, batch = random_theta(PLAIN, rng), random_batch(PLAIN, rng)
    expected, by_hand = decayed_by_hand(theta, batch, 0.1, steps)
    method = tm.MAML(model, 0.1, steps)
    loss, gradient = method.meta_gradient(theta, batch)
    assert_allclose([loss, method.meta_loss(theta, batch)], expected, rtol=1e-13)
    assert_allclose(gradient, by_hand, rtol=1e-11, atol=1e-13)


@each
def test_and_the_inner_loop_the_other_methods_and_evaluation(model, rng):
    theta, batch = random_theta(PLAIN, rng), random_batch(PLAIN, rng)
    x, y = batch.x_support, batch.y_support
    adapted = theta - 0.1 * (PLAIN.gradient(theta, x, y) + DECAY * theta)  # (T, P)
    assert_allclose(tm.adapt(model, theta, x, y, 0.1, 1)[1], adapted, rtol=1e-13)
    gradient = tm.Reptile(model, 0.1, 1).meta_gradient(theta, batch)[1]
    assert_allclose(gradient, (theta - adapted).mean(axis=0))
    loss, gradient = tm.JointTraining(model).meta_gradient(theta, batch)
    decay = DECAY / 2 * (theta @ theta)
    assert_allclose(loss, PLAIN.loss(theta, x, y).mean() + decay, rtol=1e-13)
    assert_allclose(gradient, PLAIN.gradient(theta, x, y).mean(axis=0) + DECAY * theta, rtol=1e-12)
    curve = tm.evaluate_batch(model, theta, batch, alpha=0.1, steps=0)
    expected = PLAIN.loss(theta, batch.x_query, batch.y_query) + decay
    assert_allclose(curve.errors[0], expected, rtol=1e-13)


def test_an_overridden_gradient_alone_is_used(rng):
    class Turned(tm.Linear):
        def gradient(self, theta, x, y):
            return -super().gradient(theta, x, y)

    theta, batch = rng.standard_normal(2), random_batch(tm.Linear(1, 1), rng)
    gradient = tm.Linear(1, 1).gradient(theta, batch.x_support, batch.y_support)
    adapted = tm.adapt(Turned(1, 1), theta, batch.x_support, batch.y_support, 0.1, 1)[1]
    assert_allclose(adapted, theta + 0.1 * gradient, rtol=1e-13)


class Doubled(tm.MLP):
    def at(self, theta, x, y):
        return super().at(theta, x, 2 * y)


class HalvedWeights(tm.MLP):  # of the last layer: as doubled targets, at four times the loss
    def layers(self, theta):
        *others, (W, b) = super().layers(theta)
        return [*others, (W / 2, b / 2)]


@pytest.mark.parametrize("kind, factor", [(Doubled, 1), (HalvedWeights, 4)], ids=["at", "layers"])
def test_a_subclass_with_a_pass_of_its_own_is_heard(kind, factor, rng):
    theta, batch = random_theta(PLAIN, rng), random_batch(PLAIN, rng)
    twice = PLAIN.loss(theta, batch.x_query, 2 * batch.y_query).mean()
    method = tm.MAML(kind([1, 5, 1], "tanh"), 1e-12)
    assert_allclose(factor * method.meta_loss(theta, batch), twice, rtol=1e-6)


def test_a_method_with_an_adapt_of_its_own_is_heard_on_the_fast_network_too(rng):
    class Halved(tm.MAML):
        def adapt(self, omega, x, y):
            theta, pullback = super().adapt(0.5 * omega, x, y)
            return theta, lambda v: 0.5 * pullback(v)

    model = tm.FastMLP([1, 5, 1], "tanh")
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    loss, gradient = Halved(model, 0.1).meta_gradient(theta, batch)
    right_loss, right = tm.MAML(model, 0.1).meta_gradient(0.5 * theta, batch)
    assert_allclose(loss, right_loss, rtol=1e-12)
    assert_allclose(gradient, 0.5 * right, rtol=1e-10, atol=1e-14)
