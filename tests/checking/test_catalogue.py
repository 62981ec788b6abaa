"""Every planted mistake of the catalogue is what it says it is, and the checker says so too."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinymeta as tm
from catalogue import (ACTIVATIONS, CATALOGUE, LOSSES, SMALL, WIDE, LearnerLinear, LearnerMLP,
                       learner_adapt, learner_maml, learner_reptile, point)
from conftest import hessian, read_only

ALPHA = 0.05
STEPS = {"1 step": 1, "2 steps": 2, "5 steps": 5}
SPELT = {"ȧ": "a_dot", "ż": "z_dot", "δ̇": "delta_dot", "δ": "delta", "φ": "phi", "α": "alpha",
         "θ": "theta", "ᵀ": "^T"}


def spelt(mistake):
    """The mistake's name in plain letters, which pytest leaves as they are."""
    name = mistake.name
    for letter, word in SPELT.items():
        name = name.replace(letter, word)
    return name


def ladder_of(mistake, **settings):
    """The checker's verdict on a candidate at the catalogue's point."""
    candidate, model = mistake.build(), mistake.model()
    if mistake.checked == "model":
        return tm.check_model(candidate, *point(candidate), **settings)
    theta, batch = point(model)
    if mistake.checked == "meta":
        return tm.check_meta_gradient(candidate, model, theta, batch, kind=mistake.kind, **settings)
    task = batch.x_support[0], batch.y_support[0]
    return tm.check_adapt(candidate, model, theta, *task, **settings)


# What a finding says, and the equation that it names.
SAID = {
    "only the first output is scored": ("only output 0 of 2 counts", "MLP.3"),
    "W2's gradient is built from the output error":
        ("W2 is built from the next layer's error δ_3", "MLP.5"),
    "W2's gradient takes z1 for a1": ("z_{l-1} stands where a_{l-1} belongs", "MLP.5"),
    "φ' is evaluated at a, not at z": ("φ' is taken at a_l in place of z_l", "MLP.4"),
    "φ' is forgotten in layer 1": ("φ'(z_1) is missing from the error of layer 1", "MLP.4"),
    "φ' is forgotten in layer 2": ("φ'(z_2) is missing from the error of layer 2", "MLP.4"),
    "the last example is left out of the sum": ("example 3 of 4 is left out", "LOSS.1"),
    "the gradient is of all examples but the last": ("example 3 of 4 is left out", "LOSS.1"),
    "the first example is counted twice": ("example 0 of 4 counts twice", "LOSS.1"),
    "the last example is left out of the product": ("example 3 of 4 is left out", "LOSS.3"),
    "the term with φ'' is forgotten": ("the term with φ''(z_l) is missing", "HVP.4"),
    "the term with φ'' has the wrong sign": ("the term with φ''(z_l) has the wrong sign", "HVP.4"),
    "the term δ Vᵀ is forgotten": ("the term δ_{l+1} V_{l+1}ᵀ is missing", "HVP.4"),
    "the term ȧᵀ δ is forgotten": ("the term ȧ_{l-1}ᵀ δ_l is missing", "HVP.5"),
    "the term δ̇ Wᵀ is forgotten": ("the term δ̇_{l+1} W_{l+1}ᵀ is missing", "HVP.4"),
    "the term ȧ W is forgotten": ("the term ȧ_{l-1} W_l is missing", "HVP.1"),
    "the term a V is forgotten in the last layer":
        ("the term a_{l-1} V_l is missing for l = 3", "HVP.1"),
    "the direction of the biases is forgotten": ("the term c_l is missing", "HVP.1"),
    "ȧ is ż, without φ'": ("φ'(z_l) is missing from ȧ_l", "HVP.2"),
    "the product is Gauss-Newton's": ("this is the Gauss-Newton part alone", "HVP.4"),
    "the product is the gradient": ("this is the gradient, not its derivative along v", "HVP.1"),
    "linear: the product moves along θ, not v": ("this is H θ: θ in place of v", "LIN.3"),
    "linear: the direction of the bias is forgotten": ("the term c_l is missing", "LIN.3"),
    "linear: the bias is forgotten in the gradient": ("all zeros", "LIN.2"),
    "linear: the product is summed over the examples": ("K·D_out = 8 times", "LOSS.3"),
    "the gradient is summed over the outputs": ("D_out = 2 times", "LOSS.2"),
    "the Hessian is dropped: first-order MAML": ("this is the first-order gradient", "MAML.2"),
    "the query gradient is taken at θ_0": ("the query gradient is taken at θ_0", "MAML.1"),
    "the inner gradient is always taken at θ_0":
        ("every inner gradient is taken at θ_0", "INNER.1"),
    "α is forgotten before the Hessian": ("α is missing from I - αH", "MAML.2"),
    "the Hessian is added": ("I + αH stands where I - αH belongs", "MAML.2"),
    "the inner loop goes uphill": ("the inner loop ascends", "INNER.1"),
    "support and query are exchanged": ("support and query sets are exchanged", "MAML.2"),
    "the inner loop trains on the query set": ("the query set is used for both loops", "MAML.2"),
    "the query loss is taken on the support set":
        ("the outer gradient is taken on the support set", "MAML.1"),
    "the Hessian is that of the query loss": ("H is taken on the query set", "MAML.2"),
    "the last task is left out": ("task 2 of 3 is left out", "MAML.3"),
    "only the last task is kept": ("task 2 of 3 alone counts", "MAML.3"),
    "the meta-gradient is summed over tasks": ("T = 3 times", "MAML.3"),
    "Reptile's moves are summed over tasks": ("T = 3 times", "REPTILE.1"),
    "the first task counts twice": ("task 0 of 3 counts twice", "MAML.3"),
    "first-order: the Hessian is kept": ("this is the exact gradient", "MAML.2"),
    "first-order: the query gradient is taken at θ_0":
        ("the query gradient at θ_0 alone", "MAML.1"),
    "first-order: the first product is with the support gradient":
        ("taken on the support set", "MAML.1"),
    "Reptile trains on the query set": ("the inner loop adapts on the query set", "INNER.1"),
    "Reptile leaves out the first task": ("task 0 of 3 is left out", "REPTILE.1"),
    "Reptile returns the mean of θ_S": ("this is the mean of θ_S", "REPTILE.1"),
    "Reptile's inner gradient is always taken at θ":
        ("every inner gradient is taken at θ_0", "INNER.1"),
    "adaptation goes uphill": ("the inner loop ascends", "INNER.1"),
    "adaptation has no α": ("α is missing from the inner step", "INNER.1"),
    "adaptation always takes the gradient at θ_0":
        ("every inner gradient is taken at θ_0", "INNER.1"),
    "adaptation makes one step too few": ("this is θ_0: nothing is adapted", "INNER.1"),
    "adaptation leaves out the last example": ("example 3 of 4 is left out", "INNER.1"),
}


