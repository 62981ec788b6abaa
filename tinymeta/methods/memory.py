"""A memory as the learner: a recurrent network that reads a task's points and remembers them.

There is no inner loop and no θ'.  The network's weights ω are what is learned over many tasks; to
adapt to one is to read its support set, and what is adapted is the network's state.  Its weights
must thus be a learning rule, which nobody wrote down.

Every point is asked before it is told (see recurrent.py): a task is one sequence, the support set
and then the query set, each point first a query and then a shot.  The meta-loss of a task is

    [MEMORY.1]  L = the loss over all K + Q points, the mean over time of that of y_t given
                x_t and the points before t

which is not the query loss after adaptation: the first points are guesses, and their error stays.
The meta-gradient is its gradient in ω, backpropagation through time, and its mean over tasks.

When it is evaluated, steps are shots read.  After k of them each query point is asked alone,

    [MEMORY.2]  f = the prediction at [x_q, y_{k-1}] from the state h_{k-1},  y_{-1} = h_{-1} = 0

and is not told: y_q is not read, and no query point sees another.

    [MEMORY.3]  (θ', pullback) = ((h_{K-1}, y_{K-1}),  v = (v_h, v_y) -> (∂h_{K-1}/∂ω)ᵀ v_h)

is the nearest to the interface of all methods: y_{K-1} is data, and does not move with ω.

References: Hochreiter, Younger & Conwell 2001, "Learning to Learn Using Gradient Descent"; Santoro
et al. 2016, "Meta-Learning with Memory-Augmented Neural Networks", Sec. 2 (classification, an LSTM
and an external memory; the order of asking and telling is the same).
"""

import numpy as np

from ..core import arguments
from ..core.model import package_at, pass_at
from ..learners.recurrent import beside
from .method import Method


class Memory(Method):
    """A recurrent network that learns a task by reading it; ω is the network's θ.

    rnn: a recurrent model, tm.RNN or tm.GRU.  chunk: so many tasks at a time.  Raises TypeError or
    ValueError for a wrong setting.
    """

    needs = "loss", "gradient", "at", "run"

    def __init__(self, rnn, chunk=100):
        super().__init__(arguments.methods("rnn", rnn, *self.needs), chunk)
        if not package_at(rnn):
            raise ValueError(f"rnn is a {type(rnn).__name__}, which redefines at, loss, gradient "
                             f"or hvp; expected one that redefines `run`, or another loss_function")

    @property
    def rnn(self):
        """The recurrent network, the model."""
        return self.model

    def adapt(self, omega, x, y):
        """The state (h_{K-1}, y_{K-1}), (T, H + D_out), after reading x and y, and its pullback.

        The pullback takes v (T, H + D_out) to (T, n_params), back through all K times: [MEMORY.3].
        """
        omega, x, y = self.check(omega, x, y)
        point = self.model.at(omega, x, y)

        def pullback(v):
            return point.pullback(np.zeros_like(point.f), v[..., :self.model.hidden])  # [MEMORY.3]

        return beside(point.h[..., -1, :], y[..., -1, :]), pullback

    def trajectory(self, omega, x, y, steps):
        """Yield the states (T, H + D_out) after 0 ... steps shots.  Raises as predictions does."""
        omega, x, y = self.check(omega, x, y)
        steps, K = arguments.whole_number("steps", steps, minimum=0), x.shape[-2]
        if steps > K:
            raise ValueError(f"steps is {steps}; expected at most {K}, the number of examples in "
                             f"the support set: a step is one of them read")
        h = self.model.at(omega, x, y).h  # (T, K, H)
        yield np.zeros_like(beside(h[..., 0, :], y[..., 0, :]))
        for k in range(steps):
            yield beside(h[..., k, :], y[..., k, :])

    def query_pass(self, omega, x, y, x_query, y_query):
        """The pass over each task as one sequence, support and then query, and the pullback."""
        omega, x, y = self.check(omega, x, y)
        x, y = np.concatenate([x, x_query], axis=-2), np.concatenate([y, y_query], axis=-2)
        return pass_at(self.model, omega, x, y), lambda v: v  # (T, K + Q, .)  [MEMORY.1]

    def predictions(self, omega, x_support, y_support, x_query, steps):
        """f at x_query (T, Q, D_in) after 0 ... steps shots, (steps + 1, T, Q, D_out).

        Raises TypeError or ValueError for arguments that do not fit, and for more steps than
        there are support points to read.
        """
        x_query, _ = self.queries(omega, x_support, x_query)
        omega = np.asarray(omega)
        states = np.stack(list(self.trajectory(omega, x_support, y_support, steps)))
        states = states[..., np.newaxis, :]  # (steps + 1, T, 1, H + D_out), one for all queries
        h, y = states[..., :self.model.hidden], states[..., self.model.hidden:]
        s = beside(x_query, y)  # (steps + 1, T, Q, D_in + D_out)
        if omega.ndim > 1:
            omega = omega[..., np.newaxis, :]  # a task's own, for all its queries
        alone = self.model.run(omega, s[..., np.newaxis, :], start=h)  # sequences of length 1
        return alone.f[..., 0, :]  # (steps + 1, T, Q, D_out)  [MEMORY.2]

    def losses(self, omega, x_support, y_support, x_query, y_query, steps):
        """The query losses of T tasks after 0 ... steps shots, (steps + 1, T); raises alike."""
        f = self.predictions(omega, x_support, y_support, x_query, steps)
        y_query = arguments.given("y_query", y_query)
        _, y_query = self.queries(omega, x_support, x_query, y_query)
        return self.model.loss_function.value(f, y_query)
