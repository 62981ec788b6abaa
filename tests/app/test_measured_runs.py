"""Measured curves from a file to figures, by the commands alone."""

import hashlib
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import tinymeta as tm
from tinymeta.app.command_line import main
from tinymeta.app.held_out import held_out_tasks, tasks_at_test
from tinymeta.app.runs import load_run
from tinymeta.app.settings import build

FEW = ["--iterations", "6", "--n-tasks", "3", "--shots", "4", "--queries", "4"]


def write(path, prefix="s", n=8, level=100.0, classes=False):
    rng = np.random.default_rng(0)
    lines = ["station,hour,degrees" if not classes else "who,cm,g,ripe"]
    for i in range(n):
        for _ in range(20 + i):
            x = rng.uniform(0, 24, 2).round(2)
            if classes:
                lines.append(f"{prefix}{i},{x[0]},{1000 * x[1]},{int(x[0] > x[1])}")
            else:
                lines.append(f"{prefix}{i},{x[0]},{level + i + x[0] / 5:.2f}")
    path.write_text("\n".join(lines))
    return str(path)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own, with a file of eight curves."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "curves.csv")
    return tmp_path


def test_three_commands_lead_from_a_file_to_its_figures(here, capsys):
    assert main(["compare", "--tasks", "curves.csv", *FEW]) == 0
    printed = capsys.readouterr().out
    assert "4-shot, 600 held-out tasks: mean squared error of degrees" in printed
    assert "drawn from the 2 curves held out (" in printed and "not over curves" in printed
    folder = next((here / "results").glob("measured-taskscurves-*"))
    files = [str(folder / f"{name}.npz") for name in ("maml", "reptile")]
    assert main(["evaluate", str(folder / "*.npz"), "--shots", "2"]) == 0  # as on Windows
    assert "Reptile" in capsys.readouterr().out
    for format, start in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")):
        assert main(["plot", *files, "--format", format, "--scale", "1.5"]) == 0
        for name in ("adaptation", "errors", "training"):
            assert (folder / "figures" / f"{name}.{format}").read_bytes().startswith(start)
    curves = json.loads((folder / "results.json").read_text())["shots"]["4"]
    assert list(curves) == ["MAML", "first-order MAML", "Reptile", "joint training"]


def test_the_settings_name_the_file_by_its_content_and_hold_the_scales_of_training(here):
    assert main(["train", "--tasks", "curves.csv", *FEW, "--output", "run"]) == 0
    settings = load_run("run/maml.npz").settings
    digest = hashlib.sha256((here / "curves.csv").read_bytes()).hexdigest()
    assert (settings.file, settings.content, settings.held_out) == ("curves.csv", digest, 2)
    train, held_out = build(settings).tasks, tasks_at_test(settings)
    assert sorted(train.names + held_out.names) == [f"s{i}" for i in range(8)]
    assert_array_equal(train.scales, train.standardized().scales)
    assert_array_equal(held_out.scales, train.scales)
    assert set(held_out_tasks(settings, 4).parameters["curve"]) == set(held_out.names)


def test_a_file_that_was_moved_is_known_by_its_content(here, capsys):
    assert main(["train", "--tasks", "curves.csv", *FEW, "--output", "run"]) == 0
    assert main(["evaluate", "run/maml.npz"]) == 0
    before = capsys.readouterr().out.split("\n4-shot")[-1]
    (here / "curves.csv").rename(here / "moved.csv")
    assert main(["evaluate", "run/maml.npz"]) == 1
    assert "run/maml.npz was trained on curves.csv: no such file" in capsys.readouterr().err
    assert main(["evaluate", "run/maml.npz", "--tasks", "moved.csv"]) == 0
    assert capsys.readouterr().out.split("\n4-shot")[-1] == before
    assert main(["train", "--resume", "run/maml.npz", "--tasks", "moved.csv"]) == 0
    assert main(["train", "--tasks", "moved.csv", *FEW, "--output", "run"]) == 0
    capsys.readouterr()
    write(here / "curves.csv", level=3.0)
    assert main(["plot", "run/maml.npz", "--tasks", "moved.csv"]) == 0
    assert main(["evaluate", "run/maml.npz", "--tasks", "moved.csv"]) == 0
    assert main(["train", "--tasks", "curves.csv", *FEW, "--output", "run"]) == 1
    assert "the content of curves.csv " in capsys.readouterr().err


