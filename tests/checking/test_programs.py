"""Programs as people write them: right ones pass, and each planted mistake is rejected where it is.

Each file of programs/ is a right program.  Its docstring has its mistakes: the part that is wrong,
the blocks, the cause; then lines (-) and what stands for them (+).  A third field, "says", is what
the checker names as the cause; without it, it has to say that it knows none.
"""

import re
from pathlib import Path

import pytest

from tinymeta.checking.check_file import check_file

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of np.matrix
PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
RUNGS = {"gradient": "gradient", "hvp": "Hessian × vector"}
NO_CAUSE = {"unknown", "entry", "not linear", "symmetry"}
REJECTED = {  # right programs that cannot pass, and what is said of them
    "no_hvp": "not written yet: the model has no hvp",
    "np_maximum_relu": "right to 3e-10 only: a difference of gradients?"}


def mistakes(source):
    """[(part, blocks, cause, says, source with the mistake)] of a program."""
    _, head, body = re.split(r'"""', source, maxsplit=2)
    for text in re.split(r"^MISTAKE ", head, flags=re.MULTILINE)[1:]:
        first = re.match(r".*(?:\n    .*)*", text).group()
        part, blocks, cause, *says = " ".join(first.split()).split(" | ")
        wrong = body
        for change in text[len(first):].split("\n="):
            old, new = (re.findall(rf"^\{sign} ?(.*)$", change, re.MULTILINE) for sign in "-+")
            assert "\n".join(old) in wrong, change
            wrong = wrong.replace("\n".join(old), "\n".join(new), 1)
        yield part, blocks.split(", "), cause, says, wrong


def checked(folder, name, source):
    """The ladders of a program's source, and what they print, on one line."""
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    ladders = list(check_file(path))
    return ladders, " ".join("\n".join(map(str, ladders)).split())


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_right_program_passes_and_its_mistakes_are_found(program, tmp_path):
    source = program.read_text(encoding="utf-8")
    ladders, printed = checked(tmp_path, program.stem, source)
    words = REJECTED.get(program.stem)
    assert words in printed if words else all(ladders), printed
    for i, (part, blocks, cause, says, wrong) in enumerate(mistakes(source)):
        ladders, printed = checked(tmp_path, f"{program.stem}_{i}", wrong)
        first = next(ladder for ladder in ladders if not ladder)
        if part in RUNGS:
            assert first.broken == RUNGS[part], (cause, printed)
        else:
            assert first.title.startswith(("maml", "first-order", "reptile", "inner loop")), cause
        if blocks != ["every block"] and first.wrong_blocks:
            assert first.wrong_blocks == blocks, (cause, printed)
        found = {finding.cause for finding in first.findings}
        if says:
            assert all(words in printed for words in says), (cause, printed)
        else:
            assert found <= NO_CAUSE and "differ most at" in printed, (cause, printed)


CASES = sorted((Path(__file__).parent / "cases").glob("*.py"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_case_gets_its_answer(case, tmp_path):
    """PASS | words, or FAIL rung | wrong blocks | words; words that must not be there after |!"""
    source = case.read_text(encoding="utf-8")
    answer = source.split('"""')[1].split("\n\n")[1]
    expected, _, unwanted = " ".join(answer.split()).partition("|!")
    verdict, *fields = [field.strip() for field in expected.split("|")]
    ladders, printed = checked(tmp_path, case.stem, source)
    assert all(words in printed for words in fields[-1].split("; ")), printed
    assert not unwanted or unwanted.strip() not in printed
    assert all(ladders) == (verdict == "PASS"), printed
    if verdict != "PASS":
        first = next(ladder for ladder in ladders if not ladder)
        assert verdict == f"FAIL {first.broken}" and ", ".join(first.wrong_blocks) == fields[0]
