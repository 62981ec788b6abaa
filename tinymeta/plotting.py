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
from .methods.inner_loop import adapt
from .core.tasks import Batch

TRUTH = dict(color="black", linestyle="--", linewidth=1.4, label="truth")
SUPPORT = dict(color="#D55E00", marker="o", linestyle="none", markersize=6, label="support", zorder=5)
QUERY = dict(color="#56B4E9", marker="s", linestyle="none", markersize=5, fillstyle="none", label="query")
BEFORE = dict(color="0.55", linestyle=":", linewidth=2.0)
STYLES = {  # name -> the method's colour, line style and marker
    "MAML": dict(color="#0072B2", linestyle="-", marker="o"),
    "first-order MAML": dict(color="#CC79A7", linestyle="--", marker="s"),
    "Reptile": dict(color="#009E73", linestyle="-.", marker="^"),
    "joint training": dict(color="#E69F00", linestyle=(0, (4, 1, 1, 1, 1, 1)), marker="D"),
    "oracle": dict(color="0.35", linestyle=":", marker="v"),
    "least squares": dict(color="black", linestyle=(0, (1, 2)), marker="x"),
}


def style_of(name):
    """The colour, line style and marker of a method; grey for a name that has none."""
    return STYLES.get(name, dict(color="0.35", linestyle="-", marker="."))


def plot_adaptation(model, thetas, tasks, task, alpha=0.01, steps=(0, 1, 10)):
    """One task's adaptation: truth, support points, and the prediction after each number of steps.

    thetas: name -> meta-trained θ (P,), one panel each.  tasks: for the truth.  task: a Batch of
    one task.  alpha: inner step size, or a dict name -> step size.  steps: the steps to draw.
    Returns a Figure.  Raises ValueError for a batch of several tasks or without parameters, and for
    nothing to draw.
    """
    _one_task(task)
    steps = [arguments.whole_number(f"steps[{i}]", k, minimum=0) for i, k in enumerate(steps)]
    if not thetas or not steps:
        raise ValueError(f"thetas has {len(thetas)} entries and steps {len(steps)}; expected at least one of each")
    for name, theta in thetas.items():
        arguments.shape(f"thetas[{name!r}]", np.asarray(theta), ("P",))
    figure = Figure(figsize=(3.1 * len(thetas) + 0.6, 3.4), layout="constrained")
    panels = figure.subplots(1, len(thetas), sharex=True, sharey=True, squeeze=False)[0]
    x, truth = _curve(tasks, task)
    for panel, (name, theta) in zip(panels, thetas.items()):
        trajectory = _trajectory(model, theta, task, alpha, max(steps), name)  # (S + 1, P)
        panel.plot(x[:, 0], truth[:, 0], **TRUTH)
        for k in steps:
            panel.plot(x[:, 0], model.predict(trajectory[k], x)[:, 0], **_step_style(name, k, steps))
        panel.plot(task.x_support[0, :, 0], task.y_support[0, :, 0], **SUPPORT)
        panel.set(title=_plain(name), xlabel="x")
    panels[0].set_ylabel("y")
    _limit(panels[0], truth)
    handles = [Line2D([], [], **TRUTH), Line2D([], [], **SUPPORT)]  # steps in grey: each panel has its own colour
    handles += [Line2D([], [], **dict(_step_style(name, k, steps), color="0.55" if k == 0 else "0.25")) for k in steps]
    _legend_below(figure, handles)
    return figure


