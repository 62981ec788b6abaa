"""python -m tinymeta: what it prints, what it keeps, how it ends."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm
from tinymeta.app import progress, protocols, runs
from tinymeta.checking import self_check
from tinymeta.app.command_line import main

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--iterations", "12", "--n-tasks", "3", "--widths", "1", "6", "1"]


def start(*arguments, **options):
    """The command line in a process of its own, as a user starts it."""
    return subprocess.Popen([sys.executable, "-m", "tinymeta", *map(str, arguments)], text=True, cwd=ROOT,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_the_comparison_prints_a_table_saves_figures_and_says_what_to_open(tmp_path, capsys):
    assert main([*SMALL, "--output", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    for name in protocols.METHODS.values():
        assert f"\n{name} " in out
    assert f"Open {tmp_path / 'adaptation.png'}" in out
    for file in ("adaptation.png", "errors.png", "training.png"):
        assert (tmp_path / file).read_bytes().startswith(b"\x89PNG")
    assert max(map(len, out.split("\n\n")[1].splitlines())) <= 80


def test_the_comparison_s_numbers_are_those_of_the_library(tmp_path, capsys):
    assert main([*SMALL, "--output", str(tmp_path), "--seed", "3"]) == 0
    report = json.loads((tmp_path / "results.json").read_text())
    rng = np.random.default_rng(3)
    model = tm.MLP([1, 6, 1])
    theta = model.init(rng, dtype=np.float32, scheme="xavier")
    for step in tm.meta_train(tm.MAML(model, 0.01), tm.SinusoidTasks(), theta, tm.Adam(tm.linear_schedule(0.01, 0, 12)),
                              12, rng, 3, 10, 10):
        pass
    curve = tm.evaluate(model, step.theta, tm.SinusoidTasks(), np.random.default_rng([3, 600]))
    row = report["shots"]["10"]["MAML"]
    assert_allclose(row["mean"], curve.mean, atol=6e-5)
    assert_allclose(row["ci95"], curve.ci95, atol=6e-5)
    assert_allclose(row["median"], curve.median, atol=6e-5)
    assert row["n_diverged"] == list(curve.n_diverged)
    assert f"{progress.short(curve.mean[0])}±{progress.short(curve.ci95[0])}" in capsys.readouterr().out
    assert report["shots"]["10"]["least squares"]["mean"][0] < 1e-20


def test_the_same_command_twice_gives_the_same_numbers(tmp_path, capsys):
    for _ in range(2):
        assert main([*SMALL, "--output", str(tmp_path)]) == 0
    first, second = capsys.readouterr().out.split("quick:")[1:]
    table = lambda text: text[text.index("inner steps"):text.index("Figures")]
    assert table(first) == table(second)


def test_train_evaluate_and_plot_work_together(tmp_path, capsys):
    assert main(["train", *SMALL, "--method", "reptile", "--output", str(tmp_path)]) == 0
    file = str(tmp_path / "reptile.npz")
    trained = capsys.readouterr().out
    assert main(["evaluate", file]) == 0
    evaluated = capsys.readouterr().out
    assert trained[trained.index("\n5-shot"):trained.index("\nThe parameters")].strip() == evaluated.strip()
    assert main(["evaluate", file, "--shots", "3", "--inner-steps", "2", "--alpha", "0.02", "--tasks", "50", "--seed", "5"]) == 0
    out = capsys.readouterr().out
    theta, model = tm.load_checkpoint(file).theta, tm.MLP([1, 6, 1])
    curve = tm.evaluate(model, theta, tm.SinusoidTasks(), np.random.default_rng([5, 600]), 50, 3, alpha=0.02, steps=2)
    assert out.splitlines()[-1].split()[1] == f"{curve.mean[0]:.2f}±{curve.ci95[0]:.2f}"
    assert main(["plot", file, "--animate", "--output", str(tmp_path / "figures")]) == 0
    assert sorted(os.listdir(tmp_path / "figures")) == ["adaptation.gif", "adaptation.png", "errors.png", "training.png"]


def test_check_prints_a_table_and_passes(capsys):
    assert main(["check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["equations", "what", "complex", "central", "verdict"] and lines[-1] == "all passed"
    assert all(line.endswith(" ok") for line in lines[2:-1]) and len(lines) >= 20
    assert max(map(len, lines)) <= 80
    assert sum("must fail" in line for line in lines) == 6  # a first-order and a Reptile control for each model


@pytest.mark.parametrize("name, tags", [("linear", ("LIN.1-2", "LIN.3-4")), ("tanh", ("MLP.1-6", "HVP.1-6")),
                                        ("ReLU", ("MLP.1-6", "HVP.1-6"))])
def test_check_covers_every_derivation_of_each_model(name, tags):
    expected = [(tags[0], "gradient"), (tags[1], "Hessian × vector"), ("JOINT.1", "joint training"),
                *[("MAML.1-3", f"MAML, {steps}") for steps in ("1 inner step", "2 inner steps", "5 inner steps")],
                ("MAML.2", "first-order as exact, must fail"), ("REPTILE.1", "Reptile, 1 step = joint"),
                ("REPTILE.1", "Reptile, 2 steps = joint, must fail")]
    lines = [(line.equations, line.what) for line in self_check.check_derivations() if line.what.startswith(name)]
    assert lines == [(equations, f"{name}: {what}") for equations, what in expected]


def test_two_steps_of_reptile_fail_as_joint_training_by_the_curvature_alone():
    lines = [line for line in self_check.check_derivations(alpha=1e-6) if line.what.endswith("2 steps = joint, must fail")]
    assert len(lines) == 3 and all(1e-12 < line.errors[0] < 1e-3 for line in lines)


@pytest.mark.parametrize("seed", range(1, 25))
def test_check_passes_at_any_random_parameters_and_tasks(seed):
    for line in self_check.check_derivations(seed):
        assert line.passed, line


def test_check_fails_when_a_derivation_is_wrong(capsys, monkeypatch):
    broken = tm.tanh._replace(second_derivative=lambda z, a, d: 2 * a * d)
    monkeypatch.setattr("tinymeta.checking.self_check.MLP",
                        lambda widths, activation: tm.MLP(widths, broken if activation == "tanh" else activation))
    assert main(["check"]) == 1
    out = capsys.readouterr().out
    wrong = [line for line in out.splitlines() if line.endswith("FAIL")]
    assert len(wrong) == 4 and all("tanh" in line for line in wrong)  # the product and MAML at 1, 2, 5 steps
    assert "4 checks failed" in out and "W2" in out


# Interruption and resuming.


def interrupted(path, *arguments):
    """Start a long run, press Ctrl-C once it is under way, and return its exit code and what it said."""
    process = start(*arguments, "--output", path.parent)
    deadline = time.time() + 60
    while not path.parent.exists() and time.time() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)  # the folder is made just before the first step
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    return process.returncode, err


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process")
def test_ctrl_c_keeps_what_was_reached_and_resuming_gives_the_uninterrupted_run(tmp_path, capsys):
    settings = ["--n-tasks", "2", "--widths", "1", "6", "1", "--method", "fomaml"]
    file = tmp_path / "cut" / "fomaml.npz"
    code, err = interrupted(file, "train", "--iterations", "1000000", *settings)
    assert code == 130 and f"go on with: python -m tinymeta train --resume {file}" in err
    reached = tm.load_checkpoint(file)
    assert 0 < reached.iteration < 1_000_000 and len(reached.losses) == reached.iteration
    total = str(reached.iteration + 50)
    assert main(["train", "--resume", str(file), "--iterations", total]) == 0
    assert main(["train", "--iterations", total, *settings, "--output", str(tmp_path / "whole")]) == 0
    whole, resumed = tm.load_checkpoint(tmp_path / "whole" / "fomaml.npz"), tm.load_checkpoint(file)
    assert_array_equal(resumed.losses, whole.losses)
    assert_array_equal(resumed.theta, whole.theta)
    assert main(["train", "--resume", str(file), "--iterations", "1"]) == 2
    assert f"expected at least {total}" in capsys.readouterr().err


def stop_after(monkeypatch, n):
    """Make the next runs believe that Ctrl-C came during iteration n."""
    class Stopper(runs.StopOnInterrupt):
        count = 0

        @property
        def stop(self):
            self.count += 1
            return self.count >= n

        @stop.setter
        def stop(self, value):
            pass

    monkeypatch.setattr(runs, "StopOnInterrupt", Stopper)


def test_a_resumed_train_ends_with_the_same_bits(tmp_path, capsys, monkeypatch):
    assert main(["train", *SMALL, "--output", str(tmp_path / "whole")]) == 0
    with monkeypatch.context() as context:
        stop_after(context, 5)
        assert main(["train", *SMALL, "--output", str(tmp_path / "cut")]) == 130
    assert tm.load_checkpoint(tmp_path / "cut" / "maml.npz").iteration == 5
    assert "interrupted after 5 iterations" in capsys.readouterr().err
    assert main(["train", "--resume", str(tmp_path / "cut" / "maml.npz")]) == 0
    whole, resumed = (tm.load_checkpoint(tmp_path / name / "maml.npz") for name in ("whole", "cut"))
    assert_array_equal(whole.theta, resumed.theta)
    assert_array_equal(whole.losses, resumed.losses)


def test_a_resumed_comparison_ends_with_the_same_numbers(tmp_path, capsys, monkeypatch):
    assert main([*SMALL, "--output", str(tmp_path / "whole")]) == 0
    with monkeypatch.context() as context:
        stop_after(context, 7)
        assert main([*SMALL, "--output", str(tmp_path / "cut")]) == 130
    assert f"--resume {tmp_path / 'cut'}" in capsys.readouterr().err
    assert main(["--resume", str(tmp_path / "cut")]) == 0
    whole, resumed = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("whole", "cut"))
    assert whole["shots"] == resumed["shots"]


def test_a_run_may_be_extended_at_a_constant_rate(tmp_path, capsys):
    short = [*SMALL[2:], "--iterations", "4", "--output", str(tmp_path / "short")]
    assert main(["train", *short]) == 0
    assert main(["train", "--resume", str(tmp_path / "short" / "maml.npz"), "--iterations", "12"]) == 0
    assert main(["train", *SMALL, "--output", str(tmp_path / "whole")]) == 0
    whole, extended = (tm.load_checkpoint(tmp_path / name / "maml.npz") for name in ("whole", "short"))
    assert_array_equal(whole.theta, extended.theta)


def test_repeating_a_command_loses_nothing(tmp_path, capsys, monkeypatch):
    """The same run in the same place is gone on with; it is never begun anew over what was reached."""
    assert main(["train", *SMALL, "--output", str(tmp_path)]) == 0
    before = tm.load_checkpoint(tmp_path / "maml.npz")
    with monkeypatch.context() as context:
        stop_after(context, 3)
        assert main(["train", *SMALL, "--output", str(tmp_path)]) == 0
    after = tm.load_checkpoint(tmp_path / "maml.npz")
    assert after.iteration == before.iteration == 12
    assert_array_equal(after.theta, before.theta)


def test_a_comparison_s_folder_is_its_own(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("years of work")
    assert main([*SMALL, "--output", str(tmp_path)]) == 1
    assert "is not empty, and holds no comparison" in capsys.readouterr().err
    assert main([*SMALL, "--output", str(tmp_path / "mine")]) == 0
    assert main([*SMALL, "--output", str(tmp_path / "mine"), "--seed", "5"]) == 1
    assert "holds another comparison" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["mine", "thesis.tex"]


def test_figures_of_single_runs_do_not_replace_the_comparison_s(tmp_path, capsys):
    assert main([*SMALL, "--output", str(tmp_path)]) == 0
    before = (tmp_path / "errors.png").read_bytes()
    assert main(["plot", str(tmp_path / "maml.npz")]) == 0
    assert (tmp_path / "errors.png").read_bytes() == before and (tmp_path / "figures" / "errors.png").exists()


def test_a_finished_comparison_keeps_its_times(tmp_path, capsys):
    assert main([*SMALL, "--output", str(tmp_path), "--iterations", "300"]) == 0
    first = json.loads((tmp_path / "results.json").read_text())["seconds"]
    assert main(["--resume", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "results.json").read_text())["seconds"]["maml"] >= first["maml"] > 0


def test_a_diverged_run_diverges_again_when_it_is_gone_on_with(tmp_path):
    settings = replace(protocols.finn2017(), alpha=0.03, inner_steps=5, iterations=150, n_tasks=5, widths=(1, 20, 20, 1))
    first = runs.train(settings, tmp_path / "maml.npz")
    again = runs.train(settings, tmp_path / "maml.npz")
    assert first.error.iteration == again.error.iteration == first.checkpoint.iteration + 1 < 150
    assert_array_equal(first.checkpoint.theta, again.checkpoint.theta)


def test_an_update_that_overflows_is_a_divergence_too(tmp_path):
    settings = replace(protocols.finn2017(), learning_rate=3e38, optimizer="sgd", iterations=5, widths=(1, 6, 1))
    result = runs.train(settings, tmp_path / "maml.npz")
    assert "the updated parameters are not finite" in str(result.error)
    assert np.isfinite(result.checkpoint.theta).all() and result.checkpoint.optimizer_state["t"] == result.checkpoint.iteration


@pytest.mark.parametrize("content", ["{", "[1]", '"quick"', '{"protocol": "nope", "overrides": {}}',
                                     '{"protocol": "quick", "overrides": {"alpha": "x"}}',
                                     '{"protocol": "quick", "overrides": {"colour": 1}}'])
def test_a_damaged_plan_is_an_error(content, tmp_path, capsys):
    (tmp_path / "compare.json").write_text(content)
    assert main(["--resume", str(tmp_path)]) == 1
    assert "no comparison to go on with" in capsys.readouterr().err


def test_a_checkpoint_of_one_s_own_is_not_taken_for_a_run(tmp_path, capsys):
    """Without settings nobody can know which network the parameters belong to."""
    tm.save_checkpoint(tmp_path / "own.npz", np.zeros(1761))
    for command in ("evaluate", "plot"):
        assert main([command, str(tmp_path / "own.npz")]) == 1
        assert "was not made by python -m tinymeta: its settings lack" in capsys.readouterr().err


@pytest.mark.parametrize("change", [{"method": "zz"}, {"eval_shots": []}, {"eval_shots": 10}, {"widths": 5}, {"phase": None},
                                    {"widths": [1, 7, 1]}, {"dtype": "float64"}, {"colour": "red"}], ids=str)
def test_a_checkpoint_with_odd_settings_is_an_error(change, tmp_path, capsys):
    assert main(["train", *SMALL, "--output", str(tmp_path)]) == 0
    checkpoint = tm.load_checkpoint(tmp_path / "maml.npz")
    tm.save_checkpoint(tmp_path / "odd.npz", checkpoint.theta, settings={**checkpoint.settings, **change})
    for command in (["evaluate"], ["plot"], ["train", "--resume"]):
        assert main([*command, str(tmp_path / "odd.npz")]) == 1
        assert "odd.npz was not made by python -m tinymeta" in capsys.readouterr().err


def test_files_of_different_tasks_or_networks_are_not_put_in_one_table_or_figure(tmp_path, capsys):
    assert main(["train", *SMALL, "--output", str(tmp_path / "a")]) == 0
    assert main(["train", *SMALL, "--protocol", "reptile2018", "--output", str(tmp_path / "b")]) == 0
    assert main(["train", *SMALL, "--activation", "tanh", "--output", str(tmp_path / "c")]) == 0
    a, b, c = (str(next((tmp_path / name).glob("*.npz"))) for name in "abc")
    capsys.readouterr()
    assert main(["evaluate", a, b]) == 2 and "trained on different tasks" in capsys.readouterr().err
    assert main(["plot", a, c]) == 2 and "different networks" in capsys.readouterr().err
    assert main(["evaluate", a, c]) == 0


def test_an_odd_path_is_quoted_and_drawn(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "q$a_$ b"
    assert main(["train", *SMALL, "--output", str(folder)]) == 0
    assert shlex.quote(str(folder / "maml.npz")) in capsys.readouterr().out
    os.link(folder / "maml.npz", folder / "x$_.npz")
    assert main(["plot", str(folder / "maml.npz"), str(folder / "x$_.npz")]) == 0


def test_the_run_goes_on_when_nobody_reads_its_progress(tmp_path):
    with open(os.devnull) as unwritable:
        process = subprocess.run([sys.executable, "-m", "tinymeta", "train", *SMALL, "--output", str(tmp_path)], cwd=ROOT,
                                 stdout=subprocess.PIPE, stderr=unwritable)
    assert process.returncode == 0 and tm.load_checkpoint(tmp_path / "maml.npz").iteration == 12


def test_another_run_s_file_is_neither_overwritten_nor_continued(tmp_path, capsys):
    assert main(["train", *SMALL, "--output", str(tmp_path)]) == 0
    before = (tmp_path / "maml.npz").read_bytes()
    assert main(["train", *SMALL, "--alpha", "0.02", "--output", str(tmp_path)]) == 1
    assert "other settings (alpha 0.01 there, 0.02 here)" in capsys.readouterr().err
    assert main(["train", "--resume", str(tmp_path / "maml.npz"), "--alpha", "0.02"]) == 2
    assert "--resume goes on with the settings kept in its file" in capsys.readouterr().err
    assert (tmp_path / "maml.npz").read_bytes() == before


def test_divergence_is_an_error_and_keeps_the_last_good_parameters(tmp_path, capsys):
    assert main(["train", *SMALL, "--alpha", "30", "--inner-steps", "20", "--output", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert "diverged at iteration" in err and "Lower the inner step size" in err and "maml.npz" in err
    assert np.isfinite(tm.load_checkpoint(tmp_path / "maml.npz").theta).all()


# Wrong usage.


@pytest.mark.parametrize("arguments, code, word", [
    (["dance"], 2, "invalid choice: 'dance'"), (["train", "--method", "sgd"], 2, "invalid choice: 'sgd'"),
    (["train", "--shots", "many"], 2, "--shots"), (["--protocol", "mine"], 2, "--protocol"),
    (["evaluate"], 2, "FILE"), (["train", "--alpha", "-1"], 2, "alpha is -1.0; expected one finite number above 0"),
    (["train", "--shots", "0"], 2, "shots"), (["train", "--iterations", "-5"], 2, "iterations"),
    (["train", "--seed", "-5"], 2, "seed"), (["--inner-steps", "0"], 2, "inner_steps is 0"),
    (["evaluate", "nowhere.npz"], 1, "nowhere.npz"), (["train", "--resume", "nowhere.npz"], 1, "nowhere.npz"),
    (["--resume", "nowhere"], 1, "nowhere"), (["plot", str(ROOT / "README.md")], 1, "README.md"),
    (["check", "--widths", "0"], 2, "widths"), (["check", "--alpha", "0"], 2, "alpha"),
    (["--widths", "2", "4", "1"], 2, "widths is [2, 4, 1]; expected the first and the last to be 1"),
    (["--protocol", "reptile2018", "--shots", "30", "--queries", "30"], 2, "expected at most 50, those of the grid"),
    (["--learning-rate", "nan"], 2, "learning_rate is nan"), (["--resume", ""], 1, "compare.json")], ids=str)
def test_wrong_usage_ends_with_its_code_and_a_message_that_names_it(arguments, code, word, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    try:
        found = main(arguments)
    except SystemExit as exit:  # argparse's own way
        found = exit.code
    err = capsys.readouterr().err
    assert found == code and word in err and "Traceback" not in err
    assert not list(tmp_path.rglob("*.npz"))


RUN_OPTIONS = ("--protocol --shots --queries --inner-steps --alpha --iterations --n-tasks --learning-rate --max-norm --seed "
               "--init --activation --widths --output --resume")


@pytest.mark.parametrize("command, words", [
    ([], "train evaluate check plot compare finn2017 examples: exit codes: 130"), (["compare"], RUN_OPTIONS),
    (["train"], "--method reptile2018 " + RUN_OPTIONS), (["evaluate"], "FILE --shots --inner-steps --alpha --seed --tasks"),
    (["check"], "--seed --alpha --widths --verbose"),
    (["plot"], "FILE --shots --inner-steps --alpha --seed --task --animate --output")], ids=lambda c: " ".join(c)[:10])
def test_help_names_every_option_within_80_columns(command, words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as exit:
        main([*command, "--help"])
    out = capsys.readouterr().out
    assert exit.value.code == 0 and max(map(len, out.splitlines())) <= 80
    assert all(word in out for word in words.split())


def test_a_command_line_that_fails_says_so_to_the_shell(tmp_path):
    process = start("evaluate", tmp_path / "none.npz")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and not out and err.startswith("error:") and "Traceback" not in err


# Progress.


def test_in_a_pipe_progress_is_a_few_quiet_lines(tmp_path):
    process = start("train", *SMALL, "--output", tmp_path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and "\r" not in out + err
    assert len(err.splitlines()) == 4 and all("it/s" in line and "left" in line for line in err.splitlines())


def test_on_a_terminal_progress_is_one_line_rewritten(tmp_path):
    pty = pytest.importorskip("pty", reason="no terminals of this kind here")
    master, slave = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "tinymeta", "train", "--output", str(tmp_path), "--iterations",
                                "3000", *SMALL[2:]], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    seen = b""
    try:
        while chunk := os.read(master, 4096):
            seen += chunk
    except OSError:  # Linux: the other end is closed
        pass
    assert process.wait(timeout=60) == 0
    assert seen.count(b"\r") >= 2 and b"\n" not in seen and b"it/s" in seen and b"left" in seen
    assert max(len(part) for part in seen.split(b"\r")) <= 79


def test_rate_and_time_left_are_those_of_this_call(monkeypatch):
    clock = iter([0.0, 10.0])
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))

    class Pipe:
        text = ""
        isatty = staticmethod(lambda: False)
        flush = staticmethod(lambda: None)

        def write(self, text):
            self.text += text

    pipe = Pipe()
    progress.Progress("MAML", total=400, done=100, stream=pipe).update(200, 1.5)
    assert "200/400" in pipe.text and "10 it/s" in pipe.text and "0:20 left" in pipe.text and "loss 1.500" in pipe.text


@pytest.mark.parametrize("value, text", [(0.5449, "0.54"), (9.994, "9.99"), (9.996, "10.0"), (12.34, "12.3"), (123.4, "123"),
                                         (5e6, "5e+6"), (np.inf, "inf"), (np.nan, "nan"), (0.0, "0.00"), (1e30, "1e+30")])
def test_numbers_fit_their_column(value, text):
    assert progress.short(value) == text and len(text) <= 5


# Protocols.


def test_finn2017_has_the_published_settings():
    run = protocols.build(protocols.finn2017())
    s = run.settings
    assert (run.model.widths, run.model.activation.name) == ([1, 40, 40, 1], "relu")
    assert (run.method.alpha, run.method.steps, run.method.first_order) == (0.01, 1, False)
    assert (run.n_support, run.n_query, s.n_tasks, s.iterations) == (10, 10, 25, 70_000)
    assert type(run.optimizer) is tm.Adam and run.optimizer.learning_rate == 1e-3
    assert run.tasks.ranges == {"amplitude": (0.1, 5.0), "phase": (0.0, np.pi)} and run.tasks.x_range == (-5.0, 5.0)
    assert run.tasks.grid is None and run.tasks.noise == 0
    assert (s.eval_shots, s.eval_queries or "as many", s.eval_steps) == ((5, 10), "as many", 10)


def test_reptile2018_has_the_published_settings():
    run = protocols.build(protocols.reptile2018())
    s = run.settings
    assert (run.model.widths, run.model.activation.name, s.init) == ([1, 64, 64, 1], "tanh", "uniform")
    assert type(run.method) is tm.Reptile and (run.method.alpha, run.method.steps, run.method.batch_size) == (0.02, 5, 10)
    assert (run.n_support, s.n_tasks, s.iterations) == (50, 1, 30_000)
    assert type(run.optimizer) is tm.SGD
    assert_allclose([run.optimizer.learning_rate(n) for n in (0, 15_000, 30_000)], [0.1, 0.05, 0.0])
    assert run.tasks.ranges == {"amplitude": (0.1, 5.0), "phase": (0.0, 2 * np.pi)} and run.tasks.grid == 50
    assert (s.eval_shots, s.eval_queries, s.eval_steps) == ((10,), 50, 32)


@pytest.mark.parametrize("protocol", protocols.PROTOCOLS)
def test_every_method_gets_the_same_points_tasks_and_iterations(protocol):
    built = [protocols.build(protocols.PROTOCOLS[protocol](name)) for name in protocols.METHODS]
    budgets = {(r.settings.iterations, r.settings.n_tasks,
                r.n_support + (r.n_query if isinstance(r.method, tm.MAML) else 0)) for r in built}
    assert len(budgets) == 1
    assert [type(r.method) for r in built] == [tm.MAML, tm.MAML, tm.Reptile, tm.JointTraining, tm.JointTraining]
    assert [getattr(r.method, "first_order", None) for r in built[:2]] == [False, True]
    assert built[-1].model.widths == [3, *built[0].model.widths[1:]]


def test_the_default_settings_are_maml_as_in_finn2017_and_cannot_be_changed():
    assert protocols.Settings() == protocols.finn2017() == protocols.finn2017("maml")
    assert protocols.build(protocols.Settings(method="reptile")).method.batch_size is None  # all examples
    with pytest.raises(FrozenInstanceError):
        protocols.Settings().alpha = 1.0


def test_quick_is_finn2017_in_6000_iterations_at_a_falling_rate():
    for name in protocols.METHODS:
        expected = replace(protocols.finn2017(name), iterations=6000, learning_rate=0.01, decay=True, init="xavier",
                           eval_shots=(10,))
        assert protocols.quick(name) == expected
    rate = protocols.build(protocols.quick()).optimizer.learning_rate
    assert_allclose([rate(n) for n in (0, 3000, 6000)], [0.01, 0.005, 0.0])


@pytest.mark.parametrize("protocol", protocols.PROTOCOLS)
def test_reptile_takes_five_steps_on_tens_and_the_oracle_is_not_adapted(protocol):
    method = protocols.build(protocols.PROTOCOLS[protocol]("reptile")).method
    assert (method.steps, method.batch_size) == (5, 10)
    steps = {name: protocols.PROTOCOLS[protocol](name).eval_steps for name in protocols.METHODS}
    assert steps.pop("oracle") == 0 and set(steps.values()) == {32 if protocol == "reptile2018" else 10}


@pytest.mark.parametrize("name, fewest", [
    *[(name, 1) for name in ("shots", "queries", "n_tasks", "iterations", "inner_steps")],
    *[(name, 0) for name in ("inner_batch", "grid", "eval_queries", "eval_steps", "seed")]])
def test_a_setting_may_be_its_fewest_and_no_fewer(name, fewest):
    assert getattr(protocols.build(protocols.Settings(**{name: fewest})).settings, name) == fewest
    with pytest.raises(ValueError, match=f"{name} is {fewest - 1}"):
        protocols.build(protocols.Settings(**{name: fewest - 1}))


def test_a_network_goes_from_one_number_to_one_with_any_layers_between():
    assert protocols.build(protocols.Settings(widths=(1, 1))).model.widths == [1, 1]
    for widths in ((1, 4, 2), (2, 4, 1)):
        with pytest.raises(ValueError, match="the first and the last"):
            protocols.build(protocols.Settings(widths=widths))


def test_settings_survive_the_way_through_json():
    for make in protocols.PROTOCOLS.values():
        for name in protocols.METHODS:
            settings = make(name)
            assert protocols.settings_from(json.loads(json.dumps(settings.as_dict()))) == settings
    with pytest.raises(ValueError, match="'colour'"):
        protocols.settings_from({"colour": 1})


def test_held_out_tasks_are_not_the_training_tasks():
    train, held_out = np.random.default_rng(0), runs.held_out_rng(0)
    assert not np.isin(train.random(10_000), held_out.random(10_000)).any()
    assert not np.array_equal(runs.held_out_rng(0).random(5), runs.held_out_rng(1).random(5))


# Checking one's own file.

RIGHT = """
import numpy as np
n_params = 2

