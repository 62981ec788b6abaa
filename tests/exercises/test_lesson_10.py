"""What the exercises of lesson 10 say of a wrong answer."""

import numpy as np
import pytest

from tinymeta.exercises import lesson_10

WRONG = [
    (lesson_10.first_layer_kernel, lambda x, y, d, e: d @ e, "b1 alone"),
    (lesson_10.first_layer_kernel, lambda x, y, d, e: x @ y * (d @ e), "W1 alone"),
    (lesson_10.first_layer_kernel, lambda x, y, d, e: (1 + x @ y)**2 * (d @ e), "comes once"),
    (lesson_10.first_layer_kernel, lambda x, y, d, e: x @ y + d @ e, "it is not added"),
    (lesson_10.first_layer_kernel, lambda x, y, d, e: max(0, 1 + x @ y) * (d @ e), "all zeros"),
    (lesson_10.first_layer_kernel, lambda x, y, d, e: np.sin(x @ y) * (d @ e), "they differ"),
    (lesson_10.scale_of_equal_shares, lambda r: 3 / r**2, "take the root"),
    (lesson_10.scale_of_equal_shares, lambda r: 1 / r, "the largest x²"),
    (lesson_10.scale_of_equal_shares, lambda r: 2 / r, "the mean of |x|"),
    (lesson_10.scale_of_equal_shares, lambda r: r / np.sqrt(3), "root mean square of x"),
    (lesson_10.bias_step_of_a_context, lambda b, W, a: -a * b, "only c moves"),
    (lesson_10.bias_step_of_a_context, lambda b, W, a: a * b @ W.T @ W, "the sign"),
    (lesson_10.bias_step_of_a_context, lambda b, W, a: -b @ W.T @ W, "step size is missing"),
    (lesson_10.bias_step_of_a_context, lambda b, W, a: -a * b @ W.T, "the step of c"),
    (lesson_10.bias_step_of_a_context, lambda b, W, a: b @ W.T @ W, "the sign and the step size"),
    (lesson_10.bias_step_of_a_context, lambda b, W, a: b @ W.T, "the gradient in c"),
]


@pytest.mark.parametrize("exercise, candidate, words", WRONG,
                         ids=[f"{exercise.name}: {words}" for exercise, _, words in WRONG])
def test_a_wrong_answer_is_told_its_mistake(exercise, candidate, words):
    report = exercise.check(candidate)
    assert not report and words in str(report)


@pytest.mark.parametrize("exercise", dict.fromkeys(row[0] for row in WRONG), ids=lambda e: e.name)
def test_the_solution_passes(exercise):
    assert exercise.check(exercise)


def test_a_root_may_be_typed():
    assert lesson_10.scale_of_equal_shares.check(lambda r: 1.7320508 / r)
    assert not lesson_10.scale_of_equal_shares.check(lambda r: 1.73 / r)
