"""The figures of lesson 3 and of its continuation: plotting only."""

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import plane
from matplotlib.animation import FuncAnimation

import tinymeta as tm
from tinymeta import plotting

MODEL = tm.Linear(1, 1)
TASKS = [dict(color="black", linestyle="-"), dict(color="#8C510A", linestyle="--"),
         dict(color="#6A3D9A", linestyle=":")]
X_LINE = np.array([-2.5, 3.2])
W, B = np.meshgrid(np.linspace(-3, 3.4, 81), np.linspace(-2.1, 3.3, 81))
PLANE = np.stack([W, B], axis=-1)[..., None, :]  # (81, 81, 1, 2), to go with T tasks
LOOK = {name: {**plotting.STYLES[name], "linestyle": "none", "markersize": 9}
        for name in ("joint training", "MAML", "first-order MAML", "Reptile")}


def bowls(ax, batch, theta_star, levels=(0.3, 1.5)):
    """Each task's optimum, and contours of its loss, over the plane of θ."""
    losses = MODEL.loss(PLANE, batch.x_query, batch.y_query)  # (81, 81, T)
    for t, style in enumerate(TASKS):
        ax.contour(W, B, losses[..., t], levels, colors=style["color"],
                   linestyles=style["linestyle"], linewidths=1)
        ax.plot(*theta_star[t], "+", color=style["color"], markersize=9, mew=2)
        ax.annotate(f"{t + 1}", theta_star[t], xytext=(5, 5), textcoords="offset points",
                    color=style["color"], weight="bold")
    ax.set(xlabel="slope $w$", ylabel="intercept $b$", aspect="equal", xlim=(-3, 3.4),
           ylim=(-2.1, 3.3))


def mark(ax, theta):
    ax.plot(*theta, "o", color="0.45", markersize=7, zorder=5)
    ax.annotate("θ", theta, xytext=(7, -13), textcoords="offset points", fontsize=12)


def arrow(ax, start, end, **style):
    ax.annotate("", end, start, zorder=6, arrowprops=dict(shrinkA=0, shrinkB=0, **style))


def legend_below(figure, ax):
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=4,
                  frameon=False)


def three_lines(batch, theta_star):
    """Left the tasks among the data, right in the plane of θ."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
    for t, style in enumerate(TASKS):
        left.plot(X_LINE, theta_star[t, 0] * X_LINE + theta_star[t, 1], linewidth=1.2, **style)
        left.plot(batch.x_query[t], batch.y_query[t], "s", fillstyle="none", color=style["color"])
        left.plot(batch.x_support[t], batch.y_support[t], "o", color=style["color"])
        left.annotate(f"task {t + 1}", (-2.4, theta_star[t] @ [-2.4, 1]), xytext=(0, 6),
                      textcoords="offset points", color=style["color"])
    left.set(xlabel="x", ylabel="y", ylim=(-6.5, 6.5), title="● support   □ query", xlim=X_LINE)
    bowls(right, batch, theta_star)
    right.set_title("losses 0.3 and 1.5 of each task")
    plt.show()


def _inner_loops(ax, batch, theta_star, trajectory):
    """Inner loops (S + 1, T, 2) from one θ: the first step an arrow, the others dots."""
    bowls(ax, batch, theta_star)
    for t, style in enumerate(TASKS):
        ax.plot(*trajectory[1:, t].T, color=style["color"], marker=".", linewidth=1, zorder=4)
        if len(trajectory) > 1:
            arrow(ax, trajectory[0, t], trajectory[1, t], arrowstyle="-|>", linewidth=1.8,
                  color=style["color"], mutation_scale=11)
    mark(ax, trajectory[0, 0])


def inner_steps(batch, theta_star, trajectory):
    figure, ax = plt.subplots(figsize=(6, 4.6), layout="constrained")
    _inner_loops(ax, batch, theta_star, trajectory)
    ax.set_title("the first step (arrow) and seven more (dots)")
    plt.show()


def drag_plane(batch, theta_star):
    """In Jupyter: the inner loops and MAML's downhill, with θ, α and S to be dragged."""
    def show(w, b, alpha, S):
        theta, method = np.array([w, b]), tm.MAML(MODEL, alpha, S)
        _, ax = plt.subplots(figsize=(6.4, 4.8), layout="constrained")
        trajectory = tm.adapt(MODEL, theta, batch.x_support, batch.y_support, alpha, S)
        _inner_loops(ax, batch, theta_star, trajectory)
        loss, g = method.meta_gradient(theta, batch)
        arrow(ax, theta, theta - g, width=3, headwidth=10, color=LOOK["MAML"]["color"])
        ax.set_title(f"meta-loss {loss:.2f}; the thick arrow is downhill for it")
        plt.show()

    slider = ipywidgets.FloatSlider
    return ipywidgets.interactive(
        show, w=slider(value=0.9, min=-2.5, max=3, step=0.1),
        b=slider(value=-0.3, min=-2, max=3, step=0.1),
        alpha=slider(value=0.1, min=0.02, max=0.24, step=0.02, description="α"),
        S=ipywidgets.IntSlider(value=1, min=1, max=10))


