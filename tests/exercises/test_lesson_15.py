"""What the exercises of lesson 15 say of a wrong answer."""

import numpy as np
import pytest

from tinymeta.exercises import lesson_15


def walk(change=None, times_h=False, slope=True, carried=True, forwards=False, added=True):
    """∂L/∂w with one slip."""
    def gradient_of_w(w, C, before, h, e):
        total = delta = 0.0
        for t in range(len(h)) if forwards else reversed(range(len(h))):
            back = {None: w, "no w": 1.0}[change] * delta if carried else 0.0
            delta = (C * e[t] + back) * (1 - h[t]**2 if slope else 1.0)
            total = added * total + (h[t] if times_h else before[t]) * delta
        return total
    return gradient_of_w


WRONG = [
    (lesson_15.gradient_of_w, walk(carried=False), "later states is missing"),
    (lesson_15.gradient_of_w, walk("no w"), "without its factor w"),
    (lesson_15.gradient_of_w, walk(slope=False), "1 - h_t² is missing"),
    (lesson_15.gradient_of_w, walk(times_h=True), "is h_{t-1}"),
    (lesson_15.gradient_of_w, walk(forwards=True), "goes forwards"),
    (lesson_15.gradient_of_w, walk(added=False), "added to the total"),
    (lesson_15.multiplications, lambda K, Q, i, H, o: (K + Q) * ((i + o + H) * H + H * o),
     "needs no prediction"),
    (lesson_15.multiplications, lambda K, Q, i, H, o: K * (i + o + H) * H + Q * H * o,
     "a question is read too"),
    (lesson_15.multiplications, lambda K, Q, i, H, o: (K + Q) * (i + H) * H + Q * H * o,
     "the target before"),
    (lesson_15.multiplications, lambda K, Q, i, H, o: (K + Q) * (i + o) * H + Q * H * o,
     "h_{t-1} W is missing"),
    (lesson_15.multiplications, lambda K, Q, i, H, o: (K + Q) * (i + o + H) * H,
     "lacks h_t C"),
    (lesson_15.multiplications,
     lambda K, Q, i, H, o: K * (i + o + H) * H + Q * ((i + H) * H + H * o), "lacks h_t C, or"),
    (lesson_15.effective_shots, lambda w, K: (1 + w) / (1 - w), "the limit of many shots"),
    (lesson_15.effective_shots, lambda w, K: (1 - w**K) / (1 - w), "the sum of the weights"),
    (lesson_15.effective_shots, lambda w, K: 1 / lesson_15.effective_shots(w, K), "upside down"),
    (lesson_15.effective_shots, lambda w, K: (1 + w) / (1 + w**K), "is to be squared"),
    (lesson_15.effective_shots, lambda w, K: lesson_15.effective_shots(w, K) / (1 + w),
     "the ratio is w²"),
    (lesson_15.effective_shots, lambda w, K: lesson_15.effective_shots(w, K + 1),
     "one shot too many"),
]


@pytest.mark.parametrize("exercise, candidate, words", WRONG,
                         ids=[f"{exercise.name}: {words}" for exercise, _, words in WRONG])
def test_a_wrong_answer_is_told_its_mistake(exercise, candidate, words):
    report = exercise.check(candidate)
    assert not report and words in str(report)


@pytest.mark.parametrize("exercise", dict.fromkeys(row[0] for row in WRONG), ids=lambda e: e.name)
def test_the_solution_passes(exercise):
    assert exercise.check(exercise)


@pytest.mark.parametrize("exercise", dict.fromkeys(row[0] for row in WRONG), ids=lambda e: e.name)
def test_a_mistake_that_nobody_thought_of_shows_the_difference(exercise):
    report = str(exercise.check(lambda *given: 0.3141 + 0 * np.sum(given[0])))
    assert "derived 0.3141" in report and "expected" in report


def slope_of_the_carried_only(w, C, before, h, e):
    """∂L/∂w with the parentheses of [RNN.4] forgotten."""
    total = delta = 0.0
    for t in reversed(range(len(h))):
        delta = C * e[t] + w * delta * (1 - h[t]**2)
        total += before[t] * delta
    return total


@pytest.mark.parametrize("exercise, candidate", [
    (lesson_15.gradient_of_w, slope_of_the_carried_only),
    (lesson_15.multiplications,
     lambda K, Q, i, H, o: K * (i + o + H) * H + Q * (H * H + H * o)),
    (lesson_15.multiplications, lambda K, Q, i, H, o: (K + Q) * (i * o + H) * H + Q * H * o),
    (lesson_15.multiplications, lambda K, Q, i, H, o: K * Q * ((i + o + H) * H + H * o)),
    (lesson_15.effective_shots, lambda w, K: K),
    (lesson_15.multiplications, lambda K, Q, i, H, o: (K + Q - 1) * (i + o + H) * H + Q * H * o),
], ids=["slope of the carried part only", "a question without U", "d_in d_out",
        "K Q", "K", "K + Q - 1"])
def test_no_cause_is_named_that_is_not_the_cause(exercise, candidate):
    report = str(exercise.check(candidate))
    assert "no known mistake" in report and "expected" in report


def test_the_worth_of_shots_is_that_of_the_two_sums():
    a = 0.7 ** np.arange(12)
    assert np.isclose(lesson_15.effective_shots(0.7, 12), a.sum()**2 / (a**2).sum())
