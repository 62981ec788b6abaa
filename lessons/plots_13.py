"""The figures of lesson 13, Classification."""

import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting


def losses(f, rows):
    """rows: name -> (value, slope, curvature) at the scores f, for a point of class 1."""
    figure, panels = plt.subplots(1, 3, figsize=(8.5, 2.7), layout="constrained")
    for panel, title, i in zip(panels, ("loss", "slope ∂L/∂f", "curvature"), range(3)):
        for (name, values), color in zip(rows.items(), ("#0072B2", "#E69F00")):
            panel.plot(f, values[i], color=color, label=name)
        panel.set(title=title, xlabel="score f, y = 1")
    panels[0].set_ylim(-0.3, 8)
    panels[0].legend(frameon=False, fontsize=9)
    plt.show()


def accuracies(curves, trained, levels, title):
    """curves: name -> three AdaptationCurves of accuracies: a line a seed.  levels: name -> y."""
    figure, panel = plt.subplots(figsize=(6.8, 3.2), layout="constrained")
    for name, three in curves.items():
        style = plotting.style_of(name)
        for seed, curve in enumerate(three):
            panel.plot(curve.mean, **style, label=None if seed else name)
    for name, level in levels.items():
        panel.axhline(level, color="0.5", linestyle=":", linewidth=1.2)
        panel.text(0, level + 0.01, name, color="0.4", fontsize=9, va="bottom")
    panel.axvline(trained, color="0.7", linestyle="--", linewidth=1)
    panel.set(xlabel="inner steps", ylabel="accuracy, 600 tasks", ylim=(0.1, 1), title=title)
    panel.legend(frameon=False, fontsize=9, loc="lower right")
    plt.show()


def beliefs(found):
    """found: (method, shots) -> mean probabilities before adapting, (seeds, N), sorted."""
    figure, panels = plt.subplots(1, len(found), figsize=(8.5, 2.6), sharey=True,
                                  layout="constrained")
    for panel, ((name, shots), rows) in zip(panels, found.items()):
        for seed, row in enumerate(rows):
            panel.bar(np.arange(len(row)) + 0.25 * (seed - 1), row, 0.25,
                      color=plotting.style_of(name)["color"], alpha=1 - 0.25 * seed)
        panel.axhline(1 / rows.shape[1], color="black", linewidth=1, linestyle="--")
        panel.set_title(f"{name}, {shots}-shot", fontsize=10)
        panel.set_xlabel("class, by probability")
    panels[0].set_ylabel("mean probability at θ")
    plt.show()
