"""The figures of lesson 5 and of the notebook beside it: plotting only."""

import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting


def remainders(steps, curves, orders):
    """The remainder of Taylor's theorem against r, for each candidate of H v."""
    figure, panel = plt.subplots(figsize=(5.8, 3.2), layout="constrained")
    looks = (("o", "#0072B2"), ("s", "#D55E00"), ("^", "0.5"))
    for (name, values), (marker, color) in zip(curves.items(), looks):
        panel.loglog(steps, values, marker=marker, color=color)
        panel.annotate(f"{name}: order {orders[name]:.1f}", (steps[-1], values[-1]),
                       xytext=(-8, -4), textcoords="offset points", ha="right", color=color)
    panel.set(xlabel="r", ylabel="remainder", xlim=(steps[-1] / 60, steps[0] * 1.5))
    panel.grid(alpha=0.25)
    plt.show()


def moving_chain(rs, values, tangents):
    """How z, f, δ₂ and δ₁ of one unit move with r, beside value + r · dot."""
    figure, panels = plt.subplots(1, len(values), figsize=(8.4, 2.3), layout="constrained")
    for panel, (name, curve) in zip(panels, values.items()):
        panel.plot(rs, curve, color="black")
        panel.plot(rs, tangents[name], color="#0072B2", linestyle="--")
        panel.plot(0, curve[len(rs) // 2], "o", color="black", markersize=4)
        panel.set(xlabel="r", title=name)
    panels[0].legend(["value", "slope: the dot"], frameon=False, fontsize=8)
    plt.show()


def sizes(names, numbers):
    """How many numbers each thing holds, on a logarithmic axis."""
    figure, panel = plt.subplots(figsize=(6.4, 1.9), layout="constrained")
    panel.barh(names[::-1], numbers[::-1], color="0.7")
    for i, number in enumerate(numbers[::-1]):
        panel.annotate(f"{number:,.0f}", (number, i), xytext=(4, 0), va="center",
                       textcoords="offset points")
    panel.set(xscale="log", xlim=(100, 2e8), xlabel="multiplications an example")
    plt.show()


def matrices(parts, slices):
    """H, G and H − G of two small networks; parts: name -> {title: (P, P)}."""
    figure, panels = plt.subplots(2, 3, figsize=(7.4, 4.7), sharey=True, layout="constrained")
    ends = [part.stop - 0.5 for part in slices[1::2]]  # where the layers end
    for row, (name, of_network) in zip(panels, parts.items()):
        reach = abs(of_network["H"]).max()
        for panel, (title, matrix) in zip(row, of_network.items()):
            image = panel.imshow(np.sign(matrix) * np.sqrt(abs(matrix) / reach), cmap="PuOr",
                                 vmin=-1, vmax=1)
            panel.set_title(f"{name}: {title}")
            panel.set_xticks([3.5, 17.5, 30], ["layer 1", "2", "3"])
            panel.set_yticks([3.5, 17.5, 30], ["layer 1", "2", "3"])
            for end in ends[:-1]:
                panel.axhline(end, color="0.5", linewidth=0.8)
                panel.axvline(end, color="0.5", linewidth=0.8)
    bar = figure.colorbar(image, ax=panels, label="part of the largest entry of H")
    bar.set_ticks([-1, -0.5, 0, 0.5, 1], labels=["−1", "−¼", "0", "¼", "1"])
    plt.show()


def kinks(b_grid, losses, slopes, tangent):
    """A loss with kinks and its derivative with jumps; tangent: (b, values), three points."""
    slopes = np.array(slopes)
    slopes[1:][abs(np.diff(slopes)) > 0.2] = np.nan  # no line across the jumps
    figure, panels = plt.subplots(1, 2, figsize=(6.8, 2.8), layout="constrained")
    panels[0].plot(b_grid, losses, color="black")
    panels[0].set(xlabel="b", ylabel="L", title="the loss has kinks")
    panels[1].plot(b_grid, slopes, color="black")
    panels[1].plot(*tangent, "o--", color="#D55E00", markevery=[1], label="slope H")
    panels[1].set(xlabel="b", ylabel="∂L/∂b", title="its derivative jumps")
    panels[1].legend(frameon=False)
    plt.show()


def beside_the_limit(curves, names):
    """curves: (name, factor) -> losses (S + 1, T), as parts of the first."""
    figure, panels = plt.subplots(1, 2, figsize=(6.8, 3.3), sharey=True, layout="constrained")
    for panel, name in zip(panels, names):
        for factor, color, line in ((0.9, "#0072B2", "-"), (1.1, "#D55E00", "--")):
            low, median, high = np.quantile(curves[name, factor], [0.1, 0.5, 0.9], axis=1)
            k = np.arange(len(median))
            panel.plot(k, median, color=color, linestyle=line, label=f"α = {factor} · 2/λmax")
            panel.fill_between(k, low, high, color=color, alpha=0.2, linewidth=0)
            panel.plot(k, (1 - 2 * factor) ** (2.0 * k), color="black", linestyle=":", linewidth=1)
        panel.set(title=name, xlabel="inner steps", yscale="log", ylim=(1e-7, 1e7))
    panels[0].set_ylabel("loss / loss at the start")
    panels[0].legend(frameon=False, loc="lower left")
    plt.show()


def thrown_off(task, model, runs, steps=(0, 8, 300)):
    """One wave; runs: factor -> iterates (S + 1, P)."""
    grid = np.linspace(-5, 5, 200)[:, np.newaxis]
    A, psi = task.parameters["amplitude"][0], task.parameters["phase"][0]
    figure, panels = plt.subplots(1, 2, figsize=(6.8, 3.3), sharey=True, layout="constrained")
    for panel, (factor, iterates) in zip(panels, runs.items()):
        panel.plot(grid, A * np.sin(grid - psi), **plotting.TRUTH)
        for k, color, line in zip(steps, ("0.55", "#4292c6", "#08306b"), (":", "-.", "-")):
            panel.plot(grid, model.predict(iterates[k], grid), color=color, linestyle=line,
                       label=f"after {k} steps")
        panel.plot(task.x_support[0], task.y_support[0], **plotting.SUPPORT)
        panel.set(title=f"α = {factor} · 2/λmax", xlabel="x", ylim=(-8, 8))
    panels[0].set_ylabel("y")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5,
                  frameon=False, fontsize=9)
    plt.show()


def limits(limit):
    """A histogram of the largest stable step sizes (T,)."""
    figure, panel = plt.subplots(figsize=(6, 2.4), layout="constrained")
    panel.hist(limit, bins=np.geomspace(limit.min(), limit.max(), 21), color="0.75")
    panel.axvline(0.01, color="#0072B2", linestyle="--")
    panel.annotate("α = 0.01", (0.0095, 6), ha="right", color="#0072B2")
    panel.set(xscale="log", xlabel="2/λmax: the largest stable step size of a task", ylabel="tasks")
    plt.show()
