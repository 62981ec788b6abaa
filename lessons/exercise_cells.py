"""The cells of an exercise, made from its one source in tinymeta/exercises.

A code cell whose metadata says {"exercise": "lesson_2.gradient_of_a_line"} gets the stub; a
markdown cell with the same gets the hints and the solution, each folded away.
"""

import copy
import importlib


def named(name):
    """The Exercise of that name, such as "lesson_2.gradient_of_a_line"."""
    module, exercise = name.split(".")
    return getattr(importlib.import_module(f"tinymeta.exercises.{module}"), exercise)


def filled(notebook):
    """A copy of the notebook with stubs, hints and solutions written in."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        name = cell.metadata.get("exercise")
        if name and cell.cell_type == "code":
            cell.source = named(name).stub
        elif name:
            cell.source = help_for(named(name))
    return notebook


def help_for(exercise):
    """An exercise's hints and its solution, as folded Markdown."""
    parts = [folded(f"Hint {i}", hint) for i, hint in enumerate(exercise.hints, start=1)]
    parts.append(folded("Solution", f"```python\n{exercise.solution}\n```", " (try first)"))
    return "\n\n".join(parts)


def folded(title, text, remark=""):
    return f"<details><summary><b>{title}</b>{remark}</summary>\n\n{text}\n</details>"
