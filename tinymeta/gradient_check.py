"""Gradient checks: is a derivation right?  Two numerical derivatives that know nothing of it.

    [CHECK.1]  complex step         ∂f/∂θ_j ≈ Im f(θ + i h e_j) / h,            h = 1e-20
    [CHECK.2]  central differences  ∂f/∂θ_j ≈ (f(θ + h e_j) - f(θ - h e_j)) / 2h,  h = ε^(1/3) max(1, |θ_j|)
    [CHECK.3]  error                ‖numerical - derived‖ / max(‖numerical‖, ‖derived‖)

From f(θ + i h e_j) = f + i h ∂_j f - h²/2 ∂_j² f + ..., the complex step has an error of order h²
and subtracts nothing, so that h can be 1e-20 and the result is right to rounding (about 1e-15).
Central differences lose digits by subtraction: about 1e-10 remains.  They need no complex numbers,
and so they also notice an f that drops the imaginary part (np.abs, .real).

Reference: Squire & Trapp 1998, "Using Complex Variables to Estimate Derivatives of Real Functions".
"""

import numpy as np

from . import arguments
from .check_report import CheckReport

COMPLEX_STEP = 1e-20
TOLERANCE = {"complex step": 1e-12, "central differences": 1e-7}
KINK_TOLERANCE = 1e-4  # for coordinates retried with a thousandth of the step: fewer digits remain


def check_gradient(f, gradient, theta, blocks=None, directions=None, rng=None, method="both", title="gradient"):
    """Compare a derived gradient with the complex step and with central differences.

    f: a function of θ (P,) that returns one number; it must let complex θ through to be checked by
    the complex step.  gradient: a function of θ that returns (P,), or that vector.  theta: where to
    check, (P,); it is taken to double precision.  blocks: a model, or [(name, shape), ...], to
    report by block.  directions: None checks every coordinate; a number checks that many random
    directions within each block, drawn from rng.  method: "complex", "central" or "both".

    Returns a CheckReport: `assert check_gradient(...)` is a test.  It passes when the error is at
    most 1e-12 by the complex step and 1e-7 by central differences.  Where central differences
    alone disagree, they are retried with a step a thousand times smaller: a kink of ReLU between
    θ - h and θ + h is then left behind, and counted in a note.

    Raises TypeError or ValueError for a wrong argument, and for a gradient of the wrong shape.
    """
    theta = arguments.floating("theta", theta).real.astype(float)
    arguments.shape("theta", theta, ("P",))
    derived = np.asarray(gradient(theta) if callable(gradient) else gradient)
    arguments.shape("gradient", derived, theta.shape, ", the shape of theta")
    layout = _layout(blocks, theta.size)
    along = _directions(layout, theta.size, directions, rng)  # [(block number, direction (P,) or index)]
    value = f(theta)
    if np.ndim(value) != 0:
        raise ValueError(f"f(theta) has shape {np.shape(value)}; expected one number, a shape of ()")
    steps = np.finfo(float).eps ** (1 / 3) * np.maximum(1, np.abs(theta))  # (P,)
    projected = np.array([derived[d] if np.ndim(d) == 0 else derived @ d for _, d in along])
    numerical, notes = {}, []
    if _wanted(method, "complex"):
        estimates = _complex_estimates(lambda move: f(theta + move), along, theta.size, notes)
        if estimates is not None:
            numerical["complex step"] = estimates
    if _wanted(method, "central") or not numerical:
        numerical["central differences"] = np.array([_central(f, theta, d, steps) for _, d in along])
        if "complex step" in numerical:
            _retry_kinks(f, theta, along, steps, numerical, projected, notes)
    owner = np.array([b for b, _ in along])
    return _report(title, layout, owner, projected, numerical, notes)


