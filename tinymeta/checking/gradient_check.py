"""Gradient checks: is a derivation right, and if not, what is wrong with it?

Both numerical derivatives of numerical.py are compared with what was derived, block by block; where
they differ, diagnosis.py says how.
"""

import numpy as np

from ..core import arguments
from ..core.layout import Layout, layout_of
from .diagnosis import Hints, explain, wrong_blocks
from .ladder import LearnerError
from .numerical import (TOLERANCE, central_difference, complex_step, quiet, relative_error,
                        straddles_kink, why_not_complex)
from .report import CheckReport, Finding


@quiet()
def check_gradient(f, gradient, theta, blocks=None, directions=None, rng=None, method="both",
                   title="gradient", hints=Hints()):
    """Compare a derived gradient with the complex step and with central differences.

    f: a function of θ (P,) that returns one number; where it lets no complex θ through, a note says
    so and central differences decide.  gradient: a function of θ that returns (P,), or that
    vector.  theta: where to check, (P,), real; it is taken to double precision.  blocks: a model,
    or [(name, shape), ...], to report by block.  directions: None checks every coordinate; a number
    checks that many random directions within each block, drawn from rng.  method: "complex",
    "central" or "both".  hints: what is known of the surroundings (see diagnosis.py).

    Returns a CheckReport: `assert check_gradient(...)` is a test.  It passes when the error is at
    most 1e-12 by the complex step and 1e-7 by central differences.  Where central differences alone
    disagree, they are retried with a step a thousand times smaller; if that agrees with the complex
    step, a kink was straddled: the coordinate is left to the complex step, and counted in a note.

    Raises TypeError or ValueError for a wrong argument, and for a gradient of the wrong shape.
    """
    theta = _real_vector(theta)
    try:
        derived = _called("gradient", gradient, theta) if callable(gradient) else gradient
    except LearnerError as error:
        return CheckReport(title, False, findings=[error.finding])
    derived = np.asarray(derived)
    arguments.shape("gradient", derived, theta.shape, ", the shape of theta")
    layout = compared = layout_of(blocks, theta.size)
    along = range(theta.size)
    if directions is not None:
        n = arguments.whole_number("directions", directions, minimum=1)
        along = _random_directions(layout, n, _generator(rng))  # (n · number of blocks, P)
        derived = along @ derived
        compared = Layout([(name, (n,)) for name in layout.names])
    value = f(theta.copy())
    if np.ndim(value) != 0:
        raise ValueError(f"f(theta) has shape {np.shape(value)}; "
                         f"expected one number, a shape of ()")
    return Comparison(f, theta, along, derived, layout, compared, method).report(title, hints)


@quiet()
def check_hvp(gradient, hvp, theta, blocks=None, directions=3, rng=None, method="both",
              title="Hessian times vector", hints=Hints()):
    """Compare derived products H(θ) v with the derivative of the gradient along v.

    gradient: a function of θ that returns (P,), checked before with check_gradient.  hvp: one of
    (θ, v).  directions: how many random v, drawn from rng, at least 2; or the v themselves, (n, P).
    One complex evaluation, Im g(θ + i h v)/h, gives the whole product.  The rest is as for
    check_gradient; the report also says whether H is symmetric, uᵀ(H v) = vᵀ(H u).

    Raises TypeError or ValueError for a wrong argument, and for results of the wrong shape.
    """
    theta, vs, rng = _real_vector(theta), directions, _generator(rng)
    layout = layout_of(blocks, theta.size)
    if np.ndim(directions) == 0:
        n = arguments.whole_number("directions", directions, minimum=2)
        vs = rng.standard_normal((n, theta.size))
    try:
        derived = np.array([_called("hvp", hvp, theta, v) for v in vs])  # (n, P)
    except LearnerError as error:
        return CheckReport(title, False, findings=[error.finding])
    arguments.shape("hvp(theta, v)", derived, vs.shape, f" for {len(vs)} directions")
    g = np.asarray(gradient(theta.copy()))
    arguments.shape("gradient(theta)", g, theta.shape, ", the shape of theta")
    products = Comparison(gradient, theta, vs, derived, layout, layout, method)
    return products.report(title, hints, _asymmetry(vs, derived))


@quiet()
def taylor_order(f, derivative, theta, v, steps=(1e-1, 1e-2, 1e-3)):
    """The order in r at which f(θ + r v) - f(θ) - r · derivative vanishes: 2 if it is right.

    f: a function of θ (P,), one number or a vector (a loss, or a gradient).  derivative: its
    derivative along v (P,) as derived (g·v, or H v); a wrong one, or 0, leaves a remainder of order
    1.  steps: the r, positive.  Returns the slope of log remainder against log r, by least squares;
    inf where nothing but rounding remains, as for an f that is linear along v.

    Raises TypeError or ValueError for arguments that do not fit.
    """
    theta, v = _real_vector(theta), arguments.floating("v", v)
    arguments.shape("v", v, theta.shape, ", the shape of theta")
    steps = [arguments.number(f"steps[{i}]", r, above=0) for i, r in enumerate(steps)]
    start = np.asarray(f(theta))
    broadcast = np.asarray(derivative) + np.zeros_like(start)
    arguments.shape("derivative", broadcast, start.shape, ", the shape of f(theta)")
    remainders = [np.linalg.norm(f(theta + r * v) - start - r * derivative) for r in steps]
    if max(remainders) <= 1e-13 * (np.linalg.norm(start) + np.linalg.norm(derivative)):
        return np.inf
    return float(np.polyfit(np.log(steps), np.log(remainders), 1)[0])


