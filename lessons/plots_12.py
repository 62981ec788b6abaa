"""The figures of lesson 12, Closed forms."""

import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting

HEAD, MAML = "#D55E00", "#0072B2"


def shots(panels):
    """panels: K -> (x, truth, mean, standard deviation, x_support, y_support): 90 % bands."""
    figure, axes = plt.subplots(1, len(panels), figsize=(9, 2.9), sharey=True,
                                layout="constrained")
    for panel, (K, (x, truth, mean, deviation, x_s, y_s)) in zip(axes, panels.items()):
        panel.fill_between(x, mean - 1.645 * deviation, mean + 1.645 * deviation, color=HEAD,
                           alpha=0.2, linewidth=0, label="90 % of y")
        panel.plot(x, mean, color=HEAD, label="mean")
        panel.plot(x, truth, **plotting.TRUTH)
        panel.plot(x_s, y_s, **plotting.SUPPORT)
        panel.set_title(f"{K} shots" if K > 1 else "1 shot", fontsize=10)
        panel.set(xlabel="x", ylim=(-8, 8))
    axes[0].set_ylabel("y")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4,
                  frameon=False, fontsize=9)
    plt.show()


def calibration(shots, covered):
    """covered: (seeds, shots): the share of points within the band."""
    figure, panel = plt.subplots(figsize=(5, 3), layout="constrained")
    for seed, (share, marker) in enumerate(zip(covered, "os^")):
        panel.plot(shots, share, color=HEAD, marker=marker, label=f"seed {seed}")
    panel.axhline(0.9, color="black", linestyle="--", linewidth=1)
    panel.set(xscale="log", ylim=(0.75, 1), xlabel="shots",
              ylabel="share of points in the 90 % band")
    panel.set_xticks(shots, shots)
    panel.minorticks_off()
    panel.legend(frameon=False, fontsize=9, loc="lower right")
    plt.show()


def residuals(rows):
    """rows: (networks, S, 3 or more): the residual, and the errors of two gradients."""
    figure, panel = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
    for j, (name, color) in enumerate([("unrolled", MAML), ("implicit", HEAD)], start=1):
        for network, marker in enumerate("os^"):
            panel.plot(rows[network, :, 0], rows[network, :, j], color=color, marker=marker,
                       markersize=5, linewidth=1.2, label=f"{name}, θ {network}")
    panel.axhline(1, color="0.7", linewidth=1)
    panel.set(xscale="log", yscale="log", xlabel="residual of the inner problem, falling with S",
              ylabel="relative error of the gradient")
    panel.invert_xaxis()
    panel.legend(frameon=False, fontsize=9, loc="lower left", ncols=2)
    plt.show()
