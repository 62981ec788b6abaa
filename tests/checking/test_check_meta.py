"""check_meta_gradient and check_adapt: methods that are right, planted ones, and what is said."""

import numpy as np
import pytest

import tinymeta as tm
from catalogue import SMALL, LearnerMLP, learner_adapt, learner_maml, learner_reptile, plain, point

MODEL = tm.MLP(SMALL, "tanh")
THETA, BATCH = point(MODEL)
SUPPORT, QUERY = (BATCH.x_support, BATCH.y_support), (BATCH.x_query, BATCH.y_query)
TASK = BATCH.x_support[0], BATCH.y_support[0]
ALPHA = 0.05
MAKERS = {"maml": tm.MAML, "first-order maml": lambda *settings: tm.MAML(*settings, True),
          "reptile": tm.Reptile}


def check(function, steps=(1, 2, 5), kind="maml", alpha=ALPHA, model=MODEL):
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


def test_the_end_of_an_inner_loop_or_its_trajectory_climbs_the_whole_ladder():
    for adapt in (lambda *arguments: learner_adapt(*arguments, LearnerMLP()),
                  lambda *arguments: tm.adapt(MODEL, *arguments)):
        ladder = check_adapt(adapt)
        assert ladder and list(ladder.rungs) == ["1 step", "2 steps", "5 steps"]


def test_a_loss_alone_judges_gradient_descent():
    mine = lambda *arguments: learner_maml(*arguments, LearnerMLP())
    ladder = tm.check_meta_gradient(mine, MODEL, THETA, BATCH, loss=MODEL.loss)
    assert ladder and "of the inner loop adapt" in ladder.title


def test_an_adapt_without_a_return_is_told_so():
    ladder = tm.check_meta_gradient(sum, MODEL, THETA, BATCH, adapt=lambda *_: None)
    assert "returned None (is a `return` missing?)" in " ".join(str(ladder).split())


def test_methods_are_tried_at_0_05_with_1_2_and_5_steps_and_twice_at_another_alpha():
    asked = []

    def adapt(theta, x, y, alpha, steps):
        asked.append((alpha, steps))
        return tm.adapt(MODEL, theta, x, y, alpha, steps)

    def meta_gradient(theta, batch, alpha, steps):
        asked.append((alpha, steps))
        return tm.MAML(MODEL, alpha, steps).meta_gradient(theta, batch)

    assert tm.check_adapt(adapt, MODEL, THETA, *TASK)
    assert tm.check_meta_gradient(meta_gradient, MODEL, THETA, BATCH)
    assert set(asked) == {(0.05, 1), (0.05, 2), (0.05, 5), (0.03, 1), (0.03, 2)}


@pytest.mark.parametrize("alpha", [0.001, 0.2])
def test_the_first_order_gradient_fails_at_any_step_size(alpha):
    first_order = lambda *arguments: learner_maml(*arguments, LearnerMLP(), first_order=True)
    ladder = check(first_order, alpha=alpha)
    assert ladder.broken == "1 step" and causes(ladder) == {"first-order"}


def test_a_subclass_with_weight_decay_is_adapted_by_its_own_gradient():
    class Decayed(tm.FastMLP):
        def gradient(self, theta, x, y):
            return super().gradient(theta, x, y) + theta

    model = Decayed(SMALL, "tanh")
    assert tm.check_adapt(lambda *arguments: tm.adapt(model, *arguments), model, THETA, *TASK)
    assert not tm.check_adapt(lambda *arguments: tm.adapt(MODEL, *arguments), model, THETA, *TASK)


def mean(vectors):
    return vectors.mean(axis=0)


def planted(adapt_on=SUPPORT, H_on=SUPPORT, outer_on=QUERY, inner=1.0, factor=1.0, more=0, end=-1,
            order=None, stale=False, mean=mean):
    """MAML by a learner, with parts exchanged.  inner, factor: of α; end: the query's iterate."""
    def meta_gradient(theta, batch, alpha, steps):
        path = [np.broadcast_to(theta, (3, theta.size))]
        for _ in range(steps + more):
            g = MODEL.gradient(path[0 if stale else -1], *adapt_on)
            path.append(path[-1] - inner * alpha * g)
        v = MODEL.gradient(path[end], *outer_on)
        for k in reversed(range(steps + more)) if order is None else order:
            v = v - factor * alpha * MODEL.hvp(path[k], *H_on, v)
        return mean(v)
    return meta_gradient


