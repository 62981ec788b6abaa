"""The project: what README and docstrings claim about it holds."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import results_table
import tinymeta as tm

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = {
    path.relative_to(ROOT / "tinymeta").with_suffix("").as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "tinymeta").rglob("*.py"))
}
WINGS = ["core", "learners", "methods", "training", "fast", "checking", "app", "exercises"]
ABOVE = {wing: WINGS[:i] for i, wing in enumerate(WINGS)}
ABOVE["checking"].remove("fast")  # nothing needs the fast wing but the command line ...
ABOVE["exercises"] = ABOVE["checking"] + ["checking"]  # ... and who asks for it by name
TAG = r"\[([A-Z]+\.\d+)\]"


def test_the_readme_s_example_prints_what_it_says():
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    printed = re.search(r"prints\n\n```text\n(.*?)```", README, re.DOTALL).group(1)
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                         timeout=120)
    assert (run.stdout, run.stderr) == (printed, "")


def test_the_readme_s_wrong_model_gets_the_report_that_it_shows(tmp_path):
    code = re.search(r"`my_model.py`:\n\n```python\n(.*?)```", README, re.DOTALL).group(1)
    printed = re.search(r"my_model.py` prints\n\n```text\n(.*?)```", README, re.DOTALL).group(1)
    (tmp_path / "my_model.py").write_text(code)
    run = subprocess.run([sys.executable, "-m", "tinymeta", "check",
                          str(tmp_path / "my_model.py")], cwd=ROOT, capture_output=True, text=True,
                         encoding="utf-8", env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    without_digits = [re.sub(r"\d\.?\d*e[-+]\d+", "#", text) for text in (run.stdout, printed)]
    assert without_digits[0] == without_digits[1] and (run.stderr, run.returncode) == ("", 1)


def test_the_readme_s_results_are_those_of_the_runs():
    assert results_table.in_readme(README) == results_table.small_table()
    assert results_table.PAGE.read_text(encoding="utf-8") == results_table.page()


def test_the_results_of_several_seeds_are_those_of_each(tmp_path, monkeypatch):
    """A report of `--seeds 3` may take the place of three reports."""
    right = results_table.page()
    for path in results_table.RESULTS.rglob("finn2017-seed0.json"):
        folder = path.parent.relative_to(results_table.RESULTS)
        seeds = results_table.reports("finn2017", folder)
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "finn2017-seed0-1-2.json").write_text(json.dumps(joined(seeds)))
    for path in results_table.RESULTS.glob("reptile*.json"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(results_table, "RESULTS", tmp_path)
    assert results_table.page() == right


def joined(reports):
    """Reports of one seed each as one report."""
    of_all = lambda part: {key: [part(report)[key] for report in reports]
                           for key in part(reports[0])}
    return {**reports[0], "seeds": [report["seed"] for report in reports],
            "seconds": of_all(lambda report: report["seconds"]),
            "shots": {shots: of_all(lambda report: report["shots"][shots])
                      for shots in reports[0]["shots"]}}


def test_the_readme_s_lines_beside_the_equations_are_the_source_s():
    rows = re.findall(r"^\| [^|]*[θv∇𝒮S][^|]* \| `([^`]+)` \|$", README, re.MULTILINE)
    source = [line.split("  #")[0].strip() for name in ("inner_loop", "method", "maml")
              for line in SOURCES[f"methods/{name}"].splitlines()]
    assert len(rows) == 5 and set(rows) <= set(source)


def test_the_readme_has_one_line_that_runs_and_one_that_tests():
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv .venv &&")]
    assert [line.rsplit(" ", 1)[-1] for line in lines] == ["tinymeta", "pytest"]


@pytest.mark.parametrize("folder", [".", "tinymeta", "tests/results"])
def test_files_that_a_page_links_to_exist(folder):
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / folder).glob("*.md"))
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    assert links and all((ROOT / folder / link).exists() for link in links)


def tags(text):
    return set(re.findall(TAG, text))


def split(source):
    """The docstrings of a module and everything else."""
    tree = ast.parse(source)
    docstrings = [
        node.value for parent in ast.walk(tree)
        if isinstance(parent, (ast.Module, ast.ClassDef, ast.FunctionDef))
        for node in parent.body[:1]
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ]
    lines = source.splitlines()
    inside = {n for d in docstrings for n in range(d.lineno - 1, d.end_lineno)}
    return ("\n".join(lines[n] for n in sorted(inside)), "\n".join(
        l for n, l in enumerate(lines) if n not in inside))


def defined_tags(source):
    return re.findall(rf"^    {TAG}", split(source)[0], re.MULTILINE)


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if defined_tags(source)])
def test_every_equation_has_its_line_and_every_line_its_equation(name):
    assert set(defined_tags(SOURCES[name])) == tags(split(SOURCES[name])[1])


def test_every_equation_is_defined_once_and_named_by_a_test():
    tested = set().union(*(tags(path.read_text(encoding="utf-8"))
                           for path in (ROOT / "tests").rglob("test_*.py")))
    defined = [tag for source in SOURCES.values() for tag in defined_tags(source)]
    assert len(defined) > 30 and len(defined) == len(set(defined))
    assert set(defined) <= tested


def imports(name):
    """(wing, module) of what a file imports from the package: "" for the top level."""
    depth = name.count("/") + 1
    for node in ast.walk(ast.parse(SOURCES[name])):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = name.split("/")[:depth -
                                   node.level] + (node.module or "").split(".") * bool(node.module)
            for alias in node.names:
                full = "/".join([*base, alias.name])
                module = full if full in SOURCES else "/".join(base)
                yield (module.split("/")[0] if "/" in module else ""), module


@pytest.mark.parametrize("wing", WINGS)
def test_a_wing_imports_only_those_before_it_and_in_itself_there_is_no_circle(wing):
    files = [name for name in SOURCES if name.startswith(f"{wing}/")]
    inside = {name: [] for name in files}
    for name in files:
        for other, module in imports(name):
            if other == wing:
                inside[name].append(module)
            else:
                assert other in ABOVE[wing] or (wing in ("app", "exercises")
                                                and other ==""), (name, module)
    while inside:  # take away files that import none of the others until none is left
        free = [name for name, modules in inside.items() if not set(modules) & set(inside)]
        assert free, f"a circle among {sorted(inside)}"
        inside = {name: modules for name, modules in inside.items() if name not in free}


def test_the_reading_order_names_every_wing_and_every_file_of_the_core():
    for wing in WINGS:
        assert re.search(rf"^    {wing} ", tm.__doc__, re.MULTILINE)
    for name in SOURCES:
        wing, _, file = name.partition("/")
        if wing in WINGS[:4] and file != "__init__":
            assert re.search(rf"\b{file}\b", tm.__doc__), name


def test_print_beside_an_equation_prints_when_the_readme_s_lines_run():
    """What is read is what runs: the lines of these equations are executed by README's example."""
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    wanted, run = {"MLP.4", "HVP.4", "INNER.1", "MAML.2", "META.1", "REPTILE.1"}, set()
    lines = {(str(ROOT / "tinymeta" / f"{name}.py"), n): tags(line) & wanted
             for name, source in SOURCES.items()
             for n, line in enumerate(source.splitlines(), start=1)
             if tags(line) & wanted and "  # " in line}

    def trace(frame, event, argument):
        if not frame.f_code.co_filename.startswith(str(ROOT / "tinymeta")):
            return None
        run.update(lines.get((frame.f_code.co_filename, frame.f_lineno), ()))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        exec(compile(code, "README", "exec"), {})
    finally:
        sys.settrace(before)
    assert run == wanted


