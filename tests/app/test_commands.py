"""The commands train, evaluate and plot: options, folders, messages, exit codes."""

import errno
import io
import os
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from small_runs import SMALL, press_ctrl_c, small, trained

import tinymeta as tm
from tinymeta.app import commands, compare, folders, held_out
from tinymeta.app.command_line import main
from tinymeta.app.protocols import PROTOCOLS, finn2017, reptile2018
from tinymeta.app.recipes import METHODS, Recipe
from tinymeta.app.runs import load_run
from tinymeta.app.settings import build
from tinymeta.app.tables import curves_table

ROOT = Path(__file__).resolve().parents[2]


# Options.


class Asked(Exception):
    """Carries what `train` was asked for."""


def asked(monkeypatch, *arguments):
    """The Settings, and the file's path, that these arguments ask of `train`."""
    def stop(settings, path, more=False):
        Path(path).touch()
        raise Asked(settings, path)
    monkeypatch.setattr(commands, "train", stop)
    monkeypatch.setattr(compare, "train_all",
                        lambda runs, jobs, done: stop(*next(iter(runs.values()))))
    with pytest.raises(Asked) as found:
        main([*map(str, arguments)])
    return found.value.args


@pytest.mark.parametrize("option, value, found", [
    ("--shots", "7", lambda s, parts: str(parts.n_support)),
    ("--queries", "7", lambda s, parts: str(parts.n_query)),
    ("--inner-steps", "3", lambda s, parts: str(parts.method.steps)),
    ("--alpha", "0.05", lambda s, parts: str(parts.method.alpha)),
    ("--iterations", "7", lambda s, parts: str(s.iterations)),
    ("--n-tasks", "7", lambda s, parts: str(s.n_tasks)),
    ("--learning-rate", "0.05", lambda s, parts: str(parts.optimizer.learning_rate)),
    ("--max-norm", "2.5", lambda s, parts: str(parts.optimizer.max_norm)),
    ("--max-norm", "0", lambda s, parts: {None: "0"}[parts.optimizer.max_norm]),
    ("--seed", "7", lambda s, parts: str(s.seed)), ("--init", "xavier", lambda s, parts: s.init),
    ("--activation", "tanh", lambda s, parts: parts.method.model.activation.name),
    ("--widths", "1 5 4 1", lambda s, parts: " ".join(map(str, parts.method.model.widths)))])
@pytest.mark.parametrize("command", [["train"], ["compare", "--protocol", "finn2017"]], ids=str)
def test_an_option_reaches_what_it_names(command, option, value, found, monkeypatch, tmp_path):
    output = ("--output", tmp_path)
    settings, _ = asked(monkeypatch, *command, option, *value.split(), *output)
    assert found(settings, build(settings)) == value
    # Nothing else is changed.
    changed = {name for name, other in finn2017().as_dict().items()
               if other != settings.as_dict()[name]}
    assert changed == ({option[2:].replace("-", "_")} if value != "0" else set())


