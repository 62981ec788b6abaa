"""Installed, away from the clone: the commands, the lessons, and one's own test file."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinymeta as tm
from tinymeta.app.command_line import main
from tinymeta.app.lessons import as_pages, lesson_files

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Runs Python in a folder with the package as pip installs it from a copy of the clone."""
    base = tmp_path_factory.mktemp("install")
    shutil.copytree(ROOT, base / "clone", ignore=shutil.ignore_patterns(
        ".*", "build", "*.egg-info", "results", "__pycache__"))
    shutil.copytree(ROOT / "tests" / "results", base / "clone" / "tests" / "results")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target",
           str(base / "site"), str(base / "clone")]
    done = subprocess.run([*pip, "--no-build-isolation"], capture_output=True, text=True)
    if done.returncode:  # setuptools is too old here, or missing: pip gets it for the build
        done = subprocess.run(pip, capture_output=True, text=True)
    if "No matching distribution found for setuptools" in done.stderr:
        pytest.skip("pip needs setuptools to build, and cannot get it")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(base / "clone")
    environment = {**os.environ, "PYTHONPATH": str(base / "site"), "PYTHONIOENCODING": "utf-8"}

    def run(folder, *arguments):
        return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment,
                              capture_output=True, text=True, encoding="utf-8", timeout=300)
    return run


def test_the_main_job_runs_in_an_empty_folder(installed, tmp_path):
    small = ["--iterations", "5", "--n-tasks", "2", "--widths", "1", "4", "1"]
    run = installed(tmp_path, "-m", "tinymeta", *small)
    assert run.returncode == 0, run.stderr
    assert "MAML" in run.stdout and list(tmp_path.glob("results/*/adaptation.png"))
    version = installed(tmp_path, "-m", "tinymeta", "--version").stdout
    assert version == f"tinymeta {tm.__version__}\n"


def test_one_s_own_file_is_checked_in_an_empty_folder(installed, tmp_path):
    code = re.search(r"`my_model.py`:\n\n```python\n(.*?)```", README, re.DOTALL).group(1)
    (tmp_path / "my_model.py").write_text(code)
    run = installed(tmp_path, "-m", "tinymeta", "check", "my_model.py")
    assert run.returncode == 1 and "✗ gradient" in run.stdout


def test_a_lesson_runs_from_top_to_bottom_in_a_folder_of_its_own(installed, tmp_path):
    run = installed(tmp_path, "-m", "tinymeta", "lessons", "here")
    assert run.returncode == 0, run.stderr
    folder = tmp_path / "here"
    before = sorted(folder.rglob("*"))
    execute = ("import sys, nbformat, nbclient\n"
               "notebook = nbformat.read(sys.argv[1], as_version=4)\n"
               "nbclient.NotebookClient(notebook, timeout=200).execute()\n"
               "print(notebook.cells[-1].cell_type)")
    lesson = next(folder.glob("2_*.ipynb"))
    run = installed(folder, "-c", execute, lesson.name)
    assert run.returncode == 0, run.stderr
    after = [path for path in sorted(folder.rglob("*")) if "__pycache__" not in path.parts]
    assert after == before  # nothing is written beside the notebooks


def test_the_folder_of_lessons_holds_the_package_and_runs_where_nothing_is_installed(tmp_path):
    assert main(["lessons", str(tmp_path / "here")]) == 0
    lesson = next((tmp_path / "here").glob("1_*.ipynb"))
    first = next(cell for cell in json.loads(lesson.read_text(encoding="utf-8"))["cells"]
                 if cell["cell_type"] == "code")
    code = "".join(first["source"]) + "\nprint(tm.__file__)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "here", env=environment,
                         capture_output=True, text=True)
    assert Path(run.stdout.strip()).resolve().parent == tmp_path / "here" / "tinymeta", run.stderr
    kept = {path.name for path in (tmp_path / "here" / "tinymeta").iterdir()}
    assert "lessons" not in kept and {"core", "app", "__init__.py"} <= kept


