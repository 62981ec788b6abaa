"""What all figures share: colours, sizes, legends, units, and who predicts.

The look is decided here and nowhere else.  Colours go by role (Okabe & Ito's palette, which
colour-blind readers can tell apart), and each role has a second cue: a marker or a line style.
"""

import textwrap
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from .core import arguments
from .core.batch import Batch
from .methods.baselines import JointTraining

TRUTH = dict(color="black", linestyle="--", linewidth=1.4, label="truth")
SUPPORT = dict(color="#D55E00", marker="o", linestyle="none", markersize=6, label="support",
               zorder=5)
QUERY = dict(color="#56B4E9", marker="s", linestyle="none", markersize=5, fillstyle="none",
             label="query")
MEASURED = dict(color="0.3", marker=".", linestyle="none", markersize=4, alpha=0.6,
                label="measured")
BEFORE = dict(color="0.55", linestyle=":", linewidth=2.0)
STYLES = {  # name -> the method's colour, line style and marker
    "MAML": dict(color="#0072B2", linestyle="-", marker="o"),
    "first-order MAML": dict(color="#CC79A7", linestyle="--", marker="s"),
    "Reptile": dict(color="#009E73", linestyle="-.", marker="^"),
    "joint training": dict(color="#E69F00", linestyle=(0, (4, 1, 1, 1, 1, 1)), marker="D"),
    "oracle": dict(color="0.35", linestyle=":", marker="v"),
    "least squares": dict(color="black", linestyle=(0, (1, 2)), marker="x"),
    "Meta-SGD": dict(color="#882255", linestyle="-", marker="s"),
    "ANIL": dict(color="#44AA99", linestyle="--", marker="^"),
    "CAVIA": dict(color="#999933", linestyle="-.", marker="D"),
    "ridge head": dict(color="#332288", linestyle="-", marker="v"),
    "implicit MAML": dict(color="#AA4499", linestyle="--", marker="P"),
    "prototypes": dict(color="#117733", linestyle=":", marker="X"),
    "memory": dict(color="#661100", linestyle="-.", marker="*"),
}


def style_of(name):
    """The colour, line style and marker of a method; grey for a name that has none."""
    return STYLES.get(name, dict(color="0.35", linestyle="-", marker="."))


def styles_of(names):
    """name -> its look: a method's own; other names get those of methods that are not there."""
    free = iter([style_of("")] + [style for name, style in STYLES.items() if name not in names])
    return {name: STYLES.get(name) or next(free, style_of(name)) for name in names}


def line_with_band(panel, x, lines, name, style):
    """The middle one of three lines (3, n), labelled, and a band between the others."""
    lines = np.where(np.abs(lines) < 1e250, lines, np.nan)  # what an axis can show
    panel.plot(x, lines[1], label=plain(name), **style)
    panel.fill_between(x, lines[0], lines[2], color=style["color"], alpha=0.18, linewidth=0)


def scale_of(*panels):
    """The scale of the y axis that fits all lines drawn: "log", where it can show them."""
    drawn = np.concatenate([line.get_ydata() for panel in panels for line in panel.lines])
    finite = drawn[np.isfinite(drawn)]
    return "log" if (finite > 0).any() and not (finite < 0).any() else "linear"


def all_predictions(model, name, theta, task, x, alpha, steps):
    """f at x (1, G, D_in) after 0 ... steps inner steps, (steps + 1, 1, G, D_out)."""
    if isinstance(model, dict):
        method = arguments.methods(f"model[{name!r}]", model[name], "predictions")
    else:
        if isinstance(alpha, dict) and name not in alpha:
            raise ValueError(f"alpha has the names {list(alpha)}; expected {name!r} too, as thetas")
        method = JointTraining(model, alpha[name] if isinstance(alpha, dict) else alpha)
    theta = arguments.floating(f"thetas[{name!r}]", theta, finite=False)
    arguments.real_numbers(f"thetas[{name!r}]", theta)
    arguments.shape(f"thetas[{name!r}]", theta, (arguments.attribute(method, "n_params") or "P",))
    with np.errstate(over="ignore", invalid="ignore"):  # divergence is seen
        copies = [array.copy() for array in (theta, task.x_support, task.y_support, x)]
        f = method.predictions(*copies, steps)  # one's own may change them
    return arguments.result(method, "predictions", f, (steps + 1, 1, x.shape[1], 1))


def one_task(name, task):
    """ValueError unless `task` is a Batch of one task."""
    if not isinstance(task, Batch) or len(task) != 1:
        found = f"{len(task)} tasks" if isinstance(task, Batch) else type(task).__name__
        raise ValueError(f"{name} is {found}; expected a Batch of one task, such as batch[0]")


