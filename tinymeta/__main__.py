"""python -m tinymeta: see command_line.py."""

import sys

from .app.command_line import main

sys.exit(main())
