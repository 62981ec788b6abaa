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

from ..core import arguments, setting
from ..core.batch import Batch, check_batch
from ..core.model import pass_at
from .inner_loop import checked_alpha, iterates
from .method import Method


class JointTraining(Method):
    """One θ for all tasks; ω is θ.

    model: loss and gradient.  alpha: the step size of fine-tuning, a positive number or a vector
    (P,); training does without.  Raises TypeError or ValueError for a wrong setting.
    """

    alpha, side_by_side = checked_alpha(), True

    def __init__(self, model, alpha=0.01):
        super().__init__(model)
        self.alpha = alpha

    def adapt(self, omega, x, y):
        """θ itself, for each task (T, P): training adapts nothing, and v is pulled back to v."""
        omega, x, y = self.check(omega, x, y)
        leading = np.broadcast_shapes(omega.shape[:-1], x.shape[:-2])
        return np.broadcast_to(omega, leading + omega.shape[-1:]), lambda v: v

    def trajectory(self, omega, x, y, steps):
        """Yield θ_0 (P,), then θ_1 ... θ_steps (T, P): fine-tuning."""
        omega, x, y = self.check(omega, x, y)
        return iterates(self.model, omega, x, y, self.alpha, steps)

    def query_pass(self, omega, x, y, x_query, y_query):
        """The pass at θ on the support sets, which judge here, and the pullback."""
        omega, x, y = self.check(omega, x, y)
        return pass_at(self.model, omega, x, y), lambda v: v  # [JOINT.1]


class OracleTasks(setting.WithSettings):
    """The same tasks with their parameters as further inputs: x becomes (x, amplitude, phase).

    tasks: SinusoidTasks, LinearTasks or anything whose batches carry parameters.  D_in grows by
    the number of parameters (two for both), so use MLP([3, 40, 40, 1]) for sinusoids.
    """

    tasks = setting.Setting(lambda _, name, value: arguments.methods(name, value, "sample"))

    def __init__(self, tasks):
        self.tasks = tasks

    def sample(self, rng, n_tasks=25, n_support=10, n_query=10):
        """A batch drawn as by `tasks.sample`, inputs (T, K, D_in + 2).  Raises as it does."""
        return with_parameters(self.tasks.sample(rng, n_tasks, n_support, n_query))


def with_parameters(batch):
    """The batch with each task's parameters appended to every input of the task.

    Raises ValueError for a batch that carries no parameters.
    """
    if not check_batch(batch).parameters:
        raise ValueError("batch has no parameters; expected some, such as amplitude and phase, "
                         "to tell the oracle")
    columns = [arguments.numbers(f"parameters[{name!r}]", values)
               for name, values in batch.parameters.items()]
    parameters = np.stack(columns, axis=-1)[:, np.newaxis, :]  # (T, 1, 2)

    def append(x):
        repeated = np.broadcast_to(parameters, x.shape[:2] + parameters.shape[2:])
        return np.concatenate([x, repeated.astype(x.dtype)], axis=-1)  # (T, K, D_in + 2)

    return Batch(append(batch.x_support), batch.y_support, append(batch.x_query), batch.y_query,
                 batch.parameters)
