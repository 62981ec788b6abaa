"""The figures that the command line saves: which task, parameters, steps and seed they show."""

import io
import os
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal
from small_runs import trained

import tinymeta as tm
from tinymeta import plotting
from tinymeta.app import figures
from tinymeta.app.figures import save_figures
from tinymeta.app.held_out import evaluate_runs, held_out_tasks
from tinymeta.app.recipes import METHODS


@pytest.fixture
def saved(monkeypatch):
    """name of the file -> the Figure saved there; nothing is written."""
    found, last = {}, []
    monkeypatch.setattr(Figure, "savefig", lambda figure, file, **how: last.append(figure))

    def keep(path, write):
        write(io.BytesIO())
        found[os.path.basename(path)] = last.pop() if last else path
    monkeypatch.setattr(figures, "write_whole", keep)
    return found


@pytest.fixture
def runs(tmp_path):
    """Three runs of two seeds and two step sizes; the oracle, the first, is not adapted."""
    return {"oracle": trained(tmp_path, "oracle", seed=3),
            "MAML": trained(tmp_path, "maml", alpha=0.02, eval_steps=6),
            "Reptile": trained(tmp_path, "reptile", seed=1)}


def line(panel, label):
    return next(line for line in panel.lines if line.get_label() == label)


def shows(panel, task, run, alpha, steps):
    """The panel shows the task, and the run's θ adapted to it by plain gradient descent."""
    x, y = task.x_support[0], task.y_support[0]
    assert_array_equal(line(panel, "support").get_xydata(), np.hstack([x, y]))
    model = tm.FastMLP([1, 6, 1])
    trajectory = tm.adapt(model, run.checkpoint.theta, x, y, alpha, max(steps.values()))
    for label, k in steps.items():
        grid, drawn = line(panel, label).get_data()
        expected = model.predict(trajectory[k], grid[:, np.newaxis])[:, 0]
        assert_allclose(drawn, expected, rtol=1e-4, atol=1e-5)


def test_the_figures_show_one_task_of_the_first_run_s_seed_as_each_run_adapts(runs, saved):
    curves = evaluate_runs(runs, 5)
    names = save_figures(runs, curves, 5, "there")
    assert names == list(saved) == ["errors.png", "training.png", "adaptation.png"]
    panels = saved["adaptation.png"].axes
    assert [panel.get_title() for panel in panels] == ["MAML", "Reptile"]
    before = curves["MAML"].errors[0]
    average = np.argmin(np.abs(before - before.mean()))
    task = held_out_tasks(runs["MAML"].settings, 5, seed=3)[average]
    steps = {"before adaptation": 0, "after 1 step": 1, "after 6 steps": 6}
    for panel, name, alpha in zip(panels, ("MAML", "Reptile"), (0.02, 0.01)):
        shows(panel, task, runs[name], alpha, steps)
        assert len(panel.lines) == 5


def test_the_test_s_own_seed_step_size_and_task_are_shown(runs, saved):
    curves = evaluate_runs(runs, 4, 0.03, 2, 8)
    save_figures(runs, curves, 4, "there", alpha=0.03, seed=8, task=599)
    task = held_out_tasks(runs["MAML"].settings, 4, 600, 8)[599]
    for panel, name in zip(saved["adaptation.png"].axes, ("MAML", "Reptile")):
        shows(panel, task, runs[name], 0.03, {"before adaptation": 0, "after 2 steps": 2})


def test_errors_and_training_show_every_run(runs, saved):
    curves = evaluate_runs(runs, 5)
    save_figures(runs, curves, 5, "there")
    left = saved["errors.png"].axes[0]
    assert [text.get_text() for text in saved["errors.png"].texts] == ["5-shot"]
    for name, run in runs.items():
        assert line(left, name).get_ydata()[0] == curves[name].mean[0]
        drawn = line(saved["training.png"].axes[0], name).get_xydata()
        assert_allclose(drawn, np.transpose([np.arange(1, 13), run.checkpoint.losses]))


@pytest.mark.parametrize("steps, labels", [
    (0, ["before adaptation"]), (1, ["before adaptation", "after 1 step"])])
