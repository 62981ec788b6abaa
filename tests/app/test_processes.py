"""Training in several processes: the same bits, one display, and ends that lose nothing."""

import json
import os
import signal
import threading
import time
from multiprocessing import Pipe
from types import SimpleNamespace

import pytest
from numpy.testing import assert_array_equal
from small_runs import SMALL, small
from test_faults import LONG, names, posix, start, wait_for
from test_tables_and_progress import Terminal

from tinymeta.app import check_apart, compare, processes, runs, stopping
from tinymeta.app.command_line import main
from tinymeta.app.progress import Together
from tinymeta.app.runs import Run

FOUR = ["--methods", "maml", "joint", "--seeds", "0", "3"]


def small_compare(folder, *options):
    return main(["compare", *SMALL, *options, "--output", str(folder)])


@pytest.fixture(autouse=True)
def no_figures(monkeypatch):
    monkeypatch.setattr(compare, "save_figures", lambda *arguments: ["adaptation.png"])
    monkeypatch.setattr(compare, "save_seeds_figures", lambda *arguments: None)


def test_two_processes_give_the_bits_of_one(tmp_path, capsys):
    assert small_compare(tmp_path / "two", *FOUR, "--jobs", "2") == 0
    assert small_compare(tmp_path / "one", *FOUR, "--jobs", "1") == 0
    found = [json.loads((tmp_path / name / "results.json").read_text())["shots"]
             for name in ("one", "two")]
    assert found[0] == found[1]
    files = ["joint-seed0.npz", "joint-seed3.npz", "maml-seed0.npz", "maml-seed3.npz"]
    for file in files:
        one, two = (runs.load_run(tmp_path / name / file).checkpoint for name in ("one", "two"))
        assert_array_equal(one.theta, two.theta)
        assert_array_equal(one.losses, two.losses)
    assert names(tmp_path / "two") == ["compare.json", *files, "results.json"]
    assert capsys.readouterr().out.count(" trained in ") == 8


def test_the_exit_code_is_that_of_the_first_signal_not_of_what_a_process_was_told(monkeypatch):
    def start(_):
        ours, theirs = Pipe()

        def work():
            theirs.recv()
            os.kill(os.getpid(), signal.SIGINT)
            theirs.poll(5)  # is told to end
            theirs.send(("run", Run(small("maml"), None, stopped=143)))

        thread = threading.Thread(target=work)
        thread.start()
        return SimpleNamespace(join=thread.join, terminate=lambda: None), ours

    monkeypatch.setattr(processes, "start", start)
    tasks = {name: (small("maml"), name) for name in "ab"}
    found, end = processes.train_all(tasks, 2, None)
    assert found[end].stopped == 130


def test_an_error_in_a_process_is_the_command_s(tmp_path, capsys):
    assert small_compare(tmp_path, "--methods", "maml", "joint", "--jobs", "2") == 0
    tmp_path.joinpath("joint.npz").unlink()
    tmp_path.joinpath("joint.npz").mkdir()
    assert small_compare(tmp_path, "--methods", "maml", "joint", "--jobs", "2") == 1
    err = capsys.readouterr().err
    assert "joint.npz is a folder; expected a checkpoint" in err and "Traceback" not in err


def processes_of(folder):
    return [name for name in names(folder) if name.endswith(".npz.lock")]


