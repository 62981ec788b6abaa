"""check_gradient and check_hvp: they accept what is right, reject what is wrong, and say where."""

import itertools
import json
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinymeta as tm

BLOCKS = [("W1", (2, 3)), ("b1", (3,)), ("W2", (3, 1))]
THETA = np.random.default_rng(0).standard_normal(12)
ONES = np.ones(3)
MODES = pytest.mark.parametrize("mode", [
    {}, {"directions": 4}, {"method": "complex"}, {"method": "central"},
    {"directions": 4, "rng": np.random.default_rng(3)}],
    ids=["both", "directions", "complex", "central", "drawn directions"])


def f(theta):
    return np.sum(theta**3) + theta[0] * np.exp(theta[5]) * np.sin(theta[11])


def gradient(theta):
    g = 3 * theta**2
    g[0] += np.exp(theta[5]) * np.sin(theta[11])
    g[5] += theta[0] * np.exp(theta[5]) * np.sin(theta[11])
    g[11] += theta[0] * np.exp(theta[5]) * np.cos(theta[11])
    return g


def square(theta):
    return np.sum(theta * theta)


@MODES
def test_a_right_gradient_passes_and_is_never_found_wrong(mode):
    for theta in (THETA, THETA.astype(np.float32)):
        report = tm.check_gradient(f, gradient, theta, BLOCKS, **mode)
        assert report and report.passed and str(report).startswith("PASS")
        assert report.findings == [] == report.wrong_blocks


@MODES
@pytest.mark.parametrize("block, factor", [
    ("W1", [2.0] * 6), ("b1", [-1.0] * 3), ("W2", [1, 1, 1 + 1e-5])])
def test_a_wrong_gradient_fails_in_the_block_where_it_is_wrong(block, factor, mode):
    factors = np.ones(12)
    factors[{"W1": slice(6), "b1": slice(6, 9), "W2": slice(9, 12)}[block]] = factor
    report = tm.check_gradient(f, lambda t: factors * gradient(t), THETA, BLOCKS, **mode)
    assert not report and str(report).startswith("FAIL") and report.wrong_blocks == [block]
    for row in report.blocks:
        assert (max(row["errors"].values()) > 1e-7) == (row["name"] == block)
    assert ("directions" in mode) == (report.findings == [])  # projections show no pattern


def test_blocks_may_come_one_by_one_and_one_may_be_empty():
    blocks = zip(("a", "none", "b"), ((1,), (0,), (2,)))
    assert tm.check_gradient(lambda t: t @ t, lambda t: 2 * t, np.ones(3), blocks, directions=2)


def test_a_report_by_directions_has_the_norms_of_the_projections_on_unit_vectors():
    report = tm.check_gradient(lambda t: 3 * t[:6].sum(), np.r_[3 * np.ones(6), np.zeros(6)], THETA,
                               [("one", (6,)), ("two", (6,))], directions=500)
    one, two = (row["norm"] for row in report.blocks)
    assert two == 0 and abs(one / np.sqrt(500 * 9) - 1) < 0.1  # E(g·d)² = |g|²/6 = 9


@pytest.mark.parametrize("method, tolerance", [("complex", 1e-12), ("central", 1e-7)])
def test_the_tolerances_are_1e_12_and_1e_7(method, tolerance):
    line, slope = lambda t: t[0] * 3.0 + t[1] * 4.0, np.array([3.0, 4.0])
    for factor, passes in ((0.95, True), (1.05, False)):
        off = slope * (1 + factor * tolerance)
        assert bool(tm.check_gradient(line, off, np.zeros(2), method=method)) == passes
    kind = {"complex": "complex step", "central": "central differences"}[method]
    report = tm.check_gradient(line, slope, np.zeros(2), method=method)
    assert list(report.errors) == [kind] and report.tolerances[kind] == tolerance


def test_a_gradient_of_zero_is_untested_for_a_constant_and_a_stub_of_zeros_is_wrong():
    for zeros in (np.zeros(3), np.zeros_like):
        (finding,) = tm.check_gradient(lambda t: 0 * t.sum() + 2.0, zeros, ONES).findings
        assert finding.cause == "not tested"
    (finding,) = tm.check_gradient(square, np.zeros(3), ONES).findings
    assert finding.cause == "zero"


@pytest.mark.parametrize("drops", [lambda z: np.sum(np.abs(z) ** 2), lambda z: np.sum(z.real**2)],
                         ids=["abs", "real"])
def test_a_function_that_drops_the_imaginary_part_cannot_pass_a_stub(drops):
    assert not tm.check_gradient(drops, np.zeros(3), ONES)
    assert tm.check_gradient(drops, lambda t: 2 * t, ONES, method="central")


