"""The figures of notebook 9f, Your own data."""

import matplotlib.pyplot as plt
import numpy as np

from tinymeta import plotting


def stations(data, names):
    """All points of some curves, side by side."""
    figure, panels = plt.subplots(1, len(names), figsize=(9, 2.8), sharex=True, sharey=True,
                                  layout="constrained")
    for panel, name in zip(panels, names):
        x, y = data.curves[name]
        panel.plot(x, y, **plotting.MEASURED)
        panel.set(title=f"{name}, {len(x)} readings", xlabel=data.columns[0])
    panels[0].set(ylabel=data.columns[1])
    plt.show()


def adaptation(methods, omegas, tasks, task):
    """One test curve: each method before and after inner steps."""
    figure = plotting.plot_adaptation(methods, omegas, tasks, task)
    figure.suptitle(task.parameters["curve"][0])
    return figure


def distrust(on_test, on_others, wave, nearest):
    """Each seed's error on the test stations beside that on many others."""
    figure, panel = plt.subplots(figsize=(7.5, 3.0), layout="constrained")
    for i, name in enumerate(on_test):
        color, marker = (plotting.style_of(name)[part] for part in ("color", "marker"))
        for errors, shift, filled in ((on_test[name], -0.15, "none"),
                                      (on_others[name], 0.15, "full")):
            where = np.full(len(errors), i + shift) + np.linspace(-0.05, 0.05, len(errors))
            panel.plot(where, errors, color=color, marker=marker, fillstyle=filled,
                       linestyle="none", markersize=7)
    panel.axhline(wave, color="black", linestyle="--", label="wave, by least squares")
    panel.axhline(nearest, color="0.5", linestyle=":", label="nearest curve")
    panel.axhline(1.0, color="0.2", linewidth=0.8, label="floor: the weather")
    panel.set(xticks=range(len(on_test)), xticklabels=on_test, yscale="log", xlim=(-0.5, 2.5),
              ylabel="error (°C²), three seeds",
              title="open: three test stations; full: 300 others")
    panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    plt.show()


def few(errors, wave):
    """MAML's error on many stations against the number of stations it has learned from."""
    figure, panel = plt.subplots(figsize=(6, 3.0), layout="constrained")
    style = plotting.STYLES["MAML"]
    for seed in range(3):
        panel.plot(list(errors), [each[seed] for each in errors.values()], color=style["color"],
                   marker=style["marker"], linewidth=1,
                   label="" if seed else "MAML, three seeds")
    panel.axhline(wave, color="black", linestyle="--", label="wave, which needs none")
    panel.axhline(1.0, color="0.2", linewidth=0.8, label="floor: the weather")
    panel.set(xscale="log", xticks=list(errors), xticklabels=list(errors), ylim=(0, None),
              xlabel="stations learned from", ylabel="error on 300 others (°C²)")
    panel.minorticks_off()
    panel.legend(frameon=False)
    plt.show()
