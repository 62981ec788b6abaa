"""Writes lessons/README.md, and the lessons' table of the project's README.md.

lessons/README.md is the table of contents and the index of equations.  A lesson of the path is
called 3_name.ipynb; a notebook beside the path has a letter and the number of the lesson that it
continues, 3b_name.ipynb.
"""

import re
from pathlib import Path

import nbformat

import pace  # beside this file

LESSONS = Path(__file__).resolve().parent
ROOT = LESSONS.parent
TAG = r"[A-Z]+\.\d+"
OPENING = re.compile(r"# (?P<title>\d+[a-z]?\. [^\n]+)\n.*?"
                     r"\*\*Question\.\*\* (?P<question>[^\n]+)\n.*?"
                     r"\*\*You need\*\* (?P<need>[^\n]+)\n.*?"
                     r"\*\*Time\.\*\* ", re.DOTALL)


START, END = "<!-- lessons: made by lessons/build.py -->\n", "<!-- end of lessons -->"


def write():
    """Write both from the notebooks, the source and the tests."""
    (LESSONS / "README.md").write_text(page(), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")


def with_table(readme):
    """The text of README.md with the table of lessons put in."""
    before, rest = readme.split(START)
    table = table_of_contents("lessons/", needs=False)
    return before + START + table + "\n" + END + rest.split(END)[1]


def page():
    """The text of lessons/README.md."""
    return (f"# Lessons\n\nStart at lesson 1; each builds on the one before. Open them with "
            f"`.venv/bin/jupyter lab lessons`, after either command of the "
            f"[project's README](../README.md). All outputs are committed, so they can also be "
            f"read here.\n\n{table_of_contents()}\n\n{beside_the_path()}"
            f"Minutes are counted at the pace of a slow first reading: {pace.STATED}.\n\n"
            f"`python lessons/build.py` makes every output again, and this page; with `--check` it "
            f"compares instead.\n\n## Equations\n\nEach numbered equation, the lesson that derives "
            f"it, the line that computes it and the test that checks it.\n\n{index()}\n")


def lessons():
    """(path, notebook) of each lesson, in order."""
    return [(path, nbformat.read(path, as_version=4)) for path in notebooks()]


def notebooks():
    """The lessons' paths, in order, each followed by those beside the path."""
    return sorted(LESSONS.glob("[0-9]*.ipynb"), key=lambda path: (number(path), label(path)))


def number(path):
    return int(re.match(r"\d+", path.name).group())


def label(path):
    """"3" for a lesson of the path, "3b" for a notebook beside it."""
    return re.match(r"\d+[a-z]?", path.name).group()


def is_optional(path):
    return not label(path).isdigit()


def linked(notebook):
    """Turn each [TAG.1] of the prose into a link to its row in lessons/README.md."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "exercise" not in cell.metadata:
            cell.source = re.sub(rf"(?<![\[\]])\[({TAG})\](?![\](])", r"[[\1]](README.md#\1)",
                                 cell.source)
    return notebook


def prose(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def code(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


def opening(notebook):
    """title, question and need of a lesson, from its first cell."""
    found = OPENING.match(notebook.cells[0].source + "\n")
    if not found:
        raise ValueError(f"the first cell does not open as a lesson does:\n"
                         f"{notebook.cells[0].source}")
    return found.groupdict()


def table_of_contents(folder="", needs=True):
    """The lessons of the path, with the sum of their minutes."""
    columns = ["lesson", "question", "minutes", "exercises"] + ["equations", "needs"] * needs
    rows, sums = [columns, ["---"] * len(columns)], [0, 0]
    for path, notebook in lessons():
        if not is_optional(path):
            rows.append(row(path, notebook, folder, needs))
            sums = [a + b for a, b in zip(sums, pace.minutes(notebook))]
    rows.append(["", "", *map(str, sums)] + ["", ""] * needs)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def row(path, notebook, folder, needs):
    """One row of a table of lessons: title, question, minutes, topics, what it needs."""
    first, minutes = opening(notebook), map(str, pace.minutes(notebook))
    tags = re.findall(rf"\\tag\{{({TAG})\}}", prose(notebook))
    topics = ", ".join(sorted({tag.split(".")[0] for tag in tags}))
    link = f"[{first['title']}]({folder}{path.name})"
    return [link, first["question"], *minutes] + [topics, first["need"]] * needs


def beside_the_path():
    """The optional notebooks, a table with its heading; "" without any."""
    rows = [row(path, notebook, "", needs=True) for path, notebook in lessons()
            if is_optional(path)]
    if not rows:
        return ""
    columns = ["notebook", "question", "minutes", "exercises", "equations", "needs"]
    table = [columns, ["---"] * len(columns), *rows]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in table)
    return f"## Beside the path\n\nNo lesson needs these.\n\n{lines}\n\n"


def equations():
    """tag -> dict(formula, lesson, source, test): each a text, or "" where there is none."""
    found = {}

    def entry(tag):
        return found.setdefault(tag, dict(formula="", lesson="", source="", test=""))

    for path, notebook in lessons():
        tagged = re.findall(rf"\$\$(.*?)\\tag\{{({TAG})\}}", prose(notebook), re.DOTALL)
        for formula, tag in tagged:
            if not entry(tag)["lesson"]:
                formula = " ".join(formula.rsplit("$$", 1)[-1].split()).rstrip(" .,:")
                entry(tag).update(formula=formula, lesson=path.name)
        for tag in re.findall(rf"#.*?\[({TAG})\]", code(notebook)):
            entry(tag)["source"] = entry(tag)["source"] or path.name
            entry(tag)["test"] = entry(tag)["test"] or path.name
    for path in sources():
        for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for tag in re.findall(rf"#.*?\[({TAG})\]", line):
                if ".ipynb" in entry(tag)["source"] or not entry(tag)["source"]:
                    entry(tag).update(source=f"../{path.relative_to(ROOT)}#L{n}", test="")
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for tag in re.findall(rf"\[({TAG})\]", path.read_text(encoding="utf-8")):
            if tag in found and (not found[tag]["test"] or nearer(path, found[tag])):
                found[tag]["test"] = f"../{path.relative_to(ROOT)}"
    return found


def sources():
    """The package's files in reading order, without the exercises, which cite what they use."""
    wings = ("core", "learners", "methods", "training", "fast", "checking", "app")
    return [path for wing in wings for path in sorted((ROOT / "tinymeta" / wing).rglob("*.py"))]


def nearer(path, entry):
    """Is this test in the folder of the wing that computes the equation, unlike the one found?"""
    wing = entry["source"].split("/")[-2]
    return path.parent.name == wing != Path(entry["test"]).parent.name


def index():
    rows = ["| tag | formula | lesson | code | check |", "|---|---|---|---|---|"]

    def link(target):
        name = Path(target.split("#")[0]).stem.replace("test_", "")
        return f"[{name}]({target})" if target else "–"

    def order(tag):
        topic, n = tag.split(".")
        return topic, int(n)

    for tag, entry in sorted(equations().items(), key=lambda item: order(item[0])):
        formula = entry["formula"].replace("|", r"\vert ")
        links = " | ".join(link(entry[column]) for column in ("lesson", "source", "test"))
        formula = f"$`{formula}`$" if formula else "see the code"  # so, Markdown keeps backslashes
        rows.append(f'| <a id="{tag}"></a>{tag} | {formula} | {links} |')
    return "\n".join(rows)
