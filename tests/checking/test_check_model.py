"""check_model: what it accepts as a model, what breaks which rung, and what it says of it."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import tinymeta as tm
from catalogue import (SMALL, WIDE, LearnerLinear, LearnerMLP, Plain, package_parts, planted,
                       point)
from conftest import random_batch, random_theta

RUNGS = ["loss", "gradient", "Hessian × vector", "a batch of tasks",
         "MAML, 1 step", "MAML, 2 steps", "MAML, 5 steps"]
each_function = pytest.mark.parametrize("name, rung", [
    ("loss", "loss"), ("gradient", "gradient"), ("hvp", "Hessian × vector")])


def causes(ladder):
    return {finding.cause for finding in ladder.findings}


@pytest.mark.parametrize("learner", [LearnerMLP(), LearnerMLP(WIDE, "relu"), LearnerLinear(),
                                     Plain()], ids=["tanh", "relu", "linear", "three functions"])
def test_a_right_model_climbs_the_whole_ladder(learner):
    for ladder in (tm.check_model(learner), tm.check_model(learner, *point(learner))):
        assert ladder and ladder.broken is None and list(ladder.rungs) == RUNGS
        assert not ladder.untried and not ladder.findings and str(ladder).startswith("PASS")


def in_single(numbers):
    return numbers.astype(np.complex64 if np.iscomplexobj(numbers) else np.float32)


@pytest.mark.parametrize("activation, rounded, seed", [
    ("tanh", ["gradient", "hvp"], 3), ("tanh", ["hvp"], 0), ("relu", ["gradient"], 19)])
def test_maml_is_held_to_no_more_digits_than_its_model_has(activation, rounded, seed):
    """The loss is in double, so that single precision does not show in it."""
    right = tm.MLP([1, 5, 1], activation)
    parts = {name: getattr(right, name)
             for name in ("loss", "gradient", "hvp", "init", "blocks", "n_params")}
    for name in rounded:
        parts[name] = lambda *arguments, name=name: in_single(getattr(right, name)(*arguments))
    ladder = tm.check_model(SimpleNamespace(**parts), seed=seed)
    assert ladder and "single precision" in str(ladder)


def test_a_model_may_have_one_parameter_and_no_init():
    error = lambda t, x, y: t * x[..., 0] - y[..., 0]  # (..., K)
    slope = lambda t, x, y: 2 * (error(t, x, y) * x[..., 0]).mean(axis=-1)[..., None]
    model = SimpleNamespace(n_params=1, loss=lambda t, x, y: (error(t, x, y) ** 2).mean(axis=-1),
                            gradient=slope, hvp=lambda t, x, y, v: slope(v, x, 0 * y))
    assert tm.check_model(model)


def with_decay(base, c):
    """A subclass with weight decay: ½ c |θ|² added to the loss, and consistently to the rest."""
    class Decayed(base):
        def loss(self, theta, x, y):
            return super().loss(theta, x, y) + 0.5 * c * (theta * theta).sum(axis=-1)

        def gradient(self, theta, x, y):
            return super().gradient(theta, x, y) + c * theta

        def hvp(self, theta, x, y, v):
            return super().hvp(theta, x, y, v) + c * v

    return Decayed


def with_wrong_gradient(base):
    """A subclass whose gradient alone is overridden, wrongly."""
    class Wrong(base):
        def gradient(self, theta, x, y):
            return super().gradient(theta, x, y) + theta

    return Wrong


@pytest.mark.parametrize("base", [tm.MLP, tm.FastMLP])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_subclass_with_weight_decay_is_checked_by_its_own_methods(base, activation, rng):
    c, plain = 0.3, base([1, 5, 4, 1], activation)
    model = with_decay(base, c)([1, 5, 4, 1], activation)
    ladder = tm.check_model(model)
    assert ladder and len(ladder.rungs) == 9
    for name in RUNGS[-3:]:
        assert ladder.rungs[name].errors["complex step"] < 1e-12
    theta, batch = random_theta(model, rng), random_batch(model, rng)
    for steps in (1, 2):
        losses = []
        for x, y, x_query, y_query in zip(*batch.arrays(theta)):
            path = theta
            for _ in range(steps):
                path = path - 0.1 * (plain.gradient(path, x, y) + c * path)
            losses.append(plain.loss(path, x_query, y_query) + 0.5 * c * path @ path)
        found = tm.MAML(model, 0.1, steps).meta_loss(theta, batch)
        assert abs(found - np.mean(losses)) < 1e-12 * found
        assert found > 1.01 * tm.MAML(plain, 0.1, steps).meta_loss(theta, batch)


@pytest.mark.parametrize("make", [
    lambda: with_wrong_gradient(tm.MLP)([1, 5, 4, 1], "tanh"),
    lambda: with_wrong_gradient(tm.FastMLP)([1, 5, 4, 1], "tanh"),
    lambda: with_wrong_gradient(tm.Linear)(1, 1)], ids=["MLP", "FastMLP", "Linear"])
def test_a_subclass_whose_gradient_alone_is_wrong_fails_on_that_rung(make):
    model = make()
    theta, batch = point(model)
    report = tm.check_model(model, theta, batch).rungs["gradient"]
    x, y = batch.x_support[0], batch.y_support[0]
    right = super(type(model), model).gradient(theta, x, y)
    error = np.linalg.norm(theta) / max(np.linalg.norm(right), np.linalg.norm(right + theta))
    for found in report.errors.values():
        assert abs(found - error) < 1e-6
    assert not report and tm.check_model(model, theta, batch).broken == "gradient"


@pytest.mark.parametrize("name, reduced", [
    ("loss", lambda values: values.mean()), ("gradient", lambda values: values.sum(axis=0)),
    ("hvp", lambda values: values[0])])
def test_results_of_several_tasks_that_are_made_one_break_the_rung_of_tasks(name, reduced):
    right = getattr(LearnerMLP(), name)
    wrong = Plain(**{name: lambda *arguments: reduced(right(*arguments))
                     if arguments[1].ndim == 3 else right(*arguments)})
    ladder = tm.check_model(wrong)
    assert ladder.broken == "a batch of tasks" and causes(ladder) == {"axis"}


@pytest.mark.parametrize("n_params", [2.0, "13", [13], True])
def test_a_number_of_parameters_that_maml_would_refuse_is_refused_here(n_params):
    model = Plain()
    model.n_params, model.init = n_params, lambda rng: rng.normal(size=13)
    with pytest.raises(TypeError, match="model.n_params is .*; expected a whole number"):
        tm.check_model(model)


@pytest.mark.parametrize("name, rung", [("gradient", "gradient"), ("hvp", "Hessian × vector")])
def test_what_is_nan_is_no_mix_of_tasks_and_no_asymmetry(name, rung):
    right = getattr(LearnerMLP(), name)
    ladder = tm.check_model(Plain(**{name: lambda *arguments: np.nan * right(*arguments)}))
    assert ladder.broken == rung and ladder.rungs["a batch of tasks"]
    assert "symmetric" not in str(ladder) and "NaN or infinite" in str(ladder)


@pytest.mark.parametrize("name", ["gradient", "hvp"])
def test_a_vector_of_another_length_is_no_fault_of_the_other_one(name):
    wrong = Plain(**{name: lambda theta, *arguments: np.zeros(theta.size + 1)})
    ladder = tm.check_model(wrong)
    broken = {rung for rung, report in ladder.rungs.items() if not report}
    assert broken == {"gradient" if name == "gradient" else "Hessian × vector"}
    assert "broadcast" not in str(ladder)


def test_a_model_that_reaches_over_the_tasks_throughout_is_not_taken_for_one_task():
    def error(t, x, c):
        centred = x - x.mean(axis=tuple(range(x.ndim - 1)))  # (T, K, 1): over the tasks too
        return t[..., :1, None] * centred + t[..., 1:, None] - c, centred

    def gradient(t, x, y):
        e, centred = error(t, x, y)
        return 2 * np.stack([(e * centred).mean(axis=(-2, -1)), e.mean(axis=(-2, -1))], axis=-1)

    model = SimpleNamespace(n_params=2, gradient=gradient, hvp=lambda t, x, y, v: gradient(v, x, 0),
                            loss=lambda t, x, y: (error(t, x, y)[0] ** 2).mean(axis=(-2, -1)))
    assert tm.check_model(model).broken == "a batch of tasks"


def test_a_model_of_one_task_may_have_an_hvp_that_is_right_for_several():
    model = SimpleNamespace(n_params=2, loss=lambda t, x, y: y.mean() * t.sum() + 0.1 * t @ t,
                            gradient=lambda t, x, y: y.mean() + 0.2 * t,
                            hvp=lambda t, x, y, v: 0.2 * v)
    assert tm.check_model(model)


def test_an_hvp_that_follows_a_wrong_gradient_is_said_to_do_so():
    right = LearnerMLP()
    model = Plain(gradient=lambda *a: right.gradient(*a) + a[0],
                  hvp=lambda *a: right.hvp(*a) + a[-1])
    report = tm.check_model(model).rungs["Hessian × vector"]
    assert not report and "the derivative of the gradient as it stands" in str(report)


def test_blocks_may_be_given_for_a_model_that_has_none():
    learner = planted("b2's gradient has the wrong sign").LearnerMLP()
    ladder = tm.check_model(Plain(learner), *point(learner), blocks=learner.blocks)
    assert ladder.broken == "gradient" and ladder.wrong_blocks == ["b2"]


def real_only(base):
    """A learner's network that turns whatever it gets into real numbers, silently."""
    class RealOnly(base):
        def loss(self, theta, x, y):
            return super().loss(np.asarray(theta).real, x, y)

        def gradient(self, theta, x, y):
            return super().gradient(np.asarray(theta).real, x, y)

    return RealOnly()


