"""Exercises: a function to be written, its check, its hints and its solution, from one source.

An exercise is written once, as a solution:

    @exercise("LIN.2", check=rungs, hints=["A nudge.", "Nearly all of it."])
    def gradient_of_a_line(theta, x, y):
        \"\"\"The statement, which cites its equation.\"\"\"
        error = ...                      # the body is the solution

The stub is the same function with its body replaced by NotImplementedError; lines up to a comment
`# your turn` stay in the stub.  `check` gets a candidate and returns a ladder's rungs,
[(name, check)] (see ladder.py).  The lessons' cells are made from here, so stub, hints and solution
cannot drift apart.
"""

import inspect
import textwrap
from dataclasses import dataclass

from ..checking.ladder import climb
from ..checking.report import Ladder
from .feedback import returning

MARK = "# your turn"


class Exercise:
    """One exercise, from one function.

    .name, .tag, .hints and .statement; .stub and .solution as source; .check(candidate) -> Ladder.
    Called, it is its solution.
    """

    def __init__(self, solution, tag, check, hints=()):
        self.name, self.tag, self._solution, self._rungs = solution.__name__, tag, solution, check
        self.hints, self.statement = tuple(hints), inspect.getdoc(solution)

    def __call__(self, *args, **kwargs):
        return self._solution(*args, **kwargs)

    def check(self, candidate):
        """The Ladder of the candidate's checks: true if it solves the exercise.

        An error that the candidate raises is a finding.
        """
        ladder = climb(f"{self.name} [{self.tag}]", self._rungs(returning(candidate)))
        if [finding.cause for finding in ladder.findings] == ["not written"]:
            return Unwritten(ladder.title, ladder.rungs, ladder.untried)
        return ladder

    @property
    def solution(self):
        """The source of the solution, without its decorator and without the mark."""
        lines = [line for line in self._lines() if line.strip() != MARK]
        return "\n".join(lines)

    @property
    def stub(self):
        """The source that the learner starts from."""
        lines = self._lines()
        turn = f'    raise NotImplementedError("your turn: [{self.tag}]")'
        return "\n".join(lines[:self._turn(lines)] + [turn])

    @property
    def lines_to_write(self):
        """How many lines the solution puts in place of the stub's last."""
        lines = self._lines()
        return sum(line.strip() not in ("", MARK) for line in lines[self._turn(lines):])

    def _lines(self):
        """The function's lines from `def` on."""
        lines = textwrap.dedent(inspect.getsource(self._solution)).rstrip().splitlines()
        return lines[next(i for i, line in enumerate(lines) if line.startswith("def ")):]

    @staticmethod
    def _turn(lines):
        """The number of the line where the learner's part begins: at the mark, or as the body."""
        marked = [i for i, line in enumerate(lines) if line.strip() == MARK]
        quotes = [i for i, line in enumerate(lines) for _ in range(line.count('"""'))]
        return marked[0] if marked else quotes[1] + 1


@dataclass(frozen=True, repr=False)
class Unwritten(Ladder):
    """An exercise that nobody has written yet: neither right nor wrong, and it counts as false."""

    def __str__(self):
        return (f"○ {self.title}: not written yet.\n"
                f"  Your code takes the place of the line `raise NotImplementedError(...)`; what "
                f"stands below it is never\n  reached. Run the cell above once more, then this "
                f"one.")

    __repr__ = __str__

    def _repr_html_(self):
        return f"<p>{str(self)}</p>"


def exercise(tag, check, hints=()):
    """Make an Exercise of a solution.

    tag: the equation.  check: a function of the candidate that returns [(name, () -> CheckReport)].
    hints: sentences in Markdown, the gentlest first.
    """
    return lambda solution: Exercise(solution, tag, check, hints)
