"""Implicit MAML: adapt until nothing more is gained, and differentiate the optimum, not the way.

    [IMPLICIT.1]  θ' = argmin L_𝒮(θ') + ½ λ |θ' - θ|²

At the optimum g_𝒮(θ') + λ (θ' - θ) = 0.  Moving θ moves θ' so that this stays true:
(H_𝒮(θ') + λ I) dθ' = λ dθ.  So ∂θ'/∂θ = (I + H/λ)⁻¹, which is symmetric, and the pullback is

    [IMPLICIT.2]  (I + H_𝒮(θ')/λ) u = v,    pullback(v) = u

a linear system, solved by conjugate gradients on products with H.  Nothing of the inner loop need
be kept, but the formula holds at the optimum alone: at an unconverged θ' it is silently wrong.  So
the inner problem is solved by Newton's method with a line search, to a residual that is reported,
and both solvers raise ConvergenceError, which says which one failed, rather than return.

    [CG.1]  r = b - A u,  p ← r + (|r|²/|r_before|²) p,  u ← u + (|r|²/pᵀA p) p   until |r| is small

Conjugate gradients need A to be positive along every p.  Where pᵀA p ≤ 0, I + H/λ is not positive
and θ' no minimum but a saddle, perhaps: Newton's steps go on along p, which leads away from there.
The pullback has no way on: a larger λ mends that.

References: Rajeswaran et al. 2019, "Meta-Learning with Implicit Gradients", Eq. 3 and 6, Alg. 2
(they run a few steps of each solver and accept the error); Nocedal & Wright 2006, Alg. 5.2 and 7.1.
"""

import numpy as np

from ..core import arguments, setting
from ..core.model import pass_at
from .method import Method


class ConvergenceError(ArithmeticError):
    """A solver stopped short of its tolerance; the message says which one, where and what to do."""


class ImplicitMAML(Method):
    """Implicit MAML; ω is θ.

    model: loss, gradient and hvp.  strength: λ, a positive number.  tolerance: the largest residual
    of the inner problem, relative to the support gradient at θ, and of the linear system, relative
    to v; in single precision 1e-4 if that is larger.  newton_steps: of the inner problem, at most.
    chunk: so many tasks at a time.  After `adapt`, .residual holds the inner problem's, (T,).

    Raises TypeError or ValueError for a wrong setting, adapt TypeError for half precision; adapt
    and its pullback ConvergenceError.
    """

    strength, tolerance = setting.real(above=0), setting.real(above=0, below=1)
    needs, newton_steps = ("loss", "gradient", "hvp"), setting.whole(minimum=1)

    def __init__(self, model, strength=1.0, tolerance=1e-10, newton_steps=100, chunk=100):
        super().__init__(model, chunk)
        self.strength, self.tolerance, self.newton_steps = strength, tolerance, newton_steps
        self.residual = None

    def adapt(self, omega, x, y):
        """θ' (T, P), the optimum for each task, and its pullback, v (T, P) -> u (T, P)."""
        omega, x, y = self.check(omega, x, y)
        tolerance = self.tolerance_for(omega)
        for theta, self.residual in self.newton(omega, x, y):
            pass
        if not (self.residual <= tolerance).all():
            raise ConvergenceError(
                f"the inner problem has a relative residual of up to {self.residual.max():.1e} "
                f"after {self.newton_steps} Newton steps; expected at most {tolerance:g}: "
                f"raise strength or newton_steps")
        point = pass_at(self.model, theta, x, y)

        def pullback(v):
            def product(u):
                return u + point.hvp(u) / self.strength

            u, residual, positive, _ = conjugate_gradients(product, v, 1e-3 * tolerance)
            if not positive.all() or not (residual <= tolerance).all():
                reason = "is not positive" if not positive.all() else "is badly conditioned"
                raise ConvergenceError(
                    f"the linear system has a relative residual of up to {residual.max():.1e}; "
                    f"expected at most {tolerance:g}: I + H/strength {reason}, raise strength")
            return u  # [IMPLICIT.2]

        return theta, pullback

    def newton(self, omega, x, y):
        """Yield (θ (T, P), its relative residual (T,)) after 0, 1, ... Newton steps.

        Ends when every residual is within the tolerance, or after newton_steps.
        """
        if omega.real.dtype.itemsize < 4:
            raise TypeError(f"omega has dtype {omega.dtype}; expected single or double precision")
        largest = float(np.sqrt(np.finfo(omega.dtype).max))
        if self.strength > largest:
            raise ValueError(f"strength is {self.strength:g}; expected at most {largest:.0e}, "
                             f"whose square is a number in {omega.real.dtype}")
        leading = np.broadcast_shapes(omega.shape[:-1], x.shape[:-2])
        theta = np.broadcast_to(omega, leading + omega.shape[-1:])  # (T, P)
        scale, tolerance = None, self.tolerance_for(omega)
        polish = 2 if omega.dtype.kind == "c" else 1  # more steps: a complex part lags behind
        extra = polish
        for _ in range(self.newton_steps + 1):
            point = pass_at(self.model, theta, x, y)
            residual = point.gradient() + self.strength * (theta - omega)  # (T, P)
            size = np.linalg.norm(residual.real, axis=-1)  # (T,)
            scale = np.maximum(size, np.finfo(size.dtype).tiny) if scale is None else scale
            yield theta, size / scale
            there = size <= tolerance * scale  # (T,)
            extra = extra - 1 if there.all() else polish
            if extra < 0:
                return
            accuracy = np.where(there, 1e-3 * tolerance, np.clip(np.sqrt(size / scale), 0, 0.1))
            step, positive = self.newton_direction(point, residual, accuracy[..., np.newaxis])
            if not positive.all():
                extra = polish
            theta = self.line_search(theta, step, omega, x, y, point, residual)

    def tolerance_for(self, omega):
        """The tolerance, and never less than ω's precision can meet."""
        return max(self.tolerance, 1e-4 if omega.real.dtype.itemsize < 8 else 0.0)

    def newton_direction(self, point, residual, tolerance):
        """-(H + λ I)⁻¹ residual (T, P), and along p too where H + λ I is not positive."""
        def product(u):
            return point.hvp(u) + self.strength * u

        u, _, positive, p = conjugate_gradients(product, -residual, tolerance)
        length = np.linalg.norm(p.real, axis=-1, keepdims=True)
        far = np.maximum(1, np.linalg.norm(u.real, axis=-1, keepdims=True))
        bent = far / np.where(length > 0, length, 1) * p
        return np.where(positive[..., np.newaxis], u, u + bent), positive

    def line_search(self, theta, step, omega, x, y, point, residual):
        """θ + t step, (T, P): for each task the first t = 1, ½, ¼, ... that decreases enough."""
        before = self.objective(point, theta, omega)
        slope = (step * residual).sum(axis=-1).real  # (T,)
        rounding = 10 * np.finfo(before.dtype).eps * np.abs(before)
        t = np.ones_like(before)
        for _ in range(40):
            moved = theta + t[..., np.newaxis] * step
            value = self.objective(pass_at(self.model, moved, x, y), moved, omega)
            short = value <= before + 1e-4 * t * slope + rounding
            if short.all():
                break
            t = np.where(short, t, t / 2)
        return moved

    def objective(self, point, theta, omega):
        """L_𝒮(θ') + ½ λ |θ' - θ|², (T,).  [IMPLICIT.1]"""
        move = (theta - omega).real
        squares = (move * move).sum(axis=-1)
        return point.loss().real + self.strength / 2 * squares  # [IMPLICIT.1]

    def trajectory(self, omega, x, y, steps):
        """Yield θ_0 ... θ_steps (T, P) after so many Newton steps; converged, θ stays."""
        omega, x, y = self.check(omega, x, y)
        theta, iterates = omega, self.newton(omega, x, y)
        steps = arguments.whole_number("steps", steps, minimum=0)
        for _ in range(steps + 1):
            theta, _ = next(iterates, (theta, None))
            yield theta


