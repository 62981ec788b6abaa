"""What lessons show of the package's source: the lines around numbered equations."""

import inspect
import re
import textwrap


def equation_lines(function):
    """Print a function's source from its first line with a tag, such as # [MAML.2], to its last."""
    lines = inspect.getsource(function).splitlines()
    tagged = [i for i, line in enumerate(lines) if re.search(r"#.*\[[A-Z]+\.\d+\]", line)]
    print(textwrap.dedent("\n".join(lines[tagged[0]:tagged[-1] + 1])))