def plot_curves(curves, title="", steps=None):
    """Query error against inner steps: mean with its 95 % interval (left), median and quartiles (right).

    curves: name -> AdaptationCurve; one of no steps, such as the oracle's, is drawn as a level.
    Returns a Figure.
    """
    _some("curves", curves)
    figure = Figure(figsize=(9.5, 3.9), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    last = max(len(curve.mean) for curve in curves.values()) - 1
    for name, curve in curves.items():
        k, style = np.arange(len(curve.mean)), dict(style_of(name), markersize=4, label=_plain(name))
        low, median, high = curve.quartiles
        if len(k) == 1 and last > 0:
            for panel, level in zip(panels, (curve.mean[0], median[0])):
                panel.plot([0, last], [level, level], **style)
            continue
        _line_with_band(panels[0], k, curve.mean, curve.mean - curve.ci95, curve.mean + curve.ci95, style)
        _line_with_band(panels[1], k, median, low, high, style)
    panels[0].set(title="mean, 95 % interval", ylabel="query mean squared error")
    panels[1].set(title="median, quartiles")
    for panel in panels:
        panel.set(xlabel="inner steps", yscale="log")
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(alpha=0.25)
    figure.suptitle(title) if title else None
    _legend_below(figure, panels[0].get_legend_handles_labels()[0])
    return figure


def plot_training(losses, points=100):
    """Meta-loss against iteration: the median and the quartiles within each of `points` stretches.

    losses: name -> (iterations,).  Each method's is its own: MAML's after its inner steps, joint
    training's without any.  Returns a Figure.
    """
    _some("losses", losses)
    for name, values in losses.items():
        arguments.shape(f"losses[{name!r}]", np.asarray(values), ("iterations",))
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    panel = figure.subplots()
    for name, values in losses.items():
        stretches = np.array_split(np.asarray(values, dtype=float), min(points, len(values)))
        ends = np.cumsum([len(s) for s in stretches])
        low, median, high = np.array([np.quantile(s, [0.25, 0.5, 0.75]) for s in stretches]).T
        _line_with_band(panel, ends, median, low, high, dict(style_of(name), marker="", label=_plain(name)))
    panel.set(xlabel="iteration", ylabel="each method's own meta-loss", yscale="log")
    panel.set_title("meta-training: median and quartiles of stretches")
    panel.grid(alpha=0.25)
    _legend_below(figure, panel.get_legend_handles_labels()[0])
    return figure


def animate_adaptation(model, thetas, tasks, task, alpha=0.01, steps=10, interval=400):
    """One task's adaptation as an animation, a panel a method; the arguments are as for plot_adaptation.

    interval: milliseconds a frame.  Returns a FuncAnimation: .save("adaptation.gif", writer="pillow"),
    or .to_jshtml() in a notebook.
    """
    _one_task(task)
    figure = plot_adaptation(model, thetas, tasks, task, alpha, steps=(0,))
    x, _ = _curve(tasks, task)
    lines, predictions = [], []
    for panel, (name, theta) in zip(figure.axes, thetas.items()):
        trajectory = _trajectory(model, theta, task, alpha, steps, name)  # (S + 1, P)
        predictions.append(model.predict(trajectory, x)[..., 0])  # (S + 1, G)
        lines += panel.plot(x[:, 0], predictions[-1][0], color=style_of(name)["color"], linewidth=2.2)

    def draw(k):
        for line, curve in zip(lines, predictions):
            line.set_ydata(curve[k])
        figure.suptitle(f"after {k} inner step{'' if k == 1 else 's'}")
        return lines

    return FuncAnimation(figure, draw, frames=steps + 1, interval=interval)


def _some(name, entries):
    if not entries:
        raise ValueError(f"{name} is empty; expected at least one method's")


def _plain(name):
    """The name without Matplotlib's mathematics: a path may hold a dollar sign."""
    return name.replace("$", r"\$")


def _one_task(task):
    if not isinstance(task, Batch) or len(task) != 1:
        found = f"{len(task)} tasks" if isinstance(task, Batch) else type(task).__name__
        raise ValueError(f"task is {found}; expected a Batch of one task, such as batch[0]")
    if not task.parameters:
        raise ValueError("task has no parameters; expected those of its truth, such as amplitude and phase")


def _trajectory(model, theta, task, alpha, steps, name):
    """θ_0 ... θ_S (S + 1, P) of one task; alpha is a number, or a dict that holds one for `name`."""
    alpha = alpha[name] if isinstance(alpha, dict) else alpha
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging prediction leaves the panel: that is seen
        return adapt(model, theta, task.x_support, task.y_support, alpha, steps)[:, 0]


def _curve(tasks, task):
    """A fine grid x (G, 1) over the tasks' range, and the task's truth there (G, 1)."""
    x = np.linspace(*tasks.x_range, 200)[:, np.newaxis]
    return x, tasks.truth({name: values[0] for name, values in task.parameters.items()}, x)


def _limit(panel, truth):
    """y-limits from the truth, so that a diverged prediction leaves the panel, not the truth the picture."""
    reach = 1.6 * max(np.abs(truth).max(), 1.0)
    panel.set_ylim(-reach, reach)


def _step_style(name, k, steps):
    label = "before adaptation" if k == 0 else f"after {k} step{'' if k == 1 else 's'}"
    if k == 0:
        return dict(BEFORE, label=label)
    last = k == max(steps)
    return dict(color=style_of(name)["color"], linestyle="-" if last else "-.",
                linewidth=2.2 if last else 1.3, alpha=1.0 if last else 0.6, label=label)


def _legend_below(figure, handles):
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)


def _line_with_band(panel, x, middle, low, high, style):
    panel.plot(x, middle, **style)
    panel.fill_between(x, low, high, color=style["color"], alpha=0.18, linewidth=0)
