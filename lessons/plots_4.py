"""The figures of lesson 4: plotting only, every number comes from the lesson."""

import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting


def activations(grid, curves):
    """curves: name -> (φ, φ′), each (n,) on the grid."""
    figure, panels = plt.subplots(1, 2, figsize=(6.5, 2.5), sharey=True, layout="constrained")
    for panel, (name, (value, slope)) in zip(panels, curves.items()):
        panel.plot(grid, value, color="black", label="φ(z)")
        panel.plot(grid, slope, color="#0072B2", linestyle="--", label="φ′(z)")
        panel.set(title=name, xlabel="z", ylim=(-1.3, 3.1))
        panel.grid(alpha=0.25)
    panels[0].legend(frameon=False)
    plt.show()


def training_losses(wrong, right):
    """Losses (steps + 1, T) of two runs: medians and quartiles."""
    figure, panels = plt.subplots(1, 2, figsize=(6.5, 2.8), sharey=True, layout="constrained")
    k = np.arange(0, len(wrong), 10)
    for panel, losses, title in zip(panels, (wrong, right), ("wrong gradient", "right gradient")):
        low, median, high = np.quantile(losses[::10], [0.25, 0.5, 0.75], axis=1)
        panel.plot(k, median, color="black")
        panel.fill_between(k, low, high, color="0.85")
        panel.set(title=title, xlabel="steps", yscale="log", ylim=(0.01, 20))
    panels[0].set_ylabel("training loss")
    panels[0].annotate("median and quartiles\nof 100 tasks", (300, 4))
    plt.show()


def two_blocks(right, wrong):
    """Two gradients of W2, (40, 40), as pictures."""
    figure, panels = plt.subplots(1, 2, figsize=(6.2, 2.9), sharey=True, layout="constrained")
    titles = "right: a₁ᵀ δ₂", "wrong: one column, 40 times"
    for panel, block, title in zip(panels, (right, wrong), titles):
        image = panel.imshow(block / abs(block).max(), cmap="PuOr", vmin=-1, vmax=1)
        panel.set_title(title, fontsize=10)
        panel.set_xlabel("to unit q of layer 2")
    panels[0].set_ylabel("from unit p of layer 1")
    figure.colorbar(image, ax=panels, label="∂L/∂W2, scaled")
    plt.show()


def adaptation(task, model, iterates, steps=(0, 10, 100, 1000)):
    """One wave, its points, and the prediction after some steps of iterates (S + 1, P)."""
    grid = np.linspace(-5, 5, 200)[:, np.newaxis]
    A, psi = task.parameters["amplitude"][0], task.parameters["phase"][0]
    figure, panel = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
    panel.plot(grid, A * np.sin(grid - psi), **plotting.TRUTH)
    colors, styles = ("0.55", "#9ecae1", "#4292c6", "#08306b"), (":", "-.", "--", "-")
    for k, color, style in zip(steps, colors, styles):
        panel.plot(grid, model.predict(iterates[k], grid), linestyle=style, color=color,
                   label=f"after {k} steps")
    panel.plot(task.x_support[0], task.y_support[0], **plotting.SUPPORT)
    panel.set(xlabel="x", ylabel="y", ylim=(-4.5, 4.5))
    figure.legend(loc="outside right upper", frameon=False)
    plt.show()
