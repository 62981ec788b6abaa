"""Documented methods decide: what a subclass or a plain object redefines is what is used."""

import numpy as np
import pytest
from conftest import random_batch, random_theta
from numpy.testing import assert_allclose

import tinymeta as tm

DECAY = 0.3


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


class DecayedLinear(Decay, tm.Linear):
    pass


class OfADecayed(DecayedFastMLP):
    """A subclass of the subclass, which redefines nothing."""


class Proxy:
    """An object that hands everything but the loss's share of decay on to a network."""

    def __init__(self, model):
        self.inner = model

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def loss(self, theta, x, y):
        return self.inner.loss(theta, x, y) + DECAY / 2 * (theta * theta).sum(axis=-1)

    def gradient(self, theta, x, y):
        return self.inner.gradient(theta, x, y) + DECAY * theta

    def hvp(self, theta, x, y, v):
        return self.inner.hvp(theta, x, y, v) + DECAY * v


def put_on_the_object():
    model = tm.FastMLP([1, 5, 1], "tanh")
    decayed = DecayedMLP([1, 5, 1], "tanh")
    model.loss, model.gradient, model.hvp = decayed.loss, decayed.gradient, decayed.hvp
    return model


MODELS = {
    "MLP": (lambda: DecayedMLP([1, 5, 1], "tanh"), lambda: tm.MLP([1, 5, 1], "tanh")),
    "FastMLP": (lambda: DecayedFastMLP([1, 5, 1], "tanh"), lambda: tm.MLP([1, 5, 1], "tanh")),
    "Linear": (lambda: DecayedLinear(1, 1), lambda: tm.Linear(1, 1)),
    "a subclass of a subclass": (lambda: OfADecayed([1, 5, 1], "tanh"),
                                 lambda: tm.MLP([1, 5, 1], "tanh")),
    "a proxy": (lambda: Proxy(tm.FastMLP([1, 5, 1], "tanh")), lambda: tm.MLP([1, 5, 1], "tanh")),
    "functions put on the object": (put_on_the_object, lambda: tm.MLP([1, 5, 1], "tanh"))
}
each = pytest.mark.parametrize("make, plain", MODELS.values(), ids=MODELS)


def decayed_by_hand(model, theta, batch, alpha, steps):
    """MAML's loss and gradient in θ for one-at-a-time decay, by its own loss's complex step."""
    def meta_loss(theta):
        losses = []
        for x, y, x_q, y_q in zip(*batch.arrays(theta.real)):
            adapted = theta
            for _ in range(steps):
                adapted = adapted - alpha * (model.gradient(adapted, x, y) + DECAY * adapted)
            losses.append(model.loss(adapted, x_q, y_q) + DECAY / 2 * (adapted * adapted).sum())
        return np.mean(losses)

    step = 1e-20j * np.eye(theta.size)
    return meta_loss(theta), np.array([meta_loss(theta + e).imag / 1e-20 for e in step])


@each
@pytest.mark.parametrize("steps", [1, 2])
def test_a_consistent_change_reaches_maml(make, plain, steps, rng):
    theta, batch = random_theta(plain(), rng), random_batch(plain(), rng)
    expected = decayed_by_hand(plain(), theta, batch, 0.1, steps)
    method = tm.MAML(make(), 0.1, steps)
    loss, gradient = method.meta_gradient(theta, batch)
    assert_allclose(loss, expected[0], rtol=1e-13)
    assert_allclose(method.meta_loss(theta, batch), expected[0], rtol=1e-13)
    assert_allclose(gradient, expected[1], rtol=1e-11, atol=1e-13)


@each
def test_and_the_inner_loop_the_other_methods_and_evaluation(make, plain, rng):
    model, theta, batch = plain(), random_theta(plain(), rng), random_batch(plain(), rng)
    x, y = batch.x_support, batch.y_support
    adapted = theta - 0.1 * (model.gradient(theta, x, y) + DECAY * theta)  # (T, P)
    assert_allclose(tm.adapt(make(), theta, x, y, 0.1, 1)[1], adapted, rtol=1e-13)
    assert_allclose(
        tm.Reptile(make(), 0.1, 1).meta_gradient(theta, batch)[1], (theta - adapted).mean(axis=0))
    decay = DECAY / 2 * (theta @ theta)
    loss, gradient = tm.JointTraining(make()).meta_gradient(theta, batch)
    assert_allclose(loss, model.loss(theta, x, y).mean() + decay, rtol=1e-13)
    assert_allclose(gradient, model.gradient(theta, x, y).mean(axis=0) + DECAY * theta, rtol=1e-12)
    curve = tm.evaluate_batch(make(), theta, batch, alpha=0.1, steps=1)
    expected = model.loss(theta, batch.x_query, batch.y_query) + decay
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


@pytest.mark.parametrize("kind, factor", [(Doubled, 1), (HalvedWeights, 4)])
def test_a_subclass_with_a_pass_of_its_own_is_heard(kind, factor, rng):
    model, plain, batch = kind([1, 5, 1]), tm.MLP([1, 5, 1]), tm.SinusoidTasks().sample(rng, 3)
    theta = random_theta(plain, rng)
    twice = plain.loss(theta, batch.x_query, 2 * batch.y_query).mean()
    assert_allclose(factor * tm.MAML(model, 1e-12).meta_loss(theta, batch), twice, rtol=1e-6)


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
