"""The capstone: the solution climbs all rungs, and each unfinished or wrong stage gets words."""

from pathlib import Path

import pytest

from tinymeta.checking.check_file import check_file

SOLUTION = (Path(__file__).parent.parent / "lessons" / "capstone_solution.py").read_text("utf-8")
PIECES = SOLUTION.split("# Stage ")
EMPTY = "def gradient(theta, x, y):\n    raise NotImplementedError\n"


def checked(folder, text):
    """Everything that the command prints for a file of this text, and its ladders' verdicts."""
    file = folder / "my_model.py"
    file.write_text(text, encoding="utf-8")
    ladders = list(check_file(file))
    return "\n".join(map(str, ladders)), [bool(ladder) for ladder in ladders]


def test_the_solution_passes_every_rung_through_five_steps(tmp_path):
    said, passed = checked(tmp_path, SOLUTION)
    assert passed == [True, True] and said.count("5 steps") == 2 and "✗" not in said


def test_a_blank_file_is_told_what_to_define(tmp_path):
    with pytest.raises(ValueError, match="loss, gradient and hvp"):
        checked(tmp_path, PIECES[0])


@pytest.mark.parametrize("stage, done, words", [
    (1, "✓ loss", "not written yet"),
    (2, "✓ gradient", "not written yet: the model has no hvp"),
    (3, "✓ MAML, 5 steps", "")], ids=["after the loss", "after the gradient", "after hvp"])
def test_an_unfinished_stage_says_what_comes_next(tmp_path, stage, done, words):
    text = "# Stage ".join(PIECES[:stage + 1]) + EMPTY * (stage == 1)
    said, passed = checked(tmp_path, text)
    assert done in said and words in said and passed == [stage == 3]


@pytest.mark.parametrize("right, wrong, rung, words", [
    ("2 / x.shape[-2] * (f - y)", "(f - y)", "✗ gradient", "every block"),
    (" * np.cos(z)  #", "  #", "✗ gradient", "W1, b1"),
    (" - q * a * z_dot", "", "✗ Hessian × vector", "W1, b1"),
    ("Hv[..., 2 * U:3 * U] + W2_more", "Hv[..., 2 * U:3 * U]", "✗ Hessian × vector", "W2"),
    ("hvp(thetas[k], *support, v)", "hvp(thetas[0], *support, v)", "✗ 2 steps", "Reread"),
    ("hvp(thetas[k], *support, v)", "0 * v", "✗ 1 step", "the Hessian term is missing"),
    ("return v.mean(axis=0)", "return v.sum(axis=0)", "✗ 1 step", "times")],
    ids=["no 2/K", "no φ'", "no φ''", "half of W2's block", "H at θ_0", "no H", "sum over tasks"])
def test_a_mistake_is_found_on_its_rung_and_in_its_block(tmp_path, right, wrong, rung, words):
    assert SOLUTION.count(right) == 1
    said, passed = checked(tmp_path, SOLUTION.replace(right, wrong))
    assert not all(passed) and rung in said and words in said, said
