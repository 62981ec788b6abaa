"""Shows where the package computes an equation: the lines that carry its tag, and no others."""

import inspect
import re
from pathlib import Path


def show(module, *tags):
    """Print the lines of a module whose comment names one of the tags."""
    name = Path(inspect.getsourcefile(module)).name
    for line in inspect.getsource(module).splitlines():
        if any(f"[{tag}]" in comment for comment in re.findall("#.*", line) for tag in tags):
            print(f"{name}: {line.strip()}")
