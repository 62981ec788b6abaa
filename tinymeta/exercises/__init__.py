"""Exercises: a function to be written, its check and its solution, from one source.

An exercise is written once, as a solution:

    @exercise("LIN.2", check=rungs)
    def gradient_of_a_line(theta, x, y):
        \"\"\"The statement, which cites its equation.\"\"\"
        error = ...                      # the body is the solution

The stub is the same function with its body replaced by NotImplementedError; lines up to a comment
`# your turn` stay in the stub.  `check` gets a candidate and returns a ladder's rungs,
[(name, check)] (see ladder.py).  The lessons' cells are made from here, so stub and solution
cannot drift apart.
"""

import inspect
import textwrap

from ..checking.ladder import climb

MARK = "# your turn"


class Exercise:
    """One exercise, from one function.

    .name, .tag and .statement; .stub and .solution as source; .check(candidate) -> Ladder.  Called,
    it is its solution.
    """

    def __init__(self, solution, tag, check):
        self.name, self.tag, self._solution, self._rungs = solution.__name__, tag, solution, check
        self.statement = inspect.getdoc(solution)

    def __call__(self, *args, **kwargs):
        return self._solution(*args, **kwargs)

    def check(self, candidate):
        """The Ladder of the candidate's checks: true if it solves the exercise.

        An error that the candidate raises is a finding.
        """
        return climb(f"{self.name} [{self.tag}]", self._rungs(candidate))

    @property
    def solution(self):
        """The source of the solution, without its decorator and without the mark."""
        lines = [line for line in self._lines() if line.strip() != MARK]
        return "\n".join(lines)

    @property
    def stub(self):
        """The source that the learner starts from."""
        lines = self._lines()
        marked = [i for i, line in enumerate(lines) if line.strip() == MARK]
        end = marked[0] if marked else self._body(lines)
        turn = f'    raise NotImplementedError("your turn: [{self.tag}]")'
        return "\n".join(lines[:end] + [turn])

    def _lines(self):
        """The function's lines from `def` on."""
        lines = textwrap.dedent(inspect.getsource(self._solution)).rstrip().splitlines()
        return lines[next(i for i, line in enumerate(lines) if line.startswith("def ")):]

    @staticmethod
    def _body(lines):
        """The number of the first line behind the docstring."""
        quotes = [i for i, line in enumerate(lines) for _ in range(line.count('"""'))]
        return quotes[1] + 1


def exercise(tag, check):
    """Make an Exercise of a solution.

    tag: the equation.  check: a function of the candidate that returns [(name, () -> CheckReport)].
    """
    return lambda solution: Exercise(solution, tag, check)
