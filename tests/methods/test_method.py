"""The interface that all methods share: ω in one vector, adapt and pull back, predictions."""

import types

import numpy as np
import pytest
from conftest import OWN_PARTS, random_batch, random_theta, read_only
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm
from tinymeta.checking.numerical import relative_error

MODEL, CONTEXT = tm.MLP([2, 5, 4, 3], "tanh"), tm.ContextMLP([2, 5, 4, 3], 2, "tanh")
RATES = np.linspace(0, 0.1, MODEL.n_params)
EXACT = {"MAML": tm.MAML(MODEL, 0.05, 2), "MAML with a vector": tm.MAML(MODEL, RATES, 3),
         "Reptile": tm.Reptile(MODEL, 0.05, 3, batch_size=2),
         "joint training": tm.JointTraining(MODEL, 0.05)}
METHODS = {**EXACT, "first-order MAML": tm.MAML(MODEL, RATES, 1, first_order=True),
           "Reptile with a vector": tm.Reptile(MODEL, RATES, 2)}
each_exact = pytest.mark.parametrize("method", EXACT.values(), ids=EXACT)
each = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


@pytest.fixture
def problem(rng):
    return random_theta(MODEL, rng), random_batch(MODEL, rng, T=3, K=4, Q=5)


@each_exact
def test_the_pullback_is_the_transposed_jacobian_of_adapt(method, problem, rng):
    omega, batch = problem
    x, y = batch.x_support, batch.y_support
    theta, pullback = method.adapt(omega, x, y)
    v, d = rng.standard_normal((3, MODEL.n_params)), rng.standard_normal(omega.size)
    moved, _ = method.adapt(omega + 1e-20j * d, x, y)
    assert theta.shape == v.shape
    assert_allclose(pullback(v) @ d, (v * moved.imag / 1e-20).sum(axis=-1), rtol=1e-12)
    assert_allclose(pullback(2 * v), 2 * pullback(v), rtol=1e-12)  # and again from the same pass


@each
def test_predictions_are_those_along_the_trajectory(method, problem):
    omega, batch = problem
    found = method.predictions(omega, batch.x_support, batch.y_support, batch.x_query, 4)
    batch_size = getattr(method, "batch_size", None)
    thetas = tm.adapt(MODEL, omega, batch.x_support, batch.y_support, method.alpha, 4, batch_size)
    assert found.shape == (5, 3, 5, 3)
    assert_allclose(found, MODEL.predict(thetas, batch.x_query), rtol=1e-12, atol=1e-14)


@each
def test_omega_is_theta_drawn_as_the_model_draws_it(method):
    assert (method.n_params, method.blocks) == (MODEL.n_params, MODEL.blocks)
    drawn = method.init(np.random.default_rng(3), np.float32, "he")
    assert_array_equal(drawn, MODEL.init(np.random.default_rng(3), np.float32, "he"))
    assert drawn.dtype == np.float32


@each
@pytest.mark.parametrize("dtype", [np.float32, np.complex128])
def test_precision_is_that_of_omega_and_nothing_that_was_passed_is_changed(method, dtype, problem):
    omega, batch = problem
    read_only(omega, batch.x_support, batch.y_support, batch.x_query, batch.y_query)
    loss, gradient = method.meta_gradient(omega.astype(dtype), batch)
    assert gradient.dtype == dtype and np.asarray(loss).dtype == dtype
    assert relative_error(method.meta_gradient(omega, batch)[1], gradient) < 1e-4
    assert np.asarray(method.meta_loss(omega.astype(dtype), batch)).dtype == dtype


def test_a_model_that_computes_in_single_precision_gives_it(problem):
    """Whatever ω's precision is: the checker judges by it."""
    single = types.SimpleNamespace(n_params=MODEL.n_params)
    for name in ("loss", "gradient", "hvp"):
        setattr(single, name, lambda *a, f=getattr(MODEL, name): f(*(np.float32(b) for b in a)))
    method = tm.MAML(single, first_order=True)
    assert method.meta_loss(*problem).dtype == np.float32


