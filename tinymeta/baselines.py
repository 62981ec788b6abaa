"""Baselines: what meta-learning has to beat.

Joint training fits one θ to all tasks at once, without any inner loop:

    [JOINT.1]  gradient = mean over tasks of g_𝒮(θ)

It is "pretrained on all tasks" of Finn et al. 2017, Sec. 5.1; adapting it to a new task afterwards
is fine-tuning, the same inner loop as for every other method.  Like Reptile it learns from the
support sets alone, as the reference code's pretraining does: give it all a task's points there.

The oracle is told the amplitude and the phase: they are two more inputs, so that one network can
be right on every task at once.  It is joint training on OracleTasks, with D_in larger by two.

The floor is closed-form least squares on (sin x, cos x): see least_squares in linear.py.
"""

import numpy as np

from . import arguments
from .inner_loop import check_meta_arguments
from .model import pass_at
from .tasks import Batch


class JointTraining:
    """One θ for all tasks.  model: loss and gradient.  Raises TypeError for anything else."""

    def __init__(self, model):
        self.model = arguments.methods("model", model, "loss", "gradient")

    def meta_loss(self, theta, batch):
        """The mean over tasks of the support loss at θ (P,), without adaptation.  Raises as meta_gradient."""
        theta, support, _ = check_meta_arguments(self.model, theta, batch)
        return pass_at(self.model, theta, *support).loss().mean()

    def meta_gradient(self, theta, batch):
        """The meta-loss and its gradient in θ: (number, (P,)).

        theta: (P,); batch: T tasks.  Raises TypeError or ValueError for arguments that do not fit.
        """
        theta, support, _ = check_meta_arguments(self.model, theta, batch)
        point = pass_at(self.model, theta, *support)
        return point.loss().mean(), point.gradient().mean(axis=0)  # (P,)  [JOINT.1]


class OracleTasks:
    """The same tasks with their parameters as further inputs: x becomes (x, amplitude, phase).

    tasks: SinusoidTasks, LinearTasks or anything whose batches carry parameters.  D_in grows by
    the number of parameters (two for both), so use MLP([3, 40, 40, 1]) for sinusoids.
    """

    def __init__(self, tasks):
        self.tasks = arguments.methods("tasks", tasks, "sample")

    def sample(self, rng, n_tasks=25, n_support=10, n_query=10):
        """A batch drawn as by `tasks.sample`, with inputs (T, K, D_in + 2).  Raises as it does."""
        return with_parameters(self.tasks.sample(rng, n_tasks, n_support, n_query))


def with_parameters(batch):
    """The batch with each task's parameters appended to every input of the task.

    Raises ValueError for a batch that carries no parameters.
    """
    if not batch.parameters:
        raise ValueError("batch has no parameters; expected some, such as amplitude and phase, to tell the oracle")
    told = np.stack(list(batch.parameters.values()), axis=-1)[:, np.newaxis, :]  # (T, 1, 2)

    def append(x):
        told_here = np.broadcast_to(told, x.shape[:2] + told.shape[2:]).astype(x.dtype)
        return np.concatenate([x, told_here], axis=-1)  # (T, K, D_in + 2)

    return Batch(append(batch.x_support), batch.y_support, append(batch.x_query), batch.y_query, batch.parameters)
