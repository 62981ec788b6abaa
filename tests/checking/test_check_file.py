"""check_file: what is looked for in a file, in which order, and errors in it."""

import json
import os
import sys

import pytest

from tinymeta.checking.check_file import check_file

LINE = """import numpy as np
theta = np.array([0.5, -0.3])
def error(theta, x, y):
    return theta[..., 0, None, None] * x + theta[..., 1, None, None] - y
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
    return tm.MAML({0}, alpha, steps).meta_gradient(theta, batch)
def first_order_meta_gradient(theta, batch, alpha, steps):
    return tm.MAML({0}, alpha, steps, True).meta_gradient(theta, batch)
def reptile(theta, batch, alpha, steps):
    return tm.Reptile({0}, alpha, steps).meta_gradient(theta, batch)[1]
def adapt(theta, x, y, alpha, steps):
    return tm.adapt({0}, theta, x, y, alpha, steps)
"""
CLASS = """
class {0}(tm.MLP):
    def __init__(self): super().__init__([1, {1}, 1], "tanh")
    def gradient(self, *arguments): return {2} * super().gradient(*arguments)
"""
SMALL = 'tm.MLP([1, 5, 4, 1], "tanh")'


@pytest.fixture
def ladders(tmp_path):
    def of(text, **settings):
        (tmp_path / "mine.py").write_text(text)
        before = list(sys.path)
        found = list(check_file(tmp_path / "mine.py", **settings))
        assert sys.path == before
        return found
    return of


def test_functions_of_a_file_are_a_model_with_the_file_s_theta_and_blocks(ladders):
    (ladder,) = ladders(LINE)
    assert ladder and ladder.title == "model mine, P = 2" and len(ladder.rungs) == 7
    text = LINE.replace("2 * np", "-2 * np") + "blocks = [('slope', (1,)), ('b', (1,))]"
    (ladder,) = ladders(text)
    assert ladder.broken == "gradient" and ladder.wrong_blocks == ["slope", "b"]
    (ladder,) = ladders(text.replace("(1,)", "np.array([1])"))  # NumPy's whole numbers
    assert json.loads(json.dumps(ladder.as_dict()))["title"] == ladder.title


def test_a_number_called_batch_is_no_batch(ladders):
    (ladder,) = ladders(LINE + "\nbatch = 32\n")
    assert ladder


def test_every_kind_of_method_is_found_and_checked_with_a_small_network(ladders):
    found = ladders(META.format(SMALL), alpha=0.1)
    assert all(found) and [ladder.title for ladder in found] == [
        "maml meta-gradient, α = 0.1, P = 39", "first-order maml meta-gradient, α = 0.1, P = 39",
        "reptile meta-gradient, α = 0.1, P = 39", "inner loop, α = 0.1, P = 39"]
    assert not any(ladders(META.format(SMALL).replace("alpha, steps", "steps / 9, 1")))


def test_methods_are_checked_with_the_first_right_model_of_the_file(ladders):
    text = META.format("First()") + CLASS.format("Wrong", 2, 3) + CLASS.format("First", 3, 1)
    found = ladders(text + CLASS.format("Second", 4, 1))
    assert [bool(ladder) for ladder in found] == [False, True, True, True, True, True, True]
    assert found[3].title.endswith("P = 10") and found[0].title == "model Wrong, P = 7"


@pytest.mark.parametrize("text, title, rung, words", [
    ("import numpy\n1 / 0\n", "mine.py", "running the file",
     "ZeroDivisionError: division by zero, line 2"),
    ("import sys\nsys.exit('now')", "mine.py", "running the file", "SystemExit: now"),
    ("import sys\nsys.exit()", "mine.py", "running the file", "SystemExit, line 2"),
    ("class Mine:\n    def __init__(self): self.x = y\n    def loss(self): pass\n", "Mine",
     "making it", "NameError: name 'y' is not defined, line 2"),
    (LINE.replace("[0.5, -0.3]", "'ab'"), "mine", "making it", "TypeError: theta has dtype"),
    (LINE + "\nrows = iter(())\ndef hvp(theta, x, y, v):\n    return next(rows)\n", "P = 2",
     "Hessian × vector", "StopIteration, line")],
    ids=["an error", "exit('now')", "exit()", "a class", "theta", "next() at an end"])
