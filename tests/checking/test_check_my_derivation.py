"""Check my derivation: the checker rejects every planted mistake, says which, and rejects nothing that is right."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinymeta as tm
from tinymeta.checking import known_mistakes as suspects
from tinymeta.checking.matching_network import matching_network as recognised
from catalogue import (ACTIVATIONS, CATALOGUE, LOSSES, SMALL, WIDE, LearnerLinear, LearnerMLP, learner_adapt,
                       learner_maml, learner_reptile, point)
from conftest import hessian, read_only

ALPHA = 0.05
STEPS = {"1 step": 1, "2 steps": 2, "5 steps": 5}
RUNGS = ["loss", "gradient", "Hessian × vector", "a batch of tasks", "MAML, 1 step", "MAML, 2 steps", "MAML, 5 steps"]
SPELT = {"ȧ": "a_dot", "ż": "z_dot", "δ̇": "delta_dot", "δ": "delta", "φ": "phi", "α": "alpha", "θ": "theta", "ᵀ": "^T"}


def over(mistakes):
    """Parametrise a test over mistakes, with ids in plain letters, which pytest leaves as they are."""
    ids = [mistake.name for mistake in mistakes]
    for letter, word in SPELT.items():
        ids = [name.replace(letter, word) for name in ids]
    return pytest.mark.parametrize("mistake", mistakes, ids=ids)


each_mistake = over(CATALOGUE)


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
    assert list(ladder.rungs)[-1] == mistake.rung and all(list(ladder.rungs.values())[:-1])
    if mistake.blocks is not None:
        assert set(ladder.wrong_blocks) == mistake.blocks
    found = {finding.cause for finding in ladder.findings}
    assert found & mistake.causes, f"found {found}; expected one of {set(mistake.causes)}"
    assert found <= mistake.causes | mistake.also, f"found {found}; none of {set(mistake.causes | mistake.also)} more"


@over([m for m in CATALOGUE if m.checked == "model"])
def test_each_mistake_in_a_model_is_rejected_where_the_checker_chooses_the_point(mistake):
    for seed in (0, 1):
        ladder = tm.check_model(mistake.build(), seed=seed)
        assert not ladder and ladder.broken == mistake.rung


@each_mistake
def test_the_report_on_each_mistake_is_readable(mistake):
    text = str(ladder_of(mistake))
    assert text.startswith("FAIL") and f"✗ {mistake.rung}" in text and "→" in text
    assert "Traceback" not in text


def test_the_catalogue_is_large_and_its_names_are_all_different():
    assert len(CATALOGUE) >= 55 and len({mistake.name for mistake in CATALOGUE}) == len(CATALOGUE)
    words = {"factor", "sign", "zero", "transposed", "order", "shape", "entry", "example", "task", "first-order",
             "iterate", "product order", "second derivative", "term", "alpha", "swap", "in place", "not finite",
             "error", "symmetry", "axis", "complex", "precision", "another quantity",
             "unknown"}
    used = set().union(*(mistake.causes | mistake.also for mistake in CATALOGUE))
    assert used == words and all(mistake.causes for mistake in CATALOGUE)


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
    with np.errstate(all="ignore"):
        rung, blocks = (first_wrong_rung_of_a_model(mistake.build(), smallest) if mistake.checked == "model"
                        else first_wrong_rung_of_a_method(mistake, smallest))
    assert rung == mistake.rung
    if mistake.blocks is not None:
        assert (blocks or set()) == mistake.blocks


def numbers(mistake):
    """The candidate's vector, or vectors (n, P), at the rung that breaks, and what they should be."""
    candidate = mistake.build()
    theta, batch = point(candidate if mistake.checked == "model" else mistake.model())
    x, y, n = batch.x_support[0], batch.y_support[0], STEPS.get(mistake.rung)
    if mistake.rung == "gradient":
        return candidate.gradient(theta, x, y), complex_step(lambda t: candidate.loss(t, x, y), theta)
    if mistake.checked == "model":
        vs = np.random.default_rng(0).standard_normal((2, theta.size))
        found = np.array([candidate.hvp(theta, x, y, v) for v in vs])
        return found, vs @ complex_step(lambda t: candidate.gradient(t, x, y), theta)
    expected = expected_vector(mistake, theta, batch, n)
    if mistake.checked == "adapt":
        return candidate(theta, x, y, ALPHA, n) - theta, expected - theta
    result = candidate(theta, batch, ALPHA, n)
    return result[1] if isinstance(result, tuple) else result, expected


def is_multiple(found, expected):
    """The one number by which found is a multiple of expected, or None."""
    factor = (found * expected).sum() / (expected * expected).sum()
    return factor if np.allclose(found, factor * expected, rtol=1e-9, atol=1e-11) else None


TRUE_OF_A_BLOCK = {
    "factor": lambda found, expected, shape: is_multiple(found, expected) not in (None, 0),
    "sign": lambda found, expected, shape: np.allclose(found, -expected, rtol=1e-9, atol=1e-11),
    "zero": lambda found, expected, shape: not found.any(),
    "transposed": lambda found, expected, shape: any(
        np.allclose(np.swapaxes(found.reshape(-1, *s), -1, -2).ravel(), expected.ravel(), rtol=1e-9, atol=1e-11)
        for s in (shape, shape[::-1])),
    "entry": lambda found, expected, shape: np.count_nonzero(~np.isclose(found, expected, rtol=1e-9, atol=1e-11)) == 1,
}


@over([m for m in CATALOGUE if m.causes <= set(TRUE_OF_A_BLOCK) and m.rung != "a batch of tasks"])
def test_the_cause_that_is_claimed_is_true_of_the_numbers(mistake):
    (cause,) = mistake.causes
    found, expected = numbers(mistake)
    start = 0
    for name, shape in getattr(mistake.build(), "blocks", mistake.model().blocks):
        part = slice(start, start + int(np.prod(shape)))
        start = part.stop
        if name in mistake.blocks:
            assert TRUE_OF_A_BLOCK[cause](found[..., part], expected[..., part], shape), name


@over([m for m in CATALOGUE if m.causes == {"order"}])
def test_an_order_that_is_claimed_wrong_holds_the_right_numbers(mistake):
    found, expected = numbers(mistake)
    assert_allclose(np.sort(found), np.sort(expected), rtol=1e-9)