@each
def test_chunks_of_tasks_change_no_number(method, rng):
    omega, batch = random_theta(MODEL, rng), random_batch(MODEL, rng, T=7)
    loss, gradient = method.meta_gradient(omega, batch)
    curve = tm.evaluate_batch(method, omega, batch, steps=2)
    singles = [method.meta_gradient(omega, task) for task in batch]
    assert_allclose(loss, np.mean([one for one, _ in singles]), rtol=1e-12)
    assert relative_error(np.mean([g for _, g in singles], axis=0), gradient) < 1e-12
    for chunk in (1, 3, 7):
        method.chunk = chunk
        found = method.meta_gradient(omega, batch)
        assert_allclose([found[0], method.meta_loss(omega, batch)], loss, rtol=1e-12)
        assert relative_error(gradient, found[1]) < 1e-12
        parts = tm.evaluate_batch(method, omega, batch, steps=2, chunk=chunk)
        assert_allclose(parts.errors, curve.errors, rtol=1e-12)
    method.chunk = 100


def test_a_query_loss_judges_and_the_model_s_own_adapts(problem):
    lopsided = OWN_PARTS["tanh 1-5-4-2 with a lopsided loss"]().loss_function
    omega, batch = problem
    method = tm.MAML(MODEL, 0.05, 2, query_loss=lopsided)
    judge = tm.MLP(MODEL.widths, "tanh", lopsided)
    adapted = tm.adapt(MODEL, omega, batch.x_support, batch.y_support, 0.05, 2)
    expected = judge.loss(adapted, batch.x_query, batch.y_query)  # (3, T)
    assert_allclose(method.meta_loss(omega, batch), expected[-1].mean(), rtol=1e-13)
    curve = tm.evaluate_batch(method, omega, batch, steps=2)
    assert_allclose(curve.errors, expected, rtol=1e-12)
    gradient = method.meta_gradient(omega, batch)[1]
    assert tm.check_gradient(lambda w: method.meta_loss(w, batch), gradient, omega)
    tm.MAML(CONTEXT, query_loss=lopsided)
    for model in (MODEL, CONTEXT):  # the model itself is left alone
        assert model.loss_function is tm.squared_error


@pytest.mark.parametrize("kind", [
    tm.MAML, tm.Reptile, tm.JointTraining, tm.MetaSGD, tm.ANIL, tm.CAVIA, tm.ImplicitMAML,
    tm.RidgeHead, tm.Prototypes], ids=lambda kind: kind.__name__)
def test_adapt_and_trajectory_name_what_does_not_fit(kind, problem):
    method, batch = kind(CONTEXT if kind is tm.CAVIA else MODEL), problem[1]
    omega, x, y = method.init(np.random.default_rng(0)), batch.x_support, batch.y_support
    wrong = {"omega": (omega[1:], x, y), "x": (omega, x[..., 1:], y), "y": (omega, x, y[:, 1:])}
    calls = [method.adapt, lambda *sets: next(iter(method.trajectory(*sets, 1)))]
    if kind is tm.Prototypes:  # its y may have any number of classes, and there is no trajectory
        del wrong["y"], calls[1]
    for name, arguments in wrong.items():
        for call in calls:
            with pytest.raises(ValueError, match=f"^{name} has shape"):
                call(*arguments)


@pytest.mark.parametrize("method, defaults", [
    (tm.MAML(MODEL), dict(alpha=0.01, steps=1, first_order=False)),
    (tm.Reptile(MODEL), dict(alpha=0.02, steps=5, batch_size=None)),
    (tm.JointTraining(MODEL), dict(alpha=0.01)), (tm.CAVIA(CONTEXT), dict(alpha=1.0, steps=1)),
    (tm.MetaSGD(MODEL), dict(alpha=0.01, steps=1, rates="parameter", positive=False)),
    (tm.ImplicitMAML(MODEL), dict(strength=1.0, tolerance=1e-10, newton_steps=100)),
    (tm.RidgeHead(MODEL), dict(strength=1.0, learned=True))],
    ids=lambda value: type(value).__name__ if isinstance(value, tm.Method) else "")
def test_defaults_are_those_of_the_docstrings(method, defaults):
    assert {name: getattr(method, name) for name in defaults} == defaults


class Still(tm.Method):
    """A method of one's own that does not adapt."""

    def adapt(self, omega, x, y):
        return np.broadcast_to(omega, x.shape[:1] + omega.shape), lambda v: v