def test_an_error_in_the_file_is_a_finding(ladders, text, title, rung, words):
    (ladder,) = ladders(text)
    assert not ladder and ladder.broken == rung and ladder.title.endswith(title)
    assert words in str(ladder) and "Traceback" not in str(ladder)


def test_what_is_imported_is_not_checked_and_nothing_to_check_is_an_error(ladders):
    with pytest.raises(ValueError, match="none of the names that are checked"):
        ladders("from tinymeta import adapt, MLP\nmeta_gradient = 3\n")
    with pytest.raises(FileNotFoundError, match="no such file"):
        list(check_file("/nowhere/mine.py"))


MODERN = """from __future__ import annotations
import os, pickle, sys
from dataclasses import dataclass
@dataclass
class Point:
    x: int
    more: list[int] | None = None
assert pickle.loads(pickle.dumps(Point(1))) == Point(1)
sys.path.append(os.path.join(os.path.dirname(__file__), "parts"))
""" + LINE + """
right = gradient
def gradient(theta, x, y):
    import factor_of_mine  # only now, and from a folder of its own
    return factor_of_mine.ONE * right(theta, x, y)
"""


def test_a_file_is_run_as_python_would_run_it(ladders, tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "factor_of_mine.py").write_text("ONE = 1")
    (ladder,) = ladders(MODERN)
    assert ladder, str(ladder)
    assert not {"mine", "factor_of_mine"} & set(sys.modules)


def test_two_files_that_import_the_same_name_get_each_their_own(tmp_path):
    for name, factor in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "helper_of_mine.py").write_text(f"FACTOR = {factor}")
        (tmp_path / name / "model.py").write_text(
            "from helper_of_mine import FACTOR\n" + LINE.replace("2 *", "2 * FACTOR *"))
    (right,), (wrong,) = (check_file(tmp_path / name / "model.py") for name in "ab")
    assert right and not wrong


def test_a_file_may_have_any_name(tmp_path):
    own = next(name for name in sys.builtin_module_names if name not in sys.modules)
    first = {own: f"import {own}\nassert {own}.__spec__.origin == 'built-in'\n"}  # as in Python
    for name in ("model", "json.py", "my.model.py", own):
        (tmp_path / name).write_text(first.get(name, "") + LINE)
        (ladder,) = check_file(tmp_path / name)
        assert ladder, str(ladder)
    assert sys.modules["json"].dumps(1) == "1"


def test_where_adapt_fails_it_is_said_that_the_others_are_judged_without_it(ladders):
    adapt = """
def adapt(theta, x, y, alpha, steps):
    w = theta
    for _ in range(steps):
        w -= alpha * (gradient(w, x, y) + w - theta)
    return w
def reptile(theta, batch, alpha, steps):
    return theta
"""
    *_, reptile, inner = ladders(LINE + adapt)
    assert "changes an argument in place" in str(inner)
    assert "judged by gradient descent, as adapt does not hold" in str(reptile)


@pytest.mark.parametrize("text, words", [
    (LINE + "blocks = {'slope': (1,), 'b': (1,)}", "blocks is {'slope': (1,), 'b': (1,)}; expected "
     "[(name, shape), ...]"),
    (LINE + "def adapt(*args): return theta, lambda v: v", "a tuple of 2 parts of shapes (2,), a "
     "function; expected numbers."),
    (LINE + "def meta_gradient(*args): return theta, 0.1", "the loss, the first of two, has shape"),
    (LINE + "def adapt(omega, x, y, alpha, steps): return omega[:2] - omega[2:]",
     "note: the file has no omega, so θ was passed for it"),
    (LINE + "omega = 0.1\ndef adapt(*args): return theta\nmeta_gradient = adapt",
     "omega has shape (); expected (P,)"),
    (LINE.replace("theta = np.array([0.5, -0.3])", "n_params, batch = 2, [{'x': 1}] * 5"),
     "batch is of type list, 5 entries; expected a tinymeta.Batch, or x_sup")],
    ids=["blocks in a dictionary", "a pullback beside θ", "a loss after the gradient", "no omega",
         "omega is a number", "tasks in a list"])
