"""What the exercises of lessons 6 to 9 say of a wrong answer: its mistake, and never another one.

Each wrong answer is the solution with some of its text replaced, or a function of its own.
"""

import numpy as np
import pytest

import tinymeta as tm
from tinymeta.exercises import lesson_6, lesson_7, lesson_8, lesson_9


def changed(exercise, *replacements):
    """The solution with texts replaced."""
    source = exercise.solution
    for old, new in replacements:
        assert old in source, old
        source = source.replace(old, new)
    names = {"np": np, "tm": tm}
    exec(source, names)
    return names[exercise.name]


def said(exercise, candidate):
    report = exercise.check(candidate)
    assert not report, "a wrong answer passes"
    return str(report.findings[0])


MOVE = "theta = theta - alpha * model.gradient(theta, *support)  # (T, P)  [INNER.1]"
CARRY = ("u = u - alpha * model.hvp(theta, *support, u)  # (T, P): I - αH(θ_k) of the coming step")
TAKE_BACK = "v = v - model.hvp(thetas[k], *support, alpha * v)  # (T, P)  [MAML.2]"
ADD = "total = total - g * v  # what α does directly in step k, times v_{k+1}"
WALK = "for k in range(steps - 1, steps - keep - 1, -1):  # θ_{S-1} ... θ_{S-keep}"
CENTRAL = "(support_gradient(theta + r * v) - support_gradient(theta - r * v)) / (2 * r)"
ALL = "np.where(np.isnan(errors), np.inf, errors)"


