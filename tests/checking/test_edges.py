"""Cases at the edge of a rule, one for each condition that the rule is made of."""

from types import SimpleNamespace

import numpy as np
import pytest

import tinymeta as tm
from tinymeta.checking.check_file import check_file
from tinymeta.checking.diagnosis import compare
from tinymeta.checking.ladder import LearnerError
from tinymeta.checking.learner_model import batch_for, theta_for
from tinymeta.checking.numerical import is_single, rounding_unit, settled_difference
from tinymeta.checking.patterns import single_entries
from tinymeta.checking.returned import repeated


def causes(report):
    return {finding.cause for finding in report.findings}


@pytest.mark.parametrize("scale", [1e3, 1e10])
def test_a_step_is_chosen_relative_to_the_derivative(scale):
    """Beyond the scale of θ the differences of a bounded f are all small: they settle, wrongly."""
    def f(theta):
        return np.sin(scale * theta[0]).astype(np.float32)

    value, error = settled_difference(f, np.array([0.3 / scale]), 0)
    assert abs(value / scale - np.cos(0.3)) < 1e-2 and error < 1e-2 * scale


def test_a_derivative_that_is_zero_is_found_to_be_so():
    value, _ = settled_difference(lambda t: (1 + t[0]) ** 3 - 3 * t[0], np.array([0.0]), 0)
    assert abs(value) < 1e-9


def test_a_product_below_the_rounding_of_the_gradient_is_left_to_the_complex_step():
    def gradient(t):
        return 1 / (1 + np.exp(-t))

    def hvp(t, v):
        return np.exp(-t) * v

    theta = np.array([40.0, 41.0])
    assert tm.check_hvp(gradient, hvp, theta)
    assert not tm.check_hvp(gradient, lambda t, v: 2 * hvp(t, v), theta)


def test_a_function_that_is_flat_on_one_side_is_not_in_single_precision():
    assert rounding_unit(lambda t: np.maximum(t[0], 0) + 1, np.zeros(1), 0) < 1e-15
    assert rounding_unit(lambda t: float(np.float32(t[0] + 1)), np.zeros(1), 0) > 1e-8


def test_many_steps_beat_the_rounding_of_single_precision():
    value, error = settled_difference(lambda t: np.float32(5 + np.sin(3 * t[0])), np.zeros(1), 0)
    assert abs(value - 3) < error < 3e-5


@pytest.mark.parametrize("away", [1e-4, 1e-3, 1e-2])
def test_a_kink_close_to_theta_counts_as_an_error_in_single_precision(away):
    def f(t):
        return np.float32(1 + t[0] + 0.1 * np.maximum(t[0] - away, 0))

    value, error = settled_difference(f, np.zeros(1), 0)
    assert abs(value - 1) < 3 * error


def rough(share):
    """A function in single precision of 8 numbers; at so many of them it goes up and down."""
    return lambda t: np.float32(np.sin(t).sum() + 1e-3 * np.sign(np.sin(1e6 * t[:share])).sum())


def test_a_few_directions_that_are_too_rough_in_single_precision_are_left_out():
    theta = np.linspace(0.2, 0.9, 8)
    report = tm.check_gradient(rough(2), np.cos(theta), theta, method="central")
    assert report and "2 of 8 central differences left out" in str(report)
    assert not tm.check_gradient(rough(2), 1.001 * np.cos(theta), theta, method="central")
    blocks = [("rough", (2,)), ("smooth", (6,))]
    report = tm.check_gradient(rough(2), np.cos(theta), theta, blocks, method="central")
    assert not report and "decides nothing; use double" in str(report)
    assert not tm.check_gradient(rough(6), np.cos(theta), theta, method="central")


def test_a_derivation_rounded_to_single_precision_is_held_to_that():
    theta = np.linspace(0.2, 0.9, 8)
    for wrong_by, passes in ((0, True), (1e-6, True), (5e-6, False)):
        gradient = np.float32((1 + wrong_by) * np.cos(theta))
        assert bool(tm.check_gradient(lambda t: np.sum(np.sin(t)), gradient, theta)) is passes


def test_few_numbers_are_in_single_precision_by_their_type():
    assert is_single(np.float32([0.5, 0.25])) and not is_single(np.array([0.5, 0.25]))
    assert is_single(np.float32([0.1]).astype(float)) and not is_single(np.array([0.1]))


def test_products_in_single_precision_are_symmetric_within_that(rng):
    root = rng.standard_normal((4, 4))
    H = root @ root.T

    def gradient(theta):
        return (H @ theta).astype(np.complex64 if np.iscomplexobj(theta) else np.float32)

    for method in ("complex", "both"):
        assert tm.check_hvp(gradient, lambda theta, v: gradient(v), np.ones(4), method=method)


def test_single_precision_in_one_part_of_f_is_seen():
    def f(theta):
        return float(np.float32(theta[2]) ** 2) + theta[0] ** 2 + np.sin(theta[1])

    def g(theta):
        return np.array([2 * theta[0], np.cos(theta[1]), 2 * theta[2] * (1 + 1e-9)])

    report = tm.check_gradient(f, g, np.array([0.7, 0.3, 0.9]), method="central")
    assert report and "single precision" in str(report)