@pytest.mark.parametrize("protocol", ["quick", "finn2017", "reptile2018", "moons"])
@pytest.mark.parametrize("method", sorted(set(METHODS) - {"oracle", "prototypes"}))
def test_train_takes_a_protocol_s_settings_for_a_method(protocol, method, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings, path = asked(monkeypatch, "train", "--protocol", protocol, "--method", method)
    assert settings == PROTOCOLS[protocol](method)
    assert path == os.path.join("results", f"{protocol}-{method}-seed0", f"{method}.npz")


@pytest.mark.parametrize("arguments, settings, path", [
    (["train"], finn2017(), "results/finn2017-maml-seed0/maml.npz"),
    (["train", "--protocol", "reptile2018"], reptile2018(),
     "results/reptile2018-reptile-seed0/reptile.npz"),
    (["train", "--seed", "3", "--method", "joint"], small("joint", seed=3, iterations=70_000,
     n_tasks=25, widths=(1, 40, 40, 1)), "results/finn2017-joint-seed3/joint.npz"),
    (["train", "--protocol", "quick"], PROTOCOLS["quick"]("maml"),
     "results/quick-maml-seed0/maml.npz"),
    ([], PROTOCOLS["quick"]("maml"), "results/quick-seed0/maml.npz"),
    (["--seed", "4", "--shots", "9"], None, "results/quick-shots9-seed4/maml.npz"),
    (["--methods", "maml", "anil", "--widths", "1", "5", "1"], None,
     "results/quick-widths1-5-1-methodsmaml-anil-seed0/maml.npz"),
    (["--seeds", "2"], PROTOCOLS["quick"]("maml"), "results/quick-seed0-1/maml-seed0.npz"),
    (["train", "--max-norm", "2", "--seed", "1"], None,
     "results/finn2017-maml-maxnorm2.0-seed1/maml.npz"),
    (["compare", "--protocol", "finn2017"], finn2017(), "results/finn2017-seed0/maml.npz"),
    (["train", "--output", "mine"], finn2017(), "mine/maml.npz")], ids=str)
def test_what_is_trained_by_default_and_where_it_is_kept(
        arguments, settings, path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found, where = asked(monkeypatch, *arguments)
    assert Path(where) == Path(path) and (settings is None or found == settings)
    assert Path(path).parent.is_dir()


@pytest.mark.parametrize("columns, folder", [
    (["s", "t/s", r"..\U"], r"results/measured-maml-taskscurves-columnss-t_s-.._U-seed0-b67fac34"),
    (["s", 60 * "曲", "y"], None)])
def test_names_of_columns_make_one_folder_s_name(columns, folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    rows = "\n".join(f"{s},{x},{x}" for s in range(9) for x in range(30))
    (tmp_path / "curves.csv").write_text(f"{','.join(columns)}\n{rows}\n", encoding="utf-8")
    _, where = asked(monkeypatch, "train", "--tasks", "curves.csv", "--columns", *columns)
    made, = (tmp_path / "results").iterdir()
    assert folder is None or made == tmp_path / folder
    assert made == tmp_path / Path(where).parent and len(os.fsencode(made.name)) < 130


def test_what_to_type_next_can_be_typed_for_a_folder_like_an_option(
        monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    press_ctrl_c(monkeypatch, 3)
    assert main(["train", *SMALL, "--output=-mine"]) == 130
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    command = capsys.readouterr().err.strip().rpartition("python -m tinymeta ")[2]
    assert command == "train --resume ./-mine/maml.npz" and main(command.split()) == 0


def test_a_new_method_is_one_entry(monkeypatch, tmp_path, capsys):
    recipe = Recipe("two steps", lambda s, model: tm.MAML(model, s.alpha, 2), own_settings={
        "eval_steps": 3, "learning_rate": 0.02})
    monkeypatch.setitem(METHODS, "two", recipe)
    assert main(["train", "--method", "two", *SMALL, "--output", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "two steps: 12 iterations" in out and "\ntwo steps  " in out
    assert load_run(tmp_path / "two.npz").settings.learning_rate == 0.02
    assert main(["plot", str(tmp_path / "two.npz")]) == 0
    compared = ["compare", "--methods", "two", "maml", *SMALL, "--jobs", "1"]
    assert main([*compared, "--output", str(tmp_path / "all")]) == 0
    assert "\ntwo steps  " in capsys.readouterr().out


# Train, evaluate and plot.


def test_train_evaluate_and_plot_work_together(tmp_path, capsys):
    arguments = [*SMALL, "--method", "reptile", "--seed", "2", "--output", str(tmp_path)]
    assert main(["train", *arguments]) == 0
    file, out = str(tmp_path / "reptile.npz"), capsys.readouterr().out
    seconds = load_run(file).checkpoint.seconds
    assert out.startswith(f"Reptile: 12 iterations in {seconds:.1f} s, seed 2, kept in {file}\n")
    assert out.endswith(f"\n\nSee it adapt: python -m tinymeta plot {file}\n")
    assert main(["evaluate", file]) == 0
    tables = capsys.readouterr().out
    assert tables in out and "\n5-shot, 600 held-out" in tables and "\n10-shot, 600" in tables
    assert main(["plot", file, "--animate"]) == 0
    names = ["errors.png", "training.png", "adaptation.png", "adaptation.gif"]
    assert capsys.readouterr().out == f"in {tmp_path / 'figures'}: {', '.join(names)}\n"
    assert sorted(os.listdir(tmp_path / "figures")) == sorted(names)


def test_evaluate_passes_its_options_on(tmp_path, capsys):
    runs = {"MAML": trained(tmp_path, seed=1), "joint training": trained(tmp_path, "joint")}
    files = [str(tmp_path / "maml.npz"), str(tmp_path / "joint.npz")]
    options = "--shots 3 4 --inner-steps 2 --alpha 0.02 --tasks 50 --seed 5"
    capsys.readouterr()
    assert main(["evaluate", *files, *options.split()]) == 0
    expected = [curves_table(held_out.evaluate_runs(runs, shots, 0.02, 2, 5, 50), shots, 50)
                for shots in (3, 4)]
    assert capsys.readouterr().out == "\n".join(expected) + "\n"
    # Shots are the first file's unless given, and the tasks those of its seed.
    (tmp_path / "other").mkdir()
    trained(tmp_path / "other", eval_shots=(2,), seed=8)
    assert main(["evaluate", str(tmp_path / "other" / "maml.npz"), files[1]]) == 0
    assert capsys.readouterr().out.startswith("\n2-shot, 600 held-out tasks")


def test_plot_passes_its_options_on(tmp_path, monkeypatch):
    trained(tmp_path, eval_shots=(5, 3))
    file, found = str(tmp_path / "maml.npz"), []
    monkeypatch.setattr(commands, "save_figures", lambda *all: found.append(all) or ["a.png"])
    assert main(["plot", file]) == 0
    options = ("--shots 4 2 --inner-steps 3 --alpha 0.02 --seed 5 --task 7 --animate "
               "--format svg --scale 2 --output")
    assert main(["plot", file, *options.split(), str(tmp_path / "there")]) == 0
    for (runs, curves, *rest), folder, expected, how in zip(
            found, ("figures", "there"),
            ([3, None, None, None, False, "png", 1.0], [2, 0.02, 5, 7, True, "svg", 2.0]),
            ({}, {"alpha": 0.02, "steps": 3, "seed": 5})):
        assert rest == [expected[0], str(tmp_path / folder), *expected[1:]]
        curve = held_out.evaluate_runs(runs, expected[0], **how)["MAML"]
        assert list(runs) == list(curves) == ["MAML"]
        assert_array_equal(curves["MAML"].errors, curve.errors)
        assert (tmp_path / folder).is_dir()


def test_an_odd_path_is_quoted_and_drawn(tmp_path, capsys):
    folder = tmp_path / "q$a_$ b"
    assert main(["train", *SMALL, "--output", str(folder)]) == 0
    assert f"plot {shlex.quote(str(folder / 'maml.npz'))}\n" in capsys.readouterr().out
    os.link(folder / "maml.npz", folder / "x$_.npz")
    assert main(["plot", str(folder / "maml.npz"), str(folder / "x$_.npz")]) == 0


@pytest.mark.parametrize("name", [b"m\xe9sures", b"a\nb", b"q'\xe9\\"])
def test_a_quoted_path_is_what_bash_reads_as_that_path(name):
    """Names that are not UTF-8, and those that no line can show."""
    command = f"printf %s {folders.quoted(os.fsdecode(name))}"
    assert command.isprintable()
    assert subprocess.run(["bash", "-c", command], capture_output=True, check=True).stdout == name


@pytest.mark.parametrize("command", [["train"], ["compare"], ["lessons", "new"]])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no folder in use")
def test_commands_in_a_folder_that_has_gone_say_so(command, tmp_path, monkeypatch, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert main(command) == 1
    assert "the folder that this was started in is no longer there" in capsys.readouterr().err


def test_where_no_temporary_file_can_be_made_the_folder_is_not_called_gone():
    error = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")
    assert folders.of_what(error) == ""


def test_a_folder_may_have_the_name_of_a_picture(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("run.png").mkdir()
    assert main([*SMALL, "--methods", "maml", "--jobs", "1", "--output", "run.png"]) == 0
    assert main(["plot", "run.png/maml.npz", "--output", "run.png"]) == 0
    assert {"errors.png", "training.png"} <= {path.name for path in Path("run.png").iterdir()}


def test_a_comparison_s_run_is_not_trained_further_in_its_folder(tmp_path, capsys):
    folder = tmp_path / "run"
    few = ["--iterations", "3", "--n-tasks", "2", "--widths", "1", "4", "1"]
    assert main(["--protocol", "finn2017", "--methods", "maml", *few, "--output", str(folder)]) == 0
    before = (folder / "maml.npz").read_bytes()
    further = ["train", "--resume", str(folder / "maml.npz")]
    assert main([*further, "--iterations", "5"]) == 2
    words = "maml.npz, which is part of a comparison; expected a copy of it in another folder"
    assert words in capsys.readouterr().err and (folder / "maml.npz").read_bytes() == before
    assert main(further) == 0


# Resuming.


def test_ctrl_c_says_how_far_it_came_and_how_to_go_on(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "a b"
    with monkeypatch.context() as context:
        press_ctrl_c(context, 5)
        assert main(["train", *SMALL, "--output", str(folder)]) == 130
    file, printed = str(folder / "maml.npz"), capsys.readouterr()
    assert printed.err.endswith(f"interrupted after 5 iterations, kept in {file}\ngo on with: "
                                f"python -m tinymeta train --resume '{file}'\n")
    assert printed.out == ""
    assert main(["train", "--resume", file]) == 0
    assert load_run(file).checkpoint.iteration == 12


@pytest.mark.parametrize("options, code", [
    ("--iterations 14", 0), ("--iterations 12", 0), ("--alpha 0.01 --method maml", 0),
    ("--max-norm 0 --widths 1 6 1", 0), ("--iterations 11", 2), ("--alpha 0.02", 2),
    ("--max-norm 1", 2), ("--method joint", 2), ("--protocol finn2017", 2), ("--output x", 2),
    ("--iterations 14 --seed 1", 2)])
def test_only_more_iterations_may_be_given_beside_resume(options, code, tmp_path, capsys):
    trained(tmp_path)
    file = tmp_path / "maml.npz"
    before = file.read_bytes()
    assert main(["train", "--resume", str(file), *options.split()]) == code
    assert load_run(file).settings.iterations == (14 if "14" in options and code == 0 else 12)
    if code:
        assert file.read_bytes() == before
        word = "at least 12" if options == "--iterations 11" else "beside it only --iterations"
        assert word in capsys.readouterr().err


def test_a_run_with_a_falling_rate_cannot_be_extended(tmp_path, capsys):
    trained(tmp_path, decay=True)
    resume = ["train", "--resume", str(tmp_path / "maml.npz"), "--iterations"]
    assert main([*resume, "14"]) == 2
    assert "and not here: the learning rate depends on it, and" in capsys.readouterr().err
    assert main([*resume, "12"]) == 0


def test_divergence_is_an_error_and_keeps_the_last_good_parameters(tmp_path, capsys):
    options = ["--alpha", "30", "--inner-steps", "20", "--output", str(tmp_path)]
    assert main(["train", *SMALL, *options]) == 1
    err = capsys.readouterr().err
    assert "error: meta-training diverged at iteration" in err and "Lower the inner step" in err
    assert err.endswith(f"The last good parameters are in {tmp_path / 'maml.npz'}.\n")
    assert np.isfinite(tm.load_checkpoint(tmp_path / "maml.npz").theta).all()


# Wrong usage, and other ends.


def test_more_shots_than_a_grid_has_points_are_refused(tmp_path, capsys):
    run = str(tmp_path / "reptile.npz")
    assert main(["train", "--protocol", "reptile2018", "--method", "reptile", "--iterations", "1",
                 "--output", str(tmp_path)]) == 0
    for command in ("evaluate", "plot"):
        assert main([command, run, "--shots", "51"]) == 2
        assert "shots is 51; expected a whole number of at least 1 and at most 50" in (
            capsys.readouterr().err)


@pytest.mark.parametrize("arguments, code, word", [
    ("dance", 2, "invalid choice: 'dance'"), ("train --method sgd", 2, "invalid choice: 'sgd'"),
    ("train --activation step", 2, "invalid choice: 'step'"),
    ("--init zero", 2, "invalid choice: 'zero'"), ("train --shots many", 2, "--shots"),
    ("--protocol mine", 2, "--protocol"),
    ("evaluate", 2, "FILE"), ("train --alpha -1", 2, "alpha is -1.0; expected one finite number"),
    ("train --shots 0", 2, "shots is 0"), ("--inner-steps 0", 2, "inner_steps is 0"),
    ("train --seed -5", 2, "seed is -5"), ("--learning-rate nan", 2, "learning_rate is nan"),
    ("train --widths 1 1000000000 1", 2, "widths and context ask for arrays of 2e+11 numbers"),
    ("train --iterations 1 --inner-steps 5 --n-tasks 100000", 2, "inner_steps, widths and context"),
    ("--n-tasks 1000000000", 2, "ask for arrays of 4e+12 numbers; expected at most 5e+08"),
    ("train --method cavia --context 100000000", 2, "widths and context ask for arrays of 2e+11"),
    ("compare --seeds 1000000000000", 2, "seeds is 1000000000000; expected at most 1000"),
    ("train --output own.npz", 1, "output is own.npz; expected a folder that can be made"),
    ("train --shots 1000000000", 2, "n_tasks, shots, queries and widths ask for arrays"),
    ("--widths 2 4 1", 2, "widths is [2, 4, 1]; expected the first and the last to be 1"),
    ("--protocol reptile2018 --shots 30 --queries 30", 2, "expected at most 50, those of the grid"),
    ("evaluate nowhere.npz", 1, "nowhere.npz"), ("train --resume nowhere.npz", 1, "nowhere.npz"),
    ("compare --output own.png", 2, "output is own.png; expected a folder, not the name of a pict"),
    ("train --output own.pdf", 2, "output is own.pdf; expected a folder"),
    ("plot own.npz --output own.PNG", 2, "output is own.PNG; expected a folder, or a name that"),
    ("plot own.npz", 1, "own.npz cannot be used: its settings lack"),
    ("--resume nowhere", 1, "nowhere"), ("evaluate README.md", 1, "README.md is not a readable"),
    ("train --resume run/maml.npz --iterations 1", 2, "expected at least 12"),
    ("evaluate run/maml.npz --shots 0", 2, "shots is 0"),
    ("evaluate run/maml.npz --shots 5 99999999999999999999999", 2, "and at most 10000"),
    ("evaluate run/maml.npz --seed -1", 2, "seed is -1"),
    ("evaluate run/maml.npz --inner-steps -1", 2, "inner_steps is -1"),
    ("evaluate run/maml.npz --inner-steps 100000000", 2, "expected at most 10000, since"),
    ("evaluate run/maml.npz --alpha 0", 2, "alpha is 0.0"),
    ("evaluate run/maml.npz --tasks 2.5", 2, "tasks is 2.5; expected a whole number, or a file"),
    ("evaluate run/maml.npz --tasks -3", 2, "tasks is -3; expected a whole number of at least 1"),
    ("evaluate run/maml.npz --tasks 10000000000000000000000", 2, "and at most 1000000"),
    ("plot run/maml.npz --scale 5", 2, "scale is 5.0; expected 0.1 to 4"),
    ("plot run/maml.npz --scale 1e-300", 2, "scale is 1e-300; expected 0.1 to 4"),
    ("train --columns a b c", 2, "columns is ['a', 'b', 'c'] without a file; expected --tasks"),
    ("train --tasks README.md --columns a b", 2, "columns is ['a', 'b']; expected at least 3"),
    ("train --max-norm -1", 2, "max_norm is -1.0; expected one finite number of at least 0"),
    ("--held-out 3", 2, "held_out is 3 without a file; expected --tasks FILE.csv"),
    ("train --method prototypes", 2, "'prototypes'; expected another: sinusoid has no one-hot"),
    ("--tasks moons --methods prototypes", 2, "expected another: moons has no one-hot"),
    ("train --tasks run", 1, "run: no regular file; --tasks says where"),
    ("plot run/maml.npz --task 600", 2, "task is 600; expected less than 600")], ids=str)
def test_wrong_usage_ends_with_its_code_and_a_message_that_names_it(
        arguments, code, word, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    os.mkdir("run")
    trained(tmp_path / "run")
    tm.save_checkpoint("own.npz", np.zeros(19))
    Path("README.md").write_text("no checkpoint")
    before = sorted(tmp_path.rglob("*.npz"))
    try:
        found = main(arguments.split())
    except SystemExit as exit:  # argparse's own way
        found = exit.code
    printed = capsys.readouterr()
    assert found == code and word in printed.err and "Traceback" not in printed.err
    assert sorted(tmp_path.rglob("*.npz")) == before and not Path("results").exists()


@pytest.mark.parametrize("raised, code, words", [
    (KeyboardInterrupt(), 130, "\ninterrupted\n"), (BrokenPipeError(), 1, ""),
    (MemoryError("2 GiB"), 1, "error: not enough memory for these settings (2 GiB)\n"),
    (ModuleNotFoundError("no nbconvert", name="nbconvert"), 1,
     "error: no nbconvert; install it with: pip install nbconvert\n"),
    (ImportError("broken"), 1, "error: broken\n"),
    (tm.ConvergenceError("stuck"), 1, "error: stuck\n"),
    (PermissionError("closed"), 1, "error: closed\n"), (TypeError("odd"), 2, "error: odd\n"),
    (tm.CheckpointError("bad"), 1, "error: bad\n"), (ValueError("wrong"), 2, "error: wrong\n")])
def test_the_exit_code_says_what_happened(raised, code, words, tmp_path, capsys, monkeypatch):
    def fail(*arguments, **options):
        raise raised
    trained(tmp_path), capsys.readouterr()
    monkeypatch.setattr(commands, "evaluate_runs", fail)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    assert main(["evaluate", str(tmp_path / "maml.npz")]) == code
    assert capsys.readouterr().err == words


RUN = ("--protocol --shots --queries --inner-steps --alpha --iterations --n-tasks --learning-rate "
       "--max-norm --seed --init --activation --widths --output --resume")


@pytest.mark.parametrize("command, words", [
    ([], "train evaluate check plot compare finn2017 examples: exit codes: 130"),
    (["compare"], RUN + " table"),
    (["train"], "--method reptile2018 checkpoint names, refused " + RUN),
    (["evaluate"], "FILE --shots --inner-steps --alpha --seed --tasks 600"),
    (["check"], "FILE --seed --alpha --widths --verbose 0.05 --timeout 120)"),
    (["plot"], "FILE --shots --inner-steps --alpha --seed --task --animate --output")], ids=str)
def test_help_names_every_option_within_80_columns(command, words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as exit:
        main([*command, "--help"])
    out = capsys.readouterr().out
    assert exit.value.code == 0 and max(map(len, out.splitlines())) <= 80
    assert all(word in out for word in words.split())


def test_version_is_the_package_s(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"tinymeta {tm.__version__}\n"


def test_a_terminal_without_greek_letters_gets_question_marks(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    with pytest.raises(SystemExit):
        main(["--version"])
    print("all of θ", flush=True)
    assert sys.stdout.buffer.getvalue().endswith(b"all of ?" + os.linesep.encode())


def test_a_run_that_is_not_at_its_end_is_told_when_it_is_judged(tmp_path, capsys, monkeypatch):
    trained(tmp_path)
    with monkeypatch.context() as context:
        press_ctrl_c(context, 5)
        trained(tmp_path, "joint")
    files = [str(tmp_path / f"{name}.npz") for name in ("maml", "joint")]
    capsys.readouterr()
    for command in (["evaluate"], ["plot", "--output", str(tmp_path / "figures")]):
        assert main([*command, *files]) == 0
        words = "note: joint training has been trained for 5 of 12 iterations\n"
        assert capsys.readouterr().err == words


# In a process of its own, as a user starts it.


def test_the_shell_sees_the_exit_code_and_the_message(tmp_path):
    run = subprocess.run([sys.executable, "-m", "tinymeta", "evaluate", "none.npz"], cwd=ROOT,
                         capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("error:") and "Traceback" not in run.stderr


def test_default_folders_of_long_settings_are_told_apart():
    first, second = (folders.folder_for("quick", {"widths": [1, *[40] * 60, last]}, 0)
                     for last in (1, 2))
    assert first != second and max(map(len, map(str, (first, second)))) < 130


@pytest.mark.parametrize("one, other", [
    ({"columns": ["a-b", "c"]}, {"columns": ["a", "b-c"]}),
    ({"columns": ["U/V"]}, {"columns": ["U_V"]})], ids=str)
def test_default_folders_of_columns_are_told_apart(one, other):
    assert folders.folder_for("measured", one, 0) != folders.folder_for("measured", other, 0)
    one, other = {"tasks": "flow", "alpha": 0.1}, {"tasks": "flow-alpha0.1"}
    assert folders.folder_for("measured", one, 0) != folders.folder_for("measured", other, 0)
    of_file = SimpleNamespace(tasks="lines.csv")
    assert commands.by_hand(of_file, {"tasks": "measured", "file": "lines.csv"})["tasks"] != "lines"
    assert commands.by_hand(of_file, {"tasks": "measured", "file": "flow.csv"})["tasks"] == "flow"


@pytest.mark.parametrize("there", [True, False])
def test_a_plot_that_fails_leaves_no_new_folder(there, tmp_path, monkeypatch):
    trained(tmp_path)
    folder = tmp_path / "new"
    if there:
        folder.mkdir()

    def fail(*_):
        raise ValueError("no figure")

    monkeypatch.setattr(commands, "save_figures", fail)
    assert main(["plot", str(tmp_path / "maml.npz"), "--output", str(folder)]) == 2
    assert folder.is_dir() == there


def test_a_task_that_is_none_of_them_makes_no_folder(tmp_path, capsys):
    trained(tmp_path)
    assert main(["plot", str(tmp_path / "maml.npz"), "--task", "600"]) == 2
    assert "task is 600; expected less than 600" in capsys.readouterr().err
    assert not (tmp_path / "figures").exists()


def test_a_method_without_a_finite_error_is_told_beside_its_figures(tmp_path, capsys):
    assert main(["train", *SMALL, "--learning-rate", "1e30", "--output", str(tmp_path)]) in (0, 1)
    capsys.readouterr()
    assert main(["plot", str(tmp_path / "maml.npz")]) == 0
    assert "note: MAML has no line: all its errors are infinite" in capsys.readouterr().err


def test_a_method_without_an_error_is_told_beside_its_figures(tmp_path, capsys, monkeypatch):
    """On logarithmic axes 0 is nowhere; where all are 0, the axes are not logarithmic."""
    trained(tmp_path)
    curves = {name: tm.AdaptationCurve(np.full((2, 3), error), np.zeros((2, 3)))
              for name, error in (("MAML", 0.0), ("joint", 1.0))}
    monkeypatch.setattr(commands, "save_figures", lambda *_: ["errors.png"])
    for shown, told in ((["MAML", "joint"], True), (["MAML"], False)):
        monkeypatch.setattr(commands, "evaluate_runs",
                            lambda *_, shown=shown: {name: curves[name] for name in shown})
        assert main(["plot", str(tmp_path / "maml.npz")]) == 0
        assert ("note: MAML has no line" in capsys.readouterr().err) is told


@pytest.mark.parametrize("tasks", ["1e3", "nan", "2.5"])
def test_a_number_that_is_not_whole_is_no_number_of_tasks(tasks, tmp_path, capsys):
    trained(tmp_path)
    assert main(["evaluate", str(tmp_path / "maml.npz"), "--tasks", tasks]) == 2
    assert f"tasks is {tasks}; expected a whole number, or a file" in capsys.readouterr().err


def test_a_run_to_go_on_with_in_place_of_a_comparison_is_told_so(tmp_path, capsys):
    trained(tmp_path)
    path = tmp_path / "maml.npz"
    assert main(["--resume", str(path)]) == 1
    assert (f"{path} is a file; expected a comparison's folder, or: "
            f"python -m tinymeta train --resume {path}" in capsys.readouterr().err)


@pytest.mark.parametrize("method, told", [("maml", False), ("ridge", True), ("metasgd", True)])
def test_an_alpha_without_effect_at_test_time_is_told(method, told, tmp_path, capsys):
    trained(tmp_path, method=method)
    for command in ("evaluate", "plot"):
        assert main([command, str(tmp_path / f"{method}.npz"), "--alpha", "0.02"]) == 0
        words = f"note: alpha is 0.02, without effect on {method}; it is for"
        assert (words in capsys.readouterr().err) == told


def test_figures_of_several_shots_say_which(tmp_path, capsys):
    trained(tmp_path)
    assert main(["plot", str(tmp_path / "maml.npz"), "--shots", "5", "7"]) == 0
    assert "note: the figures are of 7 shots, the last of 2 numbers" in capsys.readouterr().err
    assert main(["plot", str(tmp_path / "maml.npz")]) == 0
    assert capsys.readouterr().err == ""


def test_a_folder_that_has_gone_and_an_error_of_drawing_are_told(tmp_path, monkeypatch, capsys):
    trained(tmp_path)
    monkeypatch.setattr(folders, "_has_gone", lambda: True)
    for error, words in (
            (OSError(2, "No such file or directory"), "the folder that this was started in is no"),
            (RuntimeError("latex could not be found"), "error: latex could not be found\n")):
        def fail(*_, error=error):
            raise error
        monkeypatch.setattr(commands, "save_figures", fail)
        assert main(["plot", str(tmp_path / "maml.npz")]) == 1
        assert words in capsys.readouterr().err


def test_figures_of_a_pattern_over_folders_lie_beside_its_first_file(tmp_path):
    for name in ("run-a", "run-c"):
        (tmp_path / name).mkdir()
        trained(tmp_path / name)
    assert main(["plot", str(tmp_path / "run-*" / "maml.npz")]) == 0
    assert sorted(os.listdir(tmp_path)) == ["run-a", "run-c"]
    assert (tmp_path / "run-a" / "figures" / "errors.png").exists()
