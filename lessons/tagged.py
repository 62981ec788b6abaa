"""Shows where the package computes an equation: the lines that carry its tag, and no others."""

import inspect
import re
from pathlib import Path


def show(module, *tags):
    """Print the lines of a module whose comment names one of the tags, with their numbers."""
    name = Path(inspect.getsourcefile(module)).name
    for number, line in enumerate(inspect.getsource(module).splitlines(), start=1):
        if any(f"[{tag}]" in comment for comment in re.findall("#.*", line) for tag in tags):
            print(f"{name}:{number:<4} {line.strip()}")
