"""A meta-gradient judged by the learner's own inner loop, by numerical derivatives alone."""

from functools import partial

import numpy as np

from .diagnosis import KnownMistake
from .ladder import attempt
from .numerical import derivatives
from .returned import as_array, as_numbers, repeated

SUPPORT, QUERY = slice(0, 2), slice(2, 4)  # of a task's four arrays
SWAPS = (  # what, the set that is adapted to, the set that judges
    ("the outer loss is taken on the support set; it belongs to the query set", SUPPORT, SUPPORT),
    ("the query set is used for both loops", QUERY, QUERY),
    ("support and query sets are exchanged", QUERY, SUPPORT))


class OwnInnerLoop:
    """A method that adapts by a learner's function of (theta, x, y, alpha, steps).

    first_order: whether its meta-gradient is that of first-order MAML, else it is Reptile's.
    """

    def __init__(self, adapt, loss, alpha, steps, first_order):
        self.adapt, self.loss, self.first_order = adapt, loss, first_order
        self.settings = alpha, steps

    def adapted(self, theta, x, y):
        """θ_S (P,)."""
        return end_of(as_array(self.adapt(theta, x, y, *self.settings)))

    def try_out(self, theta, batch, n_params):
        """Raise LearnerError unless adapt returns a θ_S of a length that can be, again and again.

        It can be shorter than ω, or longer: as θ is.
        """
        task = batch.x_support[0], batch.y_support[0]
        called = "adapt(theta, x, y, alpha, steps)"
        found = repeated("adapt", self.adapt, theta, *task, *self.settings)
        end = end_of(as_numbers(called, found))
        size = end.size if end.size == n_params else min(end.size, theta.size)
        as_numbers(called, end, (size,) if end.ndim else theta.shape)

    def meta_loss(self, theta, batch, fit=SUPPORT, judge=QUERY):
        """The mean query loss of what adapt gives; or on other sets."""
        losses = []
        for task in _tasks(batch):
            loss = self.loss(self.adapted(theta, *task[fit]), *task[judge])
            losses.append(as_numbers("loss", loss, ()))
        return np.mean(losses)

    def meta_gradient(self, theta, batch):
        """(The meta-loss, the mean over tasks of the query gradient at θ_S, or of θ - θ_S)."""
        each = []
        for x, y, *query in _tasks(batch):
            end = self.adapted(theta, x, y)
            if self.first_order:
                each.append(derivatives(lambda t: self.loss(t, *query), end, range(end.size)))
            else:
                each.append(theta - end)
        mean = np.append(np.mean(each, axis=0), 0 * theta)[:theta.size]  # 0 for learned rates
        return self.meta_loss(theta, batch), mean

    def known_mistakes(self, theta, batch):
        """Known mistakes for the derivative of the meta-loss."""
        what = "this is first-order: the query gradient at θ_S, not taken back through adapt"
        _, vector = self.meta_gradient(theta, batch)
        found = [KnownMistake(vector, "first-order", what, "MAML.2")]
        for what, fit, judge in SWAPS:
            f = partial(self.meta_loss, batch=batch, fit=fit, judge=judge)
            vector, failed = attempt(lambda: derivatives(f, theta, range(theta.size)))
            found += [] if failed else [KnownMistake(vector, "swap", what, "MAML.1")]
        return found


def _tasks(batch):
    return zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query)


def end_of(found):
    """θ_S (P,) of what adapt returned: itself, or the last of a trajectory."""
    return found[-1] if found.ndim == 2 else found
