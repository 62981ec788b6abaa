"""Writes lessons/README.md, and the lessons' table of the project's README.md.

lessons/README.md is the table of contents and the index of equations.
"""

import re
from pathlib import Path

import nbformat

LESSONS = Path(__file__).resolve().parent
ROOT = LESSONS.parent
TAG = r"[A-Z]+\.\d+"
OPENING = re.compile(r"# (?P<title>\d+\. [^\n]+)\n.*?\*\*Question\.\*\* (?P<question>[^\n]+)\n.*?"
                     r"\*\*You need\*\* (?P<need>[^\n]+)\n.*?"
                     r"\*\*Time\.\*\* (?P<minutes>\d+) minutes", re.DOTALL)


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
            f"read here.\n\n{table_of_contents()}\n\n"
            f"`python lessons/build.py` makes every output again, and this page; with `--check` it "
            f"compares instead.\n\n## Equations\n\nEach numbered equation, the lesson that derives "
            f"it, the line that computes it and the test that checks it.\n\n{index()}\n")


def lessons():
    """(path, notebook) of each lesson, in order."""
    return [(path, nbformat.read(path, as_version=4)) for path in notebooks()]


def notebooks():
    """The lessons' paths, in order."""
    return sorted(LESSONS.glob("[0-9]*.ipynb"), key=number)


def number(path):
    return int(re.match(r"\d+", path.name).group())


def prose(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def code(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


def opening(notebook):
    """title, question, need and minutes of a lesson, from its first cell."""
    found = OPENING.match(notebook.cells[0].source + "\n")
    if not found:
        raise ValueError(f"the first cell does not open as a lesson does:\n"
                         f"{notebook.cells[0].source}")
    return found.groupdict()


def table_of_contents(folder="", needs=True):
    columns = ["lesson", "question", "minutes"] + ["equations", "needs"] * needs
    rows, total = [columns, ["---"] * len(columns)], 0
    for path, notebook in lessons():
        first = opening(notebook)
        tags = re.findall(rf"\\tag\{{({TAG})\}}", prose(notebook))
        topics = sorted({tag.split(".")[0] for tag in tags})
        rows.append([f"[{first['title']}]({folder}{path.name})", first["question"],
                     first["minutes"]] + [", ".join(topics), first["need"]] * needs)
        total += int(first["minutes"])
    rows.append(["", "", str(total)] + ["", ""] * needs)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


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
        rows.append(f"| {tag} | {formula} | {links} |")
    return "\n".join(rows)
