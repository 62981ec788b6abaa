"""What several seeds are worth together: medians over seeds, and the spread as a band."""

import textwrap

import numpy as np

from .figures import save_whole


def over_seeds(values):
    """The least, the median and the largest over seeds of values (seeds, ...), (3, ...).

    The median of an even number is the lower one in the middle: infinity has no half.
    """
    return np.quantile(np.asarray(values), [0.0, 0.5, 1.0], axis=0, method="inverted_cdf")


def save_seeds_figures(of_seeds, curves, shots, measured, output):
    """Save errors.png and training.png with the spread over seeds as a band.

    of_seeds: seed -> method's label -> Run.  curves: label -> an AdaptationCurve for each seed, at
    that number of shots, of what is `measured`.
    """
    losses = {label: [runs[label].checkpoint.losses for runs in of_seeds.values()]
              for label in next(iter(of_seeds.values()))}
    save_whole({"errors.png": _errors(curves, f"{shots}-shot, {len(of_seeds)} seeds", measured),
               "training.png": _training(losses)}, output)


def _errors(curves, title, measured):
    """Query error against inner steps: of the mean, and of the median task."""
    from matplotlib.figure import Figure  # here, so that the rest starts without Matplotlib

    from ..figure_parts import plain, scale_of

    figure = Figure(figsize=(9.5, 3.9), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    longest = max(len(of_seeds[0].mean) for of_seeds in curves.values())
    for panel, kind in zip(panels, ("mean", "median")):
        for label, of_seeds in curves.items():
            lines = over_seeds([getattr(curve, kind) for curve in of_seeds])  # (3, S + 1)
            x = np.arange(lines.shape[1])
            if len(x) == 1 and longest > 1:  # a level, such as the oracle's
                x, lines = np.array([0, longest - 1]), np.repeat(lines, 2, axis=1)
            _band(panel, x, lines, label)
        panel.set(title=f"{kind} over tasks", xlabel="inner steps")
        panel.grid(alpha=0.25)
    scale = "linear" if measured == "accuracy" else scale_of(*panels)
    panels[0].set_yscale(scale)  # both have one
    starts = [of_seeds[0].mean[0] for of_seeds in curves.values()]
    highest = 1e3 * max([start for start in starts if np.isfinite(start)], default=np.inf)
    if scale == "log" and panels[0].get_ylim()[1] > highest:
        panels[0].set_ylim(top=highest)  # a diverged method leaves the panels
    panels[0].set_ylabel(textwrap.fill(f"query {plain(measured)}", 40))
    return _finished(figure, panels[0], f"{title}: median and range over seeds")


def _training(losses, points=100):
    """Meta-loss against iteration: of each seed the median of each of `points` stretches."""
    from matplotlib.figure import Figure

    from ..figure_parts import scale_of

    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    panel = figure.subplots()
    for label, of_seeds in losses.items():
        n = min(map(len, of_seeds))
        ends = np.cumsum([len(part) for part in np.array_split(np.arange(n), min(points, n))])
        medians = [[np.median(part) for part in np.split(values[:n], ends[:-1])]
                   for values in of_seeds]
        _band(panel, ends, over_seeds(medians), label, marker="")
    panel.set(xlabel="iteration", ylabel="each method's own meta-loss", yscale=scale_of(panel))
    panel.grid(alpha=0.25)
    return _finished(figure, panel, "meta-training: median and range over seeds")


def _band(panel, x, lines, label, **look):
    """The middle one of three lines (3, n), and a band between the others, in a method's look."""
    from ..figure_parts import line_with_band, style_of

    line_with_band(panel, x, lines, label, {**style_of(label), "markersize": 4, **look})


def _finished(figure, panel, title):
    from ..figure_parts import legend_below

    figure.suptitle(title)
    legend_below(figure, panel.get_legend_handles_labels()[0])
    return figure
