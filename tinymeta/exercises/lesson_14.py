"""The exercises of lesson 14, Maximum margin."""

import numpy as np

from ..checking.ladder import LearnerError
from ..checking.returned import as_numbers
from . import exercise
from .feedback import judge


def _silent_rungs(candidate):
    def rung(margin, alpha, square):
        gain = alpha * (square + 1)
        steps = (1 - margin) / gain
        expected = max(0, int(np.ceil(steps)))
        silent = [np.ceil(steps), np.ceil(-steps), 1] if margin > 1 else []

        def mistakes():
            return [*((wrong, "silent from the start: 0 steps") for wrong in silent),
                    (max(0, int(np.ceil((1 - margin) / (alpha * square)))),
                     "the bias moves too: it adds 1 to |x|²"),
                    (max(0, int(np.ceil((1 - margin) / (alpha * (square**2 + 1))))),
                     "square is |x|² already"),
                    (max(0, int(np.ceil(-margin / gain))), "being right is not enough: the hinge "
                                                           "is silent from y f = 1 on"),
                    (steps, "a whole number of steps: round up"),
                    (np.floor(steps), "rounded down: after so many steps y f is still below 1"),
                    (np.floor(steps) + 1, "where a step ends at y f = 1, [m > 0] is 0 already"),
                    (max(0, int(np.ceil((1 - margin) / (2 * gain)))),
                     "there is no square here, and no 2: the slope of the hinge is 1")]

        return f"y f = {margin:g} at the start", lambda: judge(
            candidate(margin, alpha, square), float(expected), "steps", "HINGE.1", mistakes)

    return [rung(-0.6, 0.001, 1.3), rung(0.2, 0.05, 4.1), rung(-0.5, 0.25, 1.0),
            rung(1.4, 0.1, 2.0)]


@exercise("HINGE.1", check=_silent_rungs, hints=[
    "While $y f < 1$ the gradient is $-y\\,(x, 1)$, the same in every step. By how much does a "
    "step raise $y f = y\\,(x \\cdot w + b)$?",
    "By $\\alpha\\,(\\lVert x \\rVert^2 + 1)$, since $y^2 = 1$. The first whole number of steps "
    "after which $y f \\ge 1$; none, if it is there already."])
def steps_until_silent(margin, alpha, square):
    """After how many steps does one example alone stop being heard by the hinge?  [HINGE.1]

    f = x·w + b, one example, K = 1.  margin: y f at the start.  alpha: the step size.  square:
    |x|².  Returns a whole number, 0 if the example is silent from the start.
    """
    return max(0, int(np.ceil((1 - margin) / (alpha * (square + 1)))))


def _spectrum_rungs(candidate):
    def rung(title, p, q):
        B = np.random.default_rng(p).standard_normal((p, q))
        H = np.block([[np.zeros((p, p)), B], [B.T, np.zeros((q, q))]])
        expected, sigma = np.linalg.eigvalsh(H), np.linalg.svd(B, compute_uv=False)

        def mistakes():
            r = min(p, q)
            zeros = np.zeros(p + q - 2 * r)
            return [(np.sort(np.concatenate([sigma, sigma, zeros])), "each σ comes with both "
                                                                     "signs"),
                    (np.sort(np.concatenate([sigma**2, -sigma**2, zeros])), "σ², that is of B Bᵀ; "
                                                                            "H has σ")]

        def check():
            found = candidate(B)
            if isinstance(found, tuple) and any(np.ndim(part) == 2 for part in found):
                raise LearnerError("np.linalg.svd(B) is U, σ and Vᵀ; np.linalg.svd(B, "
                                   "compute_uv=False) gives the numbers alone", "shape", "HINGE.2")
            found = np.sort(np.atleast_1d(as_numbers("the code", found)))
            return judge(found, expected, title, "HINGE.2", mistakes)

        return title, check

    return [rung("3 × 3", 3, 3), rung("5 × 2", 5, 2), rung("2 × 4", 2, 4)]


@exercise("HINGE.2", check=_spectrum_rungs, hints=[
    "Let $B v = \\sigma u$ and $B^\\top u = \\sigma v$, a pair of singular vectors. What does "
    "$H$ make of $(u, v)$, and of $(u, -v)$?",
    "$H (u, v) = \\sigma (u, v)$ and $H (u, -v) = -\\sigma (u, -v)$. There are "
    "$\\min(p, q)$ singular values; all other eigenvalues are 0."])
def spectrum_of_blocks(B):
    """The p + q eigenvalues of [[0, B], [Bᵀ, 0]], in any order, from B's σ.  [HINGE.2]

    B: (p, q).  σ: np.linalg.svd(B, compute_uv=False), its singular values; not the whole matrix.
    """
    sigma = np.linalg.svd(B, compute_uv=False)  # (min(p, q),)
    return np.concatenate([sigma, -sigma, np.zeros(sum(B.shape) - 2 * len(sigma))])


def _location_rungs(candidate):
    def rung(title, K, A, delta):
        mean = A / K
        expected = mean if A - mean <= delta else delta / (K - 1)

        def mistakes():
            return [(A / (K - 1), "within δ it is the mean of all K: the outlier is one of them"),
                    (mean, "that is the mean, Huber's answer only where the outlier is within δ "
                           "of c"),
                    (delta / K, "K - 1 points pull back, not K: one of the K is the outlier"),
                    (0.0, "that is the median; Huber's pull is bounded, not nothing"),
                    (delta / (K - 1), "here the outlier is within δ of c, and counts as any other "
                                      "point: compare A - c with δ, not A")]

        return title, lambda: judge(candidate(K, A, delta), expected, title, "HUBER.1", mistakes)

    return [rung("a far outlier", 10, 50.0, 1.0), rung("a near one", 4, 0.8, 1.0),
            rung("one within δ of c, not of 0", 4, 1.2, 1.0), rung("one between", 4, 1.6, 1.0)]


@exercise("HUBER.1", check=_location_rungs, hints=[
    "At the minimum the slopes add up to zero. Each of the $K - 1$ points at 0 has the slope $c$, "
    "since $c \\le \\delta$ for $K \\ge 3$. And the outlier?",
    "If $A - c > \\delta$ its slope is $-\\delta$, whatever $A$ is: $(K - 1)\\, c = \\delta$. Else "
    "it is $c - A$, and the minimum is the mean."])
def huber_location(K, A, delta):
    """The c that minimises Huber's loss of K - 1 targets 0 and one target A > 0.  [HUBER.1]

    delta: δ.  K is at least 3, so that c ≤ δ and only one c is the minimum.
    """
    # your turn
    mean = A / K
    return mean if A - mean <= delta else delta / (K - 1)
