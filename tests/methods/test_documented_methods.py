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
                           one_step_sums=fast.one_step_sums)


each = pytest.mark.parametrize("model", [
    pytest.param(decayed(), id="a subclass"),
    pytest.param(decayed(OfADecayed), id="a subclass of a subclass, fast"),
    pytest.param(put_on_the_object(), id="functions put on the object"),
    pytest.param(with_shortcuts_of_another(), id="an object with another's shortcuts")])


EVERYWHERE = {
    "one-step MAML": lambda model, theta, batch: tm.MAML(model, 0.1).meta_gradient(theta, batch),
    "MAML": lambda model, theta, batch: tm.MAML(model, 0.1, 2).meta_gradient(theta, batch),
    "a meta-loss": lambda model, theta, batch: [tm.MAML(model, 0.1).meta_loss(theta, batch)],
    "Reptile": lambda model, theta, batch: tm.Reptile(model, 0.1, 2).meta_gradient(theta, batch),
    "joint training": lambda model, *some: tm.JointTraining(model).meta_gradient(*some),
    "evaluation": lambda model, *some: [tm.evaluate_batch(model, *some, alpha=0.1, steps=2).errors],
    "the inner loop": lambda model, theta, batch: [
        tm.adapt(model, theta, batch.x_support, batch.y_support, 0.1, 2)]}


@each
@pytest.mark.parametrize("compute", EVERYWHERE.values(), ids=EVERYWHERE)
def test_a_consistent_change_is_heard_as_from_three_functions_alone(model, compute, rng):
    theta, batch = random_theta(PLAIN, rng), random_batch(PLAIN, rng)
    results = (compute(m, theta, batch) for m in (model, bare(decayed()), PLAIN))
    for found, right, without in zip(*results):
        assert_allclose(found, right, rtol=1e-11, atol=1e-14)
        assert not np.allclose(found, without, rtol=1e-3)


def test_and_what_is_heard_is_the_decay(rng):
    theta, batch = random_theta(PLAIN, rng), random_batch(PLAIN, rng)
    x, y = batch.x_support, batch.y_support
    gradient = PLAIN.gradient(theta, x, y) + DECAY * theta
    assert_allclose(tm.adapt(decayed(), theta, x, y, 0.1, 1)[1], theta - 0.1 * gradient, rtol=1e-13)
    method = tm.MAML(decayed(), 0.1, 2)
    gradient = method.meta_gradient(theta, batch)[1]
    assert tm.check_gradient(lambda t: method.meta_loss(t, batch), gradient, theta)


def test_an_overridden_gradient_or_product_alone_is_used(rng):
    class Flat(tm.FastMLP):
        def hvp(self, theta, x, y, v):
            return 0 * super().hvp(theta, x, y, v)

    theta, batch = random_theta(PLAIN, rng), random_batch(PLAIN, rng)
    found = tm.MAML(decayed(Flat), 0.1).meta_gradient(theta, batch)[1]
    first_order = tm.MAML(PLAIN, 0.1, first_order=True).meta_gradient(theta, batch)[1]
    assert_allclose(found, first_order, rtol=1e-12)

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


def test_a_subclass_with_a_pass_of_its_own_is_heard(rng):
    theta, batch = random_theta(PLAIN, rng), random_batch(PLAIN, rng)
    twice = PLAIN.loss(theta, batch.x_query, 2 * batch.y_query).mean()
    assert_allclose(tm.MAML(decayed(Doubled), 1e-12).meta_loss(theta, batch), twice, rtol=1e-6)


def halves_adapt(kind):
    class Halved(kind):
        def adapt(self, omega, x, y):
            theta, pullback = super().adapt(omega, x, y)
            return theta, lambda v: 0.5 * pullback(v)

    return Halved


def halves_query_pass(kind):
    class Halved(kind):
        def query_pass(self, *arguments):
            query, pullback = super().query_pass(*arguments)
            return query, lambda v: 0.5 * pullback(v)

    return Halved


def halves_inputs(kind):
    class Halved(kind):
        def check(self, omega, x, y):
            omega, x, y = super().check(omega, x, y)
            return omega, 0.5 * x, y

    return Halved


@pytest.mark.parametrize("model", [tm.MLP([1, 5, 1]), tm.FastMLP([1, 5, 1])], ids=["MLP", "fast"])
def test_a_check_of_its_own_is_heard(model, rng):
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    halved = tm.Batch(batch.x_support / 2, batch.y_support, batch.x_query, batch.y_query)
    found = halves_inputs(tm.MAML)(model, 0.1).meta_gradient(theta, batch)
    for one, other in zip(found, tm.MAML(model, 0.1).meta_gradient(theta, halved)):
        assert_allclose(one, other, rtol=1e-10, atol=1e-14)