def test_a_comparison_goes_on_from_the_same_curves_elsewhere_but_not_from_others(here, capsys):
    command = [*FEW, "--methods", "maml", "--output", "run"]
    assert main(["compare", "--tasks", "curves.csv", *command]) == 0
    (here / "curves.csv").rename(here / "moved.csv")
    assert main(["compare", "--tasks", "moved.csv", *command]) == 0
    assert main(["--resume", "run"]) == 1
    err = capsys.readouterr().err
    assert "--tasks says where the file of curves is, or, for new training, names" in err
    assert "anew" not in err
    assert main(["--resume", "run", "--tasks", "moved.csv"]) == 0
    write(here / "curves.csv", level=3.0)
    assert main(["compare", "--tasks", "curves.csv", *command]) == 1
    err = capsys.readouterr().err
    digits = "[0-9a-f]{12}…"
    assert re.search(rf"run holds another comparison .the content of curves.csv {digits} there, "
                     rf"{digits} here.;", err)
    assert main(["--resume", "run", "--tasks", "curves.csv"]) == 1
    assert "no comparison to go on with" in (err := capsys.readouterr().err) and "anew" not in err


def test_other_columns_than_those_of_the_training_are_told(here, capsys):
    assert main(["train", "--tasks", "curves.csv", *FEW, "--output", "run"]) == 0
    write(here / "other.csv", level=3.0)
    text = (here / "other.csv").read_text()
    (here / "other.csv").write_text(text.replace("hour", "minute"))
    for name, told in (("curves", 0), ("other", 1)):
        capsys.readouterr()
        assert main(["evaluate", "run/maml.npz", "--tasks", f"{name}.csv"]) == 0
        words = "has the columns minute, degrees; MAML was trained on hour, degrees"
        assert capsys.readouterr().err.count(words) == told


def test_every_method_s_network_takes_as_many_x_as_the_file_has(here):
    write(here / "two.csv", classes=True)
    command = [*FEW, "--tasks", "two.csv", "--loss", "logistic"]
    assert main(["compare", *command, "--methods", "maml", "memory"]) == 0
    folder, = Path("results").iterdir()
    widths = [load_run(folder / f"{name}.npz").settings.widths for name in ("maml", "memory")]
    assert widths == [(2, 40, 40, 1), (2, 40, 1)]


def test_other_curves_are_all_held_out_and_standardised_as_those_of_training(here, capsys):
    assert main(["train", "--tasks", "curves.csv", *FEW, "--output", "run"]) == 0
    other = write(here / "other.csv", "new", n=3, level=500.0)
    capsys.readouterr()
    assert main(["evaluate", "run/maml.npz", "--tasks", other]) == 0
    assert f"drawn from the 3 curves in {other} (new0, new1, new2)" in capsys.readouterr().out
    settings = load_run("run/maml.npz", other).settings
    assert settings.scales == load_run("run/maml.npz").settings.scales
    assert held_out_tasks(settings, 4).y_query.mean() > 100  # far from what was trained on
    (here / "short.csv").write_text("c,x,y\na,1,2\na,4,5\na,7,8\n")
    assert main(["evaluate", "run/maml.npz", "--tasks", "short.csv"]) == 1
    assert "short.csv: curve 'a' has 3 points; expected at least 8: give fewer --shots, or" in (
        capsys.readouterr().err)
    assert main(["train", "--tasks", other, *FEW, "--output", "other"]) == 0
    assert main(["evaluate", "run/maml.npz", "other/maml.npz"]) == 2
    assert "trained on different tasks" in capsys.readouterr().err
    (here / "wide.csv").write_text("c,x1,x2,y\na,1,2,3\na,4,5,6\n")
    assert main(["plot", "run/maml.npz", "--tasks", "wide.csv"]) == 1
    assert "wide.csv has 3 columns beside the curve's; expected 2, as" in capsys.readouterr().err
    assert main(["train", "--resume", "run/maml.npz", "--tasks", other]) == 2
    assert "holds other curves than run/maml.npz was trained on" in capsys.readouterr().err
    (here / "curves.csv").write_text((here / "other.csv").read_text())
    assert main(["plot", "run/maml.npz"]) == 1
    assert "curves.csv holds other curves than the run was trained on" in capsys.readouterr().err


