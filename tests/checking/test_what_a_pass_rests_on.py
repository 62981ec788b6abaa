"""No PASS where nothing was compared, and no model rejected for what the references cannot do."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import tinymeta as tm
from catalogue import Plain, point
from tinymeta.checking import known_mistakes

NETWORK = tm.MLP([1, 4, 1], "tanh")


def changed(**functions):
    """The network's three functions as a plain model, some of them replaced."""
    return Plain(NETWORK, **functions)


def said(ladder):
    """The report as one line."""
    return " ".join(str(ladder).split())


def causes(ladder):
    return {finding.cause for finding in ladder.findings}


def test_nothing_to_compare_is_an_error_or_a_finding():
    theta, batch = point(NETWORK)
    for call in (lambda: tm.check_meta_gradient(max, NETWORK, theta, batch, steps=()),
                 lambda: tm.check_adapt(sum, NETWORK, theta, *np.ones((2, 4, 1)), steps=())):
        with pytest.raises(ValueError, match="steps is empty; expected the numbers"):
            call()
    with pytest.raises(ValueError, match="directions has a vector of zeros"):
        tm.check_hvp(lambda t: t, lambda t, v: v, theta, directions=np.zeros((2, theta.size)))
    nothing = lambda theta, *_: 0 * theta
    ladder = tm.check_model(changed(loss=lambda t, x, y: 0.0, gradient=nothing, hvp=nothing))
    assert causes(ladder) == {"constant"} and "whatever θ is" in str(ladder)


def test_a_loss_that_does_not_look_at_its_data_is_named():
    cube = SimpleNamespace(n_params=3, loss=lambda t, x, y: (t**3).sum(-1) + 0 * x.sum((-2, -1)),
                           gradient=lambda t, x, y: 3 * t * t + 0 * x.sum((-2, -1))[..., None],
                           hvp=lambda t, x, y, v: 6 * t * v + 0 * x.sum((-2, -1))[..., None])
    ladder = tm.check_model(cube)
    assert ladder and "the loss does not look at x or at y: is that meant?" in str(ladder)
    assert "does not look" not in str(tm.check_model(NETWORK))


def test_a_loss_that_looks_only_at_the_signs_of_y_does_look_at_y():
    y = np.array([[2.0, -1, 2], [2, 1, -1]])[..., np.newaxis]  # the first task's, mirrored, agree
    x = np.random.default_rng(0).standard_normal(y.shape)
    model = SimpleNamespace(loss=lambda t, x, y: (np.sin(t * x) * np.sign(y)).mean(),
                            gradient=lambda t, x, y: [(np.cos(t * x) * x * np.sign(y)).mean()])
    assert "look at" not in str(tm.check_model(model, [0.4], tm.Batch(x, y, x, y)))


def test_a_reference_tells_a_loss_that_is_consistent_with_itself_and_not_meant():
    doubled = changed(**{name: lambda *args, name=name: 2 * getattr(NETWORK, name)(*args)
                         for name in ("loss", "gradient", "hvp")})
    assert tm.check_model(doubled)
    ladder = tm.check_model(doubled, reference=NETWORK)
    assert ladder.broken == "the loss that is meant" and "2 times" in str(ladder)
    assert tm.check_model(changed(), reference=NETWORK)


@pytest.mark.parametrize("theta", [np.zeros(13), None], ids=["zeros", "drawn"])
def test_a_factor_shows_at_a_theta_where_the_derivative_is_zero_too(theta):
    def tripled(*args):
        g = NETWORK.gradient(*args).copy()
        g[..., :4] *= 3
        return g

    model = changed(gradient=tripled, blocks=NETWORK.blocks)
    ladder = tm.check_model(model, theta)
    assert ladder.broken == "gradient" and ladder.wrong_blocks == ["W1"]
    report = tm.check_gradient(lambda t: NETWORK.loss(t, *np.ones((2, 3, 1))),
                               lambda t: tripled(t, *np.ones((2, 3, 1))), np.zeros(13), NETWORK)
    assert not report and report.wrong_blocks == ["W1"]


def test_a_right_product_beside_a_wrong_gradient_is_judged_by_the_loss():
    model = changed(gradient=lambda *args: 2 * NETWORK.gradient(*args))
    ladder = tm.check_model(model)
    assert ladder.broken == "gradient" and ladder.rungs["Hessian × vector"]
    model.hvp = lambda *args: 2 * NETWORK.hvp(*args)
    assert not tm.check_model(model).rungs["Hessian × vector"]