def halves_sums(kind):
    class Halved(kind):
        def sums(self, *arguments):
            loss, gradient = super().sums(*arguments)
            return loss, 0.5 * gradient

    return Halved


FAST = tm.FastMLP([1, 5, 4, 1], "tanh")
METHODS = [(tm.MAML, FAST), (tm.MetaSGD, FAST), (tm.RidgeHead, FAST), (tm.ImplicitMAML, FAST),
           (tm.CAVIA, tm.ContextMLP([1, 5, 1], 2, "tanh", network=tm.FastMLP))]


@pytest.mark.parametrize("halved", [halves_adapt, halves_query_pass, halves_sums])
@pytest.mark.parametrize("kind, model", METHODS, ids=[kind.__name__ for kind, _ in METHODS])
def test_what_a_subclass_of_a_method_redefines_is_heard(kind, model, halved, rng):
    omega, batch = 0.3 * kind(model).init(rng), random_batch(model, rng)
    loss, right = kind(model).meta_gradient(omega, batch)
    mixin = halved(object)
    for subclass in (halved(kind), type("Further", (halved(kind),), {}),
                     type("Mixed", (mixin, kind), {})):
        found_loss, found = subclass(model).meta_gradient(omega, batch)
        assert_allclose(found_loss, loss, rtol=1e-12)
        assert_allclose(found, 0.5 * right, rtol=1e-10, atol=1e-14)


def test_a_plain_model_may_use_names_of_ours_for_its_own(rng):
    """A module's helpers called check, predictions or loss_function are not taken for ours."""
    theta, batch = random_theta(PLAIN, rng), random_batch(PLAIN, rng)
    helper = lambda *arguments: pytest.fail("called")
    named = SimpleNamespace(**vars(bare(PLAIN)), check=helper, predictions=helper, losses=helper,
                            loss_function=helper)
    for name, compute in EVERYWHERE.items():
        found, right = compute(named, theta, batch), compute(bare(PLAIN), theta, batch)
        for one, other in zip(found, right):
            np.testing.assert_array_equal(one, other, err_msg=name)
    with pytest.raises(ValueError, match="query_loss is huber.* has no loss_function"):
        tm.MAML(named, query_loss=tm.huber())


def test_learned_rates_need_no_blocks_but_a_length(rng):
    theta, batch = random_theta(PLAIN, rng), random_batch(PLAIN, rng)
    omega = np.concatenate([theta, np.full(PLAIN.n_params, 0.1)])
    found = tm.MetaSGD(SimpleNamespace(**vars(bare(PLAIN)), n_params=PLAIN.n_params))
    assert_allclose(found.meta_gradient(omega, batch)[1],
                    tm.MetaSGD(PLAIN).meta_gradient(omega, batch)[1], rtol=1e-10, atol=1e-14)
    with pytest.raises(TypeError, match="model.n_params is None; expected a whole number"):
        tm.MetaSGD(bare(PLAIN))


def test_a_network_whose_loss_is_redefined_is_refused_where_it_would_not_be_heard():
    with pytest.raises(TypeError, match="network is .*; expected a tinymeta.MLP or FastMLP, whose"):
        tm.ContextMLP([1, 5, 1], network=DecayedMLP)


@pytest.mark.parametrize("names, last", [
    (["W1", "b1", "W2", "b2"], 2), (["bias1", "bias2"], 1), (["W2", "W12"], 1),
    (["U", "C", "c"], 2), (["V", "c", "W", "b"], None), (["out"], None), (None, None)],
    ids=str)
def test_the_last_layer_is_told_by_its_number(names, last):
    blocks = names and [(name, (3,)) for name in names]
    model = SimpleNamespace(**vars(bare(PLAIN)), blocks=blocks)
    if last is None:
        with pytest.raises(ValueError, match="model has the blocks .*; expected names of which"):
            tm.ANIL(model, 0.1)
    else:
        assert np.count_nonzero(tm.ANIL(model, 0.1).alpha) == 3 * last