def test_curves_of_the_training_in_another_file_are_not_held_out(here, capsys):
    """The same curves, saved anew with other line ends."""
    assert main(["train", "--tasks", "curves.csv", *FEW, "--output", "run"]) == 0
    text = (here / "curves.csv").read_text()
    (here / "again.csv").write_text(text.replace("\n", "\r\n"))
    assert main(["evaluate", "run/maml.npz", "--tasks", "again.csv"]) == 1
    assert "which the run was trained on; expected curves.csv itself" in capsys.readouterr().err
    (here / "curves.csv").unlink()
    assert main(["evaluate", "run/maml.npz", "--tasks", "again.csv"]) == 0
    assert "see that none of these curves is there" in capsys.readouterr().out


def test_rows_that_are_no_points_are_counted(here, capsys):
    with open("curves.csv", "a") as file:
        file.write("\ns0,NA,3\ns1,2,")
    assert main(["train", "--tasks", "curves.csv", *FEW]) == 0
    assert "2 rows without a number" in capsys.readouterr().out


def test_seeds_hold_out_the_same_curves_and_are_compared_in_one_command(here, capsys):
    command = ["--tasks", "curves.csv", *FEW, "--methods", "maml", "--output", "run"]
    assert main(["compare", *command, "--seeds", "2", "--held-out", "7"]) == 0
    printed = capsys.readouterr().out
    runs = [load_run(f"run/maml-seed{seed}.npz") for seed in (0, 1)]
    assert tasks_at_test(runs[0].settings).names == tasks_at_test(runs[1].settings).names
    assert not np.array_equal(runs[0].checkpoint.theta, runs[1].checkpoint.theta)
    assert "mean squared error of degrees" in printed
    assert re.search(r"from the 7 curves held out \((s\d, ){6}…\)", printed)


def test_classes_in_a_file_are_told_apart_and_drawn_as_regions(here, capsys):
    write(here / "fruit.csv", classes=True)
    options = [*FEW, "--loss", "logistic", "--columns", "who", "g", "cm", "ripe"]
    assert main(["train", "--tasks", "fruit.csv", *options, "--output", "run"]) == 0
    assert "4-shot, 600 held-out tasks: accuracy" in capsys.readouterr().out
    settings = load_run("run/maml.npz").settings
    assert settings.widths == (2, 40, 40, 1) and settings.columns == ("who", "g", "cm", "ripe")
    assert set(held_out_tasks(settings, 4).y_query.ravel()) == {0.0, 1.0}
    assert main(["plot", "run/maml.npz", "--animate"]) == 0
    assert {path.name for path in (here / "run" / "figures").iterdir()} == {
        "adaptation.png", "adaptation.gif", "errors.png", "training.png"}


def test_numbers_over_a_plane_have_no_regions_to_draw(here, capsys):
    write(here / "fruit.csv", classes=True)
    options = [*FEW, "--columns", "who", "g", "ripe", "cm", "--methods", "maml"]
    assert main(["compare", "--tasks", "fruit.csv", *options, "--output", "run"]) == 0
    assert "Open run/errors.png first" in capsys.readouterr().out.replace("\\", "/")
    for option in (["--animate"], ["--task", "3"], ["--task", "0"]):
        assert main(["plot", "run/maml.npz", *option]) == 0
        assert f"{option[0]} changed nothing: these runs have no cu" in capsys.readouterr().err


def test_every_method_that_can_learns_from_measured_curves(here):
    methods = ["metasgd", "anil", "cavia", "ridge", "implicit", "memory", "joint"]
    assert main(["compare", "--tasks", "curves.csv", *FEW, "--methods", *methods]) == 0


