"""The figures of lesson 10, What is learned."""

import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting

LAYERS = {"W1": "#0072B2", "b1": "#56B4E9", "W2": "#009E73", "b2": "#B2DF8A", "W3": "#D55E00",
          "b3": "#E69F00"}


def parts(found, before, title):
    """found: part -> errors after one step (seeds,): a dot a seed; a line at the error before."""
    figure, panel = plt.subplots(figsize=(7, 3.1), layout="constrained")
    for row, errors in enumerate(found.values()):
        panel.plot(errors, np.full(len(errors), row), "o", color="#0072B2", alpha=0.8)
    panel.axvline(before, color="0.5", linestyle="--", linewidth=1)
    panel.text(before * 1.04, 0, "before", color="0.4", va="center")
    panel.set_yticks(range(len(found)), found)
    panel.invert_yaxis()
    panel.set(xscale="log", xlim=(0.2, 5), xlabel="query error after one step, a dot a seed")
    panel.set_xticks([0.2, 0.5, 1, 2, 4], ["0.2", "0.5", "1", "2", "4"])
    panel.minorticks_off()
    panel.set_title(title, fontsize=10)
    plt.show()


def adapting(model, theta, rates, task, tasks, steps):
    """One task adapted by one part at a time: a panel a part, a line a number of steps."""
    import tinymeta as tm
    figure, panels = plt.subplots(1, len(rates), figsize=(9, 2.9), sharey=True,
                                  layout="constrained")
    x = np.linspace(-5, 5, 200)[:, np.newaxis]
    truth = tasks.truth({name: value[0] for name, value in task.parameters.items()}, x)
    for panel, (name, alpha) in zip(panels, rates.items()):
        path = tm.adapt(model, theta, task.x_support[0], task.y_support[0], alpha, max(steps))
        panel.plot(x, truth, **plotting.TRUTH)
        for k, shade in zip(steps, np.linspace(0.75, 0, len(steps))):
            color = "0.6" if k == 0 else plt.cm.viridis(shade)
            panel.plot(x, model.predict(path[k], x), color=color, label=f"{k} step" + "s" * (k != 1))
        panel.plot(task.x_support[0], task.y_support[0], **plotting.SUPPORT)
        panel.set_title(name, fontsize=10)
        panel.set_xlabel("x")
    panels[0].set_ylabel("y")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False,
                  fontsize=9)
    plt.show()


def kernels(x, by_layer, places):
    """by_layer: block -> κ(x, x') (x, places): a panel a place x', a line a block."""
    figure, panels = plt.subplots(1, len(places), figsize=(8.5, 3), sharey=True,
                                  layout="constrained")
    for panel, j in zip(panels, range(len(places))):
        for block, kappa in by_layer.items():
            panel.plot(x, kappa[:, j], color=LAYERS[block], label=block,
                       linestyle="-" if block.startswith("W") else "--")
        panel.axvline(places[j], color="0.7", linewidth=1)
        panel.set(xlabel="x", title=f"$x' = {places[j]:g}$")
    panels[0].set_ylabel("part of $\\kappa(x, x')$")
    panels[0].legend(frameon=False, fontsize=8, ncols=2)
    plt.show()


def units(found, parts):
    """found: unit -> part -> errors (seeds,): two groups of dots, one for each unit of x."""
    figure, panel = plt.subplots(figsize=(7, 2.9), layout="constrained")
    for (unit, rows), color, marker, shift in zip(found.items(), ("#0072B2", "#D55E00"), "os",
                                                  (-0.15, 0.15)):
        for row, part in enumerate(parts):
            errors = rows[part]
            panel.plot(errors, np.full(len(errors), row + shift), marker, color=color,
                       label=unit if row == 0 else None)
    panel.set_yticks(range(len(parts)), parts)
    panel.invert_yaxis()
    panel.set(xscale="log", xlim=(0.2, 5), xlabel="query error after one step, a dot a seed")
    panel.set_xticks([0.2, 0.5, 1, 2, 4], ["0.2", "0.5", "1", "2", "4"])
    panel.minorticks_off()
    figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=2,
                  frameon=False, fontsize=9)
    plt.show()


def methods(curves):
    """curves: name -> three AdaptationCurves: the mean error by steps, a line a seed."""
    figure, panel = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
    for name, three in curves.items():
        style = plotting.style_of(name)
        for seed, curve in enumerate(three):
            panel.plot(curve.mean, **style, label=None if seed else name)
    panel.set(yscale="log", xlabel="inner steps", ylabel="mean query error")
    panel.legend(frameon=False, fontsize=9)
    plt.show()
