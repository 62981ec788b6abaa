"""Protocols, settings and recipes: the objects that they describe are the published ones."""

import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinymeta as tm
from tinymeta.app.protocols import PROTOCOLS, finn2017, quick, reptile2018
from tinymeta.app.recipes import COMPARED, METHODS
from tinymeta.app.settings import Settings, build, settings_from

PUBLISHED = ["quick", "finn2017", "reptile2018"]
EVERY = [(protocol, method) for protocol in PUBLISHED for method in COMPARED]
MAY_BE_NONE = {"inner_batch": 0, "max_norm": 0.0, "grid": 0, "eval_queries": 0}


def test_finn2017_has_the_published_settings():
    s, parts = finn2017(), build(finn2017())
    model = parts.method.model
    assert (model.widths, model.activation.name, s.init) == ([1, 40, 40, 1], "relu", "he")
    assert (parts.method.alpha, parts.method.steps, parts.method.first_order) == (0.01, 1, False)
    assert (parts.n_support, parts.n_query, s.n_tasks, s.iterations) == (10, 10, 25, 70_000)
    assert type(parts.optimizer) is tm.Adam and parts.optimizer.learning_rate == 1e-3
    assert parts.optimizer.max_norm is None
    assert parts.tasks.ranges == {"amplitude": (0.1, 5.0), "phase": (0.0, np.pi)}
    assert parts.tasks.x_range == (-5.0, 5.0)
    assert parts.tasks.grid is None and parts.tasks.noise == 0
    assert (s.eval_shots, s.eval_queries, s.eval_steps, s.seed) == ((5, 10), None, 10, 0)
    assert s == Settings() and s.dtype == "float32"


def test_reptile2018_has_the_published_settings():
    s, parts = reptile2018(), build(reptile2018())
    method, model = parts.method, parts.method.model
    assert (model.widths, model.activation.name, s.init) == ([1, 64, 64, 1], "tanh", "uniform")
    assert type(method) is tm.Reptile
    assert (method.alpha, method.steps, method.batch_size) == (0.02, 5, 10)
    assert (parts.n_support, s.n_tasks, s.iterations) == (50, 1, 30_000)
    assert type(parts.optimizer) is tm.SGD
    rates = [parts.optimizer.learning_rate(n) for n in (0, 15_000, 30_000)]
    assert_allclose(rates, [0.1, 0.05, 0.0])
    assert parts.tasks.ranges == {"amplitude": (0.1, 5.0), "phase": (0.0, 2 * np.pi)}
    assert (parts.tasks.grid, s.shots, s.queries) == (50, 10, 40)
    assert (s.eval_shots, s.eval_queries, s.eval_steps) == ((10,), 50, 32)


@pytest.mark.parametrize("method", sorted(set(COMPARED) - {"reptile"}))
def test_other_methods_than_reptile_get_adam_in_reptile2018(method):
    optimizer = build(reptile2018(method)).optimizer
    assert type(optimizer) is tm.Adam
    assert_allclose([optimizer.learning_rate(n) for n in (0, 15_000, 30_000)], [1e-3, 5e-4, 0])


@pytest.mark.parametrize("method", COMPARED)
def test_quick_is_finn2017_in_6000_iterations_at_a_falling_rate(method):
    assert quick(method) == replace(finn2017(method), iterations=6000, learning_rate=0.01,
                                    decay=True, init="xavier", eval_shots=(10,))
    rate = build(quick(method)).optimizer.learning_rate
    assert_allclose([rate(n) for n in (0, 3000, 6000)], [0.01, 0.005, 0.0])


@pytest.mark.parametrize("protocol", PUBLISHED)
def test_every_method_gets_the_same_points_tasks_and_iterations(protocol):
    budgets = set()
    for name in COMPARED:
        s, parts = PROTOCOLS[protocol](name), build(PROTOCOLS[protocol](name))
        own_query = parts.n_query if isinstance(parts.method, tm.MAML) else 0
        budgets.add((s.iterations, s.n_tasks, parts.n_support + own_query, s.alpha, s.seed))
        assert s.method == name and parts.method.alpha == s.alpha
    assert len(budgets) == 1


def test_the_five_methods_are_what_their_labels_say():
    made = {
        recipe.label: build(finn2017(name))
        for name, recipe in METHODS.items() if name in COMPARED
    }
    kinds = {"MAML": tm.MAML, "first-order MAML": tm.MAML, "Reptile": tm.Reptile,
             "joint training": tm.JointTraining, "oracle": tm.JointTraining}
    assert {label: type(parts.method) for label, parts in made.items()} == kinds
    assert made["first-order MAML"].method.first_order and not made["MAML"].method.first_order
    for label, parts in made.items():
        told = label == "oracle"
        assert parts.method.model.widths == [3 if told else 1, 40, 40, 1]
        batch = parts.tasks.sample(np.random.default_rng(0), 2, 3, 4)
        assert batch.x_support.shape == (2, 3, 3 if told else 1)
    for name in ("maml", "fomaml", "reptile"):
        assert build(Settings(name, inner_steps=3)).method.steps == 3
    # On a new task all but the oracle are adapted.
    assert [name for name in METHODS if not METHODS[name].adapted] == ["oracle"]


