"""check_meta_gradient and check_adapt: methods that are right, planted ones, and what is said."""

import numpy as np
import pytest

import tinymeta as tm
from catalogue import CATALOGUE, SMALL, LearnerMLP, learner_adapt, learner_maml, learner_reptile, point
from test_catalogue import ladder_of

MODEL = tm.MLP(SMALL, "tanh")
THETA, BATCH = point(MODEL)
SUPPORT, TASK = (BATCH.x_support, BATCH.y_support), (BATCH.x_support[0], BATCH.y_support[0])
MAKERS = {"maml": tm.MAML, "first-order maml": lambda *settings: tm.MAML(*settings, True),
          "reptile": tm.Reptile}


def check(function, steps=(1, 2, 5), kind="maml", alpha=0.05, model=MODEL):
    """The ladder of a meta-gradient at the catalogue's point."""
    return tm.check_meta_gradient(function, model, *point(model), alpha, steps, kind)


def check_adapt(function, steps=(1, 2, 5)):
    return tm.check_adapt(function, MODEL, THETA, *TASK, steps=steps)


def causes(ladder):
    return {finding.cause for finding in ladder.findings}


@pytest.mark.parametrize("kind, learner", [
    ("maml", learner_maml), ("reptile", learner_reptile),
    ("first-order maml", lambda *arguments: learner_maml(*arguments, first_order=True))])
def test_a_learner_s_right_method_climbs_the_whole_ladder(kind, learner):
    ladder = check(lambda *arguments: learner(*arguments, LearnerMLP()), kind=kind)
    assert ladder and list(ladder.rungs) == ["1 step", "2 steps", "5 steps"]
    assert str(ladder).startswith(f"PASS  {kind} meta-gradient, α = 0.05, P = 37")


@pytest.mark.parametrize("returns", ["the end", "the trajectory, rightly"])
def test_a_learner_s_right_adaptation_climbs_the_whole_ladder(returns):
    ladder = check_adapt(lambda *arguments: learner_adapt(*arguments, LearnerMLP(), returns))
    assert ladder and list(ladder.rungs) == ["1 step", "2 steps", "5 steps"]


def test_methods_are_tried_at_0_05_with_1_2_and_5_steps_unless_told_otherwise():
    asked = []

    def adapt(theta, x, y, alpha, steps):
        asked.append((alpha, steps))
        return tm.adapt(MODEL, theta, x, y, alpha, steps)

    def meta_gradient(theta, batch, alpha, steps):
        asked.append((alpha, steps))
        return tm.MAML(MODEL, alpha, steps).meta_gradient(theta, batch)

    assert tm.check_adapt(adapt, MODEL, THETA, *TASK)
    assert tm.check_meta_gradient(meta_gradient, MODEL, THETA, BATCH)
    assert asked == 2 * [(0.05, 1), (0.05, 2), (0.05, 5)]


@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.2])
def test_the_first_order_gradient_fails_at_any_step_size(alpha):
    first_order = lambda *arguments: learner_maml(*arguments, LearnerMLP(), first_order=True)
    ladder = check(first_order, alpha=alpha)
    assert ladder.broken == "1 step" and causes(ladder) == {"first-order"}
    exact = lambda *arguments: learner_maml(*arguments, LearnerMLP())
    assert not check(exact, alpha=alpha, kind="first-order maml")


def test_a_model_with_weight_decay_is_adapted_by_its_own_gradient():
    class Decayed(tm.FastMLP):
        def gradient(self, theta, x, y):
            return super().gradient(theta, x, y) + theta

    model = Decayed(SMALL, "tanh")
    right = lambda *arguments: tm.adapt(model, *arguments)
    plain = lambda *arguments: tm.adapt(MODEL, *arguments)
    assert tm.check_adapt(right, model, THETA, *TASK)
    assert not tm.check_adapt(plain, model, THETA, *TASK)


@pytest.mark.parametrize("factor, words", [(2.0, "2α"), (0.5, "α/2"), (0.05, "α²"),
                                           (4, "Kα (K = 4"), (1 / 4, "α/K (K = 4")])
