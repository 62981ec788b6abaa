"""Figures of classifiers: decision regions in the plane step by step, and glyphs.

The look is plotting.py's; classes have two colours of Okabe & Ito's palette and two markers.
Every function returns a Matplotlib Figure; saving and showing are the caller's.
"""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .core import arguments
from .core.tasks import Batch
from .methods.baselines import JointTraining
from .plotting import _plain, style_of

CLASSES = (dict(color="#D55E00", marker="o"), dict(color="#56B4E9", marker="s"))
POINTS = dict(linestyle="none", markersize=6.5, markeredgecolor="black", markeredgewidth=0.7)
REGIONS = ListedColormap([style["color"] for style in CLASSES])
GRID = 150  # points along each axis


def plot_regions(model, thetas, task, alpha=0.01, steps=(0, 1, 3)):
    """How one task of two classes in the plane is decided: a row a method, a panel a step.

    model: adapted by plain gradient descent of step size alpha, a number or a dict name -> number;
    or a dict name -> method, each of which adapts in its own way.  thetas: name -> meta-trained ω.
    task: a Batch of one task with D_in = 2 and D_out = 1, such as tm.MoonTasks gives.  steps: the
    numbers of inner steps to draw.  A panel has the regions f < 0 and f > 0, the line f = 0 in
    the method's colour, the support points, and, in its title, the accuracy on the query set.

    Returns a Figure.  Raises ValueError for another task and for nothing to draw.
    """
    _check_task("task", task)
    D_in, D_out = task.x_support.shape[2], task.y_support.shape[2]
    if (D_in, D_out) != (2, 1):
        raise ValueError(f"task has D_in {D_in} and D_out {D_out}; expected points in the plane, "
                         f"D_in 2, and two classes, D_out 1")
    steps = [arguments.whole_number(f"steps[{i}]", k, minimum=0) for i, k in enumerate(steps)]
    if not thetas or not steps:
        raise ValueError(f"thetas has {len(thetas)} entries and steps {len(steps)}; "
                         f"expected at least one of each")
    size = (max(2.3 * len(steps) + 0.5, 4.6), 2.4 * len(thetas) + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    rows = figure.subplots(len(thetas), len(steps), sharex=True, sharey=True, squeeze=False)
    axis = np.linspace(-1, 1, GRID) * 1.15 * _reach(task)  # (G,), the same for x₁ and x₂
    for row, (name, theta) in zip(rows, thetas.items()):
        method = _method(model, name, alpha)
        f = _scores(method, name, theta, task, axis, max(steps))  # (S + 1, G G + Q)
        for panel, k in zip(row, steps):
            scores, at_query = f[k, :GRID * GRID].reshape(GRID, GRID), f[k, GRID * GRID:]
            _draw_regions(panel, axis, scores, style_of(name)["color"])
            _draw_points(panel, task)
            right = np.mean((at_query > 0) == (task.y_query[0, :, 0] > 0))
            panel.set_title(f"{k} step{'' if k == 1 else 's'}: {right:.0%} right", fontsize=10)
            panel.set_aspect("equal")
        row[0].set_ylabel(f"{_plain(name)}\n$x_2$")
    for panel in rows[-1]:
        panel.set_xlabel("$x_1$")
    handles = [Line2D([], [], **style, **POINTS, label=f"support, class {c}")
               for c, style in enumerate(CLASSES)]
    handles.append(Line2D([], [], color="0.25", linewidth=2.0, label="f = 0"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def plot_glyphs(batch):
    """The support images of one N-way task: a column a class, its shots below one another.

    batch: a Batch of one task whose D_in is a square number of pixels and whose y is one-hot, such
    as tm.GlyphTasks().sample(rng)[0].  Returns a Figure.  Raises ValueError for another batch.
    """
    _check_task("batch", batch)
    x, classes = batch.x_support[0], batch.y_support[0].argmax(axis=1)
    side, N = round(x.shape[1] ** 0.5), batch.y_support.shape[2]
    if side**2 != x.shape[1] or N < 2:
        raise ValueError(f"batch has D_in {x.shape[1]} and D_out {N}; "
                         f"expected a square number of pixels and at least 2 classes")
    shots = np.bincount(classes).max()
    figure = Figure(figsize=(1.1 * N, 1.1 * shots + 0.3), layout="constrained")
    panels = figure.subplots(shots, N, squeeze=False)
    for c, column in enumerate(panels.T):
        column[0].set_title(f"class {c}", fontsize=10)
        images = x[classes == c].reshape(-1, side, side)
        for panel, image in zip(column, images):
            panel.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            panel.set(xticks=[], yticks=[])
        for panel in column[len(images):]:
            panel.set_axis_off()
    return figure


def _check_task(name, task):
    """ValueError unless `task` is a Batch of one task."""
    if not isinstance(task, Batch) or len(task) != 1:
        found = f"{len(task)} tasks" if isinstance(task, Batch) else type(task).__name__
        raise ValueError(f"{name} is {found}; expected a Batch of one task, such as batch[0]")


def _method(model, name, alpha):
    """The method of that name, or plain gradient descent on the model."""
    if isinstance(model, dict):
        return model[name]
    return JointTraining(model, alpha[name] if isinstance(alpha, dict) else alpha)


def _reach(task):
    """The largest coordinate of any point, so that all panels show all points."""
    return max(np.abs(task.x_support).max(), np.abs(task.x_query).max())


def _scores(method, name, theta, task, axis, steps):
    """f on the grid, row by row, and then at the query points: (steps + 1, G G + Q)."""
    arguments.shape(f"thetas[{name!r}]", np.asarray(theta), ("P",))
    x1, x2 = np.meshgrid(axis, axis)  # (G, G), rows of one x₂
    grid = np.stack([x1.ravel(), x2.ravel()], axis=-1)  # (G G, 2)
    x = np.concatenate([grid, task.x_query[0]])[np.newaxis]  # (1, G G + Q, 2)
    with np.errstate(over="ignore", invalid="ignore"):  # divergence is seen
        return method.predictions(theta, task.x_support, task.y_support, x, steps)[:, 0, :, 0]


def _draw_regions(panel, axis, scores, color):
    """The two regions, and the line between them where there is one."""
    extent = (axis[0], axis[-1], axis[0], axis[-1])
    panel.imshow(scores > 0, cmap=REGIONS, vmin=0, vmax=1, alpha=0.25, origin="lower",
                 extent=extent, interpolation="nearest")
    if scores.min() < 0 < scores.max():
        panel.contour(axis, axis, scores, levels=[0], colors=[color], linewidths=2.0)


def _draw_points(panel, task):
    """The support points of either class with its marker."""
    x, positive = task.x_support[0], task.y_support[0, :, 0] > 0
    for c, style in enumerate(CLASSES):
        chosen = x[positive == c]
        panel.plot(chosen[:, 0], chosen[:, 1], label=f"class {c}", **style, **POINTS)
