"""MAML: the gradient of the loss after adaptation, exact through any number of inner steps.

The meta-loss of one task is the query loss at the adapted parameters, L_𝒬(θ_S), with
θ_{k+1} = θ_k - α ⊙ g_𝒮(θ_k) and θ_0 = θ.  One inner step has the Jacobian

    ∂θ_{k+1}/∂θ_k = I - diag(α) H_𝒮(θ_k)

and the chain rule multiplies by its transpose, H being symmetric, from the last step to the first:

    [MAML.1]  v_S = g_𝒬(θ_S)
    [MAML.2]  v_k = v_{k+1} - H_𝒮(θ_k) (α ⊙ v_{k+1}),   k = S-1 ... 0
    [MAML.3]  ∇_θ L_𝒬(θ_S) = v_0, and the meta-gradient is its mean over tasks

Only first and second derivatives appear, however many steps: each step adds one more product
with a Hessian, never a derivative of one.  First-order MAML drops H, so that v_0 = v_S.

H_𝒮 is the Hessian on the support set, where a network's may have negative eigenvalues.

Reference: Finn et al. 2017, Alg. 1, line 8, and Alg. 2, line 10; Sec. 5.2 for the first-order form.
The paper sums over tasks; we take the mean, which only rescales the outer step size.
"""

import numpy as np

from . import arguments
from .inner_loop import check_meta_arguments, check_settings, inner_steps
from .model import as_precision_of, pass_at
from .tasks import blocks, mean_over_tasks


class MAML:
    """Model-agnostic meta-learning.

    model: loss, gradient and hvp.  alpha: inner step size, a positive number or a vector (P,).
    steps: inner steps S, at least 1.  first_order: drop the Hessian term.  block: so many tasks at a
    time, which bounds the memory and changes no number beyond rounding.

    Memory of a meta-gradient: a network with U hidden units in all, φ'' = 0 and Q = K takes about
    min(T, block) · ((S + 3) P + (3 S + 7) K U) numbers of θ's type, and with one step min(T, block, B) · 9 K U,
    where B K max(n_l) numbers are 512 KiB.

    Raises TypeError or ValueError for a wrong setting.
    """

    def __init__(self, model, alpha=0.01, steps=1, first_order=False, block=100):
        arguments.methods("model", model, "loss", "gradient", "hvp")
        self.model, self.first_order = model, bool(first_order)
        self.alpha, self.steps, _ = check_settings(alpha, steps, n_params=getattr(model, "n_params", None))
        self.block = arguments.whole_number("block", block, minimum=1)

    def meta_loss(self, theta, batch):
        """The mean over tasks of the query loss after adaptation, L_𝒬(θ_S), at θ (P,).  Raises as meta_gradient."""
        theta, support, query = check_meta_arguments(self.model, theta, batch, self.alpha)
        losses = [self._adapt(theta, *sets)[1].loss().sum() for sets in blocks(self.block, support, query)]
        return np.divide(sum(losses), len(batch), dtype=np.asarray(losses[0]).dtype)

    def meta_gradient(self, theta, batch):
        """The meta-loss and its gradient in θ: (number, (P,)).

        theta: the meta-parameters, one vector (P,); batch: T tasks.  Raises TypeError or
        ValueError for arguments that do not fit.
        """
        theta, support, query = check_meta_arguments(self.model, theta, batch, self.alpha)
        fast = getattr(self.model, "one_step_meta_gradient", None)  # see one_step.py: the same, to rounding
        if fast and self.steps == 1 and np.ndim(self.alpha) == 0 and theta.dtype.kind == "f":
            return fast(theta, support, query, self.alpha, self.first_order, self.block)
        sums = (self._sums(theta, *sets) for sets in blocks(self.block, support, query))
        return mean_over_tasks(len(batch), sums)  # number, (P,)  [MAML.3]

    def _sums(self, theta, support, query):
        """The sums over tasks of the query losses, a number, and of v_0, (P,)."""
        passes, final = self._adapt(theta, support, query)
        v = final.gradient()  # (T, P)  [MAML.1]
        if not self.first_order:
            alpha = as_precision_of(theta, self.alpha) if np.ndim(self.alpha) else self.alpha
            for point in reversed(passes):
                v = v - point.hvp(alpha * v)  # (T, P)  [MAML.2]
        return final.loss().sum(), v.sum(axis=0)

    def _adapt(self, theta, support, query):
        """The passes at θ_0 ... θ_{S-1} on the support sets, and the one at θ_S on the query sets."""
        passes = []
        for point, theta in inner_steps(self.model, theta, *support, self.alpha, self.steps):
            passes.append(point)
        return passes, pass_at(self.model, theta, *query)