@pytest.mark.parametrize("derived, right", [([0.5], [3.1]), ([0.5, 0.5, 0.5], [3.1, 0.8, 4.2])])
def test_one_number_and_plain_values_are_not_called_clipped(derived, right):
    report = compare(np.array(derived), np.array(right), "values")
    assert causes(report) == {"unknown"}


def test_entries_that_are_wrong_by_little_are_counted_as_wrong():
    right = np.full(12, 1e-3)
    wrong = right + np.eye(12)[3] + 5e-4 * np.eye(12)[7]
    assert "2 of 12 entries wrong, at [3], [7]" in single_entries(wrong, right, (12,)).what


def test_a_part_of_a_result_that_is_drawn_at_random_is_found():
    rng = np.random.default_rng(0)
    with pytest.raises(LearnerError, match="gives other numbers"):
        repeated("f", lambda: (1.0, rng.standard_normal(3)))
    assert repeated("f", lambda: (1.0, np.arange(3)))[0] == 1.0


def test_theta_is_positive_where_the_loss_takes_no_other():
    model = SimpleNamespace(n_params=40, loss=lambda theta, x, y: np.log(theta).sum())
    theta = theta_for(model, None, np.random.default_rng(0))
    assert (theta > 0).all() and np.isfinite(model.loss(theta, None, None))


class Embedding:
    """f = θ[x] for whole numbers x of 0, 1 and 2: an IndexError for any others."""

    n_params = 3

    def loss(self, theta, x, y):
        return np.mean((theta[self.place(x)] - y) ** 2)

    def gradient(self, theta, x, y):
        g = np.zeros(3, theta.dtype)
        np.add.at(g, self.place(x), 2 * (theta[self.place(x)] - y) / x.size)
        return g

    def place(self, x):
        if (x != np.round(x)).any():
            raise IndexError("x must be whole")
        return x.astype(int)


def test_whole_numbers_are_tried_as_x_where_others_are_an_error():
    batch, note = batch_for(Embedding(), np.array([0.3, -0.2, 0.9]), np.random.default_rng(0))
    assert "x 0, 1 or 2" in note and set(np.unique(batch.x_support)) == {0, 1, 2}


MODEL = """
import numpy as np
n_params = 2
def loss(theta, x, y):
    return np.mean((x[..., 0] * theta[..., :1] + theta[..., 1:] - y[..., 0]) ** 2, axis=-1)
"""


def test_a_loss_with_an_adapt_and_nothing_else_is_a_model_without_a_gradient(tmp_path):
    (tmp_path / "mine.py").write_text(MODEL + "def adapt(theta, x, y, alpha, steps):\n"
                                              "    return theta\n", encoding="utf-8")
    first = next(iter(check_file(tmp_path / "mine.py")))
    assert "not written" in causes(first) or "no gradient" in str(first)
    assert first.rungs["loss"]


def test_a_model_that_lacks_more_than_digits_judges_no_meta_gradient(tmp_path):
    """The gradient is right to nine digits; H v is wrong by a factor."""
    (tmp_path / "mine.py").write_text(MODEL + """
def gradient(theta, x, y):
    e = (1 + 1e-9) * 2 * (x[..., 0] * theta[..., :1] + theta[..., 1:] - y[..., 0])
    return np.stack([np.mean(e * x[..., 0], axis=-1), np.mean(e, axis=-1)], axis=-1)
def hvp(theta, x, y, v):
    return (gradient(theta + 0.1 * v, x, y) - gradient(theta - 0.1 * v, x, y)) / 0.1
def meta_gradient(theta, batch, alpha, steps):
    return theta
""", encoding="utf-8")
    *_, last = check_file(tmp_path / "mine.py")
    assert not last and "rests on the model" in str(last)


BATCH = tm.SinusoidTasks().sample(np.random.default_rng(0), n_tasks=3, n_support=4, n_query=5)


def _loop(theta, x, y, alpha, steps):
    """Gradient descent with momentum, on a line."""
    model, velocity = tm.Linear(1, 1), 0
    for _ in range(steps):
        velocity = 0.5 * velocity + model.gradient(theta, x, y)
        theta = theta - alpha * velocity
    return theta


@pytest.mark.parametrize("error, holds", [(0, True), (1e-8, False)])
def test_reptile_of_one_s_own_inner_loop_is_checked_to_ten_digits(error, holds):
    def reptile(theta, batch, alpha, steps):
        end = _loop(theta, batch.x_support, batch.y_support, alpha, steps)
        return (1 + error) * (theta - end).mean(axis=0)

    ladder = tm.check_meta_gradient(reptile, tm.Linear(1, 1), np.array([0.4, -0.3]),
                                    BATCH, 0.1, kind="reptile", adapt=_loop)
    assert bool(ladder) is holds


def test_first_order_of_one_s_own_inner_loop_is_judged_by_differences_too():
    line = tm.Linear(1, 1)

    def loss(theta, x, y):
        return line.loss(np.asarray(theta, dtype=float), x, y)  # nothing complex gets through

    def first_order(theta, batch, alpha, steps):
        end = _loop(theta, batch.x_support, batch.y_support, alpha, steps)
        return line.gradient(end, batch.x_query, batch.y_query).mean(axis=0)

    model = SimpleNamespace(loss=loss, gradient=line.gradient, hvp=line.hvp, n_params=2)
    assert tm.check_meta_gradient(first_order, model, np.array([0.4, -0.3]), BATCH, 0.1,
                                  kind="first-order maml", adapt=_loop)