@posix
@pytest.mark.parametrize("number, code", [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_all_processes_and_keeps_all(number, code, tmp_path):
    run = start("compare", *LONG, "--jobs", "2", "--output", tmp_path)
    wait_for(lambda: len(processes_of(tmp_path)) == 2)
    time.sleep(0.5)
    run.send_signal(getattr(signal, number))
    _, err = run.communicate(timeout=30)
    assert run.returncode == code and "go on with: python -m tinymeta --resume" in err
    assert "Traceback" not in err
    assert names(tmp_path) == ["compare.json", "maml.npz", "reptile.npz"]
    for name in ("maml", "reptile"):
        assert runs.load_run(tmp_path / f"{name}.npz").checkpoint.iteration > 0


@posix
def test_the_processes_of_a_killed_comparison_end_and_keep_what_they_had(tmp_path):
    run = start("compare", *LONG, "--jobs", "2", "--output", tmp_path)
    wait_for(lambda: len(processes_of(tmp_path)) == 2)
    time.sleep(0.5)
    run.kill()
    run.communicate(timeout=30)
    wait_for(lambda: not processes_of(tmp_path))
    assert runs.load_run(tmp_path / "maml.npz").checkpoint.iteration > 0


@posix
def test_a_process_that_is_killed_is_named(tmp_path):
    run = start("compare", *LONG, "--jobs", "2", "--output", tmp_path)
    wait_for(lambda: len(processes_of(tmp_path)) == 2)
    children = f"/proc/{run.pid}/task/{run.pid}/children"
    if not os.path.exists(children):
        run.send_signal(signal.SIGINT)
        pytest.skip("no list of child processes here")
    with open(children) as file:
        os.kill(int(file.read().split()[-1]), signal.SIGKILL)
    _, err = run.communicate(timeout=30)
    assert run.returncode == 1 and "was ended from outside (exit code -9)" in err
    assert "go on with" in err


def test_a_signal_between_two_runs_is_one_too(tmp_path, capsys, monkeypatch):
    """When the last of those that train has just ended, and others wait."""
    monkeypatch.setattr(processes.Together, "finished",
                        lambda *_: signal.raise_signal(signal.SIGINT))
    options = [*FOUR, "--jobs", "2"]
    assert small_compare(tmp_path, *options) == 130
    assert f"go on with: python -m tinymeta --resume {tmp_path}" in capsys.readouterr().err
    monkeypatch.undo()
    assert small_compare(tmp_path, *options) == 0


def test_a_signal_after_the_last_run_ends_before_the_report(tmp_path, capsys, monkeypatch):
    options, finished = [*FOUR, "--jobs", "2"], []
    monkeypatch.setattr(processes.Together, "finished", lambda _, label: finished.append(label) or
                        len(finished) == 4 and signal.raise_signal(signal.SIGTERM))
    assert small_compare(tmp_path, *options) == 143 and len(finished) == 4
    assert "results.json" not in os.listdir(tmp_path)


def test_one_line_shows_all_on_a_terminal():
    terminal = Terminal()
    shown = Together(["MAML", "Reptile", "oracle"], terminal)
    shown.started -= 10.0  # seconds
    shown.update("MAML", 50, 100, 0, 1.0)
    shown.shown = -1e9
    shown.update("Reptile", 60, 100, 10, 1.0)  # 100 steps in ten seconds, 190 are left
    line = terminal.getvalue().split("\r")[-1].rstrip()
    assert line == "0 of 3 trained, 0:19 left: MAML 50 %, Reptile 60 %"
    shown.finished("MAML")
    shown.shown = -1e9
    shown.update("Reptile", 70, 100, 10, 1.0)
    line = terminal.getvalue().split("\r")[-1].rstrip()
    assert line == "1 of 3 trained, 0:08 left: Reptile 70 %"


def test_the_cores_are_those_of_this_process():
    assert 1 <= processes.cores() <= os.cpu_count()


@pytest.mark.parametrize("options, words", [
    ("--jobs 0", "jobs is 0; expected"), ("--seeds 0", "seeds is 0; expected"),
    ("--seeds 1 1", "seeds is [1, 1]; expected each only once"),
    ("--seeds 1 -1", "seeds[1] is -1"), ("--seeds 2 --seed 1", "seed is given beside seeds")])
def test_wrong_jobs_and_seeds_are_named(options, words, tmp_path, capsys):
    assert small_compare(tmp_path / "a", *options.split()) == 2
    assert words in capsys.readouterr().err and not (tmp_path / "a").exists()


@posix
def test_a_signal_while_a_process_starts_ends_it(monkeypatch):
    begun = []

    def start(process):
        begin(process)
        begun.append(process)
        os.kill(os.getpid(), signal.SIGTERM)

    begin = processes.SPAWN.Process.start
    monkeypatch.setattr(processes.SPAWN.Process, "start", start)
    before = signal.signal(signal.SIGTERM, stopping.end)
    try:
        with pytest.raises(KeyboardInterrupt):
            processes.start(processes._work)
    finally:
        signal.signal(signal.SIGTERM, before)
        stopping.asked.clear()
        stopping.raised.clear()
    assert begun[0].exitcode == -signal.SIGKILL


def test_a_process_tells_its_own_seconds(monkeypatch):
    ours, theirs = Pipe()
    monkeypatch.setattr(processes, "TELL_EVERY", 0.0)
    told = processes._Told(theirs).begin(SimpleNamespace(received=[]), "MAML", 10, 0)
    told.started -= 50
    told.update(5, 1.0)
    assert ours.recv()[5] < 1 and 50 < ours.recv()[5] < 60


def test_a_check_whose_caller_has_gone_says_nothing(tmp_path, capfd):
    trace = str(tmp_path / "gone" / "trace")
    process, _ = processes.start(check_apart._work, tmp_path / "my.py", 0.05, 0, 9.0, False, False,
                                 trace, daemon=False)
    process.join(60)
    assert process.exitcode == 0 and capfd.readouterr().err == ""
