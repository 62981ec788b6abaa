"""Writes lessons/README.md, the table of contents and the index of equations, and the lessons' table of the README."""

import re
from pathlib import Path

import nbformat

LESSONS = Path(__file__).resolve().parent
ROOT = LESSONS.parent
TAG = r"[A-Z]+\.\d+"
OPENING = re.compile(r"# (?P<title>\d+\. [^\n]+)\n.*?\*\*Question\.\*\* (?P<question>[^\n]+)\n.*?"
                     r"\*\*You need\*\* (?P<need>[^\n]+)\n.*?\*\*Time\.\*\* (?P<minutes>\d+) minutes", re.DOTALL)


START, END = "<!-- lessons: made by lessons/build.py -->\n", "<!-- end of lessons -->"


def write():
    """Write lessons/README.md and the lessons' table of README.md from the notebooks, the source and the tests."""
    (LESSONS / "README.md").write_text(page(), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")


def with_table(readme):
    """The text of README.md with the table of lessons put in."""
    before, rest = readme.split(START)
    return before + START + table_of_contents("lessons/", needs=False) + "\n" + END + rest.split(END)[1]


def page():
    """The text of lessons/README.md."""
    return (f"# Lessons\n\nStart at lesson 1; each builds on the one before. Open them with "
            f"`.venv/bin/jupyter lab lessons`, after either command of the [project's README](../README.md). "
            f"All outputs are committed, so they can also be read here.\n\n{table_of_contents()}\n\n"
            f"`python lessons/build.py` makes every output again, and this page; with `--check` it compares "
            f"instead.\n\n## Equations\n\nEach numbered equation, the lesson that derives it, the line "
            f"that computes it and the test that checks it.\n\n{index()}\n")


def lessons():
    """(path, notebook) of each lesson, in order."""
    paths = sorted(LESSONS.glob("[0-9]*.ipynb"), key=lambda path: int(re.match(r"\d+", path.name).group()))
    return [(path, nbformat.read(path, as_version=4)) for path in paths]


def prose(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def code(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


def opening(notebook):
    """title, question, need and minutes of a lesson, from its first cell."""
    found = OPENING.match(notebook.cells[0].source + "\n")
    if not found:
        raise ValueError(f"the first cell does not open as a lesson does:\n{notebook.cells[0].source}")
    return found.groupdict()


def table_of_contents(folder="", needs=True):
    columns = ["lesson", "question", "minutes", "equations"] + ["needs"] * needs
    rows, total = [columns, ["---"] * len(columns)], 0
    for path, notebook in lessons():
        first = opening(notebook)
        topics = sorted({tag.split(".")[0] for tag in re.findall(rf"\\tag\{{({TAG})\}}", prose(notebook))})
        rows.append([f"[{first['title']}]({folder}{path.name})", first["question"], first["minutes"],
                     ", ".join(topics)] + [first["need"]] * needs)
        total += int(first["minutes"])
    rows.append(["", "", str(total), ""] + [""] * needs)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def equations():
    """tag -> dict(formula, lesson, source, test): each a text, or "" where there is none."""
    found = {}

    def entry(tag):
        return found.setdefault(tag, dict(formula="", lesson="", source="", test=""))

    for path, notebook in lessons():
        for formula, tag in re.findall(rf"\$\$(.*?)\\tag\{{({TAG})\}}", prose(notebook), re.DOTALL):
            if not entry(tag)["lesson"]:
                entry(tag).update(formula=" ".join(formula.rsplit("$$", 1)[-1].split()).rstrip(" .,:"), lesson=path.name)
        for tag in re.findall(rf"#.*?\[({TAG})\]", code(notebook)):
            entry(tag)["source"] = entry(tag)["source"] or path.name
            entry(tag)["test"] = entry(tag)["test"] or path.name
    for path in sorted((ROOT / "tinymeta").glob("*.py")):
        for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for tag in re.findall(rf"#.*?\[({TAG})\]", line):
                if ".ipynb" in entry(tag)["source"] or not entry(tag)["source"]:
                    entry(tag).update(source=f"../tinymeta/{path.name}#L{n}", test="")
    for path in sorted((ROOT / "tests").glob("test_*.py")):
        for tag in re.findall(rf"\[({TAG})\]", path.read_text(encoding="utf-8")):
            if tag in found and not found[tag]["test"]:
                found[tag]["test"] = f"../tests/{path.name}"
    return found


def index():
    rows = ["| tag | formula | lesson | code | check |", "|---|---|---|---|---|"]

    def link(target):
        return f"[{Path(target.split('#')[0]).stem.replace('test_', '')}]({target})" if target else "–"

    def order(tag):
        topic, n = tag.split(".")
        return topic, int(n)

    for tag, entry in sorted(equations().items(), key=lambda item: order(item[0])):
        formula = entry["formula"].replace("|", r"\vert ")
        links = " | ".join(link(entry[column]) for column in ("lesson", "source", "test"))
        rows.append(f"| {tag} | $`{formula}`$ | {links} |")  # so written, Markdown leaves its backslashes alone
    return "\n".join(rows)
