"""Figures: adaptation step by step, errors on held-out tasks, training curves, one animation.

The look is decided here and nowhere else.  Colours go by role (Okabe & Ito's palette, which
colour-blind readers can tell apart), and each role has a second cue: a marker or a line style.
Every function returns Matplotlib's own object; saving and showing are the caller's.
"""

import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .core import arguments
from .core.tasks import Batch
from .methods.baselines import JointTraining

TRUTH = dict(color="black", linestyle="--", linewidth=1.4, label="truth")
SUPPORT = dict(color="#D55E00", marker="o", linestyle="none", markersize=6, label="support",
               zorder=5)
QUERY = dict(color="#56B4E9", marker="s", linestyle="none", markersize=5, fillstyle="none",
             label="query")
BEFORE = dict(color="0.55", linestyle=":", linewidth=2.0)
STYLES = {  # name -> the method's colour, line style and marker
    "MAML": dict(color="#0072B2", linestyle="-", marker="o"),
    "first-order MAML": dict(color="#CC79A7", linestyle="--", marker="s"),
    "Reptile": dict(color="#009E73", linestyle="-.", marker="^"),
    "joint training": dict(color="#E69F00", linestyle=(0, (4, 1, 1, 1, 1, 1)), marker="D"),
    "oracle": dict(color="0.35", linestyle=":", marker="v"),
    "least squares": dict(color="black", linestyle=(0, (1, 2)), marker="x"),
    "Meta-SGD": dict(color="#882255", linestyle="-", marker="s"),
    "ANIL": dict(color="#44AA99", linestyle="--", marker="^"),
    "CAVIA": dict(color="#999933", linestyle="-.", marker="D"),
    "ridge head": dict(color="#332288", linestyle="-", marker="v"),
    "implicit MAML": dict(color="#AA4499", linestyle="--", marker="P"),
    "prototypes": dict(color="#117733", linestyle=":", marker="X"),
    "memory": dict(color="#661100", linestyle="-.", marker="*"),
}


def style_of(name):
    """The colour, line style and marker of a method; grey for a name that has none."""
    return STYLES.get(name, dict(color="0.35", linestyle="-", marker="."))


def plot_adaptation(model, thetas, tasks, task, alpha=0.01, steps=(0, 1, 10)):
    """One task's adaptation: truth, support points, the prediction after each number of steps.

    model: adapted by plain gradient descent of step size alpha, a number or a dict name -> number;
    or a dict name -> method, each of which adapts in its own way.  thetas: name -> meta-trained θ
    (P,), one panel each.  tasks: for the truth.  task: a Batch of one task.  steps: those to draw.

    Returns a Figure.  Raises ValueError for a batch of several tasks or without parameters, and
    for nothing to draw.
    """
    x, truth = _truth(tasks, task)  # (G,), (G,)
    steps = [arguments.whole_number(f"steps[{i}]", k, minimum=0) for i, k in enumerate(steps)]
    if not thetas or not steps:
        raise ValueError(f"thetas has {len(thetas)} entries and steps {len(steps)}; "
                         f"expected at least one of each")
    figure = Figure(figsize=(3.1 * len(thetas) + 0.6, 3.4), layout="constrained")
    panels = figure.subplots(1, len(thetas), sharex=True, sharey=True, squeeze=False)[0]
    top = max(np.abs(truth).max(), 1.0)
    reach = 1.6 * top
    for panel, (name, theta) in zip(panels, thetas.items()):
        predictions = _predictions(model, name, theta, task, x, alpha, max(steps))  # (S + 1, G)
        panel.plot(x, truth, **TRUTH)
        for k in steps:
            panel.plot(x, predictions[k], **_step_style(k, steps, style_of(name)["color"]))
        if 0 in steps:  # the start is seen whole, a diverged prediction leaves the panel
            reach = max(reach, min(1.1 * np.abs(predictions[0]).max(), 4 * top))
        panel.plot(task.x_support[0, :, 0], task.y_support[0, :, 0], **SUPPORT)
        panel.set(title=_plain(name), xlabel="x")
    panels[0].set(ylabel="y", ylim=(-reach, reach))
    greys = [_step_style(k, steps, "0.25") for k in steps]  # each panel has its own colour
    _legend_below(figure, [Line2D([], [], **style) for style in (TRUTH, SUPPORT, *greys)])
    return figure


