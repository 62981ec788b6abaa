"""The figures of lesson 13, Classification."""

import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting

STYLES = {"first-order, same arithmetic": plotting.style_of("first-order MAML")
          | dict(linestyle=":", marker="x")}


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


def accuracies(found, lowest):
    """found: title -> (name -> three (θ, accuracies), a line a seed; steps trained; name -> y)."""
    figure, panels = plt.subplots(1, len(found), figsize=(3.4 + 3 * len(found), 3.4), sharey=True,
                                  squeeze=False, layout="constrained")
    for panel, (title, (curves, trained, levels)) in zip(panels[0], found.items()):
        for name, three in curves.items():
            style = STYLES.get(name) or plotting.style_of(name)
            for seed, (_, curve) in enumerate(three):
                panel.plot(curve, **style, label=None if seed else name)
        for name, level in levels.items():
            panel.axhline(level, color="0.5", linestyle=":", linewidth=1.2)
            panel.text(0, level + 0.01, name, color="0.4", fontsize=9, va="bottom")
        panel.axvline(trained, color="0.7", linestyle="--", linewidth=1)
        panel.set(xlabel="inner steps", ylim=(lowest, 1), title=title)
    panels[0, 0].set_ylabel("accuracy, 600 tasks")
    panels[0, -1].legend(frameon=False, fontsize=9, loc="lower right")
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
