"""What the exercises of lesson 13 say of a wrong answer."""

import pytest

from tinymeta.exercises import lesson_13

ALONG, GUESS = lesson_13.probabilities_along, lesson_13.curvature_of_a_guess
WRONG = [
    (ALONG, lambda p, f: p * (1 - p) * f, "the diagonal alone"),
    (ALONG, lambda p, f: p * f, "has a second term"),
    (ALONG, lambda p, f: p * f + p * (p @ f), "the sign of the second term"),
    (ALONG, lambda p, f: p * f - p @ f, "the factor p"),
    (ALONG, lambda p, f: p * f - p * f.sum(), "own derivative"),
    (ALONG, lambda p, f: f**3, "differ"),
    (GUESS, lambda N: (1 / N, 1 / N), "nothing moves"),
    (GUESS, lambda N: (1 / N - 1 / N**2, 0), "a diagonal entry"),
    (GUESS, lambda N: (0, 1 / N), "the other way round"),
    (GUESS, lambda N: (0.25, 0), "the logistic's"),
    (GUESS, lambda N: (1 / (N - 1), 0), "times what it should be"),
    (GUESS, lambda N: (1, 0), "p is 1/N"),
    (GUESS, lambda N: ..., "expected an array of shape (2,)"),
    (GUESS, lambda N: 1 / N, "has shape (); expected (2,)"),
]


@pytest.mark.parametrize("exercise, candidate, words", WRONG,
                         ids=[f"{exercise.name}: {words}" for exercise, _, words in WRONG])
def test_a_wrong_answer_is_told_its_mistake(exercise, candidate, words):
    report = exercise.check(candidate)
    assert not report and words in str(report)


@pytest.mark.parametrize("exercise", [ALONG, GUESS], ids=lambda exercise: exercise.name)
def test_the_solution_passes(exercise):
    assert exercise.check(exercise)