def test_what_lessons_read_or_link_to_goes_along():
    files = lesson_files()
    notebooks = {name: text.decode() for name, text in files.items() if name.endswith(".ipynb")}
    assert len(notebooks) >= 9 and "figures/plane.gif" in files
    for name, text in notebooks.items():
        assert "../tests" not in text and "](../" not in text, name
        for link in re.findall(r"\]\(([^)#:]+)\)", text + files["README.md"].decode()):
            assert link in files, (name, link)
        for module in re.findall(r"(?:import|from) (plots\w*|shown|planted)", text):
            assert f"{module}.py" in files, (name, module)
    imported = " ".join(re.findall(r"(?:import|from) (\w+)", str(files.values())))
    assert {name for name in files if re.fullmatch(r"\w+.py", name)} <= {
        f"{module}.py" for module in imported.split()}
    kept = json.loads(files["results/finn2017-seed0.json"])
    assert kept == json.loads((ROOT / "tests/results/finn2017-seed0.json").read_text())


def test_pages_have_outputs_and_lead_from_one_to_the_next(tmp_path, capsys):
    pytest.importorskip("nbconvert")
    assert main(["lessons", str(tmp_path), "--html"]) == 0
    pages = sorted(tmp_path.glob("*.html"))
    assert len(pages) >= 9 and f"begin with {tmp_path}" in capsys.readouterr().out
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "data:image/png" in text and '.ipynb"' not in text
        assert 'href="README.md' not in text
        for link in re.findall(r'href="(\w+\.html)"', text):
            assert (tmp_path / link).exists(), (page.name, link)


def test_a_lesson_that_was_changed_is_not_overwritten(tmp_path, capsys):
    assert main(["lessons", str(tmp_path)]) == 0 and main(["lessons", str(tmp_path)]) == 0
    lesson = next(tmp_path.glob("3_*.ipynb"))
    lesson.write_text("mine")
    assert main(["lessons", str(tmp_path)]) == 1
    assert f"{lesson} is there already" in capsys.readouterr().err and lesson.read_text() == "mine"
    (tmp_path / "file").write_text("")
    assert main(["lessons", str(tmp_path / "file")]) == 1
    assert "file; expected a folder that can be made" in capsys.readouterr().err
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "figures").write_text("")
    assert main(["lessons", str(tmp_path / "other")]) == 1
    assert "figures is there already, and is no folder" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["figures"]


def test_lessons_that_found_the_disk_full_are_put_by_the_same_command(tmp_path):
    pytest.importorskip("resource")  # Windows has no limits
    code = ("import resource, sys\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (30000, 30000))\n"
            "from tinymeta.app.command_line import main\n"
            f"sys.exit(main(['lessons', {str(tmp_path)!r}]))")
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1 and str(tmp_path) in run.stderr and "Traceback" not in run.stderr
    assert main(["lessons", str(tmp_path)]) == 0


def test_what_is_installed_is_named_in_full():
    packaging = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    folders = {path.parent for path in (ROOT / "tinymeta").rglob("*.py")}
    names = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    named = set(re.findall(r'"(tinymeta[.\w]*)"', packaging.split("packages =")[1].split("]")[0]))
    assert named == names | {"tinymeta.lessons", "tinymeta.results"}


def test_the_citation_names_this_version():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {tm.__version__}\n" in citation and "cff-version: 1.2.0" in citation


def test_a_page_is_the_same_each_time():
    pytest.importorskip("nbconvert")
    files = {"README.md": b"# Lessons"}
    assert as_pages(files) == as_pages(files)


def test_what_a_kill_has_left_of_the_lessons_goes_with_the_next(tmp_path):
    (tmp_path / "README.md.0123abcd.tmp").write_text("half")
    assert main(["lessons", str(tmp_path)]) == 0
    assert not list(tmp_path.glob("*.tmp"))