def test_a_mistake_beyond_the_first_task_is_found_on_its_rung():
    """Huber's slope, wrong only for errors that the first task does not have."""
    theta, batch = np.array([0.5, 0.1]), point(NETWORK)[1]
    large = tm.Batch(batch.x_support, batch.y_support + np.array([0, 9, 0]).reshape(3, 1, 1),
                     batch.x_query, batch.y_query)

    def error(t, x, y):
        return t[..., :1, None] * x + t[..., 1:, None] - y

    def gradient(t, x, y, slope=1.0):
        e = error(t, x, y)
        s = np.where(abs(e.real) < 5, e, slope * 5 * np.sign(e.real))
        return np.stack([(s * x).mean((-2, -1)), s.mean((-2, -1))], -1)

    def loss(t, x, y):
        e = error(t, x, y)
        return np.where(abs(e.real) < 5, e * e / 2, 5 * (e * np.sign(e.real) - 2.5)).mean((-2, -1))

    def hvp(t, x, y, v):
        e = (abs(error(t, x, y).real) < 5) * error(v, x, 0 * y)
        return np.stack([(e * x).mean((-2, -1)), e.mean((-2, -1))], -1)

    model = SimpleNamespace(loss=loss, gradient=gradient, hvp=hvp)
    assert tm.check_model(model, theta, large)
    model.gradient = lambda *args: gradient(*args, slope=0.2)
    ladder = tm.check_model(model, theta, large)
    assert ladder.broken == "gradient" and "wrong at another one" in str(ladder)


def test_single_precision_is_judged_by_what_it_can_hold():
    def rounded(name):
        def function(theta, *args):
            return getattr(NETWORK, name)(*(np.float32(a) for a in (theta, *args)))
        return function

    right = {name: rounded(name) for name in ("loss", "gradient", "hvp")}
    ladder = tm.check_model(changed(**right))
    assert ladder and "single precision: judged by what that can hold" in said(ladder)
    off = changed(**{**right, "gradient": lambda *args: 1.01 * right["gradient"](*args)})
    assert tm.check_model(off).broken == "gradient"


@pytest.mark.parametrize("scale", [1e5, 1e-7])
def test_the_step_of_central_differences_fits_the_scale_of_theta(scale):
    waves = lambda t: np.abs(np.sin(scale * t)).sum()
    slope = lambda t: scale * np.cos(scale * t) * np.sign(np.sin(scale * t))
    theta = np.array([0.7, -1.1]) / scale
    for right in (1.0, 1.001):
        report = tm.check_gradient(waves, lambda t: right * slope(t), theta, method="central")
        assert bool(report) == (right == 1.0)


def test_an_inner_loop_that_diverges_is_checked_at_a_smaller_step():
    steep = changed(**{name: lambda *args, name=name: 1e4 * getattr(NETWORK, name)(*args)
                       for name in ("loss", "gradient", "hvp")})
    ladder = tm.check_model(steep)
    assert ladder and "diverges at α = 0.05: checked at α = 5e-05" in said(ladder)
    ladder = tm.check_model(NETWORK, alpha=1e200)
    assert ladder and "diverges at α = 1e+200: checked at α = " in said(ladder)
    steep.hvp = lambda *args: 0 * NETWORK.hvp(*args)
    assert not tm.check_model(steep)


def test_a_step_too_small_for_the_hessian_to_show_is_noted():
    def first_order(theta, batch, alpha, S):
        return tm.MAML(NETWORK, alpha, S, first_order=True).meta_gradient(theta, batch)

    for alpha in (1e-15, 1e-30, 1e-3):
        ladder = tm.check_meta_gradient(first_order, NETWORK, *point(NETWORK), alpha=alpha)
        noted = "a first-order gradient would pass" in said(ladder)
        assert (bool(ladder), noted) == ((True, True) if alpha < 1e-3 else (False, False))
    line = SimpleNamespace(  # of which H is 0
        n_params=1, loss=lambda t, x, y: (t * x[..., 0] * y[..., 0]).mean(-1),
        gradient=lambda t, x, y: (x * y).mean(-2) + 0 * t, hvp=lambda t, x, y, v: 0 * v)
    alone = np.array([0.3]), point(NETWORK)[1]
    ladder = tm.check_meta_gradient(lambda theta, batch, alpha, steps: (
        batch.x_query * batch.y_query).mean((0, 1)), line, *alone)
    assert ladder and "a first-order gradient would pass" not in said(ladder)


