"""Faults, in processes as a user starts them: two runs at once, kills, signals, a full disk."""

import gc
import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from small_runs import SMALL, small, trained

import tinymeta as tm
from tinymeta.app import command_line, commands, compare, figures, lessons, runs, stopping
from tinymeta.app.command_line import main
from tinymeta.training.files import Claim, ClaimError

ROOT = Path(__file__).resolve().parents[2]
LONG = "--widths 1 6 1 --n-tasks 3 --iterations 100000 --protocol quick".split()
posix = pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX does")


def start(*arguments, code="from tinymeta.app.command_line import main; sys.exit(main())"):
    """python -m tinymeta with these arguments, after a line of code if there is one."""
    line = [sys.executable, "-m", "tinymeta"]
    if code and not code.startswith("from"):
        line = [sys.executable, "-c", f"import sys; {code}; from tinymeta.app.command_line import "
                "main; sys.exit(main())"]
    return subprocess.Popen([*line, *map(str, arguments)], cwd=ROOT, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def names(folder):
    return sorted(os.listdir(folder))


# Two at once.


def test_of_two_runs_in_one_folder_the_second_is_told_and_the_first_is_kept(tmp_path, capsys,
                                                                             monkeypatch):
    monkeypatch.setattr(Claim.__init__, "__defaults__", (0.1,))  # patience
    with Claim(tmp_path / "maml.npz"):
        assert main(["train", *SMALL, "--output", str(tmp_path)]) == 1
    assert "maml.npz is another run's that is still going on" in capsys.readouterr().err
    assert names(tmp_path) == []
    with Claim(tmp_path / "compare.json"):
        assert main(["compare", *SMALL, "--output", str(tmp_path)]) == 1
    assert "compare.json is another run's" in capsys.readouterr().err and names(tmp_path) == []
    trained(tmp_path)
    for output in ("", "wave.png"):
        with Claim(tmp_path / (output or "figures")):
            options = ["plot", str(tmp_path / "maml.npz"), "--output", str(tmp_path / output)]
            assert main(options) == 1 and "is another run's that is" in capsys.readouterr().err
    assert names(tmp_path) == ["maml.npz"]


@posix
def test_a_run_whose_folder_was_taken_over_writes_nothing_into_it(tmp_path):
    first = start("train", *LONG, "--output", tmp_path / "a")
    wait_for(lambda: (tmp_path / "a" / "maml.npz.lock").exists())
    time.sleep(0.5)
    (tmp_path / "a").rename(tmp_path / "b")  # and another run begins where it was
    trained_here = main(["train", *SMALL, "--output", str(tmp_path / "a")])
    first.send_signal(signal.SIGINT)
    _, err = first.communicate(timeout=30)
    assert (first.returncode, trained_here) == (1, 0) and "is no longer this run's" in err
    assert tm.load_checkpoint(tmp_path / "a" / "maml.npz").iteration == 12


def test_a_file_put_in_the_place_of_the_checkpoint_is_left_as_it_is(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    monkeypatch.setattr(runs, "SAVE_EVERY", 0.0)
    checks = []

    def replace_and_check(claim):
        checks.append(path.unlink() if len(checks) == 2 else None)  # removed: it is written anew
        if len(checks) == 5:
            path.write_text("another's")

    monkeypatch.setattr(Claim, "check", replace_and_check)
    with pytest.raises(ClaimError, match="run.npz is no longer the file that this run has written"):
        runs.train(small(), path)
    assert len(checks) == 5 and path.read_text() == "another's" and names(tmp_path) == ["run.npz"]


# Signals.


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_before_the_first_save_keeps_what_was_reached(name, tmp_path):
    number = getattr(signal, name)
    run = start("train", *LONG, "--output", tmp_path)
    wait_for(lambda: (tmp_path / "maml.npz.lock").exists())
    time.sleep(0.5)
    run.send_signal(number)
    _, err = run.communicate(timeout=30)
    assert run.returncode == 128 + number and "go on with: python -m tinymeta train --resume" in err
    assert runs.load_run(tmp_path / "maml.npz").checkpoint.iteration > 0
    assert names(tmp_path) == ["maml.npz"] and "Traceback" not in err


def test_a_signal_that_is_ignored_stays_so(tmp_path, monkeypatch):
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with runs.Stop() as stop:
            signal.raise_signal(signal.SIGTERM)
        assert stop.received == []
    finally:
        signal.signal(signal.SIGTERM, before)
    with runs.Stop() as stop:
        signal.raise_signal(signal.SIGTERM), signal.raise_signal(signal.SIGINT)
    assert stop.code == 128 + signal.SIGTERM  # of two, the first one's


@pytest.mark.parametrize("owner, name", [(tm.SinusoidTasks, "sample"), (tm.Adam, "step")])
def test_a_second_ctrl_c_ends_a_long_step_and_the_last_whole_one_is_kept(
        owner, name, tmp_path, monkeypatch):
    (tmp_path / "whole").mkdir()
    whole, original, calls = trained(tmp_path / "whole"), getattr(owner, name), []

    def press_twice(*arguments):
        calls.append(arguments)
        found = original(*arguments)
        if len(calls) == 5:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("the second one did nothing")
        return found

    with monkeypatch.context() as context:
        context.setattr(owner, name, press_twice)
        cut = trained(tmp_path)
    assert cut.stopped == 130 and cut.checkpoint.iteration == 4
    resumed = trained(tmp_path)
    assert_array_equal(resumed.checkpoint.theta, whole.checkpoint.theta)
    assert resumed.checkpoint.rng_state == whole.checkpoint.rng_state


@posix
@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.15, 0.2, 0.3])
def test_ctrl_c_while_the_program_starts_shows_no_traceback(seconds, tmp_path):
    """Python's own start is not ours: it is over once our package is being imported."""
    marker = tmp_path / "started"
    code = f"""
import runpy, sys
class Finder:
    def find_spec(name, *_):
        if name == "tinymeta":
            open({str(marker)!r}, "w").close()
sys.meta_path.insert(0, Finder)
sys.argv = ["-m", "train", *{LONG!r}, "--output", {str(tmp_path / "a")!r}]
sys.orig_argv = [sys.executable, "-m", "tinymeta", *sys.argv[1:]]
runpy._run_module_as_main("tinymeta")"""
    run = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, text=True,
                           stderr=subprocess.PIPE)
    wait_for(marker.exists)
    time.sleep(seconds)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=30)
    assert "Traceback" not in err and run.returncode in (-signal.SIGINT, 130)


