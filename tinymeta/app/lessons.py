"""The command `lessons`: the notebooks in a folder of the reader's, ready to run, or as pages.

They lie beside the package in a clone, and inside it once installed.  What a notebook needs beside
it goes along: its figures' files, the results of long runs, and the package itself, so that the
folder runs wherever there are NumPy, Matplotlib and Jupyter.
"""

import re
from pathlib import Path

from ..training.files import Claim, clear_left_over, write_whole
from .folders import made_folder

PACKAGE = Path(__file__).resolve().parents[1]
BUILDERS = ("build.py", "contents.py", "exercise_cells.py", "pace.py")  # make lessons; none is one


def put_lessons(arguments):
    """Put the lessons into a folder, ready to run there; or, with --html, as pages that open in a
    browser.  A file that is there already and is another is not overwritten."""
    folder = Path(arguments.folder)
    files = lesson_files()
    if arguments.html:
        files = as_pages(files)
    for name, content in files.items():
        path = folder / name
        for inside in (folder / part for part in Path(name).parents if part.name):
            if inside.exists() and not inside.is_dir():
                raise FileExistsError(f"{inside} is there already, and is no folder; choose "
                                      f"another folder, or move it away")
        if path.exists() and not (path.is_file() and path.read_bytes() == content):
            raise FileExistsError(f"{path} is there already, with other content; "
                                  f"choose another folder, or move it away")
    with made_folder(folder, "folder"), Claim(folder / "lessons"):
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            clear_left_over(folder / name)
            write_whole(folder / name, lambda file, content=content: file.write(content))
    first = min(name for name in files if name.startswith("1_"))
    n = sum(name.endswith((".ipynb", ".html")) for name in files) - ("index.html" in files)
    print(f"{n} lessons are in {folder}; begin with {folder / first}")
    return 0


def lesson_files():
    """name -> bytes of all that belongs into a folder of lessons."""
    lessons, results = _place("lessons", "lessons"), _place("results", "tests/results")
    if not lessons.is_dir():
        raise FileNotFoundError(f"{lessons} is not there; expected the lessons of a clone, or of "
                                f"an installed tinymeta: this is the copy beside those in "
                                f"{PACKAGE.parent}")
    files = {}
    for path in [*lessons.glob("*.ipynb"), *lessons.glob("*.py"), *lessons.glob("figures/*")]:
        if path.name not in BUILDERS and path.name != "__init__.py":
            files[path.relative_to(lessons).as_posix()] = path.read_bytes()
    files["README.md"] = _contents((lessons / "README.md").read_text(encoding="utf-8")).encode()
    for path in results.rglob("*.json"):
        files[f"results/{path.relative_to(results).as_posix()}"] = path.read_bytes()
    for name in files:
        if name.endswith(".ipynb"):
            files[name] = _at_home(files[name].decode()).encode()
    inside = [_place("lessons", "lessons"), PACKAGE / "results"]
    for path in PACKAGE.rglob("*.py"):
        if not set(inside) & set(path.parents):
            files[f"tinymeta/{path.relative_to(PACKAGE).as_posix()}"] = path.read_bytes()
    return files


def as_pages(files):
    """The files that pages link to, and a page for each notebook; index.html is the contents.

    Raises ModuleNotFoundError where nbconvert, a part of Jupyter, is not installed.
    """
    import nbformat
    from nbconvert import HTMLExporter
    exporter, pages = HTMLExporter(), {}
    for name, content in files.items():
        stem, _, kind = name.rpartition(".")
        if name.startswith(("figures/", "tinymeta/")):
            pages[name] = content
        if kind == "md":
            cell = nbformat.v4.new_markdown_cell(content.decode(), id="contents")
            stem, notebook = "index", nbformat.v4.new_notebook(cells=[cell])
        elif kind == "ipynb":
            notebook = nbformat.reads(content.decode(), as_version=4)
        else:
            continue
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = re.sub(r"\]\((\w+)\.ipynb", r"](\1.html", cell.source)
                cell.source = cell.source.replace("](README.md", "](index.html")
        page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": stem}})
        pages[f"{stem}.html"] = page.encode()
    return pages


def _contents(text):
    """lessons/README.md without what a copy lacks: the index of equations, the builder."""
    paragraphs = text.split("\n## Equations")[0].split("\n\n")
    kept = "\n\n".join(part for part in paragraphs if "build.py" not in part)
    return re.sub(r"\[([^]]+)\]\(\.\./[^)]*\)", r"\1", kept)


def _place(installed, in_clone):
    """The folder inside the installed package, or the one in the clone around it."""
    inside = PACKAGE / installed
    return inside if inside.is_dir() else PACKAGE.parent / in_clone


def _at_home(text):
    """A notebook's text with what it reads and links to where it is for a copy."""
    text = text.replace("../tests/results/", "results/")
    return text.replace("](../tinymeta/", "](tinymeta/")