def test_what_the_file_does_not_keep_to_is_named(ladders, text, words):
    assert words in " ".join("\n".join(map(str, ladders(text))).split())


METHOD = """
import numpy as np
import tinymeta as tm
class Own(tm.Method):
    def adapt(self, omega, x, y):
        omega, x, y = self.check(omega, x, y)
        theta = omega - 0.1 * self.model.gradient(omega, x, y)
        return theta, lambda v: {0}
method = Own({1})
"""


@pytest.mark.parametrize("back, right, said", [
    ("v - 0.1 * self.model.hvp(omega, x, y, v)", True, ""),
    ("v - self.model.hvp(omega, x, y, v)", False, "Reread [META.1]"), ("v", True, "first order"),
    ("v[:1]", False, "pullback"), ("undefined", False, "NameError")])
def test_a_method_of_the_file_s_is_checked_as_a_whole(back, right, said, ladders):
    ladder, = ladders(METHOD.format(back, SMALL))
    assert bool(ladder) == right and said in str(ladder)
    assert ladder.title == "method method, P = 39"


def test_a_first_order_method_is_held_to_the_query_gradients(ladders):
    twice = """
def sums(self, *arrays):
    loss, gradient = tm.Method.sums(self, *arrays)
    return loss, 2 * gradient
Own.sums = sums
"""
    right, wrong = (ladders(METHOD.format("v", SMALL) + more)[0] for more in ("", twice))
    assert right and not wrong and "2 times what it should be" in str(wrong)


@pytest.mark.parametrize("returned, words", [
    ("None", "Own.meta_gradient(...) returned None; expected the loss and its gradient in omega"),
    ("found[1]", "Own.meta_gradient(...) returned an object of type ndarray; expected the loss"),
    ("found[::-1]", "the loss that Own.meta_gradient(...) returned is an array of shape (39,)"),
    ("(found[0], found[1][1:])", "Own.meta_gradient(...) has shape (38,); expected (39,)")])
def test_what_the_meta_gradient_of_a_method_returns_is_named(returned, words, ladders):
    ladder, = ladders(METHOD.format("v", SMALL) + f"""
def mine(self, *arguments):
    found = tm.Method.meta_gradient(self, *arguments)
    return {returned}
Own.meta_gradient = mine
""")
    assert not ladder and words in " ".join(str(ladder).split())


def test_sums_without_a_return_are_named(ladders):
    ladder, = ladders(METHOD.format("v", SMALL) + "Own.sums = lambda *_: None")
    assert "Own.sums(...) returned None; expected the sums of the losses" in str(ladder)


def test_a_method_has_one_loss(ladders):
    text = METHOD.format("v - 0.1 * self.model.hvp(omega, x, y, v)", SMALL)
    ladder, = ladders(text + "Own.meta_loss = lambda *_: 3.0")
    assert "expected 3, meta_loss's" in str(ladder)


def test_a_name_with_a_dot_is_no_part_of_a_package(tmp_path):
    (tmp_path / "model.v2.py").write_text(LINE + """
import pickle
class Kept: pass
pickle.loads(pickle.dumps(Kept()))
""")
    ladder, = check_file(tmp_path / "model.v2.py")
    assert ladder and ladder.title == "model model.v2, P = 2"


def test_the_file_as_it_is_now_is_checked(tmp_path, monkeypatch):
    """Not what Python keeps of an older one of the same size and time."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "mine.py"
    for factor in ("2", "3"):
        path.write_text(LINE.replace("2 * ", f"{factor} * "))
        os.utime(path, (1e9, 1e9))
        ladder, = check_file(path)
        assert ("✗ gradient" in str(ladder)) is (factor == "3")
    assert [other.name for other in tmp_path.iterdir()] == ["mine.py"]


ABSTRACT = """from abc import ABC, abstractmethod
class {0}(ABC):
    @abstractmethod
    def loss(self, theta, x, y): ...
    @abstractmethod
    def gradient(self, theta, x, y): ...
"""
PROTOCOL = """from typing import Protocol
class {0}(Protocol):
    def loss(self, theta, x, y): ...
    def gradient(self, theta, x, y): ...