def two_gradients(batch, theta_star, theta, adapted, gradients):
    """The tasks' shares of two gradients (T, 2), head to tail, and their sums; all downhill."""
    figure, panels = plt.subplots(1, 2, figsize=(8, 3.9), sharey=True, layout="constrained")
    for ax, (name, of_tasks) in zip(panels, gradients.items()):
        bowls(ax, batch, theta_star, levels=(0.3,))
        ends = theta - np.cumsum(np.concatenate([np.zeros((1, 2)), of_tasks / 3]), axis=0)  # (4, 2)
        arrow(ax, theta, ends[-1], width=3, headwidth=10, color=LOOK[name]["color"], alpha=0.6)
        for t, style in enumerate(TASKS):
            ax.plot(*np.stack([theta, adapted[t]]).T, alpha=0.3, **style)
            ax.plot(*adapted[t], "o", color=style["color"], fillstyle="none", markersize=5)
            arrow(ax, ends[t], ends[t + 1], arrowstyle="->", linewidth=1.5, color=style["color"])
        mark(ax, theta)
        ax.set_title(f"downhill by {name}")
    panels[1].set_ylabel("")
    plt.show()


def resting_points(rests, batch, alpha, steps):
    """The resting points over the mean loss, before and after the inner steps."""
    after = tm.adapt(MODEL, PLANE, batch.x_support, batch.y_support, alpha, steps)[-1]
    figure, panels = plt.subplots(1, 2, figsize=(8, 3.9), sharey=True, layout="constrained")
    levels = np.array([0.03, 0.15, 0.5, 1, 2, 5, 10, 20, 40])  # above the lowest
    titles = "mean loss at θ", "mean loss after two steps from θ"
    for ax, where, title in zip(panels, (PLANE, after), titles):
        losses = MODEL.loss(where, batch.x_query, batch.y_query).mean(axis=-1)  # (81, 81)
        contours = ax.contour(W, B, losses, losses.min() + levels, colors="0.6")
        ax.clabel(contours, contours.levels[2:], fontsize=8.5, fmt="%.1f", colors="0.3")
        for name, point in rests.items():
            ax.plot(*point, **LOOK[name], label=name)
        ax.set(xlabel="slope $w$", title=title, aspect="equal")
    panels[0].set_ylabel("intercept $b$")
    legend_below(figure, ax)
    plt.show()


def springs(u, curves):
    """curves: S -> {method: stiffness (n,)}, each as a part of its largest for 0 ≤ u ≤ 1."""
    figure, panels = plt.subplots(1, len(curves), figsize=(8, 3.3), sharey=True,
                                  layout="constrained")
    for ax, (S, of_methods) in zip(panels, curves.items()):
        for name, values in of_methods.items():
            look = {**plotting.STYLES[name], "marker": ""}
            ax.plot(u, values / values[u <= 1].max(), **look, label=name, linewidth=2)
        ax.axhline(0, color="0.7", linewidth=0.8)
        ax.set(xlabel="u = αλ: how steep", ylim=(-0.55, 1.25), title=f"inner steps: S = {S}")
    panels[0].set_ylabel("stiffness / its largest")
    legend_below(figure, ax)
    plt.show()


