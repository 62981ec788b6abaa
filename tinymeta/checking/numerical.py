"""Two numerical derivatives that know nothing of any derivation, and the error between two vectors.

    [CHECK.1]  complex step         ∂f/∂θ_j ≈ Im f(θ + i h e_j) / h,   h = 1e-20
    [CHECK.2]  central differences  ∂f/∂θ_j ≈ (f(θ + h e_j) - f(θ - h e_j)) / 2h,
                                    h = eps^(1/3) max(1, |θ_j|)
    [CHECK.3]  error                ‖numerical - derived‖ / max(‖numerical‖, ‖derived‖)

eps is the machine's, 2.2e-16.  Along a direction d in place of e_j, |θ_j| is the largest of them.
From f(θ + i h e_j) = f + i h ∂_j f - h²/2 ∂_j² f + ..., the complex step has an error of order h²
and subtracts nothing, so that h can be 1e-20 and the result is right to rounding (about 1e-15).
Central differences lose digits by subtraction: about 1e-10 remains.  They need no complex numbers,
and so they also notice an f that drops the imaginary part (np.abs, .real).  But they lie where a
kink of ReLU is between θ - h and θ + h; the complex step does not move the real part and sees none.

Reference: Squire & Trapp 1998, "Using Complex Variables to Estimate Derivatives of Real Functions".
"""

import warnings
from contextlib import contextmanager

import numpy as np

COMPLEX_STEP = 1e-20
TOLERANCE = {"complex step": 1e-12, "central differences": 1e-7}
STEPS = 4.0 ** np.arange(7, -19, -1)  # tried for central differences, in units of the usual h
NEARBY = 1.3 ** np.arange(11, -12, -1)  # times the best of them: tried in single precision,
TOGETHER = 10  # as many at a time
SINGLE_UNIT = 1e-10  # an f whose relative rounding is above it is in single precision
KINK_TOLERANCE = 1e-4  # for directions retried with a thousandth of the step: fewer digits remain


class ExitError(RuntimeError):
    """A learner's code has called exit(): it is not to end the program that checks it."""