@np.errstate(over="ignore", invalid="ignore")  # what does not converge is told by the caller
def conjugate_gradients(product, b, tolerance, steps=None):
    """Solve A u = b for each task, A by its products: u (T, P), residual, positive (T,), p.

    product: u (T, P) -> A u (T, P).  b: (T, P).  tolerance: of |b - A u|/|b|, a number or (T, 1).
    steps: at most, 10 P by default.  positive: whether pᵀA p > 0 for every p that was met; a task
    where it was not stops there, at its p (T, P).
    """
    u, r, p = np.zeros_like(b), b, b
    steps = 10 * b.shape[-1] if steps is None else steps
    square = (r * r).sum(axis=-1, keepdims=True)  # (T, 1); no conjugate: a complex step is analytic
    least = np.maximum(tolerance, 10 * np.finfo(b.real.dtype).eps)  # rounding allows no less
    bound = least * np.linalg.norm(b.real, axis=-1, keepdims=True)
    positive = np.ones(b.shape[:-1] + (1,), bool)
    for _ in range(steps):
        going = positive & (np.linalg.norm(r.real, axis=-1, keepdims=True) > bound)  # (T, 1)
        if not going.any():
            break
        Ap = product(p)
        curvature = (p * Ap).sum(axis=-1, keepdims=True)  # (T, 1)
        positive = positive & ~(going & ~(curvature.real > 0))
        going = going & positive
        length = np.where(going, square, 0) / np.where(going, curvature, 1)  # (T, 1)
        u, r = u + length * p, r - length * Ap  # [CG.1]
        square_before, square = square, np.where(going, (r * r).sum(axis=-1, keepdims=True), square)
        p = np.where(going, r + square / np.where(going, square_before, 1) * p, p)
    norm_of_b = np.linalg.norm(b.real, axis=-1)
    residual = np.linalg.norm(r.real, axis=-1) / np.where(norm_of_b > 0, norm_of_b, 1)
    return u, residual, positive[..., 0], p
