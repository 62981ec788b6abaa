"""What the exercises of lesson 12 say of a wrong answer."""

import numpy as np
import pytest

from tinymeta.exercises import lesson_12

SLOPE, ATTENTION = lesson_12.slope_of_the_head, lesson_12.predict_after_one_step
SHOTS = lesson_12.shots_for


def of_ridge(a, y, strength):
    m = a @ a + strength
    return m, a @ y / m


WRONG = [
    (SLOPE, lambda a, y, s: y / of_ridge(a, y, s)[0], "has the wrong sign"),
    (SLOPE, lambda a, y, s: (y - a * of_ridge(a, y, s)[1]) / of_ridge(a, y, s)[0],
     "its second term is missing"),
    (SLOPE, lambda a, y, s: (y + 2 * a * of_ridge(a, y, s)[1]) / of_ridge(a, y, s)[0],
     "sign of the second term"),
    (SLOPE, lambda a, y, s: (y - 2 * a * of_ridge(a, y, s)[1]) / (a @ a), "λ is missing"),
    (SLOPE, lambda a, y, s: y**3, "differ"),
    (SHOTS, lambda r, s: 1 / (r - 1) - s, "variances add"),
    (SHOTS, lambda r, s: 1 / (r**2 - 1), "λ is missing"),
    (SHOTS, lambda r, s: 1 / (r**2 - 1) + s, "the sign of λ"),
    (SHOTS, lambda r, s: 1 / r**2 - s, "own noise is missing"),
    (SHOTS, lambda r, s: r**2 - 1 - s, "the inverse"),
    (SHOTS, lambda r, s: np.ceil(1 / (r**2 - 1) - s), "but for the rounding"),
    (SHOTS, lambda r, s: int(1 / (r**2 - 1) - s), "but for the rounding"),
    (SHOTS, lambda r, s: np.ceil(1 / (r**2 - 1)), "no known mistake"),
    (SHOTS, lambda r, s: r**7, "differ"),
    (ATTENTION, lambda q, x, y, a: 2 * a / len(x) * (q @ x.T) @ y, "the bias is missing"),
    (ATTENTION, lambda q, x, y, a: -2 * a / len(x) * (q @ x.T + 1) @ y, "the sign"),
    (ATTENTION, lambda q, x, y, a: a / len(x) * (q @ x.T + 1) @ y, "a square's 2"),
    (ATTENTION, lambda q, x, y, a: 2 * a * (q @ x.T + 1) @ y, "a mean over K"),
    (ATTENTION, lambda q, x, y, a: 2 * a / len(x) * (q @ x.T) @ y + 1, "before y"),
]


@pytest.mark.parametrize("exercise, candidate, words", WRONG,
                         ids=[f"{exercise.name}: {words}" for exercise, _, words in WRONG])
def test_a_wrong_answer_is_told_its_mistake(exercise, candidate, words):
    report = exercise.check(candidate)
    assert not report and words in str(report)


@pytest.mark.parametrize("exercise", [SLOPE, SHOTS, ATTENTION], ids=lambda exercise: exercise.name)
def test_the_solution_passes(exercise):
    assert exercise.check(exercise)
