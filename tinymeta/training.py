"""Meta-training: the outer loop, as an iterator.

    [TRAIN.1]  repeat: draw a batch of tasks; (loss, g) = meta_gradient(θ, batch); θ ← step(θ, g)

The loop only computes.  Progress lines, live plots, early stopping and checkpoints are the
caller's, who sees every step:

    for step in meta_train(method, tasks, theta, optimizer, iterations=1000, rng=rng):
        if step.iteration % 100 == 0:
            print(step.iteration, step.loss)
    theta = step.theta

Reference: Finn et al. 2017, Alg. 1, lines 2-9.
"""

from typing import NamedTuple

import numpy as np

from . import arguments


class Step(NamedTuple):
    """One finished outer step."""

    iteration: int  # how many steps are done, from 1
    loss: float  # the meta-loss on this step's tasks, before its update
    theta: np.ndarray  # (P,), after the update


class DivergenceError(ArithmeticError):
    """Meta-training produced numbers that are not finite.

    iteration: the step that failed.  loss: its meta-loss.  theta: the last good parameters (P,),
    those that the failed step started from.
    """

    def __init__(self, message, iteration, loss, theta):
        super().__init__(message, iteration, loss, theta)
        self.iteration, self.loss, self.theta = iteration, loss, theta


    def __str__(self):
        return self.args[0]


def meta_train(method, tasks, theta, optimizer, iterations, rng, n_tasks=25, n_support=10, n_query=10, start=0):
    """Meta-train θ; yield a Step after each outer step.

    method: an object with meta_gradient(theta, batch).  tasks: an object with sample(rng, n_tasks,
    n_support, n_query).  theta: (P,), left as it is.  optimizer: an object with step(theta,
    gradient).  iterations: the last iteration's number.  rng: a numpy.random.Generator; after each
    yield it stands exactly where the next step will draw from, so its state belongs in a checkpoint.
    After a DivergenceError the generator, and an optimizer with state and restore, stand where the
    failed step found them.  start: how many iterations are done already (resuming).

    Raises TypeError or ValueError at once for a wrong argument, and DivergenceError, which carries
    the last good parameters, when a loss or a gradient is no longer finite.
    """
    iterations = arguments.whole_number("iterations", iterations, minimum=0)
    start = arguments.whole_number("start", start, minimum=0)
    if start > iterations:
        raise ValueError(f"start is {start}; expected at most {iterations}, the number of iterations")
    arguments.generator("rng", rng)
    arguments.methods("method", method, "meta_gradient")
    arguments.methods("tasks", tasks, "sample")
    arguments.methods("optimizer", optimizer, "step")
    sizes = [arguments.whole_number(name, n, minimum=1)
             for name, n in (("n_tasks", n_tasks), ("n_support", n_support), ("n_query", n_query))]
    theta = arguments.floating("theta", theta)
    arguments.shape("theta", theta, (getattr(getattr(method, "model", None), "n_params", "P"),))
    return _steps(method, tasks, theta, optimizer, range(start + 1, iterations + 1), rng, sizes)


def _steps(method, tasks, theta, optimizer, iterations, rng, sizes):
    for iteration in iterations:
        rng_state = rng.bit_generator.state
        optimizer_state = optimizer.state() if hasattr(optimizer, "state") else None
        batch = tasks.sample(rng, *sizes)
        with np.errstate(over="ignore", invalid="ignore"):  # divergence is reported below, once
            loss, gradient = method.meta_gradient(theta, batch)
            finite = bool(np.isfinite(loss) and np.isfinite(gradient).all())
            moved = optimizer.step(theta, gradient) if finite else theta  # (P,)  [TRAIN.1]
        if not (finite and np.isfinite(moved).all()):
            rng.bit_generator.state = rng_state
            if optimizer_state is not None:
                optimizer.restore(optimizer_state)
            bad = "the updated parameters" if finite else "the loss or its gradient"
            raise DivergenceError(
                f"meta-training diverged at iteration {iteration}: the loss is {loss:g}, and {bad} are not "
                f"finite. Lower the inner step size alpha or the number of inner steps, lower the learning rate, "
                f"or clip the gradient (max_norm). The parameters before this step are kept (theta).",
                iteration, float(loss), theta)
        theta = moved
        yield Step(iteration, float(loss), theta.copy())  # a copy: what callers do to it is theirs