def error(theta, x, y):
    return theta[..., :1, None] * x + theta[..., 1:, None] - y

def loss(theta, x, y):
    return (error(theta, x, y) ** 2).mean(axis=(-2, -1))

def gradient(theta, x, y):
    e = error(theta, x, y)
    return 2 * np.stack([(e * x).mean(axis=(-2, -1)), e.mean(axis=(-2, -1))], axis=-1)

def hvp(theta, x, y, v):
    return gradient(v, x, 0 * y)
"""
MAML = """
import tinymeta as tm
def meta_gradient(theta, batch, alpha, steps):
    return tm.MAML(tm.MLP([1, 5, 4, 1], "tanh"), alpha, steps{}).meta_gradient(theta, batch)
"""


def check_own(tmp_path, capsys, text):
    path = tmp_path / "my_model.py"
    path.write_text(text)
    return main(["check", str(path)]), capsys.readouterr()


def test_check_passes_a_file_of_right_functions(tmp_path, capsys):
    code, printed = check_own(tmp_path, capsys, RIGHT)
    assert code == 0 and printed.out.startswith("PASS  model my_model, P = 2") and printed.err == ""
    assert printed.out.count("✓") == 7


@pytest.mark.parametrize("old, new, word", [
    ("return 2 *", "return", "½ times"), ("gradient(v, x, 0 * y)", "gradient(v, x, y)", "Hessian"),
    ("    e = ", "    e = theta[9] + ", "line 12"), ("return 2 *", "2 *", "None (is a `return` missing?)"),
    ("import numpy as np", "import numpy as np; 1 / 0", "line 2"), ("n_params = 2", "n_params = 2 +", "SyntaxError"),
    ("def hvp", "def product", "the model has no hvp"), (".mean(axis=(-2, -1))\n\ndef grad", ".mean()\n\ndef grad", "4 tasks")])
def test_check_says_what_is_wrong_in_a_file(tmp_path, capsys, old, new, word):
    assert old in RIGHT
    code, printed = check_own(tmp_path, capsys, RIGHT.replace(old, new))
    assert code == 1 and printed.out.startswith("FAIL") and word in " ".join(printed.out.split())
    assert "Traceback" not in printed.out + printed.err


def test_check_takes_a_class_a_meta_gradient_and_an_inner_loop(tmp_path, capsys):
    text = "import tinymeta as tm\nclass Mine(tm.MLP):\n    def __init__(self): super().__init__([1, 5, 4, 1], 'tanh')\n"
    text += MAML.format("") + "def adapt(theta, x, y, alpha, steps):\n    return tm.adapt(Mine(), theta, x, y, alpha, steps)\n"
    code, printed = check_own(tmp_path, capsys, text)
    assert code == 0 and printed.out.count("PASS") == 3
    code, printed = check_own(tmp_path, capsys, text.replace("alpha, steps{}", "").replace("alpha, steps).meta", "alpha, steps, True).meta"))
    assert code == 1 and "the Hessian term is missing" in printed.out and printed.out.count("PASS") == 2


def test_check_takes_a_meta_gradient_with_a_small_network_where_the_file_has_no_model(tmp_path, capsys):
    code, printed = check_own(tmp_path, capsys, MAML.format(""))
    assert code == 0 and printed.out.startswith("PASS  maml meta-gradient, α = 0.05, P = 39")
    code, printed = check_own(tmp_path, capsys, MAML.format("") + "model = tm.MLP([1, 5, 4, 1], 'tanh')\n")
    assert code == 0 and printed.out.count("PASS") == 2


def test_check_takes_the_first_right_model_of_a_file_for_its_meta_gradient(tmp_path, capsys):
    text = "import tinymeta as tm\n"
    for name, width in (("Wrong", 2), ("First", 3), ("Second", 4)):
        text += f"class {name}(tm.MLP):\n    def __init__(self): super().__init__([1, {width}, 1], 'tanh')\n"
    text = text.replace("class First", "    def gradient(self, *a): return 2 * super().gradient(*a)\nclass First")
    code, printed = check_own(tmp_path, capsys, text + MAML.format("").replace("[1, 5, 4, 1]", "[1, 3, 1]"))
    verdicts = [line.split(",")[0] for line in printed.out.splitlines() if line[6:11] in ("model", "maml ")]
    assert code == 1
    assert verdicts == ["FAIL  model Wrong", "PASS  model First", "PASS  model Second", "PASS  maml meta-gradient"]


def test_check_imports_from_the_file_s_folder_and_leaves_the_path_as_it_was(tmp_path, capsys):
    (tmp_path / "right_functions_of_mine.py").write_text(RIGHT)
    before = list(sys.path)
    assert check_own(tmp_path, capsys, "from right_functions_of_mine import *\n")[0] == 0
    assert sys.path == before


def test_check_refuses_what_is_not_there_or_holds_nothing_to_check(tmp_path, capsys):
    assert main(["check", str(tmp_path / "none.py")]) == 1
    assert "no such file" in capsys.readouterr().err
    code, printed = check_own(tmp_path, capsys, "x = 1\n")
    assert code == 2 and "meta_gradient" in printed.err and "Traceback" not in printed.err
