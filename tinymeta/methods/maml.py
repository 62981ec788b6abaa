"""MAML: the gradient of the loss after adaptation, exact through any number of inner steps.

A task has a support set 𝒮, to adapt on, and a query set 𝒬, to be judged on; g and H are the
gradient and the Hessian of its loss.  The meta-loss of one task is the query loss at the adapted
parameters, L_𝒬(θ_S), with θ_{k+1} = θ_k - α ⊙ g_𝒮(θ_k) and θ_0 = θ.  One inner step has the
Jacobian

    ∂θ_{k+1}/∂θ_k = I - diag(α) H_𝒮(θ_k)

and the chain rule multiplies by its transpose, I - H_𝒮(θ_k) diag(α), from the last step to the
first.  So v_k, the gradient of L_𝒬(θ_S) in θ_k, is

    [MAML.1]  v_S = g_𝒬(θ_S)
    [MAML.2]  v_k = v_{k+1} - H_𝒮(θ_k) (α ⊙ v_{k+1}),   k = S-1 ... 0
    [MAML.3]  ∇_θ L_𝒬(θ_S) = v_0;   the meta-gradient is the mean of v_0 over tasks, [META.1]

Only first and second derivatives appear, however many steps: each step adds one more product
with a Hessian, never a derivative of one.  First-order MAML drops H, so that v_0 = v_S.

Reference: Finn et al. 2017, Alg. 1, line 8, and Alg. 2, line 10; Sec. 5.2 for the first-order form.
The paper sums over tasks; we take the mean, which only rescales the outer step size.
"""

import copy

import numpy as np

from ..core import setting
from ..core.arguments import as_precision_of, shown
from ..core.losses import Loss, check_loss
from ..core.model import Model, shortcut
from .inner_loop import checked_alpha, inner_steps, iterates
from .method import Method


def _exchangeable(method, name, loss):
    """None, or a Loss that the model can be judged by."""
    if loss is not None:
        check_loss(loss, name, getattr(judged_by(method.model, loss), "d_out", None))
    return loss


class MAML(Method):
    """Model-agnostic meta-learning; ω is θ.

    model: loss, gradient and hvp.  alpha: inner step size, a positive number or a vector (P,).
    steps: inner steps S, at least 1.  first_order: drop the Hessian term.  query_loss: a Loss to
    judge by; tasks are still adapted by the model's own.  chunk: so many tasks at a time.

    Memory of a meta-gradient: a network with U hidden units in all, φ'' = 0 and Q = K takes about
    min(T, chunk) · ((S + 3) P + (3 S + 7) K U) numbers of θ's type.

    For one step a model may offer `one_step_sums(theta, alpha, x, y, x_query, y_query,
    first_order)`, the numbers of `sums` sooner, or None: a FastMLP does, see tinymeta/fast.  Raises
    TypeError or ValueError for a wrong setting.
    """

    needs, shortcuts, side_by_side = ("loss", "gradient", "hvp"), ("sums",), True
    alpha, steps, first_order = checked_alpha(), setting.whole(minimum=1), setting.truth()
    query_loss = setting.Setting(_exchangeable)

    def __init__(self, model, alpha=0.01, steps=1, first_order=False, query_loss=None, chunk=100):
        super().__init__(model, chunk)
        self.alpha, self.steps, self.first_order = alpha, steps, first_order
        self.query_loss = query_loss

    @property
    def judge(self):
        """The model, with query_loss for its loss if there is one."""
        return self.model if self.query_loss is None else judged_by(self.model, self.query_loss)

    def adapt(self, omega, x, y):
        """θ_S (T, P) after the inner loop on x (T, K, D_in), y (T, K, D_out), and its pullback.

        The pullback takes v_S (T, P) to v_0 (T, P), by [MAML.2].
        """
        omega, x, y = self.check(omega, x, y)
        return unrolled(self.model, omega, x, y, self.alpha, self.steps, None, self.first_order)

    def trajectory(self, omega, x, y, steps):
        """Yield θ_0 (P,), then θ_1 ... θ_steps (T, P)."""
        omega, x, y = self.check(omega, x, y)
        return iterates(self.model, omega, x, y, self.alpha, steps)

    def sums(self, omega, x, y, x_query, y_query):
        """The sums over some tasks of the query losses, a number, and of v_0, (P,).

        Method.sums adapts on 𝒮, takes the loss and v_S of `judge` at θ_S on 𝒬, and hands v_S to the
        pullback; meta_gradient divides by the number of tasks.
        """
        if self.steps == 1 and self.query_loss is None and isinstance(self.alpha, float):
            fast = shortcut(self.model, "one_step_sums")
            found = fast and fast(omega, self.alpha, x, y, x_query, y_query, self.first_order)
            if found:
                return found[:2]  # the third would be α's
        return super().sums(omega, x, y, x_query, y_query)


def unrolled(model, theta, x, y, alpha, steps, batch_size=None, first_order=False):
    """θ_S (T, P) and its pullback, v_S (T, P) -> v_0 (T, P); arguments are taken as checked.

    batch_size: examples in an inner step, None for all; H is then that of the step's examples.
    """
    points = []  # the passes at θ_0 ... θ_{S-1}; hvp(u) of the k-th is H_𝒮(θ_k) u
    for point, theta in inner_steps(model, theta, x, y, alpha, steps, batch_size):
        points.append(point)  # theta is θ_{k+1} (T, P) by now
    step_size = as_precision_of(theta, alpha) if np.ndim(alpha) else alpha

    def pullback(v):  # v is g_𝒬(θ_S)  [MAML.1]
        if first_order:
            return v
        for point in reversed(points):
            v = v - point.hvp(step_size * v)  # (T, P)  [MAML.2]
        return v  # v_0 (T, P)  [MAML.3]

    return theta, pullback


def judged_by(model, loss):
    """The model with another loss; ValueError unless its loss can be exchanged."""
    check_loss(loss, "query_loss")
    if isinstance(model, Model) and not shortcut(model, "at"):
        raise ValueError(f"query_loss is {loss.name}, and {type(model).__name__} redefines loss, "
                         f"gradient or hvp, which decide; expected None")
    if not isinstance(getattr(model, "loss_function", None), Loss):
        raise ValueError(f"query_loss is {loss.name}, and the model {shown(model)} has no "
                         f"loss_function to put it in; expected None, or a model such as tm.MLP")
    model = copy.copy(model)
    model.loss_function = loss
    return model