@pytest.mark.parametrize("exercise, replacements, words", [
    (lesson_6.along_a_direction, [(CARRY, "pass"), (MOVE, MOVE + "\n        " + CARRY)],
     "θ was moved before u"),
    (lesson_6.along_a_direction, [("u - alpha", "u + alpha")], "the sign"),
    (lesson_6.along_a_direction, [(CARRY, "pass")], "u was never moved"),
    (lesson_6.along_a_direction, [(".mean()", ".sum()")], "a sum over tasks"),
    (lesson_6.step_size_gradient, [("return total", "return v")], "that is the gradient in θ"),
    (lesson_6.step_size_gradient, [(ADD, "pass"), (TAKE_BACK, TAKE_BACK + "\n        " + ADD)],
     "multiplied by v_k"),
    (lesson_6.step_size_gradient, [(TAKE_BACK, "pass")], "the Hessians are missing"),
    (lesson_6.step_size_gradient, [("- model.hvp(thetas[k], *support, alpha * v)",
                                    "- alpha * model.hvp(thetas[k], *support, v)")],
     "I - H diag(α)"),
    (lesson_7.cosine_on_a_quadratic, [("lam * factor * c", "factor * c")], "the λ is missing"),
    (lesson_7.cosine_on_a_quadratic, [("lam * factor * c", "lam * c")],
     "the gradient at the start"),
    (lesson_7.truncated_meta_gradient, [(WALK, "for k in reversed(range(keep)):")],
     "the Hessians of the first"),
    (lesson_7.truncated_meta_gradient, [(WALK, "for k in [*range(steps)][-keep:][::-1]:")],
     "which is everything"),
    (lesson_7.truncated_meta_gradient, [(WALK, "for k in range(steps - keep, steps):")],
     "in the wrong order"),
    (lesson_7.meta_gradient_from_gradients, [("v - alpha * Hv", "v")], "first-order gradient"),
    (lesson_7.meta_gradient_from_gradients, [("v - alpha", "v + alpha")], "wrong sign"),
    (lesson_7.meta_gradient_from_gradients, [("v - alpha * Hv", "v - Hv")], "without its α"),
    (lesson_7.meta_gradient_from_gradients, [("(2 * r)", "r")], "twice the Hessian term"),
    (lesson_7.meta_gradient_from_gradients, [
        (CENTRAL, "(support_gradient(theta + r * v) - support_gradient(theta)) / r")],
     "a one-sided difference"),
    (lesson_8.reptile_direction, [("gradient(theta_i", "gradient(theta")], "joint training"),
    (lesson_8.reptile_direction, [("return theta - theta_i", "return theta_i")], "that is θ_S"),
    (lesson_8.reptile_direction, [("return theta - theta_i", "return theta_i - theta")],
     "would climb"),
    (lesson_8.reptile_direction, [("theta - theta_i", "(theta - theta_i) / alpha")],
     "divided by α"),
    (lesson_8.reptile_direction, [("theta_i = theta_i - alpha *", "theta_i -= alpha *")],
     "in place"),
    (lesson_8.avg_grad_inner, [("(k * (k - 1))", "k**2")], "there are k (k - 1) pairs"),
    (lesson_8.avg_grad_inner, [("(k * (k - 1))", "k")], "divided by k;"),
    (lesson_8.avg_grad_inner, [("(k * (k - 1))", "(k * (k - 1) / 2)")], "(i, j) and (j, i)"),
    (lesson_8.avg_grad_inner, [("(k * (k - 1))", "(2 * k * (k - 1))")], "halved once more"),
    (lesson_8.avg_grad_inner, [("hvp(others)", "hvp(0 * g + g.sum(axis=0))")],
     "the pairs i = j are among them"),
    (lesson_8.coefficients, [("np.arange(len(weights))", "2 * np.arange(len(weights))")],
     "exact MAML's"),
    (lesson_8.coefficients, [("np.arange(len(weights))", "(len(weights) - 1)")],
     "k - 1 steps behind every g_i"),
    (lesson_8.coefficients, [("np.arange(len(weights))", "len(weights) * (len(weights) - 1) / 2")],
     "those are Reptile's steps"),
    (lesson_8.coefficients, [("np.arange(len(weights))", "(1 + np.arange(len(weights)))")],
     "i - 1 steps behind it, not i"),
    (lesson_9.work_per_task, [("2 * S * K", "S * K")], "it is worth two"),
    (lesson_9.work_per_task, [("S * K + Q ", "S * K ")], "the query gradient is missing"),
    (lesson_9.work_per_task, [("S * B ", "B ")], "S steps, each on B"),
    (lesson_9.pairing, [("np.sqrt(1 -", "(1 -")], "the root is missing"),
    (lesson_9.summary, [(ALL, "errors[np.isfinite(errors)]"),
                         ("<= bound)", "<= bound[:len(errors)])")], "tasks were dropped"),
    (lesson_9.summary, [("errors.mean()", "np.ma.masked_invalid(errors).mean()")],
     "tasks were dropped"),
    (lesson_9.summary, [(ALL, "errors")], "the mean is NaN"),
    (lesson_9.summary, [("np.median(errors)", "np.median(errors[errors < np.inf])")],
     "the median is not that of all"),
    (lesson_9.choose_alpha, [("alphas[int(np.argmin(medians))]", "int(np.argmin(medians))")],
     "the index, not the α"),
    (lesson_9.choose_alpha, [("median[-1]", "errors[-1].mean() * np.nan if curve.n_diverged[-1] "
                              "else curve.median[-1]")], "a NaN won"),
    (lesson_9.choose_alpha, [("median[-1]", "median.min()")], "smallest error on the way"),
    (lesson_9.verdicts, [("theta, batch)", "theta, batch, steps=[1])")], "check with two or more"),
])
def test_a_wrong_answer_is_named(exercise, replacements, words):
    assert words in said(exercise, changed(exercise, *replacements))


def test_a_support_error_is_not_what_a_step_size_is_chosen_by():
    def by_support(model, theta, validation, alphas, steps):
        own = tm.Batch(*[validation.x_support, validation.y_support] * 2)
        return lesson_9.choose_alpha(model, theta, own, alphas, steps)

    assert "by the support error?" in said(lesson_9.choose_alpha, by_support)


def test_verdicts_may_be_a_list_of_bools():
    def verdicts(*args):
        return [bool(verdict) for verdict in lesson_9.verdicts(*args)]

    assert lesson_9.verdicts.check(verdicts)


def test_a_mistake_that_nobody_thought_of_shows_the_difference():
    words = said(lesson_7.cosine_on_a_quadratic, lambda lam, c, alpha, steps: 0.3141)
    assert "derived 0.3141" in words and "expected" in words
