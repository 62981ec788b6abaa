"""The reports of checks, for a terminal and for a notebook: one check, and a ladder of them."""

import html
import textwrap
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np


class Finding(NamedTuple):
    """What is wrong, as far as the numbers show it.

    where: the blocks, or "" where there is none to name.  what: a sentence.  tag: the equation to
    reread, or "".  cause: one word or two for it, such as "factor", for code that looks at findings.
    """

    where: str
    what: str
    tag: str = ""
    cause: str = "unknown"

    def __str__(self):
        text = (f"{self.where}: " if self.where else "") + self.what
        return text + ("" if text.endswith("?") else ".") + (f" Reread [{self.tag}]." if self.tag else "")


@dataclass(frozen=True, repr=False)
class CheckReport:
    """The verdict of a check, and the error of every block.

    title: what was checked.  passed: the verdict; the report itself is true or false by it.  errors:
    the norm-relative error of the whole vector by each oracle, name -> number.  tolerances: the
    largest that pass.  blocks: one dict a block with name, shape, norm (of the derived numbers, or of
    their projections where random directions were checked) and errors, relative to that norm.  notes:
    sentences on what was unusual.  findings: what is wrong, a Finding each.  wrong_blocks: the names of
    the blocks that are wrong.
    """

    title: str
    passed: bool
    errors: dict = field(default_factory=dict)
    tolerances: dict = field(default_factory=dict)
    blocks: list = field(default_factory=list, repr=False)
    notes: list = field(default_factory=list, repr=False)
    findings: list = field(default_factory=list)
    wrong_blocks: list = field(default_factory=list)

    def __bool__(self):
        return self.passed

    def _table(self):
        """The header and the rows of the report, as lists of strings."""
        header = ["block", "shape", "|derived|"] + list(self.errors) + ([""] if not self.passed else [])
        rows = [[b["name"], str(b["shape"]), f"{b['norm']:.2e}"] + [f"{e:.1e}" for e in b["errors"].values()]
                + self._mark(b["name"] in self.wrong_blocks) for b in self.blocks]
        rows.append(["all", "", f"{np.linalg.norm([b['norm'] for b in self.blocks]):.2e}"]
                    + [f"{e:.1e}" for e in self.errors.values()] + self._mark(True))
        rows.append(["at most", "", ""] + [f"{self.tolerances[name]:.0e}" for name in self.errors] + self._mark(False))
        return header, rows

    def _mark(self, wrong):
        """In a report of failure, one cell more: a mark beside the rows that are wrong."""
        return [] if self.passed else ["✗" if wrong else ""]

    def __str__(self):
        lines = [f"{'PASS' if self.passed else 'FAIL'}  {self.title}"]
        if self.blocks:
            header, rows = self._table()
            widths = [max(len(row[i]) for row in [header] + rows) for i in range(len(header))]
            for row in [header] + rows:
                cells = [c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))]
                lines.append("  " + "  ".join(cells).rstrip())
        lines += [_wrapped(f"→ {finding}") for finding in self.findings]
        return "\n".join(lines + [_wrapped(f"note: {note}") for note in self.notes])

    __repr__ = __str__

    def _repr_html_(self):
        parts = [f"<p><b>{'✓ PASS' if self.passed else '✗ FAIL'}</b> {html.escape(self.title)}</p>"]
        if self.blocks:
            header, rows = self._table()
            parts.append("<table>" + "".join(_html_row(tag, row) for tag, row in
                                             [("th", header)] + [("td", row) for row in rows]) + "</table>")
        parts += [f"<p>→ {html.escape(str(finding))}</p>" for finding in self.findings]
        return "".join(parts + [f"<p>Note: {html.escape(note)}</p>" for note in self.notes])


def _wrapped(text):
    return textwrap.fill(text, 100, initial_indent="  ", subsequent_indent="    ")


def _html_row(tag, row):
    cells = (f"<{tag} style='text-align:{'left' if i < 2 else 'right'}'>{html.escape(text)}</{tag}>"
             for i, text in enumerate(row))
    return "<tr>" + "".join(cells) + "</tr>"


@dataclass(frozen=True, repr=False)
class Ladder:
    """Checks that build on each other, up to the first that fails.

    title: what was checked.  rungs: name -> CheckReport, in order; the last one failed, or all passed.
    untried: the names of the rungs above the broken one.
    """

    title: str
    rungs: dict
    untried: list

    @property
    def passed(self):
        """Whether every rung holds; the ladder itself is true or false by it."""
        return not self.untried and all(self.rungs.values())

    @property
    def broken(self):
        """The name of the rung that failed, or None."""
        return next((name for name, report in self.rungs.items() if not report), None)

    @property
    def findings(self):
        """The findings of the broken rung, [Finding]."""
        return self.rungs[self.broken].findings if self.broken else []

    @property
    def wrong_blocks(self):
        """The names of the blocks that are wrong on the broken rung."""
        return self.rungs[self.broken].wrong_blocks if self.broken else []

    def __bool__(self):
        return self.passed

    def _lines(self):
        """(mark, name, remark) for each rung."""
        for name, report in self.rungs.items():
            errors = ", ".join(f"{oracle} {error:.0e}" for oracle, error in report.errors.items())
            yield "✓" if report else "✗", name, errors
        for name in self.untried:
            yield "·", name, "not tried"

    def _notes(self):
        """What was unusual about the rungs that hold."""
        return [f"note on {name}: {note}" for name, report in self.rungs.items() if report for note in report.notes]

    def __str__(self):
        lines = list(self._lines())
        width = max((len(name) for _, name, _ in lines), default=0)
        text = [f"{'PASS' if self.passed else 'FAIL'}  {self.title}"]
        text += [f"  {mark} {name.ljust(width)}  {remark}".rstrip() for mark, name, remark in lines]
        text += [_wrapped(note) for note in self._notes()]
        return "\n".join(text + [str(report) for report in self.rungs.values() if not report])

    __repr__ = __str__

    def _repr_html_(self):
        rows = "".join(_html_row("td", row) for row in self._lines())
        return (f"<p><b>{'✓ PASS' if self.passed else '✗ FAIL'}</b> {html.escape(self.title)}</p><table>{rows}</table>"
                + "".join(f"<p>{html.escape(note)}</p>" for note in self._notes())
                + "".join(report._repr_html_() for report in self.rungs.values() if not report))
