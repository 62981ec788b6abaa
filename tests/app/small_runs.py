"""What the tests of the command line share: runs of a few iterations, and Ctrl-C on time."""

import signal
from dataclasses import replace

import tinymeta as tm
from tinymeta.app.protocols import finn2017
from tinymeta.app.runs import train

SMALL = ["--iterations", "12", "--n-tasks", "3", "--widths", "1", "6", "1"]


def small(method="maml", **changes):
    """The Settings that SMALL gives with finn2017, with changes."""
    sizes = {"iterations": 12, "n_tasks": 3, "widths": (1, 6, 1)}
    return replace(finn2017(method), **{**sizes, **changes})


def trained(folder, method="maml", **changes):
    """A Run with these settings, kept in the folder."""
    return train(small(method, **changes), folder / f"{method}.npz")


def press_ctrl_c(monkeypatch, iteration):
    """Let Ctrl-C come while that iteration, counted from now, draws its tasks."""
    sample, drawn = tm.SinusoidTasks.sample, []

    def sample_and_press(tasks, *arguments):
        drawn.append(arguments)
        if len(drawn) == iteration:
            signal.raise_signal(signal.SIGINT)
        return sample(tasks, *arguments)

    monkeypatch.setattr(tm.SinusoidTasks, "sample", sample_and_press)