def test_the_hidden_layers_of_a_ridge_head_keep_what_a_subclass_has_set(rng):
    class Quicker(tm.MLP):
        def __init__(self, frequency):
            super().__init__([1, 5, 4, 1], "tanh")
            self.frequency = frequency

        def at(self, theta, x, y):
            return super().at(theta, self.frequency * x, y)

    method, plain = tm.RidgeHead(Quicker(3.0)), tm.RidgeHead(tm.MLP([1, 5, 4, 1], "tanh"))
    omega, batch = plain.init(rng), random_batch(plain.model, rng)
    right = plain.meta_gradient(omega, tm.Batch(3 * batch.x_support, batch.y_support,
                                                3 * batch.x_query, batch.y_query))
    assert_allclose(method.meta_loss(omega, batch), right[0], rtol=1e-12)
    for found, expected in zip(method.meta_gradient(omega, batch), right):
        assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


class Hasty:
    """A plain model that works in place: in its arguments, and in one array for its results."""

    n_params = PLAIN.n_params

    def __init__(self):
        self.loss_now, self.vector = np.empty(3), np.empty((3, PLAIN.n_params))

    def loss(self, theta, x, y):
        self.loss_now[:] = PLAIN.loss(theta, x, y)
        for array in (theta, x, y):
            array *= 0
        return self.loss_now

    def gradient(self, theta, x, y):
        self.vector[:] = PLAIN.gradient(theta, x, y)
        x += 1
        return self.vector

    def hvp(self, theta, x, y, v):
        self.vector[:] = PLAIN.hvp(theta, x, y, v)
        v += 1
        return self.vector


@pytest.mark.parametrize("compute", EVERYWHERE.values(), ids=EVERYWHERE)
def test_a_model_that_works_in_place_gives_the_same_numbers(compute, rng):
    theta, batch = random_theta(PLAIN, rng), random_batch(PLAIN, rng, 3)
    before = theta.copy(), batch.x_support.copy(), batch.y_query.copy()
    found, right = compute(Hasty(), theta, batch), compute(PLAIN, theta, batch)
    for one, other in zip(found, right):
        assert_allclose(one, other, rtol=1e-10, atol=1e-14)
    for array, kept in zip((theta, batch.x_support, batch.y_query), before):
        np.testing.assert_array_equal(array, kept)


def test_a_metric_that_works_in_place_gives_the_same_numbers(rng):
    def hasty(f, y):
        f -= y
        y *= 0
        return (f**2).mean(axis=(1, 2))

    theta, batch = random_theta(PLAIN, rng), random_batch(PLAIN, rng, 3)
    found = tm.evaluate_batch(PLAIN, theta, batch, steps=2, metric=hasty)
    assert_allclose(found.mean, tm.evaluate_batch(PLAIN, theta, batch, steps=2).mean, rtol=1e-12)


def test_a_query_loss_that_would_not_be_heard_is_refused():
    with pytest.raises(ValueError, match="DecayedMLP redefines loss, gradient or hvp"):
        tm.MAML(DecayedMLP([1, 5, 1]), query_loss=tm.huber())


def test_reptile_watches_the_loss_that_judges(rng):
    class Watched(tm.Reptile):
        @property
        def judge(self):
            return tm.MLP([1, 5, 1], "tanh", loss=tm.huber(0.1))

    theta, batch = random_theta(PLAIN, rng), random_batch(PLAIN, rng)
    method = Watched(PLAIN, 0.1, 2)
    assert_allclose(method.meta_gradient(theta, batch)[0], method.meta_loss(theta, batch))


@pytest.mark.parametrize("adapted, words", [
    (lambda theta, v: (None, v), r"Mine.adapt\(...\) returned None"),
    (lambda theta, v: (theta.mean(axis=0), v), r"Mine.adapt\(...\) has shape \(16,\)"),
    (lambda theta, v: (theta, None), r"pullback of Mine.adapt\(...\) is None; expected a function"),
    (lambda theta, v: (theta, lambda v: None), r"Mine.pullback\(...\) returned None"),
    (lambda theta, v: (theta, lambda v: v.mean(axis=0)), r"pullback\(...\) has shape \(16,\)")],
    ids=["no theta", "one theta for all", "no pullback", "nothing pulled back", "one for all"])
def test_what_a_method_of_one_s_own_returns_is_looked_at(adapted, words, rng):
    class Mine(tm.Method):
        def adapt(self, omega, x, y):
            return adapted(np.tile(omega, (len(x), 1)), lambda v: v)

    theta, batch = random_theta(PLAIN, rng), random_batch(PLAIN, rng)
    with pytest.raises((TypeError, ValueError), match=words):
        Mine(PLAIN).meta_gradient(theta, batch)
