"""Figures: they show the numbers they are given, and what they name is drawn."""

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinymeta as tm
from tinymeta import plotting

matplotlib.use("agg")
MODEL = tm.MLP([1, 8, 1], activation="tanh")
TASKS = tm.SinusoidTasks()


@pytest.fixture
def shown():
    rng = np.random.default_rng(0)
    thetas = {name: MODEL.init(rng) for name in ("MAML", "Reptile")}
    return thetas, TASKS.sample(rng, n_tasks=1, n_support=5)


def line(panel, label):
    return next(line for line in panel.lines if line.get_label() == label)


def test_adaptation_draws_the_truth_the_support_set_and_each_step(shown, tmp_path):
    thetas, task = shown
    figure = plotting.plot_adaptation(MODEL, thetas, TASKS, task, alpha=0.05, steps=(0, 1, 4))
    assert [panel.get_title() for panel in figure.axes] == ["MAML", "Reptile"]
    for panel, theta in zip(figure.axes, thetas.values()):
        assert_allclose(line(panel, "support").get_xydata(), np.hstack([task.x_support[0], task.y_support[0]]))
        truth = line(panel, "truth").get_xydata()
        A, phi = task.parameters["amplitude"][0], task.parameters["phase"][0]
        assert_allclose(truth[:, 1], A * np.sin(truth[:, 0] - phi))
        assert truth[0, 0] == -5 and truth[-1, 0] == 5
        trajectory = tm.adapt(MODEL, theta, task.x_support[0], task.y_support[0], 0.05, 4)
        for label, k in (("before adaptation", 0), ("after 1 step", 1), ("after 4 steps", 4)):
            drawn = line(panel, label).get_xydata()
            assert_allclose(drawn[:, 1], MODEL.predict(trajectory[k], drawn[:, :1])[:, 0])
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    figure.savefig(tmp_path / "adaptation.png")


def test_a_step_size_may_be_given_for_each_method(shown):
    thetas, task = shown
    both = plotting.plot_adaptation(MODEL, thetas, TASKS, task, alpha={"MAML": 0.01, "Reptile": 0.05}, steps=(0, 2))
    for panel, name, alpha in zip(both.axes, thetas, (0.01, 0.05)):
        alone = plotting.plot_adaptation(MODEL, {name: thetas[name]}, TASKS, task, alpha=alpha, steps=(0, 2))
        assert_allclose(line(panel, "after 2 steps").get_ydata(), line(alone.axes[0], "after 2 steps").get_ydata())


def test_curves_draw_mean_and_median_of_every_method(shown, tmp_path):
    thetas, _ = shown
    curves = {name: tm.evaluate(MODEL, theta, TASKS, np.random.default_rng(0), 50, 5, steps=3)
              for name, theta in thetas.items()}
    figure = plotting.plot_curves(curves, "title")
    for name, curve in curves.items():
        assert_allclose(line(figure.axes[0], name).get_ydata(), curve.mean)
        assert_allclose(line(figure.axes[1], name).get_ydata(), curve.median)
    figure.savefig(tmp_path / "curves.png")


def test_training_draws_the_median_of_each_stretch(tmp_path):
    losses = {"MAML": np.arange(1.0, 11.0), "another": np.ones(3)}
    figure = plotting.plot_training(losses, points=5)
    assert_allclose(line(figure.axes[0], "MAML").get_xydata(), [[2, 1.5], [4, 3.5], [6, 5.5], [8, 7.5], [10, 9.5]])
    figure.savefig(tmp_path / "training.png")


def test_the_animation_has_a_frame_a_step(shown, tmp_path):
    thetas, task = shown
    animation = plotting.animate_adaptation(MODEL, thetas, TASKS, task, alpha=0.05, steps=2)
    animation.save(tmp_path / "adaptation.gif", writer="pillow")
    from PIL import Image

    for k in (2, 0):
        animation._func(k)
        for panel, theta in zip(animation._fig.axes, thetas.values()):
            trajectory = tm.adapt(MODEL, theta, task.x_support[0], task.y_support[0], 0.05, 2)
            drawn = panel.lines[-1].get_xydata()
            assert_allclose(drawn[:, 1], MODEL.predict(trajectory[k], drawn[:, :1])[:, 0])
    with Image.open(tmp_path / "adaptation.gif") as image:
        assert image.n_frames == 3


def test_every_method_has_its_own_colour_and_its_own_second_cue():
    styles = [plotting.STYLES[name] for name in ("MAML", "first-order MAML", "Reptile", "joint training")]
    for cue in ("color", "linestyle", "marker"):
        assert len({str(style[cue]) for style in styles}) == 4


@pytest.mark.parametrize("draw, word", [
    (lambda thetas, task: plotting.plot_adaptation(MODEL, {}, TASKS, task), "thetas has 0 entries"),
    (lambda thetas, task: plotting.plot_adaptation(MODEL, thetas, TASKS, task, steps=()), "steps 0"),
    (lambda thetas, task: plotting.plot_adaptation(MODEL, thetas, TASKS, task, steps=(-1, 2)), "steps[0]"),
    (lambda thetas, task: plotting.plot_adaptation(MODEL, {"MAML": np.ones((2, 25))}, TASKS, task), "thetas['MAML']"),
    (lambda thetas, task: plotting.plot_adaptation(MODEL, thetas, TASKS, tm.Batch(
        task.x_support, task.y_support, task.x_query, task.y_query)), "task has no parameters"),
    (lambda thetas, task: plotting.plot_curves({}), "curves is empty"),
    (lambda thetas, task: plotting.plot_training({"MAML": []}), "losses['MAML'] has shape (0,)")])
def test_nothing_to_draw_is_an_error_that_names_it(shown, draw, word):
    with pytest.raises(ValueError) as caught:
        draw(*shown)
    assert word in str(caught.value)


@pytest.mark.parametrize("task, found", [(TASKS.sample(np.random.default_rng(0), 2), "2 tasks"), ("a task", "str")])
def test_more_than_one_task_is_an_error(shown, task, found):
    with pytest.raises(ValueError, match=f"task is {found}; expected a Batch of one task"):
        plotting.plot_adaptation(MODEL, shown[0], TASKS, task)