def plot_curves(curves, title="", measured="mean squared error"):
    """Query error against inner steps: mean with its 95 % interval, and median with quartiles.

    curves: name -> AdaptationCurve; one of no steps, such as the oracle's, is drawn as a level.
    measured: what they hold; accuracy gets a plain axis, all else a logarithmic one.  Returns a
    Figure.
    """
    _some("curves", curves)
    figure = Figure(figsize=(9.5, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    longest = max(len(curve.mean) for curve in curves.values())
    for name, curve in curves.items():
        style, mean, ci95 = dict(style_of(name), markersize=4), curve.mean, curve.ci95
        for panel, lines in ((left, [mean - ci95, mean, mean + ci95]), (right, curve.quartiles)):
            if len(mean) == 1 and longest > 1:
                panel.plot([0, longest - 1], [*lines[1]] * 2, label=_plain(name), **style)
            else:
                _line_with_band(panel, np.arange(len(mean)), lines, name, style)
    left.set(title="mean, 95 % interval", ylabel=f"query {measured}")
    right.set(title="median, quartiles")
    for panel in (left, right):
        panel.set(xlabel="inner steps", yscale="linear" if measured == "accuracy" else "log")
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(alpha=0.25)
    highest = 1e3 * max(curve.mean[0] for curve in curves.values())
    if left.get_ylim()[1] > highest:
        left.set_ylim(top=highest)  # a diverged method leaves the panels
    if title:
        figure.suptitle(title)
    _legend_below(figure, left.get_legend_handles_labels()[0], columns=min(len(curves), 6))
    return figure


def plot_training(losses, points=100):
    """Meta-loss against iteration: the median and the quartiles of each of `points` stretches.

    losses: name -> (iterations,).  Each method's is its own: MAML's after its inner steps, joint
    training's without any.  Returns a Figure.
    """
    _some("losses", losses)
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    panel = figure.subplots()
    for name, values in losses.items():
        values = np.asarray(values, dtype=float)
        arguments.shape(f"losses[{name!r}]", values, ("iterations",))
        stretches = np.array_split(values, min(points, len(values)))
        ends = np.cumsum([len(stretch) for stretch in stretches])
        quartiles = [np.quantile(stretch, [0.25, 0.5, 0.75]) for stretch in stretches]
        _line_with_band(panel, ends, np.transpose(quartiles), name, dict(style_of(name), marker=""))
    panel.set(xlabel="iteration", ylabel="each method's own meta-loss", yscale="log",
              title="meta-training: median and quartiles of stretches")
    panel.grid(alpha=0.25)
    _legend_below(figure, panel.get_legend_handles_labels()[0], columns=min(len(losses), 5))
    return figure


def animate_adaptation(model, thetas, tasks, task, alpha=0.01, steps=10, interval=400):
    """One task's adaptation as an animation, with the arguments of plot_adaptation.

    steps: the last one.  interval: milliseconds for each frame.  Returns a FuncAnimation:
    .save("adaptation.gif", writer="pillow"), or .to_jshtml() in a notebook.
    """
    figure = plot_adaptation(model, thetas, tasks, task, alpha, steps=(0,))
    x, _ = _truth(tasks, task)  # (G,)
    lines, predictions = [], []
    for panel, (name, theta) in zip(figure.axes, thetas.items()):
        predictions.append(_predictions(model, name, theta, task, x, alpha, steps))  # (S + 1, G)
        lines += panel.plot(x, predictions[-1][0], color=style_of(name)["color"], linewidth=2.2)

    def draw(k):
        for line, prediction in zip(lines, predictions):
            line.set_ydata(prediction[k])
        figure.suptitle(f"after {k} inner step{'' if k == 1 else 's'}")
        return lines

    return FuncAnimation(figure, draw, frames=steps + 1, interval=interval)


def _truth(tasks, task):
    """A fine grid x (G,) over the tasks' range, and the one task's truth there (G,)."""
    if not isinstance(task, Batch) or len(task) != 1:
        found = f"{len(task)} tasks" if isinstance(task, Batch) else type(task).__name__
        raise ValueError(f"task is {found}; expected a Batch of one task, such as batch[0]")
    if not task.parameters:
        raise ValueError("task has no parameters; "
                         "expected those of its truth, such as amplitude and phase")
    if (D_in := task.x_support.shape[2]) != 1:
        raise ValueError(f"task has D_in {D_in}; expected 1, for a curve to draw "
                         f"(tinymeta.class_plots draws classes)")
    x = np.linspace(*tasks.x_range, 200)
    parameters = {name: values[0] for name, values in task.parameters.items()}
    return x, tasks.truth(parameters, x[:, np.newaxis])[:, 0]


def _predictions(model, name, theta, task, x, alpha, steps):
    """f at x (G,) after 0 ... steps inner steps, (steps + 1, G); the rest as in plot_adaptation."""
    arguments.shape(f"thetas[{name!r}]", np.asarray(theta), ("P",))
    if isinstance(model, dict):
        method = model[name]
    else:
        method = JointTraining(model, alpha[name] if isinstance(alpha, dict) else alpha)
    with np.errstate(over="ignore", invalid="ignore"):  # divergence is seen
        f = method.predictions(theta, task.x_support, task.y_support, x.reshape(1, -1, 1), steps)
    return f[:, 0, :, 0]  # (S + 1, 1, G, 1) -> (S + 1, G)


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


def _line_with_band(panel, x, lines, name, style):
    """The middle one of three lines (3, n), labelled, and a band between the others."""
    panel.plot(x, lines[1], label=_plain(name), **style)
    panel.fill_between(x, lines[0], lines[2], color=style["color"], alpha=0.18, linewidth=0)


def _legend_below(figure, handles, columns=None):
    """A legend in rows of at most so many columns, one row unless told otherwise."""
    figure.legend(handles=handles, loc="outside lower center", ncols=columns or len(handles),
                  frameon=False)


def _some(name, entries):
    if not entries:
        raise ValueError(f"{name} is empty; expected at least one method's")


def _plain(name):
    """The name without Matplotlib's mathematics: a path may hold a dollar sign."""
    return name.replace("$", r"\$")
