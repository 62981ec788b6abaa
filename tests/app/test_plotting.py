"""Figures: what is drawn is what was given, and it can be told apart."""

import copy
import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from numpy.testing import assert_allclose

import tinymeta as tm
from tinymeta import plotting
from tinymeta.training.evaluation import AdaptationCurve

matplotlib.use("agg")
MODEL, TASKS = tm.MLP([1, 8, 1], activation="tanh"), tm.SinusoidTasks()
RNG = np.random.default_rng(0)
THETAS = {name: MODEL.init(RNG) for name in ("MAML", "Reptile")}
TASK = TASKS.sample(RNG, n_tasks=1, n_support=5)
X, Y = TASK.x_support[0], TASK.y_support[0]
BARE = tm.Batch(TASK.x_support, TASK.y_support, TASK.x_query, TASK.y_query)


def line(panel, label):
    return next(line for line in panel.lines if line.get_label() == label)


def bands(panel):
    """The (low, high) of each band at each x, (n, 2)."""
    found = []
    for band in panel.collections:
        xy = band.get_paths()[0].vertices
        found.append([(xy[xy[:, 0] == x, 1].min(), xy[xy[:, 0] == x, 1].max())
                      for x in np.unique(xy[:, 0])])
    return found


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def is_trajectory_of(panel, theta, alpha, labels):
    """The panel's line with each label shows θ after that many steps of size alpha."""
    trajectory = tm.adapt(MODEL, theta, X, Y, alpha, max(labels.values()))
    for label, k in labels.items():
        x, y = line(panel, label).get_data()
        assert_allclose(y, MODEL.predict(trajectory[k], x[:, np.newaxis])[:, 0], rtol=1e-12)


def titles(figure):
    """What stands above all panels; Matplotlib 3.7 has no get_suptitle."""
    return [text.get_text() for text in figure.texts]


def test_adaptation_draws_the_truth_the_support_set_and_each_step():
    figure = plotting.plot_adaptation(MODEL, THETAS, TASKS, TASK, alpha=0.05, steps=(0, 1, 4))
    assert [panel.get_title() for panel in figure.axes] == ["MAML", "Reptile"]
    for panel, theta in zip(figure.axes, THETAS.values()):
        assert_allclose(line(panel, "support").get_xydata(), np.hstack([X, Y]))
        x, y = line(panel, "truth").get_data()
        A, phase = (TASK.parameters[name][0] for name in ("amplitude", "phase"))
        assert_allclose(y, A * np.sin(x - phase))
        assert x[0] == -5 and x[-1] == 5
        assert len(panel.lines) == 5 and panel.get_xlabel() == "x"
        is_trajectory_of(panel, theta, 0.05, {"before adaptation": 0, "after 1 step": 1,
                                              "after 4 steps": 4})
    assert [panel.get_ylabel() for panel in figure.axes] == ["y", ""]
    one = plotting.plot_adaptation(MODEL, {"MAML": THETAS["MAML"]}, TASKS, TASK)
    assert figure.get_figwidth() > 1.5 * one.get_figwidth()
    assert legend(figure) == ["truth", "support", "before adaptation", "after 1 step",
                              "after 4 steps"]


def test_colours_go_by_role_and_the_last_step_is_the_boldest():
    figure = plotting.plot_adaptation(MODEL, THETAS, TASKS, TASK, steps=(0, 4, 1, 2))
    for panel, color in zip(figure.axes, ("#0072B2", "#009E73")):
        colors = {each.get_label(): each.get_color() for each in panel.lines}
        assert colors == {"truth": "black", "support": "#D55E00", "before adaptation": "0.55",
                          "after 1 step": color, "after 2 steps": color, "after 4 steps": color}
        first, last = line(panel, "after 1 step"), line(panel, "after 4 steps")
        looks = [first, line(panel, "after 2 steps"), last]
        assert [each.get_linestyle() for each in looks] == ["-.", "--", "-"]
        assert first.get_linewidth() < last.get_linewidth() and first.get_alpha() < 1
        assert line(panel, "truth").get_linestyle() == "--"
        assert line(panel, "support").get_marker() == "o"
        assert line(panel, "support").get_linestyle() == "None"
    # The legend serves all panels, so its steps have no method's colour.
    handles = figure.legends[0].get_lines()
    colors = [handle.get_color() for handle in handles]
    assert colors == ["black", "#D55E00", "0.55", "0.25", "0.25", "0.25"]
    assert [handle.get_linestyle() for handle in handles[-3:]] == ["-", "-.", "--"]


