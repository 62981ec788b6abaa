"""What is wrong with numbers that are wrong: each pattern, and nothing where there is none."""

import numpy as np
import pytest

import tinymeta as tm
from catalogue import (SMALL, WIDE, LearnerMLP, Plain, learner_maml, learner_reptile, plain,
                       planted, point)
from tinymeta.checking.diagnosis import Hints, confirmed
from tinymeta.core.layout import Layout

BLOCKS = [("W1", (2, 3)), ("b1", (3,)), ("W2", (3, 1))]
G = np.array([0.3, -1.2, 2.0, 0.7, -0.4, 1.1, 5.0, -3.0, 0.9, 1.7, -2.2, 0.6])
WHERE = {"W1": slice(6), "b1": slice(6, 9), "W2": slice(9, 12), "every block": slice(12)}


def findings(where, change, **hints):
    """The findings on a gradient that is G, with one block changed."""
    wrong = G.copy()
    wrong[WHERE[where]] = change(G[WHERE[where]].copy())
    report = tm.check_gradient(lambda t: G @ t, wrong, np.zeros(12), BLOCKS, hints=Hints(**hints))
    return report.findings


def with_entry(i, value):
    def change(g):
        g[i] = value
        return g
    return change


def test_the_numbers_of_another_block_are_known_again(rng):
    wrong = G.copy()
    wrong[9:] = wrong[6:9]
    (finding,) = tm.check_gradient(lambda t: G @ t, wrong, np.zeros(12), BLOCKS).findings
    assert finding.where == "W2" and "the numbers of b1" in str(finding)
    method = tm.MetaSGD(tm.MLP([1, 3, 1], "tanh"), 0.1)
    omega, batch = method.init(rng), tm.SinusoidTasks().sample(rng, 3, 4, 5)
    g = method.meta_gradient(omega, batch)[1][:10]
    report = tm.check_gradient(lambda w: method.meta_loss(w, batch), np.concatenate([g, g]), omega,
                               method)
    assert [finding.cause for finding in report.findings] == ["another block"]
    assert "rates: these are the numbers of all blocks before it" in str(report)


@pytest.mark.parametrize("where, change, cause, words", [
    ("every block", lambda g: 2 * g, "factor", "2 times what it should be."),
    ("every block", lambda g: g / 2, "factor", "½ times what it should be."),
    ("every block", lambda g: -g, "sign", "the sign is flipped: ascent?"),
    ("every block", lambda g: 3.7 * g, "factor", "3.7 times what it should be."),
    ("every block", lambda g: 0 * g, "zero", "all zeros: never written, or is a"),
    ("b1", lambda g: 0 * g, "zero", "all zeros: never written, or is a"),
    ("b1", lambda g: -g, "sign", "the sign is flipped."),
    ("b1", lambda g: -g / 2, "factor", "½ times what it should be, and the sign is flipped"),
    ("W1", lambda g: g.reshape(2, 3).T.ravel(), "transposed",
     "transposed: the numbers of a (3, 2) array laid out as (2, 3)"),
    ("W2", lambda g: g[::-1], "order", "the right numbers in another order"),
    ("W1", lambda g: np.repeat(g[::3], 3), "shape",
     "all columns are equal: was a (2, 1) array broadcast onto (2, 3)?"),
    ("W1", lambda g: np.tile(g[:3], 2), "shape",
     "all rows are equal: was a (1, 3) array broadcast onto (2, 3)?"),
    ("every block", lambda g: np.r_[g[6:9], g[:6], g[9:]], "order", "θ is laid out as W1, b1, W2."),
    ("W1", with_entry(5, 7.0), "entry", "1 of 6 entries wrong, at [1, 2]; the others are right"),
    ("W1", with_entry(1, np.nan), "not finite", "NaN or infinite"),
    ("W2", with_entry(0, -np.inf), "not finite", "NaN or infinite"),
    ("b1", lambda g: g + [1, 2, 5], "unknown",
     "differ most at [2]: derived 5.9, expected 0.9, difference 5."),
    ("W1", lambda g: g + [1, 2, 5, 0, 0, 0], "unknown",
     "differ in row 0 alone, most at [0, 2]: derived 7, expected 2, difference 5."),
    ("W1", lambda g: g + [1, 0, 0, 2, 0, 0], "unknown", "differ in column 0 alone, most at [1, 0]"),
    ("every block", lambda g: g + 1e-8, "precision", "right to 5e-09 of the norm and no")],
    ids=plain)