@posix
@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="its processes are found in /proc")
@pytest.mark.parametrize("name, code", [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_to_all_processes_while_they_start_is_no_error_of_theirs(name, code, tmp_path):
    run = subprocess.Popen(
        [sys.executable, "-m", "tinymeta", "compare", *LONG, "--methods", "maml", "fomaml",
         "--jobs", "2", "--output", str(tmp_path)],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
    wait_for(lambda: len(children.read_text().split()) == 3)  # and one of Python's own
    time.sleep(0.1)
    os.killpg(run.pid, getattr(signal, name))
    _, err = run.communicate(timeout=30)
    assert run.returncode == code and "error" not in err and "go on with: " in err
    assert "compare.json.lock" not in names(tmp_path)


def test_what_a_library_raises_while_it_clears_up_after_ctrl_c_is_ctrl_c(monkeypatch, capsys,
                                                                         tmp_path):
    def animate(animation, path):
        animation._draw_was_started = True  # or Matplotlib warns that it was never drawn
        try:
            raise KeyboardInterrupt
        finally:
            [][0]  # as Matplotlib's writer does without a frame

    trained(tmp_path)
    monkeypatch.setattr(figures, "save_gif", animate)
    assert main(["plot", str(tmp_path / "maml.npz"), "--animate"]) == 130
    assert capsys.readouterr().err.endswith("\ninterrupted\n")


@posix
@pytest.mark.parametrize("name, code", [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_while_figures_are_made_leaves_nothing_half_written(name, code, tmp_path):
    trained(tmp_path)
    slow = ("import time; from tinymeta.app import figures; from matplotlib.figure import Figure; "
            "Figure.savefig = lambda *_, **__: time.sleep(30)")
    line = f"import runpy, sys; {slow}; sys.argv[0] = '-m'; runpy._run_module_as_main('tinymeta')"
    run = subprocess.Popen([sys.executable, "-c", line, "plot", tmp_path / "maml.npz"], cwd=ROOT,
                           text=True, stderr=subprocess.PIPE)
    wait_for(lambda: [*tmp_path.glob("figures/*.tmp")])
    run.send_signal(getattr(signal, name))
    _, err = run.communicate(timeout=30)
    assert (run.returncode, err) == (code, "\ninterrupted\n") and names(tmp_path) == ["maml.npz"]


@posix
def test_what_a_kill_in_the_middle_of_an_animation_leaves_is_cleared_by_the_next(tmp_path):
    trained(tmp_path)
    (tmp_path / "temporary").mkdir()
    code = ("import tempfile, time; from matplotlib.animation import FuncAnimation; "
            f"tempfile.tempdir = {str(tmp_path / 'temporary')!r}; "
            "FuncAnimation.save = lambda self, path, *_: (path.write_text(''), time.sleep(30))")
    run = start("plot", "--animate", tmp_path / "maml.npz", code=code)
    wait_for(lambda: [*tmp_path.glob("*/*/animation.gif")])
    run.kill()
    run.communicate()
    (tmp_path / "figures" / "training.png.0123abcd.tmp").write_text("half")
    assert names(tmp_path / "temporary") == []
    for more in ([], ["--animate"]):
        assert main(["plot", *more, str(tmp_path / "maml.npz")]) == 0
        assert names(tmp_path / "figures") == ["adaptation.gif"] * bool(more) + [
            "adaptation.png", "errors.png", "training.png"]

@posix
@pytest.mark.parametrize("body, code", [
    ("time.sleep(30)", 143), ("None", 143)], ids=["which goes on", "which ends at once"])
def test_a_signal_that_comes_where_nothing_can_be_raised_is_not_lost(body, code, tmp_path):
    trained(tmp_path)
    slow = ("import os, signal, time, weakref; from matplotlib.figure import Figure; "
            "Thing = type('Thing', (), {}); "
            "called = lambda _: os.kill(os.getpid(), signal.SIGTERM); "
            f"Figure.savefig = lambda *_, **__: (weakref.ref(Thing(), called), {body})")
    line = f"import runpy, sys; {slow}; sys.argv[0] = '-m'; runpy._run_module_as_main('tinymeta')"
    run = subprocess.run([sys.executable, "-c", line, "plot", tmp_path / "maml.npz"], cwd=ROOT,
                         text=True, capture_output=True, timeout=25)
    assert run.returncode == code and "Ended" not in run.stderr


def test_a_plot_into_a_comparison_s_folder_waits_for_its_figures(tmp_path, capsys, monkeypatch):
    options = ["compare", *SMALL, "--methods", "maml", "--jobs", "1", "--output", str(tmp_path)]
    assert main(options) == 0
    found, save = [], compare.save_figures

    def plot_meanwhile(*arguments):
        with pytest.raises(ClaimError):
            Claim(tmp_path / "figures", patience=0)
        found.append(True)
        return save(*arguments)

    monkeypatch.setattr(compare, "save_figures", plot_meanwhile)
    assert main(options) == 0 and found
    assert not [name for name in names(tmp_path) if name.endswith(".lock")]


def test_two_that_put_lessons_into_one_folder_do_not_meet(tmp_path, capsys):
    with Claim(tmp_path / "lessons"):
        assert main(["lessons", str(tmp_path)]) == 1
    assert "is another run's that is still going on" in capsys.readouterr().err
    assert main(["lessons", str(tmp_path)]) == 0
    assert not [name for name in names(tmp_path) if name.endswith(".lock")]


def test_a_copy_of_the_lessons_says_where_they_are(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(lessons, "PACKAGE", tmp_path / "tinymeta")
    assert main(["lessons", str(tmp_path / "more")]) == 1
    assert f"this is the copy beside those in {tmp_path}" in capsys.readouterr().err


def test_another_program_that_imports_the_package_keeps_its_ctrl_c(tmp_path):
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "__init__.py").write_text("import tinymeta")
    (tmp_path / "lab" / "train.py").write_text(
        "import os, signal; print(signal.getsignal(signal.SIGINT) is not signal.SIG_DFL, "
        "os.environ.get('OPENBLAS_NUM_THREADS'))")
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    environ.pop("OPENBLAS_NUM_THREADS", None)
    run = subprocess.run([sys.executable, "-m", "lab.train"], cwd=tmp_path, env=environ,
                         capture_output=True, text=True)
    assert run.stdout == "True None\n"


@pytest.mark.parametrize("flags", ["-m tinymeta", "-um tinymeta", "-Bumtinymeta"])
def test_the_program_has_one_blas_thread_however_python_is_told_to_run_it(flags, tmp_path):
    """Other numbers of threads give other bits."""
    (tmp_path / "shown.py").write_text(
        "import os\nraise OSError(f\"threads: {os.environ.get('OPENBLAS_NUM_THREADS')}\")")
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    environ.pop("OPENBLAS_NUM_THREADS", None)
    run = subprocess.run([sys.executable, *flags.split(), "check", "shown.py"], cwd=tmp_path,
                         env=environ, capture_output=True, text=True)
    assert "threads: 1" in run.stdout


@posix
@pytest.mark.parametrize("name, code", [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_the_exit_code_is_the_signal_s_where_nobody_reads_what_is_said(name, code, tmp_path):
    run = start("train", *LONG, "--output", tmp_path)
    wait_for(lambda: (tmp_path / "maml.npz.lock").exists())
    run.stdout.close(), run.stderr.close()
    run.send_signal(getattr(signal, name))
    assert run.wait(timeout=30) == code and names(tmp_path) == ["maml.npz"]


@posix
def test_a_closed_terminal_s_exit_code_is_that_of_its_signal(tmp_path):
    import pty  # not on Windows
    line = [sys.executable, "-m", "tinymeta", "compare", *LONG, "--output", str(tmp_path)]
    run, terminal = pty.fork()
    if run == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, line)
    wait_for(lambda: (tmp_path / "compare.json.lock").exists())
    os.close(terminal)
    _, status = os.waitpid(run, 0)
    assert os.waitstatus_to_exitcode(status) == 129
    assert "compare.json.lock" not in names(tmp_path)


class Closed(io.StringIO):
    """A standard output that nobody reads, or a terminal that is closed."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def flush(self):
        raise self.error


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), OSError(5, "I/O error")])
@pytest.mark.parametrize("early", [False, True])
def test_after_a_signal_it_is_no_error_that_nobody_reads(error, early, tmp_path, monkeypatch,
                                                         capsys):
    trained(tmp_path), capsys.readouterr()

    def evaluate(*_):
        stopping.asked.append(1)
        if early:
            raise error
        return {}

    monkeypatch.setattr(commands, "evaluate_runs", evaluate)
    monkeypatch.setattr(commands, "curves_table", lambda *_: "a table")
    monkeypatch.setattr(sys, "stdout", Closed(error))
    assert main(["evaluate", str(tmp_path / "maml.npz")]) == (129 if early else 0)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(commands, "evaluate_runs", lambda *_: {})
    monkeypatch.setattr(sys, "stdout", Closed(error))
    assert main(["evaluate", str(tmp_path / "maml.npz")]) == 1


@posix
def test_a_second_signal_at_the_very_end_shows_no_traceback():
    late = ("import os, signal, time; from tinymeta.app import command_line, stopping; "
            "kill = lambda *_: os.kill(os.getpid(), signal.SIGTERM); real = stopping.exit_code; "
            "stopping.exit_code = lambda *error: (time.sleep(0.1), kill(), real(*error))[2]; "
            "command_line.main = kill")
    line = f"import runpy, sys; {late}; sys.argv[0] = '-m'; runpy._run_module_as_main('tinymeta')"
    run = subprocess.run([sys.executable, "-c", line], cwd=ROOT, text=True, capture_output=True)
    assert (run.returncode, run.stderr) == (143, "")


def test_of_two_signals_the_first_is_told_and_the_second_waits_for_what_it_does(monkeypatch):
    monkeypatch.setattr(stopping, "asked", [])
    monkeypatch.setattr(stopping, "raised", [])
    with pytest.raises(stopping.Ended) as first:
        stopping.end(signal.SIGTERM, None)
    stopping.end(signal.SIGINT, None)  # within 0.03 s
    time.sleep(stopping.GRACE)
    with pytest.raises(stopping.Ended) as second:
        stopping.end(signal.SIGINT, None)
    assert stopping.exit_code(first.value) == stopping.exit_code(second.value) == 143


# Disks.


@pytest.mark.parametrize("n", [1, 3])
def test_a_full_disk_is_told_with_the_path_and_how_to_go_on(n, tmp_path, capsys, monkeypatch):
    saves, save = [], runs.save_checkpoint

    def full(path, *rest):
        saves.append(path)
        if len(saves) == n:
            raise OSError(28, "No space left on device", str(path))
        save(path, *rest)

    monkeypatch.setattr(runs, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(runs, "save_checkpoint", full)
    assert main(["train", *SMALL, "--output", str(tmp_path)]) == 1
    file = tmp_path / "maml.npz"
    kept = (f"what was saved before is kept; go on with: python -m tinymeta train --resume {file}"
            if n > 1 else "nothing was kept")
    assert capsys.readouterr().err.endswith(
        f"error: [Errno 28] No space left on device: '{file}'\n{kept}\n")
    assert n == 1 or runs.load_run(file).checkpoint.iteration == n - 1


def test_a_run_that_could_not_begin_names_no_other_one_to_go_on_with(tmp_path, capsys, monkeypatch):
    def protected(path):
        raise PermissionError(13, "Permission denied", f"{path}.lock")

    trained(tmp_path)
    monkeypatch.setattr(runs, "Claim", protected)
    assert main(["train", *SMALL, "--seed", "9", "--output", str(tmp_path)]) == 1
    assert "go on with" not in capsys.readouterr().err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_standard_output_on_a_full_device_is_named(tmp_path):
    trained(tmp_path)
    line = [sys.executable, "-m", "tinymeta", "evaluate", str(tmp_path / "maml.npz")]
    with open("/dev/full", "w") as full:
        done = subprocess.run(line, cwd=ROOT, text=True, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    words = ("error: [Errno 28] No space left on device: of standard output, or of a temporary "
             "file\n")
    assert done.stderr == words
    line = [*line[:3], "compare", *SMALL, "--methods", "maml", "--output", str(tmp_path / "new")]
    with open("/dev/full", "w") as full:
        done = subprocess.run(line, cwd=ROOT, text=True, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1 and words + "what was saved before is kept; go on" in done.stderr


@posix
def test_a_comparison_whose_output_nobody_reads_ends_without_an_error(tmp_path):
    run = start("compare", *SMALL, "--methods", "maml", "--output", tmp_path, code=None)
    run.stdout.close()
    assert run.wait(timeout=60) == 1 and "error" not in run.stderr.read()
    run.stderr.close()


def test_a_comparison_of_which_nothing_could_be_trained_leaves_no_plan(tmp_path, monkeypatch):
    options = ["compare", *SMALL, "--methods", "maml", "--output", str(tmp_path)]
    with monkeypatch.context() as context:
        context.setattr(tm.MAML, "meta_gradient", lambda *_: None)
        assert main([*options, "--alpha", "0.3"]) == 2
    assert names(tmp_path) == [] and main(options) == 0


def test_a_comparison_that_fails_at_its_first_step_leaves_no_new_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tm.MAML, "meta_gradient", lambda *_: None)
    options = ["compare", *SMALL, "--methods", "maml", "--output", str(tmp_path / "new")]
    assert main(options) == 2 and names(tmp_path) == []


def test_an_empty_plan_is_one_that_could_not_be_written(tmp_path, capsys):
    (tmp_path / "compare.json").write_text("")
    options = [*SMALL, "--methods", "maml", "--output", str(tmp_path)]
    assert main(["compare", *options]) == 0
    assert json.loads((tmp_path / "compare.json").read_text())["methods"] == ["maml"]
    (tmp_path / "compare.json").write_text("{")
    assert main(["compare", *options, "--alpha", "0.5"]) == 1
    err = capsys.readouterr().err
    assert "--resume" not in err and f"choose another --output, or move {tmp_path} away" in err


def test_an_empty_plan_beside_other_files_is_no_comparison_s(tmp_path, capsys):
    for name in ("compare.json", "results.json"):
        (tmp_path / name).write_text("" if name == "compare.json" else "mine")
    assert main(["compare", *SMALL, "--methods", "maml", "--output", str(tmp_path)]) == 1
    words = f"holds no comparison ({tmp_path / 'compare.json'} is empty); choose another"
    assert words in capsys.readouterr().err
    assert (tmp_path / "results.json").read_text() == "mine"


def test_a_run_that_is_resumed_as_a_comparison_is_told_the_other_command(tmp_path, capsys):
    (tmp_path / "maml.npz").touch()
    assert main(["--resume", str(tmp_path)]) == 1
    told = f"train --resume {tmp_path / 'maml.npz'}"
    assert told in capsys.readouterr().err
    (tmp_path / "joint.npz").touch()
    assert main(["--resume", str(tmp_path)]) == 1
    assert "train --resume" not in capsys.readouterr().err


@posix
def test_a_plan_that_is_a_pipe_is_not_waited_for(tmp_path, capsys):
    os.mkfifo(tmp_path / "compare.json")
    assert main(["--resume", str(tmp_path)]) == 1
    assert "no comparison to go on with in" in capsys.readouterr().err


@pytest.mark.parametrize("plan, words", [
    ([], "it has no overrides"), ({"protocol": "quick"}, "it has no overrides"),
    (None, "it has no overrides"), ({"overrides": [1]}, "it has no overrides"),
    ({"protocol": "quick", "overrides": {}, "version": 9}, "it has the entries ['version'], which"),
    ({"protocol": "quick", "overrides": {"method": "anil"}}, "it has the entries ['method'], whi"),
    ({"protocol": "slow", "overrides": {}}, "protocol is 'slow'; expected one of"),
    ({"protocol": "quick", "overrides": {}, "methods": ["mml"]}, "methods has 'mml'; expected"),
    ({"protocol": "quick", "overrides": {}, "methods": []}, "methods is []; expected a list"),
    ({"protocol": "quick", "overrides": {"eval_steps": 10**9}}, "eval_steps is 1000000000; exp"),
    *(({"protocol": "quick", "overrides": {name: value}}, f"{name} is {value!r}; expected one of")
      for name, value in (("init", "zeros"), ("init", {"a": 1}), ("dtype", "int32"), ("dtype", 5),
                          ("optimizer", {"a": 1}), ("tasks", {"a": 1})))])
def test_a_plan_that_cannot_be_is_told_by_what_is_wrong(plan, words, tmp_path, capsys):
    (tmp_path / "compare.json").write_text(json.dumps(plan))
    assert main(["compare", "--resume", str(tmp_path)]) == 1
    assert words in capsys.readouterr().err


def test_what_stands_in_the_way_of_a_plan_that_was_lost_is_named(tmp_path, capsys):
    options = ["compare", *SMALL, "--methods", "maml", "--output", str(tmp_path)]
    assert main(options) == 0
    (tmp_path / "compare.json").unlink()
    for name in (".DS_Store", "talk.png", "notes.txt"):
        (tmp_path / name).write_text("")
    assert main(options) == 1
    assert "choose another --output, or move notes.txt, talk.png away" in capsys.readouterr().err
    for name in ("talk.png", "notes.txt"):
        (tmp_path / name).unlink()
    assert main(options) == 0


def test_an_error_that_a_swallowed_signal_leads_to_is_that_signal(tmp_path, capsys, monkeypatch):
    def swallowed(*_, **more):
        with suppress(KeyboardInterrupt):
            stopping.end(signal.SIGTERM, None)
        raise IndexError("list index out of range")

    trained(tmp_path)
    monkeypatch.setattr(commands, "save_figures", swallowed)
    monkeypatch.setattr(stopping, "raised", raised := [])
    monkeypatch.setattr(command_line, "raised", raised)
    assert main(["plot", str(tmp_path / "maml.npz")]) == 143
    assert capsys.readouterr().err.endswith("\ninterrupted\n")


def test_a_plot_that_is_refused_leaves_no_folder(tmp_path, capsys):
    trained(tmp_path, "oracle")
    picture = str(tmp_path / "a" / "b" / "c.png")
    options = ["plot", str(tmp_path / "oracle.npz"), "--output", picture]
    assert main(options) == 2 and names(tmp_path) == ["oracle.npz"]


def test_a_plan_that_may_not_be_read_is_not_called_damaged(tmp_path, capsys, monkeypatch):
    options = ["compare", *SMALL, "--methods", "maml", "--output", str(tmp_path)]
    assert main(options) == 0

    def protected(path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", protected)
    assert main(options) == 1
    assert "Permission denied" in (err := capsys.readouterr().err) and "anew" not in err


def test_a_list_in_place_of_a_plan_is_told_so_to_a_new_comparison(tmp_path, capsys):
    (tmp_path / "compare.json").write_text("[1]")
    assert main(["compare", *SMALL, "--methods", "maml", "--output", str(tmp_path)]) == 1
    assert "(it has no overrides; expected the plan of a comparison)" in capsys.readouterr().err


def test_a_damaged_file_of_a_comparison_is_told_with_the_way_on(tmp_path, capsys):
    options = [*SMALL, "--methods", "maml", "--output", str(tmp_path)]
    assert main(["compare", *options]) == 0
    (tmp_path / "maml.npz").write_bytes(b"damaged")
    assert main(["compare", "--resume", str(tmp_path)]) == 1
    assert "maml.npz is not a readable" in (err := capsys.readouterr().err)
    assert "move it away to train this one anew" in err
    assert names(tmp_path)[1] == "compare.json"


def test_what_a_killed_comparison_left_half_written_is_cleared(tmp_path):
    options = [*SMALL, "--methods", "maml", "--output", str(tmp_path)]
    assert main(["compare", *options]) == 0
    for name in ("compare.json", "results.json", "training.png", "maml.npz"):
        (tmp_path / f"{name}.0123abcd.tmp").write_text("half")
    assert main(["compare", *options]) == 0
    assert [name for name in names(tmp_path) if name.endswith(".tmp")] == []


# What a checkpoint claims.


@pytest.mark.parametrize("wrong, words", [
    ({"seconds": np.nan}, "seconds is"), ({"iteration": 2**40}, "it counts 1099511627776"),
    ({"iteration": 5}, "it counts 5 iterations, 12 steps and 12 losses"),
    ({"optimizer_t": 10**9}, "it counts 12 iterations, 1000000000 steps"),
    ({"losses": np.zeros(3)}, "and 3 losses"), ({"losses": np.full(12, np.nan)}, "finite ones"),
    ({"optimizer_m": np.zeros(3), "optimizer_s": np.zeros(3)}, "theta has shape"),
    ({"rng_state": json.dumps({"bit_generator": "PCG64", "state": 3})}, "rng_state does not fit"),
    ({"optimizer_t": "many"}, "optimizer_state does not fit"),
    ({"rng_state": "{"}, "rng_state is no dict in JSON"),
    ({"settings": "[" * 100_000}, "settings is no dict in JSON")], ids=lambda x: str(x)[:60])
def test_a_checkpoint_that_cannot_be_is_refused_before_anything_is_trained(wrong, words, tmp_path,
                                                                         capsys):
    trained(tmp_path)
    path = tmp_path / "maml.npz"
    with np.load(path) as file:
        entries = dict(file)
    np.savez(path, **{**entries, **wrong})
    before = path.read_bytes()
    capsys.readouterr()
    assert main(["train", "--resume", str(path), "--iterations", "14"]) == 1
    err = capsys.readouterr().err
    assert "maml.npz" in err and words in err and "it/s" not in err
    assert path.read_bytes() == before


# What cannot be drawn or told.


@pytest.mark.filterwarnings("error", "ignore::DeprecationWarning")  # of older matplotlib
@pytest.mark.parametrize("options", [["--alpha", "1e30"], ["--alpha", "1e300"]], ids=str)
def test_adaptation_that_diverges_is_drawn_without_a_warning(options, tmp_path, capsys):
    trained(tmp_path)
    assert main(["plot", str(tmp_path / "maml.npz"), *options]) == 0


@pytest.mark.filterwarnings("error")
def test_a_disk_that_is_full_before_the_animation_gives_no_warning(tmp_path, capsys, monkeypatch):
    def full(path, write):
        raise OSError(28, "No space left on device", str(path))

    trained(tmp_path)
    monkeypatch.setattr(figures, "write_whole", full)
    assert main(["plot", str(tmp_path / "maml.npz"), "--animate"]) == 1
    gc.collect()
    assert "No space left on device" in capsys.readouterr().err


def test_a_run_that_diverged_at_once_is_drawn_without_its_training(tmp_path, capsys):
    settings = small(alpha=1e20, inner_steps=9)
    assert runs.train(settings, tmp_path / "maml.npz").error
    assert main(["plot", str(tmp_path / "maml.npz")]) == 0
    assert "training.png" not in capsys.readouterr().out


@posix
def test_a_path_of_no_letters_is_drawn(tmp_path):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    os.mkdir(odd)
    trained(tmp_path), runs.train(small(), os.path.join(odd, "maml.npz"))
    run = start("plot", tmp_path / "maml.npz", os.path.join(odd, "maml.npz"))
    out, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (0, "") and "errors.png" in out


def test_letters_that_no_font_has_are_told_without_lines_of_the_source(tmp_path):
    (tmp_path / "漢").mkdir()
    trained(tmp_path), runs.train(small(), tmp_path / "漢" / "maml.npz")
    run = start("plot", tmp_path / "maml.npz", tmp_path / "漢" / "maml.npz")
    _, err = run.communicate(timeout=60)
    assert run.returncode == 0 and "figures.py" not in err
    assert all(line.startswith("warning: Glyph ") for line in err.splitlines())


def test_the_picture_of_the_adaptation_alone_may_have_a_name_of_its_own(tmp_path, capsys,
                                                                        monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained(tmp_path), trained(tmp_path, "oracle")
    picture = tmp_path / "new" / "wave.png"
    assert main(["plot", str(tmp_path / "maml.npz"), "--output", str(picture)]) == 0
    assert names(tmp_path / "new") == ["wave.png"] and str(picture) in capsys.readouterr().out
    assert main(["plot", "maml.npz", "--output", "here.png"]) == 0 and os.path.exists("here.png")
    assert main(["plot", str(tmp_path / "oracle.npz"), "--output", str(picture)]) == 2
    assert "expected a folder: these runs have no adaptation" in capsys.readouterr().err
    assert main(["plot", str(tmp_path / "oracle.npz"), "--animate"]) == 0
    assert "--animate changed nothing: these runs have no curves" in capsys.readouterr().err
    options = ["plot", str(tmp_path / "maml.npz"), "--output", str(picture), "--format", "svg"]
    assert main(options) == 2 and "format is svg; expected png" in capsys.readouterr().err
    assert main([*options[:-2], "--animate"]) == 2 and "animate" in capsys.readouterr().err


def test_long_paths_with_equal_ends_are_told_apart(tmp_path, capsys):
    files = []
    for name in "ab":
        folder = tmp_path / name / ("x" * 40)
        folder.mkdir(parents=True)
        files.append(str(folder / "maml.npz"))
        runs.train(small(), files[-1])
    assert main(["evaluate", *files]) == 0
    out = capsys.readouterr().out
    for name in "ab":
        assert f"{name}/{'x' * 40}/maml.npz" in out


@pytest.mark.parametrize("arguments, words", [
    ("train --output", "argument --output: it is ''"), ("compare --output", "--output: it is ''"),
    ("train --resume", "argument --resume: it is ''"), ("evaluate", "argument FILE: it is ''"),
    ("plot x.npz --output", "argument --output: it is ''"), ("check", "argument FILE: it is ''"),
    ("train --tasks", "argument --tasks: it is ''"), ("lessons", "argument DIR: it is ''")])
def test_an_empty_path_is_named(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit:
        main([*arguments.split(), ""])
    assert exit.value.code == 2 and words in capsys.readouterr().err and not names(tmp_path)


def test_a_ridge_head_whose_system_is_singular_ends_a_run_like_divergence(tmp_path, capsys):
    options = "train --protocol quick --method ridge --strength 2e-38 --shots 20 --iterations 9"
    narrow = "--widths 1 1 30 1 --activation relu --n-tasks 3"  # features of rank 2 at most
    assert main([*options.split(), *narrow.split(), "--output", str(tmp_path)]) == 1
    assert "the strength λ is too small for these features" in capsys.readouterr().err
    assert runs.load_run(tmp_path / "ridge.npz").checkpoint.iteration == 0


def test_a_run_whose_errors_are_all_infinite_is_drawn(tmp_path, capsys):
    options = "compare --methods maml --learning-rate 1e25 --iterations 1 --n-tasks 3 --jobs 1"
    assert main([*options.split(), "--output", str(tmp_path)]) == 0
    assert "inf" in capsys.readouterr().out and (tmp_path / "errors.png").exists()


def test_an_error_of_a_solver_ends_a_run_like_divergence(tmp_path, capsys, monkeypatch):
    def fail(*_):
        raise tm.ConvergenceError("the inner problem has a relative residual")

    monkeypatch.setattr(tm.MAML, "meta_gradient", fail)
    assert main(["train", *SMALL, "--output", str(tmp_path)]) == 1
    assert "error: the inner problem" in capsys.readouterr().err
    assert commands.load_run(tmp_path / "maml.npz").checkpoint.iteration == 0
