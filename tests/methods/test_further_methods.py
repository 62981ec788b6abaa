"""Meta-SGD, ANIL, CAVIA, implicit MAML, ridge head, prototypes: exact, and what they say."""

import warnings

import numpy as np
import pytest
from conftest import random_batch
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm
from tinymeta.checking.numerical import relative_error

SHAPES = dict(T=3, K=4, Q=6)
WIDTHS = [2, 5, 4, 3]
MODEL, FAST = tm.MLP(WIDTHS, "tanh"), tm.FastMLP(WIDTHS, "tanh")
CONTEXT = tm.ContextMLP(WIDTHS, 2, "tanh")
RATES = ["one", "block", "parameter", "step"]


def make_all(model, context, S):
    methods = {
        f"Meta-SGD, {rates}{', positive' * positive}": tm.MetaSGD(model, 0.05, S, rates, positive)
        for rates in RATES
        for positive in (False, True)
    }
    return {**methods, "ANIL": tm.ANIL(model, 0.1, S), "CAVIA": tm.CAVIA(context, 0.3, S),
            "MAML with a context": tm.MAML(context, 0.1, S)}


FIXED = {
    "ridge head, learned": tm.RidgeHead(MODEL, 0.5), "ridge head, fixed": tm.RidgeHead(
        MODEL, 0.5, learned=False), "ridge head on FastMLP": tm.RidgeHead(FAST, 0.5),
    "implicit, linear": tm.ImplicitMAML(tm.Linear(2, 3), 0.7), "implicit, tanh": tm.ImplicitMAML(
        MODEL, 1.0), "prototypes": tm.Prototypes(tm.MLP([2, 5, 4], "tanh"))
}
METHODS = {
    f"{name}, {S} steps": method
    for S in (1, 2, 5)
    for name, method in make_all(MODEL, CONTEXT, S).items()
} | FIXED
each = pytest.mark.parametrize("name", METHODS)
each_of_two_steps = pytest.mark.parametrize(
    "name", [name for name in METHODS if not name.endswith(("1 steps", "5 steps"))])


def problem(name, rng, K=4):
    """ω away from where everything starts, and a batch that fits."""
    method, batch = METHODS[name], random_batch(MODEL, rng, 3, K, 6)
    if name == "prototypes":
        one_hot = [np.eye(3)[rng.permuted(np.arange(n) % 3, axis=0)] for n in (K, K, K, 6, 6, 6)]
        batch = tm.Batch(batch.x_support, np.stack(one_hot[:3]), batch.x_query, np.stack(
            one_hot[3:]))
    omega = method.init(np.random.default_rng(5))
    return method, omega + 0.1 * rng.standard_normal(omega.size), batch


def check(method, omega, batch, claimed=None):
    derived = method.meta_gradient(omega, batch)[1] if claimed is None else claimed
    return tm.check_gradient(lambda w: method.meta_loss(w, batch), derived, omega, method)


@each
def test_the_meta_gradient_passes_both_numerical_ways(name, rng):
    """[METASGD.1] [METASGD.2] [METASGD.3] [METASGD.4] [ANIL.1] [CAVIA.1] [CAVIA.2] [IMPLICIT.1]
    [IMPLICIT.2] [CG.1] [RIDGE.1] [RIDGE.2] [RIDGE.3] [PROTO.1] [PROTO.2] [PROTO.3] [PROTO.4]
    [PROTO.5] [PROTO.6]"""
    for K in (4, 9) if "ridge" in name else (4,):  # fewer and more examples than features
        report = check(*problem(name, rng, K))
        assert report, report


@each_of_two_steps
def test_the_pullback_is_the_transposed_jacobian_of_adapt(name, rng):
    method, omega, batch = problem(name, rng)
    theta, pullback = method.adapt(omega, batch.x_support, batch.y_support)
    v, d = rng.standard_normal(theta.shape), rng.standard_normal(omega.size)
    moved, _ = method.adapt(omega + 1e-20j * d, batch.x_support, batch.y_support)
    assert_allclose(pullback(v) @ d, (v * moved.imag / 1e-20).sum(axis=-1), rtol=1e-10)