@pytest.mark.parametrize("steps, tag, cause, words, parts", [
    (1, "MAML.2", "first-order", "this is the first-order gradient", dict(order=[])),
    (1, "MAML.2", "alpha", "α is missing from I - αH", dict(factor=1 / ALPHA)),
    (1, "MAML.2", "sign", "I + αH stands where I - αH belongs", dict(factor=-1)),
    (1, "MAML.2", "alpha", "2α stands for α in I - αH", dict(factor=2)),
    (1, "MAML.2", "alpha", "α/2 stands for α in I - αH", dict(factor=0.5)),
    (1, "MAML.2", "alpha", "α² stands for α in I - αH", dict(factor=ALPHA)),
    (1, "MAML.2", "alpha", "Kα (K = 4: a sum where the loss takes the mean?)", dict(factor=4)),
    (1, "MAML.2", "alpha", "α/K (K = 4: a mean divided by K again?) stands", dict(factor=0.25)),
    (1, "MAML.2", "swap", "H is taken on the query set", dict(H_on=QUERY)),
    (1, "MAML.2", "swap", "the query set is used for both", dict(adapt_on=QUERY, H_on=QUERY)),
    (1, "MAML.2", "swap", "support and query sets are exchanged",
     dict(adapt_on=QUERY, H_on=QUERY, outer_on=SUPPORT)),
    (1, "MAML.1", "swap", "support and query sets are ex", dict(adapt_on=QUERY, outer_on=SUPPORT)),
    (1, "MAML.1", "swap", "the outer gradient is taken on the support", dict(outer_on=SUPPORT)),
    (1, "INNER.1", "swap", "the inner loop adapts on the query set", dict(adapt_on=QUERY)),
    (2, "MAML.1", "iterate", "the query gradient is taken at θ_0; it belongs at θ_S", dict(end=0)),
    (2, "MAML.1", "first-order", "the query gradient at θ_0 alone", dict(end=0, order=[])),
    (2, "INNER.1", "iterate", "every inner gradient is taken at θ_0", dict(stale=True)),
    (2, "INNER.1", "sign", "the inner loop ascends: θ + α g", dict(inner=-1)),
    (2, "INNER.1", "sign", "the inner loop ascends: θ + α g", dict(inner=-1, factor=-1)),
    (2, "INNER.1", "alpha", "the step size of the inner loop is 2α", dict(inner=2)),
    (2, "INNER.1", "alpha", "the step size of the inner loop is Kα", dict(inner=4)),
    (2, "INNER.1", "iterate", "one inner step too few", dict(more=-1)),
    (2, "INNER.1", "iterate", "one inner step too many", dict(more=1)),
    (3, "MAML.2", "term", "only the last step's I - αH is there", dict(order=[2])),
    (3, "MAML.2", "term", "only the first step's I - αH is there", dict(order=[0])),
    (3, "MAML.2", "term", "the first step's I - αH is missing", dict(order=[2, 1])),
    (3, "MAML.2", "term", "the last step's I - αH is missing", dict(order=[1, 0])),
    (3, "MAML.2", "product order", "from the first step to the last", dict(order=[0, 1, 2])),
    (3, "MAML.2", "iterate", "every H is taken at θ_0", dict(order=[0, 0, 0])),
    (3, "MAML.2", "iterate", "every H is taken at θ_S", dict(order=[3, 3, 3])),
    (3, "MAML.2", "iterate", "H is taken at θ_{k+1}", dict(order=[3, 2, 1])),
    (2, "MAML.3", "task", "task 2 of 3 is left out", dict(mean=lambda v: mean(v[:-1]))),
    (2, "MAML.3", "task", "task 2 of 3 is left out", dict(mean=lambda v: v[:-1].sum(axis=0) / 3)),
    (2, "MAML.3", "task", "task 1 of 3 alone counts", dict(mean=lambda v: v[1])),
    (2, "MAML.3", "task", "task 1 of 3 alone counts", dict(mean=lambda v: v[1] / 3)),
    (2, "MAML.3", "task", "task 0 of 3 counts twice", dict(mean=lambda v: mean(v) + v[0] / 3)),
    (2, "MAML.3", "factor", "T = 3 times what it should be", dict(mean=lambda v: v.sum(axis=0))),
    (2, "MAML.3", "factor", "α = 0.05 times what it should", dict(mean=lambda v: ALPHA * mean(v))),
    (2, "MAML.3", "factor", "2 times what it should be", dict(mean=lambda v: 2 * mean(v))),
    (5, "MAML.3", "factor", "S = 5 times what it should be", dict(mean=lambda v: 5 * mean(v))),
    (2, "MAML.3", "sign", "the sign is flipped", dict(mean=lambda v: -mean(v))),
    (2, "MAML.3", "not finite", "NaN or infinite", dict(mean=lambda v: mean(v) * np.nan))],
    ids=plain)
