"""The project: what README and docstrings claim about it holds."""

import ast
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

import results_table
import tinymeta as tm

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "tinymeta").glob("*.py"))}
TAG = r"\[([A-Z]+\.\d+)\]"


def test_the_readme_s_example_prints_what_it_says():
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    printed = re.search(r"prints\n\n```text\n(.*?)```", README, re.DOTALL).group(1)
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (run.stdout, run.stderr) == (printed, "")


def test_the_readme_s_wrong_model_gets_the_report_that_it_shows(tmp_path):
    code = re.search(r"`my_model.py`:\n\n```python\n(.*?)```", README, re.DOTALL).group(1)
    printed = re.search(r"my_model.py` prints\n\n```text\n(.*?)```", README, re.DOTALL).group(1)
    (tmp_path / "my_model.py").write_text(code)
    run = subprocess.run([sys.executable, "-m", "tinymeta", "check", str(tmp_path / "my_model.py")], cwd=ROOT,
                         capture_output=True, text=True, encoding="utf-8", env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    without_digits = [re.sub(r"\d\.?\d*e[-+]\d+", "#", text) for text in (run.stdout, printed)]
    assert without_digits[0] == without_digits[1] and (run.stderr, run.returncode) == ("", 1)


def test_the_readme_s_results_are_those_of_the_runs():
    assert results_table.in_readme(README) == results_table.table()


def test_the_readme_has_one_line_that_runs_and_one_that_tests():
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv .venv &&")]
    assert [line.rsplit(" ", 1)[-1] for line in lines] == ["tinymeta", "pytest"]


def test_files_that_the_readme_links_to_exist():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if not link.startswith("http")]
    assert len(links) > 15 and all((ROOT / link).exists() for link in links)


def tags(text):
    return set(re.findall(TAG, text))


def split(source):
    """The docstrings of a module and everything else."""
    tree = ast.parse(source)
    docstrings = [node.value for parent in ast.walk(tree)
                  if isinstance(parent, (ast.Module, ast.ClassDef, ast.FunctionDef))
                  for node in parent.body[:1] if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    lines = source.splitlines()
    inside = {n for d in docstrings for n in range(d.lineno - 1, d.end_lineno)}
    return ("\n".join(lines[n] for n in sorted(inside)), "\n".join(l for n, l in enumerate(lines) if n not in inside))


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if tags(source)])
def test_every_equation_has_its_line_and_every_line_its_equation(name):
    docstrings, code = split(SOURCES[name])
    assert tags(docstrings) >= tags(code)  # docstrings may also cite equations that other files compute
    defined = {tag for tag in re.findall(rf"^    {TAG}", docstrings, re.MULTILINE)}
    assert defined == tags(code)


def test_every_equation_is_named_by_a_test():
    tested = set().union(*(tags(path.read_text(encoding="utf-8")) for path in (ROOT / "tests").glob("test_*.py")))
    defined = set().union(*(tags(split(source)[1]) for source in SOURCES.values()))
    assert len(defined) > 30
    assert defined <= tested


def test_every_equation_tag_is_defined_once():
    defined = [tag for source in SOURCES.values() for tag in re.findall(rf"^    {TAG}", split(source)[0], re.MULTILINE)]
    assert len(defined) == len(set(defined))


READING_ORDER = re.findall(r"^    (\w+)  ", tm.__doc__, re.MULTILINE)


def test_the_reading_order_lists_every_module():
    assert sorted([*READING_ORDER, "arguments", "memory", "__init__", "__main__"]) == sorted(SOURCES)


def test_imports_run_one_way_down_the_reading_order():
    order = ["arguments", "memory", *READING_ORDER]
    for name in order:
        for node in ast.walk(ast.parse(SOURCES[name])):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                for module in [node.module] if node.module else [alias.name for alias in node.names]:
                    assert module == "__version__" or order.index(module) < order.index(name), (name, module)


def test_the_package_needs_numpy_and_the_standard_library_alone_until_something_is_drawn():
    code = "import sys, tinymeta, tinymeta.app.command_line; print([m for m in ('matplotlib', 'IPython', 'pytest') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "[]\n"
    allowed = {*sys.stdlib_module_names, "numpy", "tinymeta"}
    for name, source in SOURCES.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.Import, ast.ImportFrom)) and not getattr(node, "level", 0):
                for module in [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]:
                    assert module.split(".")[0] in (allowed | {"matplotlib"} if name == "plotting" else allowed)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have other habits")
def test_freed_memory_is_kept_so_that_training_causes_no_page_faults():
    """What memory.py promises, counted; without its line the same code causes hundreds a step."""
    code = """
import resource, sys, numpy as np, tinymeta as tm
rng = np.random.default_rng(0)
model = tm.MLP([1, 40, 40, 1])
method, theta, batch = tm.MAML(model, steps=5), model.init(rng), tm.SinusoidTasks().sample(rng)
faults = []
for _ in range(30):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    method.meta_gradient(theta, batch)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(int(np.median(faults)))
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert int(run.stdout) < 20, run.stderr


def test_nothing_is_pickled_and_nothing_is_drawn_from_a_hidden_generator():
    for name, source in SOURCES.items():
        code = split(source)[1]
        assert "pickle" not in code.replace("allow_pickle=False", "")
        assert not re.search(r"np\.random\.(?!Generator|default_rng)", code), name


def test_requirements_and_packaging_agree():
    required = dict(re.match(r"(\w+)(.*)", line).groups() for line in
                    (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#"))
    assert sorted(required) == ["jupyter", "matplotlib", "numpy", "pytest"]
    packaging = (ROOT / "pyproject.toml").read_text()
    assert all(f'"{name}{bounds}"' in packaging for name, bounds in required.items())


def test_everything_public_has_a_docstring():
    for name, source in SOURCES.items():
        tree = ast.parse(source)
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
        functions = [node for parent in [tree, *classes] for node in parent.body
                     if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
        overriding = {"predict_unchecked", "state", "restore"}  # documented where they are first defined
        for node in [tree, *classes, *functions]:
            assert ast.get_docstring(node) or getattr(node, "name", "") in overriding, (name, node.name)
