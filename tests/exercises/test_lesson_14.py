"""What the exercises of lesson 14 say of a wrong answer."""

import numpy as np
import pytest

from tinymeta.exercises import lesson_14

STEPS, SPECTRUM = lesson_14.steps_until_silent, lesson_14.spectrum_of_blocks
LOCATION = lesson_14.huber_location


def up(number):
    return max(0, int(np.ceil(number)))


def doubled(B):
    sigma = np.linalg.svd(B, compute_uv=False)
    return np.concatenate([sigma, sigma, np.zeros(sum(B.shape) - 2 * len(sigma))])


def squared(B):
    sigma = np.linalg.svd(B, compute_uv=False) ** 2
    return np.concatenate([sigma, -sigma, np.zeros(sum(B.shape) - 2 * len(sigma))])


WRONG = [
    (STEPS, lambda m, a, s: up((1 - m) / (a * s)), "the bias moves too"),
    (STEPS, lambda m, a, s: up(-m / (a * (s + 1))), "being right is not enough"),
    (STEPS, lambda m, a, s: (1 - m) / (a * (s + 1)), "round up"),
    (STEPS, lambda m, a, s: up((1 - m) / (2 * a * (s + 1))), "no 2"),
    (STEPS, lambda m, a, s: max(0, int((1 - m) / (a * (s + 1)))), "rounded down"),
    (STEPS, lambda m, a, s: max(0, int((1 - m) / (a * (s + 1))) + 1), "is 0 already"),
    (STEPS, lambda m, a, s: int(np.ceil((1 - m) / (a * (s + 1)))), "0 steps"),
    (STEPS, lambda m, a, s: up((1 - m) / (a * (s**2 + 1))), "square is |x|² already"),
    (STEPS, lambda m, a, s: up((1 - m) / a / s + 1), "no known mistake"),
    (STEPS, lambda m, a, s: up((1 - m) / (a * (1 + s)**2)), "no known mistake"),
    (STEPS, lambda m, a, s: ..., "still to be written?"),
    (SPECTRUM, np.linalg.svd, "gives the numbers alone"),
    (SPECTRUM, lambda B: (np.ones(3), np.zeros(2)), "np.concatenate"),
    (SPECTRUM, lambda B: lesson_14.spectrum_of_blocks(B) * 1j, "differ"),
    (SPECTRUM, lambda B: lesson_14.spectrum_of_blocks(B) * (2 + 0j), "2 times"),
    (SPECTRUM, lambda B: np.linalg.eigvalsh(B @ B.T), "the shape is (3,)"),
    (LOCATION, lambda K, A, d: A / K if A / K <= d else d / (K - 1), "that is the mean"),
    (SPECTRUM, doubled, "both signs"),
    (SPECTRUM, squared, "σ²"),
    (LOCATION, lambda K, A, d: A / K, "that is the mean"),
    (LOCATION, lambda K, A, d: d / K, "K - 1 points pull back, not K"),
    (LOCATION, lambda K, A, d: min(A, d) / (K - 1), "the mean of all K"),
    (LOCATION, lambda K, A, d: 0.0, "the median"),
    (LOCATION, lambda K, A, d: d / (K - 1), "counts as any other"),
    (LOCATION, lambda K, A, d: A / K if A <= d else d / (K - 1), "A - c with δ, not A"),
]


@pytest.mark.parametrize("exercise, candidate, words", WRONG,
                         ids=[f"{exercise.name}: {words}" for exercise, _, words in WRONG])
def test_a_wrong_answer_is_told_its_mistake(exercise, candidate, words):
    report = exercise.check(candidate)
    assert not report and words in str(report)


@pytest.mark.parametrize("exercise", [STEPS, SPECTRUM, LOCATION], ids=lambda e: e.name)
def test_the_solution_passes(exercise):
    assert exercise.check(exercise)
