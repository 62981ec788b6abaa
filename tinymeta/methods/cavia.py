"""CAVIA: context parameters c adapt, reset to 0 for every task; the rest of θ is learned.

    [CAVIA.1]  c_0 = 0,   c_{k+1} = c_k - α ∂L_𝒮/∂c at (c_k, ω)

It is the inner loop of MAML with step size α for c and 0 for ω.  So the pullback is MAML's, with a
vector v that is α v_c at c and 0 elsewhere; c_0 is no parameter but always 0, and its part ends
nowhere:

    [CAVIA.2]  h = H_𝒮(c_k, ω) (α v_c, 0),   v_c ← v_c - h_c,   v_ω ← v_ω - h_ω

Reference: Zintgraf et al. 2019, "Fast Context Adaptation via Meta-Learning", Alg. 1.
"""

import numpy as np

from ..core import arguments, setting
from ..core.model import pass_at, shortcut
from .method import Method


class CAVIA(Method):
    """Context adaptation; ω is θ without c.

    model: a ContextMLP.  alpha: the step size of c, a positive number.  steps: inner steps.
    chunk: so many tasks at a time.  Raises TypeError or ValueError for a wrong setting.
    """

    shortcuts = ("sums",)
    alpha, steps = setting.real(above=0), setting.whole(minimum=1)

    def __init__(self, model, alpha=1.0, steps=1, chunk=100):
        super().__init__(model, chunk)
        if not hasattr(model, "context"):
            raise TypeError(f"model is {model!r}; expected a tinymeta.ContextMLP")
        self.alpha, self.steps = alpha, steps

    @property
    def n_params(self):
        """P - C, the parameters without c."""
        return self.model.n_params - self.model.context

    @property
    def blocks(self):
        """The model's blocks without c."""
        return self.model.blocks[1:]

    def init(self, rng, dtype=np.float64, scheme=None):
        """Draw ω as the model draws θ, without c."""
        return self.model.init(rng, dtype, scheme)[self.model.context:]

    def adapt(self, omega, x, y):
        """θ' = (c_S, ω), (T, P), and its pullback, v (T, P) -> (T, P - C)."""
        omega, x, y = self.check(omega, x, y)
        (c, pullback), C = self.inner_loop(omega, x, y), self.model.context
        return with_context(c, omega), lambda v: pullback(v[..., :C], v[..., C:])

    def inner_loop(self, omega, x, y):
        """c_S (T, C), and the pullback of (c_S, ω): v_c (T, C), v_ω (T, P - C) -> (T, P - C)."""
        points = []
        for c, point in self.steps_of(omega, x, y, self.steps):
            points.append(point)

        def pullback(of_c, of_omega):
            for point in reversed(points[:-1]):
                h_c, h_omega = point.context_hvp(self.alpha * of_c)  # (T, C), (T, P - C)
                of_c, of_omega = of_c - h_c, of_omega - h_omega  # [CAVIA.2]
            return of_omega

        return c, pullback

    def steps_of(self, omega, x, y, steps):
        """Yield (c_k (T, C), the pass there) for k = 0 ... steps; the last pass is None."""
        leading = np.broadcast_shapes(omega.shape[:-1], x.shape[:-2])
        c = np.zeros(leading + (self.model.context,), omega.dtype)  # (T, C)
        for _ in range(steps):
            point = self.at(c, omega, x, y)
            yield c, point
            c = c - self.alpha * point.context_gradient()  # [CAVIA.1]
        yield c, None

    def sums(self, omega, x, y, x_query, y_query):
        """The sums over some tasks of the query losses, a number, and of their gradients in ω."""
        omega, x, y = self.check(omega, x, y)
        c, pullback = self.inner_loop(omega, x, y)
        query = self.at(c, omega, x_query, y_query)
        return query.loss().sum(), pullback(*query.gradients()).sum(axis=0)

    def at(self, c, omega, x, y):
        """The model's pass at (c, ω), with ω shared by all tasks where that is sure to be right."""
        pass_of = shortcut(self.model, "pass_of")
        return pass_of(c, omega, x, y) if pass_of else PlainContextPass(self.model, c, omega, x, y)

    def trajectory(self, omega, x, y, steps):
        """Yield θ_0 ... θ_steps (T, P): c moves."""
        omega, x, y = self.check(omega, x, y)
        steps = arguments.whole_number("steps", steps, minimum=0)
        for c, _ in self.steps_of(omega, x, y, steps):
            yield with_context(c, omega)


class PlainContextPass:
    """A ContextPass by the model's documented methods alone."""

    def __init__(self, model, c, omega, x, y):
        self.point, self.C = pass_at(model, with_context(c, omega), x, y), model.context
        self.loss, self.no_omega = self.point.loss, np.zeros_like(omega)

    def parts(self, vector):
        """The parts (T, C) and (T, P - C) of a vector (T, P)."""
        return vector[..., :self.C], vector[..., self.C:]

    def gradients(self):
        """∂L/∂c (T, C) and ∂L/∂ω (T, P - C)."""
        return self.parts(self.point.gradient())

    def context_gradient(self):
        """∂L/∂c (T, C)."""
        return self.gradients()[0]

    def context_hvp(self, c_dot):
        """H (ċ, 0), its parts (T, C) and (T, P - C)."""
        return self.parts(self.point.hvp(with_context(c_dot, self.no_omega)))


def with_context(c, omega):
    """(c, ω), (T, P), of c (T, C) and ω (P - C,) or (T, P - C)."""
    leading = c.shape[:-1]
    return np.concatenate([c, np.broadcast_to(omega, leading + omega.shape[-1:])], axis=-1)
