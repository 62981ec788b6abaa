"""The checker itself: it accepts what is right, rejects what is wrong, and says where."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinymeta as tm

BLOCKS = [("W1", (2, 3)), ("b1", (3,)), ("W2", (3, 1))]
THETA = np.random.default_rng(0).standard_normal(12)


def f(theta):
    return np.sum(theta**3) + theta[0] * np.exp(theta[5]) * np.sin(theta[11])


def gradient(theta):
    g = 3 * theta**2
    g[0] += np.exp(theta[5]) * np.sin(theta[11])
    g[5] += theta[0] * np.exp(theta[5]) * np.sin(theta[11])
    g[11] += theta[0] * np.exp(theta[5]) * np.cos(theta[11])
    return g


def wrong(change):
    """The gradient with one planted mistake: change(g) alters it in place."""
    def planted(theta):
        g = gradient(theta)
        change(g)
        return g
    return planted


MODES = pytest.mark.parametrize("mode", [{}, {"directions": 4}, {"method": "complex"}, {"method": "central"},
                                         {"directions": 4, "rng": np.random.default_rng(3)}], ids=str)


@MODES
def test_a_right_gradient_passes(mode):  # [CHECK.1] [CHECK.2] [CHECK.3]
    report = tm.check_gradient(f, gradient, THETA, BLOCKS, **mode)
    assert report and report.passed and str(report).startswith("PASS")


@MODES
@pytest.mark.parametrize("block, change", [
    ("W1", lambda g: g.__setitem__(slice(0, 6), 2 * g[:6])), ("b1", lambda g: g.__setitem__(slice(6, 9), -g[6:9])),
    ("W2", lambda g: g.__setitem__(slice(9, 12), 0)), ("W1", lambda g: g.__setitem__(3, g[3] + 1e-5)),
    ("W2", lambda g: g.__setitem__(slice(9, 12), g[11:8:-1].copy()))],
    ids=["doubled", "sign", "never written", "one entry off by 1e-5", "reversed"])
def test_a_wrong_gradient_fails_in_the_block_where_it_is_wrong(block, change, mode):
    report = tm.check_gradient(f, wrong(change), THETA, BLOCKS, **mode)
    assert not report and not report.passed and str(report).startswith("FAIL")
    for row in report.blocks:
        assert (max(row["errors"].values()) > 1e-7) == (row["name"] == block)


def test_the_error_is_relative_to_the_larger_norm():  # [CHECK.3]
    report = tm.check_gradient(f, lambda t: 4 * gradient(t), THETA)
    assert_allclose(list(report.errors.values()), 0.75, rtol=1e-6)
    report = tm.check_gradient(f, lambda t: gradient(t) / 4, THETA)
    assert_allclose(list(report.errors.values()), 0.75, rtol=1e-6)


def test_both_derivatives_have_the_accuracy_that_is_claimed():
    errors = tm.check_gradient(f, gradient, THETA).errors
    assert errors["complex step"] < 1e-15 and 1e-13 < errors["central differences"] < 1e-9


def test_a_gradient_of_zero_is_right_for_a_constant():
    assert tm.check_gradient(lambda t: 0 * t.sum() + 2.0, np.zeros(3), np.ones(3))


def test_a_stub_of_zeros_fails():
    assert not tm.check_gradient(f, lambda t: np.zeros(12), THETA)


@pytest.mark.parametrize("drops", [lambda z: np.sum(np.abs(z) ** 2), lambda z: np.sum(z.real**2)], ids=["abs", "real"])
def test_a_function_that_drops_the_imaginary_part_cannot_pass_a_stub(drops):
    report = tm.check_gradient(drops, lambda t: np.zeros(3), np.ones(3))
    assert not report
    assert tm.check_gradient(drops, lambda t: 2 * t, np.ones(3), method="central")


def test_a_function_that_refuses_complex_numbers_is_checked_by_central_differences():
    def refuses(theta):
        if np.iscomplexobj(theta):
            raise TypeError("real numbers only")
        return np.sum(theta**2)

    report = tm.check_gradient(refuses, lambda t: 2 * t, np.ones(3))
    assert report and list(report.errors) == ["central differences"] and "real numbers only" in report.notes[0]
    assert not tm.check_gradient(refuses, lambda t: 3 * t, np.ones(3))
    assert not tm.check_gradient(refuses, lambda t: 3 * t, np.ones(3), method="complex")


def kinked(theta):
    return np.sum(np.where(theta.real > 0, theta, 0 * theta)) + np.sum(theta**2)


def test_a_kink_beside_theta_is_told_from_a_wrong_derivative():
    theta = np.array([1.0, 1e-6, -2.0])  # the kink at 0 is within the step of central differences
    right = lambda t: (t > 0) + 2 * t
    report = tm.check_gradient(kinked, right, theta)
    assert report and "1 of 3 central differences straddle a kink" in report.notes[0]
    assert not tm.check_gradient(kinked, lambda t: (t > 2e-6) + 2 * t, theta)


def test_a_kink_beside_theta_is_told_from_a_wrong_product():
    hinge = lambda t: np.where(t.real > 0, t, 0 * t)  # the gradient of ½ Σ max(θ, 0)²
    theta = np.array([1.0, 1e-7, -2.0])
    report = tm.check_hvp(hinge, lambda t, v: (t > 0) * v, theta)
    assert report and "straddle a kink" in report.notes[0]
    assert not tm.check_hvp(hinge, lambda t, v: (t > 1e-6) * v, theta)


def test_a_right_hvp_passes_and_a_wrong_one_fails():
    A = np.random.default_rng(1).standard_normal((12, 12))
    A = A + A.T
    gradient = lambda t: A @ t + t**3
    assert tm.check_hvp(gradient, lambda t, v: A @ v + 3 * t**2 * v, THETA, BLOCKS)
    assert not tm.check_hvp(gradient, lambda t, v: A @ v + 2 * t**2 * v, THETA, BLOCKS)
    assert not tm.check_hvp(gradient, lambda t, v: -(A @ v + 3 * t**2 * v), THETA, BLOCKS)
    only_b1 = lambda t, v: (A @ v + 3 * t**2 * v) * np.r_[np.ones(6), 2 * np.ones(3), np.ones(3)]
    report = tm.check_hvp(gradient, only_b1, THETA, BLOCKS)
    assert [row["name"] for row in report.blocks if max(row["errors"].values()) > 1e-7] == ["b1"]


def test_a_product_that_is_not_symmetric_fails_even_where_it_is_the_derivative():
    B = np.triu(np.ones((4, 4)))  # the derivative of t -> B t, which is no gradient
    report = tm.check_hvp(lambda t: B @ t, lambda t, v: B @ v, np.ones(4))
    assert not report and "not symmetric" in report.notes[0]


def test_taylor_order_is_2_with_the_derivative_and_1_with_another():
    v = np.ones(12)
    assert abs(tm.taylor_order(f, gradient(THETA) @ v, THETA, v) - 2) < 0.1
    assert abs(tm.taylor_order(f, 1.1 * gradient(THETA) @ v, THETA, v) - 1) < 0.1


def test_taylor_order_knows_when_nothing_but_rounding_remains():
    assert tm.taylor_order(lambda t: 3 * t.sum(), 9.0, np.ones(3), np.ones(3)) == np.inf


@pytest.mark.parametrize("refuses", [lambda t: float(t[0]) ** 2, lambda t: np.sum(np.array(t, dtype=float) ** 2),
                                     lambda t: __import__("math").exp(t[0])], ids=["float", "a real array", "math.exp"])
def test_any_way_of_refusing_complex_numbers_leaves_central_differences(refuses):
    report = tm.check_gradient(refuses, lambda t: 0 * t, np.ones(1))
    assert not report and list(report.errors) == ["central differences"] and "no complex step" in report.notes[0]


def test_a_function_that_changes_its_argument_does_no_harm():
    def changes(theta):
        value = np.sum(theta**2)
        theta *= 0
        return value

    assert tm.check_gradient(changes, lambda t: 2 * t, np.ones(3))


def test_the_report_is_aligned_and_names_every_block():
    lines = str(tm.check_gradient(f, gradient, THETA, BLOCKS, title="cubes")).splitlines()
    assert lines[0] == "PASS  cubes"
    assert [line.split()[0] for line in lines[1:]] == ["block", "W1", "b1", "W2", "all", "at"]
    assert len({len(line) for line in lines[1:]}) == 1 and len(lines[1]) <= 80


def test_the_report_renders_in_a_notebook_with_its_verdict_in_words():
    page = tm.check_gradient(f, gradient, THETA, BLOCKS, title="a < b")._repr_html_()
    assert "✓ PASS" in page and "a &lt; b" in page and page.count("<tr>") == 6
    assert "✗ FAIL" in tm.check_gradient(f, lambda t: 0 * t, THETA)._repr_html_()


def test_single_precision_parameters_are_checked_in_double():
    assert tm.check_gradient(f, gradient, THETA.astype(np.float32))


# What is wrong: the diagnosis of a gradient that fails, from its numbers alone.


def findings(change):
    return tm.check_gradient(f, wrong(change), THETA, BLOCKS).findings


@pytest.mark.parametrize("change, where, cause, word", [
    (lambda g: g.__imul__(2), "every block", "factor", "2 times what it should be: a ½"), (lambda g: g.__imul__(-1), "every block", "sign", "ascent?"),
    (lambda g: g.__imul__(3.7), "every block", "factor", "3.7 times"), (lambda g: g.__imul__(0), "every block", "zero", "never"),
    (lambda g: g.__setitem__(slice(6, 9), 0), "b1", "zero", "never written"),
    (lambda g: g.__setitem__(slice(6, 9), -g[6:9]), "b1", "sign", "flipped"),
    (lambda g: g.__setitem__(slice(6, 9), -0.5 * g[6:9]), "b1", "factor", "and the sign is flipped"),
    (lambda g: g.__setitem__(slice(0, 6), g[:6].reshape(2, 3).T.ravel().copy()), "W1", "transposed", "(3, 2)"),
    (lambda g: g.__setitem__(slice(9, 12), g[11:8:-1].copy()), "W2", "order", "another order"),
    (lambda g: g.__setitem__(slice(0, 6), np.repeat(g[:2], 3)), "W1", "shape", "(2, 1)"),
    (lambda g: g.__setitem__(slice(0, 6), np.tile(g[:3], 2)), "W1", "shape", "(1, 3)"),
    (lambda g: g.__setitem__(slice(None), np.r_[g[6:9], g[:6], g[9:]]), "every block", "order", "W1, b1, W2"),
    (lambda g: g.__setitem__(4, 7.0), "W1", "entry", "[1, 1]"),
    (lambda g: g.__setitem__(1, np.nan), "W1", "not finite", "NaN"),
    (lambda g: g.__setitem__(slice(6, 9), g[6:9] + [1, 2, 5]), "b1", "unknown", "no known mistake"),
    (lambda g: g.__iadd__(1e-8), "every block", "precision", "no further")], ids=str)
def test_the_cause_is_named_where_the_numbers_show_it(change, where, cause, word):
    found = findings(change)
    assert [finding.cause for finding in found] == [cause]
    assert found[0].where in (where, "W1, b1", "W1, b1, W2") and word in str(found[0])


def test_two_mistakes_in_two_blocks_are_two_findings():
    def change(g):
        g[:6] *= 2
        g[6:9] = 0

    assert [(finding.where, finding.cause) for finding in findings(change)] == [("W1", "factor"), ("b1", "zero")]


def test_a_right_gradient_has_no_findings_and_no_wrong_blocks():
    report = tm.check_gradient(f, gradient, THETA, BLOCKS)
    assert report.findings == [] == report.wrong_blocks


def test_random_directions_name_the_wrong_block_and_claim_nothing_else():
    report = tm.check_gradient(f, wrong(lambda g: g.__setitem__(slice(6, 9), 0)), THETA, BLOCKS, directions=3)
    assert (report.findings, report.wrong_blocks) == ([], ["b1"])


def test_a_product_that_is_not_symmetric_is_a_finding():
    B = np.triu(np.ones((4, 4)))
    assert [x.cause for x in tm.check_hvp(lambda t: B @ t, lambda t, v: B @ v, np.ones(4)).findings] == ["symmetry"]


def test_a_constant_factor_is_named_by_the_size_that_it_is():
    hints = tm.checking.diagnosis.Hints(sizes={"K": 5})
    report = tm.check_gradient(f, lambda t: 5 * gradient(t), THETA, BLOCKS, hints=hints)
    assert "K = 5" in str(report) and "mean" in str(report)
    assert "1/K" in str(tm.check_gradient(f, lambda t: gradient(t) / 5, THETA, BLOCKS, hints=hints))
    for factor, name in ((10, "2K = 10 times"), (2.5, "K/2 = 2.5 times"), (0.4, "2/K = 0.4 times")):
        assert name in str(tm.check_gradient(f, lambda t: factor * gradient(t), THETA, BLOCKS, hints=hints))
    assert "K" not in tm.check_gradient(f, lambda t: 4 * gradient(t), THETA, BLOCKS, hints=hints).findings[0].what


def test_the_report_of_a_failure_is_aligned_marks_the_wrong_rows_and_wraps():
    lines = str(tm.check_gradient(f, wrong(lambda g: g.__imul__([1] * 6 + [2] * 3 + [1] * 3)), THETA, BLOCKS)).splitlines()
    assert [line.split()[0] for line in lines if line.endswith("✗")] == ["b1", "all"]
    assert max(map(len, lines)) <= 100