def test_where_the_two_derivatives_disagree_central_differences_decide():
    drops = lambda t: np.sum((t * t).real) + 0j
    (finding,) = tm.check_gradient(drops, 0 * ONES, ONES).findings
    assert finding.cause == "complex" and "imaginary part somewhere (np.real)" in finding.what
    report = tm.check_gradient(drops, 2 * ONES, ONES)
    assert report and list(report.errors) == ["central differences"]
    assert "f drops the imaginary part (np.real)" in report.notes[0]


def test_a_function_that_draws_at_random_is_called_so():
    rng, X = np.random.default_rng(0), np.random.default_rng(1).standard_normal((50, 3))

    def f(theta):  # on other rows at every call
        return np.sum((X[rng.integers(50, size=10)] @ theta) ** 2)

    def gradient(theta):
        return X[rng.integers(50, size=3)].sum(axis=0) * theta

    for name, report in (("f", tm.check_gradient(f, 2 * ONES, ONES)),
                         ("gradient", tm.check_hvp(gradient, lambda theta, v: v, ONES))):
        (finding,) = report.findings
        assert finding.what.startswith(f"{name} gives other numbers when it is called again")


def test_what_uses_what_another_function_has_kept_is_called_so():
    """A forward pass that keeps, and a backward pass that reads: right only straight after it."""
    kept = {}

    def f(theta):
        kept["theta"] = theta
        return np.sum(theta**3)

    def gradient(theta):
        return 3 * kept["theta"] ** 2

    def hvp(theta, v):
        return 6 * kept["theta"] * v

    def keeps(theta):
        kept["theta"] = theta
        return 3 * theta**2

    for words, report in (("gradient gives other numbers after f", tm.check_gradient(
            f, gradient, ONES)), ("hvp gives other numbers after gradient", tm.check_hvp(
            keeps, hvp, ONES))):
        (finding,) = report.findings
        assert finding.what.startswith(words) and finding.cause == "not repeatable"


def test_a_product_with_an_imaginary_part_is_called_so():
    report = tm.check_hvp(lambda t: t**2, lambda t, v: (t + 1e-20j * v) ** 2 / 1e-20, ONES)
    assert [finding.what.partition(";")[0] for finding in report.findings] == [
        "hvp(theta, v) is complex where theta is real"]
    assert tm.check_hvp(lambda t: t**2, lambda t, v: 2 * t * v + 0j, ONES)
    model = tm.MLP([1, 3, 1], "tanh")  # one that every method refuses
    own = SimpleNamespace(n_params=10, loss=model.loss, gradient=model.gradient,
                          hvp=lambda *task: model.hvp(*task) + 0j)
    assert "has dtype complex128; expected real numbers" in str(tm.check_model(own))
    with pytest.raises(TypeError, match="directions has dtype complex128; expected real"):
        tm.check_hvp(lambda t: t**2, lambda t, v: 2 * t * v, ONES, directions=1j * np.eye(3))


@pytest.mark.parametrize("factor, causes", [(1.0, []), (2.0, ["factor"])])
def test_on_a_kink_another_theta_decides(factor, causes):
    """At 0 the complex step has one slope of max(t, 0), and the mask t > 0 the other."""
    report = tm.check_gradient(lambda t: np.maximum(t, 0).sum(), lambda t: factor * (t > 0),
                               np.array([0.0, -2.0, 1.0]))
    assert [finding.cause for finding in report.findings] == causes
    assert report.notes[0].startswith("θ stands on a kink of f")
    smooth = tm.check_gradient(lambda t: (t**2).sum(), lambda t: 3 * t, np.zeros(3))
    assert not any("kink" in note for note in smooth.notes)


def test_nearly_right_is_no_factor():
    """Of a block of one number, every wrong product is a multiple: here by a millionth."""
    model = tm.MLP([1, 1, 1], "tanh")
    far = lambda t, x, y, v: (model.gradient(t + 1e-3 * v, x, y)
                              - model.gradient(t - 1e-3 * v, x, y)) / 2e-3
    own = SimpleNamespace(n_params=4, blocks=model.blocks, loss=model.loss, hvp=far,
                          gradient=model.gradient)
    for seed in range(3):
        findings = tm.check_model(own, seed=seed).findings
        assert not any("times what" in finding.what for finding in findings)
        assert any("not linear in v" in finding.what for finding in findings)


def test_a_function_may_be_another_by_rounding_when_it_is_called_again():
    factors = itertools.cycle([1.0, 1 + 1e-15])
    f = lambda theta: next(factors) * np.sum(theta**2)
    assert tm.check_gradient(f, 2 * ONES, ONES)