def refuses_complex(base):
    """A learner's network that will have nothing but real numbers."""
    class RefusesComplex(base):
        def forward(self, theta, x):
            if np.iscomplexobj(theta):
                raise TypeError("real numbers, please")
            return super().forward(theta, x)

    return RefusesComplex()


@pytest.mark.parametrize("made_of", [real_only, refuses_complex])
def test_a_model_for_real_numbers_alone_is_checked_by_central_differences(made_of):
    ladder = tm.check_model(made_of(LearnerMLP), *point(LearnerMLP()))
    assert ladder and list(ladder.rungs["gradient"].errors) == ["central differences"]
    for name, block in (("b2's gradient has the wrong sign", "b2"),
                        ("the product's b1 has the wrong sign", "b1")):
        ladder = tm.check_model(made_of(planted(name).LearnerMLP), *point(LearnerMLP()))
        assert ladder.wrong_blocks == [block] and "sign" in causes(ladder)


def off_the_end(theta, *_):
    return theta[theta.size + 3]


def calls_another(theta, *arguments):
    return off_the_end(theta, *arguments)


def solves(theta, *_):
    return np.linalg.solve(np.zeros((2, 2)), theta[:2])


def parses(theta, *_):
    return json.loads("[")


def builds(theta, *_):
    return tm.MLP([3]).loss(theta)


