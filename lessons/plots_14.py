"""The figures of lesson 14, Maximum margin."""

import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting

COLORS = {"hinge": "#D55E00", "squared hinge": "#0072B2", "logistic": "#009E73",
          "squared error": "#0072B2", "huber(1)": "#D55E00"}


def losses(margins, rows):
    """rows: name -> (value, slope, curvature) on y f: three panels."""
    figure, panels = plt.subplots(1, 3, figsize=(8.5, 2.6), layout="constrained")
    for panel, title, i in zip(panels, ("loss", "slope in y f", "curvature"), range(3)):
        for name, values in rows.items():
            panel.plot(margins, values[i], color=COLORS[name], label=name)
        panel.axvline(1, color="0.7", linestyle="--", linewidth=1)
        panel.set(title=title, xlabel="y f")
    panels[0].legend(frameon=False, fontsize=8)
    plt.show()


def support_vectors(method, omega, task, steps):
    """Regions and margins f = ±1 of one task after each number of steps; support vectors ringed."""
    figure, panels = plt.subplots(1, len(steps), figsize=(9, 2.8), sharex=True, sharey=True,
                                  layout="constrained")
    axis = np.linspace(-2, 2, 120)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(1, -1, 2)
    x, y = task.x_support, task.y_support
    on_grid = method.predictions(omega, x, y, grid, max(steps))[:, 0, :, 0]
    on_points = method.predictions(omega, x, y, x, max(steps))[:, 0, :, 0]
    for panel, k in zip(panels, steps):
        f = on_grid[k].reshape(120, 120)
        panel.contourf(axis, axis, f > 0, levels=[-0.5, 0.5, 1.5], colors=["#D55E00", "#56B4E9"],
                       alpha=0.25)
        panel.contour(axis, axis, f, levels=[-1, 0, 1], colors="0.2",
                      linestyles=["--", "-", "--"], linewidths=1)
        heard = y[0, :, 0] * on_points[k] < 1
        for sign, color, marker in ((-1, "#D55E00", "o"), (1, "#56B4E9", "s")):
            mine = y[0, :, 0] == sign
            panel.plot(*x[0, mine].T, marker, color=color, markeredgecolor="black", markersize=6)
        panel.plot(*x[0, heard].T, "o", color="none", markeredgecolor="black", markersize=12)
        panel.set_title(f"after {k}: {heard.sum()} heard", fontsize=10)
        panel.set_aspect("equal")
    plt.show()


def stairs(t, one, many):
    """one, many: name -> meta-loss along a line, of one task and of many."""
    figure, panels = plt.subplots(1, 2, figsize=(8, 2.9), layout="constrained")
    for panel, rows, title in zip(panels, (one, many), ("one task", "mean over 2,000 tasks")):
        for name, values in rows.items():
            panel.plot(t, values, ".", color=COLORS[name], markersize=2, label=name)
        panel.set(xlabel="t, along a direction of θ", title=title)
    panels[0].set_ylabel("meta-loss")
    panels[0].legend(frameon=False, fontsize=9, markerscale=4)
    plt.show()


def outliers(task, hit, truth, x, curves):
    """One task, outliers ringed: hit (K,); curves: name -> predictions after three steps (x,)."""
    figure, panel = plt.subplots(figsize=(8, 3), layout="constrained")
    panel.plot(x, truth, **plotting.TRUTH)
    for name, f in curves.items():
        panel.plot(x, f, color=COLORS[name], label=f"adapted by {name}")
    panel.plot(task.x_support[0], task.y_support[0], **plotting.SUPPORT)
    panel.plot(task.x_support[0, hit], task.y_support[0, hit], "o", color="none",
               markeredgecolor="black", markersize=13, label="off by 5")
    panel.set(xlabel="x", ylabel="y")
    figure.legend(frameon=False, fontsize=8, loc="outside right center")
    plt.show()
