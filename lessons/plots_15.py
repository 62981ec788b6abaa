"""The figures of lesson 15, Memory."""

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting

LOOKS = {"RNN": plotting.style_of("memory"),
         "GRU": dict(color="#EE3377", linestyle="--", marker="s"),
         "MAML": plotting.style_of("MAML")}
GRID = np.linspace(-5, 5, 200)


def wave_of(task):
    """The truth of a one-task batch on GRID."""
    A, psi = task.parameters["amplitude"][0], task.parameters["phase"][0]
    return A * np.sin(GRID - psi)


def answers(method, omega, task, k):
    """Predictions on GRID after each of 0 ... k shots; the network reads and says fifths."""
    f = method.predictions(omega, task.x_support / 5, task.y_support / 5,
                           GRID[np.newaxis, :, np.newaxis] / 5, k)
    return 5 * f[:, 0, :, 0]


def shot_by_shot(method, omegas, task, shots):
    """One task: a panel a number of shots read, a line a seed."""
    figure, panels = plt.subplots(1, len(shots), figsize=(10, 2.7), sharey=True,
                                  layout="constrained")
    for panel, k in zip(panels, shots):
        panel.plot(GRID, wave_of(task), **plotting.TRUTH)
        for omega in omegas:
            panel.plot(GRID, answers(method, omega, task, k)[k], color=LOOKS["RNN"]["color"],
                       linewidth=1.2, alpha=0.8)
        panel.plot(task.x_support[0, :k], task.y_support[0, :k], **plotting.SUPPORT)
        panel.set(title=f"{k} shots" if k != 1 else "1 shot", xlabel="x")
    panels[0].set_ylabel("y")
    plt.show()


def drag_shots(method, omega, task, most):
    """A slider over the number of shots read."""
    curves = answers(method, omega, task, most)
    low, high = min(curves.min(), wave_of(task).min()), max(curves.max(), wave_of(task).max())

    def show(k):
        figure, panel = plt.subplots(figsize=(6, 3.2), layout="constrained")
        panel.plot(GRID, wave_of(task), **plotting.TRUTH)
        panel.plot(GRID, curves[k], color=LOOKS["RNN"]["color"])
        panel.plot(task.x_support[0, :k], task.y_support[0, :k], **plotting.SUPPORT)
        panel.set(xlabel="x", ylabel="y", ylim=(low - 0.3, high + 0.3))
        plt.show()

    slider = ipywidgets.IntSlider(value=0, min=0, max=most, description="shots read")
    return ipywidgets.interactive(show, k=slider)


def trajectories(largest, read, newest_x, amplitude, lines=3):
    """States (shots + 1, T, 2) in two planes: dots after the last shot, lines of some tasks."""
    figure, panels = plt.subplots(1, 2, figsize=(9.4, 3.5), layout="constrained")
    kinds = [(largest, newest_x, "coolwarm", "x of the newest shot"),
             (read, amplitude, "viridis", "amplitude")]
    for panel, (points, values, colors, label) in zip(panels, kinds):
        for task in range(lines):
            panel.plot(*points[:, task].T, color="0.3", linewidth=0.8)
        dots = panel.scatter(*points[-1].T, c=values, cmap=colors, s=11, zorder=3)
        panel.plot(*points[0, 0], "k^", markersize=8, zorder=4)
        figure.colorbar(dots, ax=panel, label=label)
    panels[0].set(title="largest variance", xlabel="first direction", ylabel="second direction")
    panels[1].set(title="read-out", xlabel="reads A cos ψ", ylabel="reads A sin ψ")
    plt.show()