@pytest.mark.parametrize("alpha", [0.0001, 50.0], ids=["calm", "diverged"])
@pytest.mark.parametrize("level, stretch", [(0.0, 1), (300.0, 1), (300.0, 0)],
                         ids=["around 0", "far from 0", "all the same"])
def test_limits_come_from_the_data_and_a_diverged_prediction_leaves_the_panel(
        alpha, level, stretch):
    task = tm.Batch(X[np.newaxis], level + stretch * Y[np.newaxis], TASK.x_query,
                    level + stretch * TASK.y_query)
    y = np.concatenate([task.y_support[0], task.y_query[0]])
    height, thetas = np.ptp(y) or level, {**THETAS, "Reptile": 3 * THETAS["Reptile"]}
    figure = plotting.plot_adaptation(MODEL, thetas, None, task, alpha, steps=(0, 10))
    low, high = figure.axes[0].get_ylim()
    assert low < y.min() and y.max() < high and height < high - low <= 3.13 * height
    after = line(figure.axes[0], "after 10 steps").get_ydata()
    assert alpha < 1 or np.abs(after).max() > high
    if level == 0 and alpha < 1:  # then the predictions are in the picture as well
        drawn = np.concatenate([each.get_ydata() for panel in figure.axes for each in panel.lines])
        assert low < drawn.min() and drawn.max() < high


def test_a_task_without_truth_shows_its_query_points_and_labels_may_be_given():
    figure = plotting.plot_adaptation(MODEL, THETAS, TASKS, BARE, steps=(0, 1),
                                      labels=("hour", "°C"))
    assert legend(figure) == ["query", "support", "before adaptation", "after 1 step"]
    panel = figure.axes[0]
    assert_allclose(line(panel, "query").get_xydata(),
                    np.hstack([TASK.x_query[0], TASK.y_query[0]]))
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("hour", "°C")
    everything = np.concatenate([X, TASK.x_query[0]])
    x = line(panel, "after 1 step").get_xdata()
    assert_allclose([x.min(), x.max()], [everything.min(), everything.max()])


def test_measured_tasks_are_drawn_with_all_their_points_in_measured_units():
    curves = {name: (np.arange(30), level + np.arange(30)) for name, level in
              (("a", 100), ("b", 500))}
    tasks = tm.MeasuredTasks(curves, columns=("day", "litres")).standardized()
    task = tasks.sample(np.random.default_rng(0), 1, 5, 5)
    figure = plotting.plot_adaptation(MODEL, {"MAML": THETAS["MAML"]}, tasks, task, 0.05, (0, 1))
    panel, shown = figure.axes[0], curves[task.parameters["curve"][0]]
    assert_allclose(line(panel, "measured").get_xydata(), np.transpose(shown))
    support = line(panel, "support").get_xydata()
    assert len(support) == 5 and {*map(tuple, support.round(9))} <= {*zip(*map(np.float64, shown))}
    theta = tm.adapt(MODEL, THETAS["MAML"], task.x_support[0], task.y_support[0], 0.05, 1)[1]
    x, y = line(panel, "after 1 step").get_data()
    scaled = (x - tasks.scales[0, 0]) / tasks.scales[1, 0]
    assert_allclose(y, tasks.y_in_units(MODEL.predict(theta, scaled[:, np.newaxis]))[:, 0])
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("day", "litres")
    moving = plotting.animate_adaptation(MODEL, {"MAML": THETAS["MAML"]}, tasks, task, 0.05, 1)
    moving._func(1)
    moving._draw_was_started = True
    assert_allclose(moving._fig.axes[0].lines[-1].get_ydata(), y)