@each_of_two_steps
def test_tasks_are_kept_apart_precision_is_omega_s_and_nothing_is_changed(name, rng):
    method, omega, batch = problem(name, rng)
    omega.setflags(write=False)
    loss, gradient = method.meta_gradient(omega, batch)
    singles = [method.meta_gradient(omega, task) for task in batch]
    assert_allclose(loss, np.mean([one for one, _ in singles]), rtol=1e-12)
    assert_allclose(gradient, np.mean([g for _, g in singles], axis=0), rtol=1e-9, atol=1e-12)
    loss32, gradient32 = method.meta_gradient(omega.astype(np.float32), batch)
    adapted, _ = method.adapt(omega.astype(np.float32), batch.x_support, batch.y_support)
    assert [a.dtype for a in (adapted, loss32, gradient32)] == [np.float32] * 3
    assert relative_error(gradient, gradient32) < 1e-3


@each_of_two_steps
def test_predictions_and_losses_start_before_adaptation_and_reach_the_meta_loss(name, rng):
    method, omega, batch = problem(name, rng)
    sets = batch.x_support, batch.y_support, batch.x_query
    steps = getattr(method, "steps", 40)
    f, losses = method.predictions(omega, *sets, steps), method.losses(
        omega, *sets, batch.y_query, steps)
    assert f.shape == (steps + 1, *batch.y_query.shape) and losses.shape == (steps + 1, 3)
    loss = tm.softmax if name == "prototypes" else tm.squared_error
    assert_allclose(loss.value(f, batch.y_query), losses, rtol=1e-10)
    assert_allclose(losses[-1].mean(), method.meta_loss(omega, batch), rtol=1e-9)
    curve = tm.evaluate_batch(method, omega, batch, steps=steps, metric=tm.accuracy)
    assert_allclose(curve.errors, tm.accuracy(f, batch.y_query))


@pytest.mark.parametrize("S", [1, 3])
def test_on_the_fast_network_all_are_the_same(S, rng):
    fast_context = tm.ContextMLP(WIDTHS, 2, "tanh", network=tm.FastMLP)
    for name, slow in make_all(MODEL, CONTEXT, S).items():
        omega, batch = slow.init(rng) + 0.1, random_batch(MODEL, rng)
        found = make_all(FAST, fast_context, S)[name].meta_gradient(omega, batch)
        expected = slow.meta_gradient(omega, batch)
        assert_allclose(found[0], expected[0], rtol=1e-12)
        assert relative_error(expected[1], found[1]) < 1e-12, name


# Learned rates.

@pytest.mark.parametrize("rates", RATES)
def test_meta_sgd_with_all_rates_equal_is_maml_and_its_rates_lie_where_they_should(rates, rng):
    method, batch = tm.MetaSGD(MODEL, 0.07, 2, rates), random_batch(MODEL, rng)
    omega = method.init(np.random.default_rng(5))
    P = MODEL.n_params
    n = {"one": 1, "block": 6, "parameter": P, "step": 2 * P}[rates]
    assert method.n_params == P + n and method.blocks[-1][0] == "rates"
    assert (omega[P:] == 0.07).all()
    loss, gradient = method.meta_gradient(omega, batch)
    maml_loss, maml = tm.MAML(MODEL, 0.07, 2).meta_gradient(omega[:P], batch)
    assert_allclose(loss, maml_loss, rtol=1e-13)
    assert relative_error(maml, gradient[:P]) < 1e-13
    assert not check(method, omega, batch, np.append(gradient[:P], np.resize(
        gradient[:P], n)))  # θ's gradient for α's
    negative = np.append(omega[:P], -omega[P:])
    assert check(method, negative, batch)  # rates may become negative
    moved = [tm.evaluate_batch(method, omega, batch, steps=4).errors,
             tm.evaluate_batch(tm.MAML(MODEL, 0.07, 2), omega[:P], batch, steps=4).errors]
    assert_allclose(*moved, rtol=1e-10)  # beyond the trained steps the last rates go on


def test_rates_of_steps_are_used_step_by_step_and_the_last_goes_on(rng):
    method, batch = tm.MetaSGD(MODEL, 0.05, 2, "step"), random_batch(MODEL, rng)
    omega, P = method.init(np.random.default_rng(5)), MODEL.n_params
    omega[P:2 * P], omega[2 * P:] = 0.1, 0.02
    theta = omega[:P]
    expected = [theta]
    for alpha in (0.1, 0.02, 0.02):
        theta = theta - alpha * MODEL.gradient(theta, batch.x_support, batch.y_support)
        expected.append(theta)
    for found, right in zip(method.trajectory(omega, batch.x_support, batch.y_support, 3),
                            expected):
        assert_allclose(found, right, rtol=1e-12)