def refuses(theta):
    if np.iscomplexobj(theta):
        raise TypeError("real numbers only")
    return np.sum(theta**2)


@pytest.mark.parametrize("real, why", [
    (refuses, "f raised TypeError for complex theta (real numbers only)"),
    (lambda t: float(t[0]) ** 2 + t[1:] @ t[1:], "f raised"),
    (lambda t: np.sum(np.array(t, dtype=float) ** 2), "f raised ComplexWarning"),
    (lambda t: np.sum(t.real**2), "f returned real numbers")],
    ids=["error", "float", "array", "real"])
def test_any_way_of_refusing_complex_numbers_leaves_central_differences(real, why):
    for method in ("both", "complex"):
        report = tm.check_gradient(real, lambda t: 2 * t, ONES, method=method)
        assert report and list(report.errors) == ["central differences"]
        assert report.notes[0].startswith("no complex step: ") and why in report.notes[0]
    assert not tm.check_gradient(real, lambda t: 3 * t, ONES)
    assert tm.check_gradient(real, lambda t: 2 * t, ONES, method="central").notes == []


def kinked(theta):
    return np.sum(np.where(theta.real > 0, theta, 0 * theta)) + np.sum(theta**2)


def test_a_kink_beside_theta_is_told_from_a_wrong_derivative():
    theta = np.array([1.0, 1e-6, -2.0])  # the kink at 0 is within the step of central differences
    report = tm.check_gradient(kinked, lambda t: (t > 0) + 2 * t, theta)
    assert report and "1 of 3 central differences straddle a kink" in report.notes[0]
    assert not tm.check_gradient(kinked, lambda t: (t > 2e-6) + 2 * t, theta)


def test_a_kink_beside_theta_is_told_from_a_wrong_product():
    hinge = lambda t: np.where(t.real > 0, t, 0 * t)  # the gradient of ½ Σ max(θ, 0)²
    theta = np.array([1.0, 1e-7, -2.0])
    report = tm.check_hvp(hinge, lambda t, v: (t > 0) * v, theta)
    assert report and "straddle a kink" in report.notes[0]
    assert not tm.check_hvp(hinge, lambda t, v: (t > 1e-6) * v, theta)


A = np.random.default_rng(1).standard_normal((12, 12))
A = A + A.T


@pytest.mark.parametrize("change, wrong", [
    (lambda Hv, t, v: Hv, []), (lambda Hv, t, v: -Hv, ["W1", "b1", "W2"]),
    (lambda Hv, t, v: Hv - t**2 * v, ["W1", "b1", "W2"]),
    (lambda Hv, t, v: Hv * np.r_[[1] * 6, [2] * 3, [1] * 3], ["b1"])],
    ids=["right", "sign", "a term", "one block"])
def test_a_right_hvp_passes_and_a_wrong_one_fails(change, wrong):
    hvp = lambda t, v: change(A @ v + 3 * t**2 * v, t, v)
    report = tm.check_hvp(lambda t: A @ t + t**3, hvp, THETA, BLOCKS)
    assert bool(report) == (not wrong) and report.wrong_blocks == wrong
    found = [row["name"] for row in report.blocks if max(row["errors"].values()) > 1e-7]
    assert found == wrong


def test_a_product_that_is_not_symmetric_fails_even_where_it_is_the_derivative():
    for size, symmetric in ((1, False), (1e-10, False), (1e-14, True)):
        B = np.eye(4) + size * np.triu(np.ones((4, 4)))  # B t is no gradient
        report = tm.check_hvp(lambda t: B @ t, lambda t, v: B @ v, np.ones(4))
        assert bool(report) == symmetric and max(report.errors.values()) < 1e-9
        assert [one.cause for one in report.findings] == [] if symmetric else ["symmetry"]
        assert symmetric or report.notes[0].startswith("not symmetric: uᵀ(Hv) and vᵀ(Hu) differ by")


def test_the_directions_of_products_may_be_given():
    vs = np.eye(3)[:2]
    only_two = lambda t, v: 2 * v * [1, 1, 9]  # wrong in the third direction alone
    assert tm.check_hvp(lambda t: 2 * t, only_two, ONES, directions=vs)
    assert not tm.check_hvp(lambda t: 2 * t, only_two, ONES, directions=np.eye(3))


def test_a_function_that_changes_its_argument_does_no_harm():
    def changes(theta):
        value = np.sum(theta**2)
        theta *= 0
        return value

    assert tm.check_gradient(changes, lambda t: 2 * t, ONES)


