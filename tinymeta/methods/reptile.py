"""Reptile: move θ towards the parameters that plain training on a task ends at.

    [REPTILE.1]  "gradient" = mean over tasks of (θ - θ_S)

θ_S comes from θ_0 = θ by S inner steps on a task's support set, θ_{k+1} = θ_k - α ⊙ g(θ_k), with
the gradient g of the loss on all of it or on a minibatch.  An outer SGD step of size η then gives
θ ← θ + η (θ_S - θ): towards θ_S.  It is the direction of an update and not the gradient of any
loss, so no gradient check applies to it; but since each inner step subtracts α g, it is α times the
sum of the inner gradients, and with S = 1 and the full batch it is α times the joint-training
gradient, that of the mean loss at θ itself.  The difference begins at S = 2, where g is taken at
θ_1.

Reference: Nichol, Achiam, Schulman 2018, "On First-Order Meta-Learning Algorithms", Alg. 1 (one
task an iteration) and Alg. 2 (batched), with k for our S.  The paper suggests handing
(θ - θ_S)/α to an optimizer such as Adam (Sec. 3); we leave 1/α out, which Adam cancels up to its
epsilon and SGD takes up in its step size.
"""

from ..core import arguments, setting
from ..core.model import pass_at
from .inner_loop import check_batch_size, checked_alpha, iterates
from .maml import unrolled
from .method import Method


class Reptile(Method):
    """Reptile over a batch of T tasks, with inner minibatches; ω, what is meta-learned, is θ (P,).

    model: loss and gradient.  alpha: inner step size.  steps: inner steps S, at least 1.
    batch_size: examples in an inner step, all by default; 50 support points, batch_size=10 and
    steps=5 are one epoch of five minibatches.  Reptile learns from the support sets alone: give it
    all a task's points there.  chunk: so many tasks at a time.  Memory: a network with U hidden
    units in all and φ'' = 0 takes about min(T, chunk) · (3 P + 3.2 K U) numbers of θ's type,
    whatever S is.

    Raises TypeError or ValueError for a wrong setting.
    """

    alpha, steps = checked_alpha(), setting.whole(minimum=1)
    side_by_side = True
    batch_size = setting.Setting(lambda _, name, value: (
        None if value is None else arguments.whole_number(name, value, minimum=1)))

    def __init__(self, model, alpha=0.02, steps=5, batch_size=None, chunk=100):
        super().__init__(model, chunk)
        self.alpha, self.steps, self.batch_size = alpha, steps, batch_size

    def adapt(self, omega, x, y):
        """θ_S (T, P) for support sets x (T, K, D_in), y (T, K, D_out), and its pullback.

        The pullback, (∂θ_S/∂θ)ᵀ v by [MAML.2], is there for others; Reptile never calls it.
        """
        omega, x, y = self.check(omega, x, y)
        return unrolled(self.model, omega, x, y, self.alpha, self.steps, self.batch_size)

    def trajectory(self, omega, x, y, steps):
        """Yield θ_0 (P,), then θ_1 ... θ_steps (T, P); step k is on examples kB ... kB + B - 1."""
        omega, x, y = self.check(omega, x, y)
        return iterates(self.model, omega, x, y, self.alpha, steps, self.batch_size)

    def sums(self, omega, x, y, x_query, y_query):
        """The sums over some tasks of the query losses at θ_S, to watch, and of θ - θ_S, (P,).

        Method.meta_gradient adds them up, chunk by chunk, and divides by the number of tasks.
        """
        for theta in self.trajectory(omega, x, y, self.steps):
            pass  # only the last one is wanted, θ_S (T, P); adapt would keep every pass
        losses = pass_at(self.judge, theta, x_query, y_query).loss()  # (T,)
        return losses.sum(), (omega - theta).sum(axis=0)  # number, (P,): θ - θ_S  [REPTILE.1]

    def check(self, omega, x, y):
        """As Method.check does; ValueError too when a minibatch is larger than the support set."""
        omega, x, y = super().check(omega, x, y)
        check_batch_size("x", self.batch_size, x.shape[-2])
        return omega, x, y
