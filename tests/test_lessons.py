"""The lessons as they are committed: their form, their equations, their exercises.

That they run, and give the outputs that are committed, is checked by
`python lessons/build.py --check`.
"""

import importlib
import inspect
import re
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "lessons"))

import build  # noqa: E402  the modules beside the lessons
import contents  # noqa: E402
import exercise_cells  # noqa: E402
import pace  # noqa: E402
import plane  # noqa: E402
import plots_1  # noqa: E402
import plots_2  # noqa: E402
import plots_3  # noqa: E402
import tinymeta as tm  # noqa: E402
from tinymeta.exercises import MARK, Exercise  # noqa: E402

matplotlib.use("Agg")
LESSONS = {path.stem: (path, notebook) for path, notebook in contents.lessons()}
EXERCISES = {}
for file in sorted((ROOT / "tinymeta" / "exercises").glob("lesson_*.py")):
    module = importlib.import_module(f"tinymeta.exercises.{file.stem}")
    EXERCISES |= {f"{file.stem}.{name}": value for name, value in vars(module).items()
                  if isinstance(value, Exercise)}
each_lesson = pytest.mark.parametrize("path, notebook", LESSONS.values(), ids=LESSONS)
ON_THE_PATH = {name: lesson for name, lesson in LESSONS.items()
               if not contents.is_optional(lesson[0])}
each_on_the_path = pytest.mark.parametrize("path, notebook", ON_THE_PATH.values(), ids=ON_THE_PATH)
each_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


def exercise_cells_of(notebook, cell_type):
    """(position, name) of each exercise in the cells of a type: stubs are code, solutions prose."""
    return [(i, cell.metadata["exercise"]) for i, cell in enumerate(notebook.cells)
            if "exercise" in cell.metadata and cell.cell_type == cell_type]


# Their form.


def test_the_lessons_of_the_path_are_numbered_without_a_gap():
    numbers = [contents.number(path) for path, _ in ON_THE_PATH.values()]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= 9


@each_lesson
def test_a_lesson_opens_and_closes_as_all_do_and_its_links_lead_somewhere(path, notebook):
    first, prose = contents.opening(notebook), contents.prose(notebook)
    assert first["title"].startswith(f"{contents.label(path)}. ")
    for part in ("**You will be able to**", "What you saw", "Further reading"):
        assert part in prose, part
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", prose) if not link.startswith("http")]
    assert links and all((path.parent / link).exists() for link in links)
    if contents.is_optional(path):  # it leads back to the lesson that it continues
        assert re.search(rf"\({contents.number(path)}_\w+\.ipynb\)", first["need"])


@each_on_the_path
def test_a_lesson_of_the_path_takes_45_minutes_and_30_for_its_exercises_at_most(path, notebook):
    reading, exercises = pace.minutes(notebook)
    assert reading <= 45 and exercises <= 30
    line = f"**Time.** {reading} minutes to read and run, {exercises} for"
    assert line in notebook.cells[0].source


@each_lesson
def test_no_cell_that_is_not_an_exercise_has_more_than_fifteen_lines(path, notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code" and "exercise" not in cell.metadata:
            assert len(cell.source.splitlines()) <= 15, cell.source
            assert max(map(len, cell.source.splitlines())) <= 100, cell.source


def test_minutes_are_counted_by_words_equations_lines_figures_and_lines_to_write():
    cell, picture = nbformat.v4.new_markdown_cell, nbformat.v4.new_output("display_data")
    picture.data = {"image/png": ""}
    code = nbformat.v4.new_code_cell("a = 1\n\n" * 30, outputs=[picture, picture])
    exercise = nbformat.v4.new_code_cell("x", metadata={"exercise": "lesson_3.meta_gradient"})
    notebook = nbformat.v4.new_notebook(cells=[cell("word " * 260), cell("$$a = b$$ $$c$$" * 2)])
    assert pace.minutes(notebook) == (2 + 3, 0)
    notebook.cells += [code, exercise]
    assert pace.minutes(notebook) == (2 + 3 + 3 + 1, round(7 + 1.5 * 6))


@each_lesson
def test_a_lesson_was_run_from_top_to_bottom_without_an_error(path, notebook):
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"
             and "skip-execution" not in cell.metadata.get("tags", [])]  # the sliders
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not {"error", "stderr"} & {output.get("name", output.output_type) for output in outputs}
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= (
        1 if contents.is_optional(path) else 3)


