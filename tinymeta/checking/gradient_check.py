"""Gradient checks: is a derivation right, and if not, what is wrong with it?

Both numerical derivatives of numerical.py are compared with what was derived, block by block; where
they differ, diagnosis.py says how.
"""

from dataclasses import replace

import numpy as np

from ..core import arguments
from ..core.layout import Layout, layout_of
from .comparison import SINGLE, Comparison
from .diagnosis import checked_hints
from .ladder import LearnerError, attempt
from .numerical import is_single, on_kink, quiet
from .report import CheckReport, Finding
from .returned import as_array, repeated, same_again, stands_alone, vector


@quiet()
def check_gradient(f, gradient, theta, blocks=None, directions=None, rng=None, method="both",
                   title="gradient", hints=None):
    """Compare a derived gradient with the complex step and with central differences.

    f: a function of θ (P,) that returns one number; where it lets no complex θ through, a note says
    so and central differences decide.  gradient: a function of θ that returns (P,), or that
    vector.  theta: where to check, (P,), real; it is taken to double precision.  blocks: a model,
    or [(name, shape), ...], to report by block.  directions: None checks every coordinate; a number
    checks that many random directions within each block, drawn from rng.  method: "complex",
    "central" or "both".  hints: what is known of the surroundings (see diagnosis.py).

    Returns a CheckReport: `assert check_gradient(...)` is a test.  It passes when the error is at
    most 1e-12 by the complex step and 1e-7 by central differences, of the whole vector; a block too
    small to show there is judged by itself.  Where the two disagree, a note says which is believed,
    and why (see comparison.py).  Where a block's derivative is 0, no wrong factor could show: a
    gradient that is a function is then checked at another θ too; where it is not right on a kink
    of f, at one nearby.

    Raises TypeError or ValueError for a wrong argument, and for a gradient of the wrong shape.
    """
    theta, hints = vector("theta", theta), checked_hints(hints)
    layout = compared = layout_of(blocks, theta.size)
    along, rng = range(theta.size), _generator(rng)
    if directions is not None:
        n = arguments.whole_number("directions", directions, minimum=1)
        along = _random_directions(layout, n, rng)  # (n · number of blocks, P)
        compared = Layout([(name, (n,)) for name in layout.names])
    arguments.function("f", f, "theta")
    if callable(gradient):
        arguments.function("gradient", gradient, "theta")
    value = f(theta.copy())
    if value is None or isinstance(value, (str, bool, np.bool_)):
        raise TypeError(f"f(theta) is {arguments.shown(value)}; "
                        "expected one number: is a `return` missing?")
    value = _numbers("f(theta)", value)
    if value.ndim != 0:
        raise ValueError(f"f(theta) has shape {value.shape}; expected one number, a shape of ()")
    if value.dtype.kind in "fc" and not np.isfinite(value):
        what = f"f(theta) is {value}: there is no derivative to compare with"
        return CheckReport(title, False, findings=[Finding("", what, "", "not finite")])

    def at(theta):
        same_again("f", f, theta)
        derived = gradient
        if callable(gradient):
            derived = repeated("gradient", gradient, theta)
            stands_alone("gradient", derived, gradient, theta, beside=("f", f))
        derived = _numbers("gradient", derived)
        arguments.shape("gradient", derived, theta.shape, ", the shape of theta")
        if directions is not None:
            derived = along @ derived
        comparison = Comparison(f, theta, along, derived, layout, compared, method)
        return comparison, comparison.report(title, hints)

    return _checked_elsewhere(at, theta, callable(gradient), title)


