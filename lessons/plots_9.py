"""The figures of lesson 9, A fair comparison, and of the notebook Where it holds."""

import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting


def lines(panel, x, rows, name):
    """rows (seeds, len(x)): a line for the middle seed, a band from the best to the worst."""
    style = dict(plotting.style_of(name), markersize=4, label=name)
    low, middle, high = np.sort(np.array(rows, dtype=float), axis=0)
    panel.plot(x, middle, **style)
    panel.fill_between(x, low, np.minimum(high, 1e6), color=style["color"], alpha=0.2, linewidth=0)


def legend_below(figure, panel):
    handles = panel.get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, frameon=False, fontsize=9)


def steps_and_tasks(median, errors, shown=(0, 1, 2, 3, 5, 7, 10, 15, 20)):
    """median: name -> (seeds, steps + 1).  errors: name -> all tasks' errors after ten steps."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.7), layout="constrained")
    percent = np.arange(101)
    for name in errors:
        lines(left, shown, median[name][:, list(shown)], name)
        right.plot(np.percentile(errors[name], percent), percent,
                   **{**plotting.style_of(name), "marker": ""})
    left.set(xlabel="inner steps", ylabel="query error, median of 600 tasks", yscale="log")
    right.set(xlabel="query error after 10 steps", ylabel="% of tasks below",
              xscale="log", xlim=(1e-3, 50))
    legend_below(figure, left)
    plt.show()


def dots(rows, columns, xlabel):
    """rows: label -> (style name, [values of each column, a number a run]): a dot for each run."""
    figure, panels = plt.subplots(1, len(columns), figsize=(8, 0.32 * len(rows) + 1.1),
                                  sharey=True, layout="constrained", squeeze=False)
    for i, (panel, title) in enumerate(zip(panels[0], columns)):
        for height, (name, values) in enumerate(reversed(list(rows.values()))):
            style = dict(plotting.style_of(name), linestyle="none", fillstyle="none", markersize=7)
            numbers = np.array(values[i], dtype=float)
            finite = np.isfinite(numbers)
            panel.plot(numbers[finite], [height] * finite.sum(), **style)
            if not finite.all():
                panel.text(1, height, "and ∞ ", transform=panel.get_yaxis_transform(), ha="right",
                           va="center", fontsize=9)
        panel.set(title=title, xscale="log", xlabel=xlabel)
        low, high = panel.get_xlim()
        few, many = (0.1, 0.2, 0.5, 1, 2), (0.05, 0.07, 0.1, 0.15, 0.3, 0.4, 0.5, 0.6, 0.7)
        ticks = [t for t in (few if high > 6 * low else many) if low < t < high]
        panel.set_xticks(ticks, [f"{t:g}" for t in ticks])
        panel.minorticks_off()
        panel.grid(axis="y", color="0.92")
    panels[0, 0].set_yticks(range(len(rows)), reversed(list(rows)), fontsize=9)
    panels[0, 0].set_ylim(-0.6, len(rows) - 0.4)
    plt.show()


def step_sizes(alphas, medians, diverged, trained):
    """medians, diverged: name -> (seeds, alphas)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.7), layout="constrained")
    for name in medians:
        lines(left, alphas, medians[name], name)
        lines(right, alphas, diverged[name], name)
    left.set(yscale="log", ylim=(0.03, 20), ylabel="query error after 10 steps, median")
    right.set(ylabel="diverged, of 100 tasks")
    for panel in (left, right):
        panel.set(xscale="log", xlabel="α at test time (grey line: in training)")
        panel.axvline(trained, color="0.7", linewidth=1)
    legend_below(figure, left)
    plt.show()


def one_point(means, bound, zero):
    """means: name -> (seeds, 4), the mean error with one point after 0 to 3 steps; bound: Bayes."""
    figure, panel = plt.subplots(figsize=(7, 3.4), layout="constrained")
    for name, rows in means.items():
        lines(panel, range(rows.shape[1]), rows, name)
    panel.axhline(bound, color="black", linestyle="--", linewidth=1.2)
    panel.text(0, 1.03 * bound, "best possible mean", fontsize=9, va="bottom")
    panel.axhline(zero, color="0.6", linewidth=1)
    panel.text(0, 0.97 * zero, "predicting zero", fontsize=9, va="top")
    panel.set(xlabel="inner steps", ylabel="query error, MEAN of 600 tasks", ylim=(0, 7))
    panel.set_xticks(range(4))
    legend_below(figure, panel)
    plt.show()


def shots(counts, medians, trained=10):
    """medians: name -> (seeds, counts)."""
    figure, panel = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for name, rows in medians.items():
        lines(panel, counts, rows, name)
    panel.axvline(trained, color="0.7", linewidth=1)
    panel.set(xscale="log", yscale="log", ylabel="query error after 10 steps, MEDIAN",
              xlabel="support points at test time (grey line: in training)")
    panel.set_xticks(counts, counts)
    panel.minorticks_off()
    legend_below(figure, panel)
    plt.show()


def elsewhere(relative, places, names):
    """relative: (name, place) -> error over that of predicting zero, a number a seed."""
    figure, panel = plt.subplots(figsize=(8, 3.8), layout="constrained")
    for i, name in enumerate(names):
        style = dict(plotting.style_of(name), markersize=6, linestyle="-", linewidth=1)
        for row, place in enumerate(places):
            values, height = np.minimum(relative[name, place], 30), 0.3 - 0.15 * i - row
            panel.plot(values, [height] * 3, **style, label=None if row else name)
    panel.axvline(1, color="black", linestyle="--", linewidth=1)
    panel.text(1.05, 0.6, "predicting zero", fontsize=8)
    panel.text(30, -3.45, "30 and more", fontsize=8, ha="center")
    panel.set(xscale="log", xlim=(0.01, 60), ylim=(-4.6, 0.95))
    panel.set_xlabel("query error after 10 steps / error of predicting zero\n"
                     "(median of 200 tasks, a marker a seed)")
    panel.set_yticks([-row for row in range(len(places))], places)
    legend_below(figure, panel)
    plt.show()
