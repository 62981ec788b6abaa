"""What recurrent networks share: a data set is read as a sequence, and θ lies as U, W, b, C, c.

The example axis K is time, t = 0 ... K-1.  Every point is asked before it is told: at time t the
network sees x_t and the target of the point before, and predicts y_t,

    [SEQ.1]  s_t = [x_t, y_{t-1}],  y_{-1} = 0             (D_in + D_out,)

So what it says of a new point can depend on every point it was told, and on no other.  What it
keeps of them is the state h_t, H numbers.

References: Hochreiter, Younger & Conwell 2001, "Learning to Learn Using Gradient Descent"; Santoro
et al. 2016, "One-shot Learning with Memory-Augmented Neural Networks", whose inputs these are.
"""

import numpy as np

from ..core.arguments import given, size
from ..core.setting import in_layout
from ..core.losses import check_loss, loss_setting, squared_error
from ..core.model import Model


class Recurrent(Model):
    """A recurrent network with a linear output; subclasses define `run`.

    d_in, d_out: D_in and D_out.  hidden: H.  loss: how predictions are scored; its mean over
    examples is the mean over time.  With n columns, H for an RNN and 3 H for a GRU, θ is
    U (D_in + D_out, n) row by row, W (H, n), b (n,), C (H, D_out), c (D_out,).  The
    initialisation that fits is "uniform", biases too: as Memory on sine waves it ends with about
    half of Xavier's error (40 tanh units, 10,000 iterations, ten shots).

    Raises TypeError or ValueError for sizes that cannot be and for an unknown loss.
    """

    gates = 1  # n/H
    d_in, hidden, d_out = in_layout(size), in_layout(size), in_layout(size)
    loss_function = loss_setting()

    def __init__(self, d_in, hidden, d_out, loss=squared_error):
        self.d_in, self.hidden, self.d_out = d_in, hidden, d_out
        self.loss_function = check_loss(loss, d_out=self.d_out)
        H, n, d_in, d_out = self.hidden, self.gates * self.hidden, self.d_in, self.d_out
        blocks = [("U", (d_in + d_out, n)), ("W", (H, n)), ("b", (n,)),
                  ("C", (H, d_out)), ("c", (d_out,))]
        super().__init__(d_in, d_out, blocks, default_init="uniform")

    def parts(self, theta):
        """The views U, W, b (..., 1, n), C and c (..., 1, D_out); biases add at every time."""
        U, W, b, C, c = self.unflatten(theta)
        return U, W, b[..., np.newaxis, :], C, c[..., np.newaxis, :]

    def predict(self, theta, x, y):
        """f_t (..., K, D_out), each from x_0 ... x_t and y_0 ... y_{t-1} of x and y (..., K, .).

        Unlike other models' it needs y: a target is an input to all that follows.  (The last one
        changes nothing, but must be there.)  Raises as `check` does.
        """
        theta, x, y, _ = self.check(theta, x, given("y", y))
        return self.at(theta, x, y).f

    def at(self, theta, x, y):
        """The pass at θ, with .f, .loss(), .gradient() and .hvp(v); arguments are not checked."""
        before = one_later(y, np.zeros_like(y[..., 0, :]))  # (..., K, D_out), y_{t-1}
        return self.run(theta, beside(x, before), y)  # s is (..., K, D_in + D_out)  [SEQ.1]

    def run(self, theta, s, y=None, start=None):
        """The pass over inputs s (..., K, D_in + D_out), from the state h_{-1} `start` (..., H).

        y: the targets (..., K, D_out), or None where only .f and .h are asked for.  start: 0
        unless given; whatever it is, derivatives take it as a constant.
        """
        raise NotImplementedError(f"{type(self).__name__} has no run")


def beside(*parts):
    """Parts (..., n_i) as one, (..., Σ n_i); leading axes are broadcast."""
    leading = np.broadcast_shapes(*(part.shape[:-1] for part in parts))
    return np.concatenate([np.broadcast_to(part, leading + part.shape[-1:]) for part in parts], -1)


def times(row, W):
    """One row times a matrix, (..., n) and (..., n, m) -> (..., m).

    One W for all tasks makes one product of them, where matmul alone would make one for each.
    """
    return row @ W if W.ndim == 2 else (row[..., np.newaxis, :] @ W)[..., 0, :]


def as_rows(states):
    """States at K times, a list of (..., n), as rows: (..., K, n)."""
    return np.stack(states, axis=-2)


def one_later(rows, first):
    """Rows (..., K, n) moved to the time after, as in h_{t-1}, with `first` (..., n) at t = 0."""
    first = np.broadcast_to(first, rows.shape[:-2] + rows.shape[-1:])[..., np.newaxis, :]
    return np.concatenate([first, rows[..., :-1, :]], axis=-2)  # (..., K, n)


def one_earlier(rows):
    """Rows (..., K, n) moved to the time before, as in δ_{t+1}, with 0 at t = K-1."""
    return np.concatenate([rows[..., 1:, :], np.zeros_like(rows[..., :1, :])], axis=-2)
