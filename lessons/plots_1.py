"""The figures of lesson 1: plotting only, every number comes from the lesson."""

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np

import tinymeta as tm
from tinymeta import plotting

LINE = np.linspace(-5, 5, 120)  # (G,), where curves are drawn
AMBER = plotting.STYLES["joint training"]["color"]
DOTTED = dict(color="black", linestyle=":", linewidth=2)


def legend_below(figure, panel, columns):
    handles = panel.get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=columns, frameon=False)


def five_points(x, y, curves=()):
    """The points and, if there are any, curves: [(label, values (G,), style)]."""
    figure, panel = plt.subplots(figsize=(7, 2.8), layout="constrained")
    for label, values, style in curves:
        panel.plot(LINE, values, **{**style, "label": label})
    panel.plot(x, y, **dict(plotting.SUPPORT, label="the five points"))
    panel.set(xlabel="x", ylabel="y", xlim=(-5.2, 5.2), ylim=(-8, 8))
    if curves:
        legend_below(figure, panel, 3)
    plt.show()


def three_tasks(batch, waves):
    """Support and query points on the waves (T, G) of three tasks."""
    figure, panels = plt.subplots(1, 3, figsize=(7, 2.5), sharey=True, layout="constrained")
    for t, panel in enumerate(panels):
        panel.plot(LINE, waves[t], **plotting.TRUTH)
        panel.plot(batch.x_support[t], batch.y_support[t], **plotting.SUPPORT)
        panel.plot(batch.x_query[t], batch.y_query[t], **plotting.QUERY)
        panel.set(title=f"task {t}", xlabel="x", ylim=(-5.5, 5.5))
    panels[0].set_ylabel("y")
    legend_below(figure, panels[0], 3)
    plt.show()


def joint_networks(waves, networks, mean):
    """The band of all waves (N, G), what three networks draw, and the mean (G,)."""
    figure, panel = plt.subplots(figsize=(7, 3.2), layout="constrained")
    low, high = np.quantile(waves, [0.05, 0.95], axis=0)
    panel.fill_between(LINE, low, high, color="0.9", label="90 % of all waves")
    for i, values in enumerate(networks):
        panel.plot(LINE, values, linewidth=1.8, color=AMBER,
                   label="three joint networks" if i == 0 else None)
    panel.plot(LINE, mean, **DOTTED, label="the mean, −1.62 cos x")
    panel.set(xlabel="x", ylabel="y", xlim=(-5, 5), ylim=(-5.2, 5.2))
    legend_below(figure, panel, 3)
    plt.show()


def bundle(kept, at):
    """Waves (N, G) that pass by a point `at`, and their mean."""
    figure, panel = plt.subplots(figsize=(7, 3), layout="constrained")
    panel.plot(LINE, kept[:15].T, color="0.8", linewidth=0.8)
    panel.plot([], [], color="0.7", linewidth=0.8, label="some of those kept")
    panel.plot(LINE, kept.mean(axis=0), **DOTTED, label="mean of all kept")
    panel.plot(*at, **plotting.SUPPORT)
    panel.set(xlabel="x", ylabel="y", xlim=(-5, 5), ylim=(-5.2, 5.2))
    legend_below(figure, panel, 3)
    plt.show()


def _fitted(panel, task, model, trajectory, steps=(0, 1, 10)):
    """One task: the wave, its points, and the prediction after some of the steps."""
    A, psi = (task.parameters[name][0] for name in ("amplitude", "phase"))
    panel.plot(LINE, A * np.sin(LINE - psi), **plotting.TRUTH)
    looks = [plotting.BEFORE, dict(color=AMBER, alpha=0.45), dict(color=AMBER, linewidth=3)]
    for k, look in zip(steps, looks):
        label = "before" if k == 0 else f"{k} step{'s' * (k > 1)}"
        panel.plot(LINE, model.predict(trajectory[k], LINE[:, None]), **{**look, "label": label})
    panel.plot(task.x_support[0], task.y_support[0], **plotting.SUPPORT)
    panel.set(xlabel="x", xlim=(-5, 5), ylim=(-8, 8))


def fine_tuning(task, model, trajectory, query, support):
    """Left one task, step by step; right the mean errors (3, S + 1) on either set."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.4), layout="constrained")
    _fitted(left, task, model, trajectory)
    left.set(ylabel="y", title="one task")
    left.legend(fontsize=7.5, frameon=False, loc="upper left", ncols=2)
    for errors, look, name in ((query, plotting.QUERY, "on query points"),
                               (support, plotting.SUPPORT, "on support points")):
        right.plot(np.transpose(errors), color=look["color"])
        above = np.max(errors, axis=0)[14:].max()
        right.annotate(name, (30, above), xytext=(0, 4), textcoords="offset points", ha="right",
                       color="0.2")
    right.axhline(0, color="black", linestyle=(0, (1, 2)))
    right.annotate("floor", (0, 0), xytext=(0, 4), textcoords="offset points")
    right.set(xlabel="steps of fine-tuning", ylabel="mean squared error", ylim=(-0.15, 3.5),
              title="600 tasks, three networks")
    plt.show()


def drag_alpha(task, model, theta, steps=10):
    """In Jupyter: the same task with a step size to be dragged."""
    def show(alpha):
        with np.errstate(all="ignore"):
            points = task.x_support[0], task.y_support[0]
            trajectory = tm.adapt(model, theta, *points, alpha, steps)
        _, panel = plt.subplots(figsize=(6, 3.2), layout="constrained")
        _fitted(panel, task, model, trajectory)
        panel.legend(fontsize=8, ncols=5)
        plt.show()

    slider = ipywidgets.FloatLogSlider(value=0.01, min=-3, max=-1, step=0.05, description="α")
    return ipywidgets.interactive(show, alpha=slider)
