"""Runs from settings: train with checkpoints and a progress line, evaluate on held-out tasks.

This is the caller's side of meta_train: everything here could be ten lines in one's own script.
"""

import os
import signal
import time
from typing import NamedTuple

import numpy as np

from .checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from .evaluation import evaluate
from .linear import Linear, least_squares, sine_features
from .progress import Progress
from .protocols import METHODS, build, settings_from
from .tasks import SinusoidTasks
from .training import DivergenceError, meta_train

SAVE_EVERY = 10.0  # seconds
HELD_OUT = 600  # tasks to evaluate on; also what tells their seed from the training seed


class Result(NamedTuple):
    """A run so far: θ (P,), losses (iterations,), the seconds this call took, and how it ended."""

    theta: np.ndarray
    losses: np.ndarray
    seconds: float
    stopped: bool  # by Ctrl-C
    error: object  # the DivergenceError, or None


class StopOnInterrupt:
    """While active, the first Ctrl-C sets `.stop`, so that a loop can end between two steps.

    A second one interrupts at once, as ever.
    """

    def __enter__(self):
        self.stop = False
        self.previous = signal.signal(signal.SIGINT, self._handle)
        return self

    def _handle(self, number, frame):
        self.stop = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def __exit__(self, *exception):
        signal.signal(signal.SIGINT, self.previous)


def train(settings, path, resume=False):
    """Train as settings say, keep checkpoints in the file `path`, and return a Result.

    resume: go on from the checkpoint in `path`, if there is one, to settings.iterations.  Ctrl-C, divergence and the end
    all leave a checkpoint of the last good step.  Raises CheckpointError when `path` holds a run
    with other settings, which is neither continued nor overwritten.
    """
    run = build(settings)
    rng = np.random.default_rng(settings.seed)
    theta = run.model.init(rng, dtype=np.dtype(settings.dtype), scheme=settings.init)
    losses, done = [], 0
    if os.path.exists(path):
        checkpoint = load_checkpoint(path)
        _same_settings(checkpoint, settings, path, ignoring={"iterations"} if resume else set())
        if resume and checkpoint.iteration > settings.iterations:
            raise ValueError(f"iterations is {settings.iterations}; expected at least {checkpoint.iteration}, "
                             f"the number already done in {path}")
        if resume:
            checkpoint.restore(run.optimizer, rng)
            theta, losses, done = checkpoint.theta, list(checkpoint.losses), checkpoint.iteration
    progress = Progress(METHODS[settings.method], settings.iterations, done)
    saved, error = time.perf_counter(), None

    def save():
        save_checkpoint(path, theta, len(losses), run.optimizer, rng, losses, settings.as_dict())

    with StopOnInterrupt() as interrupt:
        save()
        try:
            for step in meta_train(run.method, run.tasks, theta, run.optimizer, settings.iterations, rng,
                                   settings.n_tasks, run.n_support, run.n_query, start=done):
                theta = step.theta
                losses.append(step.loss)
                progress.update(step.iteration, step.loss)
                if interrupt.stop:
                    break
                if time.perf_counter() - saved > SAVE_EVERY:
                    save()
                    saved = time.perf_counter()
        except DivergenceError as raised:
            error = raised
        progress.close()
        save()
    stopped = interrupt.stop and len(losses) < settings.iterations
    return Result(theta, np.array(losses), progress.seconds, stopped, error)


def load_run(path):
    """The settings and the checkpoint in a file.  Raises CheckpointError for settings it does not know."""
    checkpoint = load_checkpoint(path)
    try:
        return settings_from(checkpoint.settings), checkpoint
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path} was not made by python -m tinymeta: {error}") from error


def held_out_rng(seed):
    """The generator of the held-out tasks that go with a training seed: another stream than training's."""
    return np.random.default_rng([seed, HELD_OUT])


def evaluate_run(settings, theta, shots, alpha=None, steps=None, n_tasks=HELD_OUT, seed=None):
    """The AdaptationCurve of a trained θ on held-out tasks: the same tasks for every method of a seed."""
    run = build(settings)
    return evaluate(run.model, theta, run.tasks, held_out_rng(settings.seed if seed is None else seed), n_tasks,
                    n_support=shots, n_query=settings.eval_queries or shots,
                    alpha=alpha or settings.eval_alpha or settings.alpha,
                    steps=settings.eval_steps if steps is None else steps)


def least_squares_errors(settings, shots, n_tasks=HELD_OUT):
    """The errors (T,) of closed-form least squares on (sin x, cos x), on the same held-out tasks."""
    model = Linear(1, 1, features=sine_features, bias=False)
    tasks = SinusoidTasks(phase=settings.phase, grid=settings.grid or None)
    batch = tasks.sample(held_out_rng(settings.seed), n_tasks, shots, settings.eval_queries or shots)
    return model.loss(least_squares(model, batch.x_support, batch.y_support), batch.x_query, batch.y_query)


def _same_settings(checkpoint, settings, path, ignoring):
    saved, wanted = checkpoint.settings, settings.as_dict()
    differing = [f"{name} {saved.get(name)!r} there, {wanted.get(name)!r} here"
                 for name in sorted({*saved, *wanted} - ignoring) if saved.get(name) != wanted.get(name)]
    if differing:
        raise CheckpointError(f"{path} holds a run with other settings ({'; '.join(differing)}); "
                              f"choose another --output, or remove that file")
