"""The lessons as they are committed: their form, their equations, their exercises.

That they run, and give the outputs that are committed, is checked by `python lessons/build.py --check`.
"""

import importlib
import inspect
import re
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "lessons"))

import build  # noqa: E402  the two modules beside the lessons
import contents  # noqa: E402
import exercise_cells  # noqa: E402
import tinymeta as tm  # noqa: E402
from tinymeta.exercises import MARK, Exercise  # noqa: E402

NOTEBOOKS = {path.stem: nbformat.read(path, as_version=4) for path, _ in contents.lessons()}
EXERCISES = {f"{path.stem}.{name}": value for path in sorted((ROOT / "tinymeta" / "exercises").glob("lesson_*.py"))
             for name, value in vars(importlib.import_module(f"tinymeta.exercises.{path.stem}")).items()
             if isinstance(value, Exercise)}
each_lesson = pytest.mark.parametrize("name", NOTEBOOKS)
each_exercise = pytest.mark.parametrize("name", EXERCISES)


def test_there_are_nine_lessons_in_order():
    assert [build.number(path) for path in build.notebooks()] == list(range(1, 10))


@each_lesson
def test_a_lesson_opens_and_closes_as_all_do(name):
    notebook = NOTEBOOKS[name]
    first = contents.opening(notebook)
    assert first["title"].startswith(name.split("_")[0] + ". ") and 10 <= int(first["minutes"]) <= 40
    prose = contents.prose(notebook)
    for part in ("**You will be able to**", "What you saw", "Further reading"):
        assert part in prose, part
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", prose) if not link.startswith("http")]
    assert links and all((ROOT / "lessons" / link).exists() for link in links)


@each_lesson
def test_a_lesson_was_run_from_top_to_bottom_without_an_error(name):
    cells = [cell for cell in NOTEBOOKS[name].cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3


@each_lesson
def test_a_lesson_is_small_has_prose_and_says_nothing_of_the_machine(name):
    path = ROOT / "lessons" / f"{name}.ipynb"
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) <= 300 * 1024
    assert not re.search(r"/tmp/|/home/|/root/|/Users/|site-packages", text)
    notebook = NOTEBOOKS[name]
    assert len(contents.prose(notebook)) >= len(contents.code(notebook))
    assert "assert" in contents.code(notebook)


@each_lesson
def test_a_lesson_has_two_to_four_exercises_each_with_its_check_and_its_solution(name):
    cells = NOTEBOOKS[name].cells
    stubs = [(i, cell.metadata["exercise"]) for i, cell in enumerate(cells)
             if "exercise" in cell.metadata and cell.cell_type == "code"]
    solutions = [cell.metadata["exercise"] for cell in cells if "exercise" in cell.metadata and cell.cell_type == "markdown"]
    assert 2 <= len(stubs) <= 4 and [stub for _, stub in stubs] == solutions
    for i, stub in stubs:
        exercise = stub.split(".")[1]
        assert f"{exercise}.check({exercise})" in cells[i + 1].source


@each_lesson
def test_stubs_and_solutions_are_those_of_the_one_source(name):
    notebook = NOTEBOOKS[name]
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in exercise_cells.filled(notebook).cells]


def test_every_exercise_is_in_a_lesson():
    used = {cell.metadata["exercise"] for notebook in NOTEBOOKS.values() for cell in notebook.cells
            if "exercise" in cell.metadata}
    assert used == set(EXERCISES)


def made(source):
    """The function that a source text defines, with what a lesson has imported."""
    names = {"np": np, "tm": tm}
    exec(source, names)  # the stub or the solution, as a reader runs it in a cell
    return next(value for key, value in names.items() if inspect.isfunction(value) and key not in ("np", "tm"))


@each_exercise
def test_the_solution_passes_as_it_stands_in_the_lesson(name):
    exercise = EXERCISES[name]
    report = exercise.check(made(exercise.solution))
    assert report, report
    assert MARK not in exercise.solution and exercise.tag in exercise.statement


@each_exercise
def test_the_stub_fails_and_says_that_it_is_not_written(name):
    exercise = EXERCISES[name]
    report = exercise.check(made(exercise.stub))
    assert not report and [finding.cause for finding in report.findings] == ["not written"]


@each_exercise
def test_a_result_that_is_slightly_wrong_fails(name):
    """The solution's numbers times 1.001, whole numbers one higher: a check that accepts them is no check."""
    exercise = EXERCISES[name]

    def off(*args, **kwargs):
        result = exercise(*args, **kwargs)
        wrong = [part + 1 if isinstance(part, (int, np.integer)) else 1.001 * part
                 for part in (result if isinstance(result, tuple) else (result,))]
        return tuple(wrong) if isinstance(result, tuple) else wrong[0]

    assert not exercise.check(off)


# The equations.


def test_every_equation_of_the_source_is_in_a_lesson_and_every_tag_of_a_lesson_is_computed_and_checked():
    for tag, entry in contents.equations().items():
        assert all(entry.values()), (tag, entry)


@each_lesson
def test_a_tag_stands_for_one_formula_in_a_lesson(name):
    tags = re.findall(rf"\\tag\{{({contents.TAG})\}}", contents.prose(NOTEBOOKS[name]))
    assert len(tags) == len(set(tags))


def test_the_page_of_contents_is_up_to_date():
    assert (ROOT / "lessons" / "README.md").read_text(encoding="utf-8") == contents.page()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme == contents.with_table(readme)


# The comparison of outputs that --check makes.


@pytest.mark.parametrize("old, new, same", [
    ("loss 0.52", "loss 0.52", True), ("loss 0.52", "loss 0.525", True), ("loss 0.52", "loss 0.60", False),
    ("1.1e-16", "2.4e-16", True), ("1.1e-16", "2.4e-06", False), ("a 1", "b 1", False), ("1,761", "1,761", True),
    ("1 2", "1 2 3", False), ("inf", "0.3", False), ("passed: True", "passed: False", False)])
def test_outputs_are_compared_up_to_the_last_digits(old, new, same):
    assert build.same_text(old, new) is same
