"""Check my derivation: the checker rejects every planted mistake, says which, and rejects nothing that is right."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinymeta as tm
from catalogue import (ACTIVATIONS, CATALOGUE, LOSSES, SMALL, WIDE, LearnerLinear, LearnerMLP, learner_adapt, learner_maml,
                       learner_reptile, point)
from conftest import hessian, read_only

ALPHA = 0.05
STEPS = {"1 step": 1, "2 steps": 2, "5 steps": 5}
RUNGS = ["loss", "gradient", "Hessian × vector", "a batch of tasks", "MAML, 1 step", "MAML, 2 steps", "MAML, 5 steps"]
IDS = [mistake.name for mistake in CATALOGUE]
each_mistake = pytest.mark.parametrize("mistake", CATALOGUE, ids=IDS)


def ladder_of(mistake, **settings):
    """The checker's verdict on a candidate at the catalogue's point."""
    candidate, model = mistake.build(), mistake.model()
    if mistake.checked == "model":
        return tm.check_model(candidate, *point(candidate), **settings)
    theta, batch = point(model)
    if mistake.checked == "meta":
        return tm.check_meta_gradient(candidate, model, theta, batch, kind=mistake.kind, **settings)
    return tm.check_adapt(candidate, model, theta, batch.x_support[0], batch.y_support[0], **settings)


@each_mistake
def test_each_mistake_is_rejected_and_named(mistake):
    ladder = ladder_of(mistake)
    assert not ladder and ladder.broken == mistake.rung
    assert list(ladder.rungs)[-1] == mistake.rung and not any(ladder.rungs.values()) == (len(ladder.rungs) == 1)
    if mistake.blocks is not None:
        assert set(ladder.wrong_blocks) == mistake.blocks
    found = {finding.cause for finding in ladder.findings}
    assert found & mistake.causes, f"found {found}; expected one of {set(mistake.causes)}"
    assert found <= mistake.causes | mistake.also, f"found {found}; none of {set(mistake.causes | mistake.also)} more"


@pytest.mark.parametrize("mistake", [m for m in CATALOGUE if m.checked == "model"],
                         ids=[m.name for m in CATALOGUE if m.checked == "model"])
def test_each_mistake_in_a_model_is_rejected_where_the_checker_chooses_the_point(mistake):
    for seed in (0, 1):
        ladder = tm.check_model(mistake.build(), seed=seed)
        assert not ladder and ladder.broken == mistake.rung


@each_mistake
def test_the_report_on_each_mistake_is_readable(mistake):
    text = str(ladder_of(mistake))
    assert text.startswith("FAIL") and f"✗ {mistake.rung}" in text and "→" in text
    assert "Traceback" not in text and max(len(line) for line in text.splitlines()) <= 240


def test_the_catalogue_is_large_and_its_names_are_all_different():
    assert len(CATALOGUE) >= 55 and len(set(IDS)) == len(IDS)
    words = {"factor", "sign", "zero", "transposed", "order", "shape", "entry", "example", "task", "first-order",
             "iterate", "product order", "second derivative", "term", "alpha", "swap", "in place", "not finite", "error",
             "symmetry", "axis", "complex", "unknown"}
    used = set().union(*(mistake.causes | mistake.also for mistake in CATALOGUE))
    assert used == words and all(mistake.causes for mistake in CATALOGUE)


# What is claimed about the candidates themselves, without the checker.


def complex_step(f, theta, h=1e-20):
    """The derivative of f, one number or (P,), along each coordinate: (P, ...)."""
    return np.stack([np.asarray(f(theta + 1j * h * e)).imag / h for e in np.eye(theta.size)])


def wrong_blocks(blocks, found, expected, smallest):
    """The blocks in which found differs; a block is either right to 1e-11 or wrong by more than smallest."""
    names, start = set(), 0
    found, expected = np.atleast_2d(found), np.atleast_2d(expected)
    for name, shape in blocks:
        part = slice(start, start + int(np.prod(shape)))
        start = part.stop
        difference = np.linalg.norm(found[:, part] - expected[:, part])
        error = difference / max(np.linalg.norm(found[:, part]), np.linalg.norm(expected[:, part]), 1e-300)
        assert not 1e-11 < error <= smallest, (name, error)
        if not error <= 1e-11:
            names.add(name)
    return names


def called(f, *arguments, shape):
    """f of copies of the arguments; None where it raises, changes one, or returns what it should not."""
    copies = [np.array(argument) for argument in arguments]
    try:
        with np.errstate(all="ignore"):
            result = f(*copies)
            values = np.asarray(result, dtype=float)
    except Exception:  # as the mistake has it
        return None
    changed = any(not np.array_equal(a, b) for a, b in zip(arguments, copies))
    return None if changed or values.shape != shape else values


def first_wrong_rung_of_a_model(model, smallest):
    """(rung, the names of its wrong blocks, or None where there is nothing to compare), by complex steps."""
    theta, batch = point(model)
    P, x, y, xs, ys = theta.size, batch.x_support[0], batch.y_support[0], batch.x_support, batch.y_support
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
        for f, more, shape in ((model.loss, (), (3,)), (model.gradient, (), (3, P)), (model.hvp, (vs[0],), (3, P))):
            together = called(f, theta_s, xs, ys, *more, shape=shape)
            apart = [f(each[t], xs[t], ys[t], *more) for t in range(3)]
            if together is None or not np.allclose(together, apart, rtol=1e-11, atol=0):
                return "a batch of tasks", None
    return None, set()


def expected_vector(mistake, theta, batch, steps):
    """What a meta-gradient or an adapted vector should be, by the package."""
    model = mistake.model()
    if mistake.checked == "adapt":
        return tm.adapt(model, theta, batch.x_support[0], batch.y_support[0], ALPHA, steps)[-1]
    if mistake.kind == "reptile":
        return tm.Reptile(model, ALPHA, steps).meta_gradient(theta, batch)[1]
    return tm.MAML(model, ALPHA, steps, mistake.kind == "first-order maml").meta_gradient(theta, batch)[1]


def first_wrong_rung_of_a_method(mistake, smallest):
    """As first_wrong_rung_of_a_model, for code that adapts: (rung, the names of its wrong blocks or None)."""
    candidate, model = mistake.build(), mistake.model()
    theta, batch = point(model)
    for rung, steps in STEPS.items():
        def found(theta, *data):
            if mistake.checked == "adapt":
                return candidate(theta, *data, ALPHA, steps)
            result = candidate(theta, batch, ALPHA, steps)
            return result[1] if isinstance(result, tuple) else result
        data = (batch.x_support[0], batch.y_support[0]) if mistake.checked == "adapt" else ()
        vector = called(found, theta, *data, shape=theta.shape)
        if vector is None:
            return rung, None
        if wrong := wrong_blocks(model.blocks, vector, expected_vector(mistake, theta, batch, steps), smallest):
            return rung, wrong
    return None, set()


@each_mistake
def test_each_mistake_changes_what_it_should_and_nothing_else(mistake):
    smallest = 1e-9 if "single precision" in mistake.name else 1e-6
    rung, blocks = (first_wrong_rung_of_a_model(mistake.build(), smallest) if mistake.checked == "model"
                    else first_wrong_rung_of_a_method(mistake, smallest))
    assert rung == mistake.rung
    if mistake.blocks is not None:
        assert (blocks or set()) == mistake.blocks


@pytest.mark.parametrize("mistake", [m for m in CATALOGUE if m.rung == "Hessian × vector" and m.blocks],
                         ids=[m.name for m in CATALOGUE if m.rung == "Hessian × vector" and m.blocks])
def test_a_product_may_be_called_unsymmetric_where_it_is(mistake):
    model = mistake.build()
    theta, batch = point(model)
    u, v = np.random.default_rng(1).standard_normal((2, theta.size))
    product = lambda v: model.hvp(theta, batch.x_support[0], batch.y_support[0], v)
    asymmetry = abs(u @ product(v) - v @ product(u)) / (np.linalg.norm(u) * np.linalg.norm(product(v)))
    assert (asymmetry > 1e-9) == ("symmetry" in mistake.also) and not 1e-13 < asymmetry < 1e-6


LEARNERS = {"tanh": lambda: (LearnerMLP(), tm.MLP(SMALL, "tanh")),
            "relu": lambda: (LearnerMLP(activation="relu"), tm.MLP(SMALL)),
            "wide": lambda: (LearnerMLP(WIDE), tm.MLP(WIDE, "tanh")),
            "linear": lambda: (LearnerLinear(), tm.Linear(3, 2))}
each_learner = pytest.mark.parametrize("name", LEARNERS)


@each_learner
def test_without_a_mistake_a_learner_s_model_is_that_of_the_package(name):
    learner, model = LEARNERS[name]()
    assert learner.blocks == model.blocks and learner.n_params == model.n_params
    theta, batch = point(learner)
    thetas = theta + 0.1 * np.arange(3)[:, None]
    v = np.random.default_rng(0).standard_normal(thetas.shape)
    for arguments in [(theta, batch.x_support[0], batch.y_support[0]), (theta, batch.x_support, batch.y_support),
                      (thetas, batch.x_query, batch.y_query)]:
        read_only(*arguments)
        assert_allclose(learner.loss(*arguments), model.loss(*arguments), rtol=1e-12)
        assert_allclose(learner.gradient(*arguments), model.gradient(*arguments), rtol=1e-12, atol=1e-13)
        for direction in (v[0], v) if arguments[1].ndim == 3 else (v[0],):
            assert_allclose(learner.hvp(*arguments, direction), model.hvp(*arguments, direction), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_without_a_mistake_a_learner_s_derivatives_are_the_complex_steps(activation, loss):
    model = LearnerMLP(WIDE, activation, loss=loss)
    theta, batch = point(model)
    data = batch.x_support[0], batch.y_support[0]
    assert_allclose(model.gradient(theta, *data), complex_step(lambda t: model.loss(t, *data), theta), atol=1e-12)
    H = hessian(lambda t: model.gradient(t, *data), theta)
    assert_allclose([model.hvp(theta, *data, v) for v in np.eye(theta.size)], H, atol=1e-12)


@each_learner
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_without_a_mistake_a_learner_s_methods_are_those_of_the_package(name, steps):
    learner, model = LEARNERS[name]()
    theta, batch = point(learner)
    read_only(theta)
    for first_order in (False, True):
        loss, g = learner_maml(theta, batch, ALPHA, steps, learner, first_order=first_order)
        exact_loss, exact = tm.MAML(model, ALPHA, steps, first_order).meta_gradient(theta, batch)
        assert_allclose(loss, exact_loss, rtol=1e-12)
        assert_allclose(g, exact, rtol=1e-12, atol=1e-13)
    assert_allclose(learner_reptile(theta, batch, ALPHA, steps, learner),
                    tm.Reptile(model, ALPHA, steps).meta_gradient(theta, batch)[1], rtol=1e-12, atol=1e-13)
    x, y = batch.x_support[0], batch.y_support[0]
    trajectory = learner_adapt(theta, x, y, ALPHA, steps, learner, "the trajectory, rightly")
    assert_allclose(trajectory, tm.adapt(model, theta, x, y, ALPHA, steps), rtol=1e-12, atol=1e-13)