def check_hvp(gradient, hvp, theta, blocks=None, directions=3, rng=None, method="both", title="Hessian times vector"):
    """Compare derived products H(θ) v with the derivative of the gradient along v.

    gradient: a function of θ that returns (P,), checked before with check_gradient; hvp: a function
    of (θ, v) that returns (P,).  directions: how many random v, drawn from rng.  One complex
    evaluation, Im g(θ + i h v)/h, gives the whole product.  The rest is as for check_gradient;
    the report also says whether H is symmetric, uᵀ(H v) = vᵀ(H u).
    """
    theta = arguments.floating("theta", theta).real.astype(float)
    arguments.shape("theta", theta, ("P",))
    rng = np.random.default_rng(0) if rng is None else arguments.generator("rng", rng)
    layout = _layout(blocks, theta.size)
    vs = rng.standard_normal((arguments.whole_number("directions", directions, minimum=1) + 1, theta.size))
    derived = np.array([hvp(theta, v) for v in vs])  # (n, P)
    arguments.shape("hvp(theta, v)", derived, vs.shape, f" for {len(vs)} directions")
    numerical, notes = {}, []
    if _wanted(method, "complex"):
        estimates = _complex_estimates(lambda move: gradient(theta + move), [(0, v) for v in vs], theta.size, notes)
        if estimates is not None:
            numerical["complex step"] = estimates.ravel()
    if _wanted(method, "central") or not numerical:
        h = np.finfo(float).eps ** (1 / 3)
        numerical["central differences"] = np.array(
            [(gradient(theta + h * v) - gradient(theta - h * v)) / (2 * h) for v in vs]).ravel()  # [CHECK.2]
    asymmetry = abs(vs[0] @ derived[1] - vs[1] @ derived[0])
    scale = np.linalg.norm(vs[0]) * np.linalg.norm(derived[1])
    symmetric = bool(asymmetry <= 1e-12 * scale)
    if not symmetric:
        notes.append(f"not symmetric: uᵀ(Hv) and vᵀ(Hu) differ by {asymmetry:.1e} of {scale:.1e}")
    owner = np.tile(np.repeat(np.arange(len(layout)), [s.stop - s.start for _, _, s in layout]), len(vs))
    return _report(title, layout, owner, derived.ravel(), numerical, notes, symmetric)


def taylor_order(f, derivative, theta, v, steps=(1e-1, 1e-2, 1e-3)):
    """The order in ε at which f(θ + ε v) - f(θ) - ε · derivative vanishes: 2 if the derivative is right.

    f: a function of θ, one number or a vector (a loss, or a gradient).  derivative: its derivative
    along v as derived (g·v, or H v); a wrong one, or 0, leaves a remainder of order 1.  steps: the
    ε, from large to small.  Returns the slope of log remainder against log ε, by least squares.
    """
    remainders = [np.linalg.norm(f(theta + e * v) - f(theta) - e * derivative) for e in steps]
    return float(np.polyfit(np.log(steps), np.log(remainders), 1)[0])


def relative_error(numerical, derived):
    """‖numerical - derived‖ / max(‖numerical‖, ‖derived‖), and 0 where both are 0."""
    scale = max(np.linalg.norm(numerical), np.linalg.norm(derived))
    difference = np.linalg.norm(np.asarray(numerical) - derived)
    return 0.0 if scale == 0 else float(difference / scale)  # [CHECK.3]


def _wanted(method, kind):
    if method not in ("complex", "central", "both"):
        raise ValueError(f"method is {method!r}; expected 'complex', 'central' or 'both'")
    return method in (kind, "both")


def _layout(blocks, P):
    """[(name, shape, slice), ...] for a model, a list of (name, shape), or None: one block."""
    blocks = getattr(blocks, "blocks", blocks) or [("theta", (P,))]
    ends = np.cumsum([int(np.prod(shape)) for _, shape in blocks])
    if ends[-1] != P:
        raise ValueError(f"blocks hold {ends[-1]} parameters; expected {P}, the length of theta")
    return [(name, shape, slice(end - int(np.prod(shape)), end)) for (name, shape), end in zip(blocks, ends)]