def test_a_method_of_ones_own_needs_adapt_and_says_what_else_is_missing(problem):
    (omega, batch), method = problem, Still(MODEL)
    gradient = method.meta_gradient(omega, batch)[1]
    assert tm.check_gradient(lambda w: method.meta_loss(w, batch), gradient, omega)
    class Slower(tm.MAML):
        def adapt(self, omega, x, y):
            return tm.MAML(self.model, self.alpha / 2).adapt(omega, x, y)

    with pytest.raises(NotImplementedError, match="Slower has no trajectory that goes with its"):
        tm.evaluate_batch(Slower(MODEL), omega, batch)
    with pytest.raises(NotImplementedError, match="Still has no trajectory"):
        tm.evaluate_batch(method, omega, batch)


@pytest.mark.parametrize("kind, model", [
    (tm.MAML, MODEL), (tm.Reptile, MODEL), (tm.JointTraining, MODEL), (tm.ANIL, MODEL),
    (tm.MetaSGD, MODEL), (tm.CAVIA, CONTEXT), (tm.RidgeHead, MODEL), (tm.Memory, tm.RNN(2, 3, 1))],
    ids=lambda value: getattr(value, "__name__", ""))
def test_omega_may_be_a_list_and_data_of_another_size_are_named(kind, model, rng):
    method = kind(model)
    omega, batch = method.init(rng), random_batch(model, rng)
    for one, other in zip(method.meta_gradient(list(omega), batch),
                          method.meta_gradient(omega, batch)):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="x.* has shape .*; expected"):
        method.meta_gradient(omega, random_batch(tm.MLP([5, 2, model.d_out]), rng))


class ForgetsMAML(tm.MAML):
    def __init__(self, model):
        self.steps = 2


class ForgetsMLP(tm.MLP):
    def __init__(self):
        self.size = 3


class Forgets(tm.Method):
    def __init__(self, model):
        self.net = model


class Counts(tm.Method):
    """Adapts ω in its place, and gives so many iterates."""

    def adapt(self, omega, x, y):
        omega *= 0.5
        return np.stack([omega] * len(x)), lambda v: v / 2

    def trajectory(self, omega, x, y, steps):
        return [omega] * self.number


def test_a_method_that_has_not_been_made_by_method_is_told_so(rng):
    batch = tm.SinusoidTasks().sample(rng, 2, 3, 3)
    with pytest.raises(AttributeError, match=r"Forgets has no \w+ yet; expected super\(\)"):
        Forgets(tm.MLP([1, 1])).meta_gradient(np.ones(2), batch)
    with pytest.raises(AttributeError, match="ForgetsMAML has no model yet; expected super"):
        tm.evaluate_batch(ForgetsMAML(tm.MLP([1, 1])), np.ones(2), batch)
    with pytest.raises(AttributeError, match=r"ForgetsMLP has no \w+ yet; expected super"):
        ForgetsMLP().init(rng)
    with pytest.raises(AttributeError, match="MLP has no depth$"):
        tm.MLP([1, 1]).depth
    with pytest.raises(AttributeError, match="Skip has no n_layers$"):
        Skip([1, 1]).depth


def test_a_trajectory_of_another_length_is_told(rng):
    method, batch = Counts(tm.MLP([1, 1])), tm.SinusoidTasks().sample(rng, 2, 3, 3)
    for method.number in (0, 2, 5):
        more = " or more" * (method.number > 4)
        words = f"gave {method.number}{more} parameters; expected 4, θ_0"
        with pytest.raises(ValueError, match=words):
            tm.evaluate_batch(method, np.ones(2), batch, steps=3)
    Counts.trajectory = lambda self, omega, x, y, steps: [omega, None]
    with pytest.raises(TypeError, match=r"θ_1 of Counts.trajectory\(...\) is None; expected"):
        tm.evaluate_batch(method, np.ones(2), batch, steps=1)


def test_an_adapt_that_works_in_place_leaves_omega_as_it_is(rng):
    method, omega = Counts(tm.MLP([1, 1]), chunk=1), np.ones(2)
    batch = tm.SinusoidTasks().sample(rng, 2, 3, 3)
    loss, _ = method.meta_gradient(omega, batch)
    assert (omega == 1).all()
    losses = tm.MLP([1, 1]).loss(omega / 2, batch.x_query, batch.y_query)
    assert loss == pytest.approx(losses.mean())


