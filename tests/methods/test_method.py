"""The interface that all methods share: ω in one vector, adapt and pull back, predictions."""

import numpy as np
import pytest
from conftest import OWN_PARTS, random_batch, random_theta
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm

MODEL = tm.MLP([2, 5, 4, 3], "tanh")
METHODS = {
    "MAML": tm.MAML(MODEL, 0.05, 2), "MAML, vector": tm.MAML(
        MODEL, np.linspace(0, 0.1, MODEL.n_params), 3), "Reptile": tm.Reptile(
            MODEL, 0.05, 3, batch_size=2), "joint training": tm.JointTraining(MODEL, 0.05)
}
each = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


@pytest.fixture
def problem(rng):
    return random_theta(MODEL, rng), random_batch(MODEL, rng, T=3, K=4, Q=5)


@each
def test_the_pullback_is_the_transposed_jacobian_of_adapt(method, problem, rng):
    omega, batch = problem
    x, y = batch.x_support, batch.y_support
    theta, pullback = method.adapt(omega, x, y)
    v, d = rng.standard_normal((3, MODEL.n_params)), rng.standard_normal(omega.size)
    moved, _ = method.adapt(omega + 1e-20j * d, x, y)
    assert theta.shape == v.shape
    assert_allclose(pullback(v) @ d, (v * moved.imag / 1e-20).sum(axis=-1), rtol=1e-12)
    assert_allclose(pullback(2 * v), 2 * pullback(v), rtol=1e-12)  # and again from the same pass


def test_first_order_pulls_v_back_to_v(problem, rng):
    v = rng.standard_normal((3, MODEL.n_params))
    _, pullback = tm.MAML(MODEL, 0.05, 2, first_order=True).adapt(
        problem[0], *problem[1].arrays(problem[0])[:2])
    assert_array_equal(pullback(v), v)


@pytest.mark.parametrize("name", ["MAML", "MAML, vector"])
def test_the_meta_gradient_is_the_mean_of_the_pulled_back_query_gradients(name, problem):
    """[META.1]"""
    omega, batch = problem
    theta, pullback = METHODS[name].adapt(omega, batch.x_support, batch.y_support)
    query = MODEL.gradient(theta, batch.x_query, batch.y_query)  # (T, P)
    assert_allclose(METHODS[name].meta_gradient(omega, batch)[1],
                    pullback(query).mean(axis=0), rtol=1e-12)


@each
def test_predictions_are_those_along_the_trajectory(method, problem):
    omega, batch = problem
    found = method.predictions(omega, batch.x_support, batch.y_support, batch.x_query, 4)
    batch_size = getattr(method, "batch_size", None)
    thetas = tm.adapt(MODEL, omega, batch.x_support, batch.y_support, method.alpha, 4, batch_size)
    assert found.shape == (5, 3, 5, 3)
    assert_allclose(found, MODEL.predict(thetas, batch.x_query), rtol=1e-12, atol=1e-14)


@each
def test_the_method_owns_the_layout_of_omega(method):
    assert (method.n_params, method.blocks) == (MODEL.n_params, MODEL.blocks)
    for dtype in (np.float64, np.float32):
        drawn = method.init(np.random.default_rng(3), dtype, "he")
        assert_array_equal(drawn, MODEL.init(np.random.default_rng(3), dtype, "he"))
        assert drawn.dtype == dtype


def test_a_query_loss_judges_and_the_model_s_own_adapts(problem):
    lopsided = OWN_PARTS["tanh 1-5-4-2 with a lopsided loss"]().loss_function
    omega, batch = problem
    method, judge = tm.MAML(MODEL, 0.05, 2, query_loss=lopsided), tm.MLP(
        MODEL.widths, "tanh", lopsided)
    adapted = tm.adapt(MODEL, omega, batch.x_support, batch.y_support, 0.05, 2)
    expected = judge.loss(adapted, batch.x_query, batch.y_query)  # (3, T)
    assert_allclose(method.meta_loss(omega, batch), expected[-1].mean(), rtol=1e-13)
    assert_allclose(tm.evaluate_batch(method, omega, batch, steps=2).errors, expected, rtol=1e-12)
    assert tm.check_gradient(lambda w: method.meta_loss(w, batch),
                             method.meta_gradient(omega, batch)[1], omega)
    assert MODEL.loss_function is tm.squared_error  # the model itself is left alone