class Comparison:
    """Derivatives of f at theta (P,) along n directions, derived and numerical.

    along: the directions, numbers of coordinates or vectors (P,).  derived: (n,), or (n, P) where f
    returns (P,).  layout: of θ.  compared: of derived's last axis; it is another Layout than θ's
    where random directions stand for the entries of a block.  numerical: kind -> as derived.
    judged: kind -> which of them count, a mask.
    """

    def __init__(self, f, theta, along, derived, layout, compared, method):
        if method not in ("complex", "central", "both"):
            raise ValueError(f"method is {method!r}; expected 'complex', 'central' or 'both'")
        self.derived, self.layout, self.compared = derived, layout, compared
        self.numerical, self.notes = {}, []
        reason = "" if method == "central" else why_not_complex(f, theta)
        if reason:
            self.notes.append(reason)
        elif method != "central":
            self.numerical["complex step"] = np.array([complex_step(f, theta, d) for d in along])
        if method != "complex" or reason:
            central = np.array([central_difference(f, theta, d) for d in along])
            self.numerical["central differences"] = central
        self.judged = {kind: np.ones(derived.shape, dtype=bool) for kind in self.numerical}
        if len(self.numerical) == 2:
            kinks = straddles_kink(f, theta, along, *self.numerical.values(), derived)  # (n,)
            self.judged["central differences"][kinks] = False
            if kinks.any():
                self.notes.append(f"{np.count_nonzero(kinks)} of {len(along)} central differences "
                                  f"straddle a kink of f: left to the complex step")

    def errors(self, place=slice(None)):
        """kind -> the relative error of one block, or of all."""
        errors = {}
        for kind, values in self.numerical.items():
            counts = self.judged[kind][..., place]
            derived = self.derived[..., place][counts]
            errors[kind] = relative_error(values[..., place][counts], derived)
        return errors

    def report(self, title, hints, fault=None):
        """The CheckReport; fault: a Finding on what was derived, before any comparison."""
        rows = []
        for (name, shape, _), place in zip(self.layout, self.compared.slices):
            norm = float(np.linalg.norm(self.derived[..., place]))
            errors = self.errors(place)
            rows.append({"name": name, "shape": shape, "norm": norm, "errors": errors})
        errors = self.errors()
        equal = all(error <= TOLERANCE[kind] for kind, error in errors.items())
        findings, wrong, notes = [], [], list(self.notes)
        if not equal:
            findings, wrong = self.findings(errors, hints)
        elif fault:
            findings = [fault]
        if fault:
            notes.insert(0, fault.what)
        passed = equal and fault is None
        return CheckReport(title, passed, errors, TOLERANCE, rows, notes, findings, wrong)

    def findings(self, errors, hints):
        """The findings of a failed check, and the names of the wrong blocks."""
        right = {kind: error <= TOLERANCE[kind] for kind, error in errors.items()}
        drops = "drop the imaginary part somewhere (np.abs, .real, a comparison)"
        if right.get("complex step"):  # so central differences alone complain, and name no block
            what = (f"the complex step agrees and central differences do not: does f {drops}, or "
                    f"has it a kink close to theta?")
            return [Finding("", what, "", "complex")], []
        kind, reference = next(iter(self.numerical.items()))  # the complex step, if there is one
        wrong = wrong_blocks(self.derived, reference, self.compared, TOLERANCE[kind])
        if self.compared is not self.layout:  # projections show no pattern
            return [], wrong
        far_off = errors[kind] > 10 * TOLERANCE["central differences"]
        if right.get("central differences") and far_off:
            what = f"central differences agree and the complex step does not: does f {drops}?"
            return [Finding("", what, "", "complex")], wrong
        return explain(self.derived, reference, self.layout, TOLERANCE[kind], hints), wrong


def _real_vector(theta):
    theta = arguments.floating("theta", theta)
    arguments.shape("theta", theta, ("P",))
    if theta.dtype.kind == "c":
        raise TypeError(f"theta has dtype {theta.dtype}; expected real numbers: "
                        f"the check itself goes complex")
    return theta.astype(float)


def _generator(rng):
    return np.random.default_rng(0) if rng is None else arguments.generator("rng", rng)


def _called(name, function, *points):
    """The function's result as an array; LearnerError if it changes an argument in place."""
    passed = [point.copy() for point in points]
    result = np.asarray(function(*passed))
    for before, after in zip(points, passed):
        if not np.array_equal(before, after):
            raise LearnerError(f"{name} changes an argument in place, so that θ itself would drift",
                               "in place")
    return result


def _random_directions(layout, n, rng):
    """n unit vectors within each block, (n · number of blocks, P)."""
    along = np.zeros((len(layout), n, layout.size))
    for directions, place in zip(along, layout.slices):
        directions[:, place] = rng.standard_normal((n, place.stop - place.start))
    along = along.reshape(-1, layout.size)
    return along / np.linalg.norm(along, axis=1, keepdims=True)


def _asymmetry(vs, products):
    """A Finding unless uᵀ(H v) = vᵀ(H u) for the first two of vs (n, P)."""
    difference = abs(vs[0] @ products[1] - vs[1] @ products[0])
    scale = np.linalg.norm(vs[0]) * np.linalg.norm(products[1])
    if difference <= 1e-12 * scale:
        return None
    what = f"not symmetric: uᵀ(Hv) and vᵀ(Hu) differ by {difference:.1e} of {scale:.1e}"
    return Finding("", what, "", "symmetry")
