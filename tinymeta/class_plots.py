"""Figures of classifiers: decision regions in the plane step by step, and glyphs.

The look is figure_parts.py's; classes have two colours of Okabe & Ito's palette and two markers.
Every function returns a Matplotlib Figure; saving and showing are the caller's.
"""

import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .core import arguments
from .figure_parts import (all_predictions, checked_scale, in_lines, labels_of, legend_below,
                           new_figure, one_task, steps_to_draw, style_of, title_of, units_of)

CLASSES = (dict(color="#D55E00", marker="o"), dict(color="#56B4E9", marker="s"))
POINTS = dict(linestyle="none", markersize=6.5, markeredgecolor="black", markeredgewidth=0.7)
REGIONS = ListedColormap([style["color"] for style in CLASSES])
GRID = 150  # points along each axis


def plot_regions(model, thetas, task, alpha=0.01, steps=(0, 1, 3), tasks=None, labels=None,
                 size=None, scale=1.0):
    """How one task of two classes in the plane is decided: a row a method, a panel a step.

    model: adapted by plain gradient descent of step size alpha, a number or a dict name -> number;
    or a dict name -> method, each of which adapts in its own way.  thetas: name -> meta-trained ω.
    task: a Batch of one task with D_in = 2 and D_out = 1, such as tm.MoonTasks gives.  steps: the
    numbers of inner steps to draw.  A panel has the regions f < 0 and f > 0, the line f = 0 in
    the method's colour, the support points, and, in its title, the accuracy on the query set.
    tasks: for units and labels, if they have any.  labels, size, scale: as in
    plotting.plot_adaptation.

    Returns a Figure.  Raises ValueError for another task and for nothing to draw.
    """
    _check_classes(task)
    steps = steps_to_draw(model, thetas, steps)
    scale = checked_scale(scale)
    usual = (max(2.3 * len(steps) + 0.5, 4.6), 2.3 * len(thetas) + 0.9 * scale)
    figure = new_figure(usual, size, scale, keep_height=False)
    rows = figure.subplots(len(thetas), len(steps), sharex=True, sharey=True, squeeze=False)
    axes, (at_x, _) = _axes(task), units_of(tasks)  # (G, 2)
    label_1, label_2 = [in_lines(label, scale, 28 / scale)
                        for label in labels_of(tasks, labels, ("$x_1$", "$x_2$"))]
    for row, (name, theta) in zip(rows, thetas.items()):
        f = _scores(model, name, theta, task, alpha, axes, max(steps))  # (S + 1, G G + Q)
        for panel, k in zip(row, steps):
            _draw_regions(panel, at_x(axes), f[k, :GRID * GRID], style_of(name)["color"])
            _draw_points(panel, at_x(task.x_support[0]), task.y_support[0])
            panel.set_title(_title(k, f[k], task), fontsize="medium")
            panel.set_box_aspect(1)
        row[0].set_ylabel(f"{title_of(name, row[0], figure)}\n{label_2}")
    for panel in rows[-1]:
        panel.set_xlabel(label_1)
    handles = [Line2D([], [], **style, **POINTS, label=f"support, class {c}")
               for c, style in enumerate(CLASSES)]
    handles.append(Line2D([], [], color="0.25", linewidth=2.0, label="f = 0"))
    legend_below(figure, handles)
    return figure


def animate_regions(model, thetas, task, alpha=0.01, steps=10, interval=400, tasks=None,
                    labels=None, size=None, scale=1.0):
    """The regions as an animation over 0 ... steps inner steps, with plot_regions' arguments.

    interval: milliseconds for each frame.  Returns a FuncAnimation.
    """
    steps = arguments.whole_number("steps", steps, minimum=0)
    interval = arguments.number("interval", interval, above=0, below=1e6)
    figure = plot_regions(model, thetas, task, alpha, (0,), tasks, labels, size, scale)
    axes, (at_x, _) = _axes(task), units_of(tasks)
    scores = [_scores(model, name, theta, task, alpha, axes, steps)
              for name, theta in thetas.items()]

    def draw(k):
        for panel, name, f in zip(figure.axes, thetas, scores):
            for old in [*panel.images, *panel.collections]:
                old.remove()
            _draw_regions(panel, at_x(axes), f[k, :GRID * GRID], style_of(name)["color"])
            panel.set_title(_title(k, f[k], task), fontsize="medium")

    return FuncAnimation(figure, draw, frames=steps + 1, interval=interval)


