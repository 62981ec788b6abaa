"""Gradient checks: is a derivation right, and if not, what is wrong with it?

Both numerical derivatives of numerical.py are compared with what was derived, block by block; where they
differ, diagnosis.py says how.
"""

import numpy as np

from ..core import arguments
from ..core.layout import layout_of
from .report import CheckReport, Finding
from .diagnosis import Hints, explain, wrong_blocks
from .numerical import (TOLERANCE, central_difference, complex_step, relative_error, straddles_kink,
                        why_not_complex)


def check_gradient(f, gradient, theta, blocks=None, directions=None, rng=None, method="both", title="gradient",
                   hints=Hints()):
    """Compare a derived gradient with the complex step and with central differences.

    f: a function of θ (P,) that returns one number; it must let complex θ through to be checked by
    the complex step, or else a note says so and central differences decide.  gradient: a function of
    θ that returns (P,), or that vector.  theta: where to check, (P,), real; it is taken to double
    precision.  blocks: a model, or [(name, shape), ...], to report by block.  directions: None checks
    every coordinate; a number checks that many random directions within each block, drawn from rng.
    method: "complex", "central" or "both".  hints: what is known of the surroundings, for the
    diagnosis of a failure (see diagnosis.py).

    Returns a CheckReport: `assert check_gradient(...)` is a test.  It passes when the error is at
    most 1e-12 by the complex step and 1e-7 by central differences.  Where central differences alone
    disagree, they are retried with a step a thousand times smaller; if that agrees with the complex
    step, a kink was straddled: the coordinate is left to the complex step, and counted in a note.

    Raises TypeError or ValueError for a wrong argument, and for a gradient of the wrong shape.
    """
    theta = _real_vector(theta)
    derived = np.asarray(gradient(theta.copy()) if callable(gradient) else gradient)
    arguments.shape("gradient", derived, theta.shape, ", the shape of theta")
    layout = list(layout_of(blocks, theta.size))
    along, owner = _directions(layout, theta.size, directions, rng)
    value = f(theta.copy())
    if np.ndim(value) != 0:
        raise ValueError(f"f(theta) has shape {np.shape(value)}; expected one number, a shape of ()")
    projected = np.array([derived[d] if np.ndim(d) == 0 else derived @ d for d in along])  # (n,)
    return _compare(f, theta, along, projected, layout, np.array(owner), method, title, hints=hints)


def check_hvp(gradient, hvp, theta, blocks=None, directions=3, rng=None, method="both", title="Hessian times vector",
              hints=Hints()):
    """Compare derived products H(θ) v with the derivative of the gradient along v.

    gradient: a function of θ that returns (P,), checked before with check_gradient; hvp: a function
    of (θ, v) that returns (P,).  directions: how many random v, drawn from rng, at least 2; or the v
    themselves, (n, P).  One
    complex evaluation, Im g(θ + i h v)/h, gives the whole product.  The rest is as for check_gradient;
    the report also says whether H is symmetric, uᵀ(H v) = vᵀ(H u).

    Raises TypeError or ValueError for a wrong argument, and for results of the wrong shape.
    """
    theta = _real_vector(theta)
    rng = np.random.default_rng(0) if rng is None else arguments.generator("rng", rng)
    layout = list(layout_of(blocks, theta.size))
    vs = directions
    if np.ndim(directions) == 0:
        vs = rng.standard_normal((arguments.whole_number("directions", directions, minimum=2), theta.size))
    derived = np.array([hvp(theta.copy(), v) for v in vs])  # (n, P)
    arguments.shape("hvp(theta, v)", derived, vs.shape, f" for {len(vs)} directions")
    arguments.shape("gradient(theta)", np.asarray(gradient(theta.copy())), theta.shape, ", the shape of theta")
    asymmetry = abs(vs[0] @ derived[1] - vs[1] @ derived[0])
    scale = np.linalg.norm(vs[0]) * np.linalg.norm(derived[1])
    notes = []
    if not asymmetry <= 1e-12 * scale:
        notes.append(f"not symmetric: uᵀ(Hv) and vᵀ(Hu) differ by {asymmetry:.1e} of {scale:.1e}")
    owner = np.repeat(np.arange(len(layout)), [part.stop - part.start for _, _, part in layout])  # (P,)
    return _compare(gradient, theta, list(vs), derived, layout, owner, method, title, notes, hints)


def taylor_order(f, derivative, theta, v, steps=(1e-1, 1e-2, 1e-3)):
    """The order in r at which f(θ + r v) - f(θ) - r · derivative vanishes: 2 if the derivative is right.

    f: a function of θ (P,), one number or a vector (a loss, or a gradient).  derivative: its
    derivative along v (P,) as derived (g·v, or H v); a wrong one, or 0, leaves a remainder of order 1.
    steps: the r, positive.  Returns the slope of log remainder against log r, by least squares; inf
    where nothing but rounding remains, as for an f that is linear along v.

    Raises TypeError or ValueError for arguments that do not fit.
    """
    theta = _real_vector(theta)
    v = arguments.floating("v", v)
    arguments.shape("v", v, theta.shape, ", the shape of theta")
    steps = [arguments.number(f"steps[{i}]", r, above=0) for i, r in enumerate(steps)]
    start = np.asarray(f(theta))
    arguments.shape("derivative", np.asarray(derivative) + np.zeros_like(start), start.shape, ", the shape of f(theta)")
    remainders = np.array([np.linalg.norm(f(theta + r * v) - start - r * derivative) for r in steps])
    if remainders.max() <= 1e-13 * (np.linalg.norm(start) + np.linalg.norm(derivative)):
        return np.inf
    return float(np.polyfit(np.log(steps), np.log(remainders), 1)[0])


