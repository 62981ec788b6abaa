"""The report of a gradient check, for a terminal and for a notebook."""

import html
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class CheckReport:
    """The verdict of a gradient check, and the error of every block.

    title: what was checked.  passed: the verdict; the report itself is true or false by it.  errors:
    the norm-relative error of the whole vector by each numerical derivative, name -> number.
    tolerances: the largest that pass.  blocks: one dict a block with name, shape, norm (of the derived
    numbers, or of their projections where random directions were checked) and errors, relative to that
    norm.  notes: sentences on what was unusual.
    """

    title: str
    passed: bool
    errors: dict
    tolerances: dict
    blocks: list = field(repr=False)
    notes: list = field(repr=False)

    def __bool__(self):
        return self.passed

    def _table(self):
        """The header and the rows of the report, as lists of strings."""
        header = ["block", "shape", "|derived|"] + list(self.errors)
        rows = [[b["name"], str(b["shape"]), f"{b['norm']:.2e}"] + [f"{e:.1e}" for e in b["errors"].values()]
                for b in self.blocks]
        rows.append(["all", "", f"{np.linalg.norm([b['norm'] for b in self.blocks]):.2e}"]
                    + [f"{e:.1e}" for e in self.errors.values()])
        rows.append(["at most", "", ""] + [f"{self.tolerances[name]:.0e}" for name in self.errors])
        return header, rows

    def __str__(self):
        header, rows = self._table()
        widths = [max(len(row[i]) for row in [header] + rows) for i in range(len(header))]
        lines = [f"{'PASS' if self.passed else 'FAIL'}  {self.title}"]
        for row in [header] + rows:
            cells = [c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))]
            lines.append("  " + "  ".join(cells).rstrip())
        return "\n".join(lines + [f"  note: {note}" for note in self.notes])

    def _repr_html_(self):
        header, rows = self._table()
        head, *body = ["<tr>" + "".join(f"<{tag} style='text-align:{'left' if i < 2 else 'right'}'>"
                                        f"{html.escape(text)}</{tag}>" for i, text in enumerate(row)) + "</tr>"
                       for tag, row in [("th", header)] + [("td", row) for row in rows]]
        notes = "".join(f"<p>Note: {html.escape(note)}</p>" for note in self.notes)
        verdict = "✓ PASS" if self.passed else "✗ FAIL"
        return f"<p><b>{verdict}</b> {html.escape(self.title)}</p><table>{head}{''.join(body)}</table>{notes}"