def test_sliders_draw_at_either_end(monkeypatch):
    shown = []
    monkeypatch.setattr(plt, "show", lambda: (shown.append(bool(plt.gcf().axes)), plt.close()))
    rng, batch = np.random.default_rng(0), plane.three_tasks()
    model, wave = tm.FastMLP([1, 4, 1]), tm.SinusoidTasks().sample(rng, 1, 5, 5)

    def rests_for(S):
        H = plane.hessian(batch.x_support)
        return {name: plane.rest(C, plane.THETA_STAR)
                for name, C in plane.stiffness(H, H, 0.1, S).items()}

    slider = plots_1.drag_alpha(wave, model, model.init(rng))
    slider.f(alpha=0.001), slider.f(alpha=0.1)
    slider = plots_2.drag_h(np.sin, 1.0, np.cos(1.0))
    slider.f(h=1e-16), slider.f(h=1.0)
    slider = plots_3.drag_plane(batch, plane.THETA_STAR)
    slider.f(w=-2.5, b=-2.0, alpha=0.02, S=1), slider.f(w=3.0, b=3.0, alpha=0.24, S=10)
    slider = plots_3.drag_steps(rests_for, batch, plane.THETA_STAR, 0.1)
    slider.f(S=1), slider.f(S=10)
    assert len(shown) >= 8 and all(shown)


@each_lesson
def test_a_lesson_is_small_has_prose_and_says_nothing_of_the_machine(path, notebook):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) <= 300 * 1024
    assert not re.search(r"/tmp/|/home/|/root/|/Users/|site-packages", text)
    prose, code = contents.prose(notebook), contents.code(notebook)
    assert len(prose) >= len(code) and "assert" in code


# Their exercises.


@each_on_the_path
def test_a_lesson_of_the_path_has_two_to_four_exercises(path, notebook):
    assert 2 <= len(exercise_cells_of(notebook, "code")) <= 4


@each_lesson
def test_each_exercise_has_its_check_and_its_solution_in_the_lesson(path, notebook):
    stubs = exercise_cells_of(notebook, "code")
    names = [name for _, name in stubs]
    assert names == [name for _, name in exercise_cells_of(notebook, "markdown")]
    for i, name in stubs:
        function = name.split(".")[1]
        assert f"{function}.check({function})" in notebook.cells[i + 1].source


@each_lesson
def test_stubs_hints_solutions_and_minutes_are_those_of_the_one_source(path, notebook):
    made = pace.timed(exercise_cells.filled(notebook))
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in made.cells]


def test_every_exercise_is_in_a_lesson():
    used = {name for _, notebook in LESSONS.values()
            for _, name in exercise_cells_of(notebook, "code")}
    assert used == set(EXERCISES)


def made(source):
    """The function that a source text defines, with what a lesson has imported."""
    names = {"np": np, "tm": tm}
    exec(source, names)  # the stub or the solution, as a reader runs it in a cell
    return next(value for value in names.values() if inspect.isfunction(value))


@each_exercise
def test_the_solution_passes_as_it_stands_in_the_lesson(exercise):
    report = exercise.check(made(exercise.solution))
    assert report, report
    assert MARK not in exercise.solution and exercise.tag in exercise.statement


@each_exercise
def test_the_stub_is_neither_right_nor_wrong_but_not_written(exercise):
    report = exercise.check(made(exercise.stub))
    assert not report and str(report).startswith("○") and "FAIL" not in report._repr_html_()


