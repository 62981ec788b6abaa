"""The figures of lesson 8, Reptile, and of the notebook on solution sets."""

import matplotlib.pyplot as plt
import numpy as np

import tinymeta as tm
from tinymeta import plotting


def remainders(alphas, found):
    """found: (method, factor of the second term) -> relative remainders on alphas."""
    figure, panel = plt.subplots(figsize=(6.6, 3.5), layout="constrained")
    for name in dict.fromkeys(name for name, _ in found):
        style = dict(plotting.style_of(name), markersize=5)
        panel.plot(alphas, found[name, 1], label=name, **dict(style, linestyle="-"))
        panel.plot(alphas, found[name, 0], **dict(style, linestyle=":", fillstyle="none"))
    panel.text(1e-5, 1.6e-2, "dotted, open: first term only, slope 1")
    panel.text(1.2e-5, 2e-8, "solid: both terms, slope 2")
    panel.set(xscale="log", yscale="log", ylim=(1e-8, 1))
    panel.set(xlabel="inner step size α", ylabel="relative remainder")
    panel.legend(frameon=False, loc="lower right")
    plt.show()


def inner_products(history, every):
    """history: (method, seed) -> the inner product at every so many iterations."""
    figure, panel = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    looks = {"Reptile": plotting.style_of("Reptile"),
             "first term only": plotting.style_of("joint training"),
             "both terms": dict(color="black", linestyle=":", marker="x")}
    for (name, seed), values in history.items():
        label = None if seed else f"{name} (three seeds)"
        panel.plot(every * np.arange(len(values)), values, **looks[name], markersize=4, label=label)
    panel.axhline(0, color="0.7", linewidth=1)
    panel.set(xlabel="iteration", ylabel="inner product of gradients")
    panel.legend(frameon=False)
    plt.show()


def solution_lines(n, target, paths, start):
    """Seven tasks' solution lines in the plane (w, b), and paths: label -> (style name, path)."""
    figure, panel = plt.subplots(figsize=(5.6, 4.1), layout="constrained")
    w = np.array([-2.0, 2.0])
    for t, (x_t, y_t) in enumerate(zip(n[:, 0], target)):
        panel.plot(w, y_t - w * x_t, color="0.75", linewidth=1.2,
                   label=None if t else "a task's solutions")
    for label, (name, path) in paths.items():
        style = plotting.style_of(name)
        panel.plot(*np.array(path).T, color=style["color"], linestyle=style["linestyle"])
        panel.plot(*path[-1], style["marker"], color=style["color"], markersize=9, label=label)
    panel.plot(*start, "o", color="0.4")
    panel.annotate("start", start + 0.08)
    panel.set(xlabel="w", ylabel="b", xlim=(-2, 2), ylim=(-2, 2))
    panel.legend(loc="lower left", fontsize=9)
    plt.show()


def curves_of(single):
    """single: name -> a curve for each seed; drawn with all seeds' tasks in one."""
    def pooled(curves):
        return tm.AdaptationCurve(np.concatenate([curve.errors for curve in curves], axis=1),
                                  np.concatenate([curve.diverged for curve in curves], axis=1))

    figure = plotting.plot_curves({name: pooled(three) for name, three in single.items()})
    figure.set_size_inches(7.6, 3.6)
    return figure