@pytest.mark.parametrize("of", [lambda model: model,
                                lambda model: {"MAML": tm.MAML(model, 0.5)}],
                         ids=["a model", "a method"])
@pytest.mark.parametrize("copied", [lambda model: model, copy.deepcopy], ids=["it", "a copy"])
def test_classes_on_a_line_are_drawn_with_the_probability_that_the_axis_names(of, copied):
    dose = np.arange(30.0)
    tasks = tm.MeasuredTasks({"a": (dose, (dose > 12).astype(float))}, ("dose", "ripe"))
    tasks = tasks.standardized(outputs=False)
    task = tasks.sample(np.random.default_rng(0), 1, 8, 8)
    model, theta = tm.MLP([1, 8, 1], MODEL.activation, loss=tm.logistic), THETAS["MAML"]
    arguments = of(copied(model)), {"MAML": theta}, tasks, task, 0.5
    figure = plotting.plot_adaptation(*arguments, steps=(0, 1))
    adapted = tm.adapt(model, theta, task.x_support[0], task.y_support[0], 0.5, 1)[1]
    x, y = line(figure.axes[0], "after 1 step").get_data()
    f = model.predict(adapted, ((x - tasks.scales[0, 0]) / tasks.scales[1, 0])[:, np.newaxis])
    assert_allclose(y, 1 / (1 + np.exp(-f[:, 0])), rtol=1e-12)
    assert figure.axes[0].get_ylabel() == "probability that ripe is 1"
    named = plotting.plot_adaptation(*arguments, labels=("mg", "p"))
    assert named.axes[0].get_ylabel() == "p"
    moving = plotting.animate_adaptation(*arguments, 1)
    moving._func(1)
    moving._draw_was_started = True
    assert_allclose(moving._fig.axes[0].lines[-1].get_ydata(), y)


class InPlace(tm.SinusoidTasks):
    """Waves in other units, whose functions change what they are given."""

    def y_in_units(self, y):
        y *= 2
        return y

    def truth(self, parameters, x):
        parameters["amplitude"] *= 1.0
        x -= parameters["phase"][:, np.newaxis, np.newaxis]
        return parameters["amplitude"][:, np.newaxis, np.newaxis] * np.sin(x)


class PredictsInPlace(tm.MAML):
    def predictions(self, omega, x, y, x_query, steps):
        found = super().predictions(omega, x, y, x_query, steps)
        for array in (omega, x, y, x_query):
            array += 1
        return found


def test_what_works_in_place_changes_neither_the_task_nor_the_next_panel():
    before = X.copy(), Y.copy()
    methods = {name: PredictsInPlace(MODEL) for name in THETAS}
    figure = plotting.plot_adaptation(methods, THETAS, InPlace(), TASK, steps=(0, 1))
    for panel in figure.axes:
        x, y = line(panel, "truth").get_data()
        amplitude, phase = (TASK.parameters[name] for name in ("amplitude", "phase"))
        assert (x[0], x[-1]) == TASKS.x_range
        assert_allclose(y, 2 * amplitude * np.sin(x - phase), rtol=1e-12)
        assert_allclose(line(panel, "support").get_ydata(), 2 * before[1][:, 0])
    assert_allclose([X, Y], before)


LONG = {f"a method of a rather long name {i}": values
        for i, values in enumerate(np.ones((5, 20)))}


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("draw", [
    lambda **how: plotting.plot_adaptation(MODEL, dict(zip(LONG, [THETAS["MAML"]] * 5)), TASKS,
                                           TASK, **how),
    lambda **how: plotting.plot_training(LONG, **how),
    lambda **how: plotting.plot_curves({name: AdaptationCurve(
        np.ones((3, 4)), np.zeros((3, 4), bool)) for name in LONG}, "5-shot", **how)],
    ids=["adaptation", "training", "curves"])