@pytest.mark.parametrize("protocol, name", EVERY)
def test_the_oracle_takes_no_steps_at_test_time_and_reptile_five_on_tens(protocol, name):
    s, steps = PROTOCOLS[protocol](name), 32 if protocol == "reptile2018" else 10
    assert s.eval_steps == (0 if name == "oracle" else steps)
    assert (s.inner_steps, s.inner_batch) == ((5, 10) if name == "reptile" else (1, None))
    assert PROTOCOLS[protocol]("cavia").alpha == 1.0  # which needs no small step


@pytest.mark.parametrize("inner_batch, expected", [(None, None), (3, 3), (7, 7), (8, 7)])
def test_reptile_s_minibatch_is_at_most_all_points(inner_batch, expected):
    settings = Settings("reptile", shots=3, queries=4, inner_batch=inner_batch)
    assert build(settings).method.batch_size == expected


@pytest.mark.parametrize("name, value, found", [
    ("phase", (0.0, 1.0), lambda parts: parts.tasks.ranges.get("phase", (0.0, 1.0))),
    ("grid", 30, lambda parts: parts.tasks.grid)], ids=str)
@pytest.mark.parametrize("tasks", ["sinusoid", "lines"])
def test_a_setting_without_an_option_reaches_its_object(tasks, name, value, found):
    assert found(build(Settings(tasks=tasks, **{name: value}))) == value


# In files.


@pytest.mark.parametrize("protocol, name", EVERY)
def test_settings_survive_the_way_through_json(protocol, name):
    settings = PROTOCOLS[protocol](name)
    assert settings_from(json.loads(json.dumps(settings.as_dict()))) == settings


@pytest.mark.parametrize("name, zero", MAY_BE_NONE.items())
def test_no_such_setting_is_none_in_the_code_and_zero_in_files(name, zero):
    stored = Settings(**{name: None}).as_dict()[name]
    assert stored == zero and type(stored) is type(zero)
    assert getattr(settings_from({name: zero}), name) is None
    assert getattr(settings_from({name: 3}), name) == 3
    assert Settings(**{name: 3}).as_dict()[name] == 3


def test_settings_are_plain_and_cannot_be_changed():
    assert Settings().as_dict()["widths"] == [1, 40, 40, 1]
    assert settings_from({"widths": [1, 5, 1], "seed": 0}) == Settings(widths=(1, 5, 1))
    with pytest.raises(ValueError, match=r"\['colour', 'shape'\]"):
        settings_from({"shape": 2, "colour": 1})
    with pytest.raises(FrozenInstanceError):
        Settings().alpha = 1.0


# Settings that cannot be.


@pytest.mark.parametrize("name, fewest", [
    *[(name, 1) for name in ("shots", "queries", "n_tasks", "iterations", "inner_steps",
                             "inner_batch", "eval_queries")],
    ("eval_steps", 0), ("seed", 0), ("grid", 20)])
def test_a_setting_may_be_its_fewest_and_no_fewer(name, fewest):
    build(Settings(**{"eval_steps": 10_000, name: fewest}))
    with pytest.raises(ValueError, match=name if name != "grid" else "20 points"):
        build(Settings(**{name: fewest - 1}))


@pytest.mark.parametrize("changes, words", [
    ({"method": "sgd"}, "method is 'sgd'"), ({"optimizer": "lbfgs"}, "optimizer is 'lbfgs'"),
    ({"learning_rate": 0.0}, "learning_rate is 0.0"), ({"max_norm": 0.0}, "max_norm is 0.0"),
    ({"alpha": 0.0}, "alpha is 0.0"), ({"eval_shots": ()}, "eval_shots is empty"),
    ({"widths": (1, 4, 2)}, "widths is .1, 4, 2."), ({"widths": (2, 4, 1)}, "first and the last"),
    ({"widths": (1,)}, "at least two numbers"), ({"activation": "step"}, "activation"),
    ({"grid": 30, "eval_queries": 31}, "ask for 31 points; expected at most 30"),
    ({"grid": 30, "eval_shots": (5, 32)}, "ask for 32 points"),
    ({"grid": 30, "queries": 21}, "ask for 31 points")], ids=str)
def test_settings_that_cannot_be_are_named(changes, words):
    with pytest.raises(ValueError, match=words):
        build(Settings(**changes))


def test_a_setting_without_a_none_must_be_a_number():
    with pytest.raises(TypeError, match="shots is None"):
        build(Settings(shots=None))


def test_a_network_may_have_no_hidden_layer():
    assert build(Settings(widths=(1, 1))).method.model.widths == [1, 1]
