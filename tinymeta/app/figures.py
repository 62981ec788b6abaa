"""The figures that the command line saves, of runs that it has trained or loaded."""

import os
import shutil
from pathlib import Path

import numpy as np

from ..core import arguments
from ..training.files import clear_left_over, temporary_name, write_whole
from .folders import is_picture
from .held_out import HELD_OUT, held_out_tasks, measured, method_at_test, tasks_at_test
from .recipes import METHODS

FIGURES = "figures"  # what is claimed in a folder while they are saved there


def save_figures(runs, curves, shots, output, alpha=None, seed=None, task=None, animate=False,
                 format="png", scale=1.0):
    """Draw and save the figures; return their names.

    output: the folder; or a path that ends in .png and is no folder, for the
    picture of the adaptation alone.
    runs: name -> Run.  curves: name -> AdaptationCurve, at that number of shots.  alpha, seed: of
    the test, as in the runs (the first one's seed) unless given.  task: the number of the held-out
    task to show; None is one whose error before adaptation is average.  format: png, pdf or svg.
    scale: so many times larger text and lines.

    Raises ValueError for a task that there is not, and for no adaptation to picture.
    """
    from .. import plotting  # here, so that commands without figures start without Matplotlib

    losses = {name: run.checkpoint.losses for name, run in runs.items()
              if len(run.checkpoint.losses)}  # none where the first step diverged
    first = next(iter(runs.values())).settings
    words = plotting.plain(measured(first))
    figures = {"errors": plotting.plot_curves(curves, f"{shots}-shot", words, scale=scale)}
    if losses:
        figures["training"] = plotting.plot_training(losses, scale=scale)
    adapted = {name: run for name, run in runs.items() if METHODS[run.settings.method].adapted}
    shown = None
    if adapted and _drawable(first):
        errors = curves[next(iter(adapted))].errors  # (S + 1, T)
        if task is None:
            finite = np.isfinite(errors[0])
            mean = errors[0][finite].mean() if finite.any() else 0.0
            task = int(np.argmin(np.abs(errors[0] - mean)))  # infinite ones are the farthest
        seed = first.seed if seed is None else seed
        shown = _adaptation(adapted, shots, alpha, seed, task)
        last = len(errors) - 1  # the first run's
        if any(METHODS[run.settings.method].reads_shots for run in adapted.values()):
            last = min(last, shots)  # its steps are shots
        steps = sorted({0, min(1, last), last})
        figures["adaptation"] = plotting.plot_adaptation(*shown, steps=steps, scale=scale)
    if arguments.path("output", output).endswith(".png") and is_picture(output):
        if "adaptation" not in figures:
            raise ValueError(f"output is {output!r}; expected a folder: these runs have no "
                             "adaptation to picture")
        folder, name = os.path.split(output)
        figures, shown, output = {name: figures["adaptation"]}, None, folder
    else:
        figures = {f"{name}.{format}": figure for name, figure in figures.items()}
        clear_left_over(os.path.join(output, "adaptation.gif"))  # of one who was to animate
    save_whole(figures, output)
    if not animate or shown is None:
        return [*figures]
    save_gif(plotting.animate_adaptation(*shown, steps=last, scale=scale),
             os.path.join(output, "adaptation.gif"))
    return [*figures, "adaptation.gif"]


def _drawable(settings):
    """Whether a task is a curve, or two classes in the plane, which have regions."""
    classes = settings.tasks != "measured" or settings.loss == "logistic"
    ends = settings.widths[0], settings.widths[-1]
    return ends == (1, 1) or (ends == (2, 1) and classes)


def save_whole(figures, output):
    """Save name.png, .pdf or .svg -> Figure in the folder, each file whole or not at all.

    The folder is claimed: what a killed process has left of a file is removed.
    """
    for name, figure in figures.items():
        clear_left_over(os.path.join(output, name))
        write_whole(os.path.join(output, name), lambda file: figure.savefig(
            file, format=name.rpartition(".")[2], dpi=1.5 * figure.dpi))


def save_gif(animation, path):
    """Save an animation, as save_whole does."""
    clear_left_over(path)
    folder = Path(temporary_name(path))
    folder.mkdir()
    try:
        animation.save(folder / "animation.gif", "pillow")  # which must end in .gif
        write_whole(path, lambda file: file.write((folder / "animation.gif").read_bytes()))
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def checked_task(task):
    """The number of a held-out task; ValueError where there is none of it."""
    task = arguments.whole_number("task", task, minimum=0)
    if task >= HELD_OUT:
        raise ValueError(f"task is {task}; "
                         f"expected less than {HELD_OUT}, the number of held-out tasks")
    return task


def _adaptation(runs, shots, alpha, seed, task):
    """What plot_adaptation takes: name -> method, name -> θ, the tasks, and one task."""
    settings, task = next(iter(runs.values())).settings, checked_task(task)
    batch = held_out_tasks(settings, shots, task + 1, seed)
    return ({name: method_at_test(run.settings, alpha) for name, run in runs.items()},
            {name: run.checkpoint.theta for name, run in runs.items()},
            tasks_at_test(settings), batch[task])
