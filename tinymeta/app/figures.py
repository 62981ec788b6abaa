"""The figures that the command line saves, of runs that it has trained or loaded."""

import os

import numpy as np

from ..core import arguments
from .protocols import build
from .runs import HELD_OUT, held_out_tasks


def save_figures(runs, curves, shots, output, alpha=None, seed=None, task=None, animate=False):
    """Draw and save the figures; return their names.

    runs: name -> (settings, checkpoint).  curves: name -> AdaptationCurve, at that number of shots.
    alpha, seed: of the test, as in the runs unless given.  task: the number of the held-out task to
    show; None is one whose error before adaptation is average.

    Raises ValueError for networks that differ and for a task that there is not.
    """
    from .. import plotting  # here, so that commands without figures start without Matplotlib

    figures = {"errors.png": plotting.plot_curves(curves, f"{shots}-shot"),
               "training.png": plotting.plot_training({name: run.losses for name, (_, run) in runs.items()})}
    adapting = {name: run for name, run in runs.items() if run[0].method != "oracle"}
    names = list(figures)
    if adapting:
        first = next(iter(adapting))
        if task is None:
            before = curves[first].errors[0]  # (T,)
            task = int(np.argmin(np.abs(before - before.mean())))
        last = len(curves[first].mean) - 1
        shown = _adaptation(adapting, shots, alpha, seed, task)
        figures["adaptation.png"] = plotting.plot_adaptation(*shown, steps=sorted({0, min(1, last), last}))
        names.append("adaptation.png")
        if animate:
            plotting.animate_adaptation(*shown, steps=last).save(os.path.join(output, "adaptation.gif"), "pillow")
            names.append("adaptation.gif")
    for file, figure in figures.items():
        figure.savefig(os.path.join(output, file), dpi=150)
    return names


def _adaptation(runs, shots, alpha, seed, task):
    """What plot_adaptation takes: the model, name -> θ, the tasks, one task, and name -> alpha."""
    settings, _ = next(iter(runs.values()))
    if {(s.widths, s.activation) for s, _ in runs.values()} != {(settings.widths, settings.activation)}:
        raise ValueError("the files hold different networks; expected one kind in a figure: plot them separately")
    task = arguments.whole_number("task", task, minimum=0)
    if task >= HELD_OUT:
        raise ValueError(f"task is {task}; expected less than {HELD_OUT}, the number of held-out tasks")
    made = build(settings)
    batch = held_out_tasks(settings, made.tasks, shots, task + 1, seed)
    return (made.model, {name: checkpoint.theta for name, (_, checkpoint) in runs.items()}, made.tasks, batch[task],
            {name: s.alpha if alpha is None else alpha for name, (s, _) in runs.items()})
