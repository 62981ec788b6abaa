"""The figures that the command line saves, of runs that it has trained or loaded."""

import os

import numpy as np

from . import arguments
from .protocols import build
from .runs import HELD_OUT, held_out_rng


def save_figures(runs, curves, shots, output, given=None, task=None, animate=False):
    """Draw and save the figures; return their names.  Raises ValueError for networks that differ.

    runs: name -> (settings, checkpoint).  task: the number of the held-out task to show; None is one
    whose error before adaptation is average.
    """
    from . import plotting  # here, so that commands without figures start without Matplotlib

    figures = {"errors.png": plotting.plot_curves(curves, f"{shots}-shot"),
               "training.png": plotting.plot_training({name: checkpoint.losses for name, (_, checkpoint) in runs.items()
                                                       if len(checkpoint.losses)})}
    adapting = {name: run for name, run in runs.items() if run[0].method != "oracle"}
    if adapting:
        name, (settings, _) = next(iter(adapting.items()))
        if {(s.widths, s.activation) for s, _ in adapting.values()} != {(settings.widths, settings.activation)}:
            raise ValueError("the files hold different networks; expected one kind in a figure: plot them separately")
        before, last = curves[name].errors[0], len(curves[name].mean) - 1  # (T,)
        task = int(np.argmin(np.abs(before - before.mean()))) if task is None else arguments.whole_number(
            "task", task, minimum=0)
        if task >= HELD_OUT:
            raise ValueError(f"task is {task}; expected less than {HELD_OUT}, the number of held-out tasks")
        run, seed = build(settings), getattr(given, "seed", None)
        batch = run.tasks.sample(held_out_rng(settings.seed if seed is None else seed), task + 1, shots,
                                 settings.eval_queries or shots)
        given_alpha = getattr(given, "alpha", None)
        alpha = {name: s.alpha if given_alpha is None else given_alpha for name, (s, _) in adapting.items()}
        what = (run.model, {name: checkpoint.theta for name, (_, checkpoint) in adapting.items()}, run.tasks,
                batch[task], alpha)
        figures["adaptation.png"] = plotting.plot_adaptation(*what, steps=sorted({0, min(1, last), last}))
        if animate:
            plotting.animate_adaptation(*what, steps=last).save(os.path.join(output, "adaptation.gif"), "pillow")
    for file, figure in figures.items():
        figure.savefig(os.path.join(output, file), dpi=150)
    return list(figures) + ["adaptation.gif"] * bool(animate and adapting)