def test_a_mistake_in_maml_is_said_with_its_equation(steps, tag, cause, words, parts):
    (finding,) = check(planted(**parts), (steps,)).findings
    assert words in finding.what and (finding.tag, finding.cause) == (tag, cause)
    assert steps < 3 or " or " not in finding.what


def by_learner(factors, added=lambda path, support: 0):
    """MAML on the batch passed; factors: S -> the k of I - αH(θ_k); added: to the gradient."""
    def meta_gradient(theta, batch, alpha, steps):
        support = batch.x_support, batch.y_support
        path = tm.adapt(MODEL, theta, *support, alpha, steps)
        v = MODEL.gradient(path[-1], batch.x_query, batch.y_query)
        for at in factors(steps):
            v = v - alpha * MODEL.hvp(path[at], *support, v)
        return mean(v + added(path, support))
    return meta_gradient


@pytest.mark.parametrize("what, function", [
    ("the first step's I - αH is missing", by_learner(lambda S: range(S - 1, 0, -1))),
    ("the Hessian term is missing: this is the first-order gradient", by_learner(lambda S: [])),
    ("H is taken at θ_{k+1}; it belongs at θ_k", by_learner(lambda S: range(S, 0, -1))),
    ("every H is taken at θ_S; each belongs at its own θ_k", by_learner(lambda S: [S] * S)),
    ("the support gradient at θ_0 is added", by_learner(
        lambda S: reversed(range(S)), lambda path, support: MODEL.gradient(path[0], *support))),
    ("the last support gradient is added: a buffer not set to zero?", by_learner(
        lambda S: reversed(range(S)), lambda path, support: MODEL.gradient(path[-2], *support)))])
def test_mistakes_that_are_one_with_one_step_are_told_apart_by_two(what, function):
    (finding,) = check(function, (1,)).findings
    assert finding.what == what


@pytest.mark.parametrize("tag, cause, words, parts", [
    ("MAML.2", "first-order", "this is the exact gradient, with the Hessian", {}),
    ("MAML.1", "iterate", "the query gradient is taken at θ_0", dict(end=0)),
    ("MAML.1", "swap", "the outer gradient is taken on the support set", dict(outer_on=SUPPORT)),
    ("INNER.1", "alpha", "α/K (K = 4: a mean divided by K again?)", dict(inner=0.25)),
    ("INNER.1", "iterate", "one inner step too many", dict(more=1)),
    ("MAML.3", "task", "task 0 of 3 is left out", dict(mean=lambda v: mean(v[1:])))], ids=plain)
def test_a_mistake_in_first_order_maml_is_said(tag, cause, words, parts):
    parts = {"order": [], **parts} if parts else parts
    (finding,) = check(planted(**parts), (2,), "first-order maml").findings
    assert words in finding.what and (finding.tag, finding.cause) == (tag, cause)


def reptile(on=SUPPORT, factor=1.0, more=0, returns=lambda end: THETA - mean(end)):
    def direction(theta, batch, alpha, steps):
        return returns(tm.adapt(MODEL, theta, *on, factor * alpha, steps + more)[-1])
    return direction


