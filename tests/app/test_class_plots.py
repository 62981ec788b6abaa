"""Figures of classifiers: the regions, lines, points and images drawn are those computed."""

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import tinymeta as tm
from tinymeta import class_plots, plotting

matplotlib.use("agg")
MODEL = tm.MLP([2, 8, 1], activation="tanh", loss=tm.logistic)
STEPS = (0, 2, 5)


@pytest.fixture
def shown():
    rng = np.random.default_rng(0)
    thetas = {name: 2 * MODEL.init(rng) for name in ("MAML", "Reptile")}
    return thetas, tm.MoonTasks().sample(rng, n_tasks=1, n_support=7, n_query=9)


def assert_panel_shows(panel, theta, task, color):
    """The regions and the line of θ (P,), the points of the task and its accuracy."""
    image = panel.images[0].get_array()  # (G, G)
    left, right, low, high = panel.images[0].get_extent()
    x1, x2 = np.linspace(left, right, len(image)), np.linspace(low, high, len(image))
    assert panel.images[0].origin == "lower"
    for i, j in np.random.default_rng(1).integers(len(image), size=(200, 2)):  # a row is one x₂
        assert image[i, j] == (MODEL.predict(theta, np.array([[x1[j], x2[i]]])) > 0).item()
    line = panel.collections[0]
    points = np.concatenate([path.vertices for path in line.get_paths()])
    assert len(points) > 10 and abs(MODEL.predict(theta, points)).max() < 0.01
    assert matplotlib.colors.same_color(line.get_edgecolor(), color)
    shades = panel.images[0].to_rgba(np.array([0.0, 1.0]))[:, :3]
    for c, drawn in enumerate(panel.lines):
        assert_array_equal(drawn.get_xydata(), task.x_support[0][task.y_support[0, :, 0] == c])
        assert matplotlib.colors.same_color(drawn.get_color(), tuple(shades[c]))
    assert len(panel.lines) == 2
    right = tm.accuracy(MODEL.predict(theta, task.x_query[0]), task.y_query[0])
    assert panel.get_title().endswith(f": {right:.0%} right")


def test_regions_are_drawn_for_each_method_and_step(shown):
    thetas, task = shown
    alphas = {"MAML": 1.0, "Reptile": 0.3}
    figure = class_plots.plot_regions(MODEL, thetas, task, alphas, STEPS)
    panels = np.reshape(figure.axes, (2, 3))
    for row, (name, theta) in zip(panels, thetas.items()):
        trajectory = tm.adapt(MODEL, theta, task.x_support[0], task.y_support[0], alphas[name], 5)
        assert row[0].get_ylabel() == f"{name}\n$x_2$"
        for panel, k in zip(row, STEPS):
            assert panel.get_title().startswith(f"{k} steps")
            assert_panel_shows(panel, trajectory[k], task, plotting.STYLES[name]["color"])
    assert [panel.get_xlabel() for panel in panels[1]] == ["$x_1$"] * 3
    assert [text.get_text() for text in figure.legends[0].texts] == [
        "support, class 0", "support, class 1", "f = 0"]
    for lines in (panels[0, 0].lines, figure.legends[0].legend_handles[:2]):
        assert [line.get_marker() for line in lines] == ["o", "s"]


@pytest.mark.parametrize("shift, stretch", [((0, 0), (1, 1)), ((50, -9), (1, 1)),
                                            ((0, 0), (1, 1000)), ((3, 0), (0, 1))],
                         ids=["around 0", "far from 0", "in unlike units", "on a line"])
def test_limits_come_from_the_points_and_panels_are_square(shown, shift, stretch):
    thetas, task = shown
    x, x_query = (part * stretch + shift for part in (task.x_support, task.x_query))
    moved = tm.Batch(x, task.y_support, x_query, task.y_query)
    points = np.concatenate([x[0], x_query[0]])
    figure = class_plots.plot_regions(MODEL, thetas, moved)
    figure.draw_without_rendering()
    for panel in figure.axes:
        for i, (low, high) in enumerate((panel.get_xlim(), panel.get_ylim())):
            assert low < points[:, i].min() and points[:, i].max() < high
            assert 1 < (high - low) / (np.ptp(points[:, i]) or 1) < 2.4
        width, height = panel.get_window_extent().size
        assert abs(width - height) < 1
        assert stretch != (1, 1) or np.isclose(np.ptp(panel.get_xlim()), np.ptp(panel.get_ylim()))


@pytest.mark.parametrize("scale", [1, 1.6])
@pytest.mark.parametrize("steps", [(0,), (0, 1, 2)], ids=["one step", "three steps"])
def test_titles_labels_and_legend_of_regions_are_inside_and_apart(shown, scale, steps):
    for thetas in ({"MAML": shown[0]["MAML"]}, shown[0]):
        figure = class_plots.plot_regions(MODEL, thetas, shown[1], steps=steps, scale=scale)
        figure.draw_without_rendering()
        (width, height), legend = figure.bbox.size, figure.legends[0].get_window_extent()
        heights = [panel.get_window_extent().height for panel in figure.axes]
        assert sum(heights) / len(steps) > 0.45 * height  # and no room is wasted
        assert legend.x0 > -1 and legend.x1 < width + 1 and legend.y0 > -1
        for panel in figure.axes:
            box = panel.get_tightbbox()
            assert box.x0 > -1 and box.x1 < width + 1 and box.y1 < height + 1
            assert box.y0 > legend.y1 - 1