def fan(ax, batch, theta_star, theta, alpha, steps, name):
    """θ, and the inner loop from it on each task; returns the end points (T, 2)."""
    bowls(ax, batch, theta_star, levels=(0.3,))
    inner = tm.adapt(MODEL, theta, batch.x_support, batch.y_support, alpha, steps)  # (S + 1, T, 2)
    for t, style in enumerate(TASKS):
        ax.plot(*inner[:, t].T, color=style["color"], marker=".", markersize=5, linewidth=1,
                zorder=6)
    ax.plot(*theta, **LOOK[name], zorder=5)
    errors = MODEL.loss(inner, batch.x_query, batch.y_query).mean(axis=-1)  # (S + 1,)
    ax.set_title(f"{name}: loss {errors[0]:.1f},\nafter S = {steps}: {errors[-1]:.2f}", fontsize=10)
    return inner[-1]


def animate(paths, batch, theta_star, alpha, steps, file):
    """Two methods' paths of θ, with the inner loops from each: plane above, data below."""
    figure, panels = plt.subplots(2, 2, figsize=(7.5, 7), dpi=75)
    figure.subplots_adjust(hspace=0.25, left=0.08, right=0.98, top=0.87, bottom=0.07)

    def frame(i):
        for (top, below), (name, path) in zip(panels.T, paths.items()):
            top.clear(), below.clear()
            color = LOOK[name]["color"]
            top.plot(*path[:i + 1].T, color=color, linewidth=1.5)
            ends = fan(top, batch, theta_star, path[i], alpha, steps, name)
            for t, style in enumerate(TASKS):
                below.plot(X_LINE, ends[t, 0] * X_LINE + ends[t, 1], linewidth=1.2, **style)
                below.plot(batch.x_query[t], batch.y_query[t], "s", mfc="none",
                           color=style["color"])
            below.plot(X_LINE, path[i] @ [X_LINE, [1, 1]], color=color, linewidth=3)
            below.set(xlabel="x", ylabel="y", ylim=(-6.5, 6.5))
        figure.suptitle(f"outer step {i}")

    frames = [0, 0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 40, 40, 40]  # outer steps
    FuncAnimation(figure, frame, frames=frames).save(file, writer="pillow", fps=2)
    plt.close(figure)


def moving_picture(file):
    """Joint training and MAML walk from one start: the picture of lesson 3b, as a GIF file."""
    batch, alpha, start = plane.three_tasks(), 0.1, np.array([0.0, -1.8])
    paths = {name: plane.descend(plane.methods(MODEL, alpha, 2)[name], start, batch, 0.4, 40)
             for name in ("joint training", "MAML")}
    animate(paths, batch, plane.THETA_STAR, alpha, 2, file)


def _resting(ax, rests, batch, theta_star, alpha, steps):
    """MAML's resting point with its fan, and the others' as open markers, which hide nothing."""
    for name, point in rests.items():
        ax.plot(*point, **{**LOOK[name], "fillstyle": "none", "markersize": 10}, mew=1.8,
                label=name)
    trajectory = tm.adapt(MODEL, rests["MAML"], batch.x_support, batch.y_support, alpha, steps)
    bowls(ax, batch, theta_star, levels=(0.3,))
    for t, style in enumerate(TASKS):
        ax.plot(*trajectory[:, t].T, color=style["color"], marker=".", markersize=4, linewidth=1)
    ax.set_title(f"S = {steps}")


def three_numbers_of_steps(rests_for, batch, theta_star, alpha):
    """Where the methods rest with 1, 3 and 10 inner steps.  rests_for: S -> {method: (2,)}."""
    figure, panels = plt.subplots(1, 3, figsize=(8.5, 3.4), sharey=True, layout="constrained")
    for ax, steps in zip(panels, (1, 3, 10)):
        _resting(ax, rests_for(steps), batch, theta_star, alpha, steps)
        ax.set_ylabel("intercept $b$" if steps == 1 else "")
    legend_below(figure, ax)
    plt.show()


def drag_steps(rests_for, batch, theta_star, alpha):
    """In Jupyter: the same with the number of steps to be dragged."""
    def show(S):
        _, ax = plt.subplots(figsize=(6, 4.8))
        _resting(ax, rests_for(S), batch, theta_star, alpha, S)
        ax.legend(fontsize=8)
        plt.show()

    return ipywidgets.interactive(show, S=ipywidgets.IntSlider(value=2, min=1, max=10))