@pytest.mark.parametrize("tag, cause, words, function", [
    ("REPTILE.1", "sign", "the sign is flipped", reptile(returns=lambda end: mean(end) - THETA)),
    ("REPTILE.1", "another quantity", "this is the mean of θ_S", reptile(returns=mean)),
    ("REPTILE.1", "another quantity", "θ counts twice",
     reptile(returns=lambda end: 2 * THETA - mean(end))),
    ("REPTILE.1", "another quantity", "this is θ_S/α",
     reptile(returns=lambda end: mean(end) / ALPHA)),
    ("REPTILE.1", "another quantity", "this is MAML's meta-gradient", planted()),
    ("REPTILE.1", "another quantity", "this is first-order MAML's gradient", planted(order=[])),
    ("REPTILE.1", "task", "task 0 of 3 is left out",
     reptile(returns=lambda end: THETA - mean(end[1:]))),
    ("REPTILE.1", "factor", "T = 3 times", reptile(returns=lambda end: 3 * (THETA - mean(end)))),
    ("REPTILE.1", "iterate", "one inner step too few", reptile(more=-1)),
    ("REPTILE.1", "iterate", "one inner step too many", reptile(more=1)),
    ("INNER.1", "alpha", "the step size of the inner loop is α/2", reptile(factor=0.5)),
    ("INNER.1", "alpha", "the step size of the inner loop is α²", reptile(factor=ALPHA)),
    ("INNER.1", "alpha", "α is missing from the inner step", reptile(factor=1 / ALPHA)),
    ("INNER.1", "swap", "the inner loop adapts on the query set", reptile(QUERY)),
    ("INNER.1", "example", "example 0 of 4 is left out (counted from 0)",
     reptile([a[:, 1:] for a in SUPPORT]))], ids=plain)
def test_a_mistake_in_reptile_is_said(tag, cause, words, function):
    (finding,) = check(function, (2,), "reptile").findings
    assert words in finding.what and (finding.tag, finding.cause) == (tag, cause)


def adapting(factor=1.0, more=0, start=0, examples=slice(None), returns=lambda end, theta: end):
    """An inner loop; factor: of α, from the step `start` on."""
    def adapt(theta, x, y, alpha, steps):
        x, y, end = x[examples], y[examples], theta
        for k in range(steps + more):
            end = end - (factor if k >= start else 1.0) * alpha * MODEL.gradient(end, x, y)
        return returns(end, theta)
    return adapt


@pytest.mark.parametrize("cause, words, function", [
    ("sign", "the inner loop ascends: θ + α g", adapting(-1)),
    ("alpha", "α is missing from the inner step", adapting(1 / ALPHA)),
    ("alpha", "the step size of the inner loop is Kα (K = 4", adapting(4)),
    ("alpha", "the step size of the inner loop is 2α", adapting(2)),
    ("iterate", "one inner step too many", adapting(more=1)),
    ("iterate", "one inner step too few", adapting(more=-1)),
    ("not adapted", "this is θ_0: nothing is adapted", lambda theta, *_: theta),
    ("iterate", "every inner gradient is taken at θ_0; each", lambda theta, x, y, alpha, S:
     theta - S * alpha * MODEL.gradient(theta, x, y)),
    ("example", "example 3 of 4 is left out (counted from 0)", adapting(examples=slice(-1))),
    ("another quantity", "this is θ_S - θ_0", adapting(returns=lambda end, theta: end - theta)),
    ("another quantity", "this is θ_0 - θ_S", adapting(returns=lambda end, theta: theta - end)),
    ("not finite", "NaN or infinite", adapting(returns=lambda end, theta: end * np.inf)),
    ("unknown", "no known mistake gives these numbers", adapting(factor=0.3, start=1)),
    ("shape", "the shape is (18,); expected (37,)", adapting(returns=lambda end, theta: end[:18]))],
    ids=plain)
def test_a_mistake_in_an_inner_loop_is_said(cause, words, function):
    (finding,) = check_adapt(function, (2,)).findings
    assert words in finding.what and finding.cause == cause
    assert finding.tag == ("" if cause == "shape" else "INNER.1")


def test_a_block_that_does_not_move_is_named():
    still = adapting(returns=lambda end, theta: np.r_[theta[:8], end[8:]])
    ladder = check_adapt(still, (2,))
    assert ladder.wrong_blocks == ["W1"] and "nothing is adapted" in ladder.findings[0].what


def in_place(theta, *_):
    theta *= 0.9
    return theta


def off_the_end(theta, *_):
    return theta[theta.size + 3]