def test_an_inner_loop_that_ends_where_the_loss_is_flat_is_checked_at_a_smaller_step():
    class Unit:  # tanh of a line, 1 or -1 after a step of 0.05 g: its gradients are large
        n_params, unit = 2, 1e-9

        def line(self, theta, x):
            return (theta[..., :1, None] * x + theta[..., 1:, None]) / self.unit

        def loss(self, theta, x, y):
            return ((np.tanh(self.line(theta, x)) - y) ** 2).mean(axis=(-2, -1))

        def gradient(self, theta, x, y):
            a = np.tanh(self.line(theta, x))
            delta = 2 * (a - y) * (1 - a * a) / x.shape[-2] / self.unit  # (..., K, 1)
            return np.concatenate([(delta * x).sum(axis=-2), delta.sum(axis=-2)], axis=-1)

        def hvp(self, theta, x, y, v):
            return self.gradient(theta + 1e-40j * v, x, y).imag / 1e-40

    ladder = tm.check_model(Unit(), theta=np.array([1.3e-9, -0.4e-9]))
    assert ladder and "ends where the loss is flat at α = 0.05: checked at" in said(ladder), ladder


def momentum_loop(theta, x, y, alpha, steps, beta=0.5):
    """θ_S after heavy-ball steps."""
    m = 0
    for _ in range(steps):
        m = beta * m + NETWORK.gradient(theta, x, y)
        theta = theta - alpha * m
    return theta


def its_meta_gradient(theta, batch, alpha, steps, beta=0.5):
    """The derivative of the mean query loss of momentum_loop, by hand."""
    total = 0
    for x, y, x_query, y_query in zip(*batch.arrays(theta)):
        path, m = [theta], 0
        for _ in range(steps):
            m = beta * m + NETWORK.gradient(path[-1], x, y)
            path.append(path[-1] - alpha * m)
        v, w = NETWORK.gradient(path[-1], x_query, y_query), 0  # w: of m
        for k in reversed(range(steps)):
            w = beta * w - alpha * v
            v = v + NETWORK.hvp(path[k], x, y, w)
        total = total + v
    return total / len(batch)


def test_a_meta_gradient_of_any_inner_loop_is_judged_by_that_loop():
    theta, batch = point(NETWORK)
    check = lambda function, **more: tm.check_meta_gradient(
        function, NETWORK, theta, batch, adapt=momentum_loop, **more)
    assert check(its_meta_gradient)
    assert not check(lambda *args: its_meta_gradient(*args, beta=0.4), steps=(2,))
    plain = tm.check_meta_gradient(its_meta_gradient, NETWORK, theta, batch, steps=(2,))
    assert not plain

    def first_order(theta, batch, alpha, steps):
        ends = [momentum_loop(theta, x, y, alpha, steps)
                for x, y in zip(batch.x_support, batch.y_support)]
        g = [NETWORK.gradient(*task) for task in zip(ends, batch.x_query, batch.y_query)]
        return np.mean(g, axis=0)

    assert causes(check(first_order)) == {"first-order"}
    assert check(first_order, kind="first-order maml")
    absolute = lambda t, x, y: (np.sqrt(1 + (NETWORK.predict(t, x) - y) ** 2)).mean((-2, -1))
    assert not check(its_meta_gradient, loss=absolute)


def test_reports_are_data_too():
    for model in (NETWORK, changed(gradient=lambda *args: -NETWORK.gradient(*args))):
        ladder = tm.check_model(model)
        data = json.loads(json.dumps(ladder.as_dict()))
        assert data["passed"] == bool(ladder) and data["broken"] == ladder.broken
        assert list(data["rungs"]) == list(ladder.rungs)
    finding = data["rungs"]["gradient"]["findings"][0]
    assert finding["cause"] == "sign" and finding["where"] == "every block"


def test_a_pass_says_what_it_rests_on():
    ladder = tm.check_model(NETWORK)
    assert "rests on 13 coordinates at one θ and 5 examples; H v in 3 directions" in said(ladder)
    assert "rests on" not in str(tm.check_model(changed(hvp=lambda *args: 0)))