def steps_to_draw(model, thetas, steps):
    """The steps as a list of whole numbers; ValueError where nothing is to be drawn, or by none."""
    if not isinstance(thetas, dict):
        raise TypeError(f"thetas is {arguments.shown(thetas)}; expected a dict name -> omega")
    arguments.texts("the names in thetas", list(thetas))
    if isinstance(steps, str) or not np.iterable(steps):
        raise TypeError(f"steps is {arguments.shown(steps)}; expected several whole numbers")
    steps = list(steps)
    if not thetas or not steps:
        raise ValueError(f"thetas has {len(thetas)} entries and steps {len(steps)}; "
                         f"expected at least one of each")
    if isinstance(model, dict) and (missing := [name for name in thetas if name not in model]):
        raise ValueError(f"model has the names {list(model)}; expected one for each of thetas, "
                         f"and {missing} too")
    return [arguments.whole_number(f"steps[{i}]", k, minimum=0) for i, k in enumerate(steps)]


def units_of(tasks):
    """Two functions that bring x and y (..., D) to measured units, where the tasks have any."""
    if tasks is not None:
        arguments.methods("tasks", tasks, "sample")

    def to_units(name, u):
        return arguments.result(tasks, name, getattr(tasks, name)(u.copy()), u.shape)

    return [partial(to_units, name) if hasattr(tasks, name) else np.asarray
            for name in ("x_in_units", "y_in_units")]


def labels_of(tasks, labels, usual=("x", "y")):
    """The names on the two axes: those given, else the tasks' own, else the usual ones."""
    if labels is None:
        names = [plain(name) for name in getattr(tasks, "columns", ())][:2]
        return names if len(names) == 2 else usual
    labels = arguments.texts("labels", labels)
    if len(labels) != 2:
        raise ValueError(f"labels is {arguments.shown(labels)}; expected 2, of the axes")
    return labels


def in_lines(label, scale, letters=40):
    """A long label in as many lines, of so many letters, as there is room for; the rest is "…".

    One with a formula stays as it is.
    """
    if "$" in label.replace(r"\$", ""):
        return label
    lines = max(1, int(4 / scale))
    return textwrap.fill(label, max(int(letters), 8), max_lines=lines, placeholder=" …")


def checked_scale(scale):
    """How many times larger text is, as a number; TypeError or ValueError for another thing."""
    return arguments.number("scale", scale, at_least=0.1, below=10)  # beyond, no text fits


def new_figure(usual, size, scale, keep_height=True):
    """A Figure of `size` inches, or the usual; at scale 2 half as large, in twice as many dots an
    inch, so that all that has a size of its own is twice as large beside the panels.

    keep_height: the usual height stays, so that larger text leaves room for the panels.
    """
    scale = checked_scale(scale)
    size_in_inches = usual if size is None else size
    if arguments.as_array("size", size_in_inches).shape != (2,):
        raise ValueError(f"size is {arguments.shown(size)}; "
                         "expected (width, height) in inches, or None")
    width, height = (arguments.number(f"size[{i}]", inches, above=0, below=100)
                     for i, inches in enumerate(size_in_inches))
    if size is not None or not keep_height:
        height /= scale
    return Figure(figsize=(width / scale, height), dpi=100 * scale, layout="constrained")


def title_of(name, panel, figure):
    """A method's name, in as many lines as fit above one of the figure's panels."""
    columns = panel.get_subplotspec().get_gridspec().ncols
    letters = 72 * figure.get_figwidth() / columns / 8  # points for one letter
    is_path = len(name) > 30  # names of methods are shorter, and stay whole
    return plain(textwrap.fill(name, max(int(letters), 6), break_long_words=is_path))


def legend_below(figure, handles):
    """A legend in one row, or in as few as fit the figure's width."""
    for n in range(len(handles), 0, -1):
        legend = figure.legend(handles=handles, loc="outside lower center", ncols=n, frameon=False)
        room = figure.bbox.width / legend.get_window_extent().width
        if room >= 1:
            return
        if n == 1:  # a path, say
            longest = max(len(text.get_text()) for text in legend.get_texts())
            for text in legend.get_texts():
                text.set_text(textwrap.fill(text.get_text(), max(int(0.8 * room * longest), 6)))
            return
        legend.remove()


def plain(name):
    """The name as Matplotlib can draw it: a path may hold a dollar sign, or bytes of no letter.

    A label that begins with _ would not be shown.
    """
    name = f" {name}" if name.startswith("_") else name
    return name.encode("utf-8", "replace").decode("utf-8").replace("$", r"\$")