@each_function
def test_an_exception_in_a_model_is_a_finding_with_its_line(name, rung):
    ladder = tm.check_model(Plain(**{name: off_the_end}))
    text, line = str(ladder), off_the_end.__code__.co_firstlineno + 1
    assert ladder.broken == rung and causes(ladder) == {"error"}
    assert f"IndexError" in text and "theta[theta.size + 3]" in text and f"line {line}" in text


@pytest.mark.parametrize("function, line", [
    (calls_another, "return theta[theta.size + 3]"), (solves, "return np.linalg.solve"),
    (parses, "return json.loads"), (builds, "return tm.MLP")],
    ids=["own", "NumPy", "Python", "package"])
def test_the_line_of_an_exception_is_the_innermost_of_one_s_own(function, line):
    (finding,) = tm.check_model(Plain(gradient=function)).findings
    own = off_the_end if function is calls_another else function
    assert f"line {own.__code__.co_firstlineno + 1}: `{line}" in finding.what


@pytest.mark.parametrize("init, words", [
    (lambda rng: 1 / 0, "→ ZeroDivisionError: division by zero, line "),
    (lambda rng: rng.sample(), "has no attribute 'sample'")])
def test_an_exception_in_init_is_a_finding(init, words):
    right = tm.MLP([1, 2, 1])
    functions = {name: getattr(right, name) for name in ("loss", "gradient", "hvp")}
    ladder = tm.check_model(SimpleNamespace(init=init, **functions))
    assert not ladder and words in " ".join(str(ladder).split())
    assert ladder.untried == ["loss", "gradient", "hvp"]


