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


def calibration(shots, covered, widths):
    """covered, widths: (seeds, shots): share of points within the band, its half width."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    for seed, (share, marker) in enumerate(zip(covered, "os^")):
        left.plot(shots, share, color=HEAD, marker=marker, label=f"seed {seed}")
        right.plot(shots, widths[seed], color=HEAD, marker=marker)
    left.axhline(0.9, color="black", linestyle="--", linewidth=1)
    left.set(ylim=(0.75, 1), ylabel="share of points in the 90 % band", xlabel="shots")
    right.set(yscale="log", ylabel="standard deviation", xlabel="shots")
    right.set_yticks([0.3, 0.5, 1, 2], ["0.3", "0.5", "1", "2"])
    right.minorticks_off()
    for panel in (left, right):
        panel.set_xscale("log")
        panel.set_xticks(shots, shots)
        panel.minorticks_off()
    left.legend(frameon=False, fontsize=9, loc="lower right")
    plt.show()


def residuals(steps, rows):
    """rows: (networks, S, 3): the inner problem's residual, and the errors of two gradients."""
    figure, panel = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
    looks = {"residual of the inner problem": dict(color="black", linestyle="--", marker="."),
             "unrolled, off by": dict(color=MAML, marker="o"),
             "implicit, off by": dict(color=HEAD, marker="s")}
    for network in range(len(rows)):
        for j, (label, look) in enumerate(looks.items()):
            panel.plot(steps, rows[network, :, j], **look, markersize=5, linewidth=1.2,
                       label=None if network else label)
    panel.axhline(1, color="0.7", linewidth=1)
    panel.set(xscale="log", yscale="log", xlabel="inner steps S (three networks)",
              ylabel="relative to its length")
    panel.set_xticks(steps, steps)
    panel.minorticks_off()
    panel.legend(frameon=False, fontsize=9, loc="lower left")
    plt.show()