def test_text_is_larger_on_a_slide_and_the_legend_stays_inside(draw, scale):
    figure = draw(scale=scale, size=(12, 6.75))
    figure.draw_without_rendering()
    assert_allclose(figure.bbox.size, (1200, 675))  # dots: the same picture, larger text in it
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= -1 and box.x1 <= 1201 and box.y0 >= -1 and box.y1 <= 676
    text = figure.axes[0].xaxis.label.get_window_extent().height
    assert 10 * scale < text < 25 * scale
    for panel in figure.axes:
        everything = panel.get_tightbbox()  # with its title and the numbers on its axes
        assert everything.x0 >= -1 and everything.x1 <= 1201 and everything.y1 <= 676
        assert panel.get_window_extent().height > 100


def test_a_step_size_may_be_given_for_each_name_or_be_in_its_method():
    alphas = {"MAML": 0.01, "Reptile": 0.05}
    methods = {"MAML": tm.MAML(MODEL, 0.01), "Reptile": tm.Reptile(MODEL, 0.05)}
    for model, how in ((MODEL, {"alpha": alphas}), (methods, {})):
        figure = plotting.plot_adaptation(model, THETAS, TASKS, TASK, steps=(0, 2), **how)
        animation = plotting.animate_adaptation(model, THETAS, TASKS, TASK, steps=2, **how)
        animation._func(2)
        animation._draw_was_started = True  # or Matplotlib warns that it was never drawn
        for i, (name, theta) in enumerate(THETAS.items()):
            is_trajectory_of(figure.axes[i], theta, alphas[name], {"after 2 steps": 2})
            moved = animation._fig.axes[i].lines[-1].get_ydata()
            assert_allclose(moved, line(figure.axes[i], "after 2 steps").get_ydata())


def test_the_step_size_is_one_hundredth_and_ten_steps_are_drawn_unless_given():
    panel = plotting.plot_adaptation(MODEL, {"MAML": THETAS["MAML"]}, TASKS, TASK).axes[0]
    is_trajectory_of(panel, THETAS["MAML"], 0.01, {"before adaptation": 0, "after 1 step": 1,
                                                   "after 10 steps": 10})


# Errors by inner step.


def test_curves_show_the_mean_with_its_interval_and_the_median_with_its_quartiles():
    curves = {name: tm.evaluate(MODEL, theta, TASKS, np.random.default_rng(0), 50, 5, steps=steps)
              for (name, theta), steps in zip(THETAS.items(), (3, 2))}
    figure = plotting.plot_curves(curves, "5-shot")
    left, right = figure.axes
    for i, (name, curve) in enumerate(curves.items()):
        assert_allclose(line(left, name).get_xdata(), np.arange(len(curve.mean)))
        assert_allclose(line(left, name).get_ydata(), curve.mean)
        assert_allclose(line(right, name).get_ydata(), curve.median)
        half = 1.96 * curve.errors.std(axis=1) / np.sqrt(50)
        assert_allclose(bands(left)[i], np.transpose([curve.mean - half, curve.mean + half]))
        assert_allclose(bands(right)[i], np.sort(curve.errors, axis=1)[:, [12, 37]])
        for panel in (left, right):
            color = plotting.STYLES[name]["color"]
            assert line(panel, name).get_color() == color
            assert line(panel, name).get_marker() == plotting.STYLES[name]["marker"]
            assert_allclose(panel.collections[i].get_facecolor()[0], to_rgba(color, 0.18))
    assert (titles(figure), legend(figure)) == (["5-shot"], ["MAML", "Reptile"])
    assert left.get_title() == "mean, 95 % interval" and right.get_title() == "median, quartiles"
    assert [panel.get_yscale() for panel in (left, right)] == ["log", "log"]
    assert left.get_ylim() == right.get_ylim()
    assert [panel.get_xlabel() for panel in (left, right)] == ["inner steps"] * 2
    assert left.get_ylabel() == "query mean squared error"
    share = plotting.plot_curves(curves, measured="accuracy").axes[0]
    assert (share.get_ylabel(), share.get_yscale()) == ("query accuracy", "linear")
    figure.draw_without_rendering()
    assert all(tick == int(tick) for tick in left.get_xticks())


