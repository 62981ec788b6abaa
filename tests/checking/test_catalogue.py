"""Every planted mistake of the catalogue is what it says it is, and the checker says so too."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinymeta as tm
from catalogue import (ACTIVATIONS, CATALOGUE, LOSSES, SMALL, WIDE, LearnerLinear, LearnerMLP,
                       learner_adapt, learner_maml, learner_reptile, plain, point)
from conftest import hessian, read_only

ALPHA = 0.05


def words(text):
    return set(text.split(", "))


@pytest.mark.parametrize("mistake", CATALOGUE, ids=plain)
def test_each_mistake_is_rejected_and_named(mistake):
    model = mistake.build()
    ladder = tm.check_model(model, *point(model))
    assert not ladder and ladder.broken == mistake.rung
    if mistake.blocks is not None:
        assert ladder.wrong_blocks == mistake.blocks.split()
    found = {finding.cause for finding in ladder.findings}
    fair, also = words(mistake.causes), words(mistake.also)
    assert found & fair and found <= fair | also
    text = str(ladder)
    assert text.startswith("FAIL") and f"✗ {mistake.rung}" in text and "→" in text
    assert "Traceback" not in text
    if mistake.says:
        (finding,) = ladder.findings
        assert mistake.says[0] in finding.what and finding.tag == mistake.says[1]


def test_each_mistake_in_a_model_is_rejected_where_the_checker_chooses_the_point():
    for mistake in CATALOGUE:
        ladder = tm.check_model(mistake.build(), seed=1)
        assert not ladder and ladder.broken == mistake.rung, mistake.name


# The catalogue by itself, without the checker: numbers by complex steps.


def complex_step(f, theta, h=1e-20):
    """The derivative of f, one number or (P,), along each coordinate: (P, ...)."""
    return np.stack([np.asarray(f(theta + 1j * h * e)).imag / h for e in np.eye(theta.size)])


def places(blocks):
    """(name, shape, slice) of each block of a flat vector."""
    start = 0
    for name, shape in blocks:
        yield name, shape, slice(start, start + int(np.prod(shape)))
        start += int(np.prod(shape))


def wrong_blocks(blocks, found, expected, smallest):
    """The blocks where found differs; each is right to 1e-11 or wrong by more than smallest."""
    names, (found, expected) = set(), np.atleast_2d(found, expected)
    for name, _, part in places(blocks):
        difference = np.linalg.norm(found[:, part] - expected[:, part])
        norms = np.linalg.norm(found[:, part]), np.linalg.norm(expected[:, part]), 1e-300
        assert not 1e-11 < difference / max(norms) <= smallest, (name, difference)
        if not difference / max(norms) <= 1e-11:
            names.add(name)
    return names


def called(f, *arguments, shape):
    """f of copies; None where it raises, changes one, or returns what it should not."""
    copies = [np.array(argument) for argument in arguments]
    try:
        values = np.asarray(f(*copies), dtype=float)
    except Exception:  # as the mistake has it
        return None
    changed = any(not np.array_equal(a, b) for a, b in zip(arguments, copies))
    return None if changed or values.shape != shape else values


def first_wrong_rung(model, smallest):
    """(rung, the names of its wrong blocks, or None where there is nothing to compare)."""
    theta, batch = point(model)
    P, xs, ys = theta.size, batch.x_support, batch.y_support
    x, y = xs[0], ys[0]
    value = called(model.loss, theta, x, y, shape=())
    if value is None or not np.isfinite(value):
        return "loss", None
    g = called(model.gradient, theta, x, y, shape=(P,))
    exact = complex_step(lambda t: model.loss(t, x, y), theta)
    if g is None or (wrong := wrong_blocks(model.blocks, g, exact, smallest)):
        return "gradient", None if g is None else wrong
    vs = np.random.default_rng(0).standard_normal((2, P))
    products = [called(model.hvp, theta, x, y, v, shape=(P,)) for v in vs]
    if products[0] is None:
        return "Hessian × vector", None
    exact = vs @ complex_step(lambda t: model.gradient(t, x, y), theta)
    if wrong := wrong_blocks(model.blocks, products, exact, smallest):
        return "Hessian × vector", wrong
    for theta_s in (theta, theta + 0.1 * np.arange(3)[:, None]):
        each = np.broadcast_to(theta_s, (3, P))
        for f, more, shape in ((model.loss, (), (3,)), (model.gradient, (), (3, P)),
                               (model.hvp, (vs[0],), (3, P))):
            together = called(f, theta_s, xs, ys, *more, shape=shape)
            apart = [f(each[t], xs[t], ys[t], *more) for t in range(3)]
            if together is None or not np.allclose(together, apart, rtol=1e-11, atol=0):
                return "a batch of tasks", None
    return None, set()


def test_each_mistake_changes_what_it_should_and_nothing_else():
    for mistake in CATALOGUE:
        smallest = 1e-9 if "single precision" in mistake.name else 1e-6
        with np.errstate(all="ignore"):
            rung, blocks = first_wrong_rung(mistake.build(), smallest)
        assert rung == mistake.rung, mistake.name
        if mistake.blocks is not None:
            assert (blocks or set()) == set(mistake.blocks.split()), mistake.name


LEARNERS = {"tanh": lambda: (LearnerMLP(), tm.MLP(SMALL, "tanh")),
            "relu": lambda: (LearnerMLP(activation="relu"), tm.MLP(SMALL)),
            "wide": lambda: (LearnerMLP(WIDE), tm.MLP(WIDE, "tanh")),
            "linear": lambda: (LearnerLinear(), tm.Linear(3, 2))}


@pytest.mark.parametrize("name", LEARNERS)
def test_without_a_mistake_a_learner_s_code_gives_the_package_s_numbers(name):
    learner, model = LEARNERS[name]()
    assert learner.blocks == model.blocks and learner.n_params == model.n_params
    theta, batch = point(learner)
    thetas = theta + 0.1 * np.arange(3)[:, None]
    v = np.random.default_rng(0).standard_normal(thetas.shape)
    x, y = batch.x_support[0], batch.y_support[0]
    for arguments in [(theta, x, y, v[0]), (theta, batch.x_support, batch.y_support, v[0]),
                      (thetas, batch.x_query, batch.y_query, v)]:
        read_only(*arguments)
        assert_allclose(learner.loss(*arguments[:3]), model.loss(*arguments[:3]), rtol=1e-12)
        assert_allclose(learner.gradient(*arguments[:3]), model.gradient(*arguments[:3]),
                        rtol=1e-12, atol=1e-13)
        assert_allclose(learner.hvp(*arguments), model.hvp(*arguments), rtol=1e-12, atol=1e-12)
    for steps, first_order in ((1, False), (2, True), (5, False)):
        loss, g = learner_maml(theta, batch, ALPHA, steps, learner, first_order=first_order)
        exact_loss, exact = tm.MAML(model, ALPHA, steps, first_order).meta_gradient(theta, batch)
        assert_allclose(loss, exact_loss, rtol=1e-12)
        assert_allclose(g, exact, rtol=1e-12, atol=1e-13)
    assert_allclose(learner_reptile(theta, batch, ALPHA, 2, learner),
                    tm.Reptile(model, ALPHA, 2).meta_gradient(theta, batch)[1],
                    rtol=1e-12, atol=1e-13)
    end = learner_adapt(theta, x, y, ALPHA, 2, learner)
    assert_allclose(end, tm.adapt(model, theta, x, y, ALPHA, 2)[-1], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "relu by np.abs"])
def test_without_a_mistake_a_learner_s_derivatives_are_the_complex_steps(activation):
    for loss in LOSSES:
        model = LearnerMLP(WIDE, activation, loss=loss)
        theta, batch = point(model)
        data = batch.x_support[0], batch.y_support[0]
        exact = complex_step(lambda t: model.loss(t, *data), theta)
        assert_allclose(model.gradient(theta, *data), exact, atol=1e-12)
        H = hessian(lambda t: model.gradient(t, *data), theta)
        products = [model.hvp(theta, *data, v) for v in np.eye(theta.size)]
        assert_allclose(products, H, atol=1e-12)