def test_measured_classes_are_drawn_in_their_units_and_move(rng):
    x = rng.standard_normal((20, 2)) * [1, 1000] + [0, 5000]
    tasks = tm.MeasuredTasks({"a": (x, 1.0 * (x[:, 0] > 0))}, columns=["cm", "g", "ripe"])
    tasks = tasks.standardized(outputs=False)
    task, theta = tasks.sample(rng, 1, 8, 8), 2 * MODEL.init(rng)
    thetas = {"MAML": theta}
    figure = plotting.plot_adaptation(MODEL, thetas, tasks, task, alpha=1.0, steps=(0, 2))
    named = plotting.plot_adaptation(MODEL, thetas, tasks, task, labels=("long", "heavy"))
    panel = figure.axes[1]
    for names, drawn in ((("cm", "g"), figure), (("long", "heavy"), named)):
        assert drawn.axes[-1].get_xlabel() == names[0]
        assert drawn.axes[0].get_ylabel() == f"MAML\n{names[1]}"
    drawn = np.concatenate([line.get_xydata() for line in panel.lines])
    assert {*map(tuple, drawn.round(6))} <= {*map(tuple, x.round(6))} and len(drawn) == 8
    moving = plotting.animate_adaptation(MODEL, thetas, tasks, task, 1.0, steps=2, interval=70)
    assert list(moving.new_frame_seq()) == [0, 1, 2] and moving.event_source.interval == 70
    moving._func(2)
    moving._draw_was_started = True
    frame = moving._fig.axes[0]
    assert_array_equal(frame.images[0].get_array(), panel.images[0].get_array())
    assert frame.get_title() == panel.get_title() and len(frame.images) == 1
    assert len(frame.collections) == len(panel.collections)


def test_methods_and_labels_of_plus_and_minus_one_are_drawn_alike(shown):
    thetas, task = shown
    signs = tm.Batch(task.x_support, 2 * task.y_support - 1, task.x_query, 2 * task.y_query - 1)
    model = tm.MLP([2, 8, 1], activation="tanh", loss=tm.squared_hinge)
    methods = {"MAML": tm.MAML(model, alpha=0.2), "Reptile": tm.Reptile(model, alpha=0.1)}
    figure = class_plots.plot_regions(methods, thetas, signs, steps=(1,))
    for panel, (name, method) in zip(figure.axes, methods.items()):
        x, y = signs.x_support[0], signs.y_support[0]
        theta = tm.adapt(model, thetas[name], x, y, method.alpha, 1)[1]
        assert_panel_shows(panel, theta, task, plotting.STYLES[name]["color"])
        assert panel.get_title().startswith("1 step: ")


def test_where_one_class_wins_everywhere_no_line_is_drawn(shown, tmp_path):
    figure = class_plots.plot_regions(MODEL, {"MAML": np.zeros(33)}, shown[1], steps=(0,))
    assert not figure.axes[0].collections and not figure.axes[0].images[0].get_array().any()
    assert figure.axes[0].images[0].get_clim() == (0, 1)  # the colour is class 0's
    figure.savefig(tmp_path / "regions.png")


def test_glyphs_are_drawn_under_their_class(rng):
    task = tm.GlyphTasks(ways=4).sample(rng, n_tasks=1, n_support=3)
    task = tm.Batch(task.x_support[:, 1:], task.y_support[:, 1:], task.x_query, task.y_query)
    panels = np.reshape(class_plots.plot_glyphs(task).axes, (3, 4))
    for c, column in enumerate(panels.T):
        assert column[0].get_title() == f"class {c}"
        images = task.x_support[0][task.y_support[0, :, c] == 1]
        for panel, image in zip(column, images):
            assert_array_equal(panel.images[0].get_array().ravel(), image)
            assert panel.images[0].get_clim() == (0, 1)
            assert panel.images[0].cmap(1.0) == (0, 0, 0, 1)  # ink is black
    assert sum(not panel.axison for panel in panels.flat) == 1  # the shot that is not there


def sample(tasks, n_tasks=1):
    return tasks.sample(np.random.default_rng(0), n_tasks)


regions, glyphs = class_plots.plot_regions, class_plots.plot_glyphs


@pytest.mark.parametrize("draw, words", [
    (lambda thetas, task: regions(MODEL, {}, task), "thetas has 0 entries"),
    (lambda thetas, task: regions(MODEL, thetas, task, steps=()), "steps 0"),
    (lambda thetas, task: regions(MODEL, thetas, task, steps=(1, -1)), "steps[1] is -1"),
    (lambda thetas, task: regions(MODEL, {"MAML": np.ones((2, 33))}, task), "thetas['MAML']"),
    (lambda thetas, task: regions(MODEL, thetas, "task"), "task is str"),
    (lambda thetas, task: regions(MODEL, thetas, task, scale=10**400), "scale is a number of 1329"),
    (lambda thetas, task: regions(MODEL, thetas, sample(tm.BoundaryTasks())),
     "task has D_in 10 and D_out 1; expected points in the plane"),
    (lambda thetas, task: plotting.plot_adaptation(MODEL, thetas, None, sample(tm.GlyphTasks())),
     "task has D_in 64 and D_out 5; expected 1 and 1, for a curve to draw, or 2 and 1"),
    (lambda thetas, task: regions(MODEL, thetas, tm.Batch(
        task.x_support, np.arange(7.0).clip(0, 2)[:, np.newaxis][np.newaxis], task.x_query,
        task.y_query)), "task has the y array([0., 1., 2.]); expected the labels"),
    (lambda thetas, task: glyphs(sample(tm.GlyphTasks(), 2)),
     "batch is 2 tasks; expected a Batch of one task"),
    (lambda thetas, task: glyphs(task), "batch has D_in 2 and D_out 1")])
def test_what_cannot_be_drawn_is_an_error_that_names_it(shown, draw, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        draw(*shown)
    assert words in str(caught.value)