def test_the_blocks_of_a_model_may_come_one_by_one():
    right = tm.MLP([1, 2, 1])
    assert tm.check_model(right, blocks=zip(right.layout.names, right.layout.shapes))


def test_what_is_not_written_yet_is_said_to_be_so():
    def not_written(*_):
        raise NotImplementedError("equation [HVP.4] goes here")

    for gives, words in ((not_written, "not written yet: equation [HVP.4] goes here."),
                         (None, "not written yet: the model has no hvp.")):
        ladder = tm.check_model(Plain(hvp=gives))
        assert ladder.broken == "Hessian × vector" and ladder.untried == RUNGS[4:]
        assert words in str(ladder) and causes(ladder) == {"not written"}
        assert "○ Hessian × vector  not written yet" in str(ladder)


@pytest.mark.parametrize("returned", [[[1.0, 2.0], [3.0]], object(), (1.0, 2.0, 3.0), np.zeros(0)],
                         ids=["lists", "an object", "a tuple", "an empty array"])
def test_a_wrong_return_type_is_a_finding(returned):
    for name, rung in (("loss", "loss"), ("gradient", "gradient"), ("hvp", "Hessian × vector")):
        ladder = tm.check_model(Plain(**{name: lambda *_: returned}))
        assert ladder.broken == rung and str(ladder) and causes(ladder) == {"shape"}


@pytest.mark.parametrize("name, result, cause, words", [
    ("loss", lambda right: "much", "shape", "loss(theta, x, y) returned str 'much'; expected o"),
    ("loss", lambda right: "x" * 99, "shape", f"returned str '{'x' * 75}; expected"),
    ("loss", lambda right: None, "shape", "None (is a `return` missing?)"),
    ("gradient", lambda right: [right[:9], right[9:]], "shape", "np.concatenate([part.ravel()"),
    ("gradient", lambda right: right.astype(object), "shape", "an array of dtype object; expected"),
    ("gradient", lambda right: right[:4], "shape", "has shape (4,); expected (13,)"),
    ("gradient", lambda right: right + np.random.default_rng().random(13), "not repeatable",
     "does it draw at random"),
    ("hvp", lambda right: exit(), "error", "SystemExit")],
    ids=["text", "long text", "nothing", "a list of parts", "objects", "short", "random", "exit()"])
def test_what_a_learner_s_function_should_not_do_is_a_finding(name, result, cause, words):
    right = tm.MLP([1, 4, 1], "tanh")
    wrong = lambda *arguments: result(getattr(right, name)(*arguments))
    ladder = tm.check_model(Plain(right, **{name: wrong}))
    assert causes(ladder) == {cause} and words in ladder.findings[0].what


def test_a_function_that_uses_what_the_loss_has_kept_is_called_so():
    right, kept = tm.MLP([1, 4, 1], "tanh"), []

    def loss(theta, x, y):
        kept[:] = theta, x, y
        return right.loss(theta, x, y)

    wrong = {"gradient": lambda theta, x, y: right.gradient(*kept),
             "hvp": lambda theta, x, y, v: right.hvp(kept[0], x, y, v)}
    for name, function in wrong.items():
        ladder = tm.check_model(Plain(right, loss=loss, **{name: function}))
        assert ladder.findings[0].what.startswith(f"{name} gives other numbers after loss")


