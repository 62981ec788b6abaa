"""The figures of the notebook What MAML learned."""

import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting


def pulls(grid, kernels, places):
    """Each kernel's pull on the curve, κ(x, x_i) for two points x_i.  kernels: name -> (G, G)."""
    figure, panels = plt.subplots(1, 2, figsize=(8.5, 3.4), sharey=True, layout="constrained")
    own = {"best single step": dict(color="black", linestyle="--"),
           "covariance, best scale": dict(color="black", linestyle=":")}
    for name, matrix in kernels.items():
        look = own.get(name) or {**plotting.STYLES[name], "marker": ""}
        for panel, i in zip(panels, places):
            panel.plot(grid, matrix[:, i], **look, label=name)
    for panel, i in zip(panels, places):
        panel.axvline(grid[i, 0], color=plotting.SUPPORT["color"], linewidth=1)
        panel.axhline(0, color="0.8", linewidth=0.8, zorder=0)
        panel.set(xlabel="x", title=f"pull of a point at x = {grid[i, 0]:.0f}")
    panels[0].set_ylabel("α κ(x, x_i)")
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    plt.show()


def beyond(curves):
    """Query and support error against inner steps.  curves: shots -> name -> (query, support)."""
    figure, panels = plt.subplots(1, len(curves), figsize=(8, 3.2), sharey=True,
                                  layout="constrained")
    for panel, (shots, rows) in zip(panels, curves.items()):
        for name, (query, support) in rows.items():
            look = {**plotting.STYLES[name], "linestyle": "-", "markevery": 10}
            panel.plot(query, **look, label=f"{name}, query")
            panel.plot(support, color=look["color"], linestyle=":", label=f"{name}, support")
        panel.set(title=f"{shots}-shot", xlabel="inner steps", yscale="log")
    panels[0].set_ylabel("median error")
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    plt.show()


def outcomes(found):
    """found: α -> (αλ_max, error after / before, diverged), (200,) each: a mark for each task."""
    figure, panels = plt.subplots(1, len(found), figsize=(9, 3.2), sharex=True, sharey=True,
                                  layout="constrained")
    for panel, (alpha, (x, change, diverged)) in zip(panels, found.items()):
        look = dict(linestyle="none", color="#0072B2", markersize=4)
        panel.plot(x[~diverged], change[~diverged], "o", fillstyle="none", **look)
        panel.plot(x[diverged], np.full(diverged.sum(), 60.0), "x", **look)
        panel.axvline(2, color="black", linewidth=1, linestyle="--")
        panel.set(xscale="log", yscale="log", ylim=(2e-5, 120), xlabel=r"$\alpha\lambda_{\max}$")
        panel.set_title(f"α = {alpha}: {diverged.sum()} of 200 diverged", fontsize=10)
        panel.set_xticks([1, 2, 5, 10, 20], [1, 2, 5, 10, 20], minor=False)
        panel.minorticks_off()
    panels[0].set_ylabel("error after 10 steps / before")
    plt.show()


def curvature(rows, alphas):
    """rows: [(label, role, λ_max at each α, (alphas, seeds)) or (..., (1, seeds))], on one axis."""
    figure, panel = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for label, role, values, fill in rows:
        style = dict(plotting.style_of(role), fillstyle=fill, markersize=7)
        if len(values) == 1:  # knows no α: a level
            line = dict(color=style["color"], linestyle=":" if fill == "full" else "-",
                        linewidth=1.2)
            for value in values[0]:
                panel.axhline(value, **line)
            panel.plot([], [], **line, label=label)
        else:
            for seed, column in enumerate(np.transpose(values)):
                panel.plot(alphas, column, **style, label=None if seed else label)
    line = np.array([alphas[0], alphas[-1]])
    panel.plot(line, 1.7 / line, color="0.6", linewidth=4, alpha=0.4, label="1.7 / α", zorder=0)
    panel.set(xscale="log", yscale="log", xlabel="α in training", ylabel="median λ_max at θ")
    panel.set_xticks(alphas, alphas)
    panel.set_yticks([50, 100, 200, 500], [50, 100, 200, 500])
    panel.minorticks_off()
    panel.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    plt.show()
