"""The figures of lesson 11, Learned step sizes."""

import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting

BLOCKS = ["W1", "b1", "W2", "b2", "W3", "b3"]
COLORS = {"MAML": "#0072B2", "one rate": "#56B4E9", "a rate for each block": "#D55E00",
          "a rate for each parameter": "#CC79A7", "the same, positive": "#009E73",
          "six, positive": "#E69F00"}


def results(curves):
    """curves: name -> three AdaptationCurves: a row a method, a dot a seed, after one step."""
    figure, panel = plt.subplots(figsize=(7, 2.7), layout="constrained")
    for row, (name, three) in enumerate(curves.items()):
        for curve, shift in zip(three, (-0.15, 0, 0.15)):
            low, middle, high = curve.quartiles[:, 1]
            panel.plot([low, high], [row + shift] * 2, color=COLORS[name], linewidth=1)
            panel.plot(middle, row + shift, "o", color=COLORS[name])
            panel.plot(curve.mean[1], row + shift, "x", color="0.2")
    panel.set_yticks(range(len(curves)), curves)
    panel.invert_yaxis()
    panel.set(xscale="log", xlabel="query error after one step: median ●, quartiles, mean ×")
    panel.set_xticks([0.05, 0.1, 0.2, 0.5, 1], ["0.05", "0.1", "0.2", "0.5", "1"])
    panel.minorticks_off()
    plt.show()


def rates(found, start):
    """found: rates of the six blocks, (seeds, 6)."""
    figure, panel = plt.subplots(figsize=(6.5, 3), layout="constrained")
    for seed, (values, marker) in enumerate(zip(found, "os^")):
        panel.plot(np.arange(6) + 0.12 * (seed - 1), values, marker, color="#D55E00",
                   label=f"seed {seed}")
    panel.axhline(0, color="black", linewidth=0.8)
    panel.axhline(start, color="0.6", linestyle="--", linewidth=1)
    panel.text(4.5, start * 1.2, "start", color="0.4", ha="center", va="bottom", fontsize=9)
    panel.set_yscale("symlog", linthresh=0.01)
    ticks = {-1: "−1", -0.1: "−0.1", -0.01: "−0.01", 0: "0", 0.01: "0.01", 0.1: "0.1"}
    panel.set_yticks(list(ticks), ticks.values())
    panel.set_xticks(range(6), BLOCKS)
    panel.set(ylabel="learned rate", ylim=(-1.2, 0.4))
    panel.legend(frameon=False, fontsize=9, loc="lower left")
    plt.show()


def kernels(x, pictures):
    """pictures: title -> κ (x, x): each scaled by its largest entry."""
    figure, panels = plt.subplots(1, len(pictures), figsize=(9, 2.8), sharey=True,
                                  layout="constrained")
    for panel, (title, kappa) in zip(panels, pictures.items()):
        shown = panel.imshow(kappa / abs(kappa).max(), cmap="RdBu_r", vmin=-1, vmax=1,
                             origin="lower", extent=(x[0], x[-1], x[0], x[-1]))
        panel.set_title(title, fontsize=9)
        panel.set_xlabel("x′")
    panels[0].set_ylabel("x")
    figure.colorbar(shown, ax=panels, shrink=0.8, label="of the largest")
    plt.show()


def beyond(curves, trained):
    """curves: name -> three AdaptationCurves: the mean by steps, a line a seed."""
    figure, panel = plt.subplots(figsize=(6.8, 3.2), layout="constrained")
    for (name, three), marker in zip(curves.items(), "osD^vP"):
        above = dict(linestyle=":", zorder=3) if name == "MAML" else {}  # it lies on "one rate"
        for seed, curve in enumerate(three):
            panel.plot(np.minimum(curve.mean, 50), color=COLORS[name], marker=marker,
                       markersize=4, label=None if seed else name, **above)
    panel.axvline(trained, color="0.6", linestyle="--", linewidth=1)
    panel.text(trained + 0.1, 30, "trained for this step", color="0.4", fontsize=9)
    panel.set(yscale="log", ylim=(0.03, 60), xlabel="inner steps")
    panel.set_ylabel("mean query error, cut off at 50")
    panel.legend(frameon=False, fontsize=8)
    plt.show()


def adapting(method, omega, task, tasks, steps):
    """One task after each number of steps."""
    figure, panel = plt.subplots(figsize=(6, 3.2), layout="constrained")
    x = np.linspace(-5, 5, 200)[np.newaxis, :, np.newaxis]
    panel.plot(x[0], tasks.truth({k: v[0] for k, v in task.parameters.items()}, x[0]),
               **plotting.TRUTH)
    f = method.predictions(omega, task.x_support, task.y_support, x, max(steps))
    for k in steps:
        color = "0.6" if k == 0 else plt.cm.viridis(0.8 * k / max(steps))
        panel.plot(x[0], f[k, 0], color=color, label=f"{k} steps")
    panel.plot(task.x_support[0], task.y_support[0], **plotting.SUPPORT)
    panel.set(xlabel="x", ylabel="y", ylim=(-9, 9))
    panel.legend(frameon=False, fontsize=8, ncols=2)
    plt.show()