@each_function
def test_exit_in_a_learner_s_code_does_not_end_the_one_who_checks_it(name, rung):
    def leave(*arguments):
        raise SystemExit

    ladder = tm.check_model(Plain(**{name: leave}))
    assert ladder.broken == rung and ladder.findings[0].what.startswith("SystemExit, line ")
    if name != "hvp":
        with pytest.raises(RuntimeError, match=r"exit\(\) was called"):
            tm.check_gradient(leave, leave, np.ones(3))


def test_a_gradient_that_returns_nothing_is_said_once():
    ladder = tm.check_model(Plain(gradient=lambda theta, x, y: print(end="")))
    assert [name for name, report in ladder.rungs.items() if not report] == ["gradient"]


@each_function
def test_what_is_not_finite_is_a_finding(name, rung):
    right = getattr(Plain(), name)
    for value in (np.nan, -np.inf):
        ladder = tm.check_model(Plain(**{name: lambda *arguments: right(*arguments) + value}))
        assert ladder.broken == rung and causes(ladder) == {"not finite"}


def beside_a_kink(z):
    """A point at which unit 1 of the ReLU network 1-2-1 has the input z for the first example."""
    theta = np.array([1.0, -0.7, z - 1.0, 0.4, 0.9, -1.1, 0.2])
    _, batch = point(tm.MLP([1, 2, 1]))
    x, y = batch.x_support.copy(), batch.y_support
    x[0, 0] = 1.0
    return theta, tm.Batch(x, y, batch.x_query, batch.y_query)


@pytest.mark.parametrize("z", [1e-7, -1e-7, 0.0])
def test_a_kink_of_relu_is_told_from_a_mistake(z):
    for model in (tm.MLP([1, 2, 1]), LearnerMLP([1, 2, 1], "relu")):
        assert tm.check_model(model, *beside_a_kink(z))
    summed = planted("the gradient is summed over the examples").LearnerMLP([1, 2, 1], "relu")
    ladder = tm.check_model(summed, *beside_a_kink(z))
    assert ladder.broken == "gradient" and causes(ladder) == {"factor"}


def changed(part, **functions):
    """The settings of a network with one part changed."""
    return {part: {"activation": tm.tanh, "loss": tm.squared_error}[part]._replace(**functions)}


def count(f):
    return f.shape[-1] * f.shape[-2]


@pytest.mark.parametrize("rung, tag, settings", [
    ("activation", "MLP.4", changed("activation", derivative=lambda z, a: 1 - a)),
    ("activation", "MLP.4",
     changed("activation", derivative=lambda z, a: 1.00000001 * (1 - a * a))),
    ("activation", "HVP.4", changed("activation", second_derivative=lambda z, a, d: 2 * a * d)),
    ("activation", "HVP.4", changed("activation", second_derivative=None)),
    ("loss function", "LOSS.2", changed("loss", gradient=lambda f, y: (f - y) / count(f))),
    ("loss function", "LOSS.3", changed("loss", curvature=lambda f, y, f_dot: f_dot / count(f)))],
    ids=["slope", "eighth digit", "curve", "no curve", "loss gradient", "loss curvature"])
def test_a_wrong_part_is_found_before_the_model_that_it_is_in(rung, tag, settings):
    model = tm.MLP(WIDE, **{"activation": "tanh", **settings})
    ladder = tm.check_model(model, *point(model))
    assert ladder.broken == rung and {finding.tag for finding in ladder.findings} == {tag}


def test_right_parts_have_their_rungs_after_the_loss_even_for_real_numbers_alone():
    def of_real_numbers(z):
        if np.iscomplexobj(z):
            raise TypeError("real numbers, please")
        return np.tanh(z)

    for activation in ("relu", tm.tanh._replace(value=of_real_numbers)):
        ladder = tm.check_model(tm.MLP(WIDE, activation))
        assert ladder and list(ladder.rungs) == ["loss", "activation", "loss function", *RUNGS[1:]]