@pytest.mark.parametrize("function, cause, words", [
    (in_place, "in place", "changes an argument in place"),
    (off_the_end, "error", "theta[theta.size + 3]`."),
    (lambda *_: None, "shape", "returned None"), (lambda *_: "0.5", "shape", "returned str '0.5'"),
    (lambda *_: [[1.0, 2.0], [3.0]], "shape", "a list of 2 parts"),
    (lambda *_: np.zeros((3, 37)), "shape", "shape")],
    ids=["in place", "an error", "nothing", "text", "lists", "one for each task"])
def test_what_a_learner_s_function_should_not_do_is_a_finding(function, cause, words):
    for ladder in (check(function), check_adapt(function)):
        assert ladder.broken == "1 step" and causes(ladder) == {cause} and words in str(ladder)


def test_a_meta_gradient_of_two_numbers_is_not_taken_for_a_loss_and_a_vector():
    model = tm.Linear(1, 1)
    for give in (lambda loss, g: g, lambda loss, g: (loss, g)):
        right = lambda theta, batch, *s: give(*tm.MAML(model, *s).meta_gradient(theta, batch))
        assert check(right, model=model)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_right_vector_with_a_wrong_loss_is_said(kind):
    for factor, cause in ((1 + 1e-10, set()), (1 + 1e-8, {"loss"})):
        def with_loss(theta, batch, alpha, steps):
            loss, g = MAKERS[kind](MODEL, alpha, steps).meta_gradient(theta, batch)
            return factor * loss, g

        ladder = check(with_loss, (1,), kind)
        assert causes(ladder) == cause and bool(ladder) == (not cause)
    assert "the vector is right and the loss is" in ladder.findings[0].what


def test_where_only_more_steps_are_wrong_the_finding_says_where_to_look():
    def from_step_2(theta, batch, alpha, steps):
        return planted(factor=1 if steps == 1 else 1.7)(theta, batch, alpha, steps)

    first, second = check(from_step_2).findings
    assert first.cause == "unknown" and second.tag == "MAML.2"
    assert second.what.startswith("right with fewer steps, wrong with 2: look at what changes")
    assert len(check(planted(factor=1.7)).findings) == 1


@pytest.mark.parametrize("wrong", range(4))
def test_the_first_wrong_iterate_of_a_trajectory_is_named(wrong):
    def adapt(*arguments):
        path = tm.adapt(MODEL, *arguments)
        path[wrong:] += np.arange(path.shape[-1]) % 3
        return path

    (report,) = check_adapt(adapt, (3,)).rungs.values()
    assert not report and report.title == f"θ_{wrong}"
    assert {finding.tag for finding in report.findings} == {"INNER.1"}


@pytest.mark.parametrize("kind", ["first-order maml", "reptile"])
def test_the_tolerance_beside_a_definition_is_1e_10(kind):
    for error, passes in ((0.9e-10, True), (1.1e-10, False)):
        near = lambda theta, batch, *s: (
            (1 + error) * MAKERS[kind](MODEL, *s).meta_gradient(theta, batch)[1])
        assert bool(check(near, (1,), kind)) == passes


@pytest.mark.parametrize("name, words", [
    ("x_support", "T/K = 0.6 times"), ("x_query", "T/Q = 0.428571 times")])
def test_divided_by_the_examples_in_place_of_the_tasks(name, words):
    rng, model = np.random.default_rng(0), tm.MLP([1, 4, 1], "tanh")

    def divided(theta, batch, *settings):
        g = tm.MAML(model, *settings).meta_gradient(theta, batch)[1]
        return len(batch) / getattr(batch, name).shape[1] * g

    batch = tm.SinusoidTasks().sample(rng, 3, 5, 7)
    ladder = tm.check_meta_gradient(divided, model, model.init(rng), batch, steps=(1,))
    assert words in str(ladder) and "examples, not by" in " ".join(str(ladder).split())


def test_reptile_divided_by_the_steps_is_told_from_a_sum_over_tasks():
    def reptile(theta, batch, alpha, steps):
        update = tm.Reptile(MODEL, alpha, steps).meta_gradient(theta, batch)[1]
        return len(batch) / steps * update

    ladder = check(reptile, steps=(2,), kind="reptile")
    assert "T/S = 1.5 times what it should be: divided by the S steps, not by" in str(ladder)
