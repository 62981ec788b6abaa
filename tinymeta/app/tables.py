"""Tables and numbers, as they are printed and as results.json holds them."""

import numpy as np

from .recipes import METHODS
from .seeds import over_seeds


def curves_table(curves, shots, n_tasks, measured="mean squared error"):
    """Errors step by step as text: a heading and a table, 78 columns wide for five steps.

    curves: name -> AdaptationCurve of what is `measured`.  Cells are mean ± half the 95 %
    interval; the median and the number of diverged tasks are those after the last step.  A curve
    of no steps, such as the oracle's, leaves the other cells empty.
    """
    steps = shown_steps(max(len(curve.mean) for curve in curves.values()) - 1)
    rows = [("inner steps", steps, "median", "div.")]
    for name, curve in zip(ends(list(curves)), curves.values()):
        cells = [f"{short(m)}±{short(c)}" if np.isfinite(m) else short(m)
                 for m, c in zip(curve.mean, curve.ci95)]
        cells = [cells[k] if k < len(cells) else "-" for k in steps]
        rows.append((name, cells, short(curve.median[-1]), curve.n_diverged[-1]))
    width = max(16, *(len(name) for name, *_ in rows))
    lines = _lines(rows, width, 6)
    tasks = f"{n_tasks} held-out task{'s' * (n_tasks != 1)}"
    return "\n".join([f"\n{shots}-shot, {tasks}: {measured} ± 95 % "
                      "interval by inner step,\nmedian and diverged tasks after the last step",
                      lines[0], "-" * len(lines[0]), *lines[1:]])


def seeds_table(curves, shots, n_tasks, measured="mean squared error"):
    """Errors step by step over seeds as text, 80 columns wide for five steps.

    curves: name -> an AdaptationCurve for each seed.  A method has two rows: medians over seeds,
    and under them the range.  The diverged tasks are those of all seeds together.
    """
    seeds = len(next(iter(curves.values())))
    steps = shown_steps(max(len(of_seeds[0].mean) for of_seeds in curves.values()) - 1)
    rows = [("inner steps", steps, "median", "div")]
    for name, of_seeds in zip(ends(list(curves)), curves.values()):
        means = over_seeds([curve.mean for curve in of_seeds])  # (3, S + 1)
        tasks = over_seeds([curve.median[-1] for curve in of_seeds])  # (3,)
        known = [k < means.shape[1] for k in steps]
        middle = [short(means[1, k]) if there else "-" for k, there in zip(steps, known)]
        spread = [_range(*means[::2, k]) if there else "" for k, there in zip(steps, known)]
        diverged = sum(int(curve.n_diverged[-1]) for curve in of_seeds)
        rows += [(name, middle, short(tasks[1]), diverged), ("", spread, _range(*tasks[::2]), "")]
    lines = _lines(rows, 16, 9)
    return "\n".join([
        f"\n{shots}-shot, {n_tasks} held-out tasks for each of {seeds} seeds: {measured},",
        "by inner step the median over seeds, and under it the range; of the last step the",
        "median task too, and the diverged tasks of all seeds",
        lines[0].rstrip(), "-" * len(lines[0]), *(line.rstrip() for line in lines[1:])])


def _lines(rows, width, width_of_median):
    """A line for each row (name, cells, median, diverged): a blank is between any two columns."""
    last, lines = max(len(str(diverged)) for *_, diverged in rows), []
    for name, cells, median, diverged in rows:
        shown = "".join(f" {cell:>9}" for cell in cells)
        lines.append(f"{name:<{width}}{shown} {median:>{width_of_median}} {diverged:>{last}}")
    return lines


def _range(low, high):
    return f"{short(low)}-{short(high)}"


def ends(names, width=30):
    """The last 30 characters of each name, or as many as tell them apart."""
    while len({name[-width:] for name in names}) < len(set(names)):
        width += 1
    return [name[-width:] for name in names]


def costs_table(all_settings):
    """What each method of name -> Settings adapts, and what a task's meta-gradient costs."""
    lines = ["\nwhat adapts, and what a task costs in S inner steps (g: a gradient, H: a product "
             "with a Hessian)"]
    for settings in all_settings.values():
        recipe = METHODS[settings.method]
        line = f"  {recipe.label:<16} {recipe.adapts:<30} {recipe.cost:<18}"
        if "S" in recipe.cost:
            line += f" S = {settings.inner_steps}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def shown_steps(last):
    """The inner steps that a table shows: 0, 1, 2, 5, 10 and the last."""
    if last > 10:
        return [0, 1, 5, 10, last]
    return [k for k in (0, 1, 2, 5, 10) if k < last] + [last]


def short(value):
    """A number in at most five characters: 0.54, 12.3, 5e+6, 2e-3, inf."""
    if not np.isfinite(value):
        return "inf" if np.isinf(value) else "nan"
    if value >= 999.5 or 0 < value < 0.005:
        return f"{value:.0e}".replace("e+0", "e+").replace("e-0", "e-")
    if value >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def summary(curves, floor=None):
    """What results.json keeps of name -> AdaptationCurve and the errors (T,) of least squares."""
    kept = {name: {key: [_rounded(value) for value in getattr(curve, key)]
                   for key in ("mean", "ci95", "median", "n_diverged")}
            for name, curve in curves.items()}
    if floor is None:
        return kept
    return {**kept, "least squares": {"mean": [float(floor.mean())],
                                     "largest": [float(floor.max())]}}


def _rounded(value):
    """Four digits; text for what is not finite, since JSON has no such numbers."""
    if not np.isfinite(value):
        return str(float(value))
    return round(float(value), 4) if abs(value) >= 1e-3 else float(f"{value:.4g}")