def test_what_learns_from_support_sets_needs_one_point_more_to_be_judged_by(here):
    rows = [f"{name},{i},{i % 3}" for name in "abcd" for i in range(21)]
    (here / "exact.csv").write_text("\n".join(["s,hour,y", *rows]))
    options = ["--shots", "10", "--queries", "10", "--iterations", "2", "--n-tasks", "2"]
    for method in ("reptile", "joint", "maml"):
        assert main(["train", "--tasks", "exact.csv", *options, "--method", method]) == 0


@pytest.mark.parametrize("options, code, words", [
    ("--tasks none.csv", 1, "none.csv: no such file"),
    ("--tasks bad.csv", 1, "bad.csv, row 3, column hour is 'warm'; expected a finite number"),
    ("--tasks one.csv", 1, "one.csv has 1 curve; expected at least 2, one of them held out"),
    ("--tasks short.csv", 1, "short.csv: curve 'a' has 3 points; expected at least 21: give fewer"),
    ("--tasks held.csv --held-out 1", 1, "held.csv: curve 'c' has 5 points; expected at least 20"),
    ("--tasks huge.csv", 1, "huge.csv: column y has entries up to 2e+300; expected"),
    ("--tasks curves.csv --held-out 8", 2, "held_out is 8; expected less than 8"),
    ("--tasks curves.csv --columns a b c", 1, "curves.csv, row 1 has no column 'a'"),
    ("--tasks curves.csv --columns 1 2 3", 1, "curves.csv, row 1 has no column '1'; expected one "
     "of station, hour, degrees"),
    ("--tasks twice.csv --columns s hour y", 1, "twice.csv, row 1 has 2 columns 'y'; expected"),
    ("--tasks curves.csv --method oracle", 2, "measured have no two parameters to tell it"),
    ("--tasks curves.csv --loss softmax", 2, "loss is 'softmax'"),
    ("--protocol measured", 2, "tasks is 'measured' without a file; expected --tasks FILE.csv"),
    ("--tasks measured", 2, "tasks is 'measured' without a file")])
def test_a_file_that_cannot_be_is_named_before_anything_is_made(here, capsys, options, code, words):
    (here / "bad.csv").write_text("s,hour,y\na,1,2\na,warm,3\n")
    (here / "one.csv").write_text("s,hour,y\na,1,2\na,2,3\n")
    rows = [f"{name},{i},{i}" for name in "abc" for i in range(3)]
    (here / "twice.csv").write_text("\n".join(["s,hour,y,y", *(row + ",7" for row in rows)]))
    (here / "short.csv").write_text("\n".join(["s,hour,y", *rows]))
    held_out = [f"{name},{i},{i}" for name in "abcd" for i in range(5 if name == "c" else 21)]
    (here / "held.csv").write_text("\n".join(["s,hour,y", *held_out]))
    (here / "huge.csv").write_text("\n".join(["s,hour,y", *(row + "e300" for row in rows)]))
    assert main(["train", *options.split()]) == code
    assert words in capsys.readouterr().err and not (here / "results").exists()


def test_a_file_beside_a_run_on_another_family_is_refused(here, capsys):
    small = ["--iterations", "2", "--n-tasks", "2", "--widths", "1", "4", "1", "--output", "run"]
    assert main(["train", *small]) == 0
    assert main(["evaluate", "run/maml.npz", "--tasks", "curves.csv"]) == 1
    assert "trained on sinusoid; expected a run on measured curves" in capsys.readouterr().err


def test_ten_lines_of_python_do_the_same(here):
    tasks = tm.MeasuredTasks.from_csv("curves.csv")
    train, held_out = tasks.split(np.random.default_rng(0), held_out=2)
    train, held_out = train.standardized(), held_out.standardized(by=train.standardized())
    model, rng = tm.FastMLP([1, 10, 1], "tanh"), np.random.default_rng(0)
    method = tm.MAML(model, alpha=0.1)
    for step in tm.meta_train(method, train, model.init(rng), tm.Adam(0.01), 50, rng):
        pass
    curve = tm.evaluate(method, step.omega, held_out, rng, 50, metric=held_out.squared_error)
    assert curve.mean[10] < 0.5 * curve.mean[0]