def _directions(layout, P, n, rng):
    """What to check along: [(block number, coordinate)] or [(block number, unit vector (P,) in the block)]."""
    if n is None:
        return [(b, j) for b, (_, _, part) in enumerate(layout) for j in range(part.start, part.stop)]
    n = arguments.whole_number("directions", n, minimum=1)
    rng = np.random.default_rng(0) if rng is None else arguments.generator("rng", rng)
    along = []
    for b, (_, _, part) in enumerate(layout):
        for _ in range(n):
            d = np.zeros(P)
            d[part] = rng.standard_normal(part.stop - part.start)
            along.append((b, d / np.linalg.norm(d)))
    return along


def _move(d, P, h):
    """h times the direction d, a unit vector or a coordinate's index."""
    if np.ndim(d):
        return h * d
    move = np.zeros(P, dtype=type(h))
    move[d] = h
    return move


def _complex_estimates(f_moved, along, P, notes):
    """Im f(θ + i h d)/h for each direction, or None, with a note, when f does not take complex numbers."""
    estimates = []
    for _, d in along:
        try:
            value = np.asarray(f_moved(_move(d, P, 1j * COMPLEX_STEP)))
        except TypeError as error:
            notes.append(f"no complex step: f raised TypeError for complex theta ({error})")
            return None
        if value.dtype.kind != "c":
            notes.append("no complex step: f returned real numbers for complex theta")
            return None
        estimates.append(value.imag / COMPLEX_STEP)  # [CHECK.1]
    return np.array(estimates)


def _central(f, theta, d, steps, shrink=1.0):
    h = float((steps[d] if np.ndim(d) == 0 else steps.max()) * shrink)
    move = _move(d, theta.size, h)
    return (f(theta + move) - f(theta - move)) / (2 * h)  # [CHECK.2]


def _retry_kinks(f, theta, along, steps, numerical, projected, notes):
    """Replace central differences that straddle a kink by ones with a smaller step."""
    exact, central = numerical["complex step"], numerical["central differences"]
    scale = max(np.linalg.norm(exact), np.linalg.norm(projected))
    if (relative_error(central, projected) <= TOLERANCE["central differences"]
            or relative_error(exact, projected) > TOLERANCE["complex step"]):
        return
    suspects = np.flatnonzero(np.abs(central - exact) > TOLERANCE["central differences"] * scale / np.sqrt(len(along)))
    retried = {i: _central(f, theta, along[i][1], steps, shrink=1e-3) for i in suspects}
    left_behind = [i for i in suspects if abs(retried[i] - exact[i]) <= KINK_TOLERANCE * scale
                   and abs(retried[i] - exact[i]) < 0.1 * abs(central[i] - exact[i])]
    for i in left_behind:
        central[i] = exact[i]
    if left_behind:
        notes.append(f"{len(left_behind)} of {len(along)} central differences straddled a kink of f; with a step "
                     f"1000 times smaller they agree, to {KINK_TOLERANCE:g}")


def _report(title, layout, owner, derived, numerical, notes, otherwise_fine=True):
    errors = {name: relative_error(values, derived) for name, values in numerical.items()}
    blocks = [{"name": name, "shape": shape, "norm": float(np.linalg.norm(derived[owner == b])),
               "errors": {kind: relative_error(values[owner == b], derived[owner == b])
                          for kind, values in numerical.items()}}
              for b, (name, shape, _) in enumerate(layout)]
    passed = otherwise_fine and all(error <= TOLERANCE[name] for name, error in errors.items())
    if not passed and errors.get("complex step", 1) <= TOLERANCE["complex step"] and "central differences" in errors:
        notes.append("the complex step agrees and central differences do not: does f drop the imaginary part "
                     "somewhere (np.abs, .real, a comparison)?")
    return CheckReport(title, bool(passed), errors, TOLERANCE, blocks, notes)