@pytest.mark.parametrize("mistake", CATALOGUE, ids=spelt)
def test_each_mistake_is_rejected_and_named(mistake):
    ladder = ladder_of(mistake)
    assert not ladder and ladder.broken == mistake.rung
    assert list(ladder.rungs)[-1] == mistake.rung and all(list(ladder.rungs.values())[:-1])
    if mistake.blocks is not None:
        assert set(ladder.wrong_blocks) == mistake.blocks
    found = {finding.cause for finding in ladder.findings}
    assert found & mistake.causes, f"found {found}; expected one of {set(mistake.causes)}"
    assert found <= mistake.causes | mistake.also
    text = str(ladder)
    assert text.startswith("FAIL") and f"✗ {mistake.rung}" in text and "→" in text
    assert "Traceback" not in text
    if mistake.name in SAID:
        (finding,) = ladder.findings
        words, tag = SAID[mistake.name]
        assert words in finding.what and finding.tag == tag


def test_each_mistake_in_a_model_is_rejected_where_the_checker_chooses_the_point():
    for mistake in [mistake for mistake in CATALOGUE if mistake.checked == "model"]:
        for seed in (0, 1):
            ladder = tm.check_model(mistake.build(), seed=seed)
            assert not ladder and ladder.broken == mistake.rung, mistake.name


def test_the_catalogue_s_names_are_all_different():
    names = {mistake.name for mistake in CATALOGUE}
    assert len(CATALOGUE) >= 100 and len(names) == len(CATALOGUE) and set(SAID) <= names


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


def first_wrong_rung_of_a_model(model, smallest):
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


def expected_vector(mistake, theta, batch, steps):
    """What a meta-gradient or an adapted vector should be, by the package."""
    model, kind = mistake.model(), mistake.kind
    if mistake.checked == "adapt":
        return tm.adapt(model, theta, batch.x_support[0], batch.y_support[0], ALPHA, steps)[-1]
    if kind == "reptile":
        return tm.Reptile(model, ALPHA, steps).meta_gradient(theta, batch)[1]
    return tm.MAML(model, ALPHA, steps, kind != "maml").meta_gradient(theta, batch)[1]


def found_vector(mistake, candidate, theta, batch, steps):
    """What the candidate gives for it."""
    if mistake.checked == "adapt":
        return candidate(theta, batch.x_support[0], batch.y_support[0], ALPHA, steps)
    result = candidate(theta, batch, ALPHA, steps)
    return result[1] if isinstance(result, tuple) else result


