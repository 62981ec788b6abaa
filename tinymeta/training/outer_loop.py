"""Meta-training: the outer loop, as an iterator.

    [TRAIN.1]  repeat: draw a batch of tasks; (loss, g) = meta_gradient(ω, batch); ω ← step(ω, g)

The loop only computes.  Progress lines, live plots, early stopping and checkpoints are the
caller's, who sees every step:

    for step in meta_train(method, tasks, omega, optimizer, iterations=1000, rng=rng):
        if step.iteration % 100 == 0:
            print(step.iteration, step.loss)
    omega = step.omega

Reference: Finn et al. 2017, Alg. 1, lines 2-9.
"""

import copy
from typing import NamedTuple

import numpy as np

from ..core import arguments
from ..core.batch import check_batch
from ..methods.method import Method


class Step(NamedTuple):
    """One finished outer step."""

    iteration: int  # how many steps are done, from 1
    loss: float  # the meta-loss on this step's tasks, before its update
    omega: np.ndarray  # (n_params,), after the update

    @property
    def theta(self):
        """ω under its usual name: for MAML, Reptile and joint training it is θ."""
        return self.omega


class DivergenceError(ArithmeticError):
    """Meta-training produced numbers that are not finite.

    iteration: the step that failed.  loss: its meta-loss.  theta: the last good parameters,
    those that the failed step started from.
    """

    def __init__(self, message, iteration, loss, theta):
        super().__init__(message, iteration, loss, theta)
        self.iteration, self.loss, self.theta = iteration, loss, theta

    def __str__(self):
        return self.args[0]


def meta_train(method, tasks, omega, optimizer, iterations, rng, n_tasks=25, n_support=10,
               n_query=10, start=0):
    """Meta-train ω; yield a Step after each outer step.

    method: an object with meta_gradient(omega, batch).  tasks: an object with sample(rng, n_tasks,
    n_support, n_query), whose batch is taken as it is, of whatever sizes.  omega: the
    meta-parameters, one vector of the method's length, left as it is.  optimizer: an object with
    step(omega, gradient).  iterations: the last iteration's number.  rng: a numpy.random.Generator;
    after each yield it stands exactly where the next step will draw from, so its state belongs in a
    checkpoint.  After an error within a step, or Ctrl-C, the generator, and an optimizer with state
    and restore, stand where the step found them.  start: how many iterations are done already
    (resuming).

    Raises TypeError or ValueError at once for a wrong argument, ValueError for a batch whose
    targets do not fit the method's loss and for a sample that calls rng.spawn, which no state
    counts, and DivergenceError, which carries the last good parameters, when a loss or a gradient
    is no longer finite.
    """
    iterations = arguments.whole_number("iterations", iterations, minimum=0)
    start = arguments.whole_number("start", start, minimum=0)
    if start > iterations:
        raise ValueError(f"start is {start}; "
                         f"expected at most {iterations}, the number of iterations")
    arguments.generator("rng", rng)
    arguments.methods("method", method, "meta_gradient")
    arguments.methods("tasks", tasks, "sample")
    arguments.methods("optimizer", optimizer, "step")
    sizes = [arguments.whole_number(name, n, minimum=1) for name, n in
             (("n_tasks", n_tasks), ("n_support", n_support), ("n_query", n_query))]
    omega = arguments.floating("omega", omega).copy()
    arguments.real_numbers("omega", omega)
    n_params = arguments.attribute(method, "n_params")
    arguments.shape("omega", omega, ("P" if n_params is None else n_params,))
    iterations = range(start + 1, iterations + 1)
    return _steps(method, tasks, omega, optimizer, iterations, rng, sizes)


def _steps(method, tasks, omega, optimizer, iterations, rng, sizes):
    restorable = all(callable(getattr(optimizer, name, None)) for name in ("state", "restore"))
    for iteration in iterations:
        rng_state = rng.bit_generator.state
        optimizer_state = copy.deepcopy(optimizer.state()) if restorable else None
        try:
            batch = _drawn(tasks, rng, sizes, isinstance(method, Method))
            loss, moved = _one_step(method, omega, optimizer, batch, iteration)
            moved = moved.copy()  # the optimizer may return an array that it writes into again
            step = Step(iteration, loss, moved.copy())  # a copy: what callers do to it is theirs
        except BaseException:  # Ctrl-C too
            rng.bit_generator.state = rng_state
            if restorable:
                optimizer.restore(optimizer_state)
            raise
        omega = moved  # Ctrl-C comes where something is called, so no longer here
        yield step


def _drawn(tasks, rng, sizes, ours):
    """The batch; ValueError where the state of rng would not tell what is drawn next.

    ours: whether it is for a Method, which takes a Batch.
    """
    before, name = _n_spawned(rng), f"{type(tasks).__name__}.sample(...)"
    try:
        batch = arguments.given(name, tasks.sample(rng, *sizes), "a batch of tasks")
    except StopIteration as error:  # a generator cannot raise it
        said = f"{name} raised StopIteration; expected a batch for each step"
        raise RuntimeError(said) from error
    if ours:
        check_batch(batch, name)
    if _n_spawned(rng) != before:
        raise ValueError(f"{name} has called rng.spawn; expected draws from rng alone, such as "
                         f"np.random.default_rng(rng.integers(2**63, size=4)): its state, which a "
                         f"checkpoint keeps, does not count what was spawned")
    return batch


def _n_spawned(rng):
    return getattr(getattr(rng.bit_generator, "seed_seq", None), "n_children_spawned", 0)


def _one_step(method, omega, optimizer, batch, iteration):
    """The meta-loss, and ω after the step; DivergenceError where one is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):  # divergence is reported below, once
        found = method.meta_gradient(omega.copy(), batch)
        loss, gradient = arguments.loss_and_gradient(method, found, omega.size)
        gradient = arguments.as_precision_of(omega, gradient)
        finite = bool(np.isfinite(loss) and np.isfinite(gradient).all())
        # Copies: both may work in place, and what was good before is kept.
        moved = optimizer.step(omega.copy(), gradient) if finite else omega  # [TRAIN.1]
    moved = arguments.result(optimizer, "step", moved, omega.shape)
    if moved.dtype.kind != omega.dtype.kind:
        raise TypeError(f"{type(optimizer).__name__}.step(...) has dtype {moved.dtype}; "
                        f"expected real numbers, such as {omega.dtype}")
    if not (finite and np.isfinite(moved).all()):
        bad = "the updated parameters" if finite else "the loss or its gradient"
        raise DivergenceError(
            f"meta-training diverged at iteration {iteration}: the loss is {loss:g}, and {bad} "
            f"are not finite. Lower the inner step size alpha or the number of inner steps, "
            f"lower the learning rate, or clip the gradient (max_norm). The parameters before "
            f"this step are kept (theta).", iteration, float(loss), omega.copy())
    return float(loss), moved
