"""What README says of one's own data, families and tests, run as it stands there."""

import glob
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tinymeta as tm
from tinymeta.app.command_line import main
from tinymeta.app.protocols import PROTOCOLS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(start, language="python"):
    """The first code of README that begins so."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return next(text for text in blocks if start in text)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own with curves.csv: twelve stations, one day."""
    monkeypatch.chdir(tmp_path)
    rng, lines = np.random.default_rng(0), ["station,hour,degrees"]
    for i in range(12):
        mean, height, n = rng.uniform(5, 20), rng.uniform(2, 8), rng.integers(30, 90)
        for hour in rng.uniform(0, 24, n):
            degrees = mean + height * np.sin(2 * np.pi * (hour - 9) / 24)
            lines.append(f"s{i},{hour:.2f},{degrees + 0.5 * rng.standard_normal():.1f}")
    (tmp_path / "curves.csv").write_text("\n".join(lines))
    return tmp_path


def test_three_commands_lead_from_a_file_to_pictures(here, monkeypatch):
    measured = PROTOCOLS["measured"]
    monkeypatch.setitem(PROTOCOLS, "measured",
                        lambda method="maml": replace(measured(method), iterations=10))
    commands = block("--tasks curves.csv", "sh").splitlines()
    assert len(commands) == 3
    for command in commands:
        words = shlex.split(command)
        assert words[:3] == ["python", "-m", "tinymeta"]
        options = [sorted(glob.glob(word)) or [word] for word in words[3:]]
        assert main(sum(options, [])) == 0
    assert len(list(here.glob("results/measured-taskscurves-seed0/figures/*.pdf"))) == 3


def test_the_python_lines_learn_the_curves_and_draw_one(here, capsys):
    names = {}
    exec(block("MeasuredTasks.from_csv"), names)
    assert names["curve"].mean[10] < 0.1 * names["curve"].mean[0]
    assert (here / "it.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out.startswith("[")


def test_an_object_with_sample_is_a_family_of_tasks(rng):
    names = {"tm": tm}
    exec(block("class Parabolas"), names)
    model = tm.MLP([1, 20, 20, 1], "tanh")
    method, tasks = tm.MAML(model, alpha=0.1, steps=5), names["Parabolas"]()
    losses = [step.loss for step in tm.meta_train(method, tasks, model.init(rng), tm.Adam(0.02),
                                                  600, rng)]
    assert np.mean(losses[-30:]) < 0.5 * np.mean(losses[:30])


@pytest.mark.parametrize("right", [False, True], ids=["a wrong derivation", "a right one"])
def test_the_test_file_judges_a_derivation_and_leaves_a_report(here, right):
    model = block("n_params = 2")
    if right:
        model = model.replace("stack([(e * x)", "stack([2 * (e * x)", 1)
    (here / "my_model.py").write_text(model)
    (here / "test_my_derivation.py").write_text(text := block("def test_my_derivation"))
    assert len([line for line in text.splitlines() if line]) <= 10
    run = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
                         cwd=here, capture_output=True, text=True, encoding="utf-8",
                         env={**os.environ, "PYTHONPATH": str(ROOT)})
    report = json.loads((here / "report.json").read_text())
    assert run.returncode == (0 if right else 1), run.stdout
    assert ("factor" in str(report)) is not right
    assert right or "W1: ½ times what it should be" in run.stdout
    assert [rung["passed"] for rung in report["rungs"].values()][0] is True