def test_positive_rates_are_exponentials(rng):
    free, positive = tm.MetaSGD(MODEL, 0.05, 2), tm.MetaSGD(MODEL, 0.05, 2, positive=True)
    batch, P = random_batch(MODEL, rng), MODEL.n_params
    omega = free.init(np.random.default_rng(5))
    logs = np.append(omega[:P], np.log(omega[P:]))
    assert positive.blocks[-1][0] == "log rates"
    assert_allclose(positive.init(np.random.default_rng(5)), logs, rtol=1e-15)
    (loss, g), (same, of_logs) = free.meta_gradient(omega, batch), positive.meta_gradient(
        logs, batch)
    assert_allclose(loss, same, rtol=1e-13)
    assert_allclose(of_logs[P:], g[P:] * 0.05, rtol=1e-10, atol=1e-14)


# Parts that adapt.

def test_anil_moves_the_last_layer_alone(rng):
    method, omega, batch = tm.ANIL(MODEL, 0.1, 3), MODEL.init(rng), random_batch(MODEL, rng)
    theta, _ = method.adapt(omega, batch.x_support, batch.y_support)
    last = MODEL.n_params - 4 * 3 - 3
    assert (theta[:, :last] == omega[:last]).all() and (theta[:, last:] != omega[last:]).all()
    of_an_rnn = dict(zip("UWbCc", tm.RNN(2, 5, 3).unflatten(tm.ANIL(tm.RNN(2, 5, 3)).alpha)))
    assert [name for name, part in of_an_rnn.items() if part.all()] == ["C", "c"]


def test_cavia_moves_the_context_alone_from_zero(rng):
    method, batch = tm.CAVIA(CONTEXT, 0.3, 2), random_batch(MODEL, rng)
    omega = method.init(rng)
    theta, _ = method.adapt(omega, batch.x_support, batch.y_support)
    assert (theta[:, 2:] == omega).all() and (theta[:, :2] != 0).all()
    start = next(method.trajectory(omega, batch.x_support, batch.y_support, 0))
    assert_array_equal(start, np.append([0, 0], omega))
    alpha = np.where(np.arange(CONTEXT.n_params) < 2, 0.3, 0)
    expected = tm.adapt(CONTEXT, np.append([0.0, 0.0], omega), batch.x_support, batch.y_support,
                        alpha, 2)
    assert_allclose(theta, expected[-1], rtol=1e-12)
    assert (method.n_params, method.blocks) == (CONTEXT.n_params - 2, CONTEXT.blocks[1:])


def test_a_context_model_is_a_network_on_x_and_c(rng):
    """[CONTEXT.1] [CONTEXT.2] [CONTEXT.3] [CONTEXT.4]"""
    theta, (x, y) = rng.standard_normal(CONTEXT.n_params), (rng.standard_normal(
        (7, 2)), rng.standard_normal((7, 3)))
    plain = tm.MLP([4, 5, 4, 3], "tanh")
    inputs = np.concatenate([x, np.tile(theta[:2], (7, 1))], axis=1)
    assert_allclose(CONTEXT.predict(theta, x), plain.predict(theta[2:], inputs), rtol=1e-13)
    assert CONTEXT.blocks == [("c", (2,)), *plain.blocks]
    assert tm.check_model(CONTEXT)
    start, same = (m.init(np.random.default_rng(3), np.float32) for m in (CONTEXT, plain))
    assert_array_equal(start, np.append([0, 0], same))
    assert start.dtype == np.float32 and tm.ContextMLP(WIDTHS).context == 4


class Decay:
    def loss(self, theta, x, y):
        return super().loss(theta, x, y) + 0.1 * (theta * theta).sum(axis=-1)

    def gradient(self, theta, x, y):
        return super().gradient(theta, x, y) + 0.2 * theta

    def hvp(self, theta, x, y, v):
        return super().hvp(theta, x, y, v) + 0.2 * v


class DecayedContext(Decay, tm.ContextMLP):
    pass


class DecayedMLP(Decay, tm.MLP):
    pass


@pytest.mark.parametrize("like, method", [
    ("CAVIA, 2 steps", tm.CAVIA(DecayedContext(WIDTHS, 2, "tanh"), 0.3, 2)),
    ("ridge head, learned", tm.RidgeHead(DecayedMLP(WIDTHS, "tanh"), 0.5))],
    ids=["CAVIA", "ridge head"])
def test_a_subclass_of_the_model_is_heard(like, method, rng):
    plain, omega, batch = problem(like, rng)
    theta, _ = method.adapt(omega, batch.x_support, batch.y_support)
    expected = plain.model.loss(theta, batch.x_query,
                                batch.y_query) + 0.1 * (theta * theta).sum(axis=-1)
    assert_allclose(method.meta_loss(omega, batch), expected.mean(), rtol=1e-12)
    assert check(method, omega, batch)


