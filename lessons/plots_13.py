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


def accuracies(found, lowest):
    """found: title -> (name -> three (θ, accuracies), a line a seed; steps trained; name -> y)."""
    figure, panels = plt.subplots(1, len(found), figsize=(1.4 + 2.3 * len(found), 3.2),
                                  sharey=True, squeeze=False, layout="constrained")
    for panel, (title, (curves, trained, levels)) in zip(panels[0], found.items()):
        for name, three in curves.items():
            for seed, (_, curve) in enumerate(three):
                panel.plot(curve, **plotting.style_of(name), label=None if seed else name)
        for name, level in levels.items():
            panel.axhline(level, color="0.5", linestyle=":", linewidth=1.2)
            panel.text(0, level + 0.01, name, color="0.4", fontsize=9, va="bottom")
        panel.axvline(trained, color="0.7", linestyle="--", linewidth=1)
        panel.set(xlabel="inner steps", ylim=(lowest, 1), title=title)
    panels[0, 0].set_ylabel("accuracy, 600 tasks")
    panels[0, 0].legend(frameon=False, fontsize=9, loc="lower right")
    plt.show()


def lean(leans, losses, guess):
    """leans: a seed's mean probabilities of one class by inner steps; losses: (name, S) -> seeds."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3), layout="constrained")
    for found in leans:
        left.plot(found, "o-", color="#0072B2", alpha=0.6)
    left.axhline(1 / 5, color="black", linewidth=1, linestyle="--")
    left.set(xlabel="inner steps", ylabel="mean probability", title="a start that leans to a class")
    marks = {"first-order MAML": "s", "control": "x"}
    for (name, S), found in losses.items():
        color = plotting.style_of("first-order MAML")["color"] if name != "control" else "0.3"
        right.plot([S + 0.1 * (name == "control")] * len(found), found, marks[name], color=color,
                   label=name if S == 1 else None)
    right.axhline(guess, color="black", linewidth=1, linestyle="--")
    right.text(2.5, guess * 1.08, "a guess", fontsize=9, ha="center")
    right.set(yscale="log", xlabel="inner steps trained for", title="loss before adapting")
    right.set_yticks([2, 5, 10, 20, 50], ["2", "5", "10", "20", "50"])
    right.minorticks_off()
    for panel, ticks in ((left, range(5)), (right, (1, 2, 3, 4))):
        panel.set_xticks(ticks)
    right.legend(frameon=False, fontsize=9)
    plt.show()
