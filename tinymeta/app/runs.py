"""Runs from settings: train with checkpoints and a progress line, evaluate on held-out tasks.

This is the caller's side of meta_train: everything here could be ten lines in one's own script.
"""

import os
import signal
import threading
import time
from typing import NamedTuple

import numpy as np

from ..training.checkpoints import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from ..training.evaluation import evaluate
from ..learners.linear import Linear, least_squares, sine_features
from .progress import Progress
from .protocols import METHODS, Settings, build, settings_from
from ..core.tasks import SinusoidTasks
from ..training.outer_loop import DivergenceError, meta_train

SAVE_EVERY = 10.0  # seconds
HELD_OUT = 600  # tasks to evaluate on; also what tells their seed from the training seed


class Result(NamedTuple):
    """How a run ended: its checkpoint, whether Ctrl-C stopped it, and the DivergenceError, or None."""

    checkpoint: Checkpoint
    stopped: bool
    error: object


class StopOnInterrupt:
    """While active, Ctrl-C sets `.stop`, so that a loop can end between two steps and keep what it has."""

    def __enter__(self):
        self.stop = False
        self.ours = threading.current_thread() is threading.main_thread()  # others get no signals
        if self.ours:
            self.previous = signal.signal(signal.SIGINT, self._handle)
        return self

    def _handle(self, number, frame):
        self.stop = True

    def __exit__(self, *exception):
        if self.ours:
            signal.signal(signal.SIGINT, self.previous)


def train(settings, path, more=False):
    """Train as settings say, keeping a checkpoint in the file `path`, and return a Result.

    A run with the same settings that is already in `path` is gone on with, to the same bits as if it
    had never stopped.  more: it may have been for another number of iterations.  Ctrl-C, divergence
    and the end all leave a checkpoint of the last good step.

    Raises CheckpointError when `path` holds a run with other settings: it is neither continued nor
    overwritten.  Raises ValueError when it has had more iterations than settings ask for.
    """
    run, rng = build(settings), np.random.default_rng(settings.seed)
    theta = run.model.init(rng, dtype=np.dtype(settings.dtype), scheme=settings.init)
    losses, done, seconds = [], 0, 0.0
    if os.path.exists(path):
        checkpoint = _earlier(path, settings, ignoring={"iterations"} if more else set())
        checkpoint.restore(run.optimizer, rng)
        theta, done, seconds = checkpoint.theta, checkpoint.iteration, checkpoint.seconds
        losses = list(checkpoint.losses)
    progress = Progress(METHODS[settings.method], settings.iterations, done)
    saved, error = time.perf_counter(), None

    def save():
        save_checkpoint(path, theta, done, run.optimizer, rng, losses, seconds + progress.seconds, settings.as_dict())

    with StopOnInterrupt() as interrupt:
        try:
            for step in meta_train(run.method, run.tasks, theta, run.optimizer, settings.iterations, rng,
                                   settings.n_tasks, run.n_support, run.n_query, start=done):
                done, theta = step.iteration, step.theta
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
    return Result(load_checkpoint(path), interrupt.stop, error)


def load_run(path):
    """The settings and the checkpoint in a file.  Raises CheckpointError unless `train` made it."""
    checkpoint = load_checkpoint(path)
    try:
        missing = set(Settings().as_dict()) - set(checkpoint.settings)
        if missing:
            raise ValueError(f"its settings lack {', '.join(sorted(missing))}")
        settings = settings_from(checkpoint.settings)
        P, theta = build(settings).method.n_params, checkpoint.theta
        if theta.shape != (P,) or theta.dtype != settings.dtype:
            raise ValueError(f"theta has shape {theta.shape} and dtype {theta.dtype}; expected ({P},) and "
                             f"{settings.dtype}")
        return settings, checkpoint
    except (TypeError, ValueError, IndexError) as error:
        raise CheckpointError(f"{path} was not made by python -m tinymeta: {error}") from error


def _earlier(path, settings, ignoring):
    """The checkpoint in `path`, if it is of the same settings; see `train` for what is raised."""
    _, checkpoint = load_run(path)
    wanted = settings.as_dict()
    differing = [f"{name} {checkpoint.settings[name]!r} there, {wanted[name]!r} here"
                 for name in sorted(set(wanted) - ignoring) if checkpoint.settings[name] != wanted[name]]
    if differing:
        raise CheckpointError(f"{path} holds a run with other settings ({'; '.join(differing)}); "
                              f"choose another --output, or remove that file")
    if checkpoint.iteration > settings.iterations:
        raise ValueError(f"iterations is {settings.iterations}; expected at least {checkpoint.iteration}, "
                         f"the number already done in {path}")
    return checkpoint


def held_out_rng(seed):
    """The generator of the held-out tasks that go with a training seed: another stream than training's."""
    return np.random.default_rng([seed, HELD_OUT])


def held_out_tasks(settings, tasks, shots, n_tasks=HELD_OUT, seed=None):
    """A Batch of the held-out tasks that evaluate_run measures: the first ones are the same for any n_tasks."""
    rng = held_out_rng(settings.seed if seed is None else seed)
    return tasks.sample(rng, n_tasks, shots, settings.eval_queries or shots)


def evaluate_run(settings, theta, shots, alpha=None, steps=None, n_tasks=HELD_OUT, seed=None):
    """The AdaptationCurve of a trained θ on held-out tasks: the same tasks for every method of a seed.

    alpha, steps, seed: as in the settings unless given.  Raises as `evaluate` does.
    """
    run = build(settings)
    return evaluate(run.model, theta, run.tasks, held_out_rng(settings.seed if seed is None else seed), n_tasks,
                    n_support=shots, n_query=settings.eval_queries or shots,
                    alpha=settings.alpha if alpha is None else alpha,
                    steps=settings.eval_steps if steps is None else steps)


def least_squares_errors(settings, shots, n_tasks=HELD_OUT):
    """The errors (T,) of closed-form least squares on (sin x, cos x), on the same held-out tasks."""
    model = Linear(1, 1, features=sine_features, bias=False)
    tasks = SinusoidTasks(phase=settings.phase, grid=settings.grid or None)
    batch = held_out_tasks(settings, tasks, shots, n_tasks)
    return model.loss(least_squares(model, batch.x_support, batch.y_support), batch.x_query, batch.y_query)