class TwoRates(tm.Method):
    """A method of somebody's own, ω = (θ, log rate of the weights, log rate of the biases)."""

    n_params = MODEL.n_params + 2
    blocks = [*MODEL.blocks, ("log rates", (2,))]
    is_bias = np.concatenate(
        [np.full(np.prod(shape), name[0] == "b") for name, shape in MODEL.blocks]).astype(int)

    def init(self, rng, dtype=np.float64, scheme=None):
        return np.append(self.model.init(rng, dtype, scheme), [-3.0, -4.0]).astype(dtype)

    def adapt(self, omega, x, y):
        omega, x, y = self.check(omega, x, y)
        theta, rates = omega[:-2], np.exp(omega[-2:])[self.is_bias]  # (P,), (P,)
        g = self.model.gradient(theta, x, y)  # (T, P)

        def pullback(v):
            of_rates = -rates * g * v  # (T, P)
            sums = [np.where(self.is_bias == b, of_rates, 0).sum(axis=-1) for b in (0, 1)]
            back = v - self.model.hvp(theta, x, y, rates * v)
            return np.concatenate([back, np.stack(sums, axis=-1)], axis=-1)

        return theta - rates * g, pullback

    def trajectory(self, omega, x, y, steps):
        theta, rates = omega[:-2], np.exp(omega[-2:])[self.is_bias]
        for _ in range(steps):
            yield theta
            theta = theta - rates * self.model.gradient(theta, x, y)
        yield theta


def test_a_longer_omega_is_checked_trained_evaluated_and_kept(problem, tmp_path):
    method, (_, batch) = TwoRates(MODEL), problem
    omega = method.init(np.random.default_rng(0))
    assert tm.check_gradient(lambda w: method.meta_loss(w, batch),
                             method.meta_gradient(omega, batch)[1], omega, method)

    class Tasks:
        def sample(self, rng, *sizes):
            return random_batch(MODEL, rng, *sizes)

    rng, optimizer = np.random.default_rng(1), tm.Adam(0.01)
    *_, last = tm.meta_train(method, Tasks(), omega, optimizer, 3, rng, 2, 4, 5)
    assert last.omega.shape == (method.n_params,) and (last.omega[-2:] != omega[-2:]).all()
    assert_array_equal(last.theta, last.omega)
    curve = tm.evaluate_batch(method, last.omega, batch, steps=1)
    assert_allclose(curve.mean[1], method.meta_loss(last.omega, batch), rtol=1e-12)
    path = tmp_path / "run.npz"
    tm.save_checkpoint(path, last.omega, 3, optimizer, rng)
    checkpoint, again = tm.load_checkpoint(path), tm.Adam(0.01)
    checkpoint.restore(again, rng)
    (resumed,) = tm.meta_train(method, Tasks(), checkpoint.theta, again, 4, rng, 2, 4, 5, start=3)
    *_, whole = tm.meta_train(method, Tasks(), omega, tm.Adam(0.01), 4, np.random.default_rng(1), 2,
                              4, 5)
    assert_array_equal(resumed.omega, whole.omega)
    with pytest.raises(ValueError, match="omega has shape"):
        tm.meta_train(method, Tasks(), omega[:-2], tm.Adam(), 3, rng)


@pytest.mark.parametrize("chunk", [1, 3, 7], ids="{} at a time".format)
@each
def test_chunks_of_tasks_change_no_number(method, chunk, rng):
    omega, batch = random_theta(MODEL, rng), random_batch(MODEL, rng, T=7)
    loss, gradient = method.meta_gradient(omega, batch)
    curve = tm.evaluate_batch(method, omega, batch, steps=2)
    method.chunk = chunk
    found = method.meta_gradient(omega, batch)
    assert_allclose(found[0], loss, rtol=1e-12)
    assert_allclose(found[1], gradient, rtol=1e-11, atol=1e-14)
    parts = tm.evaluate_batch(method, omega, batch, steps=2, chunk=chunk)
    assert_allclose(parts.errors, curve.errors, rtol=1e-12)
    assert_array_equal(parts.diverged, curve.diverged)
    method.chunk = 100
