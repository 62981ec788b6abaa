"""python -m tinymeta: what it prints, what it keeps, how it ends."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import reference
import tinymeta as tm
from tinymeta import progress, protocols, runs
from tinymeta.command_line import main

ROOT = Path(__file__).resolve().parent.parent
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
    theta = model.init(rng, dtype=np.float32)
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
    assert lines[0].split() == ["equations", "what", "error", "verdict"] and lines[-1] == "all passed"
    assert all(line.endswith(" ok") for line in lines[1:-1]) and len(lines) >= 20
    assert max(map(len, lines)) <= 80


def test_check_fails_when_a_derivation_is_wrong(capsys, monkeypatch):
    broken = tm.tanh._replace(second_derivative=lambda z, a, d: 2 * a * d)
    monkeypatch.setattr("tinymeta.self_check.MLP",
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
    while not path.exists() and time.time() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    return process.returncode, err


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
    (["train", "--seed", "-5"], 2, "seed"), (["--inner-steps", "0"], 2, "steps is 0"),
    (["evaluate", "nowhere.npz"], 1, "nowhere.npz"), (["train", "--resume", "nowhere.npz"], 1, "nowhere.npz"),
    (["--resume", "nowhere"], 1, "nowhere"), (["plot", str(ROOT / "README.md")], 1, "README.md"),
    (["check", "--widths", "0"], 2, "widths"), (["check", "--alpha", "0"], 2, "alpha")], ids=str)
def test_wrong_usage_ends_with_its_code_and_a_message_that_names_it(arguments, code, word, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    try:
        found = main(arguments)
    except SystemExit as exit:  # argparse's own way
        found = exit.code
    err = capsys.readouterr().err
    assert found == code and word in err and "Traceback" not in err
    assert not list(tmp_path.rglob("*.npz"))


def test_help_lists_every_command_and_every_option(capsys):
    for arguments in ([], ["train"], ["evaluate"], ["check"], ["plot"], ["compare"]):
        with pytest.raises(SystemExit) as exit:
            main([*arguments, "--help"])
        assert exit.value.code == 0
    out = capsys.readouterr().out
    for word in ("train", "evaluate", "check", "plot", "compare", "--method", "--shots", "--inner-steps", "--alpha",
                 "--iterations", "--seed", "--output", "--resume", "--protocol", "finn2017", "reptile2018", "exit codes"):
        assert word in out


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
    assert built[-1].model.widths[0] == 3


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