def test_mistakes_that_give_the_same_numbers_share_an_answer():
    seen = []
    for mistake in [m for m in CATALOGUE if m.blocks and m.rung != "a batch of tasks"]:
        with np.errstate(all="ignore"):
            key = mistake.rung, mistake.kind, mistake.checked
            found, expected = numbers(mistake)
        for other, other_key, other_found, other_expected in seen:
            if (key == other_key and found.shape == other_found.shape and np.allclose(found, other_found, rtol=1e-10)
                    and np.allclose(expected, other_expected, rtol=1e-10)):
                assert mistake.causes & other.causes, (mistake.name, other.name)
        seen.append((mistake, key, found, expected))


@over([m for m in CATALOGUE if m.rung == "Hessian × vector" and m.blocks])
def test_a_product_may_be_called_unsymmetric_where_it_is(mistake):
    model = mistake.build()
    theta, batch = point(model)
    u, v = np.random.default_rng(1).standard_normal((2, theta.size))
    product = lambda v: model.hvp(theta, batch.x_support[0], batch.y_support[0], v)
    asymmetry = abs(u @ product(v) - v @ product(u)) / max(np.linalg.norm(u) * np.linalg.norm(product(v)), 1e-300)
    assert (asymmetry > 1e-9) == ("symmetry" in mistake.causes | mistake.also) and not 1e-13 < asymmetry < 1e-6


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
            found, expected = learner.hvp(*arguments, direction), model.hvp(*arguments, direction)
            assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "relu by np.abs"])
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


def widths_of(rng, d_in, d_out):
    """Widths of a network of 1 to 4 layers."""
    return [d_in, *rng.integers(1, 9, size=rng.integers(0, 4)).tolist(), d_out]


def package_parts(activation, loss):
    """The learner's φ and L as the package takes them."""
    phi, phi1, phi2 = ACTIVATIONS[activation]
    own = tm.Activation(activation, phi, lambda z, a: phi1(z), lambda z, a, d: phi2(z), init="xavier")
    return ({"relu": tm.relu, "tanh": tm.tanh}.get(activation, own),
            tm.squared_error if loss == "squared error" else tm.Loss(loss, *LOSSES[loss]))


class Configuration:
    """A random choice of everything that a correct derivation may vary in."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        pick = lambda *options: options[rng.integers(len(options))]
        self.kind = ["model", "model", "maml", "first-order maml", "reptile", "adapt"][seed % 6]
        self.activation = pick("relu", "tanh", "softplus", "sine", "relu as it is usually written")
        self.loss = pick("squared error", "log cosh")
        self.d_in, self.d_out = rng.integers(1, 4, size=2).tolist()
        self.widths = widths_of(rng, self.d_in, self.d_out)
        activation, loss = package_parts(self.activation, self.loss)
        if rng.random() < 0.1:
            self.widths = [self.d_in, self.d_out]
            self.package = tm.Linear(self.d_in, self.d_out, loss=loss)
        else:
            self.package = tm.MLP(self.widths, activation, loss=loss)
        self.learner = LearnerMLP(self.widths, self.activation, loss=self.loss)
        self.by_learner = bool(rng.random() < 0.5)
        self.shots, self.queries, self.tasks = (int(n) for n in rng.integers([1, 1, 1], [13, 13, 5]))
        if self.kind == "model":
            self.tasks = max(self.tasks, 2)  # its rung "a batch of tasks" needs several
        self.theta, self.batch = self.random_point(rng)
        self.theta = self.theta.astype(pick(np.float64, np.float64, np.float32))
        self.steps = tuple(sorted(rng.choice(np.arange(1, 6), size=rng.integers(1, 4), replace=False).tolist()))
        self.alpha = float(rng.uniform(0.01, 0.2))
        while not self.settles():
            self.alpha /= 2

    def random_point(self, rng):
        """θ (P,), weights smaller where there are more of them, and a batch."""
        scale = np.concatenate([np.full((n_in + 1) * n_out, 1 / np.sqrt(n_in)) for n_in, n_out in
                                zip(self.widths, self.widths[1:])])
        x_s, y_s, x_q, y_q = (rng.standard_normal((self.tasks, K, D)) for K in (self.shots, self.queries)
                              for D in (self.d_in, self.d_out))
        return scale * rng.standard_normal(scale.size), tm.Batch(x_s, y_s, x_q, y_q)

    def settles(self):
        """Whether five inner steps stay near θ: an α that diverges is another lesson."""
        support = self.batch.x_support, self.batch.y_support
        with np.errstate(all="ignore"):
            path = tm.adapt(self.package, self.theta.astype(float), *support, self.alpha, 5)
        return np.linalg.norm(path[-1] - path[0], axis=-1).max() < 3 * np.sqrt(self.theta.size)

    def __str__(self):
        who = "learner" if self.by_learner else type(self.package).__name__
        return (f"{self.kind} by {who} {self.widths} {self.activation}, {self.loss}, {self.tasks} tasks of "
                f"{self.shots} and {self.queries}, alpha {self.alpha:.3f}, steps {self.steps}, {self.theta.dtype}")

    def ladder(self):
        """The checker's verdict."""
        model = self.learner if self.by_learner else self.package
        if self.kind == "model":
            return tm.check_model(model, self.theta, self.batch, alpha=self.alpha)
        if self.kind == "adapt":
            task = self.batch.x_support[0], self.batch.y_support[0]
            return tm.check_adapt(self.adapt, self.package, self.theta, *task, alpha=self.alpha, steps=self.steps)
        return tm.check_meta_gradient(self.meta_gradient, self.package, self.theta, self.batch, alpha=self.alpha,
                                      steps=self.steps, kind=self.kind)

    def adapt(self, theta, x, y, alpha, steps):
        """θ_S by the learner's code, the trajectory by the package's."""
        if self.by_learner:
            return learner_adapt(theta, x, y, alpha, steps, self.learner)
        return tm.adapt(self.package, theta, x, y, alpha, steps)

    def meta_gradient(self, theta, batch, alpha, steps):
        """(loss, gradient) or the gradient alone, as the code at hand has it."""
        first_order = self.kind == "first-order maml"
        if self.kind == "reptile":
            if self.by_learner:
                return learner_reptile(theta, batch, alpha, steps, self.learner)
            return tm.Reptile(self.package, alpha, steps).meta_gradient(theta, batch)
        if self.by_learner:
            return learner_maml(theta, batch, alpha, steps, self.learner, first_order=first_order)
        return tm.MAML(self.package, alpha, steps, first_order).meta_gradient(theta, batch)


