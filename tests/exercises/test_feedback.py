"""A wrong answer to an exercise is told what is wrong with it, in the exercise's own words.

Each case changes one thing in the solution, as a learner would write it.
"""

import importlib
import inspect

import numpy as np
import pytest

import tinymeta as tm
from tinymeta.exercises.feedback import judge

# exercise, what is replaced in its solution, by what, and what the report must say
CASES = [
    ("lesson_1.joint_predictor", "(np.cos(x - psi_1) - np.cos(x - psi_0)) / (psi_1 - psi_0)",
     "np.sin(x - (psi_0 + psi_1) / 2)", "the sine of the mean"),
    ("lesson_1.joint_predictor", "/ (psi_1 - psi_0)", "/ np.pi", "divided by π"),
    ("lesson_1.joint_predictor", "/ (psi_1 - psi_0)", "", "divided by the width"),
    ("lesson_1.joint_predictor", "return", "wrong =", "is a `return` missing?"),
    ("lesson_1.raised_wave", "@ w  #", "@ (w * [[1], [1], [0]])  #", "found and not added"),
    ("lesson_1.query_errors", "batch.x_query, batch.y_query", "*support", "on the support set"),
    ("lesson_1.query_errors", "y_query)", "y_query)[-1]", "the shape is (3,); expected (1, 3)"),
    ("lesson_1.query_errors", "model.loss(trajectory, batch.x_query, batch.y_query)",
     "np.tile(model.loss(theta, batch.x_query, batch.y_query), (steps + 1, 1))", "at θ_0"),
    ("lesson_2.gradient_of_a_wave", "-(delta", "(delta", "the wrong sign"),
    ("lesson_2.gradient_of_a_wave", "delta * A * np", "delta * np", "keeps the factor A"),
    ("lesson_2.gradient_of_a_wave", "return", "wrong =", "is a `return` missing?"),
    ("lesson_2.complex_gradient", "f(theta + 1j * h * e).imag / h",
     "(f(theta + h * e) - f(theta)) / h", "was a real step taken"),
    ("lesson_2.complex_gradient", ".imag / h", ".imag", "divide by h"),
    ("lesson_2.on_a_lead", "np.eye(2) - alpha", "1 - alpha", "the identity is np.eye(2)"),
    ("lesson_2.on_a_lead", "np.eye(2) - alpha", "np.eye(2) + alpha", "not I + α"),
    ("lesson_2.on_a_lead", "decay * np.eye(2)", "decay", "adds μ to every entry"),
    ("lesson_2.on_a_lead", "alpha * pull, steps)", "alpha * pull, steps + 1)", "one step too many"),
    ("lesson_2.on_a_lead", "np.linalg.matrix_power(np.eye(2) - alpha * pull, steps)",
     "(np.eye(2) - alpha * pull) ** steps", "the power of each entry"),
    ("lesson_2.on_a_lead", " + decay * theta_0)", ")", "here it pulls to 0"),
    ("lesson_3.meta_gradient", "return v.mean(axis=0)",
     "return (v - alpha * model.hvp(theta, *support, v)).mean(axis=0)", "too many"),
    ("lesson_3.meta_gradient", "model.gradient(adapted, *support)",
     "model.gradient(adapted, *support).mean(axis=0)", "shared by all tasks"),
    ("lesson_3.meta_gradient", "return v", "return (theta - adapted)", "of Reptile"),
    ("lesson_3.rest_of_every_step", "range(1, steps + 1)", "[steps]", "where MAML rests"),
    ("lesson_3.rest_of_every_step", "power @ H_query @ power for", "H_query @ power for",
     "way back is missing"),
    ("lesson_3.rest_of_every_step", "power @ H_query @ power for", "H_query @ power @ power for",
     "do not commute"),
    ("lesson_3.rest_of_every_step", "np.linalg.matrix_power(M, k)", "M ** k", "each entry"),
    ("lesson_3.rest_with_two_step_sizes", "np.linalg.matrix_power(M, steps)", "M ** steps",
     "each entry"),
    ("lesson_4.silu_derivative", "s + z * s * (1 - s)",
     "((z + 1e-7) / (1 + np.exp(-z - 1e-7)) - (z - 1e-7) / (1 + np.exp(-z + 1e-7))) / 2e-7",
     "finite differences"),
    ("lesson_4.gradient_of_two_layers", "delta_2.sum(axis=0)", "delta_2.mean(axis=0)", "[MLP.6]"),
    ("lesson_4.gradient_of_two_layers", "/ y.size", "", "[MLP.3]"),
    ("lesson_4.gradient_of_two_layers", "(1 - a * a)", "(1 - (x @ W1 + b1) ** 2)", "1 - z²"),
    ("lesson_4.gradient_of_two_layers", "(1 - a * a)", "(1 - np.tanh(a) ** 2)", "1 - tanh(a)²"),
    ("lesson_4.gradient_of_two_layers", "return x.T @ delta_1, delta_1.sum(axis=0), ", "return ",
     "expected four arrays"),
    ("lesson_4.gradient_of_two_layers", "return", "return np.zeros(3)\n    return",
     "one thing of shape (3,)"),
    ("lesson_4.gradient_of_two_layers", "return", "wrong =", "is a `return` missing?"),
    ("lesson_4.bias_gradient", "delta.sum", "delta.mean", "this is a sum"),
    ("lesson_4.bias_gradient", "axis=-2", "axis=0", "expected (2, 3)"),
    ("lesson_5.hvp_of_two_layers", "@ V2 + c2", "@ V2 + b2", "b2 is a value"),
    ("lesson_5.hvp_of_two_layers", " + a @ V2", "", "a V2 is missing"),
    ("lesson_5.hvp_of_two_layers", "(x @ V1 + c1)", "(x @ V1)", "c1 is missing"),
    ("lesson_5.hvp_of_two_layers", " - 2 * back * a * a_dot", "", "the φ'' term is missing"),
    ("lesson_5.hvp_of_two_layers", " + delta_2 @ V2.T", "", "the term with V2 is missing"),
    ("lesson_5.hvp_of_two_layers", "a_dot.T @ delta_2 + ", "", "what comes in moves"),
    ("lesson_5.hvp_with_log_cosh", "(1 - np.tanh(error) ** 2)", "np.tanh(error)", "curvature is 1"),
    ("lesson_5.hvp_with_log_cosh", "(1 - np.tanh(error) ** 2) * ", "", "taken as 1"),
    ("lesson_5.largest_eigenvalue", "return v @ hvp(v)", "return np.linalg.norm(hvp(v))",
     "the sign is lost"),
]


@pytest.mark.parametrize("name, old, new, said", CASES,
                         ids=[f"{case[0].split('.')[1]}: {case[3]}" for case in CASES])
def test_a_wrong_answer_is_told_what_is_wrong_with_it(name, old, new, said):
    module, function = name.split(".")
    exercise = getattr(importlib.import_module(f"tinymeta.exercises.{module}"), function)
    assert old in exercise.solution
    names = {"np": np, "tm": tm}
    exec(exercise.solution.replace(old, new), names)  # as a learner runs it in a cell
    wrong = next(value for value in names.values() if inspect.isfunction(value))
    report = exercise.check(wrong)
    assert not report and said in " ".join(str(report).split())


def test_a_complex_multiple_is_shown_and_not_told_as_a_factor():
    right = np.array([1.0, -2.0, 3.0])
    said = str(judge(1j * right, right, "a vector", "LOSS.2"))
    assert "no known mistake gives these numbers" in said and "times" not in said