def test_a_curve_of_no_steps_is_a_level_over_all_steps_without_a_band():
    curves = {"oracle": AdaptationCurve(np.array([[1.0, 2.0, 6.0]]), np.zeros((1, 3), bool)),
              "MAML": AdaptationCurve(np.ones((4, 3)), np.zeros((4, 3), bool))}
    left, right = plotting.plot_curves(curves).axes
    assert_allclose(line(left, "oracle").get_xydata(), [[0, 3], [3, 3]])
    assert_allclose(line(right, "oracle").get_xydata(), [[0, 2], [3, 2]])
    assert len(left.collections) == len(right.collections) == 1
    alone = plotting.plot_curves({"oracle": curves["oracle"]})
    assert_allclose(line(alone.axes[0], "oracle").get_xydata(), [[0, 3]])
    assert titles(alone) == []


# Training curves.


def test_a_diverged_method_leaves_the_picture_of_the_others():
    none = np.zeros((3, 4), bool)
    calm = AdaptationCurve(np.full((3, 4), 2.0), none)
    wild = AdaptationCurve(np.array([[4.0] * 4, [1e9] * 4, [1e30] * 4]), none)
    panel = plotting.plot_curves({"MAML": calm, "Meta-SGD": wild}).axes[0]
    assert panel.get_ylim()[1] == 4e3
    assert plotting.plot_curves({"MAML": calm}).axes[0].get_ylim()[1] < 100
    of_zero = AdaptationCurve(np.array([[0.0] * 4, [0.1] * 4, [0.2] * 4]), none)  # no warning
    assert plotting.plot_curves({"MAML": of_zero}).axes[0].get_ylim()[1] > 0.2


def test_training_shows_median_and_quartiles_of_each_stretch():
    losses = {"MAML": np.arange(1.0, 21.0), "another": np.ones(3)}
    figure = plotting.plot_training(losses, points=5)
    panel = figure.axes[0]
    middles = np.array([2.5, 6.5, 10.5, 14.5, 18.5])
    assert_allclose(line(panel, "MAML").get_xydata().T, [[4, 8, 12, 16, 20], middles])
    assert_allclose(line(panel, "another").get_xydata(), [[1, 1], [2, 1], [3, 1]])
    assert_allclose(bands(panel)[0], np.transpose([middles - 0.75, middles + 0.75]))
    assert line(panel, "MAML").get_color() == "#0072B2" and line(panel, "MAML").get_marker() == ""
    assert line(panel, "another").get_color() == "0.35"
    assert (panel.get_xlabel(), panel.get_yscale()) == ("iteration", "log")
    assert "meta-loss" in panel.get_ylabel() and "quartiles" in panel.get_title()
    assert legend(figure) == ["MAML", "another"] and figure.dpi == 100
    many = plotting.plot_training({"MAML": np.ones(1000)}).axes[0]
    assert len(line(many, "MAML").get_xdata()) == 100


@pytest.mark.filterwarnings("error", "ignore::DeprecationWarning")  # of older matplotlib
@pytest.mark.parametrize("losses, middles, scale", [
    ([1.0, np.nan, np.inf, 3.0, np.nan, np.nan], [1.0, 3.0, np.nan], "log"),
    ([np.nan] * 6, [np.nan] * 3, "linear"), ([0.0] * 6, [0.0] * 3, "linear")], ids=str)
def test_losses_that_are_not_finite_leave_a_gap(losses, middles, scale):
    figure = plotting.plot_training({"MAML": losses}, points=3)
    figure.draw_without_rendering()
    assert_allclose(line(figure.axes[0], "MAML").get_ydata(), middles)
    assert figure.axes[0].get_yscale() == scale


# The animation.