def test_no_correct_variant_is_rejected():
    rejected = []
    for seed in range(200):
        configuration = Configuration(seed)
        ladder = configuration.ladder()
        if not ladder or ladder.broken is not None or ladder.untried or ladder.findings:
            rejected.append(f"{seed}: {configuration}\n{ladder}")
    assert not rejected, f"{len(rejected)} of 200 rejected\n" + "\n".join(rejected[:5])


@each_learner
def test_a_learner_s_right_model_climbs_the_whole_ladder(name):
    learner, _ = LEARNERS[name]()
    for ladder in (tm.check_model(learner), tm.check_model(learner, *point(learner))):
        assert ladder and ladder.broken is None and not ladder.untried and list(ladder.rungs) == RUNGS
        assert not ladder.findings and not ladder.wrong_blocks and str(ladder).startswith("PASS")


@pytest.mark.parametrize("kind", ["maml", "first-order maml", "reptile"])
def test_a_learner_s_right_method_climbs_the_whole_ladder(kind):
    learner, model = LEARNERS["tanh"]()
    theta, batch = point(model)
    learned = {"maml": learner_maml, "reptile": learner_reptile,
               "first-order maml": lambda *arguments: learner_maml(*arguments, first_order=True)}[kind]
    ladder = tm.check_meta_gradient(lambda theta, batch, alpha, steps: learned(theta, batch, alpha, steps, learner),
                                    model, theta, batch, kind=kind)
    assert ladder and list(ladder.rungs) == list(STEPS) and str(ladder).startswith("PASS")


@pytest.mark.parametrize("returns", ["the end", "the trajectory, rightly"])
def test_a_learner_s_right_adaptation_climbs_the_whole_ladder(returns):
    learner, model = LEARNERS["tanh"]()
    theta, batch = point(model)
    ladder = tm.check_adapt(lambda *arguments: learner_adapt(*arguments, learner, returns), model, theta,
                            batch.x_support[0], batch.y_support[0])
    assert ladder and list(ladder.rungs) == list(STEPS)


class Plain:
    """A model that is three functions and nothing else; `spoil` names the one that is replaced."""

    def __init__(self, **spoil):
        learner = LearnerMLP()
        self.loss, self.gradient, self.hvp = learner.loss, learner.gradient, learner.hvp
        self.n_params, self.d_in = learner.n_params, learner.d_in
        vars(self).update(spoil)


def test_a_model_may_be_three_functions_without_blocks():
    assert tm.check_model(Plain())
    learner = LearnerMLP()
    wrong = LearnerMLP(mistake="b2's gradient has the wrong sign")
    ladder = tm.check_model(Plain(gradient=wrong.gradient), *point(learner), blocks=learner.blocks)
    assert ladder.broken == "gradient" and set(ladder.wrong_blocks) == {"b2"}


class RealOnly(LearnerMLP):
    """A learner's network that turns whatever it gets into real numbers, silently, as many libraries do."""

    def loss(self, theta, x, y):
        """L, real."""
        return super().loss(np.asarray(theta).real, x, y)

    def gradient(self, theta, x, y):
        """∂L/∂θ, real."""
        return super().gradient(np.asarray(theta).real, x, y)


class RefusesComplex(LearnerMLP):
    """A learner's network that will have nothing but real numbers."""

    def forward(self, theta, x):
        """As LearnerMLP's, unless θ is complex."""
        if np.iscomplexobj(theta):
            raise TypeError("real numbers, please")
        return super().forward(theta, x)


@pytest.mark.parametrize("kind", [RealOnly, RefusesComplex])
def test_a_model_for_real_numbers_alone_is_checked_by_central_differences(kind):
    assert tm.check_model(kind(), *point(kind()))
    for name in ("b2's gradient has the wrong sign", "the product's b1 has the wrong sign"):
        ladder = tm.check_model(kind(mistake=name), *point(kind()))
        assert set(ladder.wrong_blocks) == {name[:2] if name.startswith("b2") else "b1"}
        assert "sign" in {finding.cause for finding in ladder.findings}


@pytest.mark.parametrize("alpha", [0.001, 0.01, 0.05, 0.2])
def test_the_first_order_gradient_fails_at_any_step_size(alpha):
    learner, model = LEARNERS["tanh"]()
    first_order = lambda *arguments: learner_maml(*arguments, learner, first_order=True)
    ladder = tm.check_meta_gradient(first_order, model, *point(model), alpha=alpha)
    assert ladder.broken == "1 step" and "first-order" in {finding.cause for finding in ladder.findings}
    exact = lambda *arguments: learner_maml(*arguments, learner)
    assert not tm.check_meta_gradient(exact, model, *point(model), alpha=alpha, kind="first-order maml")


def spoiled_by(noise, where):
    """The ladder of code that is right but for noise (P,) added to the gradient, the product or the meta-gradient."""
    learner, model = LearnerMLP(), tm.MLP(SMALL, "tanh")
    if where == "gradient":
        spoiled = Plain(gradient=lambda *arguments: learner.gradient(*arguments) + noise)
    elif where == "hvp":  # still symmetric
        spoiled = Plain(hvp=lambda *arguments: learner.hvp(*arguments) + noise * (noise @ arguments[-1]))
    elif where == "maml":
        spoiled = lambda *arguments: learner_maml(*arguments, learner)[1] + noise
    else:
        spoiled = lambda *arguments: learner_reptile(*arguments, learner) + noise
    if where in ("maml", "reptile"):
        return tm.check_meta_gradient(spoiled, model, *point(model), kind=where)
    return tm.check_model(spoiled, *point(learner), blocks=learner.blocks)


@pytest.mark.parametrize("where", ["gradient", "hvp", "maml", "reptile"])
def test_numbers_that_no_known_mistake_gives_are_called_nothing_else(where):
    W2 = slice(12, 28)
    for seed in range(10):
        noise = np.zeros(LearnerMLP().n_params)
        noise[W2] = np.random.default_rng(seed).standard_normal(16)
        ladder = spoiled_by(noise, where)
        assert set(ladder.wrong_blocks) == {"W2"} and {finding.cause for finding in ladder.findings} == {"unknown"}


