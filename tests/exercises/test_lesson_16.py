"""What the exercises of lesson 16 say of a wrong answer."""

import math

import pytest

from tinymeta.exercises import lesson_16

COSINE, PAY = lesson_16.tasks_for_a_cosine, lesson_16.tasks_until_it_pays
WRONG = [
    (COSINE, lambda c, r: r * (1 - c**2) / c**2, "upside down"),
    (COSINE, lambda c, r: r * c / (1 - c), "has a root"),
    (COSINE, lambda c, r: r / (1 - c**2), "the factor cos² is missing"),
    (COSINE, lambda c, r: c**2 / (1 - c**2) / r, "more tasks, not fewer"),
    (COSINE, lambda c, r: math.ceil(r * c**2 / (1 - c**2)), "but for the rounding"),
    (COSINE, lambda c, r: round(r * c**2 / (1 - c**2)), "but for the rounding"),
    (PAY, lambda M, a, s: math.ceil(M / (s - a)), "but for the rounding"),
    (PAY, lambda M, a, s: M // (s - a), "but for the rounding"),
    (PAY, lambda M, a, s: float("inf"), "NaN or infinite"),
    (PAY, lambda M, a, s: M / s, "still costs its adaptation"),
    (PAY, lambda M, a, s: M / (s + a), "a difference"),
    (PAY, lambda M, a, s: (s - a) / M, "upside down"),
]


@pytest.mark.parametrize("exercise, candidate, words", WRONG,
                         ids=[f"{exercise.name}: {words}" for exercise, _, words in WRONG])
def test_a_wrong_answer_is_told_its_mistake(exercise, candidate, words):
    report = exercise.check(candidate)
    assert not report and words in str(report)


@pytest.mark.parametrize("exercise", [COSINE, PAY], ids=lambda exercise: exercise.name)
def test_the_solution_passes(exercise):
    assert exercise.check(exercise)