def test_files_of_one_name_in_two_folders_have_folders_of_their_own(here, capsys):
    for folder, n in (("one", 8), ("two", 9)):
        (here / folder).mkdir()
        write(here / folder / "curves.csv", n=n)
        assert main(["train", "--tasks", os.path.join(folder, "curves.csv"), *FEW]) == 0
    assert len(os.listdir("results")) == 2
    (of_one,) = Path("results").glob("*one*")
    other = ["train", "--tasks", os.path.join("two", "curves.csv"), *FEW, "--output", str(of_one)]
    assert main(other) == 1
    words = "other settings (curves {} there, {} here)".format(
        *(os.path.join(folder, "curves.csv") for folder in ("one", "two")))
    assert words in capsys.readouterr().err


def test_files_whose_names_are_nearly_one_have_folders_of_their_own(here, capsys):
    for name in ("curves", "curves-alpha0.1.csv"):
        (here / name).write_text((here / "curves.csv").read_text())
    for options in (["curves.csv"], ["curves"], ["curves.csv", "--alpha", "0.1"],
                    ["curves-alpha0.1.csv"]):
        assert main(["train", *FEW, "--tasks", *options]) == 0
    assert len(os.listdir("results")) == 4


def test_a_mistyped_file_is_not_what_the_run_was_trained_on(here, capsys):
    assert main(["train", "--tasks", "curves.csv", *FEW, "--output", "run"]) == 0
    assert main(["evaluate", "run/maml.npz", "--tasks", "cruves.csv"]) == 1
    assert "error: tasks is cruves.csv: no such file" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["compare", "train"])
def test_a_wrong_label_of_any_curve_is_named_before_the_training(command, here, capsys):
    write(here / "classes.csv", classes=True)
    text = (here / "classes.csv").read_text()
    options = [*FEW, "--loss", "logistic", "--columns", "who", "cm", "ripe", "--output", "run"]
    for curve in ("s0", "s5"):  # one is held out
        (here / "wrong.csv").write_text(re.sub(rf"^({curve},.*),[01]$", r"\1,2", text, count=1,
                                               flags=re.MULTILINE))
        assert main([command, "--tasks", "wrong.csv", *options]) == 1
        words = f"wrong.csv: y of curve '{curve}' has entries from 0 to 2; expected 0 and 1"
        assert words in capsys.readouterr().err and not (here / "run").exists()


def test_a_plan_of_an_older_version_is_gone_on_with(here):
    """It does not say the columns' names."""
    command = ["compare", "--tasks", "curves.csv", *FEW, "--methods", "maml", "--output", "run"]
    assert main(command) == 0
    plan = json.loads((here / "run" / "compare.json").read_text())
    assert plan["overrides"].pop("names") == ["hour", "degrees"]
    (here / "run" / "compare.json").write_text(json.dumps(plan))
    assert main(command) == 0


@pytest.mark.parametrize("seeds", [[], ["--seeds", "2"]])
def test_a_column_s_dollars_are_no_formula(seeds, here, capsys):
    text = (here / "curves.csv").read_text().split("\n", 1)[1]
    (here / "dollars.csv").write_text(f"item,size,US$ # A$\n{text}")
    command = ["compare", "--tasks", "dollars.csv", *FEW, "--methods", "maml", "--output", "run"]
    assert main([*command, *seeds]) == 0
    assert "mean squared error of US$ # A$" in capsys.readouterr().out


def test_other_curves_whose_columns_stand_in_another_order_are_refused(here, capsys):
    header, text = (here / "curves.csv").read_text().split("\n", 1)
    curve, x, y = header.split(",")
    (here / "turned.csv").write_text(f"{curve},{y},{x}\n{text}")
    assert main(["train", "--tasks", "curves.csv", *FEW, "--output", "run"]) == 0
    assert main(["evaluate", "run/maml.npz", "--tasks", "turned.csv"]) == 1
    words = f"the columns ('{y}', '{x}'); expected the training's order, ('{x}', '{y}')"
    assert words in capsys.readouterr().err
    (here / "curves.csv").unlink()  # the run's settings know them
    assert main(["evaluate", "run/maml.npz", "--tasks", "turned.csv"]) == 1
    assert words in capsys.readouterr().err
