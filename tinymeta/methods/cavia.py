"""CAVIA: context parameters c adapt, reset to 0 for every task; the rest of θ is learned.

    [CAVIA.1]  c_0 = 0,   c_{k+1} = c_k - α ∂L_𝒮/∂c at (c_k, ω)

It is the inner loop of MAML with step size α for c and 0 for ω.  So the pullback is MAML's, with a
vector v that is α v_c at c and 0 elsewhere; c_0 is no parameter but always 0, and its part ends
nowhere:

    [CAVIA.2]  h = H_𝒮(c_k, ω) (α v_c, 0),   v_c ← v_c - h_c,   v_ω ← v_ω - h_ω

Reference: Zintgraf et al. 2019, "Fast Context Adaptation via Meta-Learning", Alg. 1.
"""

import numpy as np

from ..core import arguments
from ..core.model import pass_at, shortcut
from .method import Method


class CAVIA(Method):
    """Context adaptation; ω is θ without c.

    model: a ContextMLP.  alpha: the step size of c, a positive number.  steps: inner steps.
    chunk: so many tasks at a time.  Raises TypeError or ValueError for a wrong setting.
    """

    alpha, steps = arguments.real(above=0), arguments.whole(minimum=1)

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
        c, pullback = self.inner_loop(omega, x, y)
        return with_context(c, omega), pullback

    def inner_loop(self, omega, x, y):
        """c_S (T, C), and the pullback of (c_S, ω)."""
        points, C = [], self.model.context
        for c, point in self.steps_of(omega, x, y, self.steps):
            points.append(point)

        def pullback(v):
            of_c, of_omega = v[..., :C], v[..., C:]
            for point in reversed(points[:-1]):
                step = with_context(self.alpha * of_c, np.zeros_like(of_omega))
                h = point.hvp(step)  # (T, P)  [CAVIA.2]
                of_c, of_omega = of_c - h[..., :C], of_omega - h[..., C:]
            return of_omega

        return c, pullback

    def steps_of(self, omega, x, y, steps):
        """Yield (c_k (T, C), the pass there) for k = 0 ... steps; the last pass is None."""
        leading = np.broadcast_shapes(omega.shape[:-1], x.shape[:-2])
        c = np.zeros(leading + (self.model.context,), omega.dtype)  # (T, C)
        for _ in range(steps):
            point = self.at(c, omega, x, y)
            yield c, point
            c = c - self.alpha * of_context(point, self.model.context)  # [CAVIA.1]
        yield c, None

    def query_pass(self, omega, x, y, x_query, y_query):
        """The pass at θ' on the query sets, and the pullback; the arrays are a Batch's."""
        omega, x, y = self.check(omega, x, y)
        c, pullback = self.inner_loop(omega, x, y)
        return self.at(c, omega, x_query, y_query), pullback

    def at(self, c, omega, x, y):
        """The model's pass at (c, ω), with ω shared by all tasks where that is sure to be right."""
        pass_of = shortcut(self.model, "pass_of")
        return (pass_of(c, omega, x, y) if pass_of
                else pass_at(self.model, with_context(c, omega), x, y))

    def trajectory(self, omega, x, y, steps):
        """Yield θ_0 ... θ_steps (T, P): c moves."""
        omega, x, y = self.check(omega, x, y)
        for c, _ in self.steps_of(omega, x, y, steps):
            yield with_context(c, omega)


def with_context(c, omega):
    """(c, ω), (T, P), of c (T, C) and ω (P - C,) or (T, P - C)."""
    leading = c.shape[:-1]
    return np.concatenate([c, np.broadcast_to(omega, leading + omega.shape[-1:])], axis=-1)


def of_context(point, context):
    """∂L/∂c (T, C) of a pass."""
    if hasattr(point, "context_gradient"):
        return point.context_gradient()
    return point.gradient()[..., :context]