def test_the_cause_is_named_where_the_numbers_show_it(where, change, cause, words):
    (finding,) = findings(where, change)
    assert finding.cause == cause and words in str(finding)
    if cause != "order" and "θ is" not in words:
        assert finding.where == ("W1, b1" if where == "never" else where)


def test_a_line_of_one_block_is_not_said_of_several():
    (finding,) = findings("every block", lambda g: g + np.r_[1, 2, 5, 0, 0, 0, 1, 2, 5, 3, 0, 1])
    assert finding.where == "every block" and "they differ most at [0, 2]" in str(finding)


def test_where_only_some_blocks_are_reordered_into_each_other_they_are_named():
    (finding,) = findings("every block", lambda g: np.r_[g[6:9], g[:6], g[9:]])
    assert finding.where == "W1, b1"


def test_two_mistakes_in_two_blocks_are_two_findings_and_one_in_two_is_one():
    factors = np.r_[[3.7] * 6, [0] * 3, [3.7] * 3]
    found = findings("every block", lambda g: factors * g)
    assert [(one.where, one.cause) for one in found] == [("W1, W2", "factor"), ("b1", "zero")]
    found = findings("every block", lambda g: g + np.r_[np.arange(1, 10), 0, 0, 0])
    assert [(one.where, one.cause) for one in found] == [("W1, b1", "unknown")]


@pytest.mark.parametrize("slope, derived", [(1e6, 0.0), (0.0, 1e6)])
def test_a_block_is_wrong_beside_the_norm_of_the_whole(slope, derived):
    line = lambda t: slope * t[0] + t[1]
    for error, wrong in ((0.5e-6, ["W"]), (1e-6, ["W", "b"])):  # 1e-12 · 1e6 / √2, for each of two
        report = tm.check_gradient(line, np.array([derived, 1 + error]), np.zeros(2),
                                   [("W", (1,)), ("b", (1,))], method="complex")
        assert report.wrong_blocks == wrong


def test_a_few_wrong_entries_are_at_most_a_quarter_and_three_are_listed():
    big, g = [("W", (4, 5))], np.linspace(1, 3, 20) ** 2
    for n, cause in ((1, "entry"), (4, "entry"), (5, "entry"), (6, "unknown")):
        wrong = g + np.r_[np.arange(1, n + 1) ** 2, np.zeros(20 - n)]
        (finding,) = tm.check_gradient(lambda t: g @ t, wrong, np.zeros(20), big).findings
        assert finding.cause == cause
        assert cause == "unknown" or f"{n} of 20 entries wrong, at [0, 0]" in finding.what
        assert ("[0, 1], [0, 2], …" in finding.what) == (cause == "entry" and n > 3)


@pytest.mark.parametrize("factor, words", [
    (5, "K = 5 times what it should be: a sum where the mean is meant?"),
    (1 / 5, "1/K = 1/5 times what it should be: divided twice?"), (10, "2K = 10 times"),
    (2.5, "K/2 = 2.5 times"), (0.4, "2/K = 0.4 times what it should be: divided twice?"),
    (-5, "K = 5 times what it should be, and the sign is flipped"), (4, "4 times")])
def test_a_constant_factor_is_named_by_the_size_that_it_is(factor, words):
    (finding,) = findings("every block", lambda g: factor * g, sizes={"K": 5})
    assert finding.cause == "factor" and finding.what.startswith(words)
    (finding,) = findings("every block", lambda g: 3 * g, sizes={"K": 3, "T": 3, "α": 3})
    assert finding.what.startswith("K = 3 or T = 3 or α = 3 times what it should be: a sum where")
    (finding,) = findings("every block", lambda g: 2 * g, sizes={"K": 1})
    assert finding.what.startswith("2 or 2K = 2 or 2/K = 2 times")


@pytest.mark.parametrize("factor, words", [(2, "a ½ in the loss, or a"), (0.5, "is the 2 of")])
def test_a_2_is_the_square_s_where_the_loss_is_a_square_and_every_block_is_wrong(factor, words):
    (finding,) = findings("every block", lambda g: factor * g, squared=True)
    assert words in finding.what
    (finding,) = findings("W1", lambda g: factor * g, squared=True)
    assert words not in finding.what and finding.cause == "factor"