@pytest.mark.parametrize("one, other, blocks, causes", [
    ("b2's gradient has the wrong sign", "W2's gradient is never written", {"W2", "b2"}, {"sign", "zero"}),
    ("b1's gradient is never written", "W3's gradient is averaged over the examples", {"b1", "W3"}, {"zero", "factor"}),
    ("b2's gradient is shifted by one", "one entry of W1's gradient has the wrong sign", {"b2", "W1"},
     {"order", "entry"}),
    ("W3's gradient is averaged over the examples", "the rows of W2's gradient are in reverse order", {"W2", "W3"},
     {"factor", "order"})])
def test_two_mistakes_in_two_blocks_are_both_named(one, other, blocks, causes):
    right, first, second = LearnerMLP(), LearnerMLP(mistake=one), LearnerMLP(mistake=other)
    both = lambda *a: first.gradient(*a) + second.gradient(*a) - right.gradient(*a)
    ladder = tm.check_model(Plain(gradient=both), *point(right), blocks=right.blocks)
    assert ladder.broken == "gradient" and set(ladder.wrong_blocks) == blocks
    assert {finding.cause for finding in ladder.findings} == causes


def off_the_end(theta, *_):
    return theta[theta.size + 3]


@pytest.mark.parametrize("name, rung", [("loss", "loss"), ("gradient", "gradient"), ("hvp", "Hessian × vector")])
def test_an_exception_in_a_model_is_a_finding_with_its_line(name, rung):
    ladder = tm.check_model(Plain(**{name: off_the_end}))
    text, line = str(ladder), off_the_end.__code__.co_firstlineno + 1
    assert ladder.broken == rung and [finding.cause for finding in ladder.findings] == ["error"]
    assert "IndexError" in text and "theta[theta.size + 3]" in text and f"line {line}" in text


def test_an_exception_in_a_method_is_a_finding_with_its_line():
    model = tm.MLP(SMALL, "tanh")
    theta, batch = point(model)
    for ladder in (tm.check_meta_gradient(off_the_end, model, theta, batch),
                   tm.check_adapt(off_the_end, model, theta, batch.x_support[0], batch.y_support[0])):
        assert ladder.broken == "1 step" and "IndexError" in str(ladder) and "theta[theta.size + 3]" in str(ladder)


def not_written(*_):
    raise NotImplementedError("equation [HVP.4] goes here")


def test_what_is_not_written_yet_is_said_to_be_so():
    ladder = tm.check_model(Plain(hvp=not_written))
    assert ladder.broken == "Hessian × vector" and ladder.rungs["gradient"] and "not written" in str(ladder)
    assert ladder.untried == RUNGS[3:]


@pytest.mark.parametrize("missing, rung", [("gradient", "gradient"), ("hvp", "Hessian × vector")])
def test_a_function_that_is_missing_breaks_its_rung(missing, rung):
    model = Plain()
    delattr(model, missing)
    ladder = tm.check_model(model)
    assert ladder.broken == rung and missing in str(ladder)


RETURNS = {"nothing": lambda *_: None, "a string": lambda *_: "0.5", "a dict": lambda *_: {"W1": 0.0},
           "a list of lists": lambda *_: [[1.0, 2.0], [3.0]], "an object": lambda *_: object(),
           "a function": lambda *_: len, "a tuple": lambda *_: (1.0, 2.0, 3.0),
           "an empty array": lambda *_: np.zeros(0)}


@pytest.mark.parametrize("returned", RETURNS)
@pytest.mark.parametrize("name, rung", [("loss", "loss"), ("gradient", "gradient"), ("hvp", "Hessian × vector")])
def test_a_wrong_return_type_is_a_finding(name, rung, returned):
    ladder = tm.check_model(Plain(**{name: RETURNS[returned]}))
    assert ladder.broken == rung and ladder.findings and str(ladder) and ladder._repr_html_()
    assert {finding.cause for finding in ladder.findings} <= {"shape", "error"}


@pytest.mark.parametrize("returned", RETURNS)
def test_a_wrong_return_type_of_a_method_is_a_finding(returned):
    model = tm.MLP(SMALL, "tanh")
    theta, batch = point(model)
    for ladder in (tm.check_meta_gradient(RETURNS[returned], model, theta, batch),
                   tm.check_adapt(RETURNS[returned], model, theta, batch.x_support[0], batch.y_support[0])):
        assert ladder.broken == "1 step" and {finding.cause for finding in ladder.findings} <= {"shape", "error"}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name, rung", [("loss", "loss"), ("gradient", "gradient"), ("hvp", "Hessian × vector")])
def test_what_is_not_finite_is_a_finding(name, rung, value):
    right = getattr(Plain(), name)
    ladder = tm.check_model(Plain(**{name: lambda *arguments: right(*arguments) + value}))
    assert ladder.broken == rung and {finding.cause for finding in ladder.findings} == {"not finite"}


def beside_a_kink(z):
    """A point at which unit 1 of the ReLU network 1-2-1 has the input z for the first example."""
    theta = np.array([1.0, -0.7, z - 1.0, 0.4, 0.9, -1.1, 0.2])
    _, batch = point(tm.MLP([1, 2, 1]))
    x, y = batch.x_support.copy(), batch.y_support
    x[0, 0] = 1.0
    return theta, tm.Batch(x, y, batch.x_query, batch.y_query)


KINKS = pytest.mark.parametrize("z", [1e-7, -1e-7, 0.0])
RELU = pytest.mark.parametrize("model", [tm.MLP([1, 2, 1]), LearnerMLP([1, 2, 1], "relu")], ids=["package", "learner"])


@KINKS
@RELU
def test_a_kink_of_relu_is_not_called_a_mistake(model, z):
    theta, batch = beside_a_kink(z)
    assert tm.check_model(model, theta, batch)


@KINKS
def test_a_mistake_beside_a_kink_is_still_called_one(z):
    theta, batch = beside_a_kink(z)
    summed = LearnerMLP([1, 2, 1], "relu", mistake="the gradient is summed over the examples")
    ladder = tm.check_model(summed, theta, batch)
    assert ladder.broken == "gradient" and "factor" in {finding.cause for finding in ladder.findings}