@quiet()
def check_hvp(gradient, hvp, theta, blocks=None, directions=3, rng=None, method="both",
              title="Hessian times vector", hints=None):
    """Compare derived products H(θ) v with the derivative of the gradient along v.

    gradient: a function of θ that returns (P,), checked before with check_gradient.  hvp: one of
    (θ, v).  directions: how many random v, drawn from rng, at least 2; or the v themselves, (n, P).
    One complex evaluation, Im g(θ + i h v)/h, gives the whole product.  The rest is as for
    check_gradient; the report also says whether H is symmetric, uᵀ(H v) = vᵀ(H u).

    Raises TypeError or ValueError for a wrong argument, and for results of the wrong shape.
    """
    arguments.function("gradient", gradient, "theta")
    arguments.function("hvp", hvp, "theta", "v")
    theta, hints = vector("theta", theta), checked_hints(hints)
    vs, rng = directions, _generator(rng)
    layout = layout_of(blocks, theta.size)
    if arguments.as_array("directions", directions).ndim == 0:
        n = arguments.whole_number("directions", directions, minimum=2)
        vs = rng.standard_normal((n, theta.size))
    else:
        vs = arguments.real_numbers("directions", arguments.floating("directions", directions))
        arguments.shape("directions", vs, ("n", theta.size))
        if len(vs) < 2 or not vs.any(axis=-1).all():
            raise ValueError("directions has a vector of zeros, or fewer than two vectors; "
                             "expected directions to move in")

    def product(theta, v):
        found = repeated("hvp", hvp, theta, v)
        stands_alone("hvp", found, hvp, theta, v, beside=("gradient", gradient))
        found = _numbers("hvp(theta, v)", found)
        arguments.shape("hvp(theta, v)", found, theta.shape, ", the shape of theta")
        return found

    def at(theta):
        same_again("gradient", lambda t: _numbers("gradient(theta)", gradient(t)), theta)
        derived = np.array([product(theta, v) for v in vs])  # (n, P)
        g = _numbers("gradient(theta)", gradient(theta.copy()))
        arguments.shape("gradient(theta)", g, theta.shape, ", the shape of theta")
        products = Comparison(gradient, theta, vs, derived, layout, layout, method)
        tolerance = products.tolerance[products.reference[0]]
        tolerance = max(tolerance, SINGLE) if is_single(derived) else tolerance
        fault = _asymmetry(vs, derived, tolerance)
        return products, products.report(title, hints, fault)

    return _checked_elsewhere(at, theta, True, title, may_vanish=True)


@quiet()
def taylor_order(f, derivative, theta, v, steps=(1e-1, 1e-2, 1e-3)):
    """The order in r at which f(θ + r v) - f(θ) - r · derivative vanishes: 2 if it is right.

    f: a function of θ (P,), one number or a vector (a loss, or a gradient).  derivative: its
    derivative along v (P,) as derived (g·v, or H v); a wrong one, or 0, leaves a remainder of order
    1.  steps: the r, positive.  Returns the slope of log remainder against log r, by least squares;
    inf where nothing but rounding remains, as for an f that is linear along v.

    Raises TypeError or ValueError for arguments that do not fit.
    """
    theta, v = vector("theta", theta), arguments.floating("v", v)
    arguments.shape("v", v, theta.shape, ", the shape of theta")
    arguments.function("f", f, "theta")
    derivative = arguments.numbers("derivative", derivative)
    if not np.isfinite(derivative).all():
        raise ValueError(f"derivative is {arguments.shown(derivative)}; expected finite numbers")
    if arguments.as_array("steps", steps).ndim != 1 or len({*steps}) < 2:
        raise ValueError(f"steps is {arguments.shown(steps)}; "
                         "expected at least two different numbers")
    steps = [arguments.number(f"steps[{i}]", r, above=0) for i, r in enumerate(steps)]
    start = arguments.numbers("f(theta)", f(theta.copy())).copy()
    if derivative.ndim:
        arguments.shape("derivative", derivative, start.shape, ", the shape of f(theta)")
    remainders = [_remainder(f, theta + r * v, start + r * derivative) for r in steps]
    if max(remainders) <= 1e-13 * (np.linalg.norm(start) + np.linalg.norm(derivative)):
        return np.inf
    remainders = np.maximum(remainders, 1e-16 * max(remainders))  # 0 has no logarithm
    return float(np.polyfit(np.log(steps), np.log(remainders), 1)[0])


def _remainder(f, moved, expected):
    """The distance of f(moved) from what was expected, a number."""
    found = arguments.numbers("f(theta + r v)", f(moved))
    arguments.shape("f(theta + r v)", found, expected.shape, ", the shape of f(theta)")
    with np.errstate(over="ignore", invalid="ignore"):
        remainder = np.linalg.norm(found - expected)
    if not np.isfinite(remainder):
        raise ValueError(f"f(theta + r v) is {arguments.shown(found)}; expected numbers whose "
                         f"squares are finite, as at smaller steps r")
    return remainder


