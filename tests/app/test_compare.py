"""The comparison: its table, its report, its folder, and how it is resumed."""

import json
import os
import platform
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from small_runs import SMALL, press_ctrl_c

import tinymeta as tm
from tinymeta.app import compare, held_out, seeds, tables
from tinymeta.app.command_line import main
from tinymeta.app.progress import Progress
from tinymeta.app.recipes import COMPARED, METHODS
from tinymeta.app.runs import load_run, load_runs
from tinymeta.training.evaluation import AdaptationCurve
from tinymeta.training.files import Claim


@pytest.fixture(autouse=True)
def no_figures(request, monkeypatch):
    """Drawing takes most of the time: only tests that ask for `figures` draw."""
    if "figures" not in request.fixturenames:
        monkeypatch.setattr(compare, "save_figures", lambda *arguments: ["adaptation.png"])
        monkeypatch.setattr(compare, "save_seeds_figures", lambda *arguments: None)


@pytest.fixture
def figures():
    pass


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    """So that tests can look into it, unless they say --jobs."""
    monkeypatch.setattr(compare, "cores", lambda: 1)


def test_the_comparison_prints_a_table_saves_figures_and_says_what_to_open(
        tmp_path, capsys, figures):
    assert main([*SMALL, "--output", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("quick: 12 iterations of 3 tasks with 10 + 10 points, for each method; "
                          "seed 0\n  MAML             trained in ")
    table = tables.curves_table(held_out.evaluate_runs(load_runs(
        [tmp_path / f"{name}.npz" for name in COMPARED]), 10), 10, 600)
    floor = held_out.least_squares_errors(load_run(tmp_path / "maml.npz").settings, 10)
    assert (f"{table}\nleast squares on (sin x, cos x), no learning: "
            f"mean {tables.short(floor.mean())}, largest {floor.max():.0e}\n") in out
    assert max(map(len, out.split("\n\n")[1].splitlines())) <= 80
    picture = tmp_path / "adaptation.png"
    assert out.endswith(f"  errors.png, training.png, adaptation.png, results.json, *.npz\n"
                        f"Open {picture} first; then run: python -m tinymeta check\n")
    for file in ("adaptation.png", "errors.png", "training.png"):
        assert (tmp_path / file).read_bytes().startswith(b"\x89PNG")


def in_json(value):
    """JSON has no infinities: here some tasks diverge."""
    return round(float(value), 4) if np.isfinite(value) else str(value)


def test_the_report_s_numbers_are_the_library_s_rounded_to_four_digits(tmp_path, monkeypatch):
    monkeypatch.setattr(Progress, "seconds", 1.2345)
    options = ["--output", str(tmp_path), "--seed", "3", "--protocol", "finn2017"]
    assert main([*SMALL, *options]) == 0
    report = json.loads((tmp_path / "results.json").read_text())
    rng, model = np.random.default_rng(3), tm.FastMLP([1, 6, 1])
    theta = model.init(rng, dtype=np.float32, scheme="he")
    *_, step = tm.meta_train(tm.MAML(model, 0.01), tm.SinusoidTasks(), theta, tm.Adam(0.001), 12,
                             rng, 3, 10, 10)
    assert list(report["shots"]) == ["5", "10"]
    for shots, rows in report["shots"].items():
        assert list(rows) == [METHODS[name].label for name in COMPARED] + ["least squares"]
        curve = tm.evaluate(model, step.theta, tm.SinusoidTasks(),
                            np.random.default_rng([3, 600]), 600, int(shots))
        for key in ("mean", "ci95", "median", "n_diverged"):
            assert rows["MAML"][key] == [in_json(value) for value in getattr(curve, key)], key
        floor = held_out.least_squares_errors(
            load_run(tmp_path / "maml.npz").settings, int(shots))
        assert rows["least squares"] == {"mean": [floor.mean()], "largest": [floor.max()]}
        assert len(rows["oracle"]["mean"]) == 1
    assert report["shots"]["5"]["MAML"]["mean"][-1] == "inf"
    del report["shots"]
    assert report == {"protocol": "finn2017", "seed": 3, "iterations": 12,
                      "seconds": dict.fromkeys(COMPARED, 1.23), "tinymeta": tm.__version__,
                      "numpy": np.__version__, "python": platform.python_version()}


def test_the_figures_show_the_last_number_of_shots(tmp_path, monkeypatch):
    found = []
    monkeypatch.setattr(compare, "save_figures", lambda *all: found.append(all) or [])
    assert main([*SMALL, "--protocol", "finn2017", "--shots", "7", "--output", str(tmp_path)]) == 0
    [(runs, curves, shots, folder)] = found
    assert (shots, folder) == (10, str(tmp_path))
    assert list(runs) == list(curves) == [METHODS[name].label for name in COMPARED]
    expected = held_out.evaluate_runs(runs, 10)
    for name, curve in curves.items():
        assert_array_equal(curve.errors, expected[name].errors)


def test_the_plan_is_kept_with_what_was_asked(tmp_path):
    assert main([*SMALL, "--max-norm", "0", "--output", str(tmp_path)]) == 0
    plan = json.loads((tmp_path / "compare.json").read_text())
    assert plan == {"protocol": "quick", "overrides": {
        "iterations": 12, "n_tasks": 3, "widths": [1, 6, 1], "max_norm": 0.0}}


def test_the_oracle_may_be_compared_alone(tmp_path, capsys, figures):
    assert main([*SMALL, "--methods", "oracle", "--output", str(tmp_path)]) == 0
    rows = json.loads((tmp_path / "results.json").read_text())["shots"]["10"]
    assert list(rows) == ["oracle", "least squares"]
    assert f"Open {tmp_path / 'errors.png'} first" in capsys.readouterr().out


def test_several_seeds_are_each_what_that_seed_alone_is(tmp_path, capsys, figures):
    options = [*SMALL, "--methods", "maml", "oracle", "--output"]
    assert main(["compare", "--seeds", "0", "3", *options, str(tmp_path / "all")]) == 0
    out = capsys.readouterr().out
    assert "for each method; seeds 0, 3\n" in out and "  MAML, seed 3     trained in" in out
    alone = []
    for seed in ("0", "3"):
        folder = tmp_path / seed
        assert main(["compare", "--seed", seed, *options, str(folder)]) == 0
        alone.append(json.loads((folder / "results.json").read_text()))
        for name in ("maml", "oracle"):
            one, other = (load_run(path).checkpoint.theta for path in
                          (folder / f"{name}.npz", tmp_path / "all" / f"{name}-seed{seed}.npz"))
            assert_array_equal(one, other)
    report = json.loads((tmp_path / "all" / "results.json").read_text())
    assert report["seeds"] == [0, 3] and len(report["seconds"]["maml"]) == 2
    assert report["shots"]["10"] == {
        name: [one["shots"]["10"][name] for one in alone] for name in report["shots"]["10"]}
    curves = {METHODS[name].label: [
        held_out.evaluate_runs(load_runs([tmp_path / "all" / f"{name}-seed{seed}.npz"]), 10)[
            METHODS[name].label] for seed in (0, 3)] for name in ("maml", "oracle")}
    assert tables.seeds_table(curves, 10, 600) in out
    for file in ("adaptation.png", "errors.png", "training.png"):
        assert (tmp_path / "all" / file).read_bytes().startswith(b"\x89PNG")
    assert main(["--resume", str(tmp_path / "all")]) == 0
    assert json.loads((tmp_path / "all" / "results.json").read_text())["shots"] == report["shots"]


def test_the_figures_of_seeds_show_the_median_and_the_range_as_a_band(
        tmp_path, monkeypatch, figures):
    drawn = {}
    monkeypatch.setattr(compare, "save_figures", lambda *arguments: [])
    monkeypatch.setattr(seeds, "save_whole", lambda figures, output: drawn.update(figures))
    options = [*SMALL, "--methods", "maml", "oracle", "--seeds", "3", "--output", str(tmp_path)]
    assert main(["compare", *options]) == 0
    curves = [held_out.evaluate_runs({"MAML": load_run(tmp_path / f"maml-seed{seed}.npz")}, 10)
              ["MAML"] for seed in range(3)]
    for panel, kind in zip(drawn["errors.png"].axes, ("mean", "median")):
        values = np.sort([getattr(curve, kind) for curve in curves], axis=0)
        line, level = panel.lines
        assert line.get_label() == "MAML" and level.get_label() == "oracle"
        assert_array_equal(line.get_ydata(), values[1])
        band = panel.collections[0].get_paths()[0].vertices
        for k in range(11):
            there = band[band[:, 0] == k, 1]
            assert (there.min(), there.max()) == (values[0, k], values[2, k])
        assert list(level.get_xdata()) == [0, 10]
        assert (panel.get_title(), panel.get_yscale()) == (f"{kind} over tasks", "log")
    assert drawn["errors.png"].axes[0].get_ylabel() == "query mean squared error"
    for name, words in (("errors.png", "10-shot, 3 seeds"), ("training.png", "meta-training")):
        [title] = drawn[name].texts
        assert title.get_text() == f"{words}: median and range over seeds"
    losses = np.sort([load_run(tmp_path / f"maml-seed{seed}.npz").checkpoint.losses
                      for seed in range(3)], axis=0)
    line = drawn["training.png"].axes[0].lines[0]
    assert_array_equal(line.get_ydata(), losses[1])
    assert line.get_marker() == ""


def test_a_seed_that_diverges_leaves_the_panels_of_seeds(monkeypatch):
    drawn, errors = {}, np.array([[2.0, 4.0], [1.0, 1e9]])  # (S + 1, T)
    monkeypatch.setattr(seeds, "save_whole", lambda figures, output: drawn.update(figures))
    runs = [SimpleNamespace(checkpoint=SimpleNamespace(losses=np.ones(n))) for n in (5, 3)]
    curve = AdaptationCurve(errors, errors > 100)
    of_seeds = {seed: {"MAML": run} for seed, run in enumerate(runs)}
    seeds.save_seeds_figures(of_seeds, {"MAML": [curve, curve]}, 5, "mean squared error", "")
    assert drawn["errors.png"].axes[0].get_ylim()[1] == 3e3
    assert drawn["training.png"].axes[0].lines[0].get_xdata().tolist() == [1, 2, 3]
    seeds.save_seeds_figures(of_seeds, {"MAML": [curve, curve]}, 5, "accuracy", "")
    assert drawn["errors.png"].axes[0].get_yscale() == "linear"
    curve = AdaptationCurve(errors * np.inf, errors > 0)  # nothing that can be drawn
    seeds.save_seeds_figures(of_seeds, {"MAML": [curve, curve]}, 5, "mean squared error", "")
    assert drawn["errors.png"].axes[0].get_yscale() == "linear"


# Resuming.


def test_a_resumed_comparison_ends_with_the_same_numbers(tmp_path, capsys, monkeypatch):
    whole, cut = tmp_path / "whole", tmp_path / "c ut"
    assert main([*SMALL, "--n-tasks", "1", "--output", str(whole)]) == 0
    assert "12 iterations of 1 task with" in capsys.readouterr().out
    with monkeypatch.context() as context:
        press_ctrl_c(context, 17)  # in the second method
        assert main([*SMALL, "--n-tasks", "1", "--output", str(cut)]) == 130
    assert capsys.readouterr().err.endswith(
        f"interrupted after 5 iterations, kept in {cut / 'fomaml.npz'}\n"
        f"go on with: python -m tinymeta --resume '{cut}'\n")
    assert sorted(os.listdir(cut)) == ["compare.json", "fomaml.npz", "maml.npz"]  # no lock
    assert main(["--resume", str(cut)]) == 0
    reports = [json.loads((folder / "results.json").read_text()) for folder in (whole, cut)]
    assert reports[0]["shots"] == reports[1]["shots"]
    # Once more: nothing is trained anew, and the times are kept.
    assert main(["--resume", str(cut)]) == 0
    again = json.loads((cut / "results.json").read_text())
    assert again["shots"] == reports[1]["shots"]
    assert all(again["seconds"][name] >= reports[1]["seconds"][name] for name in COMPARED)


def test_a_plan_with_a_number_that_is_no_whole_one_is_written_anew(tmp_path, capsys):
    command = ["compare", *SMALL, "--methods", "maml", "--jobs", "1", "--output", str(tmp_path)]
    assert main(command) == 0
    plan = (tmp_path / "compare.json").read_text()
    (tmp_path / "compare.json").write_text(plan.replace('"iterations": 12', '"iterations": 12.0'))
    assert main(["--resume", str(tmp_path)]) == 1
    assert main(command) == 0 and "damaged, and written anew" in capsys.readouterr().err
    assert (tmp_path / "compare.json").read_text() == plan


def test_a_comparison_whose_folder_was_taken_over_reports_nothing(tmp_path, capsys, monkeypatch):
    claims = []

    def take_over(*_):
        (tmp_path / "compare.json.lock").unlink()
        claims.append(Claim(tmp_path / "compare.json"))
        return np.ones(3)

    monkeypatch.setattr(compare, "least_squares_errors", take_over)
    assert main([*SMALL, "--output", str(tmp_path)]) == 1
    assert "is no longer this run's" in capsys.readouterr().err
    assert not (tmp_path / "results.json").exists()


def test_ctrl_c_during_the_evaluation_loses_nothing(tmp_path, capsys, monkeypatch):
    def press(*arguments):
        raise KeyboardInterrupt
    monkeypatch.setattr(compare, "least_squares_errors", press)
    assert main([*SMALL, "--output", str(tmp_path)]) == 130
    assert capsys.readouterr().err.endswith(
        f"\ninterrupted; all that was trained is kept in {tmp_path}\n"
        f"go on with: python -m tinymeta --resume {tmp_path}\n")
    assert len(list(tmp_path.glob("*.npz"))) == 5 and not (tmp_path / "results.json").exists()


@pytest.mark.parametrize("seeds", [[], ["--seeds", "2"]], ids=["one seed", "two seeds"])
@pytest.mark.parametrize("jobs", "12")
def test_the_others_go_on_where_a_method_diverges(jobs, seeds, tmp_path, capsys):
    options = ["--alpha", "1e3", "--inner-steps", "20", "--output", str(tmp_path), *seeds,
               "--methods", "maml", "joint", "--jobs", jobs]
    for command in (["compare", *SMALL, *options], ["--resume", str(tmp_path), "--jobs", jobs]):
        assert main(command) == 1
        out, err = capsys.readouterr()
        assert "joint training" in out and "MAML " not in out.replace("MAML,", "")
        label, file = ("MAML, seed 1", "maml-seed1.npz") if seeds else ("MAML", "maml.npz")
        assert f"error: {label}: meta-training diverged at iteration " in err
        assert f"The last good parameters are in {tmp_path / file}.\n" in err
        assert err.endswith("not in the table, as a training ended with an error: MAML\n")
    report = json.loads((tmp_path / "results.json").read_text())
    assert list(report["seconds"]) == ["joint"] and "MAML" not in report["shots"]["10"]
    assert "diverged at iteration" in report["errors"][label]


def test_a_method_of_which_one_seed_diverges_is_not_in_the_table(tmp_path, capsys, monkeypatch):
    train_all = compare.train_all

    def one_diverges(*arguments):
        runs, end = train_all(*arguments)
        runs["MAML, seed 1"] = runs["MAML, seed 1"]._replace(error=ArithmeticError("it diverged"))
        return runs, end

    monkeypatch.setattr(compare, "train_all", one_diverges)
    options = ["--methods", "maml", "joint", "--jobs", "1", "--seeds", "2", "--output"]
    assert main(["compare", *SMALL, *options, str(tmp_path)]) == 1
    report = json.loads((tmp_path / "results.json").read_text())
    assert report["errors"] == {"MAML, seed 1": "it diverged"} and "maml" not in report["seconds"]
    assert capsys.readouterr().err.endswith("a training ended with an error: MAML\n")


def test_where_all_methods_diverge_there_is_no_table(tmp_path, capsys):
    options = ["--alpha", "1e3", "--inner-steps", "20", "--methods", "maml", "--jobs", "1"]
    assert main(["compare", *SMALL, *options, "--output", str(tmp_path)]) == 1
    assert "held-out" not in capsys.readouterr().out and not (tmp_path / "results.json").exists()


@pytest.mark.parametrize("option", [["--seed", "0"], ["--protocol", "quick"], ["--output", "x"]])
def test_no_settings_may_be_given_beside_resume(option, tmp_path, capsys):
    assert main([*SMALL, "--output", str(tmp_path)]) == 0
    assert main(["--resume", str(tmp_path), *option]) == 2
    assert "give no others beside it" in capsys.readouterr().err


@pytest.mark.parametrize("content", [
    "{", "[1]", '"quick"',
    '{"protocol": "quick", "overrides": {"alpha": "x"}}', None,
    '{"protocol": "quick", "overrides": {"colour": 1}}', "null",
    '{"protocol": "quick", "overrides": {}, "seeds": []}',
    '{"protocol": "quick", "overrides": {}, "methods": ["maml", "maml"]}',
    '{"protocol": "quick", "overrides": {}, "seeds": [0, 0]}',
    '{"protocol": "quick", "overrides": {}, "seeds": [[0]]}',
    pytest.param("[" * 200_000, id="brackets within brackets")])
def test_a_damaged_plan_is_an_error(content, tmp_path, capsys):
    if content is not None:
        (tmp_path / "compare.json").write_text(content)
    assert main(["--resume", str(tmp_path)]) == 1
    path, err = tmp_path / "compare.json", capsys.readouterr().err
    assert f"no comparison to go on with in {path} (" in err and "unhashable" not in err


@pytest.mark.parametrize("name", ["alpha", "widths", "shots", "loss", "seed", "tasks", "held_out"])
def test_a_null_in_a_plan_is_told(name, tmp_path, capsys):
    plan = {"protocol": "quick", "overrides": {name: None}}
    (tmp_path / "compare.json").write_text(json.dumps(plan))
    assert main(["--resume", str(tmp_path)]) == 1
    assert f"{name} is None; expected" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", None, '{"protocol": "qui', (": 12", ': "12"')],
                         ids=["empty", "none", "half", "text"])
@pytest.mark.parametrize("seeds", [[], ["--seeds", "2"]], ids=["one seed", "two"])
def test_runs_beside_a_damaged_plan_are_gone_on_with_by_the_same_command(
        content, seeds, tmp_path, capsys):
    options = ["compare", *SMALL, *seeds, "--methods", "maml", "joint", "--jobs", "1", "--output"]
    plan, folder = tmp_path / "run" / "compare.json", str(tmp_path / "run")
    assert main([*options, folder]) == 0
    before = plan.read_text(), capsys.readouterr().out.partition("shot")[2]
    for path in plan.parent.glob("joint*"):
        path.unlink()
    if content is None:
        plan.unlink()
    else:
        plan.write_text(content if isinstance(content, str) else before[0].replace(*content))
    assert main(["--resume", folder]) == 1
    assert "the command that began it, with that --output, writes" in capsys.readouterr().err
    for other in (["--alpha", "0.5"], ["--activation", "tanh"]):
        assert main([*options, folder, *other]) == 1
    assert main([*options, folder]) == 0
    printed = capsys.readouterr()
    assert (plan.read_text(), printed.out.partition("shot")[2]) == before
    assert "and written anew: the runs in" in printed.err


def test_what_a_killed_comparison_left_beside_a_damaged_plan_does_not_matter(tmp_path, capsys):
    options = ["compare", *SMALL, "--methods", "maml", "--output", str(tmp_path)]
    assert main(options) == 0
    assert main(["plot", str(tmp_path / "maml.npz"), "--format", "pdf", "--output",
                 str(tmp_path)]) == 0
    for name in ("compare.json", "maml.npz.lock", "maml.npz.0a1b2c3d.tmp"):
        (tmp_path / name).write_text("")
    assert main(options) == 0 and "and written anew" in capsys.readouterr().err


def test_runs_beside_foreign_files_without_a_plan_are_left_alone(tmp_path, capsys):
    options = ["compare", *SMALL, "--methods", "maml", "--output", str(tmp_path)]
    assert main(options) == 0
    (tmp_path / "compare.json").unlink()
    (tmp_path / "thesis.tex").write_text("years of work")
    assert main(options) == 1
    assert "is not empty, and holds no comparison" in capsys.readouterr().err


# The folder.


def test_a_comparison_s_folder_is_its_own(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("years of work")
    assert main([*SMALL, "--output", str(tmp_path)]) == 1
    assert "is not empty, and holds no comparison; choose" in capsys.readouterr().err
    mine = str(tmp_path / "mine")
    assert main([*SMALL, "--output", mine]) == 0
    assert main([*SMALL, "--output", mine]) == 0  # the same again is resumed
    assert main([*SMALL, "--output", mine, "--seed", "5", "--shots", "9"]) == 1
    assert capsys.readouterr().err.endswith(
        f"error: {mine} holds another comparison (seed 0 there, 5 here; shots not given there, "
        f"9 here); choose another --output\n")
    assert sorted(os.listdir(tmp_path)) == ["mine", "thesis.tex"]


def test_the_same_runs_asked_for_in_other_words_go_on_in_the_same_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = [*SMALL, "--methods", "maml"]
    for same in ([], ["--seed", "0"], ["--seeds", "1"]):
        assert main([*options, *same]) == 0
        [folder] = os.listdir("results")
        assert sorted(os.listdir(f"results/{folder}")) == ["compare.json", "maml.npz",
                                                           "results.json"]


def test_wrong_settings_make_no_folder(tmp_path, capsys):
    assert main(["--alpha", "-1", "--output", str(tmp_path / "new")]) == 2
    assert not (tmp_path / "new").exists()
