"""Figures: adaptation step by step, errors on held-out tasks, training curves, one animation.

Every function returns Matplotlib's own object; saving and showing are the caller's.  The look is
figure_parts.py's, whose styles are here too.
"""


import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.lines import Line2D

from .class_plots import animate_regions, plot_regions
from .core import arguments
from .core.classification import logistic
from .core.tasks import true_values
from .figure_parts import (BEFORE, MEASURED, QUERY, STYLES, SUPPORT, TRUTH, all_predictions,
                           in_lines, labels_of, legend_below, line_with_band, new_figure, one_task,
                           plain, scale_of, steps_to_draw, style_of, styles_of, title_of, units_of)


def plot_adaptation(model, thetas, tasks, task, alpha=0.01, steps=(0, 1, 10), labels=None,
                    size=None, scale=1.0):
    """One task's adaptation: truth, support points, the prediction after each number of steps.

    model: adapted by plain gradient descent of step size alpha, a number or a dict name -> number;
    or a dict name -> method, each of which adapts in its own way.  thetas: name -> meta-trained θ
    (P,), one panel each.  tasks: for the truth, or all measured points, and for units and labels;
    None shows the query points.  task: a Batch of one task.  steps: those to draw.  labels: of x
    and y, which may have Matplotlib's formulas, between dollar signs.  size: inches.  scale: so
    many times larger text, lines and markers, beside the panels.
    Scores of the logistic loss are drawn as the probabilities σ(f) of class 1.

    A task of two classes in the plane is drawn by class_plots.plot_regions.  Returns a Figure.
    Raises ValueError for a batch of several tasks, for another task that has no curve to draw, and
    for nothing to draw.
    """
    one_task("task", task)
    if task.x_support.shape[2] == 2:
        return plot_regions(model, thetas, task, alpha, steps, tasks, labels, size, scale)
    at_x, at_y = units_of(tasks)
    x, known = _known(tasks, task)  # (G,)
    steps = steps_to_draw(model, thetas, steps)
    figure = new_figure((3.1 * len(thetas) + 0.6, 3.4), size, scale)
    panels = figure.subplots(1, len(thetas), sharex=True, sharey=True, squeeze=False)[0]
    drawn, support = [], (task.x_support[0], task.y_support[0])
    known = (at_x(known[0]), at_y(known[1]), known[2])
    for panel, (name, theta) in zip(panels, thetas.items()):
        predictions = _predictions(model, name, theta, task, x, alpha, max(steps))  # (S + 1, G)
        drawn.append(at_y(predictions[steps][..., np.newaxis]))  # (steps, G, 1)
        panel.plot(known[0], known[1], **known[2])
        for k, y in zip(steps, drawn[-1]):
            style = _step_style(k, steps, style_of(name)["color"])
            panel.plot(at_x(x[:, np.newaxis]), y, **style)
        panel.plot(at_x(support[0]), at_y(support[1]), **SUPPORT)
        panel.set(title=title_of(name, panel, figure))
    x_label, y_label = labels_of(tasks, labels)
    if labels is None and any(_is_logistic(model, name) for name in thetas):
        y_label = f"probability that {y_label} is 1"
    for panel in panels:
        panel.set(xlabel=in_lines(x_label, scale, 40 / scale))
    panels[0].set(ylabel=in_lines(y_label, scale, 28 / scale),
                  ylim=_limits(np.vstack([known[1], at_y(support[1])]), np.stack(drawn)))
    greys = [_step_style(k, steps, "0.25") for k in steps]  # each panel has its own colour
    legend_below(figure, [Line2D([], [], **style) for style in (known[2], SUPPORT, *greys)])
    return figure