@pytest.mark.parametrize("where", ["W1", "every block"])
def test_a_difference_in_proportion_to_theta_is_a_penalty_s(where):
    theta = np.linspace(-1, 2, 12)
    part = slice(0, 6) if where == "W1" else slice(None)
    for factor, words in ((-0.1, "is a penalty's share missing"), (0.2, "a penalty twice")):
        change = lambda g: g + factor * theta[part]
        (finding,) = findings(where, change, shares={"θ": theta})
        assert finding.cause == "penalty" and f"{factor} θ: {words}" in finding.what
        (finding,) = findings(where, change, shares={"θ": theta ** 2})
        assert finding.cause == "unknown"


def test_a_limit_is_seen_where_numbers_are_cut_off_or_a_vector_is_shortened():
    (finding,) = findings("every block", lambda g: g * 0.5 / np.linalg.norm(g))
    assert finding.cause == "clipped" and "its norm is exactly 0.5" in finding.what
    (finding,) = findings("every block", lambda g: np.clip(g, -1.5, 1.5))
    assert finding.cause == "clipped" and "beyond 1.5 are cut off" in finding.what
    (finding,) = findings("every block", lambda g: g * 0.5123 / np.linalg.norm(g))
    assert finding.cause == "factor"


def test_numbers_where_there_should_be_none_are_not_a_multiple_of_rounding():
    reference = G * np.repeat([1.0, 1e-17], [9, 3])
    report = tm.compare(reference + np.repeat([0, 7.0], [9, 3]), reference, "g",
                        layout=Layout(BLOCKS))
    (finding,) = report.findings
    assert finding.cause == "should be zero" and finding.where == "W2"


def at_two_settings(first, second):
    """What `confirmed` reports of a check that finds these kinds at two settings."""
    def check(found):
        def report(excluded):
            left = [] if "K times what it should be" in excluded else found
            return tm.CheckReport("", False, findings=left or [tm.Finding("W", "no idea")])
        return report
    return [finding.what for finding in confirmed(check(first), check(second)).findings]


def test_a_cause_that_other_data_explain_in_another_way_is_not_named():
    by_chance = tm.Finding("W", "K = 5 times what it should be", cause="factor")
    constant = tm.Finding("W", "5 times what it should be", cause="factor")
    lasting = tm.Finding("W", "K = 4 times what it should be", cause="factor")
    assert at_two_settings([by_chance], [constant]) == ["no idea"]
    assert at_two_settings([by_chance], [lasting]) == [by_chance.what]
    assert at_two_settings([by_chance], [tm.Finding("W", "no idea")]) == [by_chance.what]
    assert at_two_settings([by_chance], [tm.Finding("b", "2 times", cause="factor")]) \
        == [by_chance.what]


def test_equations_are_those_of_the_weights_of_the_biases_or_of_the_whole():
    tags = {"W": "MLP.5", "b": "MLP.6", "": "MLP.1"}
    for where, tag in (("W1", "MLP.5"), ("b1", "MLP.6"), ("every block", "MLP.1")):
        assert findings(where, lambda g: -g, tags=tags)[0].tag == tag
    two_kinds = findings("every block", lambda g: np.r_[-g[:9], g[9:]], tags=tags)[0]
    assert (two_kinds.where, two_kinds.tag) == ("W1, b1", "MLP.1")
    assert findings("W1", lambda g: -g, tags={"": "MLP.1"})[0].tag == "MLP.1"
    assert findings("W1", lambda g: -g)[0].tag == ""


def test_compare_tells_plain_values_apart_and_from_other_shapes():
    report = tm.compare(-G, G, "values", "WAVE.2")
    (finding,) = report.findings
    assert (finding.where, finding.what, finding.tag) == ("", "the sign is flipped", "WAVE.2")
    assert not report and report.errors == {"difference": 2.0}
    (finding,) = tm.compare(G[:4], G, "values").findings
    assert finding.what == "the shape is (4,); expected (12,)" and finding.cause == "shape"
    assert tm.compare(3, 3.0, "a number") and not tm.compare(3, 3.1, "a number")
    assert tm.compare(G * (1 + 0.9e-10), G, "near") and not tm.compare(G * (1 + 1.1e-10), G, "off")
    assert tm.compare(1.001 * G, G, "loosely", tolerance=1e-2)
    assert not tm.compare(np.nan, 1.0, "lost")


