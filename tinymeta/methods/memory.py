"""Memory: a recurrent network's state is the fast learner; its weights ω are what is learned.

Nothing descends at test time.  The network reads the support set point by point, and what it has
read stays in its state:

    [MEMORY.1]  (h_{K-1}, y_{K-1}) = what is left of x_0, y_0, ... x_{K-1}, y_{K-1}
    [MEMORY.2]  f(x_q) = the next prediction, of x_q and y_{K-1} from the state h_{K-1}

So a step is a shot read.  A training task is read as one sequence, support set and then query set,
and every point is first asked, then told:

    [MEMORY.3]  meta-loss = mean over tasks of the loss of f_0 ... f_{K+Q-1}, each before its target

References: Hochreiter, Younger & Conwell 2001, "Learning to Learn Using Gradient Descent"; Santoro
et al. 2016, "Meta-Learning with Memory-Augmented Neural Networks", Sec. 2.
"""

import numpy as np

from ..core import arguments
from ..core.model import pass_at
from .method import Method


class Memory(Method):
    """A recurrent network that learns within its state; ω is its θ.

    rnn: an RNN or a GRU.  chunk: so many tasks at a time.  Raises TypeError for another model.
    """

    def __init__(self, rnn, chunk=100):
        super().__init__(rnn, chunk)
        arguments.methods("rnn", rnn, "run")

    def adapt(self, omega, x, y):
        """The state (h_{K-1}, y_{K-1}), (T, H + D_out), and its pullback, v -> (T, n_params).

        There is no θ' here: the state is what adapts.
        """
        omega, x, y = self.check(omega, x, y)
        point = self.model.at(omega, x, y)
        last, H = point.h[..., -1, :], self.model.hidden  # (T, H)
        state = np.concatenate([last, y[..., -1, :]], axis=-1)  # (T, H + D_out)  [MEMORY.1]

        def pullback(v):
            return point.pullback(np.zeros_like(point.f), at_end=v[..., :H])

        return state, pullback

    def query_pass(self, omega, x, y, x_query, y_query):
        """The pass over support and query set as one sequence, and the pullback, which is none."""
        omega, x, y = self.check(omega, x, y)
        x, y = (np.concatenate(sets, axis=-2) for sets in ((x, x_query), (y, y_query)))
        return pass_at(self.model, omega, x, y), lambda v: v  # [MEMORY.3]

    def predictions(self, omega, x_support, y_support, x_query, steps):
        """f at x_query (T, Q, D_in) after 0 ... steps shots were read, (steps + 1, T, Q, D_out).

        Every query point is asked by itself.  Raises ValueError for more steps than shots.
        """
        omega, x, y = self.check(omega, x_support, y_support)
        if steps > x.shape[-2]:
            raise ValueError(f"steps is {steps}; expected at most {x.shape[-2]}, the shots that "
                             f"there are to read")
        h = self.model.at(omega, x, y).h  # (T, K, H)
        nothing = np.zeros_like(h[..., :1, :])
        states = np.concatenate([nothing, h], axis=-2)  # (T, K + 1, H): h_{-1}, h_0, ...
        told = np.concatenate([np.zeros_like(y[..., :1, :]), y], axis=-2)  # y_{-1}, y_0, ...
        return np.stack([self.asked(omega, states[..., k, :], told[..., k, :], x_query)
                         for k in range(steps + 1)])

    def asked(self, omega, h, y, x_query):
        """f (T, Q, D_out) at each query point alone, from the state h (T, H) and the last y."""
        shape = x_query.shape[:-1]  # (T, Q)
        h, y = (np.broadcast_to(a[..., np.newaxis, :], shape + a.shape[-1:]) for a in (h, y))
        s = np.concatenate([x_query, y], axis=-1)[..., np.newaxis, :]  # (T, Q, 1, D_in + D_out)
        return self.model.run(omega, s, start=h).f[..., 0, :]  # [MEMORY.2]

    def losses(self, omega, x_support, y_support, x_query, y_query, steps):
        """The query losses of T tasks after 0 ... steps shots were read, (steps + 1, T)."""
        f = self.predictions(omega, x_support, y_support, x_query, steps)
        return self.model.loss_function.value(f, y_query)