def test_an_f_that_fails_for_complex_numbers_in_whatever_way_is_checked_by_differences():
    def real(theta):
        if np.iscomplexobj(theta):
            raise RuntimeError("expected m1 and m2 to have the same dtype")
        return (theta**3).sum()

    report = tm.check_gradient(real, lambda t: 3 * t**2, np.array([0.5, -1.2]))
    assert report and [*report.errors] == ["central differences"]
    assert "RuntimeError" in report.notes[0]


@pytest.mark.parametrize("wrong", [[1.4e7, 0.0], [1.4e7 * (1 + 3e-8), 0.6]],
                         ids=["an entry missing", "an entry a little wrong"])
def test_large_numbers_are_not_taken_for_single_precision(wrong):
    f, theta = lambda t: 1e7 * t[0] ** 2 + t[1] ** 2, np.array([0.7, 0.3])
    assert tm.check_gradient(f, np.array([1.4e7, 0.6]), theta)
    assert not tm.check_gradient(f, np.array(wrong), theta)


def test_numbers_whose_squares_overflow_have_a_report():
    theta = np.array([0.5, -1.2])
    report = tm.check_gradient(lambda t: (t**3).sum(), lambda t: 1e200 * t, theta)
    assert not report and report.findings and report.wrong_blocks


@pytest.mark.parametrize("kind", [float, np.float32], ids=["double", "single"])
def test_a_right_meta_gradient_passes_in_its_precision(kind):
    def meta_gradient(theta, batch, alpha, steps):
        return tm.MAML(NETWORK, alpha, steps).meta_gradient(theta.astype(kind), batch)

    ladder = tm.check_meta_gradient(meta_gradient, NETWORK, *point(NETWORK))
    assert ladder, ladder
    assert ("single precision" in str(ladder)) == (kind is np.float32)


@pytest.mark.parametrize("change", [
    lambda batch: (batch, len(batch) / 3), lambda batch: (batch[:3], 1.0),
    lambda batch: (tm.Batch(batch.x_support[:, :4], batch.y_support[:, :4], batch.x_query,
                            batch.y_query), 1.0)],
    ids=["a sum over 3", "3 tasks", "4 examples"])
def test_numbers_of_tasks_and_examples_written_into_the_code_are_found(change):
    def meta_gradient(theta, batch, alpha, steps):
        batch, factor = change(batch)
        return factor * tm.MAML(NETWORK, alpha, steps).meta_gradient(theta, batch)[1]

    theta, batch = point(NETWORK)
    assert batch.x_support.shape[:2] == (3, 4)
    ladder = tm.check_meta_gradient(meta_gradient, NETWORK, theta, batch)
    assert not ladder and "wrong with one task and one example more" in said(ladder)
    adapt = lambda theta, x, y, *more: tm.adapt(NETWORK, theta, x[:4], y[:4], *more)
    task = batch.x_support[0], batch.y_support[0]
    assert not tm.check_adapt(adapt, NETWORK, theta, *task)


def test_a_meta_gradient_of_its_own_tasks_is_right_for_these():
    theta, batch = point(NETWORK)
    own = lambda theta, _, alpha, steps: tm.MAML(NETWORK, alpha, steps).meta_gradient(theta, batch)
    assert tm.check_meta_gradient(own, NETWORK, theta, batch)


@pytest.mark.parametrize("name", ["gradient", "hvp"])
def test_a_number_of_examples_written_into_a_model_is_found(name):
    def summed_over_five(theta, x, *more):
        return len(x) / 5 * getattr(NETWORK, name)(theta, x, *more)

    ladder = tm.check_model(changed(**{name: summed_over_five}))
    assert not ladder and "wrong with 6 examples in place of 5" in said(ladder)


def test_numbers_written_into_the_code_for_several_steps_are_found():
    def three_tasks(theta, batch, alpha, steps):
        loss, v = tm.MAML(NETWORK, alpha, steps).meta_gradient(theta, batch)
        return v if steps == 1 else v * len(batch) / 3

    def own_rate(theta, x, y, alpha, steps):
        theta = tm.adapt(NETWORK, theta, x, y, alpha, 1)[1]
        return theta if steps == 1 else tm.adapt(NETWORK, theta, x, y, 0.05, steps - 1)[-1]

    theta, batch = point(NETWORK)
    for ladder in (tm.check_meta_gradient(three_tasks, NETWORK, theta, batch),
                   tm.check_adapt(own_rate, NETWORK, theta, batch.x_support[0],
                                  batch.y_support[0])):
        assert not ladder and "right with the θ, α = 0.05 and tasks given" in said(ladder)