def test_the_package_needs_numpy_and_the_standard_library_alone_until_something_is_drawn():
    code = ("import sys, tinymeta, tinymeta.app.command_line; "
            "print([m for m in ('matplotlib', 'IPython', 'pytest') if m in sys.modules])")
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True,
                          text=True).stdout == "[]\n"


def test_nothing_is_pickled_and_nothing_is_drawn_from_a_hidden_generator():
    for name, source in SOURCES.items():
        code = split(source)[1]
        assert "pickle" not in code.replace("allow_pickle=False", "")
        assert not re.search(r"np\.random\.(?!Generator|default_rng)", code), name


def test_requirements_and_packaging_agree():
    required = dict(
        re.match(r"(\w+)(.*)", line).groups()
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if not line.startswith("#"))
    assert sorted(required) == ["jupyter", "matplotlib", "numpy", "pytest"]
    packaging = (ROOT / "pyproject.toml").read_text()
    assert all(f'"{name}{bounds}"' in packaging for name, bounds in required.items())


def test_everything_public_has_a_docstring():
    for name, source in SOURCES.items():
        tree = ast.parse(source)
        classes = [
            node for node in tree.body
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        ]
        functions = [node for parent in [tree, *classes] for node in parent.body
                     if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
        for node in [tree, *classes, *functions]:
            decorators = [getattr(d, "attr", "") for d in getattr(node, "decorator_list", [])]
            if SOURCES[name] and "setter" not in decorators:
                assert ast.get_docstring(node), (name, getattr(node, "name", ""))


def test_source_and_tests_fit_a_hundred_columns():
    paths = [*(ROOT / "tinymeta").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    wide = [path for path in paths
            if max(map(len, path.read_text(encoding="utf-8").splitlines()), default=0) > 100]
    assert len(paths) > 80 and not wide
