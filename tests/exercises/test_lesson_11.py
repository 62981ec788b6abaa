"""What the exercises of lesson 11 say of a wrong answer."""

import numpy as np
import pytest

from tinymeta.exercises import lesson_11

DECAY, BEST = lesson_11.decaying_rate_gradient, lesson_11.best_single_rate


def parts(G, a, r):
    k, totals = np.arange(len(G)), G.sum(axis=1)
    return r**k @ totals, a * (k[1:] * r ** (k[1:] - 1)) @ totals[1:], totals


WRONG = [
    (DECAY, lambda G, a, r: (G.sum(), parts(G, a, r)[1]), "the factor ρ^k"),
    (DECAY, lambda G, a, r: (parts(G, a, r)[0], parts(G, a, r)[1] / a), "α is missing"),
    (DECAY, lambda G, a, r: (parts(G, a, r)[0], a * parts(G, a, r)[0]), "k ρ^(k-1)"),
    (DECAY, lambda G, a, r: (parts(G, a, r)[0], r * parts(G, a, r)[1]), "one power less"),
    (DECAY, lambda G, a, r: (a * parts(G, a, r)[0], parts(G, a, r)[1]), "without the α"),
    (DECAY, lambda G, a, r: (parts(G, a, r)[0], a * parts(G[1:], a, r)[0]), "the factor k"),
    (DECAY, lambda G, a, r: parts(np.vstack([0 * G[:1], G]), a, r)[:2], "counts from 0"),
    (DECAY, lambda G, a, r: ..., "still to be written?"),
    (DECAY, lambda G, a, r: parts(G, a, r)[1::-1], "the other way round"),
    (DECAY, lambda G, a, r: (parts(G, a, r)[0], np.sin(parts(G, a, r)[1])), "differ"),
    (BEST, lambda lam, w: w @ (1 / lam) / w.sum(), "the mean of 1/λ"),
    (BEST, lambda lam, w: lam.sum() / (lam @ lam), "w are missing"),
    (BEST, lambda lam, w: 1 / (w @ lam), "brings down a"),
    (BEST, lambda lam, w: 2 / (lam.max() + lam.min()), "largest factor"),
    (BEST, lambda lam, w: 1 / lam.mean(), "no known mistake"),
]


@pytest.mark.parametrize("exercise, candidate, words", WRONG,
                         ids=[f"{exercise.name}: {words}" for exercise, _, words in WRONG])
def test_a_wrong_answer_is_told_its_mistake(exercise, candidate, words):
    report = exercise.check(candidate)
    assert not report and words in str(report)


@pytest.mark.parametrize("exercise", [DECAY, BEST], ids=lambda exercise: exercise.name)
def test_the_solution_passes(exercise):
    assert exercise.check(exercise)
