"""The figures of lesson 7, Dropping the Hessian."""

import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting


def cosines(alphas, found, lam_max):
    """found: S -> cosines (alphas, tasks): the median line and its quartiles for each S."""
    figure, panel = plt.subplots(figsize=(6.8, 3.6), layout="constrained")
    for (S, values), shade, marker in zip(found.items(), (0.0, 0.3, 0.55, 0.75, 0.95), "os^Dv"):
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=1)
        color = plt.cm.viridis(shade)
        panel.plot(alphas, middle, color=color, marker=marker, markersize=4, label=f"S = {S}")
        panel.fill_between(alphas, low, high, color=color, alpha=0.13, linewidth=0)
    panel.axhline(0, color="0.6", linewidth=1)
    panel.axvline(1 / lam_max, color="0.6", linewidth=1)
    panel.text(0.95 / lam_max, -0.95, "α λ_max = 1", ha="right")
    panel.set(xscale="log", xlabel="inner step size α", ylim=(-1.05, 1.05))
    panel.set_ylabel("cosine, exact and first-order")
    panel.legend(frameon=False, loc="lower left")
    plt.show()


def powers(alphas, measured, predicted):
    """measured: name -> values on alphas; predicted: 1 - cos by its formula.  Logarithmic axes."""
    figure, panel = plt.subplots(figsize=(6, 3.3), layout="constrained")
    for (name, values), marker, shade in zip(measured.items(), "o^s", (0.1, 0.6, 0.85)):
        panel.plot(alphas, values, marker, color=plt.cm.viridis(shade), label=name)
    panel.plot(alphas, predicted, color="black", linewidth=1, label="1 − cos, predicted")
    panel.set(xscale="log", yscale="log", xlabel="inner step size α", title="5 inner steps")
    panel.set_ylabel("median over 300 tasks")
    panel.legend(frameon=False, fontsize=9, loc="lower right")
    plt.show()


def blocks(model, curvature):
    """The size of ∇²f, entry by entry, for each activation; white is exactly zero."""
    figure, panels = plt.subplots(1, len(curvature), figsize=(7.4, 3.5), layout="constrained")
    starts = [block.start for block in model.slices]
    for panel, (name, D) in zip(panels, curvature.items()):
        size = np.where(D == 0, np.nan, np.log10(abs(D) + 1e-14))
        picture = panel.imshow(size, cmap="cividis", vmin=-4, vmax=0.5)
        panel.set(title=f"{name}: ∇²f", xticks=starts, yticks=starts)
        panel.set_xticklabels([block for block, _ in model.blocks], fontsize=8, ha="left")
        panel.set_yticklabels([block for block, _ in model.blocks], fontsize=8, va="top")
    bar = figure.colorbar(picture, ax=panels, shrink=0.8)
    bar.set_label("log₁₀ of the entry's size")
    plt.show()


def along_training(checkpoints, angle, scaled):
    """Cosines and αλ_max along training; angle, scaled: α -> (checkpoints, tasks)."""
    figure, panels = plt.subplots(1, 2, figsize=(7.5, 3.3), layout="constrained")
    for alpha, shade, marker in zip(angle, (0.1, 0.6), "os"):
        for panel, values in zip(panels, (angle[alpha], scaled[alpha])):
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=1)
            style = dict(color=plt.cm.viridis(shade))
            panel.plot(checkpoints, middle, marker=marker, markersize=4, label=f"α = {alpha}",
                       **style)
            panel.fill_between(checkpoints, low, high, alpha=0.15, linewidth=0, **style)
    panels[0].set(xlabel="iteration of exact MAML", ylim=(0, 1.05))
    panels[0].set_ylabel("cosine, exact and first-order")
    panels[1].set(xlabel="iteration of exact MAML", ylabel="α λ_max", ylim=(0, 3))
    panels[1].axhline(1, color="0.6", linewidth=1)
    panels[0].legend(frameon=False, loc="lower left")
    plt.show()


def results(curves, step_sizes):
    """curves: (α, which) -> three AdaptationCurves: error after one step, a marker for each seed."""
    figure, panel = plt.subplots(figsize=(7, 3.6), layout="constrained")
    looks = {False: ("MAML", "MAML", -0.15, "o"),
             True: ("first-order MAML", "first-order MAML", 0.1, "s"),
             "twice": ("first-order MAML", "first-order MAML, twice the iterations", 0.3, "v")}
    shown = set()
    for (alpha, which), three in curves.items():
        name, label, shift, marker = looks[which]
        place = step_sizes.index(alpha) + shift + 0.05 * np.arange(-1, 2)
        low, middle, high = np.array([curve.quartiles[:, 1] for curve in three]).T
        panel.errorbar(place, middle, [middle - low, high - middle], marker=marker, markersize=5,
                       color=plotting.style_of(name)["color"], linestyle="none", linewidth=1,
                       label=None if label in shown else label,
                       fillstyle="none" if which == "twice" else "full")
        shown.add(label)
    panel.set(xticks=range(len(step_sizes)), xticklabels=step_sizes, yscale="log")
    panel.set(xlabel="inner step size α", ylabel="query error after 1 step")
    panel.set_title("each marker a seed: median and quartiles over 200 tasks", fontsize=10)
    panel.set_yticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
    panel.minorticks_off()
    panel.legend(frameon=False, loc="upper left", fontsize=9)
    plt.show()