def test_a_derivation_that_changes_its_argument_is_a_finding():
    def in_place(g, theta, v=0):
        theta += 1
        return g

    def scales_v(theta, v):
        v /= 2
        return 4 * v

    theta = ONES.copy()
    reports = [tm.check_gradient(square, lambda t: in_place(2 * t, t), theta),
               tm.check_hvp(lambda t: 2 * t, lambda t, v: in_place(2 * v, t), theta),
               tm.check_hvp(lambda t: 2 * t, scales_v, theta)]
    for report, name in zip(reports, ["gradient", "hvp", "hvp"]):
        (finding,) = report.findings
        assert not report and finding.cause == "in place"
        assert finding.what.startswith(f"{name} changes an argument in place")
    assert_allclose(theta, 1)


def test_a_warning_in_a_learner_s_function_is_neither_raised_nor_printed(capfd):
    def warns(theta):
        np.zeros(0).mean()
        np.log(np.zeros(1))
        return theta

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tm.check_gradient(lambda t: np.sum(warns(t) ** 2), lambda t: 2 * warns(t), ONES)
        report = tm.check_hvp(lambda t: 2 * warns(t), lambda t, v: 2 * v + 0 * warns(t), ONES)
        assert report and len(report.errors) == 2
        assert tm.taylor_order(lambda t: 3 * warns(t).sum(), 9.0, ONES, ONES) == np.inf
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("method", ["both", "central"])
def test_a_block_too_small_to_show_in_the_whole_is_judged_by_itself(method):
    f = lambda t: (1e13 * (t[0] - 0.7) + t[1]) ** 2 + 0 * t[2]
    theta, right = np.array([0.7, 0.3, 1.0]), np.array([6e12, 0.6, 0.0])
    blocks = [(name, (1,)) for name in "abc"]
    for noise in (0, 1e-12):  # rounding where the derivative is 0
        assert tm.check_gradient(f, right + [0, 0, noise], theta, blocks, method=method)
    report = tm.check_gradient(f, right * [1, -1, 1], theta, blocks, method=method)
    assert not report and report.wrong_blocks == ["b"]
    assert "wrong by 2e+00 of its own norm, which is 1e-13 of the whole's" in str(report)


@pytest.mark.parametrize("factor, passed, says", [
    (1e155 * (1 + 1e-12), True, "PASS"), (2e155, False, "2 times what it should be"),
    (np.inf, False, "NaN or infinite")])
def test_numbers_whose_squares_overflow_are_compared(factor, passed, says):
    expected = np.linspace(1, 2, 9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = tm.compare(factor * expected, 1e155 * expected, "large")
    assert report.passed == passed and says in str(report)


def test_large_numbers_are_shown_as_they_are():
    expected = 1e200 * np.linspace(1, 2, 9)
    report = tm.compare(expected + 1e199 * np.arange(9) ** 2, expected, "large")
    what = report.findings[0].what
    assert "at [8]: derived 8.4e+200, expected 2e+200, difference 6.4e+200" in what


def test_truth_values_are_compared():
    assert tm.compare(np.array([True, False]), np.array([True, False]), "labels")
    assert not tm.compare(np.array([True, False]), np.array([True, True]), "labels")


def test_what_is_compared_with_is_finite():
    report = tm.compare(np.zeros(3), np.array([np.nan, np.inf, 1]), "large")
    assert not report and "compared with has 2 NaN or infinite entries" in str(report)


@pytest.mark.parametrize("scale", [1e-290, 1e-200, 1e-155, 1e155, 1e200, 1e290])
def test_derivatives_of_any_size_are_judged(scale):
    theta = np.array([0.3, -0.7, 1.1])

    def f(theta):
        return scale * np.sin(theta).sum()

    report = tm.check_gradient(f, lambda theta: scale * np.cos(theta), theta)
    assert report and not report.notes
    assert report.blocks[0]["norm"] == pytest.approx(scale * np.linalg.norm(np.cos(theta)))
    report = tm.check_gradient(f, lambda theta: 2 * scale * np.cos(theta), theta)
    assert [finding.what for finding in report.findings] == ["2 times what it should be"]
    report = tm.check_gradient(f, lambda theta: scale * theta, theta)
    assert "difference" in report.findings[0].what and f"e{np.log10(scale):+.0f}" in str(report)


def test_a_function_that_is_nan_has_no_derivative():
    report = tm.check_gradient(lambda theta: np.log(theta).sum(), lambda theta: 1 / theta, -ONES)
    assert not report and "f(theta) is nan: there is no derivative to compare with" in str(report)


def test_a_report_is_json_where_numbers_are_not_finite():
    report = tm.check_gradient(lambda theta: theta @ theta, lambda theta: np.nan * theta, ONES)
    data = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert data["passed"] is False and data["blocks"][0]["norm"] is None