def read_outs(shares, lines):
    """shares: name -> (shots, seeds), what a line reads from h; lines: name -> the same from w."""
    figure, panel = plt.subplots(figsize=(6.8, 3.5), layout="constrained")
    looks = zip(("#D55E00", "#0072B2", "#009E73"), "os^")
    for (name, values), (color, marker) in zip(shares.items(), looks):
        shots = np.arange(len(values))
        panel.plot(shots, np.median(values, axis=1), color=color, marker=marker, markersize=4,
                   label=name)
        panel.fill_between(shots, values.min(axis=1), values.max(axis=1), color=color, alpha=0.15,
                           linewidth=0)
        panel.axhline(lines[name], color=color, linestyle=":", linewidth=1.2)
    panel.set(xlabel="shots read", ylim=(-0.2, 1.02), xticks=range(0, len(values), 5))
    panel.set_ylabel("R² on held-out tasks")
    panel.legend(frameon=False, loc="lower right")
    plt.show()


def against(curves, shots, work):
    """curves: name -> medians (shots, seeds); work: name -> multiplications (shots,)."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.5), sharey=True, layout="constrained")
    for name, values in curves.items():
        for panel, at in zip(panels, (shots, work[name])):
            middle = np.median(values, axis=1)
            panel.plot(at, middle, label=name, markersize=5, **LOOKS[name])
            panel.fill_between(at, values.min(axis=1), values.max(axis=1), alpha=0.15,
                               color=LOOKS[name]["color"], linewidth=0)
    panels[0].set(xscale="log", yscale="log", xlabel="shots",
                  ylabel="query error, median over tasks")
    panels[0].set_xticks(shots, shots)
    panels[0].set_yticks([0.03, 0.1, 0.3, 1], ["0.03", "0.1", "0.3", "1"])
    panels[0].minorticks_off()
    panels[1].set(xscale="log", xlabel="multiplications to adapt to the shots")
    panels[0].legend(frameon=False)
    plt.show()


def beyond(runs, trained, ages):
    """runs: name -> errors (shots, seeds); trained: on so many points; ages: K -> (K, seeds)."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for name, errors in runs.items():
        shots, look = np.arange(len(errors)), LOOKS[name]
        panels[0].plot(shots, np.median(errors, axis=1), markevery=5, label=name, **look)
        panels[0].fill_between(shots, errors.min(axis=1), errors.max(axis=1), alpha=0.15,
                               color=look["color"], linewidth=0)
    panels[0].axvline(trained, color="0.6", linewidth=0.8, linestyle=":")
    panels[0].text(trained + 0.5, 1.4, f"trained on {trained} points", color="0.4", fontsize=9)
    panels[0].set(yscale="log", xlabel="shots read", ylabel="query error, median over tasks")
    panels[0].set_yticks([0.05, 0.1, 0.2, 0.5, 1, 2], ["0.05", "0.1", "0.2", "0.5", "1", "2"])
    panels[0].minorticks_off()
    panels[0].legend(frameon=False, fontsize=9, loc="lower left")
    for (K, influence), marker in zip(ages.items(), "so"):
        panels[1].plot(np.arange(K), influence.mean(axis=1), marker=marker, markersize=3.5,
                       label=f"{K} shots read", color=plt.cm.viridis(0.1 if K > 10 else 0.65))
    panels[1].set(xlabel="age of a shot (0: the newest)", ylim=(0, None))
    panels[1].set_ylabel("influence of its y on the prediction")
    panels[1].legend(frameon=False, fontsize=9)
    plt.show()


def gates(keep):
    """The keep gate's mean over tasks, (seeds, 2, shots, H): by unit, and by shot."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    units = keep[:, :, 10:].mean(axis=2)  # (seeds, 2, H)
    for which, color, label in ((0, "0.6", "before training"), (1, "#EE3377", "after")):
        for seed in range(len(keep)):
            panels[0].plot(np.sort(units[seed, which]), color=color, linewidth=1.4,
                           label=label if seed == 0 else None)
            panels[1].plot(keep[seed, which].mean(axis=1), color=color, linewidth=1.4)
    panels[0].set(xlabel="unit, in order of its gate", ylim=(0, 1))
    panels[0].set_ylabel("keep gate z, mean")
    panels[1].set(xlabel="shot", ylim=(0, 1), title="mean over units")
    panels[0].set_title("mean over shots, a line a seed")
    panels[0].legend(frameon=False, loc="lower right")
    plt.show()
