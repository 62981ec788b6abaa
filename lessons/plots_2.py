"""The figures of lesson 2: plotting only, every number comes from the lesson."""

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting

BLUE = plotting.STYLES["MAML"]["color"]
STAR = dict(color="black", marker="*", markersize=11, linestyle="none")


def errors_against_h(hs, central, complex_step):
    """The relative errors (n,) of the two numerical derivatives, for each h."""
    figure, panel = plt.subplots(figsize=(7, 3.2), layout="constrained")
    panel.loglog(hs, central, color="#D55E00", marker="o", markersize=4,
                 label="central differences")
    panel.loglog(hs, np.maximum(complex_step, 1e-17), color="#0072B2", marker="s", markersize=4,
                 label="complex step (0 drawn as 1e-17)")
    panel.axvline(np.finfo(float).eps ** (1 / 3), color="0.6", linestyle=":", label="h = ε^(1/3)")
    panel.set(xlabel="h", ylabel="relative error", ylim=(1e-18, 10))
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    plt.show()


def drag_h(ell, psi, slope):
    """In Jupyter: the chord through psi ± h, beside the tangent, with h to be dragged."""
    grid = np.linspace(psi - 1.6, psi + 1.6, 200)
    values = [ell(at) for at in grid]

    def show(h):
        chord = (ell(psi + h) - ell(psi - h)) / (2 * h)
        _, panel = plt.subplots(figsize=(6, 3.2), layout="constrained")
        panel.plot(grid, values, color="black")
        panel.plot(grid, ell(psi) + slope * (grid - psi), color=BLUE, label="tangent")
        middle = (ell(psi + h) + ell(psi - h)) / 2
        panel.plot(grid, middle + chord * (grid - psi), "--", color="#D55E00", label="chord")
        panel.plot([psi - h, psi + h], [ell(psi - h), ell(psi + h)], "o", color="#D55E00")
        panel.set(xlabel="ψ", ylabel="ℓ", ylim=(-1, max(values)),
                  title=f"h = {h:.1e}: chord off by {abs(chord / slope - 1):.1e}")
        panel.legend(frameon=False)
        plt.show()

    slider = ipywidgets.FloatLogSlider(value=0.5, min=-16, max=0, step=0.25, description="h")
    return ipywidgets.interactive(show, h=slider)


def inner_loop(trajectory, x, y, theta_star, loss):
    """Left the lines after some steps; right all steps (S + 1, 2) in the plane of θ."""
    ends = np.array([-2.2, 2.2])
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.3), layout="constrained")
    for k in (0, 1, 2, 8):
        style = plotting.BEFORE if k == 0 else dict(color=BLUE, linewidth=1 + k / 8)
        left.plot(ends, trajectory[k, 0] * ends + trajectory[k, 1], **style)
        left.annotate(f"k = {k}", (-2.3, trajectory[k] @ [-2.2, 1]), ha="right", va="center")
    left.plot(x, y, **plotting.SUPPORT)
    left.legend(loc="lower right", frameon=False)
    left.set(xlabel="x", ylabel="y", xlim=(-3.5, 2.3), title="the line after k steps")
    w, b = np.meshgrid(np.linspace(-1.5, 2.6, 60), np.linspace(-4.2, 1.6, 60))
    surface = loss(np.stack([w, b], axis=-1), x, y)  # (60, 60)
    right.contour(w, b, surface, levels=[0.1, 1, 4, 9, 16], colors="0.8", linewidths=0.8)
    right.plot(*trajectory.T, color=BLUE, marker="o", markersize=4)
    right.plot(*theta_star, **STAR)
    right.annotate("θ*", theta_star, xytext=(8, -4), textcoords="offset points")
    right.annotate("θ₀", trajectory[0], xytext=(8, -2), textcoords="offset points")
    right.set(xlabel="slope w", ylabel="intercept b", title="the same steps in the plane of θ")
    plt.show()


def distances(runs):
    """The distance to θ* (S + 1,) against steps, for each αλ_max in runs."""
    figure, panel = plt.subplots(figsize=(7, 3.2), layout="constrained")
    looks = [("#56B4E9", "o"), ("#0072B2", "s"), ("#E69F00", "^"), ("#D55E00", "D")]
    for (scaled, distance), (color, marker) in zip(runs.items(), looks):
        panel.semilogy(distance, color=color, marker=marker, markersize=3)
        panel.annotate(f"αλ_max = {scaled:.2f}", (30, distance[-1]), xytext=(6, -3),
                       textcoords="offset points", color=color)
    panel.set(xlabel="inner steps", ylabel="distance to θ*", xlim=(0, 38))
    plt.show()


def one_point(paths, x_1, y_1):
    """Three inner loops (S + 1, 3, 2) on one point, in the plane of θ."""
    figure, panel = plt.subplots(figsize=(6, 4), layout="constrained")
    slopes = np.array([-2.0, 2.4])
    panel.plot(slopes, y_1 - slopes * x_1, color="0.6", label="loss 0: lines through the point")
    for i in range(paths.shape[1]):
        first = i == 0
        panel.plot(*paths[::2, i].T, color=BLUE, marker=".", markersize=4)
        panel.plot(*paths[0, i], color="0.55", marker="o", markersize=7, linestyle="none",
                   label="θ₀" if first else None)
        panel.plot(*paths[-1, i], **STAR, label="θ_S" if first else None)
    panel.set(xlabel="slope w", ylabel="intercept b", aspect="equal")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    plt.show()
