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
from ..core.model import shortcut
from .inner_loop import iterates
from .maml import unrolled
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
            raise TypeError(f"model is {arguments.shown(model)}; expected a tinymeta.ContextMLP")
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
        return super().init(rng, dtype, scheme)[self.model.context:]

    def adapt(self, omega, x, y):
        """θ' = (c_S, ω), (T, P), and its pullback, v (T, P) -> (T, P - C)."""
        omega, x, y = self.check(omega, x, y)
        theta, alpha, C = self.start(omega), self.step_sizes(), self.model.context
        theta, pullback = unrolled(self.model, theta, x, y, alpha, self.steps)
        return theta, lambda v: pullback(v)[..., C:]  # [CAVIA.2]

    def trajectory(self, omega, x, y, steps):
        """Yield θ_0 (P,), then θ_1 ... θ_steps (T, P): c moves."""
        omega, x, y = self.check(omega, x, y)
        return iterates(self.model, self.start(omega), x, y, self.step_sizes(), steps)

    def start(self, omega):
        """θ_0 = (0, ω), (..., P)."""
        c = np.zeros(omega.shape[:-1] + (self.model.context,), omega.dtype)
        return np.concatenate([c, omega], axis=-1)

    def step_sizes(self):
        """α for c and 0 for ω, (P,)."""
        return np.repeat([self.alpha, 0.0], [self.model.context, self.n_params])

    def sums(self, omega, x, y, x_query, y_query):
        """The sums over some tasks of the query losses, a number, and of their gradients in ω.

        All tasks share ω here, each with its own c, and v_ω is only ever added to: as a sum.
        """
        pass_of = shortcut(self.model, "pass_of")
        if not pass_of or (x.shape[2], y.shape[2]) != (self.model.d_in, self.model.d_out):
            return super().sums(omega, x, y, x_query, y_query)
        c, points = np.zeros((len(x), self.model.context), omega.dtype), []
        for _ in range(self.steps):
            points.append(pass_of(c, omega, x, y))
            c = c - self.alpha * points[-1].context_gradient()  # (T, C)  [CAVIA.1]
        query = pass_of(c, omega, x_query, y_query)
        v_c, v_omega = query.context_gradient(), query.omega_gradient()  # (T, C), (P - C,)
        for point in reversed(points):
            h_c, h_omega = point.context_hvp(self.alpha * v_c)
            v_c, v_omega = v_c - h_c, v_omega - h_omega  # [CAVIA.2]
        return query.loss().sum(), v_omega
