"""The figures of lesson 16, Which, when."""

import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting

COLORS = {"from scratch": "0.4", "from scratch, 1,000 steps": "0.65",
          "joint, fine-tuned": "#E69F00", "joint, 1,000 steps": "#F0C05A", "Reptile": "#009E73",
          "first-order MAML": "#CC79A7", "first-order, 4 steps": "#E3B1CC", "MAML": "#0072B2", "ANIL": "#44AA99",
          "Meta-SGD": "#AA4499", "Meta-SGD, positive": "#332288", "CAVIA": "#999933", "ridge head": "#D55E00",
          "memory, GRU": "#882255", "prototypes": "#56B4E9"}


def all_methods(panels, names):
    """panels: title -> name -> three numbers: a row a method, a dot a seed."""
    figure, axes = plt.subplots(1, len(panels), figsize=(9.5, 4.2), sharey=True,
                                layout="constrained")
    for axis, (title, found) in zip(axes, panels.items()):
        for row, name in enumerate(names):
            values = np.minimum(found.get(name, []), 10)
            axis.plot(values, np.full(len(values), row), "o", color=COLORS[name], markersize=5)
        axis.set_title(title, fontsize=10)
        if "accuracy" in title:
            axis.set_xlim(0.2, 1)
        else:
            axis.set_xscale("log")
            ticks = (1, 2, 5) if "noise" in title else (0.001, 0.1, 10)
            axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.minorticks_off()
        axis.grid(axis="y", color="0.92")
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    plt.show()


def few_tasks(counts, found, one_split, levels):
    """found: name -> (counts, 3) medians: a line a method, a dot a seed; one_split at 16 and 64."""
    figure, panel = plt.subplots(figsize=(7.5, 3.8), layout="constrained")
    for name, rows in found.items():
        panel.plot(counts, np.median(rows, axis=1), color=COLORS[name], label=name)
        for seed in range(rows.shape[1]):
            panel.plot(counts, rows[:, seed], "o", color=COLORS[name], markersize=4)
    for name, rows in one_split.items():
        panel.plot(counts[1:3], np.median(rows, axis=1), ":", color=COLORS[name])
        for seed in range(rows.shape[1]):
            panel.plot(counts[1:3], rows[:, seed], "x", color=COLORS[name], markersize=5)
    panel.plot([], [], "x:", color="0.4", label="one split for ever")
    for steps, level in levels.items():
        panel.axhline(level, color="0.4", linestyle="--", linewidth=1)
        panel.text(counts[-1], level * 1.1, f"from scratch, {steps:,} steps", color="0.4", fontsize=9,
                   ha="right")
    panel.set(xscale="log", yscale="log", xlabel="training tasks", ylabel="median error")
    panel.set_xticks(counts, [f"{n}" for n in counts[:-1]] + ["62,500"])
    panel.set_yticks([0.001, 0.01, 0.1, 1, 10], ["0.001", "0.01", "0.1", "1", "10"])
    panel.minorticks_off()
    figure.legend(*panel.get_legend_handles_labels(), loc="outside right center", frameon=False,
                  fontsize=9)
    plt.show()


def signal(sizes, measured, predicted):
    """measured, predicted: iteration -> cosines by batch size (seeds, sizes)."""
    figure, panel = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
    for (iteration, rows), color, marker in zip(measured.items(), ("#56B4E9", "#0072B2", "black"),
                                                "os^"):
        for seed, row in enumerate(rows):
            panel.plot(sizes, row, marker, color=color, markersize=4,
                       label=None if seed else f"iteration {iteration:,}")
        panel.plot(sizes, predicted[iteration].mean(axis=0), color=color, linewidth=1)
    panel.axvline(25, color="0.7", linestyle="--", linewidth=1)
    panel.set(xscale="log", ylim=(-0.1, 1.05), xlabel="tasks in a batch, T")
    panel.set_xticks(sizes, sizes)
    panel.minorticks_off()
    panel.set_ylabel("cosine with the mean of all")
    panel.legend(frameon=False, fontsize=9, loc="lower right")
    plt.show()


def adapting(learners, task, tasks, steps):
    """learners: name -> (method, ω): one task, a panel a method, a line a number of steps."""
    figure, panels = plt.subplots(1, len(learners), figsize=(9, 2.7), sharey=True,
                                  layout="constrained")
    x = np.linspace(-5, 5, 200)[np.newaxis, :, np.newaxis]
    truth = tasks.truth({name: value[0] for name, value in task.parameters.items()}, x[0])
    for panel, (name, (method, omega)) in zip(panels, learners.items()):
        f = method.predictions(omega, task.x_support, task.y_support, x, max(steps))[:, 0, :, 0]
        panel.plot(x[0], truth, **plotting.TRUTH)
        for k, width in zip(steps, np.linspace(0.7, 2, len(steps))):
            panel.plot(x[0], f[k], color="0.6" if k == 0 else COLORS[name], linewidth=width,
                       label=f"{k} steps")
        panel.plot(task.x_support[0], task.y_support[0], **plotting.SUPPORT)
        panel.set_title(name, fontsize=10)
        panel.set(xlabel="x", ylim=(-7, 7))
    plt.show()


def forgotten(alphas, found):
    """found: steps -> how far first-order MAML's gradient is off, (alphas,)."""
    figure, panel = plt.subplots(figsize=(6, 2.8), layout="constrained")
    for (steps, off), shade, marker in zip(found.items(), (0.0, 0.4, 0.8), "os^"):
        panel.plot(alphas, off, color=plt.cm.viridis(shade), marker=marker, markersize=4,
                   label=f"{steps} steps" if steps > 1 else "1 step")
    panel.axhline(1e-12, color="0.6", linestyle="--", linewidth=1)
    panel.text(alphas[0], 2e-12, "what the check allows", color="0.4", fontsize=9)
    panel.set(xscale="log", yscale="log", xlabel="inner step size α", ylim=(1e-13, 10))
    panel.set_ylabel("off by, relative")
    panel.legend(frameon=False, fontsize=9, loc="center right")
    plt.show()
