"""The figures of the notebook Questions people ask."""

import matplotlib.pyplot as plt


def reproduced(found, published):
    """found: setting -> (means, medians) of the runs; MAML's 5-shot error after one step."""
    figure, panel = plt.subplots(figsize=(8, 3.1), layout="constrained")
    for row, (means, medians) in enumerate(found.values()):
        panel.plot(means, [-row] * len(means), "o", color="#0072B2", markersize=9,
                   fillstyle="none", label=None if row else "mean of 600 tasks, a marker a run")
        panel.plot(medians, [-row] * len(medians), "|", color="black", markersize=10,
                   label=None if row else "median")
    panel.axvline(published, color="0.4", linestyle="--", linewidth=1)
    panel.text(published * 1.02, 0.45, f"Finn et al. 2017: {published}", fontsize=8)
    panel.set(xscale="log", xlabel="MAML, 5-shot query error after 1 step", ylim=(-4.5, 0.9))
    panel.set_yticks(range(0, -len(found), -1), found)
    panel.set_xticks([0.3, 0.5, 1, 2], [0.3, 0.5, 1, 2])
    panel.minorticks_off()
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    plt.show()


def jumps(b, loss, slope, mean_gradient, corrected):
    """One ReLU unit: the mean meta-loss, its slope, and the mean of the exact gradients."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.2), layout="constrained")
    left.plot(b, loss, color="#0072B2")
    left.set(xlabel="b", ylabel="mean meta-loss")
    right.plot(b, slope, color="black", linewidth=3, alpha=0.35, label="slope of the mean")
    right.plot(b, mean_gradient, color="#D55E00", label="mean of the exact gradients")
    right.plot(b, corrected, color="#009E73", linestyle="--", label="the same, with the jumps")
    right.axhline(0, color="0.7", linewidth=0.8)
    right.set(xlabel="b", ylabel="derivative in b")
    right.legend(frameon=False, fontsize=9)
    plt.show()


def caught(sizes, errors, limits):
    """errors: check -> its error when one entry is off by each size; limits: check -> number."""
    figure, panel = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    for (name, values), color, marker in zip(errors.items(), ("#0072B2", "#D55E00"), "os"):
        panel.loglog(sizes, values, marker=marker, color=color, label=f"{name}: error found")
        panel.axhline(limits[name], color=color, linestyle=":", label=f"{name}: limit")
    panel.set(xlabel="relative size of a mistake in one entry", ylabel="error")
    panel.legend(frameon=False, fontsize=8)
    plt.show()
