"""The figures of lesson 6, MAML on sinusoids."""

import matplotlib.pyplot as plt
import numpy as np

import tinymeta as tm
from tinymeta import plotting

GRID = np.linspace(-5, 5, 200)[:, np.newaxis]  # (200, 1)
COLOR = {name: plotting.STYLES[name]["color"] for name in ("MAML", "joint training")}


class Progress:
    """A figure that follows a training: the meta-loss, and one wave before and after one step."""

    def __init__(self, model, tasks, task, iterations):
        self.model, self.tasks, self.task, self.iterations = model, tasks, task, iterations
        self.figure, self.panels = plt.subplots(1, 2, figsize=(7.5, 3.0), layout="constrained")

    def draw(self, losses, theta):
        left, right = self.panels
        left.clear(), right.clear()
        medians = np.median(np.reshape(losses, (-1, 100)), axis=1)
        left.semilogy(100 * np.arange(1, len(medians) + 1), medians, color=COLOR["MAML"])
        left.set(xlabel="iteration", ylabel="meta-loss, median of 100", ylim=(0.2, 10),
                 xlim=(0, self.iterations), xticks=np.linspace(0, self.iterations, 4))
        x, y = self.task.x_support[0], self.task.y_support[0]
        before, after = tm.adapt(self.model, theta, x, y, 0.01, steps=1)
        right.plot(GRID, self.tasks.truth(self.task.parameters, GRID)[0], **plotting.TRUTH)
        right.plot(GRID, self.model.predict(before, GRID), **plotting.BEFORE, label="before")
        right.plot(GRID, self.model.predict(after, GRID), color=COLOR["MAML"], label="one step")
        right.plot(x, y, **plotting.SUPPORT)
        right.set(xlabel="x", ylabel="y", ylim=(-5, 5), title=f"iteration {len(losses)}")
        right.legend(fontsize=8, frameon=False, ncols=2, loc="upper center")


def step_by_step(model, networks, tasks, task, steps=(0, 1, 3, 10), alpha=0.01):
    """A row for each network, a column for each number of inner steps."""
    x, y = task.x_support[0], task.y_support[0]
    truth = tasks.truth(task.parameters, GRID)[0]
    figure, panels = plt.subplots(len(networks), len(steps), figsize=(8.5, 4), sharex=True,
                                  sharey=True, squeeze=False, layout="constrained")
    for row, (name, theta) in zip(panels, networks.items()):
        trajectory = tm.adapt(model, theta, x, y, alpha, max(steps))  # (S + 1, P)
        for panel, k in zip(row, steps):
            panel.plot(GRID, truth, **plotting.TRUTH)
            panel.plot(GRID, model.predict(trajectory[k], GRID), color=COLOR[name])
            panel.plot(x, y, **{**plotting.SUPPORT, "markersize": 4})
            panel.set_title(f"{name}, step {k}", fontsize=10)
    reach = 1.3 * np.abs(truth).max() + 1
    panels[0, 0].set_ylim(-reach, reach)
    figure.supxlabel("x  (dashed: the true wave; circles: support points)", fontsize=10)
    figure.supylabel("y", fontsize=10)
    plt.show()


def adapted(model, networks, tasks, task, alpha, steps):
    """One wave after some inner steps of one size: what the slider turns."""
    x, y = task.x_support[0], task.y_support[0]
    figure, panel = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
    panel.plot(GRID, tasks.truth(task.parameters, GRID)[0], **plotting.TRUTH)
    for name, theta in networks.items():
        with np.errstate(over="ignore", invalid="ignore"):  # too large an α diverges
            after = tm.adapt(model, theta, x, y, alpha, steps)[-1]
            panel.plot(GRID, model.predict(after, GRID), color=COLOR[name], label=name)
    panel.plot(x, y, **plotting.SUPPORT)
    panel.set(xlabel="x", ylabel="y", ylim=(-6, 6), title=f"α = {alpha:g}, {steps} steps")
    panel.legend(frameon=False, fontsize=9, ncols=4, loc="upper center")
    plt.show()


PUBLISHED = {  # (row, shots, steps) -> mean error: Finn et al. 2017, Table 2; Park & Oliva 2019
    ("Finn et al., MAML", 5, 1): 0.67, ("Finn et al., MAML", 5, 10): 0.35,
    ("Finn et al., pretrained", 5, 1): 2.41, ("Finn et al., pretrained", 5, 10): 2.19,
    ("Park & Oliva, MAML", 5, 1): 0.69, ("Park & Oliva, MAML", 10, 1): 0.44}


def table_as_dots(found):
    """found: row -> shots -> list of runs, each a dict of mean, median, n_diverged by step.

    A ring for each run's mean, a tick for its median; a triangle where a mean leaves the panel.
    """
    rows = [*found, "Finn et al., MAML", "Finn et al., pretrained", "Park & Oliva, MAML"]
    columns = ((5, 1, "5-shot, 1 step"), (5, 10, "5-shot, 10 steps"), (10, 1, "10-shot, 1 step"))
    figure, panels = plt.subplots(1, 3, figsize=(9, 3.4), sharey=True, sharex=True,
                                  layout="constrained")
    for panel, (shots, step, title) in zip(panels, columns):
        for height, row in enumerate(reversed(rows)):
            runs = found[row][shots] if row in found else []
            means = np.array([float(run["mean"][step]) for run in runs])
            color = COLOR["joint training" if "joint" in row else "MAML"]
            ring = dict(color=color, markersize=8, fillstyle="none", linestyle="none")
            inside = means[means < 6]
            panel.plot(inside, [height] * len(inside), "o", **ring)
            panel.plot([6] * (len(means) - len(inside)), [height] * (len(means) - len(inside)),
                       ">", **ring)
            panel.plot([float(run["median"][step]) for run in runs], [height] * len(runs), "|",
                       color="black", markersize=9)
            value = PUBLISHED.get((row, shots, step))
            if value:
                panel.plot(value, height, "D", color="0.3", markersize=6)
        panel.set(title=title, xscale="log", xlim=(0.08, 7.5), xlabel="query error")
        panel.set_xticks([0.1, 0.2, 0.5, 1, 2, 5], ["0.1", "0.2", "0.5", "1", "2", "5"])
        panel.minorticks_off()
        panel.grid(axis="y", color="0.92")
    panels[0].set_yticks(range(len(rows)), reversed(rows), fontsize=9)
    plt.show()