def plot_curves(curves, title="", measured="mean squared error", size=None, scale=1.0):
    """Query error against inner steps: mean with its 95 % interval, and median with quartiles.

    curves: name -> AdaptationCurve; one of no steps, such as the oracle's, is drawn as a level.
    measured: what they hold; accuracy gets a plain axis, all else a logarithmic one.  Both may have
    Matplotlib's formulas, between dollar signs.  size, scale: as in plot_adaptation.  Returns a
    Figure.
    """
    _some("curves", curves)
    arguments.text("title", title)
    arguments.text("measured", measured)
    figure = new_figure((9.5, 3.9), size, scale)
    for name, curve in curves.items():
        if not hasattr(arguments.methods(f"curves[{name!r}]", curve), "ci95"):
            raise TypeError(f"curves[{name!r}] is of type {type(curve).__name__}; expected a "
                            f"tinymeta.AdaptationCurve")
    left, right = figure.subplots(1, 2, sharey=True)
    longest, styles = max(len(curve.mean) for curve in curves.values()), styles_of(curves)
    for name, curve in curves.items():
        style, mean, ci95 = dict(styles[name], markersize=4), curve.mean, curve.ci95
        for panel, lines in ((left, _around(mean, ci95)), (right, curve.quartiles)):
            if len(mean) == 1 and longest > 1:
                panel.plot([0, longest - 1], [*lines[1]] * 2, label=plain(name), **style)
            else:
                line_with_band(panel, np.arange(len(mean)), lines, name, style)
    left.set(title="mean, 95 % interval", ylabel=in_lines(f"query {measured}", scale))
    right.set(title="median, quartiles")
    scale_of_y = "linear" if measured == "accuracy" else scale_of(left, right)
    for panel in (left, right):
        panel.set(xlabel="inner steps", yscale=scale_of_y)
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(alpha=0.25)
    starts = [float(curve.mean[0]) for curve in curves.values()]
    highest = 1e3 * max([start for start in starts if 0 < start < np.inf], default=np.inf)
    if scale_of_y == "log" and left.get_ylim()[1] > highest:
        left.set_ylim(top=highest)  # a diverged method leaves the panels
    if title:
        figure.suptitle(title)
    legend_below(figure, left.get_legend_handles_labels()[0])
    return figure


def plot_training(losses, points=100, size=None, scale=1.0):
    """Meta-loss against iteration: the median and the quartiles of each of `points` stretches.

    losses: name -> (iterations,); those that are not finite are left out.  Each method's is its
    own: MAML's after its inner steps, joint training's without any.  size, scale: as in
    plot_adaptation.  Returns a Figure.
    """
    _some("losses", losses)
    points = arguments.whole_number("points", points, minimum=1)
    figure = new_figure((7.5, 4.2), size, scale)
    panel, styles = figure.subplots(), styles_of(losses)
    for name, values in losses.items():
        values = arguments.numbers(f"losses[{name!r}]", values)
        values = arguments.real_numbers(f"losses[{name!r}]", values).astype(float)
        arguments.shape(f"losses[{name!r}]", values, ("iterations",))
        stretches = np.array_split(values, min(points, len(values)))
        ends = np.cumsum([len(stretch) for stretch in stretches])
        finite = [stretch[np.isfinite(stretch)] for stretch in stretches]
        quartiles = [np.quantile(stretch if len(stretch) else [np.nan], [0.25, 0.5, 0.75])
                     for stretch in finite]
        line_with_band(panel, ends, np.transpose(quartiles), name, dict(styles[name], marker=""))
    panel.set(xlabel="iteration", ylabel="each method's own meta-loss",
              yscale=scale_of(panel), title="meta-training: median, quartiles")
    panel.grid(alpha=0.25)
    legend_below(figure, panel.get_legend_handles_labels()[0])
    return figure


def animate_adaptation(model, thetas, tasks, task, alpha=0.01, steps=10, interval=400, labels=None,
                       size=None, scale=1.0):
    """One task's adaptation as an animation, with the arguments of plot_adaptation.

    steps: the last one.  interval: milliseconds for each frame.  Returns a FuncAnimation:
    .save("adaptation.gif", writer="pillow"), or .to_jshtml() in a notebook.
    """
    one_task("task", task)
    if task.x_support.shape[2] == 2:
        return animate_regions(model, thetas, task, alpha, steps, interval, tasks, labels, size,
                               scale)
    steps = arguments.whole_number("steps", steps, minimum=0)
    interval = arguments.number("interval", interval, above=0, below=1e6)
    figure = plot_adaptation(model, thetas, tasks, task, alpha, (0,), labels, size, scale)
    x, (at_x, at_y) = _known(tasks, task)[0], units_of(tasks)
    lines, predictions = [], []
    for panel, (name, theta) in zip(figure.axes, thetas.items()):
        f = _predictions(model, name, theta, task, x, alpha, steps)  # (S + 1, G)
        predictions.append(at_y(f[..., np.newaxis])[..., 0])
        lines += panel.plot(at_x(x[:, np.newaxis])[:, 0], predictions[-1][0],
                            color=style_of(name)["color"], linewidth=2.2)

    def draw(k):
        for line, prediction in zip(lines, predictions):
            line.set_ydata(prediction[k])
        figure.suptitle(f"after {k} inner step{'' if k == 1 else 's'}")
        return lines

    return FuncAnimation(figure, draw, frames=steps + 1, interval=interval)


