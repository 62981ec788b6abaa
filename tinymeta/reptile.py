"""Reptile: move θ towards the parameters that plain training on a task ends at.

    [REPTILE.1]  "gradient" = mean over tasks of (θ - θ_S),   θ_S after S inner steps on 𝒮

An outer SGD step of size η then gives θ ← θ + η (θ_S - θ): towards θ_S.  It is the direction of
an update and not the gradient of any loss, so no gradient check applies to it; but since each
inner step subtracts α g, it is α times the sum of the inner gradients, and with S = 1 and the full
batch it is α times the joint-training gradient.  The difference from joint training begins at S = 2.

Reference: Nichol, Achiam, Schulman 2018, "On First-Order Meta-Learning Algorithms", Alg. 1 (one
task an iteration) and Alg. 2 (batched); k counts inner steps there.  The paper suggests handing
(θ - θ_S)/α to an optimizer such as Adam (Sec. 3); we leave 1/α out, which Adam cancels up to its
epsilon and SGD takes up in its step size.
"""

from . import arguments
from .inner_loop import check_batch_size, check_meta_arguments, check_settings, inner_steps
from .model import pass_at
from .tasks import blocks, mean_over_tasks


class Reptile:
    """Reptile over a batch of tasks, with inner minibatches.

    model: loss and gradient.  alpha: inner step size.  steps: inner steps S.  batch_size: examples
    an inner step, all by default; 50 support points, batch_size=10 and steps=5 are one epoch of
    five minibatches.  Reptile learns from the support sets alone: give it all a task's points there.
    block: so many tasks at a time.  Memory: a network with U hidden units in all and φ'' = 0 takes about
    min(T, block) · (3 P + 3.2 K U) numbers of θ's type, whatever S is.

    Raises TypeError or ValueError for a wrong setting.
    """

    def __init__(self, model, alpha=0.02, steps=5, batch_size=None, block=100):
        self.model = arguments.methods("model", model, "loss", "gradient")
        self.alpha, self.steps, self.batch_size = check_settings(
            alpha, steps, batch_size, getattr(model, "n_params", None))
        self.block = arguments.whole_number("block", block, minimum=1)

    def meta_gradient(self, theta, batch):
        """The mean query loss at θ_S (to watch, not what is descended) and θ - θ_S: (number, (P,)).

        theta: (P,); batch: T tasks.  Raises TypeError or ValueError for arguments that do not fit.
        """
        theta, support, query = check_meta_arguments(self.model, theta, batch, self.alpha)
        check_batch_size("x_support", self.batch_size, support[0].shape[-2])
        sums = (self._sums(theta, *sets) for sets in blocks(self.block, support, query))
        return mean_over_tasks(len(batch), sums)  # number, (P,)  [REPTILE.1]

    def _sums(self, theta, support, query):
        """The sums over tasks of the query losses, a number, and of θ - θ_S, (P,)."""
        for point, theta_S in inner_steps(self.model, theta, *support, self.alpha, self.steps, self.batch_size):
            del point  # only the last θ_S is wanted, (T, P)
        return pass_at(self.model, theta_S, *query).loss().sum(), (theta - theta_S).sum(axis=0)