class MovesAll(tm.MAML):
    def adapt(self, omega, x, y):
        x += 1
        return super().adapt(omega, x, y)

    def trajectory(self, omega, x, y, steps):
        for array in (omega, x, y):
            array += 1
        return super().trajectory(omega, x, y, steps)


def test_a_method_that_works_in_place_changes_nothing_of_the_caller_s(rng):
    method, omega = MovesAll(tm.MLP([1, 1])), np.ones(2)
    batch = tm.SinusoidTasks().sample(rng, 2, 3, 3)
    before = batch.x_support.copy(), batch.y_support.copy()
    method.meta_gradient(omega, batch)
    tm.evaluate_batch(method, omega, batch, steps=1)
    support = batch.x_support.copy(), batch.y_support.copy()
    method.losses(omega, *support, batch.x_query, batch.y_query, 1)
    assert (omega == 1).all()
    assert_array_equal(support, before)
    assert_array_equal([batch.x_support, batch.y_support], before)


class SumsInPlace(tm.MAML):
    def sums(self, omega, x, y, x_query, y_query):
        omega *= 2
        x_query += 1
        return super().sums(omega, x, y, x_query, y_query)


def test_sums_that_work_in_place_are_the_same_for_every_chunk(rng):
    omega, batch = np.ones(2), tm.SinusoidTasks().sample(rng, 3, 3, 3)
    before = batch.x_query.copy()
    losses = [SumsInPlace(tm.MLP([1, 1]), chunk=n).meta_gradient(omega, batch)[0] for n in (1, 9)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-12) and (omega == 1).all()
    assert_array_equal(batch.x_query, before)


class Own:
    """A line, whose predict returns one buffer each time, and changes what it is given."""

    n_params, memory = 2, np.empty((2, 3, 1))

    def loss(self, theta, x, y):
        return tm.Linear(1, 1).loss(theta, x, y)

    def gradient(self, theta, x, y):
        return tm.Linear(1, 1).gradient(theta, x, y)

    def predict(self, theta, x):
        self.memory[...] = tm.Linear(1, 1).predict(theta, x)
        theta *= 0
        x += 1
        return self.memory

    def init(self, rng):
        return rng.standard_normal(2)


def test_a_predict_that_works_in_place_predicts_as_one_that_does_not(rng):
    method, clean = tm.JointTraining(Own(), 0.1), tm.JointTraining(tm.Linear(1, 1), 0.1)
    batch, omega = tm.SinusoidTasks().sample(rng, 2, 3, 3), method.init(rng)
    sets = batch.x_support, batch.y_support, batch.x_query
    assert_allclose(method.predictions(omega, *sets, 3), clean.predictions(omega, *sets, 3))


@pytest.mark.parametrize("kind", [tm.MAML, tm.Reptile, tm.JointTraining, tm.MetaSGD, tm.ANIL,
                                  tm.RidgeHead, tm.ImplicitMAML])
def test_a_pullback_is_of_the_data_that_were_adapted_to(kind, problem):
    method, x, y = kind(MODEL), problem[1].x_support.copy(), problem[1].y_support.copy()
    theta, pullback = method.adapt(method.init(np.random.default_rng(0)), x, y)
    before = pullback(theta)
    x[...], y[...] = 0, 1
    assert_array_equal(pullback(theta), before)


class Endless(tm.MAML):
    def trajectory(self, omega, x, y, steps):
        while True:
            yield omega


def test_an_endless_trajectory_ends(problem):
    with pytest.raises(ValueError, match="gave 4 or more parameters; expected 3, θ_0"):
        tm.evaluate_batch(Endless(MODEL), *problem, steps=2)


@pytest.mark.parametrize("name", ["adapt", "trajectory", "query_pass"])
def test_what_others_are_made_of_is_not_set_on_an_object(name):
    with pytest.raises(AttributeError, match=f"{name} cannot be set on an object; expected a sub"):
        setattr(tm.MAML(MODEL), name, lambda *_: None)


class Skip(tm.MLP):
    """A pass of one's own, which is another for the network without its last layer."""

    def at(self, theta, x, y):
        return super().at(theta, x / len(self.widths), y)

    @property
    def depth(self):
        return self.n_layers


