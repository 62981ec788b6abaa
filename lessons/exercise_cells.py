"""The cells of an exercise, made from its one source in tinymeta/exercises.

A code cell whose metadata says {"exercise": "lesson_2.gradient_of_a_line"} gets the stub; a
markdown cell with the same gets the solution, folded away.
"""

import copy
import importlib


def named(name):
    """The Exercise of that name, such as "lesson_2.gradient_of_a_line"."""
    module, exercise = name.split(".")
    return getattr(importlib.import_module(f"tinymeta.exercises.{module}"), exercise)


def filled(notebook):
    """A copy of the notebook with stubs and solutions written in."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        name = cell.metadata.get("exercise")
        if name and cell.cell_type == "code":
            cell.source = named(name).stub
        elif name:
            cell.source = ("<details><summary><b>Solution</b> (try first)</summary>\n\n"
                           f"```python\n{named(name).solution}\n```\n</details>")
    return notebook