def first_wrong_rung_of_a_method(mistake, smallest):
    """As first_wrong_rung_of_a_model, for code that adapts."""
    candidate, model = mistake.build(), mistake.model()
    theta, batch = point(model)
    for rung, steps in STEPS.items():
        vector = called(lambda t: found_vector(mistake, candidate, t, batch, steps), theta,
                        shape=theta.shape)
        if vector is None:
            return rung, None
        expected = expected_vector(mistake, theta, batch, steps)
        if wrong := wrong_blocks(model.blocks, vector, expected, smallest):
            return rung, wrong
    return None, set()


def test_each_mistake_changes_what_it_should_and_nothing_else():
    for mistake in CATALOGUE:
        smallest = 1e-9 if "single precision" in mistake.name else 1e-6
        with np.errstate(all="ignore"):
            if mistake.checked == "model":
                rung, blocks = first_wrong_rung_of_a_model(mistake.build(), smallest)
            else:
                rung, blocks = first_wrong_rung_of_a_method(mistake, smallest)
        assert rung == mistake.rung, mistake.name
        if mistake.blocks is not None:
            assert (blocks or set()) == mistake.blocks, mistake.name


def numbers(mistake):
    """The candidate's vector, or (n, P), at the rung that breaks, and what it should be."""
    candidate, n = mistake.build(), STEPS.get(mistake.rung)
    theta, batch = point(candidate if mistake.checked == "model" else mistake.model())
    x, y = batch.x_support[0], batch.y_support[0]
    if mistake.rung == "gradient":
        exact = complex_step(lambda t: candidate.loss(t, x, y), theta)
        return candidate.gradient(theta, x, y), exact
    if mistake.checked == "model":
        vs = np.random.default_rng(0).standard_normal((2, theta.size))
        found = np.array([candidate.hvp(theta, x, y, v) for v in vs])
        return found, vs @ complex_step(lambda t: candidate.gradient(t, x, y), theta)
    start = theta if mistake.checked == "adapt" else 0
    found = found_vector(mistake, candidate, theta, batch, n)
    return found - start, expected_vector(mistake, theta, batch, n) - start


def close(a, b):
    return np.allclose(a, b, rtol=1e-9, atol=1e-11)


def is_multiple(found, expected, shape):
    factor = (found * expected).sum() / (expected * expected).sum()
    return factor != 0 and close(found, factor * expected)


def is_transposed(found, expected, shape):
    turned = [np.swapaxes(found.reshape(-1, *s), -1, -2).ravel() for s in (shape, shape[::-1])]
    return any(close(one, expected.ravel()) for one in turned)


TRUE_OF_A_BLOCK = {
    "factor": is_multiple,
    "sign": lambda found, expected, shape: close(found, -expected),
    "zero": lambda found, expected, shape: not found.any(),
    "transposed": is_transposed,
    "entry": lambda found, expected, shape:
        np.count_nonzero(~np.isclose(found, expected, rtol=1e-9, atol=1e-11)) == 1,
}


def test_the_cause_that_is_claimed_is_true_of_the_numbers():
    for mistake in CATALOGUE:
        if mistake.causes == {"order"}:
            found, expected = numbers(mistake)
            assert_allclose(np.sort(found), np.sort(expected), rtol=1e-9)
        elif mistake.causes <= set(TRUE_OF_A_BLOCK):
            (cause,) = mistake.causes
            found, expected = numbers(mistake)
            blocks = getattr(mistake.build(), "blocks", mistake.model().blocks)
            for name, shape, part in places(blocks):
                if name in mistake.blocks:
                    true = TRUE_OF_A_BLOCK[cause](found[..., part], expected[..., part], shape)
                    assert true, (mistake.name, name)


def test_a_product_is_unsymmetric_where_the_catalogue_says_so():
    for mistake in [m for m in CATALOGUE if m.rung == "Hessian × vector" and m.blocks]:
        model = mistake.build()
        theta, batch = point(model)
        u, v = np.random.default_rng(1).standard_normal((2, theta.size))
        Hu, Hv = (model.hvp(theta, batch.x_support[0], batch.y_support[0], w) for w in (u, v))
        asymmetry = abs(u @ Hv - v @ Hu) / max(np.linalg.norm(u) * np.linalg.norm(Hv), 1e-300)
        assert not 1e-13 < asymmetry < 1e-6
        assert (asymmetry > 1e-9) == ("symmetry" in mistake.causes | mistake.also), mistake.name


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
    path = learner_adapt(theta, x, y, ALPHA, 2, learner, "the trajectory, rightly")
    assert_allclose(path, tm.adapt(model, theta, x, y, ALPHA, 2), rtol=1e-12, atol=1e-13)


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