# Optima.

def test_implicit_maml_stands_at_the_optimum_and_reports_its_residual(rng):
    method, omega, batch = problem("implicit, tanh", rng)
    theta, _ = method.adapt(omega, batch.x_support, batch.y_support)
    residual = MODEL.gradient(theta, batch.x_support, batch.y_support) + 1.0 * (theta - omega)
    assert np.abs(residual).max() < 1e-12 and (method.residual
                                               <= 1e-10).all() and method.residual.shape == (3, )


def test_a_saddle_is_left_for_a_minimum():
    class Valleys:  # L = ¼ θ₁⁴ - 3/2 θ₁² + 2 θ₂²; with ½ |θ' - θ|² minima at θ₁ = ±√2
        n_params = 2

        def loss(self, theta, x, y):
            a, b = np.moveaxis(theta, -1, 0)
            return a**4 / 4 - 1.5 * a * a + 2 * b * b + 0 * x[..., 0, 0]

        def gradient(self, theta, x, y):
            a, b = np.moveaxis(theta, -1, 0)
            return np.stack([a**3 - 3 * a, 4 * b], axis=-1) + 0 * x[..., 0]

        def hvp(self, theta, x, y, v):
            a = theta[..., 0]
            return np.stack([3 * a * a - 3, 4 + 0 * a], axis=-1) * v

    method, x = tm.ImplicitMAML(Valleys(), 1.0, tolerance=1e-6), np.zeros((1, 1, 1))
    theta, pullback = method.adapt(np.array([1e-9, 1.0]), x, x)
    assert_allclose(theta, [[2**0.5, 0.2]], rtol=1e-6)
    assert_allclose(pullback(np.ones((1, 2))), [[1 / 4, 1 / 5]], rtol=1e-6)


def test_solvers_that_stop_short_raise_and_say_which(rng):
    _, omega, batch = problem("implicit, tanh", rng)
    found = tm.ImplicitMAML(MODEL, newton_steps=3).newton(omega, batch.x_support, batch.y_support)
    assert len(list(found)) == 4  # θ_0 and three steps
    with pytest.raises(tm.ConvergenceError, match="inner problem.*residual.*strength"):
        tm.ImplicitMAML(MODEL, 1.0, newton_steps=1).meta_gradient(omega, batch)

    class Bent(tm.Linear):  # a Hessian that claims to be negative at the optimum
        def hvp(self, theta, x, y, v):
            return -5 * super().hvp(theta, x, y, v)

    method = tm.ImplicitMAML(Bent(2, 3), 0.1, tolerance=1e-6, newton_steps=2000)
    with pytest.raises(tm.ConvergenceError, match="linear system.*is not positive, raise"):
        method.meta_gradient(rng.standard_normal(9), batch)


def test_conjugate_gradients_solve_and_tell_what_is_not_positive(rng):
    from tinymeta.methods.implicit import conjugate_gradients

    root = rng.standard_normal((2, 6, 6))
    A, b = root @ root.swapaxes(1, 2) + np.eye(6), rng.standard_normal((2, 6))
    A[1] -= 30 * np.eye(6)  # the second task's is not positive
    u, residual, positive, p = conjugate_gradients(lambda p: (A @ p[..., None])[..., 0], b, 1e-12)
    assert p[1] @ A[1] @ p[1] <= 0
    assert_allclose(u[0], np.linalg.solve(A[0], b[0]), rtol=1e-9)
    assert positive.tolist() == [True, False] and residual[0] < 1e-12 < residual[1]


@pytest.mark.parametrize("K", [3, 12], ids=["K x K system", "primal system"])
def test_the_ridge_head_is_ridge_regression_on_the_features(K, rng):
    method, batch = tm.RidgeHead(MODEL, 0.5), random_batch(MODEL, rng, 3, K, 6)
    omega = method.init(rng)
    theta, _ = method.adapt(omega, batch.x_support, batch.y_support)
    for t in range(3):
        hidden = tm.MLP(WIDTHS[:-1], "tanh").predict(omega[:-1], batch.x_support[t])
        A = np.c_[np.tanh(hidden), np.ones(K)]
        W = np.linalg.solve(A.T @ A + 0.5 * np.eye(5), A.T @ batch.y_support[t])
        assert_allclose(theta[t], np.concatenate([omega[:-1], W.ravel()]), rtol=1e-9)
    assert method.blocks == [*MODEL.blocks[:-2],
                             ("log strength", (1, ))] and omega[-1] == np.log(0.5)
    start, solved, after = method.trajectory(omega, batch.x_support, batch.y_support, 2)
    assert (start[:, -15:] == 0).all()
    assert_array_equal(solved, after)