@contextmanager
def quiet():
    """Run a learner's code without RuntimeWarnings: overflow and NaN show in the numbers."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            yield
        except SystemExit as error:
            raise ExitError("exit() was called") from error


def complex_step(f, theta, d):
    """The derivative of f at theta (P,) along d, a coordinate's number or a vector (P,).

    It has the shape of f's results.
    """
    moved = theta + _move(d, theta.size, 1j * COMPLEX_STEP)
    return np.asarray(f(moved)).imag / COMPLEX_STEP  # [CHECK.1]


def central_difference(f, theta, d, shrink=1.0):
    """As complex_step, by central differences with a step `shrink` times as long as usual."""
    h = _usual_step(theta, d) * shrink
    move = _move(d, theta.size, h)
    return (np.array(f(theta + move)) - f(theta - move)) / (2 * h)  # [CHECK.2]


def _usual_step(theta, d):
    size = abs(theta[d]) if np.ndim(d) == 0 else np.abs(theta).max()
    return float(np.finfo(float).eps ** (1 / 3) * max(1.0, size))


def settled_difference(f, theta, d, single=False):
    """(derivative, error): central differences along d whose step is chosen by the function.

    Each of STEPS is extrapolated with the next, and the one that changes least is taken, relative
    to its value (beyond the scale of θ, a bounded f has derivatives that are all 0); rounding of f
    counts as a change.  In single precision, many steps near that one give a mean (see _fits);
    single: f has that in a part, though it may not show.  error has the unit of the derivative.
    """
    values = np.array([central_difference(f, theta, d, shrink) for shrink in STEPS])
    better = (16 * values[1:] - values[:-1]) / 15  # h² cancels: one step is four times the other
    change = np.linalg.norm(np.diff(better, axis=0).reshape(len(better) - 1, -1), axis=1)
    h = np.finfo(float).eps ** (1 / 3) * STEPS[2:]
    unit = max(rounding_unit(f, theta, d), single * float(np.finfo(np.float32).eps))
    error = change + unit * np.linalg.norm(f(theta)) / h
    error = np.where(np.isfinite(error), error, np.inf)
    size = np.linalg.norm(better[1:].reshape(len(error), -1), axis=1)
    relative = np.divide(error, size, out=np.full(len(error), np.inf), where=size > 0)
    best = int(np.argmin(relative if relative.min() < 1e-3 else error))
    settled = better[best + 1], float(error[best])
    if unit <= SINGLE_UNIT:
        return settled
    steps = _usual_step(theta, d) * STEPS[best + 2] * NEARBY
    return min(_fits(f, theta, d, steps, unit), key=lambda fit: fit[1], default=settled)


def _fits(f, theta, d, steps, unit):
    """(derivative, error), as of settled_difference, from every TOGETHER of neighbouring steps h.

    Central differences are a + b h² + c h⁴; those after θ less those before it, halved, are a
    multiple of h, and a jump besides where a kink is close to θ.  f's rounding, unit, is divided by
    h in both: a least squares fit, weighted by h, takes a mean over it.  Its residual and the jump
    are the error.
    """
    def numbers(theta):
        return np.array(f(theta), dtype=float)

    here, central, bend = numbers(theta), [], []
    for h in steps:
        move = _move(d, theta.size, h)
        after, before = numbers(theta + move) - here, here - numbers(theta - move)
        central.append(np.ravel(after + before) / (2 * h))
        bend.append(np.ravel(after - before) / (2 * h))
    (at_zero, rest, spread), (jump_at_zero, _, _) = _least_squares(2, 4), _least_squares(1)
    for start in range(len(steps) - TOGETHER + 1):
        some = slice(start, start + TOGETHER)
        value = at_zero @ central[some]
        left = np.linalg.norm(rest @ central[some]) / np.sqrt(TOGETHER - 3)
        rounding = max(left, unit * np.linalg.norm(here) / steps[start])
        error = rounding * spread + np.linalg.norm(jump_at_zero @ bend[some])
        if np.isfinite(error):
            yield value.reshape(here.shape), float(error)


def _least_squares(*powers):
    """a and multiples of powers of h, fitted to TOGETHER numbers D(h) of weight h; h is 1 at most.

    Returns what gives a, (TOGETHER,) @ D, and what leaves the residuals times h, (TOGETHER,
    TOGETHER) @ D; and the error of a where those of h D(h) are 1.
    """
    h = NEARBY[:TOGETHER] / NEARBY[0]
    terms = np.stack([h, *(h ** (power + 1) for power in powers)], axis=1)
    solve = np.linalg.pinv(terms)
    rest = np.eye(TOGETHER) - terms @ solve
    return solve[0] * h, rest * h, float(np.linalg.norm(solve[0]))


def rounding_unit(f, theta, d):
    """The relative rounding of f along d: single precision shows in the type, or by plateaus."""
    value, double = np.asarray(f(theta)), float(np.finfo(float).eps)
    if value.dtype.kind == "f" and value.dtype.itemsize < 8:
        return float(np.finfo(value.dtype).eps)
    slope = np.linalg.norm(f(theta + _move(d, theta.size, 1e-2)) - value) / 1e-2
    with np.errstate(all="ignore"):
        step = 1e-10 * np.linalg.norm(value) / slope  # moves f by so much of it: seen in double
    if not 0 < step < 1e-3:
        return double
    here = _move(d, theta.size, step)
    flat = np.array_equal(f(theta + here), value) and np.array_equal(f(theta - here), value)
    return float(np.finfo(np.float32).eps) if flat else double


def is_in_single(f, theta, along):
    """Whether f computes in single precision in one of the first 20 directions."""
    return any(rounding_unit(f, theta, d) > SINGLE_UNIT for d in along[:20])


def is_single(values):
    """Whether numbers are in single precision, by their type, or rounded to it.

    Numbers of 20 bits, such as 14,000,000, are so whatever made them.
    """
    if values.dtype == np.float32:
        return True
    bits, _ = np.frexp(np.real(values))
    rounded = np.array_equal(bits, bits.astype(np.float32))
    return rounded and not np.array_equal(bits, np.round(bits * 2**20) / 2**20)


def derivatives(f, theta, along, way=None):
    """The derivatives of f along each of `along`, (n, ...); way: as of way_for, where known."""
    way = way or way_for(f, theta)
    return np.array([way(f, theta, d) for d in along])


def derivative(f, theta, d):
    """The derivative of f along d."""
    return derivatives(f, theta, [d])[0]


def way_for(f, theta):
    """complex_step; differences, where f takes no complex θ or drops its imaginary part."""
    if why_not_complex(f, theta):
        single = np.asarray(f(theta)).dtype.itemsize < 8
        return (lambda *at: settled_difference(*at)[0]) if single else central_difference
    d = np.random.default_rng(0).standard_normal(theta.shape)
    exact, far, near = complex_step(f, theta, d), *(central_difference(f, theta, d, shrink)
                                                    for shrink in (1, 0.03))
    sure_to = max(1e-4, 10 * relative_error(far, near))
    return central_difference if relative_error(exact, near) > sure_to else complex_step


def relative_error(numerical, derived):
    """‖numerical - derived‖ / max(‖numerical‖, ‖derived‖), and 0 where both are 0."""
    numerical, derived = within_squares(np.asarray(numerical), np.asarray(derived))
    scale = max(np.linalg.norm(numerical), np.linalg.norm(derived))
    with np.errstate(invalid="ignore"):  # infinite entries give NaN
        difference = np.linalg.norm(numerical - derived) / (scale or 1.0)
    return float(difference)  # [CHECK.3]


def within_squares(*arrays):
    """The arrays, divided by the largest finite entry of them all where its square would be inf or
    0."""
    largest = max(float(np.abs(array[np.isfinite(array)]).max(initial=0.0)) for array in arrays)
    fits = largest == 0 or 1e-150 < largest < 1e150
    return arrays if fits else [array / largest for array in arrays]


def norm(array):
    """The Euclidean norm, of large and small numbers too."""
    array = np.ravel(array)
    largest = float(np.abs(array).max(initial=0.0))
    if largest == 0 or not largest < np.inf:
        return largest
    scaled, = within_squares(array)
    return float(np.linalg.norm(scaled)) * (largest / float(np.abs(scaled).max()))


def why_not_complex(f, theta):
    """Why f cannot be checked by the complex step, as a sentence; "" where it can."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Casting complex values to real")
            value = np.asarray(f(theta + 0j))
    except Exception as error:  # such as a RuntimeError of another library
        said = str(error).splitlines()[0][:100] if str(error) else ""
        return f"no complex step: f raised {type(error).__name__} for complex theta ({said})"
    if value.dtype.kind != "c":
        return "no complex step: f returned real numbers for complex theta"
    return ""