@pytest.mark.parametrize("name, result, cause, word", [
    ("loss", lambda right: "much", "shape", "one number"), ("loss", lambda right: None, "shape", "return"),
    ("gradient", lambda right: list(right), "shape", "list"),
    ("gradient", lambda right: right.astype(object), "shape", "dtype object"),
    ("gradient", lambda right: right + 1e-3 * np.random.default_rng().standard_normal(right.shape), "not repeatable", "random"),
    ("hvp", lambda right: exit(), "error", "SystemExit")], ids=["text", "nothing", "a list", "objects", "random", "exit()"])
def test_what_a_learner_s_function_should_not_do_is_a_finding(name, result, cause, word):
    right = tm.MLP([1, 4, 1], "tanh")

    class Learner:
        n_params, loss, gradient, hvp = right.n_params, right.loss, right.gradient, right.hvp

    setattr(Learner, name, lambda self, *arguments: result(getattr(right, name)(*arguments)))
    ladder = tm.check_model(Learner())
    assert not ladder and [finding.cause for finding in ladder.findings] == [cause] and word in str(ladder)


# What a finding says, and the equation that it names, is what was planted.

SAID = {
    "only the first output is scored": ("only output 0 of 2 counts", "MLP.3"),
    "W2's gradient is built from the output error": ("W2 is built from the next layer's error δ_3", "MLP.5"),
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
    "the term with φ'' is halved": ("the term with φ''(z_l) is halved", "HVP.4"),
    "the term δ Vᵀ is forgotten": ("the term δ_{l+1} V_{l+1}ᵀ is missing", "HVP.4"),
    "the term ȧᵀ δ is forgotten": ("the term ȧ_{l-1}ᵀ δ_l is missing", "HVP.5"),
    "the term δ̇ Wᵀ is forgotten": ("the term δ̇_{l+1} W_{l+1}ᵀ is missing", "HVP.4"),
    "the term ȧ W is forgotten": ("the term ȧ_{l-1} W_l is missing", "HVP.1"),
    "the term a V is forgotten in the last layer": ("the term a_{l-1} V_l is missing for l = 3", "HVP.1"),
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
    "every Hessian is taken one step too late": ("H is taken at θ_{k+1}", "MAML.2"),
    "every Hessian is taken at θ_S": ("every H is taken at θ_S", "MAML.2"),
    "the query gradient is taken at θ_0": ("the query gradient is taken at θ_0", "MAML.1"),
    "the inner gradient is always taken at θ_0": ("every inner gradient is taken at θ_0", "INNER.1"),
    "α is forgotten before the Hessian": ("α is missing from I - αH", "MAML.2"),
    "the Hessian is added": ("I + αH stands where I - αH belongs", "MAML.2"),
    "α is doubled before the Hessian": ("2α stands for α in I - αH", "MAML.2"),
    "α is halved before the Hessian": ("α/2 stands for α in I - αH", "MAML.2"),
    "α is multiplied by K before the Hessian": ("Kα (K = 4: a sum where the loss takes the mean?) stands", "MAML.2"),
    "α is squared before the Hessian": ("α² stands for α in I - αH", "MAML.2"),
    "the inner loop goes uphill": ("the inner loop ascends", "INNER.1"),
    "support and query are exchanged": ("support and query sets are exchanged", "MAML.2"),
    "the inner loop trains on the query set": ("the query set is used for both loops", "MAML.2"),
    "the query loss is taken on the support set": ("the outer gradient is taken on the support set", "MAML.1"),
    "the Hessian is that of the query loss": ("H is taken on the query set", "MAML.2"),
    "the last task is left out": ("task 2 of 3 is left out", "MAML.3"),
    "the last task is left out, yet counted": ("task 2 of 3 is left out", "MAML.3"),
    "only the last task is kept": ("task 2 of 3 alone counts", "MAML.3"),
    "the meta-gradient is summed over tasks": ("T = 3 times", "MAML.3"),
    "Reptile's moves are summed over tasks": ("T = 3 times", "REPTILE.1"),
    "the first task counts twice": ("task 0 of 3 counts twice", "MAML.3"),
    "first-order: the Hessian is kept": ("this is the exact gradient", "MAML.2"),
    "first-order: the query gradient is taken at θ_0": ("the query gradient at θ_0 alone", "MAML.1"),
    "first-order: the first product is with the support gradient": ("taken on the support set", "MAML.1"),
    "Reptile trains on the query set": ("the inner loop adapts on the query set", "INNER.1"),
    "Reptile leaves out the first task": ("task 0 of 3 is left out", "REPTILE.1"),
    "Reptile returns the mean of θ_S": ("this is the mean of θ_S", "REPTILE.1"),
    "Reptile's inner gradient is always taken at θ": ("every inner gradient is taken at θ_0", "INNER.1"),
    "adaptation goes uphill": ("the inner loop ascends", "INNER.1"),
    "adaptation has no α": ("α is missing from the inner step", "INNER.1"),
    "adaptation always takes the gradient at θ_0": ("every inner gradient is taken at θ_0", "INNER.1"),
    "adaptation makes one step too few": ("this is θ_0: nothing is adapted", "INNER.1"),
    "adaptation leaves out the last example": ("example 3 of 4 is left out", "INNER.1"),
    "adaptation returns the move, not the end": ("this is θ_S - θ_0", "INNER.1"),
}


@over([m for m in CATALOGUE if m.name in SAID])
def test_a_finding_says_what_was_planted_and_names_its_equation(mistake):
    (finding,) = ladder_of(mistake).findings
    words, tag = SAID[mistake.name]
    assert words in finding.what and finding.tag == tag


def test_what_should_be_said_is_of_mistakes_that_there_are():
    assert set(SAID) <= {mistake.name for mistake in CATALOGUE}


@pytest.mark.parametrize("widths, mistake, words", [
    ((2, 4, 1), "φ' is forgotten in layer 1", "φ'(z_l) is missing from the errors"),
    ((2, 4, 1), "φ' is evaluated at a, not at z", "φ' is taken at a_l"),
    ((2, 4, 4), "the error goes back through W2, not its transpose", "W_{l+1} stands where its transpose belongs")])