"""
HELPER = """
class {0}:
    def loss(self, f, y): return ((f - y) ** 2).mean()
"""


@pytest.mark.parametrize("text", [ABSTRACT, PROTOCOL, HELPER],
                         ids=["abstract", "protocol", "helper"])
def test_a_class_that_is_no_model_is_not_checked_beside_one(ladders, text):
    start = "import tinymeta as tm\n" + text.format("Other")
    (ladder,) = ladders(start + CLASS.format("Own", 3, 1))
    assert ladder and "Own" in ladder.title
    (ladder,) = ladders(start + "net = tm.MLP([1, 3, 1])\n")
    assert ladder and "MLP" in ladder.title


def test_a_class_that_is_begun_is_checked_beside_another(ladders):
    begun = HELPER.format("Begun") + "    def hvp(self, theta, x, y, v): return v\n"
    found = ladders("import tinymeta as tm\n" + begun + CLASS.format("Own", 3, 1))
    assert [bool(ladder) for ladder in found] == [False, True]


def test_a_class_with_a_loss_alone_is_checked_where_there_is_no_other(ladders):
    (ladder,) = ladders(HELPER.format("Own"))
    assert not ladder and "Own" in ladder.title


def test_what_comes_with_a_star_from_numpy_is_not_the_file_s(ladders):
    loss = LINE.partition("def gradient")[0]
    (ladder,) = ladders("from numpy import *\n" + loss)
    assert "the model has no gradient" in str(ladder)


def test_an_omega_of_the_length_of_theta_has_no_block_after_theta(ladders):
    (ladder, *_) = ladders(f"""{META.replace("{0}", SMALL)}
import numpy as np
loss, n_params = {SMALL}.loss, {SMALL}.n_params
omega = 0.1 * np.arange(n_params)
""")
    assert "after" not in str(ladder)


def test_a_slip_in_a_property_is_an_error_of_that_property(tmp_path):
    (tmp_path / "own.py").write_text("""import tinymeta as tm
class Own:
    net = tm.MLP([1, 4, 1], "tanh")
    n_params = property(lambda self: self.net.nparams)
    loss, gradient, hvp = net.loss, net.gradient, net.hvp
""")
    ladder, = check_file(tmp_path / "own.py")
    assert "AttributeError: MLP has no nparams, line 4" in " ".join(str(ladder).split())


def test_a_byte_that_python_refuses_is_a_finding(tmp_path):
    path = tmp_path / "latin.py"
    path.write_bytes(b"# caf\xe9\nn_params = 2\n")
    ladder, = check_file(path)
    assert not ladder and "line 1 has the byte 0xe9" in str(ladder)
    path.write_bytes(b"n_params = 2\r# caf\xe9\r")
    ladder, = check_file(path)
    assert "line 2 has the byte 0xe9" in str(ladder)
    path.write_bytes(b"# -*- coding: latin-1 -*-\n# caf\xe9\nn_params = 2\n")
    with pytest.raises(ValueError, match="none of the names that are checked"):
        list(check_file(path))


def test_a_notebook_is_told_to_be_one(tmp_path):
    (tmp_path / "my.ipynb").write_text("{}")
    with pytest.raises(ValueError, match="my.ipynb is a notebook; expected a Python file, as `jup"):
        list(check_file(tmp_path / "my.ipynb"))


def test_a_file_that_ends_itself_is_told_by_its_line(tmp_path):
    (tmp_path / "q.py").write_text("n_params = 2\nquit()\n")
    ladder, = check_file(tmp_path / "q.py")
    assert "line 2: `quit()`" in str(ladder)


def test_a_link_to_a_file_is_run_under_its_own_name(tmp_path):
    (tmp_path / "real").mkdir()
    text = LINE + "import os\nopen(os.path.dirname(__file__) + '/data.txt').read()\n"
    (tmp_path / "real" / "my.py").write_text(text)
    (tmp_path / "data.txt").write_text("1")
    (tmp_path / "link.py").symlink_to(tmp_path / "real" / "my.py")
    assert "data.txt" not in str([*check_file(tmp_path / "link.py")])