@each_exercise
def test_two_hints_stand_folded_before_the_solution(exercise):
    cell = exercise_cells.help_for(exercise)
    places = [cell.find(hint) for hint in exercise.hints] + [cell.find("```python")]
    assert places == sorted(places) and cell.count("<details>") == len(places)
    assert len(exercise.hints) == 2


@each_exercise
def test_a_result_that_is_slightly_wrong_fails(exercise):
    """The solution's numbers times 1.001, whole numbers one higher, must not pass."""
    def wrong(part):
        return part + 1 if isinstance(part, (int, np.integer)) else 1.001 * part

    def off(*args, **kwargs):
        result = exercise(*args, **kwargs)
        return tuple(map(wrong, result)) if isinstance(result, tuple) else wrong(result)

    assert not exercise.check(off)


# Their equations.


WITHOUT_A_LESSON = {"CONTEXT", "PROTO", "TASK"}  # some of these are derived in docstrings alone


def test_every_equation_has_one_formula_a_lesson_a_line_that_computes_it_and_a_check():
    for tag, entry in contents.equations().items():
        assert entry["source"] and entry["test"], (tag, entry)
        assert tag.split(".")[0] in WITHOUT_A_LESSON or (entry["lesson"]
                                                         and entry["formula"]), (tag, entry)
        for place in (entry["source"], entry["test"]):
            assert (ROOT / "lessons" / place.split("#")[0]).exists(), (tag, place)


@each_lesson
def test_a_tag_stands_for_one_formula_in_a_lesson(path, notebook):
    tags = re.findall(rf"\\tag\{{({contents.TAG})\}}", contents.prose(notebook))
    assert len(tags) == len(set(tags))


def test_a_lesson_of_the_path_names_no_equation_of_a_later_one():
    known = set()
    for path, notebook in ON_THE_PATH.values():
        prose = contents.prose(notebook)
        known |= set(re.findall(rf"\\tag\{{({contents.TAG})\}}", prose))
        printed = "".join(build.texts(cell) for cell in notebook.cells if cell.cell_type == "code")
        assert contents.linked(notebook).cells == notebook.cells  # each tag is a link
        named = set(re.findall(rf"\[({contents.TAG})\]", prose + contents.code(notebook) + printed))
        assert named <= known, (path.stem, named - known)


def test_the_page_of_contents_is_up_to_date():
    assert (ROOT / "lessons" / "README.md").read_text(encoding="utf-8") == contents.page()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme == contents.with_table(readme)


# The comparison of outputs that --check makes.


@pytest.mark.parametrize("old, new, same", [
    ("loss 0.52", "loss 0.52", True), ("loss 0.52", "loss 0.525", True),
    ("loss 0.52", "loss 0.60", False), ("1.1e-16", "2.4e-16", True), ("1.1e-16", "2.4e-06", False),
    ("a 1", "b 1", False), ("1,761", "1,761", True), ("1 2", "1 2 3", False),
    ("inf", "0.3", False), ("passed: True", "passed: False", False)])
def test_outputs_are_compared_up_to_the_last_digits(old, new, same):
    assert build.same_text(old, new) is same


def test_a_lesson_whose_kernel_gives_no_answer_is_run_once_more(monkeypatch):
    class Client:
        def __init__(self, *arguments, **options):
            pass

        def execute(self):
            tries.append(1)
            if len(tries) <= lost:
                raise build.nbclient.exceptions.CellTimeoutError("no answer")

    monkeypatch.setattr(build.nbclient, "NotebookClient", Client)
    tries, lost = [], 1
    build.run(None, Path("6.ipynb"))
    assert len(tries) == 2
    tries, lost = [], 9
    with pytest.raises(build.nbclient.exceptions.CellTimeoutError):
        build.run(None, Path("6.ipynb"))
    assert len(tries) == 2