def test_another_step_size_everywhere_is_said(factor, words):
    for kind, make in MAKERS.items():
        wrong = lambda theta, batch, alpha, S: make(MODEL, factor * alpha, S).meta_gradient(theta, batch)
        (finding,) = check(wrong, (2,), kind).findings
        assert words in finding.what and finding.tag == "INNER.1"
    wrong = lambda theta, x, y, alpha, S: tm.adapt(MODEL, theta, x, y, factor * alpha, S)[-1]
    (finding,) = check_adapt(wrong, (2,)).findings
    assert words in finding.what and finding.tag == "INNER.1"


@pytest.mark.parametrize("more, words", [(1, "one inner step too many"), (-1, "one inner step too few")])
def test_another_number_of_steps_is_said(more, words):
    for kind, make in MAKERS.items():
        wrong = lambda theta, batch, alpha, S: make(MODEL, alpha, S + more).meta_gradient(theta, batch)
        (finding,) = check(wrong, (3,), kind).findings
        assert words in finding.what
        assert finding.tag == ("REPTILE.1" if kind == "reptile" else "INNER.1")
    wrong = lambda theta, x, y, alpha, S: tm.adapt(MODEL, theta, x, y, alpha, S + more)[-1]
    (finding,) = check_adapt(wrong, (3,)).findings
    assert words in finding.what and finding.tag == "INNER.1"


@pytest.mark.parametrize("order, words", [
    ([2], "only the last step's I - αH is there"), ([0], "only the first step's I - αH is there"),
    ([2, 1], "the first step's I - αH is missing"), ([1, 0], "the last step's I - αH is missing"),
    ([0, 1, 2], "from the first step to the last"), ([0, 0, 0], "every H is taken at θ_0"),
    ([3, 3, 3], "every H is taken at θ_S"), ([3, 2, 1], "H is taken at θ_{k+1}")], ids=str)
def test_another_product_of_three_factors_is_said(order, words):
    def planted(theta, batch, alpha, steps):
        path = tm.adapt(MODEL, theta, *SUPPORT, alpha, steps)
        v = MODEL.gradient(path[-1], batch.x_query, batch.y_query)
        for k in order:
            v = v - alpha * MODEL.hvp(path[k], *SUPPORT, v)
        return v.mean(axis=0)

    (finding,) = check(planted, (3,)).findings
    assert words in finding.what and " or " not in finding.what and finding.tag == "MAML.2"


@pytest.mark.parametrize("factor, words", [
    (2, "2α stands for α in I - αH"), (0.5, "α/2 stands"), (0.05, "α² stands for α in I - αH"),
    (4, "Kα (K = 4: a sum where the loss takes the mean?) stands for α in I - αH"),
    (0.25, "α/K (K = 4: a mean divided by K again?) stands for α in I - αH")])
def test_another_step_size_of_the_hessian_is_said(factor, words):
    def planted(theta, batch, alpha, steps):
        end = tm.adapt(MODEL, theta, *SUPPORT, alpha, 1)[-1]
        v = MODEL.gradient(end, batch.x_query, batch.y_query)
        return (v - factor * alpha * MODEL.hvp(theta, *SUPPORT, v)).mean(axis=0)

    (finding,) = check(planted, (1,)).findings
    assert words in finding.what and finding.tag == "MAML.2"


def of_fewer_examples(theta, batch, *settings):
    support = batch.x_support[:, 1:], batch.y_support[:, 1:]
    return theta - tm.adapt(MODEL, theta, *support, *settings)[-1].mean(axis=0)


@pytest.mark.parametrize("result, words", [
    (lambda t, b, *s: tm.MAML(MODEL, *s).meta_gradient(t, b)[1], "this is MAML's meta-gradient"),
    (lambda t, b, *s: tm.MAML(MODEL, *s, True).meta_gradient(t, b)[1],
     "this is first-order MAML's gradient"),
    (lambda t, b, alpha, S: tm.adapt(MODEL, t, *SUPPORT, alpha, S)[-1].mean(axis=0) / alpha,
     "this is θ_S/α"), (of_fewer_examples, "example 0 of 4 is left out (counted from 0)")],
    ids=["MAML's", "first-order MAML's", "the end over alpha", "of fewer examples"])
def test_another_quantity_than_reptile_s_is_said(result, words):
    (finding,) = check(result, (2,), "reptile").findings
    assert words in finding.what