def test_prototypes_are_class_means_and_the_nearest_wins(rng):
    method, omega, batch = problem("prototypes", rng)
    means, _ = method.adapt(omega, batch.x_support, batch.y_support)
    f, query = method.model.predict(omega, batch.x_support), method.model.predict(
        omega, batch.x_query)
    scores = method.predictions(omega, batch.x_support, batch.y_support, batch.x_query, 0)[0]
    for t in range(3):
        labels = batch.y_support[t].argmax(axis=1)
        by_hand = np.stack([f[t][labels == n].mean(axis=0) for n in range(3)])
        assert_allclose(means[t].reshape(3, 4), by_hand, rtol=1e-12)
        assert_allclose(scores[t], -((query[t][:, None] - by_hand) ** 2).sum(axis=-1), rtol=1e-12)
    with pytest.raises(ValueError, match="class without an example"):
        method.meta_gradient(
            omega,
            tm.Batch(batch.x_support,
                     np.eye(3)[np.zeros((3, 4), int)], batch.x_query, batch.y_query))
    with pytest.raises(ValueError, match="y_support has entries from 0 to 2 and rows"):
        method.meta_gradient(omega, tm.Batch(batch.x_support, 2 * batch.y_support, batch.x_query,
                                             batch.y_query))


@pytest.mark.parametrize(
    "make, words", [(lambda: tm.MetaSGD(MODEL, rates="layer"), "rates is 'layer'"),
                    (lambda: tm.MetaSGD(MODEL, alpha=0), "alpha"),
                    (lambda: tm.MetaSGD(MODEL, steps=0), "steps"),
                    (lambda: tm.ANIL(MODEL, alpha=-1), "alpha"),
                    (lambda: tm.CAVIA(MODEL), "ContextMLP"),
                    (lambda: tm.ContextMLP([1, 4, 1], context=0), "context"),
                    (lambda: tm.ImplicitMAML(MODEL, strength=0), "strength"),
                    (lambda: tm.ImplicitMAML(MODEL, tolerance=2), "tolerance"),
                    (lambda: tm.RidgeHead(tm.MLP([1, 1])), "hidden layer"),
                    (lambda: tm.RidgeHead(MODEL, strength=-1), "strength"),
                    (lambda: tm.RidgeHead(MODEL, chunk=0), "chunk"),
                    (lambda: tm.MetaSGD(MODEL).meta_gradient(
                        np.zeros(3), random_batch(MODEL, np.random.default_rng(0))), "omega")])
def test_wrong_settings_are_named(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def test_implicit_maml_of_numbers_that_overflow_is_told_and_does_not_warn(rng):
    batch, model = tm.SinusoidTasks().sample(rng, 3), tm.MLP([1, 4, 1], "tanh")
    omega = model.init(rng)
    with pytest.raises(ValueError, match=r"strength is 1e\+200; expected at most 1e\+154, who"):
        tm.ImplicitMAML(model, 1e200).adapt(omega, batch.x_support, batch.y_support)
    with pytest.raises(ValueError, match=r"strength is 1e\+20; expected at most 2e\+19, "):
        tm.ImplicitMAML(model, 1e20).adapt(omega.astype("f4"), batch.x_support, batch.y_support)


def test_implicit_maml_takes_single_precision_in_either_byte_order(rng):
    method, batch = tm.ImplicitMAML(tm.MLP([1, 5, 1], "tanh")), tm.SinusoidTasks().sample(rng, 3)
    omega = method.init(np.random.default_rng(0), np.float32)
    losses = [method.meta_loss(omega.astype(order), batch) for order in ("<f4", ">f4")]
    assert np.isfinite(losses).all() and losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_meta_sgd_starts_in_double_precision_where_no_precision_is_named(rng):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tm.MetaSGD(tm.MLP([1, 5, 1])).init(rng, None).dtype == float


def test_half_precision_cannot_be_solved_in(rng):
    model, batch = tm.MLP([1, 3, 1], "tanh"), tm.SinusoidTasks().sample(rng, 2, 3, 3)
    for method in (tm.ImplicitMAML(model), tm.RidgeHead(model)):
        with pytest.raises(TypeError, match="omega has dtype float16; expected single or double"):
            method.meta_gradient(method.init(rng, np.float16), batch)