def _known(tasks, task):
    """x (G,) to predict at, and what is known of the curve: x (n, 1), y (n, 1) and its look."""
    if (sizes := (task.x_support.shape[2], task.y_support.shape[2])) != (1, 1):
        raise ValueError(f"task has D_in {sizes[0]} and D_out {sizes[1]}; expected 1 and 1, for a "
                         f"curve to draw, or 2 and 1, for two classes in the plane")
    known = task.x_query[0], task.y_query[0], QUERY
    if task.parameters and hasattr(tasks, "truth") and hasattr(tasks, "x_range"):
        low, high = arguments.interval("tasks.x_range", tasks.x_range)
        grid = np.linspace(low, high, 200)[np.newaxis, :, np.newaxis]  # (1, G, 1)
        known = grid[0], true_values(tasks, task.parameters, grid)[0], TRUTH
    elif hasattr(tasks, "points"):
        known = *tasks.points(task), MEASURED
    points = np.concatenate([known[0], task.x_support[0]])
    return np.linspace(points.min(), points.max(), 200), known


def _limits(points, drawn):
    """(low, high) around the points, wider for predictions (..., G, 1), but not for diverged ones:
    at most by the points' own height on either side."""
    low, high = points.min(), points.max()
    height = (high - low) or abs(high) or 1.0
    finite = drawn[np.isfinite(drawn)]
    lowest, highest = min(low, finite.min(initial=low)), max(high, finite.max(initial=high))
    return (max(lowest, low - height) - 0.06 * height, min(highest, high + height) + 0.06 * height)


def _predictions(model, name, theta, task, x, alpha, steps):
    """f at x (G,) after 0 ... steps inner steps, (steps + 1, G); the rest as in plot_adaptation."""
    f = all_predictions(model, name, theta, task, x.reshape(1, -1, 1), alpha, steps)
    f = f[:, 0, :, 0]  # (S + 1, 1, G, 1) -> (S + 1, G)
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-f)) if _is_logistic(model, name) else f  # σ(f), [LOGISTIC.1]


def _is_logistic(model, name):
    """Whether what is predicted are scores of two classes, which are drawn as probabilities."""
    method = model[name] if isinstance(model, dict) else model
    return getattr(getattr(method, "judge", method), "loss_function", None) == logistic


def _step_style(k, steps, color):
    """The look of the prediction after k steps: grey before any, bold after the last."""
    if k == 0:
        return dict(BEFORE, label="before adaptation")
    label = f"after {k} step{'' if k == 1 else 's'}"
    if k == max(steps):
        return dict(color=color, linestyle="-", linewidth=2.2, alpha=1.0, label=label)
    between = sorted(set(steps) - {0, max(steps)})
    line = ("-.", (0, (4, 1.5)), (0, (1, 1)))[between.index(k) % 3]
    return dict(color=color, linestyle=line, linewidth=1.3, alpha=0.7, label=label)


def _around(mean, half):
    """Three lines (3, n): the mean, and half an interval below and above."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.stack([mean - half, mean, mean + half])


def _some(name, entries):
    if not isinstance(entries, dict):
        raise TypeError(f"{name} is {arguments.shown(entries)}; "
                        f"expected a dict, by the methods' names")
    if not entries:
        raise ValueError(f"{name} is empty; expected at least one method's")
    arguments.texts(f"the names in {name}", list(entries))