@pytest.mark.parametrize("sign, words", [(1, "this is θ_S - θ_0"), (-1, "this is θ_0 - θ_S")])
def test_the_move_in_place_of_its_end_is_said(sign, words):
    (finding,) = check_adapt(
        lambda *arguments: sign * (tm.adapt(MODEL, *arguments)[-1] - THETA), (2,)).findings
    assert words in finding.what and finding.tag == "INNER.1"


def test_a_task_left_out_of_the_first_order_gradient_is_said():
    wrong = lambda theta, batch, *s: tm.MAML(MODEL, *s, True).meta_gradient(theta, batch[1:])[1]
    (finding,) = check(wrong, kind="first-order maml").findings
    assert "task 0 of 3 is left out" in finding.what and finding.tag == "MAML.3"


@pytest.mark.parametrize("factor, words", [(3, "T = 3 times"), (4, "K = 4 times"), (5, "S = 5 times"),
                                           (0.05, "α = 0.05 times what it should be."), (2, "2 times")])
def test_a_factor_of_the_meta_gradient_is_named(factor, words):
    wrong = lambda theta, batch, *s: factor * tm.MAML(MODEL, *s).meta_gradient(theta, batch)[1]
    (finding,) = check(wrong, (5,)).findings
    assert words in str(finding) and finding.tag == "MAML.3"


def test_a_meta_gradient_of_two_numbers_is_not_taken_for_a_loss_and_a_vector():
    model = tm.Linear(1, 1)
    for give in (lambda loss, g: g, lambda loss, g: (loss, g)):
        right = lambda theta, batch, *s: give(*tm.MAML(model, *s).meta_gradient(theta, batch))
        assert check(right, model=model)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_right_vector_with_a_wrong_loss_is_said(kind):
    for factor, cause in ((1 + 1e-10, set()), (1 + 1e-8, {"loss"})):
        def planted(theta, batch, alpha, steps):
            loss, g = MAKERS[kind](MODEL, alpha, steps).meta_gradient(theta, batch)
            return factor * loss, g

        ladder = check(planted, (1,), kind)
        assert causes(ladder) == cause and bool(ladder) == (not cause)
    assert "the vector is right and the loss is" in ladder.findings[0].what


def test_where_only_more_steps_are_wrong_the_finding_says_where_to_look():
    names = {"every Hessian is applied to v_S": 2, "the identity in I - αH is forgotten": 1}
    for mistake in [mistake for mistake in CATALOGUE if mistake.name in names]:
        findings = ladder_of(mistake).findings
        assert len(findings) == names[mistake.name]
        if len(findings) == 2:
            assert "right with fewer steps, wrong with 2" in findings[1].what
            assert findings[1].tag == "MAML.2"


@pytest.mark.parametrize("wrong", range(4))
def test_the_first_wrong_iterate_of_a_trajectory_is_named(wrong):
    def adapt(*arguments):
        path = tm.adapt(MODEL, *arguments)
        path[wrong:] += np.arange(path.shape[-1]) % 3
        return path

    (report,) = check_adapt(adapt, (3,)).rungs.values()
    assert not report and report.title == f"θ_{wrong}"
    assert {finding.tag for finding in report.findings} == {"INNER.1"}


@pytest.mark.parametrize("returned", [None, "0.5", [[1.0, 2.0], [3.0]], (1.0, 2.0, 3.0), np.zeros(0)],
                         ids=["nothing", "text", "lists", "a tuple", "an empty array"])
def test_a_wrong_return_type_of_a_method_is_a_finding(returned):
    for ladder in (check(lambda *_: returned), check_adapt(lambda *_: returned)):
        assert ladder.broken == "1 step" and causes(ladder) == {"shape"}


def test_an_exception_in_a_method_is_a_finding_with_its_line():
    def off_the_end(theta, *_):
        return theta[theta.size + 3]

    for ladder in (check(off_the_end), check_adapt(off_the_end)):
        assert ladder.broken == "1 step" and "IndexError" in str(ladder)
        assert "theta[theta.size + 3]" in str(ladder)


@pytest.mark.parametrize("kind", ["first-order maml", "reptile"])
def test_the_tolerance_beside_a_definition_is_1e_10(kind):
    for error, passes in ((0.9e-10, True), (1.1e-10, False)):
        near = lambda theta, batch, *s: (
            (1 + error) * MAKERS[kind](MODEL, *s).meta_gradient(theta, batch)[1])
        assert bool(check(near, (1,), kind)) == passes
