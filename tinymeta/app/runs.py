"""Runs: train from settings, with checkpoints and a progress line, and load what was trained.

This is the caller's side of meta_train: all of it could be ten lines in one's own script.
"""

import os
import time
from glob import glob
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..training.checkpoints import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from ..training.files import Claim, ClaimError, clear_left_over
from ..training.outer_loop import meta_train
from .measured import with_file
from .progress import Progress
from .recipes import METHODS
from .settings import LATER, Settings, build, differences, settings_from
from .stopping import Stop

SAVE_EVERY = 10.0  # seconds
ELSEWHERE = "move it away, or choose another --output"


class Run(NamedTuple):
    """A run's settings, the checkpoint that it has reached, and what ended it, if not its end."""

    settings: Settings
    checkpoint: Checkpoint
    stopped: int = 0  # the exit code for the signal that stopped it, such as 130 for Ctrl-C
    error: ArithmeticError | None = None  # of a step that diverged


def train(settings, path, more=False, progress=None, patience=1):
    """Train as settings say, keeping a checkpoint in the file `path`, and return the Run.

    A run with the same settings that is already in `path` is resumed and gives bit-identical
    results.  more: it may have been for another number of iterations.  Ctrl-C, other signals to
    end, divergence and the end all leave a checkpoint of the last good step.  progress: called
    with the Stop, the label, the number of iterations and how many are done; the progress line
    unless given.  patience: as for Stop.

    Raises CheckpointError when `path` holds a run with other settings: it is neither continued
    nor overwritten.  Raises ValueError when it has had more iterations than settings ask for,
    ClaimError while another process is at work on `path`, and OSError when it cannot be written.
    """
    with Stop(patience) as stop, Claim(path) as claim:
        clear_left_over(path)
        parts, rng = build(settings), np.random.default_rng(settings.seed)
        start = _start(settings, path, more, parts, rng)
        label = METHODS[settings.method].label
        progress = (progress or _line)(stop, label, settings.iterations, start.iteration)
        error = _train(settings, path, parts, rng, start, claim, stop, progress)
    return Run(settings, load_checkpoint(path), stop.code if stop.received else 0, error)


def _line(stop, label, total, done):
    return Progress(label, total, done)


def _train(settings, path, parts, rng, start, claim, stop, progress):
    """Train from a checkpoint on until the end, a signal or divergence; return the last's error."""
    losses, optimizer = list(start.losses), parts.optimizer
    done, omega, saved, error = start.iteration, start.theta, time.perf_counter(), None
    reached, kept = (done, omega, optimizer.state(), rng.bit_generator.state), _content(path)
    steps = meta_train(parts.method, parts.tasks, omega, optimizer, settings.iterations, rng,
                       settings.n_tasks, parts.n_support, parts.n_query, start=done)

    def save():
        """Save what was reached: a step that was broken off has left the generator elsewhere."""
        nonlocal kept
        done, omega, optimizer_state, rng_state = reached
        optimizer.restore(optimizer_state)
        rng.bit_generator.state = rng_state
        claim.check()
        if _content(path) not in (None, kept):
            raise ClaimError(f"{path} is no longer the file that this run has written; expected "
                             f"it, or none; nothing was written")
        save_checkpoint(path, omega, done, optimizer, rng, losses,
                        start.seconds + progress.seconds, settings.as_dict())
        kept = _content(path)

    try:
        for step in stop.steps(steps):
            reached = step.iteration, step.omega, optimizer.state(), rng.bit_generator.state
            losses.append(step.loss)
            progress.update(step.iteration, step.loss)
            if time.perf_counter() - saved > SAVE_EVERY:
                save()
                saved = time.perf_counter()
    except ArithmeticError as raised:  # DivergenceError, ConvergenceError
        error = raised
    finally:
        progress.close()
    as_it_was = reached[0] == start.iteration and start.settings.get("iterations") == (
        settings.iterations)
    if kept is None or not as_it_was:
        save()
    return error


def _content(path):
    """What stands in a file, or None where there is none."""
    return Path(path).read_bytes() if os.path.isfile(path) else None


def _start(settings, path, more, parts, rng):
    """The checkpoint to start from: new, or the one in `path`, with optimizer and rng set to it."""
    if not os.path.exists(path):
        return Checkpoint(parts.method.init(rng, np.dtype(settings.dtype), settings.init))
    try:
        kept = load_checkpoint(path).settings
        others = kept.get("content", settings.content) != settings.content
        run = None if others else load_run(path, settings.file or None)
    except CheckpointError as error:
        raise CheckpointError(f"{error}; move it away to train this one anew") from error
    here = settings.as_dict()
    there = kept if others else {**run.settings.as_dict(), **kept}
    if more:
        there["iterations"] = here["iterations"]
    if differing := differences(there, here):
        raise CheckpointError(f"{path} holds a run with other settings ({'; '.join(differing)}); "
                              f"{ELSEWHERE}")
    checkpoint = run.checkpoint
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
        parts, theta = build(settings), checkpoint.theta
        P = parts.method.n_params
        if theta.shape != (P,) or theta.dtype != settings.dtype:
            raise ValueError(f"theta has shape {theta.shape} and dtype {theta.dtype}; "
                             f"expected ({P},) and {settings.dtype}")
        checkpoint.restore(parts.optimizer, np.random.default_rng())
        counts = checkpoint.iteration, parts.optimizer.t, len(checkpoint.losses)
        if len(set(counts)) > 1 or not np.isfinite(checkpoint.losses).all():
            raise ValueError("it counts {} iterations, {} steps and {} losses; expected as many "
                             "of each, and finite ones".format(*counts))
        with np.errstate(all="ignore"):
            parts.optimizer.step(theta, np.zeros_like(theta))  # its vectors are of θ's length
    except (TypeError, ValueError, IndexError) as error:
        raise CheckpointError(f"{path} cannot be used: {error}") from error
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path} was trained on {error}") from error
    return Run(settings, checkpoint)


def expanded(paths):
    """The paths, with patterns such as *.npz expanded, which not every shell does."""
    files = []
    for path in paths:
        found = [] if os.path.exists(path) else sorted(glob(path))
        files += found or [path]
    return files


def load_runs(paths, curves=None):
    """name -> Run of each file or pattern: the method's label, or the path where methods repeat."""
    runs = {path: load_run(path, curves) for path in expanded(paths)}
    labels = [METHODS[run.settings.method].label for run in runs.values()]
    return {label if labels.count(label) == 1 else path: run
            for label, (path, run) in zip(labels, runs.items())}