# Numbers that no known mistake gives, and two mistakes at once, in a network.


@pytest.mark.parametrize("where", ["gradient", "hvp", "maml", "reptile"])
def test_numbers_that_no_known_mistake_gives_are_called_nothing_else(where):
    learner, model = LearnerMLP(), tm.MLP(SMALL, "tanh")
    for seed in range(5):
        noise = np.zeros(37)
        noise[12:28] = np.random.default_rng(seed).standard_normal(16)  # W2
        if where == "gradient":
            ladder = tm.check_model(Plain(gradient=lambda *a: learner.gradient(*a) + noise),
                                    *point(learner))
        elif where == "hvp":  # still symmetric
            ladder = tm.check_model(Plain(hvp=lambda *a: learner.hvp(*a) + noise * (noise @ a[-1])),
                                    *point(learner))
        else:
            right = {"maml": learner_maml, "reptile": learner_reptile}[where]
            value = lambda *a: right(*a, learner)[1] if where == "maml" else right(*a, learner)
            noisy = lambda *a: value(*a) + noise
            ladder = tm.check_meta_gradient(noisy, model, *point(model), kind=where)
        assert ladder.wrong_blocks == ["W2"]
        assert [finding.cause for finding in ladder.findings] == ["unknown"]


def test_two_mistakes_in_two_blocks_of_a_network_are_both_named():
    right, first = LearnerMLP(), planted("b2's gradient has the wrong sign").LearnerMLP()
    second = planted("W2's gradient is never written").LearnerMLP()
    both = lambda *a: first.gradient(*a) + second.gradient(*a) - right.gradient(*a)
    ladder = tm.check_model(Plain(gradient=both), *point(right))
    found = [(finding.where, finding.cause, finding.tag) for finding in ladder.findings]
    assert found == [("W2", "zero", "MLP.5"), ("b2", "sign", "MLP.6")]


@pytest.mark.parametrize("widths, mistake, words", [
    ((2, 4, 1), "φ' is forgotten in layer 1", "φ'(z_l) is missing from the errors"),
    ((2, 4, 1), "φ' is evaluated at a, not at z", "φ' is taken at a_l"),
    ((2, 4, 4), "the error goes back through W2, not its transpose", "W_{l+1} stands where its")])
def test_a_mistake_in_a_network_of_one_hidden_layer_is_said_too(widths, mistake, words):
    learner = planted(mistake).LearnerMLP(widths)
    (finding,) = tm.check_model(learner, *point(learner)).findings
    assert words in finding.what and finding.tag == "MLP.4"


def test_a_first_layer_built_from_the_second_s_error_is_said():
    learner = LearnerMLP((2, 3, 1))

    def gradient(theta, x, y):
        g = learner.gradient(theta, x, y)
        delta = learner.score1(learner.forward(theta, x)[2][-1], y)  # (K, 1)
        g[:6] = np.broadcast_to(x.T @ delta, (2, 3)).ravel()
        return g

    (finding,) = tm.check_model(Plain(learner, gradient=gradient), *point(learner)).findings
    assert "W1 is built from the next layer's error δ_2" in finding.what and finding.tag == "MLP.5"


CHANGES = {0.0: "is missing", -1.0: "has the wrong sign", 2.0: "is taken twice", 0.5: "is halved"}


@pytest.mark.parametrize("widths", [WIDE, (2, 3)], ids=str)
def test_a_bias_s_term_of_a_product_is_named_with_its_layer_and_its_change(widths):
    learner = LearnerMLP(widths)
    layers = range(1, len(widths))
    for l in layers:
        name = f"b{l}"
        (block,) = [place for one, _, place in tm.MLP(widths).layout if one == name]
        for factor, change in CHANGES.items():
            def direction_of_b(theta, x, y, v):  # c_l enters in one place
                v = np.array(v)
                v[..., block] *= factor
                return learner.hvp(theta, x, y, v)

            model = Plain(learner, hvp=direction_of_b, blocks=learner.blocks)
            said = [finding.what for finding in tm.check_model(model, *point(learner)).findings]
            term = f"the term c_l {change}" + ("" if len(layers) == 1 else f" for l = {l}")
            assert any(term in what for what in said), (name, said)
