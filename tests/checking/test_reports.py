"""What reports look like, in a terminal and in a notebook."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinymeta as tm

ROOT = Path(__file__).resolve().parents[2]
THETA = np.array([1.0, 2.0, 3.0])
BLOCKS = [("W", (2, 1)), ("b < c", (1,))]


def report(factors=1.0, **settings):
    g = 2 * THETA * factors
    return tm.check_gradient(lambda t: np.sum(t * t), g, THETA, BLOCKS, **settings)


def test_a_report_is_aligned_and_names_every_block():
    lines = str(report(title="squares")).splitlines()
    assert lines[0] == "PASS  squares"
    assert [line.split()[0] for line in lines[1:]] == ["block", "W", "b", "all", "at", "rests"]
    assert len({len(line) for line in lines[1:-1]}) == 1 and len(lines[1]) <= 80
    assert lines[-1].startswith("  rests on all 3 coordinates at one θ, by complex")
    assert lines[1].split() == "block shape |derived| complex step central differences".split()
    assert lines[2].split()[:4] == ["W", "(2,", "1)", f"{np.hypot(2, 4):.2e}"]
    assert lines[4].split()[:2] == ["all", f"{np.sqrt(4 + 16 + 36):.2e}"]
    assert lines[5].split() == ["at", "most", "1e-12", "1e-07"]
    assert repr(report()) == str(report())


def test_a_report_of_failure_marks_the_wrong_rows_and_wraps_its_sentences():
    lines = str(report(np.array([1, 1, 2]))).splitlines()
    assert lines[0] == "FAIL  gradient"
    assert [line.split()[0] for line in lines if line.endswith("✗")] == ["b", "all"]
    assert lines[-2].startswith("  → b < c: 2 times what it should be") or "→ b < c" in lines[-1]
    assert max(map(len, lines)) <= 100
    long = tm.CheckReport("t", False, notes=["word " * 50], findings=[tm.Finding("W", "x " * 99)])
    assert max(map(len, str(long).splitlines())) <= 100
    assert [line[:4] for line in str(long).splitlines()[1:3]] == ["  → ", "    "]


def test_a_finding_is_a_sentence():
    assert str(tm.Finding("W1", "all zeros", "MLP.5")) == "W1: all zeros. Reread [MLP.5]."
    assert str(tm.Finding("", "why?")) == "why?" and tm.Finding("", "why?").cause == "unknown"


def test_a_report_in_a_notebook_has_a_table_its_verdict_in_words_and_escapes():
    page = report(title="a < b")._repr_html_()
    assert page.startswith("<p><b>✓ PASS</b> a &lt; b</p><table>") and page.count("<tr>") == 5
    assert page.count("<th ") == 5 and page.count("text-align:left") == 10 and "b &lt; c<" in page
    page = report(0)._repr_html_()
    assert "<p><b>✗ FAIL</b>" in page and page.count("✗") == 4
    assert "<p>→ every block: all zeros: never written, or is a term missing?</p>" in page
    page = tm.CheckReport("t", True, notes=["one & two"])._repr_html_()
    assert page.endswith("<p>note: one &amp; two</p>")


GOOD = tm.CheckReport("g", True, {"complex step": 1e-16, "central differences": 2e-10},
                      notes=["odd", "even"])
BAD = tm.CheckReport("h", False, {"difference": 0.5}, findings=[tm.Finding("W", "w")],
                     wrong_blocks=["W"])


def test_a_ladder_shows_each_rung_and_the_report_of_the_broken_one():
    ladder = tm.Ladder("mine < yours", {"gradient": GOOD, "hvp": BAD}, ["tasks"])
    assert str(ladder).splitlines() == [
        "FAIL  mine < yours", "  ✓ gradient  complex step 1e-16, central differences 2e-10",
        "  ✗ hvp       difference 5e-01", "  · tasks     not tried", "  note on gradient: odd",
        "  note on gradient: even",
        "FAIL  h", "  → W: w."]
    assert not ladder and ladder.broken == "hvp" and ladder.wrong_blocks == ["W"]
    assert ladder.findings == BAD.findings and repr(ladder) == str(ladder)
    page = ladder._repr_html_()
    assert page.startswith("<p><b>✗ FAIL</b> mine &lt; yours</p><table><tr>")
    assert page.count("<tr>") == 3
    assert "<p>note on gradient: even</p><p><b>✗ FAIL</b> h</p><p>→ W: w.</p>" in page


def test_a_ladder_is_true_if_every_rung_holds_and_none_is_left():
    ladder = tm.Ladder("t", {"g": GOOD}, [])
    assert ladder and ladder.broken is None and ladder.findings == [] == ladder.wrong_blocks
    assert str(ladder).startswith("PASS  t\n  ✓ g  complex")
    assert not tm.Ladder("t", {"g": BAD}, []) and not tm.Ladder("t", {"g": GOOD}, ["h"])


@pytest.mark.parametrize("encoding, marks", [
    ("utf-8", "✓✗→·"), ("cp1252", "+x>-"), ("ascii", "+x>-")])
def test_a_report_is_printed_where_the_code_page_lacks_its_signs(encoding, marks):
    code = ("import tinymeta as tm, numpy as np\n"
            "model = tm.Linear(1, 1)\n"
            "model.gradient = lambda t, x, y: 3 * tm.Linear.gradient(model, t, x, y)\n"
            "ladder = tm.check_model(model)\n"
            "print(ladder), print(repr(ladder)), print(ladder.findings[0])")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT,
                         env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    text = run.stdout.decode(encoding)
    assert (run.stderr, run.returncode) == (b"", 0) and "3 times what it should be" in text
    for mark, beside in zip(marks, (" loss", " gradient", " every block", " MAML")):
        assert f" {mark}{beside}" in text
