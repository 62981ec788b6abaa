"""How many minutes a lesson takes, counted at one pace: that of a slow first reading.

The pace was set so that five lessons which took a careful reader 45, 60, 85, 60 and 75 minutes to
read and run, and 25, 35, 50, 30 and 35 for their exercises, come out near these numbers.
"""

import re

import exercise_cells  # beside this file

WORDS = 130  # a minute; a formula inside a sentence counts by its words
EQUATION = 0.75  # minutes for a displayed equation
LINES = 10  # of code, a minute; blank lines do not count
FIGURE = 0.5  # minutes
EXERCISE, SOLUTION_LINE = 7, 1.5  # minutes for each exercise, and for each line to be written
STATED = (f"{WORDS} words or {LINES} lines of code a minute, {60 * EQUATION:.0f} seconds for a "
          f"displayed equation, {60 * FIGURE:.0f} for a figure; {EXERCISE} minutes for an exercise "
          f"and {SOLUTION_LINE} for each line that it asks for")
TIME = re.compile(r"(?m)^\*\*Time\.\*\* [^;\n]*(?=; \d+ seconds)")  # the builder writes it


def minutes(notebook):
    """(reading, exercises): whole minutes to read and run a lesson, and for its exercises."""
    reading = exercises = 0.0
    for cell in notebook.cells:
        if "exercise" in cell.metadata:
            if cell.cell_type == "code":
                lines = exercise_cells.named(cell.metadata["exercise"]).lines_to_write
                exercises += EXERCISE + SOLUTION_LINE * lines
        elif cell.cell_type == "markdown":
            reading += _prose(cell.source)
        else:
            reading += sum(bool(line.strip()) for line in cell.source.splitlines()) / LINES
            figures = ["image/png" in output.get("data", {}) for output in cell.outputs]
            reading += FIGURE * sum(figures)
    return round(reading), round(exercises)


def _prose(text):
    """Minutes for a cell of prose with its displayed equations."""
    rest, equations = re.subn(r"\$\$.*?\$\$", " ", text, flags=re.DOTALL)
    return len(rest.split()) / WORDS + EQUATION * equations


def timed(notebook):
    """Write the minutes into the first cell's line "**Time.** …; 20 seconds to run"."""
    reading, exercises = minutes(notebook)
    line = f"**Time.** {reading} minutes to read and run, {exercises} for the exercises"
    notebook.cells[0].source = TIME.sub(line, notebook.cells[0].source)
    return notebook