def plot_glyphs(batch):
    """The support images of one N-way task: a column a class, its shots below one another.

    batch: a Batch of one task whose D_in is a square number of pixels and whose y is one-hot, such
    as tm.GlyphTasks().sample(rng)[0].  Returns a Figure.  Raises ValueError for another batch.
    """
    one_task("batch", batch)
    x, classes = batch.x_support[0], batch.y_support[0].argmax(axis=1)
    side, N = round(x.shape[1] ** 0.5), batch.y_support.shape[2]
    if side**2 != x.shape[1] or N < 2:
        raise ValueError(f"batch has D_in {x.shape[1]} and D_out {N}; "
                         f"expected a square number of pixels and at least 2 classes")
    shots = np.bincount(classes).max()
    figure = Figure(figsize=(1.1 * N, 1.1 * shots + 0.3), layout="constrained")
    panels = figure.subplots(shots, N, squeeze=False)
    for c, column in enumerate(panels.T):
        column[0].set_title(f"class {c}", fontsize="medium")
        images = x[classes == c].reshape(-1, side, side)
        for panel, image in zip(column, images):
            panel.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            panel.set(xticks=[], yticks=[])
        for panel in column[len(images):]:
            panel.set_axis_off()
    return figure


def _check_classes(task):
    """ValueError unless `task` is one task of two classes in the plane."""
    one_task("task", task)
    sizes = task.x_support.shape[2], task.y_support.shape[2]
    if sizes != (2, 1):
        raise ValueError(f"task has D_in {sizes[0]} and D_out {sizes[1]}; expected points in the "
                         f"plane, D_in 2, and two classes, D_out 1")
    labels = np.unique(np.concatenate([task.y_support, task.y_query], axis=1))
    if not any(np.isin(labels, pair).all() for pair in ((0, 1), (-1, 1))):
        raise ValueError(f"task has the y {arguments.shown(labels)}; expected the labels of two "
                         f"classes, 0 and 1 or -1 and 1")


def _axes(task):
    """The x₁ and x₂ of the grid's columns and rows (G, 2): around all the task's points, and a
    square unless one is much wider than the other."""
    points = np.concatenate([task.x_support[0], task.x_query[0]])  # (K + Q, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    half = 0.575 * (high - low)  # (2,)
    if half.max() < 2 * half.min():
        half[:] = half.max()
    half[half == 0] = 1.0
    return (low + high) / 2 + np.linspace(-1, 1, GRID)[:, np.newaxis] * half


def _scores(model, name, theta, task, alpha, axes, steps):
    """f on the grid, row by row, and then at the query points: (steps + 1, G G + Q)."""
    x1, x2 = np.meshgrid(*axes.T)  # (G, G), rows of one x₂
    grid = np.stack([x1.ravel(), x2.ravel()], axis=-1)  # (G G, 2)
    x = np.concatenate([grid, task.x_query[0]])[np.newaxis]  # (1, G G + Q, 2)
    return all_predictions(model, name, theta, task, x, alpha, steps)[:, 0, :, 0]


def _title(k, scores, task):
    """The step, and how many of the query points are decided rightly."""
    right = np.mean((scores[GRID * GRID:] > 0) == (task.y_query[0, :, 0] > 0))
    return f"{k} step{'' if k == 1 else 's'}: {right:.0%} right"


def _draw_regions(panel, axes, scores, color):
    """The two regions, and the line between them where there is one."""
    scores = scores.reshape(GRID, GRID)
    panel.imshow(scores > 0, cmap=REGIONS, vmin=0, vmax=1, alpha=0.25, origin="lower",
                 extent=(*axes[[0, -1], 0], *axes[[0, -1], 1]), interpolation="nearest",
                 aspect="auto")
    if scores.min() < 0 < scores.max():
        panel.contour(*axes.T, scores, levels=[0], colors=[color], linewidths=2.0)


def _draw_points(panel, x, y):
    """The support points x (K, 2) of either class, by y (K, 1), with its marker."""
    for c, style in enumerate(CLASSES):
        chosen = x[(y[:, 0] > 0) == c]
        panel.plot(chosen[:, 0], chosen[:, 1], label=f"class {c}", **style, **POINTS)