def test_a_ridge_head_on_a_network_with_a_pass_of_its_own_is_exact(problem, rng):
    method = tm.RidgeHead(Skip([2, 5, 4, 3], "tanh"))
    omega, batch = method.init(rng), problem[1]
    loss, gradient = method.meta_gradient(omega, batch)
    assert loss == pytest.approx(method.meta_loss(omega, batch), rel=1e-12)
    assert tm.check_gradient(lambda w: method.meta_loss(w, batch), gradient, omega)


class MeanOverTasks(tm.MLP):
    """A pass whose loss, or whose `wrong` part, is a mean over tasks; or no pass."""

    wrong = "loss"

    def at(self, theta, x, y):
        point = super().at(theta, x, y)
        right = getattr(point, self.wrong, None)
        parts = {name: getattr(point, name) for name in ("loss", "gradient", "hvp")}
        parts[self.wrong] = lambda *v: right(*v).mean(axis=0)
        return types.SimpleNamespace(**parts) if self.wrong else None


@pytest.mark.parametrize("wrong", ["loss", "gradient", "hvp", ""])
def test_a_pass_of_one_s_own_is_checked_as_a_plain_model_is(wrong, problem):
    model = MeanOverTasks(MODEL.widths, "tanh")
    model.wrong = wrong
    words = rf"the model's {wrong}\(theta, x, y.* has shape|what MeanOverTasks.at\(...\) returned"
    with pytest.raises((ValueError, TypeError), match=words):
        tm.MAML(model, steps=2).meta_gradient(*problem)


class Registered:
    names = []

    def __init_subclass__(cls, name, **more):
        super().__init_subclass__(**more)
        Registered.names.append(name)


def test_a_mixin_below_learns_of_its_subclasses():
    class A(tm.MAML, Registered, name="A"):
        pass

    class B(tm.FastMLP, Registered, name="B"):
        pass
    assert Registered.names == ["A", "B"]


class WithLayers:
    def layers(self, theta):
        return super().layers(2 * theta)


@pytest.mark.parametrize("name, bases, inside", [
    ("steps", (tm.MAML,), 5), ("alpha", (tm.MetaSGD,), 0.1), ("loss_function", (tm.MLP,), None),
    ("amplitude", (tm.SinusoidTasks,), (1, 2)), ("features", (tm.Linear,), lambda self, x: x),
    ("learning_rate", (tm.Adam,), 0.1), ("noise", (tm.MoonTasks,), 0.5),
    ("ways", (tm.GlyphTasks,), 3), ("tasks", (tm.OracleTasks,), tm.LinearTasks()),
    ("columns", (tm.MeasuredTasks,), ("x", "y")),
    ("layers", (WithLayers, tm.FastMLP), None)])
def test_a_class_body_may_not_hide_what_is_read_elsewhere(name, bases, inside):
    with pytest.raises(TypeError, match=f"^Mine has {name} = .*in its class body|redefines layers"):
        type("Mine", bases, {} if name == "layers" else {name: inside})


@pytest.mark.parametrize("kind", [tm.MAML, tm.Reptile, tm.JointTraining, tm.ImplicitMAML,
                                  tm.RidgeHead, tm.Prototypes])
def test_leading_axes_that_do_not_fit_are_named(kind, problem):
    method, x = kind(MODEL), problem[1].x_support
    y = np.eye(3)[np.zeros(x.shape[:2], int)]
    omega = np.stack([method.init(np.random.default_rng(0))] * 2)
    with pytest.raises(ValueError, match=r"omega has leading axes .* omega \(2,\), x \(3,\)"):
        method.adapt(omega, x, y)


def test_targets_that_do_not_fit_the_loss_are_named_wherever_they_come_in(rng):
    model = tm.MLP([1, 1], loss=tm.logistic)
    method, batch = tm.MAML(model), tm.SinusoidTasks().sample(rng, 2, 3, 3)
    sets = np.ones(2), batch.x_support, batch.y_support
    labels = np.ones((2, 3, 1))
    for name, call in {"y": method.adapt, "y_query": lambda omega, x, y: method.losses(
            omega, x, labels, x, y, 1)}.items():
        with pytest.raises(ValueError, match=f"^{name} has .*expected.*logistic"):
            call(*sets)