def has_kink(f, theta, d, exact, central, scale):
    """Whether a kink of f is why the complex step and differences along d are not the same.

    A smaller step mends it, beside scale, or, with θ on the kink, those to the left and to the
    right differ.
    """
    error = np.linalg.norm(central - exact)
    retried = np.linalg.norm(central_difference(f, theta, d, shrink=1e-3) - exact)
    mended = retried <= KINK_TOLERANCE * scale and retried < 0.1 * error
    return mended or _jump(f, theta, d, 1e-3) > error


def on_kink(f, theta, d):
    """Whether θ stands on a kink of f: f(θ + h d) + f(θ - h d) - 2 f(θ) falls with h there, where
    that of a smooth f falls with h².  In single precision none is seen."""
    if is_in_single(f, theta, [d]):
        return False
    here = np.asarray(f(theta))
    wide, near = (norm(np.asarray(f(theta + h * d)) + f(theta - h * d) - 2 * here)
                  for h in (1e-10, 1e-12))
    size = norm(here) + norm(f(theta + d))
    return bool(0.005 * wide < near < 0.02 * wide and wide > 1e-12 * size)  # above rounding


def _jump(f, theta, d, shrink):
    """How far the one-sided derivatives along d are apart: of the order of h without a kink."""
    h = float(np.finfo(float).eps ** (1 / 3) * shrink)
    move = _move(d, theta.size, h)
    second_difference = np.array(f(theta + move)) + f(theta - move) - 2 * np.asarray(f(theta))
    return np.linalg.norm(second_difference) / h


def _move(d, P, h):
    """h times the direction d, which is a vector (P,) or a coordinate's number."""
    if np.ndim(d):
        return h * d
    move = np.zeros(P, dtype=type(h))
    move[d] = h
    return move
