"""Small programs, as learners write them: each is right, and its header lists mistakes in it.

In a header:

    SAYS words                                  what the report of the right program says, or
    STOPS at rung | words                       where it does not pass, and the report's reason
    MISTAKE rung | wrong blocks | what is wrong
        passage  ->  what stands in its place   (-> may begin a line; nothing after it: left out)
        says cause: words                       what the checker names; without it, nothing

A rung is one of the model's, or that of a function of the file: "adapt at 2 steps".  Blocks are
"all", names, or "-" where nothing can be compared block by block.
"""

import re
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import pytest

from tinymeta.checking.check_file import check_file

FOLDER = Path(__file__).with_name("programs")
TITLES = {"meta_gradient": "maml ", "first_order_meta_gradient": "first-order maml ",
          "reptile": "reptile ", "adapt": "inner loop"}


class Mistake(NamedTuple):
    rung: str
    blocks: str
    what: str
    edits: list  # of (passage, replacement)
    says: list  # of (cause, words)


class Program:
    """A right program and the mistakes of its header."""

    def __init__(self, name):
        _, header, self.code = (FOLDER / f"{name}.py").read_text(encoding="utf-8").split('"""', 2)
        self.says = re.findall(r"^SAYS (.*)$", header, re.MULTILINE)
        self.stops = re.findall(r"^STOPS at (.*) \| (.*)$", header, re.MULTILINE)
        self.mistakes = [self.mistake(part) for part in header.split("\nMISTAKE ")[1:]]

    @staticmethod
    def mistake(part):
        title, *lines = part.replace("\n    ->", "  ->").splitlines()
        says = [line.strip()[5:].split(": ", 1) for line in lines if line.startswith("    says ")]
        edits = [line.strip().partition("  ->") for line in lines if "  ->" in line]
        return Mistake(*title.split(" | ", 2), [(old, new.strip()) for old, _, new in edits], says)

    def wrong(self, mistake):
        """The program with the mistake."""
        code = self.code
        for old, new in mistake.edits:
            assert code.count(old) == 1, old
            code = code.replace(old, new)
        return code


NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Check code as a file of its own, beside the programs that it may import from."""
    monkeypatch.syspath_prepend(str(FOLDER))

    def ladders(name, code):
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a learner's file may warn
            return list(check_file(tmp_path / f"{name}.py"))
    yield ladders
    for name in NAMES:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", NAMES)
def test_the_program_is_right_and_every_mistake_in_it_is_found(name, check):
    program = Program(name)
    accepted(program, check(name, program.code))
    for mistake in program.mistakes:
        rejected(mistake, check(name, program.wrong(mistake)))


def accepted(program, ladders):
    """Every ladder passes, or stops where, and for the reason that, the header says."""
    report = " ".join("\n".join(map(str, ladders)).split())
    assert all(words in report for words in program.says), report
    if not program.stops:
        assert ladders and all(ladders), report
    for rung, words in program.stops:
        assert [ladder.broken for ladder in ladders if not ladder] == [rung], report
        assert words in report


def rejected(mistake, ladders):
    """The rung, its blocks and its causes are those of the header, and no other cause is named."""
    function, _, rung = mistake.rung.rpartition(" at ")
    title = TITLES.get(function, "model ")
    (ladder,) = [ladder for ladder in ladders if ladder.title.startswith(title) and not ladder]
    assert ladder.broken == rung, (mistake, ladder)
    blocks = [block["name"] for block in ladder.rungs[rung].blocks]
    expected = {"all": blocks, "-": []}.get(mistake.blocks, mistake.blocks.split(", "))
    assert ladder.wrong_blocks == expected, (mistake, ladder)
    unknown = [finding for finding in ladder.findings if finding.cause == "unknown"]
    assert all("difference" in finding.what for finding in unknown), (mistake, ladder)
    named = [finding for finding in ladder.findings if finding.cause != "unknown"]
    assert [finding.cause for finding in named] == [cause for cause, _ in mistake.says], ladder
    for finding, (_, words) in zip(named, mistake.says):
        assert words in str(finding), (mistake, ladder)
    assert ladder.findings


def test_there_are_many_programs_and_many_mistakes():
    programs = [Program(name) for name in NAMES]
    assert len(programs) >= 90 and sum(len(program.mistakes) for program in programs) >= 150
