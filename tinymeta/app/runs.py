"""Runs: train from settings, with checkpoints and a progress line, and load what was trained.

This is the caller's side of meta_train: all of it could be ten lines in one's own script.
"""

import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from ..training.checkpoints import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from ..training.outer_loop import DivergenceError, meta_train
from .measured import with_file
from .progress import Progress
from .recipes import METHODS
from .settings import LATER, Settings, build, settings_from

SAVE_EVERY = 10.0  # seconds


class Run(NamedTuple):
    """A run's settings, the checkpoint that it has reached, and what ended it, if not its end."""

    settings: Settings
    checkpoint: Checkpoint
    stopped: bool = False  # by Ctrl-C
    error: DivergenceError | None = None


@contextmanager
def ctrl_c():
    """Collect Ctrl-C in a list, so that a loop can end between two steps; then as it was before."""
    pressed = []
    if threading.current_thread() is not threading.main_thread():  # others get no signals
        yield pressed
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def train(settings, path, more=False):
    """Train as settings say, keeping a checkpoint in the file `path`, and return the Run.

    A run with the same settings that is already in `path` is resumed and gives bit-identical
    results.  more: it may have been for another number of iterations.  Ctrl-C, divergence and the
    end all leave a checkpoint of the last good step.

    Raises CheckpointError when `path` holds a run with other settings: it is neither continued
    nor overwritten.  Raises ValueError when it has had more iterations than settings ask for.
    """
    parts, rng = build(settings), np.random.default_rng(settings.seed)
    start = _start(settings, path, more, parts, rng)
    omega, done, losses = start.theta, start.iteration, list(start.losses)
    progress = Progress(METHODS[settings.method].label, settings.iterations, done)
    steps = meta_train(parts.method, parts.tasks, omega, parts.optimizer, settings.iterations, rng,
                       settings.n_tasks, parts.n_support, parts.n_query, start=done)

    def save():
        save_checkpoint(path, omega, done, parts.optimizer, rng, losses,
                        start.seconds + progress.seconds, settings.as_dict())

    saved, error = time.perf_counter(), None
    with ctrl_c() as pressed:
        try:
            for step in steps:
                done, omega = step.iteration, step.omega
                losses.append(step.loss)
                progress.update(done, step.loss)
                if pressed:
                    break
                if time.perf_counter() - saved > SAVE_EVERY:
                    save()
                    saved = time.perf_counter()
        except DivergenceError as raised:
            error = raised
        progress.close()
        save()
    return Run(settings, load_checkpoint(path), bool(pressed), error)


def _start(settings, path, more, parts, rng):
    """The checkpoint to start from: new, or the one in `path`, with optimizer and rng set to it."""
    if not os.path.exists(path):
        return Checkpoint(parts.method.init(rng, np.dtype(settings.dtype), settings.init))
    run = load_run(path, settings.file or None)
    checkpoint, here = run.checkpoint, settings.as_dict()
    there = {**run.settings.as_dict(), **checkpoint.settings}
    differing = [f"{name} {there[name]!r} there, {here[name]!r} here" for name in sorted(here)
                 if there[name] != here[name] and not (more and name == "iterations")
                 and name != "file"]
    if differing:
        raise CheckpointError(f"{path} holds a run with other settings ({'; '.join(differing)}); "
                              f"choose another --output, or remove that file")
    if checkpoint.iteration > settings.iterations:
        raise ValueError(f"iterations is {settings.iterations}; expected at least "
                         f"{checkpoint.iteration}, the number already done in {path}")
    checkpoint.restore(parts.optimizer, rng)
    return checkpoint


def load_run(path, curves=None):
    """The Run in a file.  curves: where its measured curves lie now, or others to judge it by.

    Raises CheckpointError unless `train` made it, OSError where its curves are not to be found.
    """
    checkpoint = load_checkpoint(path)
    try:
        if missing := sorted(set(Settings().as_dict()) - set(checkpoint.settings) - LATER):
            raise ValueError(f"its settings lack {', '.join(missing)}")
        settings = settings_from(checkpoint.settings)
        if curves is not None:
            settings = with_file(settings, curves)
        P, theta = build(settings).method.n_params, checkpoint.theta
        if theta.shape != (P,) or theta.dtype != settings.dtype:
            raise ValueError(f"theta has shape {theta.shape} and dtype {theta.dtype}; "
                             f"expected ({P},) and {settings.dtype}")
    except (TypeError, ValueError, IndexError) as error:
        raise CheckpointError(f"{path} was not made by python -m tinymeta: {error}") from error
    return Run(settings, checkpoint)


def load_runs(paths, curves=None):
    """name -> Run of each file: the method's label, or the path where methods repeat."""
    runs = {path: load_run(path, curves) for path in paths}
    labels = [METHODS[run.settings.method].label for run in runs.values()]
    return {label if labels.count(label) == 1 else path: run
            for label, (path, run) in zip(labels, runs.items())}
