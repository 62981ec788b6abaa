"""A file of measured curves as the tasks of a run: --tasks FILE.csv.

A run's settings name the file by its content, the SHA-256 of its bytes, and say where it was.
They also hold the mean and std of the training curves, so that other curves are standardised as
those were.  Which curves are held out is drawn once, the same for every seed.
"""

import hashlib
import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..core import arguments
from ..core.classification import logistic
from ..core.losses import check_targets
from ..core.measured import MeasuredTasks
from ..core.measured_file import check_columns

REGRESSION = ("squared_error", "huber", "epsilon_insensitive")  # losses of numbers
SPLIT = 0  # the seed of the split


def settings_of_file(path, given):
    """The settings, name -> value, that a file of curves adds to those given beside it."""
    content = content_of(path)
    if "columns" in given:
        check_columns(given["columns"])  # the file has no part in it
    tasks = _read(path, content, tuple(given.get("columns", ())))
    if len(tasks.names) < 2:
        raise OSError(f"{path} has 1 curve; expected at least 2, one of them held out")
    n = given.get("held_out", max(1, len(tasks.names) // 4))
    training = tasks.split(_split_rng(), n)[0]
    regression = given.get("loss", "squared_error") in REGRESSION
    try:
        with np.errstate(over="ignore"):
            scales = training.standardized(outputs=regression).scales
    except ValueError as error:  # too large to take their mean and spread
        raise OSError(f"{path}: {error}") from error
    added = {"tasks": "measured", "file": path, "content": content, "held_out": n,
             "scales": scales.ravel().tolist(), "names": list(tasks.columns)}
    if "shots" in given:
        added["eval_shots"] = [given["shots"]]
    return {**added, **{name: value for name, value in given.items() if name != "tasks"}}


def training_tasks(s):
    """The curves that a run with the settings s learns from."""
    tasks = _all_tasks(s)
    if not s.held_out:
        return tasks
    training, held_out = tasks.split(_split_rng(), s.held_out)
    check_lengths(s, training, s.shots + s.queries + 1, "--shots and --queries")  # 1 to judge by
    needed = max(n + (s.eval_queries or n) for n in s.eval_shots)
    check_lengths(s, held_out, needed, "--shots")
    return training


def check_lengths(s, tasks, needed, options):
    """OSError for a curve that is too short: `needed` points are asked for by the options."""
    lengths = {name: len(x) for name, (x, _) in tasks.curves.items()}
    shortest = min(lengths, key=lengths.get)
    if lengths[shortest] < needed:
        raise OSError(f"{s.file}: curve {shortest!r} has {lengths[shortest]} points; expected at "
                      f"least {needed}: give fewer {options}, or leave it out")


def held_out_curves(s):
    """The curves that a run with the settings s is judged by."""
    tasks = _all_tasks(s)
    return tasks.split(_split_rng(), s.held_out)[1] if s.held_out else tasks


def with_file(s, path):
    """The settings s for the curves in a file: if they are others than the run's, all are held out.

    Raises ValueError for a run that was not trained on curves.
    """
    if s.tasks != "measured":
        raise ValueError(f"it was trained on {s.tasks}; expected a run on measured curves beside "
                         f"--tasks {path}")
    try:
        content = content_of(path)
    except FileNotFoundError as error:
        raise OSError(f"tasks is {error}") from None
    if content == s.content:
        return replace(s, file=path)
    here = _read(path, content, s.columns).columns
    if here != s.names and sorted(here) == sorted(s.names):
        raise OSError(f"{path} has the columns {here}; expected the training's order, {s.names}")
    if os.path.isfile(s.file) and content_of(s.file) == s.content:
        trained = [np.hstack(pair) for pair in training_tasks(s).curves.values()]
        for name, pair in _read(path, content, s.columns).curves.items():
            if any(np.array_equal(np.hstack(pair), curve) for curve in trained):
                raise OSError(f"{path} has the curve {name!r}, which the run was trained on; "
                              f"expected {s.file} itself, or other curves")
    return replace(s, file=path, content=content, held_out=0)


def n_missing(s):
    """How many rows of a run's file lack a number."""
    return _read(s.file, s.content, s.columns).n_missing


def content_of(path):
    """The SHA-256 of a file.  Raises OSError where there is none."""
    if not os.path.isfile(arguments.path("path", path)):
        found = "no regular file" if os.path.exists(path) else "no such file"
        raise FileNotFoundError(f"{path}: {found}; --tasks says where the file of curves is, or, "
                                f"for new training, names a family of tasks (see --help)")
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _all_tasks(s):
    tasks = _read(s.file, s.content, s.columns)
    width = tasks.d_in + tasks.d_out
    if 2 * width != len(s.scales):
        raise OSError(f"{s.file} has {width} columns beside the curve's; expected "
                      f"{len(s.scales) // 2}, as the curves that the run was trained on")
    if s.loss not in REGRESSION:
        for name, (_, y) in tasks.curves.items():
            _check_labels(f"{s.file}: y of curve {name!r}", y)
    return MeasuredTasks(tasks.curves, tasks.columns, np.reshape(s.scales, (2, width)))


def _check_labels(name, y):
    try:
        check_targets(name, y, logistic)
    except ValueError as error:
        raise OSError(str(error)) from None


def _read(path, content, columns):
    """The tasks in a file of that content, as they were measured; an OSError if it is no such."""
    if (found := content_of(path)) != content:
        raise OSError(f"{path} holds other curves than the run was trained on (SHA-256 "
                      f"{found[:12]}…, expected {content[:12]}…); --tasks says where those are")
    try:
        return _parsed(path, content, columns)
    except ValueError as error:
        raise OSError(str(error)) from error


@lru_cache(maxsize=2)
def _parsed(path, content, columns):
    return MeasuredTasks.from_csv(path, columns or None)


def _split_rng():
    return np.random.default_rng(SPLIT)