def _real_vector(theta):
    theta = arguments.floating("theta", theta)
    arguments.shape("theta", theta, ("P",))
    if theta.dtype.kind == "c":
        raise TypeError(f"theta has dtype {theta.dtype}; expected real numbers: the check itself goes complex")
    return theta.astype(float)


def _directions(layout, P, n, rng):
    """What to check along, coordinates or unit vectors (P,) within a block, and each one's block number."""
    if n is None:
        return list(range(P)), [b for b, (_, _, part) in enumerate(layout) for _ in range(part.start, part.stop)]
    n = arguments.whole_number("directions", n, minimum=1)
    rng = np.random.default_rng(0) if rng is None else arguments.generator("rng", rng)
    along, owner = [], []
    for b, (_, _, part) in enumerate(layout):
        for _ in range(n):
            d = np.zeros(P)
            d[part] = rng.standard_normal(part.stop - part.start)
            along.append(d / np.linalg.norm(d))
            owner.append(b)
    return along, owner


def _compare(f, theta, along, derived, layout, owner, method, title, notes=(), hints=Hints()):
    """The report on derived derivatives of f (n, ...), one for each of the n directions.

    owner: the block number of each derived number: one for each direction, or for each entry of a
    derived vector.  notes: what is wrong already.
    """
    if method not in ("complex", "central", "both"):
        raise ValueError(f"method is {method!r}; expected 'complex', 'central' or 'both'")
    faults, notes, numerical = list(notes), [], {}
    if method != "central":
        reason = why_not_complex(f, theta)
        if not reason:
            numerical["complex step"] = np.array([complex_step(f, theta, d) for d in along])  # (n, ...)
        notes += [reason] * bool(reason)
    kept = np.ones(len(along), dtype=bool)  # the directions that central differences can judge
    if method != "complex" or not numerical:
        numerical["central differences"] = np.array([central_difference(f, theta, d) for d in along])  # (n, ...)
    if len(numerical) == 2:
        kept = ~straddles_kink(f, theta, along, *numerical.values(), derived)
        if not kept.all():
            notes.append(f"{np.count_nonzero(~kept)} of {len(along)} central differences straddle a kink of f: "
                         f"left to the complex step")
    owner = np.broadcast_to(owner if derived.ndim > 1 else owner[:, None], derived.reshape(len(along), -1).shape)
    parts = {kind: [a.reshape(owner.shape)[kept if kind == "central differences" else slice(None)]
                    for a in (values, derived, owner)] for kind, values in numerical.items()}
    errors = {kind: relative_error(values, truth) for kind, (values, truth, _) in parts.items()}
    blocks = [{"name": name, "shape": shape, "norm": float(np.linalg.norm(derived.reshape(owner.shape)[owner == b])),
               "errors": {kind: relative_error(values[own == b], truth[own == b])
                          for kind, (values, truth, own) in parts.items()}}
              for b, (name, shape, _) in enumerate(layout)]
    equal = all(error <= TOLERANCE[kind] for kind, error in errors.items())
    passed, findings, wrong = equal and not faults, [Finding("", fault, "", "symmetry") for fault in faults], []
    if not equal:
        findings, wrong = _findings(numerical, errors, derived, along, layout, owner, hints)
    return CheckReport(title, passed, errors, TOLERANCE, blocks, faults + notes, findings, wrong)


def _findings(numerical, errors, derived, along, layout, owner, hints):
    """The findings of a failed check, and the names of the wrong blocks: [] where central differences alone complain."""
    right = {kind: error <= TOLERANCE[kind] for kind, error in errors.items()}
    disagree = len(right) == 2 and len(set(right.values())) == 2
    if disagree and right["complex step"]:
        return [Finding("", "the complex step agrees and central differences do not: does f drop the imaginary part "
                            "somewhere (np.abs, .real, a comparison), or has it a kink close to theta?", "", "complex")], []
    kind = next(iter(numerical))  # the complex step, where there is one
    truth = numerical[kind]
    whole = derived.ndim > 1 or [np.ndim(d) for d in along] == [0] * len(along)  # every entry, no projections
    if not whole:
        scale = TOLERANCE[kind] * max(np.linalg.norm(derived), np.linalg.norm(truth)) / np.sqrt(len(layout))
        wrong = [name for b, (name, _, _) in enumerate(layout)
                 if not np.linalg.norm((derived - truth)[owner[:, 0] == b]) <= scale]
        return [], wrong
    wrong = wrong_blocks(derived, truth, layout, TOLERANCE[kind])
    if disagree and errors[kind] > 10 * TOLERANCE["central differences"]:
        return [Finding("", "central differences agree and the complex step does not: f drops the imaginary part "
                            "somewhere (np.abs, .real, a comparison)", "", "complex")], wrong
    return explain(derived, truth, layout, TOLERANCE[kind], hints), wrong