def test_a_change_that_changes_nothing_is_no_cause():
    """A wrong φ' of the model's own is in every pass that is compared with its gradient."""
    steep = tm.Activation("steep", np.tanh, lambda z, a: 1 + 0 * a, None, "xavier")
    found = known_mistakes.of_gradient(tm.MLP([1, 4, 1], steep), *point(NETWORK)[:1],
                                       *np.ones((2, 3, 1)))
    assert "φ' is written for a_l and is given z_l" not in {mistake.what for mistake in found}
    assert found


def test_a_model_on_a_kink_is_checked_beside_it():
    relu = tm.Activation("own", lambda z: np.maximum(z, 0), lambda z, a: (z > 0) * 1.0, None, "he")
    x = np.linspace(-1, 1, 5)[:, np.newaxis] * np.ones((2, 1, 1))  # with a 0
    batch, model = tm.Batch(x, np.cos(x), x, np.cos(x)), tm.MLP([1, 4, 1], relu)
    ladder = tm.check_model(model, model.init(np.random.default_rng(0)), batch)  # biases 0
    assert ladder and "stands on a kink of the loss" in said(ladder)


def test_a_derivative_that_is_one_number_is_taken_for_all_z():
    identity = tm.Activation("identity", lambda z: z, lambda z, a: 1.0, None, "xavier")
    assert tm.check_model(tm.MLP([1, 4, 1], identity))


def test_a_derivative_of_truth_values_is_one_of_0_and_1():
    own = tm.Activation("own", lambda z: np.maximum(z, 0), lambda z, a: a > 0, None, "he")
    assert tm.check_model(tm.MLP([1, 4, 1], own))


def test_an_activation_is_checked_far_from_0_too():
    slope = lambda z, a: np.where(np.abs(z.real) < 3, 1 - a * a, 1)
    beyond = tm.Activation("beyond", np.tanh, slope, lambda z, a, d: -2 * a * d, "xavier")
    ladder = tm.check_model(tm.MLP([1, 4, 1], beyond))
    assert ladder.broken == "activation"


def test_a_loss_that_is_not_finite_says_for_which_data():
    ladder = tm.check_model(changed(loss=lambda theta, x, y: np.log(x - 100).mean((-2, -1))))
    assert "nan for x from" in said(ladder) and "a batch in the file" in said(ladder)


@pytest.mark.parametrize("seed", range(3))
def test_inputs_are_positive_where_a_loss_wants_them_so(seed):
    def error(theta, x, y):
        return theta[..., :1, None] * np.log(x) + theta[..., 1:, None] - y

    def products(x, e):
        return 2 * np.stack([(e * np.log(x)).mean((-2, -1)), e.mean((-2, -1))], axis=-1)

    line = SimpleNamespace(
        n_params=2, loss=lambda theta, x, y: (error(theta, x, y) ** 2).mean((-2, -1)),
        gradient=lambda theta, x, y: products(x, error(theta, x, y)),
        hvp=lambda theta, x, y, v: products(x, error(v, x, 0 * y)))
    ladder = tm.check_model(line, seed=seed)
    assert ladder and "checked with x positive: the usual x do not fit" in said(ladder)


def test_results_that_are_one_array_each_time_are_right_and_noted():
    buffers = {}

    def gradient(theta, x, y):
        g = NETWORK.gradient(theta, x, y)
        buffer = buffers.setdefault((g.dtype, g.shape), np.empty_like(g))
        buffer[:] = g
        return buffer

    ladder = tm.check_model(changed(gradient=gradient))
    assert ladder and "gradient returns one and the same array each time" in said(ladder)
    theta, (x, y) = point(NETWORK)[0], np.ones((2, 4, 1))
    assert tm.check_hvp(lambda t: gradient(t, x, y), lambda t, v: NETWORK.hvp(t, x, y, v), theta)
    assert "the same array" not in said(tm.check_model(NETWORK))


def test_masked_arrays_of_which_nothing_is_masked_are_numbers():
    gradient = lambda *args: np.ma.masked_invalid(NETWORK.gradient(*args))
    assert tm.check_model(changed(gradient=gradient))