def test_a_mistake_in_a_network_of_one_hidden_layer_is_said_too(widths, mistake, words):
    learner = LearnerMLP(widths, mistake=mistake)
    (finding,) = tm.check_model(learner, *point(learner)).findings
    assert words in finding.what and finding.tag == "MLP.4"


def test_a_first_layer_built_from_the_second_s_error_is_said():
    learner = LearnerMLP((2, 3, 1))

    def gradient(theta, x, y):
        g = learner.gradient(theta, x, y)
        delta = learner.output_error(learner.forward(theta, x)[2][-1], y)  # (K, 1)
        g[:6] = np.broadcast_to(x.T @ delta, (2, 3)).ravel()
        return g

    spoiled = Plain(loss=learner.loss, gradient=gradient)
    (finding,) = tm.check_model(spoiled, *point(learner), blocks=learner.blocks).findings
    assert "W1 is built from the next layer's error δ_2" in finding.what and finding.tag == "MLP.5"


@pytest.mark.parametrize("widths", [SMALL, WIDE, (2, 3)], ids=str)
def test_each_term_of_each_layer_is_suspected_of_each_change(widths):
    mlp = tm.MLP(widths, "tanh")
    theta, batch = point(mlp)
    vs = np.random.default_rng(0).standard_normal((2, theta.size))
    x, y = batch.x_support[0], batch.y_support[0]
    found = {suspect.what: suspect.vector for suspect in suspects.of_hvp(mlp, theta, x, y, vs)}
    right, layers = mlp.hvp(theta, x, y, vs), len(widths) - 1
    for term in suspects.TERMS:
        for where in ["", *[f" for l = {l}" for l in range(1, layers + 1)]]:
            missing, flipped, twice, half = (found[f"the term {term} {change}{where}"] for change in (
                "is missing", "has the wrong sign", "is taken twice", "is halved"))
            if where:  # each is of the first order in one layer's term
                assert_allclose(flipped, 2 * missing - right, rtol=1e-9, atol=1e-9)
                assert_allclose(twice, 2 * right - missing, rtol=1e-9, atol=1e-9)
                assert_allclose(half, (right + missing) / 2, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("factor, words", [(2.0, "2α"), (0.5, "α/2"), (ALPHA, "α²"), (4, "Kα (K = 4"),
                                           (1 / 4, "α/K (K = 4")])
def test_another_step_size_everywhere_is_said(factor, words):
    model = tm.MLP(SMALL, "tanh")
    theta, batch = point(model)
    for kind, make in (("maml", tm.MAML), ("first-order maml", lambda *s: tm.MAML(*s, True)), ("reptile", tm.Reptile)):
        wrong = lambda theta, batch, alpha, steps: make(model, factor * alpha, steps).meta_gradient(theta, batch)[1]
        (finding,) = tm.check_meta_gradient(wrong, model, theta, batch, ALPHA, (2,), kind).findings
        assert words in finding.what and finding.tag == "INNER.1"
    wrong = lambda theta, x, y, alpha, steps: tm.adapt(model, theta, x, y, factor * alpha, steps)[-1]
    (finding,) = tm.check_adapt(wrong, model, theta, batch.x_support[0], batch.y_support[0], ALPHA, (2,)).findings
    assert words in finding.what and finding.tag == "INNER.1"


@pytest.mark.parametrize("more, words", [(1, "one inner step too many"), (-1, "one inner step too few")])
def test_another_number_of_steps_is_said(more, words):
    model = tm.MLP(SMALL, "tanh")
    theta, batch = point(model)
    for kind, tag, make in (("maml", "INNER.1", tm.MAML), ("reptile", "REPTILE.1", tm.Reptile),
                            ("first-order maml", "INNER.1", lambda *s: tm.MAML(*s, True))):
        wrong = lambda theta, batch, alpha, steps: make(model, alpha, steps + more).meta_gradient(theta, batch)[1]
        (finding,) = tm.check_meta_gradient(wrong, model, theta, batch, ALPHA, (3,), kind).findings
        assert words in finding.what and finding.tag == tag
    wrong = lambda theta, x, y, alpha, steps: tm.adapt(model, theta, x, y, alpha, steps + more)[-1]
    (finding,) = tm.check_adapt(wrong, model, theta, batch.x_support[0], batch.y_support[0], ALPHA, (3,)).findings
    assert words in finding.what and finding.tag == "INNER.1"


@pytest.mark.parametrize("order, words", [
    ([2], "only the last step's I - αH is there"), ([0], "only the first step's I - αH is there"),
    ([2, 1], "the first step's I - αH is missing"), ([1, 0], "the last step's I - αH is missing"),
    ([0, 1, 2], "from the first step to the last"), ([0, 0, 0], "every H is taken at θ_0"),
    ([3, 3, 3], "every H is taken at θ_S"), ([3, 2, 1], "H is taken at θ_{k+1}")], ids=str)
def test_another_product_of_three_factors_is_said(order, words):
    model = tm.MLP(SMALL, "tanh")
    theta, batch = point(model)
    support = batch.x_support, batch.y_support

    def planted(theta, batch, alpha, steps):
        path = tm.adapt(model, theta, *support, alpha, steps)
        v = model.gradient(path[-1], batch.x_query, batch.y_query)
        for k in order:
            v = v - alpha * model.hvp(path[k], *support, v)
        return v.mean(axis=0)

    (finding,) = tm.check_meta_gradient(planted, model, theta, batch, ALPHA, (3,)).findings
    assert words in finding.what and " or " not in finding.what and finding.tag == "MAML.2"


@pytest.mark.parametrize("result, words", [
    (lambda model, theta, batch, *s: tm.MAML(model, *s).meta_gradient(theta, batch)[1], "this is MAML's meta-gradient"),
    (lambda model, theta, batch, *s: tm.MAML(model, *s, True).meta_gradient(theta, batch)[1],
     "this is first-order MAML's gradient"),
    (lambda model, theta, batch, alpha, steps: tm.adapt(
        model, theta, batch.x_support, batch.y_support, alpha, steps)[-1].mean(axis=0) / alpha, "this is θ_S/α"),
    (lambda model, theta, batch, *s: theta - tm.adapt(
        model, theta, batch.x_support[:, 1:], batch.y_support[:, 1:], *s)[-1].mean(axis=0), "example 0 of 4 is left"),
    ], ids=["MAML's", "first-order MAML's", "the end over alpha", "of fewer examples"])
def test_another_quantity_than_reptile_s_is_said(result, words):
    model = tm.MLP(SMALL, "tanh")
    theta, batch = point(model)
    wrong = lambda *arguments: result(model, *arguments)
    (finding,) = tm.check_meta_gradient(wrong, model, theta, batch, ALPHA, (2,), "reptile").findings
    assert words in finding.what


def test_curvature_and_direction_forgotten_together_are_said():
    learner = LearnerMLP(mistake="the term δ Vᵀ is forgotten")
    learner.phi2 = lambda z: 0 * z
    (finding,) = tm.check_model(learner, *point(learner)).findings
    assert "the terms with φ'' and with V_{l+1} are missing" in finding.what and finding.tag == "HVP.4"


@pytest.mark.parametrize("n", [1, 3])
def test_a_mean_is_suspected_of_leaving_one_out_and_of_counting_one_twice_or_alone(n):
    each = np.random.default_rng(0).standard_normal((n, 5))
    found = [(suspect.what, suspect.vector) for suspect in suspects.of_examples(each, "task", "MAML.3")]
    for i, one in enumerate(each):
        others = np.delete(each, i, axis=0)
        for what, vector in [("is left out", others.sum(axis=0) / n),
                             ("is left out", others.sum(axis=0) / max(1, n - 1)),
                             ("counts twice", (each.sum(axis=0) + one) / n), ("alone counts", one),
                             ("alone counts", one / n)]:
            assert any(what in said and f"task {i} of {n}" in said and np.allclose(vector, v) for said, v in found)


def test_a_task_left_out_of_the_first_order_gradient_is_said():
    model = tm.MLP(SMALL, "tanh")
    theta, batch = point(model)
    wrong = lambda theta, batch, alpha, steps: tm.MAML(model, alpha, steps, True).meta_gradient(theta, batch[1:])[1]
    (finding,) = tm.check_meta_gradient(wrong, model, theta, batch, kind="first-order maml").findings
    assert "task 0 of 3 is left out" in finding.what and finding.tag == "MAML.3"


@pytest.mark.parametrize("sign, words", [(1, "this is θ_S - θ_0"), (-1, "this is θ_0 - θ_S")])
def test_the_move_of_two_steps_in_place_of_their_end_is_said(sign, words):
    model = tm.MLP(SMALL, "tanh")
    theta, batch = point(model)
    move = lambda *arguments: sign * (tm.adapt(model, *arguments)[-1] - theta)
    (finding,) = tm.check_adapt(move, model, theta, batch.x_support[0], batch.y_support[0], steps=(2,)).findings
    assert words in finding.what and finding.tag == "INNER.1"


def test_a_meta_gradient_of_two_numbers_is_not_taken_for_a_loss_and_a_vector():
    model = tm.Linear(1, 1)
    for give in (lambda loss, g: g, lambda loss, g: (loss, g)):
        right = lambda *arguments: give(*tm.MAML(model, *arguments[2:]).meta_gradient(*arguments[:2]))
        assert tm.check_meta_gradient(right, model, *point(model))


@pytest.mark.parametrize("kind", ["maml", "first-order maml", "reptile"])
def test_a_right_vector_with_a_wrong_loss_is_said(kind):
    model = tm.MLP(SMALL, "tanh")
    make = {"maml": tm.MAML, "first-order maml": lambda *s: tm.MAML(*s, True), "reptile": tm.Reptile}[kind]

    def with_another_loss(theta, batch, alpha, steps):
        loss, g = make(model, alpha, steps).meta_gradient(theta, batch)
        return 1.001 * loss, g

    (finding,) = tm.check_meta_gradient(with_another_loss, model, *point(model), kind=kind).findings
    assert finding.cause == "loss" and "the vector is right and the loss is" in finding.what


def test_methods_are_tried_at_0_05_with_1_2_and_5_steps_unless_told_otherwise():
    model, asked = tm.MLP(SMALL, "tanh"), []
    theta, batch = point(model)

    def adapt(theta, x, y, alpha, steps):
        asked.append((alpha, steps))
        return tm.adapt(model, theta, x, y, alpha, steps)

    def meta_gradient(theta, batch, alpha, steps):
        asked.append((alpha, steps))
        return tm.MAML(model, alpha, steps).meta_gradient(theta, batch)

    assert tm.check_adapt(adapt, model, theta, batch.x_support[0], batch.y_support[0])
    assert tm.check_meta_gradient(meta_gradient, model, theta, batch)
    assert asked == 2 * [(0.05, 1), (0.05, 2), (0.05, 5)]


@over([m for m in CATALOGUE if m.name in ("every Hessian is applied to v_S", "the identity in I - αH is forgotten")])
def test_where_only_more_steps_are_wrong_the_finding_says_where_to_look(mistake):
    findings = [(finding.what, finding.tag) for finding in ladder_of(mistake).findings]
    if mistake.rung == "1 step":
        assert len(findings) == 1
    else:
        assert "right with fewer steps, wrong with 2" in findings[1][0] and findings[1][1] == "MAML.2"


@pytest.mark.parametrize("wrong", range(4))
def test_the_first_wrong_iterate_of_a_trajectory_is_named(wrong):
    model = tm.MLP(SMALL, "tanh")
    theta, batch = point(model)

    def adapt(*arguments):
        path = tm.adapt(model, *arguments)
        path[wrong:] += np.arange(path.shape[-1]) % 3
        return path

    (report,) = tm.check_adapt(adapt, model, theta, batch.x_support[0], batch.y_support[0], steps=(3,)).rungs.values()
    assert not report and report.title == f"θ_{wrong}"


def calls_another(theta, *arguments):
    return off_the_end(theta, *arguments)


def solves(theta, *_):
    return np.linalg.solve(np.zeros((2, 2)), theta[:2])


def builds(theta, *_):
    return tm.MLP([3]).loss(theta)


@pytest.mark.parametrize("function, line", [
    (calls_another, "return theta[theta.size + 3]"), (solves, "return np.linalg.solve"), (builds, "return tm.MLP")],
    ids=["own", "NumPy", "package"])
def test_the_line_of_an_exception_is_the_innermost_of_one_s_own(function, line):
    (finding,) = tm.check_model(Plain(gradient=function)).findings
    own = off_the_end if function is calls_another else function
    assert f"line {own.__code__.co_firstlineno + 1}: `{line}" in finding.what


def test_a_warning_in_a_learner_s_code_is_no_error():
    right = LearnerMLP()
    noisy = lambda *arguments: (np.zeros(0).mean(), right.loss(*arguments))[1]
    assert tm.check_model(Plain(loss=noisy), *point(right))


# The parts that a model is made of, and what else a report tells.

WRONG_PARTS = {
    "φ'": ("activation", "MLP.4", lambda: dict(activation=tm.tanh._replace(derivative=lambda z, a: 1 - a))),
    "φ' in the ninth digit": ("activation", "MLP.4", lambda: dict(
        activation=tm.tanh._replace(derivative=lambda z, a: (1 + 1e-9) * (1 - a * a)))),
    "φ''": ("activation", "HVP.4", lambda: dict(
        activation=tm.tanh._replace(second_derivative=lambda z, a, d: 2 * a * d))),
    "φ'' left out": ("activation", "HVP.4", lambda: dict(activation=tm.tanh._replace(second_derivative=None))),
    "the loss's gradient": ("loss function", "LOSS.2", lambda: dict(
        loss=tm.squared_error._replace(gradient=lambda f, y: (f - y) / (f.shape[-1] * f.shape[-2])))),
    "the loss's curvature": ("loss function", "LOSS.3", lambda: dict(
        loss=tm.squared_error._replace(curvature=lambda f, y, f_dot: f_dot / (f.shape[-1] * f.shape[-2]))))}


@pytest.mark.parametrize("part", WRONG_PARTS.values(), ids=["slope", "digit", "curve", "no curve", "loss 1", "loss 2"])
def test_a_wrong_part_is_found_before_the_model_that_it_is_in(part):
    rung, tag, settings = part
    model = tm.MLP(WIDE, **{"activation": "tanh", **settings()})
    ladder = tm.check_model(model, *point(model))
    assert ladder.broken == rung and {finding.tag for finding in ladder.findings} == {tag}


def test_right_parts_have_their_rungs_after_the_loss_even_for_real_numbers_alone():
    def of_real_numbers(z):
        if np.iscomplexobj(z):
            raise TypeError("real numbers, please")
        return np.tanh(z)

    for activation in ("tanh", "relu", tm.tanh._replace(value=of_real_numbers)):
        ladder = tm.check_model(tm.MLP(WIDE, activation))
        assert ladder and list(ladder.rungs) == ["loss", "activation", "loss function", *RUNGS[1:]]


@pytest.mark.parametrize("factor, notes", [(1, 0), (4, 0), ("K", 1)])
def test_a_loss_that_is_a_sum_is_noted(factor, notes):
    right = LearnerMLP()
    times = lambda f: lambda theta, x, *more: (x.shape[-2] if factor == "K" else factor) * f(theta, x, *more)
    summed = Plain(loss=times(right.loss), gradient=times(right.gradient), hvp=times(right.hvp))
    ladder = tm.check_model(summed, *point(right), blocks=right.blocks)
    assert ladder and len(ladder.rungs["loss"].notes) == notes


def test_plain_functions_are_called_so():
    learner = LearnerMLP()
    plain = SimpleNamespace(loss=learner.loss, gradient=learner.gradient, hvp=learner.hvp)
    assert str(tm.check_model(plain, *point(learner))).startswith("PASS  model of plain functions, P = 37")
    assert str(tm.check_model(learner)).startswith("PASS  model LearnerMLP, P = 37")


# Which network a model is.


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("widths", [[2, 1], [2, 1, 3], [1, 3, 3, 1], [2, 3, 3, 3, 2], [1, 64, 1]], ids=str)
def test_plain_functions_of_a_network_of_equal_layers_are_recognised(widths, activation):
    learner = LearnerMLP(widths, activation)
    theta, batch = point(learner)
    found = recognised(SimpleNamespace(loss=learner.loss), theta, batch)
    assert found.widths == widths and (len(widths) == 2 or found.activation.name == activation)


def test_uneven_layers_are_recognised_by_widths_or_blocks():
    learner = LearnerMLP((2, 3, 5, 1))
    theta, batch = point(learner)
    assert recognised(SimpleNamespace(loss=learner.loss), theta, batch) is None
    for more in ({"widths": (2, 3, 5, 1)}, {"widths": [2, 3, 5, 1]}, {"blocks": learner.blocks}):
        assert recognised(SimpleNamespace(loss=learner.loss, **more), theta, batch).widths == [2, 3, 5, 1]


def test_a_network_is_recognised_by_its_loss_at_two_points_with_its_own_parts():
    learner = LearnerMLP(activation="softplus", loss="log cosh")
    theta, batch = point(learner)
    activation, loss = package_parts("softplus", "log cosh")
    own = recognised(SimpleNamespace(loss=learner.loss, activation=activation, loss_function=loss), theta, batch)
    assert (own.widths, own.activation, own.loss_function) == (list(SMALL), activation, loss)
    assert recognised(SimpleNamespace(loss=learner.loss), theta, batch) is None
    tanh = LearnerMLP()
    here_alone = SimpleNamespace(loss=lambda t, x, y: tanh.loss(t, x, y) + ((t - theta) ** 2).sum())
    slightly_more = SimpleNamespace(loss=lambda t, x, y: (1 + 1e-7) * tanh.loss(t, x, y))
    assert recognised(here_alone, theta, batch) is None and recognised(slightly_more, theta, batch) is None


def test_a_loss_that_raises_is_that_of_no_network():
    theta, batch = point(tm.MLP(SMALL))
    assert recognised(SimpleNamespace(loss=off_the_end), theta, batch) is None


def test_a_linear_model_is_a_network_of_its_features_if_it_has_a_bias():
    for bias in (True, False):
        model = tm.Linear(1, 2, features=tm.sine_features, bias=bias)
        theta, batch = point(model)
        found = recognised(model, theta, batch)
        assert found.widths == [tm.sine_features(batch.x_support).shape[-1], 2] if bias else found is None