def test_few_steps_are_drawn_once_each(steps, labels, runs, saved):
    save_figures(runs, evaluate_runs(runs, 5, steps=steps), 5, "there")
    assert [each.get_label() for each in saved["adaptation.png"].axes[0].lines] == [
        "truth", *labels, "support"]


def test_an_oracle_alone_has_no_adaptation_to_show(runs, saved):
    oracle = {"oracle": runs["oracle"]}
    names = save_figures(oracle, evaluate_runs(oracle, 5), 5, "there", animate=True)
    assert names == list(saved) == ["errors.png", "training.png"]


def test_errors_of_classes_are_accuracies(tmp_path, saved):
    run = trained(tmp_path, tasks="moons", loss="logistic", widths=(2, 6, 1))
    save_figures({"MAML": run}, evaluate_runs({"MAML": run}, 5), 5, "there")
    assert saved["errors.png"].axes[0].get_ylabel() == "query accuracy"


@pytest.mark.parametrize("scale", [1, 2])
def test_figures_are_files_of_150_dots_an_inch_and_the_animation_one_too(scale, runs, tmp_path):
    Image = pytest.importorskip("PIL.Image")
    maml = {"MAML": runs["MAML"]}
    curves = evaluate_runs(maml, 5, steps=2)
    names = save_figures(maml, curves, 5, str(tmp_path), animate=True, scale=scale)
    assert names == ["errors.png", "training.png", "adaptation.png", "adaptation.gif"]
    for name in names[:3]:
        with Image.open(tmp_path / name) as image:
            assert_allclose(image.info["dpi"], (150 * scale, 150 * scale), atol=0.1)
    with Image.open(tmp_path / "adaptation.gif") as image:
        assert image.n_frames == 3


def test_the_animation_shows_the_same_task_and_runs(runs, saved, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    os.mkdir("there")
    found = []

    class Animation:
        def save(self, path, writer):
            path.write_bytes(b"GIF")
            found.append((path.name, writer))

    def animate(*shown, steps, scale):
        found.append((shown, steps))
        return Animation()

    monkeypatch.setattr(plotting, "animate_adaptation", animate)
    save_figures(runs, evaluate_runs(runs, 5), 5, "there", task=7, animate=True)
    ((methods, thetas, tasks, task), steps), (path, writer) = found
    assert (steps, path, writer) == (6, "animation.gif", "pillow")
    assert saved["adaptation.gif"] == os.path.join("there", "adaptation.gif")
    assert [method.alpha for method in methods.values()] == [0.02, 0.01]
    assert_array_equal(thetas["Reptile"], runs["Reptile"].checkpoint.theta)
    expected = held_out_tasks(runs["MAML"].settings, 5, seed=3)[7]
    assert_array_equal(task.x_support, expected.x_support)


@pytest.mark.parametrize("change", [{"widths": (1, 7, 1)}, {"activation": "tanh"}], ids=str)
def test_different_networks_stand_side_by_side(change, tmp_path, saved, monkeypatch):
    runs = {"a": trained(tmp_path), "b": trained(tmp_path, "joint", **change)}
    found = []

    def draw(*shown, steps, scale):
        found.extend(shown)
        return Figure()

    monkeypatch.setattr(plotting, "plot_adaptation", draw)
    save_figures(runs, evaluate_runs(runs, 5), 5, "there")
    for name, run in runs.items():
        assert found[0][name].model.widths == list(run.settings.widths)
        assert found[0][name].model.activation.name == run.settings.activation


@pytest.mark.parametrize("task, words", [(600, "task is 600; expected less than 600"),
                                         (-1, "task is -1")])
def test_a_task_that_there_is_not_is_an_error(task, words, runs, saved):
    with pytest.raises(ValueError, match=words):
        save_figures(runs, evaluate_runs(runs, 5), 5, "there", task=task)
    assert not saved


def test_every_method_has_a_style_of_its_own():
    assert {recipe.label for recipe in METHODS.values()} <= set(plotting.STYLES)


def test_a_full_disk_names_the_animation(tmp_path):
    def save(path, writer):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError) as caught:
        figures.save_gif(SimpleNamespace(save=save), tmp_path / "adaptation.gif")
    assert caught.value.filename == str(tmp_path / "adaptation.gif")
    assert not list(tmp_path.iterdir())