def test_the_animation_has_a_frame_for_each_step(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    animation = plotting.animate_adaptation(MODEL, THETAS, TASKS, TASK, alpha=0.05, steps=2,
                                            interval=250, labels=("hour", "°C"))
    assert animation._fig.axes[0].get_ylabel() == "°C"
    for k, words in ((2, "2 inner steps"), (1, "1 inner step"), (0, "0 inner steps")):
        animation._func(k)
        assert titles(animation._fig) == [f"after {words}"]
        for panel, (name, theta) in zip(animation._fig.axes, THETAS.items()):
            moving, trajectory = panel.lines[-1], tm.adapt(MODEL, theta, X, Y, 0.05, 2)
            x, y = moving.get_data()
            assert_allclose(y, MODEL.predict(trajectory[k], x[:, np.newaxis])[:, 0])
            assert moving.get_color() == plotting.STYLES[name]["color"]
    animation.save(tmp_path / "adaptation.gif", writer="pillow")
    with Image.open(tmp_path / "adaptation.gif") as image:
        assert image.n_frames == 3 and image.info["duration"] == 250


# The look, and what cannot be drawn.


def test_every_method_has_its_own_colour_and_its_own_second_cue():
    cues = [(str(style["linestyle"]), style["marker"]) for style in plotting.STYLES.values()]
    colours = [style["color"] for style in plotting.STYLES.values()]
    assert len(cues) == len(set(cues)) == 13
    assert len(set(colours)) == 12 + 1  # the oracle and least squares are greys of their own
    # The query set, which lessons draw: open squares of another colour; support points on top.
    assert (plotting.QUERY["color"], plotting.QUERY["marker"]) == ("#56B4E9", "s")
    assert plotting.QUERY["fillstyle"] == "none" and plotting.SUPPORT["zorder"] > 2
    assert plotting.style_of("mine") == dict(color="0.35", linestyle="-", marker=".")


def test_names_of_one_s_own_are_told_apart():
    names = ["old/maml.npz", "MAML", "_new/maml.npz", "third"]
    losses = {name: np.ones(3) for name in names}
    curve = AdaptationCurve(np.ones((2, 3)), np.zeros((2, 3), bool))
    curves = dict.fromkeys(names, curve)
    for figure in (plotting.plot_training(losses), plotting.plot_curves(curves)):
        assert legend(figure) == ["old/maml.npz", "MAML", " _new/maml.npz", "third"]
        assert len({line.get_color() for line in figure.axes[0].lines}) == 4


def test_a_dollar_sign_in_a_name_is_no_mathematics():
    name, losses = "a$b$c", {"a$b$c": np.ones(3)}
    plotting.plot_training(losses).draw_without_rendering()
    assert legend(plotting.plot_training(losses)) == [r"a\$b\$c"]
    curve = AdaptationCurve(np.ones((2, 3)), np.zeros((2, 3), bool))
    assert legend(plotting.plot_curves({name: curve})) == [r"a\$b\$c"]
    figure = plotting.plot_adaptation(MODEL, {name: THETAS["MAML"]}, TASKS, TASK)
    assert figure.axes[0].get_title() == r"a\$b\$c"


def adaptation(thetas=THETAS, task=TASK, **how):
    return plotting.plot_adaptation(MODEL, thetas, TASKS, task, **how)


@pytest.mark.parametrize("draw, words", [
    (lambda: adaptation({}), "thetas has 0 entries and steps 3"),
    (lambda: adaptation(steps=()), "2 entries and steps 0"),
    (lambda: plotting.plot_adaptation({"a": MODEL}, {"b": THETAS["MAML"]}, TASKS, TASK),
     "model has the names ['a']; expected one for each of thetas, and ['b'] too"),
    (lambda: adaptation(steps=(0, -1)), "steps[1] is -1"),
    (lambda: adaptation({"it": np.ones((2, 25))}), "thetas['it']"),
    (lambda: adaptation(labels=["x"]), "labels is ['x']; expected 2"),
    (lambda: adaptation(labels="xy"), "labels is 'xy'; expected a list of texts"),
    (lambda: adaptation(scale=0), "scale is 0"),
    (lambda: adaptation(size=(3, -1)), "size[1] is -1"),
    (lambda: adaptation(task=TASKS.sample(RNG, 2)), "task is 2 tasks"),
    (lambda: plotting.animate_adaptation(MODEL, THETAS, TASKS, "a task"), "task is str; expected"),
    (lambda: plotting.plot_curves({}), "curves is empty"),
    (lambda: plotting.plot_training({}), "losses is empty; expected at least one"),
    (lambda: plotting.plot_training({"MAML": []}), "losses['MAML'] has shape (0,)")])
def test_nothing_to_draw_is_an_error_that_names_it(draw, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        draw()
    assert words in str(caught.value)


@pytest.mark.parametrize("scale", [1, 3, 4])
@pytest.mark.parametrize("n", [60, 300])
def test_long_names_of_columns_leave_room_for_the_curves(n, scale):
    columns = [(f"the {quantity} of the compound in rats " * 9)[:n] for quantity in ("age", "mass")]
    tasks = tm.MeasuredTasks({"a": (np.arange(9.0), np.sin(np.arange(9)))}, columns=columns)
    task, curve = tasks.sample(RNG, 1, 4, 4), AdaptationCurve(np.ones((3, 4)), np.zeros((3, 4)))
    theta = {"M": THETAS["MAML"]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for figure in (plotting.plot_adaptation(MODEL, theta, tasks, task, scale=scale),
                       plotting.plot_curves({"MAML": curve}, measured=columns[1], scale=scale)):
            figure.draw_without_rendering()
            assert figure.axes[0].get_ylabel().split()[-1] == "…" or n == 60


def test_a_formula_in_a_label_stays_whole():
    label = r"$\sin(x - \psi)$, the sine of the angle, in units of the amplitude"
    figure = plotting.plot_adaptation(MODEL, THETAS, TASKS, TASK, labels=(label, label), scale=2)
    assert figure.axes[0].get_xlabel() == figure.axes[0].get_ylabel() == label


def test_a_legend_of_long_paths_stays_inside_the_figure():
    losses = {"/".join([letter * 160, "maml.npz"]): np.ones(9) for letter in "ab"}
    figure = plotting.plot_training(losses)
    figure.draw_without_rendering()
    assert figure.legends[0].get_window_extent().width <= figure.bbox.width
    assert "".join(legend(figure)[1].split()) == [*losses][1]


@pytest.mark.parametrize("errors, scale, low, high", [
    ([[-1.0, -2], [-3, 4]], "linear", -3, 4), ([[-1.0, -1], [-2, -2]], "linear", -2.2, -0.8),
    ([[1e300, 1e307], [1e308, 1e308]], "linear", 0, 0), ([[1.0, 2], [3, 1e308]], "log", 1, 3)])
def test_errors_of_any_sign_and_size_are_drawn_without_warning(errors, scale, low, high):
    curve = tm.AdaptationCurve(np.array(errors), np.zeros((2, 2), bool))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = plotting.plot_curves({"MAML": curve})
        figure.draw_without_rendering()
    panel = figure.axes[1]
    assert panel.get_yscale() == scale
    assert panel.get_ylim()[0] < low + 0.5 and panel.get_ylim()[1] > high - 0.5


def test_names_that_are_no_texts_and_a_missing_alpha_are_named(rng):
    net, tasks = tm.MLP([1, 3, 1]), tm.SinusoidTasks()
    task, theta = tasks.sample(rng, 1), net.init(rng)
    with pytest.raises(TypeError, match=r"the names in thetas is \[0\]; expected a list of texts"):
        plotting.plot_adaptation(net, {0: theta}, tasks, task)
    with pytest.raises(ValueError, match=r"alpha has the names \['a'\]; expected 'b' too"):
        plotting.plot_adaptation(net, {"a": theta, "b": theta}, tasks, task, alpha={"a": 0.1})
