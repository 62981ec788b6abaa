"""The command check: the package's own derivations, and those in a file of one's own."""

import json
import os
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest

import tinymeta as tm
from tinymeta.app.command_line import main
from tinymeta.checking import self_check


@pytest.fixture(scope="module")
def checks():
    return list(self_check.check_derivations())


def test_check_prints_a_table_and_passes(capsys, checks):
    assert main(["check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["error", "by"] and lines[-1] == "all passed"
    assert lines[1].split() == ["equations", "what", "complex", "central", "verdict"]
    assert max(map(len, lines)) <= 80
    assert len(lines) == 3 + len(checks)
    for line, check in zip(lines[2:], checks):
        errors = [f"{error:.1e}" for error in check.errors]
        errors += ["-"] * (2 - len(errors))
        assert line == (f"{check.equations:<12} {check.what:<41} {errors[0]:>8} {errors[1]:>8} ok")
    assert sum("must fail" in line
               for line in lines) == 11  # two for each model, and five further ones


def test_check_takes_its_options(capsys, monkeypatch):
    asked, real = [], self_check.check_derivations
    monkeypatch.setattr("tinymeta.app.check.check_derivations",
                        lambda *options: asked.append(options) or list(islice(real(*options), 2)))
    assert main(["check"]) == main("check --seed 3 --alpha 0.1 --widths 1 4 1".split()) == 0
    assert asked == [(0, 0.05, [1, 8, 8, 1]), (3, 0.1, [1, 4, 1])]
    plain = capsys.readouterr().out
    assert main(["check", "--verbose"]) == 0
    assert "block" in capsys.readouterr().out and "block" not in plain


@pytest.mark.parametrize("name, tags", [
    ("linear", ("LIN.1-2", "LIN.3-4")), ("tanh", ("MLP.1-6", "HVP.1-6")),
    ("ReLU", ("MLP.1-6", "HVP.1-6"))])
def test_check_covers_every_derivation_of_each_model(name, tags, checks):
    expected = [(tags[0], "gradient"), (tags[1], "Hessian × vector"),
                ("JOINT.1", "joint training"),
                ("MAML.1-3", "MAML, 1 inner step"), ("MAML.1-3", "MAML, 2 inner steps"),
                ("MAML.1-3", "MAML, 5 inner steps"), ("MAML.2", "first-order as exact, must fail"),
                ("REPTILE.1", "Reptile, 1 step = joint"),
                ("REPTILE.1", "Reptile, 2 steps = joint, must fail")]
    lines = [(check.equations, check.what) for check in checks if check.what.startswith(name)]
    assert lines == [(equations, f"{name}: {what}") for equations, what in expected]


def test_check_covers_every_loss_and_every_further_method(checks):
    lines = [(check.equations, check.what) for check in checks[27:]]
    assert {tag.split(".")[0] for tag, _ in lines} == {
        "HUBER", "TUBE", "LOGISTIC", "SOFTMAX", "SQHINGE", "HINGE", "METASGD", "ANIL", "CAVIA",
        "RIDGE", "IMPLICIT", "PROTO", "RNN", "GRU", "MEMORY"}
    assert [what for _, what in lines if "must fail" in what] == [
        "softmax: a diagonal curvature, must fail", "Meta-SGD: θ's gradient for α's, must fail",
        "CAVIA: no Hessian, must fail", "ridge head: W as constant, must fail",
        "RNN: each time by itself, must fail"]


def test_two_steps_of_reptile_fail_as_joint_training_by_the_curvature_alone():
    of_models = islice(self_check.check_derivations(alpha=1e-6), 27)
    checks = [check for check in of_models if check.what.endswith("2 steps = joint, must fail")]
    assert len(checks) == 3 and all(1e-12 < check.errors[0] < 1e-3 for check in checks)


def test_check_passes_at_other_random_parameters_and_tasks():
    for check in self_check.check_derivations(seed=1):
        assert check.passed, check


def test_check_fails_when_a_derivation_is_wrong(capsys, monkeypatch):
    broken = tm.tanh._replace(second_derivative=lambda z, a, d: 2 * a * d)
    monkeypatch.setattr(
        "tinymeta.checking.self_check.MLP",
        lambda widths, activation: tm.MLP(widths, broken if (widths, activation) == (
            [1, 8, 8, 1], "tanh") else activation))
    assert main(["check"]) == 1
    out = capsys.readouterr().out
    wrong = [line for line in out.splitlines() if line.endswith("FAIL")]
    assert len(wrong) == 4 and all("tanh" in line for line in wrong)  # Hv, MAML at 1, 2, 5 steps
    assert out.endswith("4 checks failed\n") and "W2" in out


def test_one_failure_is_one_check(capsys, monkeypatch):
    failure = self_check.Check("MAML.1-3", "it", [0.5], False)
    monkeypatch.setattr("tinymeta.app.check.check_derivations", lambda *options: [failure])
    assert main(["check"]) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == [
        f"{'MAML.1-3':<12} {'it':<41}  5.0e-01        - FAIL", "1 check failed"]


@pytest.mark.parametrize("options, words", [
    ("--widths 0", "widths is [0]; expected two or more"), ("--seed -1", "seed is -1; expected"),
    ("--widths 2 3 1", "widths is [2, 3, 1]; expected two or more numbers of at least 1, 1 first"),
    ("--widths 1 0 1", "widths is [1, 0, 1]"), ("--widths 1 999 1", "of 2998 parameters; expected"),
    ("--alpha 0", "alpha is 0.0; expected"),
    ("--alpha nan", "alpha is nan; expected"), ("--timeout 0", "timeout is 0.0; expected"),
    ("--alpha 1e-6", "alpha is 1e-06; expected 0.0001 to 1"), ("--alpha 9", "alpha is 9.0; expect"),
    ("--timeout 1e300", "timeout is 1e+300; expected"), ("--json", "json is given without a")])
def test_wrong_options_are_named_before_a_table_is_begun(options, words, capsys):
    assert main(["check", *options.split()]) == 2
    printed = capsys.readouterr()
    assert words in printed.err and printed.out == ""


# One's own file.

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
META = """
import tinymeta as tm
def meta_gradient(theta, batch, alpha, steps):
    return tm.MAML(tm.MLP([1, 5, 4, 1], "tanh"), alpha, steps).meta_gradient(theta, batch)
"""
POOL = """
import multiprocessing
def square(x):
    return x * x
with multiprocessing.Pool(1) as pool:
    assert pool.map(square, [3]) == [9]
"""


@pytest.fixture
def check_own(tmp_path, capsys):
    """Check a file with this text: the exit code, and what was printed."""
    def run(text, *options):
        (tmp_path / "my_model.py").write_text(text)
        return main(["check", str(tmp_path / "my_model.py"), *options]), capsys.readouterr()
    return run


def test_check_passes_a_file_of_right_functions(check_own):
    code, printed = check_own(RIGHT)
    assert code == 0 and printed.out.startswith("PASS  model my_model, P = 2") and not printed.err
    code, printed = check_own(RIGHT, "--widths", "1", "--verbose")  # read without a FILE only
    assert code == 0 and [line.split()[1] for line in printed.err.splitlines()] == [
        "--widths", "--verbose"]
    code, printed = check_own(META, "--alpha", "0.1")
    assert code == 0 and printed.out.startswith("PASS  maml meta-gradient, α = 0.1, P = 39")


@pytest.mark.parametrize("old, new, word", [
    ("return 2 *", "return", "½ times"), ("    e = ", "    e = theta[9] + ", "line 12"),
    ("def hvp", "def product", "has no hvp"), ("n_params = 2", "n_params = 2 +", "SyntaxError")])
def test_check_says_what_is_wrong_in_a_file(old, new, word, check_own):
    assert old in RIGHT
    code, printed = check_own(RIGHT.replace(old, new))
    assert code == 1 and printed.out.startswith("FAIL")
    assert word in " ".join(printed.out.split())
    assert "Traceback" not in printed.out + printed.err


def test_reports_are_printed_as_data_too(check_own):
    for text, broken in ((RIGHT, None), (RIGHT.replace("return 2 *", "return"), "gradient"),
                         (RIGHT.replace("return (", "return np.nan * ("), "loss")):
        code, printed = check_own(text, "--json")
        (report,) = json.loads(printed.out, parse_constant=pytest.fail)
        assert report["file"].endswith("my_model.py") and report["broken"] == broken
        assert report["passed"] == (code == 0) == (broken is None)
    assert report["rungs"]["loss"]["findings"][0]["cause"] == "not finite"


def test_what_a_file_prints_stands_beside_the_data(tmp_path):
    file = tmp_path / "my_model.py"
    file.write_text(RIGHT + "\nprint('made')\n")
    if os.name == "posix":
        line = f"{sys.executable} -m tinymeta check --json none.py {file} 2>&-"
        run = subprocess.run(line, shell=True, stdout=subprocess.PIPE, text=True)
        assert run.returncode == 1 and [one["passed"] for one in json.loads(run.stdout)] == [0, 1]
    run = subprocess.run([sys.executable, "-m", "tinymeta", "check", file, "--json"],
                         capture_output=True, text=True)
    assert run.returncode == 0 and json.loads(run.stdout)[0]["passed"] and "made" in run.stderr


def test_a_file_without_anything_to_check_stops_no_other_one(tmp_path, capsys):
    files = [str(tmp_path / name) for name in ("empty.py", "none.py", "right.py")]
    Path(files[0]).touch()
    Path(files[2]).write_text(RIGHT)
    for options in ([], ["--json"]):
        assert main(["check", *files, *options]) == 1
        out, err = capsys.readouterr()
        assert err.count("error: ") == 2 and f"{files[1]}: no such file" in err
        assert options or f"PASS  {files[2]}: model right" in out
    empty, none, right = json.loads(out)
    assert (empty["file"], empty["passed"], right["passed"]) == (files[0], False, True)
    assert none["error"] == f"{files[1]}: no such file; expected a Python file"


def test_one_wrong_file_of_several_is_a_failure_and_all_are_checked(tmp_path, capsys):
    for name, text in (("a", RIGHT.replace("2 *", "3 *")), ("b", RIGHT)):
        (tmp_path / f"{name}.py").write_text(text)
    files = [str(tmp_path / "a.py"), str(tmp_path / "b.py")]
    assert main(["check", *files]) == 1
    out = capsys.readouterr().out  # of several, each report names its file
    assert f"FAIL  {files[0]}: model a" in out and f"PASS  {files[1]}: model b" in out


def test_check_imports_from_the_file_s_folder_and_leaves_the_path_as_it_was(tmp_path, check_own):
    (tmp_path / "right_functions_of_mine.py").write_text(RIGHT)
    before = list(sys.path)
    code, printed = check_own("from right_functions_of_mine import *\nimport sys\n"
                              "assert sys.argv == [__file__], sys.argv\n")
    assert code == 0, printed.out
    assert sys.path == before


def test_check_refuses_what_is_not_there_or_holds_nothing_to_check(tmp_path, capsys, check_own):
    assert main(["check", str(tmp_path / "none.py")]) == 1
    assert "no such file" in capsys.readouterr().err
    assert main(["check", str(tmp_path)]) == 1
    assert f"{tmp_path}: no regular file" in capsys.readouterr().err
    code, printed = check_own("x = 1\n")
    assert code == 1 and "meta_gradient" in printed.err and "Traceback" not in printed.err


def test_a_file_that_ends_the_process_does_not_pass(check_own):
    code, printed = check_own(RIGHT + "import os\nos._exit(3)\n")
    assert code == 1 and printed.out.startswith("FAIL  ")
    assert "ended the process, exit code 3, before its checks were done" in printed.out


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_file_that_ends_beside_a_process_of_its_own_is_not_waited_for(check_own):
    start = time.monotonic()
    code, printed = check_own(RIGHT + "import os, time\nif os.fork() == 0: time.sleep(30)\n"
                                      "os._exit(3)\n", "--timeout", "20")
    assert code == 1 and "exit code 3, before its checks were done" in printed.out
    assert time.monotonic() - start < 15


@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes with numbers")
def test_a_file_that_is_ended_by_a_signal_does_not_pass_and_names_it(check_own):
    code, printed = check_own(RIGHT + "import os\nos.kill(os.getpid(), 11)\n")
    assert code == 1 and "ended the process, signal 11 (Segmentation fault)" in printed.out


@pytest.mark.parametrize("text, words", [
    ("raise KeyboardInterrupt", "KeyboardInterrupt ended it before its checks were done"),
    ("class Odd(Exception):\n    def __str__(self):\n        raise OSError\nraise Odd",
     "Odd, whose __str__ raises OSError, line 4: `raise Odd`")],
    ids=["Ctrl-C", "an error that cannot be printed"])
def test_a_file_whose_error_is_no_usual_one_is_told_without_a_traceback(text, words, tmp_path,
                                                                        capfd):
    (tmp_path / "mine.py").write_text(text)
    assert main(["check", str(tmp_path / "mine.py")]) == 1
    out, err = capfd.readouterr()
    assert words in " ".join(out.split()) and not err


@pytest.mark.skipif(not sys.platform.startswith("linux") or sys.version_info >= (3, 14),
                    reason="processes start by a copy of all there is on Linux alone, until 3.14")
def test_a_file_may_have_processes_of_its_own_as_when_it_is_run(check_own):
    code, printed = check_own(RIGHT + POOL, "--timeout", "20")
    assert code == 0 and printed.out.startswith("PASS")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only POSIX systems fork")
def test_what_a_file_has_forked_is_ended_with_it(tmp_path):
    """Or whoever reads the report, as `| less` does, waits for it for ever; and it is silent."""
    (tmp_path / "mine.py").write_text(RIGHT + "import os\nos.fork()\n")
    line = [sys.executable, "-m", "tinymeta", "check", str(tmp_path / "mine.py")]
    done = subprocess.run(line, cwd=Path(__file__).resolve().parents[2], capture_output=True,
                          timeout=20)
    assert done.stdout.count(b"PASS") == 1


LAZY = """
import types
class Asked(type):
    def __getattr__(self, name):
        raise RuntimeError(name)
class Lazy(metaclass=Asked):
    __getattr__ = Asked.__getattr__
"""


@pytest.mark.parametrize("line", [
    "batch = Lazy()", "it = types.SimpleNamespace(**globals())\ndel loss\nother = Lazy()"],
    ids=["beside functions, as a batch", "beside an object"])
def test_what_raises_an_error_when_it_is_asked_hides_nothing(line, check_own):
    code, printed = check_own(RIGHT + LAZY + line)
    assert code == 0 and printed.out.startswith("PASS  model ")


@pytest.mark.skipif(os.name != "posix", reason="pipes are others there")
@pytest.mark.parametrize("word", [("end",), "end"], ids=["as the checks do", "in another way"])
def test_a_file_that_says_itself_that_it_is_done_does_not_pass(word, check_own):
    code, printed = check_own(RIGHT + f"""
import gc
from multiprocessing.connection import Connection
for pipe in gc.get_objects():
    if isinstance(pipe, Connection):
        pipe.send({word!r})
""")
    assert code == 1 and "the file ended it before its checks were done" in printed.out


LOOP = """
def loss(theta, x, y):
    return forever()

def forever():
    n = 0
    while True:
        n += 1
"""


def test_a_file_that_does_not_end_is_ended_and_the_line_is_named(check_own):
    code, printed = check_own(RIGHT + LOOP, "--timeout", "1.5")
    assert code == 1 and printed.out.startswith("FAIL  ")
    found = " ".join(printed.out.split())
    assert "no end after 1.5 seconds (--timeout), at line 2" in found  # 23 or 24
    assert "while True" in found or "n += 1" in found


def test_what_a_file_writes_is_written_when_its_checks_are_done(tmp_path, check_own):
    code, _ = check_own(RIGHT + f"""
import atexit
log = open({str(tmp_path / "log")!r}, "w")
log.write("begun")
atexit.register(open({str(tmp_path / "end")!r}, "w").write, "ended")
""")
    assert code == 0
    assert [(tmp_path / name).read_text() for name in ("log", "end")] == ["begun", "ended"]


@pytest.mark.parametrize("folder, name", [
    ("é漢", "modèle.py"), ("/".join(["p" * 150] * 4), "model.py"), ("helpers", "same.py")],
    ids=["letters that are not ASCII", "a path of 600 letters", "a longer helper of that name"])
def test_the_line_of_an_endless_loop_is_named_whatever_the_path(folder, name, tmp_path, capsys):
    path = tmp_path / folder / name
    path.parent.mkdir(parents=True)
    path.write_text(RIGHT + "while True:\n    pass\n", encoding="utf-8")
    if name == "same.py":
        path.write_text("\n" * 99 + "def f():\n    while True:\n        pass\n")
        path = tmp_path / name
        path.write_text("from helpers.same import f\nf()\n")
    assert main(["check", str(path), "--timeout", "1.5"]) == 1
    found = " ".join(capsys.readouterr().out.split())
    assert "(--timeout), at line " in found and any(f"`{line}`" in found for line in
                                                    ("while True:", "pass", "f()"))


BEAT = """
import threading, time
def beat():
    while True:
        time.sleep(0.1)
threading.Thread(target=beat, daemon=True).start()
n = 0
while True: n += 1
"""


@pytest.mark.parametrize("text, line", [
    (BEAT, "8: `while True: n += 1`"),
    ("x = 1\n\f\nwhile True: x += 1\n", "3: `while True: x += 1`"),
    ("exec(compile('\\n' * 9 + 'while True: pass', __file__, 'exec'))", "10. ")],
    ids=["beside a thread", "below a form feed", "of a text that it runs"])
def test_the_line_of_an_endless_loop_is_the_file_s_own(text, line, tmp_path, capsys):
    (tmp_path / "mine.py").write_text(text)
    assert main(["check", str(tmp_path / "mine.py"), "--timeout", "1.5"]) == 1
    found = " ".join(capsys.readouterr().out.split()) + " "
    assert f"no end after 1.5 seconds (--timeout), at line {line}" in found


@pytest.mark.parametrize("run", ["exec(PULSE)", "subprocess.run([sys.executable, '-c', PULSE])"],
                         ids=["itself", "a process of its own"])
def test_no_file_outlives_a_check_that_is_killed_and_nothing_is_left(run, tmp_path):
    pulse = tmp_path / "pulse"
    (tmp_path / "my_model.py").write_text(f"""
import subprocess, sys
PULSE = '''
import time
while True:
    with open({str(pulse)!r}, "a") as file:
        file.write(".")
    time.sleep(0.05)
'''
{run}
""")
    (tmp_path / "temporary").mkdir()
    run = subprocess.Popen([sys.executable, "-m", "tinymeta", "check", tmp_path / "my_model.py"],
                           env=dict(os.environ, TMPDIR=str(tmp_path / "temporary")))
    while not pulse.exists():
        time.sleep(0.1)
    run.kill()
    run.wait()
    time.sleep(1)
    size = pulse.stat().st_size
    time.sleep(1)
    assert pulse.stat().st_size == size
    assert os.listdir(tmp_path / "temporary") == []


def test_files_do_not_see_one_another(tmp_path, capsys):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "helper.py").write_text(f"FACTOR = {1 if name == 'a' else 2}")
        (tmp_path / name / "my_model.py").write_text(
            "from helper import FACTOR\n" + RIGHT.replace("2 *", "2 * FACTOR *"))
    assert main(["check", *(str(tmp_path / name / "my_model.py") for name in "ab")]) == 1
    out = capsys.readouterr().out
    for word, name in (("PASS", "a"), ("FAIL", "b")):
        assert f"{word}  {tmp_path / name / 'my_model.py'}: model my_model" in out


@pytest.mark.skipif(os.name != "posix", reason="elsewhere it stays")
def test_a_folder_that_has_gone_is_named_by_check(tmp_path):
    (tmp_path / "my.py").write_text("n_params = 2\n")
    gone = tmp_path / "gone"
    gone.mkdir()
    root = str(Path(__file__).resolve().parents[2])
    line = (f"import os, sys; os.rmdir({str(gone)!r}); sys.path.insert(0, {root!r}); "
            f"from tinymeta.app.command_line import main; "
            f"sys.exit(main(['check', {str(tmp_path / 'my.py')!r}]))")
    run = subprocess.run([sys.executable, "-c", line], cwd=gone, capture_output=True, text=True)
    assert run.returncode == 1 and "the folder that this was started in is no longer" in run.stderr