@pytest.mark.parametrize("factor, notes", [(1, 0), (4, 0), ("K", 1)])
def test_a_loss_that_is_a_sum_is_noted(factor, notes):
    right = LearnerMLP()
    times = lambda f: lambda theta, x, *more: (
        (x.shape[-2] if factor == "K" else factor) * f(theta, x, *more))
    functions = {name: times(getattr(right, name)) for name in ("loss", "gradient", "hvp")}
    summed = Plain(right, **functions)
    ladder = tm.check_model(summed, *point(right))
    assert ladder and len(ladder.rungs["loss"].notes) == notes
    assert ("so that α does not grow with K" in str(ladder)) == (notes == 1)


def test_a_warning_in_a_learner_s_code_is_no_error():
    right = LearnerMLP()
    noisy = lambda *arguments: (np.zeros(0).mean(), right.loss(*arguments))[1]
    assert tm.check_model(Plain(loss=noisy), *point(right))


def test_plain_functions_are_called_so():
    learner = LearnerMLP()
    plain = SimpleNamespace(loss=learner.loss, gradient=learner.gradient, hvp=learner.hvp)
    report = tm.check_model(plain, *point(learner))
    assert str(report).startswith("PASS  model of plain functions, P = 37")
    assert str(tm.check_model(learner)).startswith("PASS  model LearnerMLP, P = 37")


# Which network has the model's loss: its equations are cited, and its known mistakes looked for.


@pytest.mark.parametrize("widths, more", [
    ([2, 3], {}), ([2, 1, 3], {}), ([2, 3, 3, 3, 2], {}), ([1, 64, 1], {}),
    ([2, 3, 5, 1], {"widths": (2, 3, 5, 1)}),
    ([2, 3, 5, 1], {"blocks": LearnerMLP((2, 3, 5, 1)).blocks})], ids=str)
def test_a_network_is_known_by_its_loss_its_widths_or_its_blocks(widths, more):
    for activation in ("tanh", "relu"):
        mistake = "the bias gradients are averaged over the examples"
        learner = planted(mistake).LearnerMLP(widths, activation)
        ladder = tm.check_model(Plain(learner, **more), *point(learner))
        assert ladder.wrong_blocks == [f"b{l}" for l in range(1, len(widths))]
        assert ladder.findings[0].tag == ("LIN.2" if len(widths) == 2 else "MLP.6")


@pytest.mark.parametrize("change", [lambda t: ((t - point(LearnerMLP())[0]) ** 2).sum(axis=-1),
                                    lambda t: 1e-7 * (t * t).sum(axis=-1)],
                         ids=["equal at theta alone", "nearly equal"])
def test_another_loss_is_that_of_no_network(change):
    learner = planted("the bias gradients are averaged over the examples").LearnerMLP()
    other = Plain(learner, loss=lambda t, x, y: learner.loss(t, x, y) + change(t),
                  widths=list(SMALL))
    (finding, *_) = tm.check_model(other, *point(learner)).findings
    assert (finding.tag, finding.where) == ("", "theta")


def test_a_network_is_known_with_its_own_activation_and_loss():
    activation, loss = package_parts("softplus", "log cosh")
    learner = planted("ȧ is ż, without φ'").LearnerMLP(SMALL, "softplus", "log cosh")
    for parts, tag in (({"activation": activation, "loss_function": loss}, "HVP.2"), ({}, "")):
        ladder = tm.check_model(Plain(learner, **parts), *point(learner))
        assert ladder.findings[0].tag == tag


def test_a_linear_model_s_equations_are_named_on_its_features():
    class Wrong(tm.Linear):
        def gradient(self, theta, x, y):
            return super().gradient(theta, x, y) * np.r_[np.ones(4), -np.ones(2)]

    class Decayed(Wrong):
        def loss(self, theta, x, y):
            return super().loss(theta, x, y) + 0.1 * (theta * theta).sum(axis=-1)

    for kind, tag in ((Wrong, "LIN.2"), (Decayed, "")):
        model = kind(1, 2, features=tm.sine_features)
        assert tm.check_model(model, *point(model)).findings[0].tag == tag