@pytest.mark.parametrize("kind", [tm.MAML, tm.JointTraining, tm.Reptile, tm.MetaSGD, tm.ANIL])
def test_what_a_trajectory_yields_is_not_the_caller_s_omega(kind, rng):
    method = kind(tm.MLP([1, 3, 1]))
    omega, batch = method.init(rng), tm.SinusoidTasks().sample(rng, 2, 3, 3)
    for theta in method.trajectory(omega, batch.x_support, batch.y_support, 1):
        assert not np.shares_memory(theta, omega)
    assert not np.shares_memory(method.adapt(omega, batch.x_support, batch.y_support)[0], omega)


@pytest.mark.parametrize("make", [tm.MAML, lambda m: tm.MAML(m, first_order=True), tm.Reptile,
                                  tm.JointTraining],
                         ids=["MAML", "first order", "Reptile", "joint"])
@pytest.mark.parametrize("kind", [int, bool])
def test_what_a_model_returns_may_be_whole_numbers(make, kind, rng):
    def model(kind):
        return types.SimpleNamespace(
            n_params=1, loss=lambda t, x, y: (t[..., :1] * x[..., 0]).mean(axis=-1),
            gradient=lambda t, x, y: (x > 0).sum(axis=-2).astype(bool).astype(kind),
            hvp=lambda t, x, y, v: np.zeros(v.shape, kind))

    batch, theta = tm.SinusoidTasks().sample(rng, 3, 3, 3), np.ones(1)
    found, right = (make(model(k)).meta_gradient(theta, batch) for k in (kind, float))
    assert found[0] == right[0] and found[1] == right[1] and found[1].dtype == float


@pytest.mark.parametrize("name", ["loss", "gradient", "hvp"])
def test_a_model_s_part_that_returns_none_is_told_so(name, rng):
    net = tm.MLP([1, 1])
    parts = {part: getattr(net, part) for part in ("loss", "gradient", "hvp")}
    model = types.SimpleNamespace(**{**parts, name: lambda *_: None}, n_params=2)
    with pytest.raises(TypeError, match=rf"the model's {name}\(.*returned None; expected an arr"):
        tm.MAML(model).meta_gradient(np.ones(2), tm.SinusoidTasks().sample(rng, 2, 3, 3))


@pytest.mark.parametrize("dtype", [object, complex, str])
@pytest.mark.parametrize("name", ["loss", "gradient", "hvp"])
def test_a_model_s_part_that_returns_no_real_numbers_is_told_so(name, dtype, rng):
    net, batch = tm.MLP([1, 1]), tm.SinusoidTasks().sample(rng, 2, 3, 3)
    parts = {part: getattr(net, part) for part in ("loss", "gradient", "hvp")}
    wrong = lambda *args: parts[name](*args).astype(dtype)
    model = types.SimpleNamespace(**{**parts, name: wrong}, n_params=2)
    words = rf"the model's {name}\(.*has dtype .*; expected real numbers"
    with pytest.raises(TypeError, match=words):
        tm.MAML(model).meta_gradient(np.ones(2), batch)
    if name == "gradient":
        with pytest.raises(TypeError, match=words):
            tm.adapt(model, np.ones(2), batch.x_support[0], batch.y_support[0], 0.1, 1)


class Gives(tm.Method):
    """Adapts by a trajectory that is given."""

    def adapt(self, omega, x, y):
        raise NotImplementedError

    def trajectory(self, omega, x, y, steps):
        return [self.theta] * (steps + 1)


@pytest.mark.parametrize("theta, error, words", [
    (np.ones(3), ValueError, r"has shape \(3,\); expected \(2,\)"),
    (np.ones((2, 2)), ValueError, r"has shape \(2, 2\); expected \(3, 2\)"),
    ("ab", TypeError, "has dtype <U2")], ids=["P", "T", "text"])
def test_what_a_trajectory_of_one_s_own_yields_is_looked_at(theta, error, words, rng):
    method, batch = Gives(tm.MLP([1, 1])), tm.SinusoidTasks().sample(rng, 3, 4, 4)
    method.theta = theta
    with pytest.raises(error, match=rf"θ_0 of Gives.trajectory\(...\) {words}"):
        tm.evaluate_batch(method, np.ones(2), batch, steps=1)