def _numbers(name, value):
    """The value as an array of numbers; TypeError or ValueError for anything else."""
    if value is None:
        raise TypeError(f"{name} is None; expected an array of numbers: is a `return` missing?")
    array = arguments.numbers(name, as_array(value, name))
    if array.dtype == np.float16:
        raise TypeError(f"{name} has dtype float16; expected double precision, or single: half "
                        f"shows too few digits for a check")
    if array.imag.any():
        raise LearnerError(f"{name} is complex where theta is real; expected real numbers: is an "
                           f".imag or a .real missing?", "complex")
    return array


def _generator(rng):
    return np.random.default_rng(0) if rng is None else arguments.generator("rng", rng)


def _checked_elsewhere(at, theta, movable, title, may_vanish=False):
    """at(theta)'s report; where derivatives vanish there, that of another θ as well.

    at: θ -> (Comparison, CheckReport).  movable: whether the derivation is a function of θ.
    may_vanish: whether derivatives that are all 0, at both θ, can be right: those of H can.  Where
    f is too rough at θ for single precision, up to four other θ are tried, until one is not.
    """
    try:
        comparison, report = at(theta)
        rng, n_tried = np.random.default_rng(2), 0
        nearby = np.random.default_rng(3).standard_normal(theta.size)
        if not report and movable and attempt(lambda: on_kink(comparison.f, theta, nearby))[0]:
            theta = theta + 0.01 * nearby
            comparison, report = at(theta)
            report.notes.insert(0, "θ stands on a kink of f, where there is no derivative; another "
                                   "θ nearby decides")
        while comparison.too_rough and movable and n_tried < 4:
            comparison, report = at(theta + 0.1 * rng.standard_normal(theta.size))
            n_tried += 1
        if n_tried and not comparison.too_rough:
            report.notes.insert(0, "f is too rough at this θ for single precision; another decides")
        vanishing = comparison.vanishing()
        if not report or not vanishing:
            return report
        moved = theta + 0.3 * np.random.default_rng(1).standard_normal(theta.size)
        movable = movable and np.isfinite(comparison.f(moved)).all()
        if movable:
            comparison, report = at(moved)
    except LearnerError as error:
        return CheckReport(title, False, findings=[error.finding])
    still = [name for name in comparison.vanishing() if name in vanishing]
    if len(still) == len(comparison.layout) and not may_vanish:
        what = "nothing is compared: f does not change with θ here, all its derivatives are 0"
        return replace(report, passed=False, findings=[Finding("", what, "", "not tested")])
    note = f"{', '.join(vanishing)}: derivative 0 at this θ, where no wrong factor could show"
    if movable:
        note += "; another θ decides"
    if movable and still:
        note += f", where that of {', '.join(still)} is 0 too: not tested"
    return replace(report, notes=[note, *report.notes])


def _random_directions(layout, n, rng):
    """n unit vectors within each block, (n · number of blocks, P)."""
    along = np.zeros((len(layout), n, layout.size))
    for directions, place in zip(along, layout.slices):
        directions[:, place] = rng.standard_normal((n, place.stop - place.start))
    along = along.reshape(-1, layout.size)
    norms = np.linalg.norm(along, axis=1, keepdims=True)
    return along / np.where(norms > 0, norms, 1.0)  # 0 in a block of no numbers


def _asymmetry(vs, products, tolerance):
    """A Finding unless uᵀ(H v) = vᵀ(H u) for the first two of vs (n, P)."""
    difference = abs(vs[0] @ products[1] - vs[1] @ products[0])
    scale = np.linalg.norm(vs[0]) * np.linalg.norm(products[1])
    if not difference > tolerance * scale:  # NaN is no asymmetry
        return None
    what = f"not symmetric: uᵀ(Hv) and vᵀ(Hu) differ by {difference:.1e} of {scale:.1e}"
    return Finding("", what, "", "symmetry")
