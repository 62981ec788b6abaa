"""The reports of checks, for a terminal and for a notebook: one check, and a ladder of them."""

import html
import re
import sys
import textwrap
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

import numpy as np

PLAIN = str.maketrans({"✓": "+", "✗": "x", "○": "o", "·": "-", "→": ">", "×": "x", "−": "-",
                       "θ": "theta", "ω": "omega", "α": "alpha", "φ": "phi", "½": "1/2"})


class Finding(NamedTuple):
    """What is wrong, as far as the numbers show it.

    where: the blocks, or "" where there is none to name.  what: a sentence.  tag: the equation to
    reread, or "".  cause: a word or two for it, such as "factor", for code that looks at findings.
    """

    where: str
    what: str
    tag: str = ""
    cause: str = "unknown"

    @property
    def kinds(self):
        """The sentence without its numbers, cut at "or": equal for the same mistake elsewhere."""
        names, times, _ = self.what.partition(" times what it should be")
        if times and self.cause == "factor":
            first = names.split(" = ")[-1].split(" or ")[0].replace("½", "1/2")  # 5, or 1/5
            over, _, under = first.partition("/")
            value = float(over) / float(under or 1) * (-1 if "flipped" in self.what else 1)
            kinds = {name.split(" = ")[0] + times for name in names.split(" or ")}
            return kinds | {f"{value:.6g}{times}"}
        if self.cause == "penalty":  # its number is the mistake
            return {self.what}
        number = r"[-+]?\d[\d.]*(e[-+]?\d+)?"
        return {re.sub(number, "#", part) for part in self.what.split(", or ")}

    def __str__(self):
        where = f"{self.where}: " if self.where else ""
        stop = "" if self.what.endswith("?") else "."
        reread = f" Reread [{self.tag}]." if self.tag else ""
        return _for_terminal(where + self.what + stop + reread)


@dataclass(frozen=True, repr=False)
class CheckReport:
    """The verdict of a check, and the error of every block.

    title: what was checked.  passed: the verdict; the report itself is true or false by it.
    errors: the relative error of the whole vector beside each reference, name -> number.
    tolerances: the largest that pass.  blocks: a dict for each block with name, shape, norm (of the
    derived numbers, or of their projections on random directions) and errors, relative to it.
    notes: sentences on what was unusual.  findings: what is wrong, [Finding].  wrong_blocks: names.
    basis: what the verdict rests on, in words.
    """

    title: str
    passed: bool
    errors: dict = field(default_factory=dict)
    tolerances: dict = field(default_factory=dict)
    blocks: list = field(default_factory=list, repr=False)
    notes: list = field(default_factory=list, repr=False)
    findings: list = field(default_factory=list)
    wrong_blocks: list = field(default_factory=list)
    basis: str = ""

    def __bool__(self):
        return self.passed

    def as_dict(self):
        """The report as numbers, strings, lists and dicts, as json.dumps takes them."""
        result = asdict(self)
        result["findings"] = [finding._asdict() for finding in self.findings]
        return result

    def _table(self):
        """The rows of the report, the header first, as lists of strings."""
        rows = [["block", "shape", "|derived|", *self.errors]]
        for block in self.blocks:
            errors = [f"{error:.1e}" for error in block["errors"].values()]
            rows.append([block["name"], str(block["shape"]), f"{block['norm']:.2e}", *errors])
        norm = np.linalg.norm([block["norm"] for block in self.blocks])
        rows.append(["all", "", f"{norm:.2e}", *(f"{e:.1e}" for e in self.errors.values())])
        rows.append(["at most", "", "", *(f"{self.tolerances[kind]:.0e}" for kind in self.errors)])
        if not self.passed:
            for row in rows:
                row.append("✗" if row[0] in ["all", *self.wrong_blocks] else "")
        return rows

    def __str__(self):
        lines = [f"{'PASS' if self.passed else 'FAIL'}  {self.title}"]
        if self.blocks:
            rows = self._table()
            widths = [max(map(len, column)) for column in zip(*rows)]
            for row in rows:
                cells = [cell.rjust(width) for cell, width in zip(row, widths)]
                cells[:2] = [cell.ljust(width) for cell, width in zip(row[:2], widths)]
                lines.append("  " + "  ".join(cells).rstrip())
        lines += [_wrapped(f"→ {finding}") for finding in self.findings]
        lines += [_wrapped(f"note: {note}") for note in self.notes]
        if self.passed and self.basis:
            lines.append(_wrapped(f"rests on {self.basis}"))
        return _for_terminal("\n".join(lines))

    __repr__ = __str__

    def _repr_html_(self):
        parts = [_html_title(self)]
        if self.blocks:
            header, *rows = self._table()
            lines = [_html_row("th", header)] + [_html_row("td", row) for row in rows]
            parts.append("<table>" + "".join(lines) + "</table>")
        parts += [f"<p>→ {html.escape(str(finding))}</p>" for finding in self.findings]
        parts += [f"<p>Note: {html.escape(note)}</p>" for note in self.notes]
        return "".join(parts)


@dataclass(frozen=True, repr=False)
class Ladder:
    """Checks that build on each other.

    title: what was checked.  rungs: name -> CheckReport, in order, of all that were tried.
    untried: the names of the others, which rest on a broken one.  basis: what a PASS rests on.
    """

    title: str
    rungs: dict
    untried: list
    basis: str = ""

    @property
    def passed(self):
        """Whether every rung holds; the ladder itself is true or false by it."""
        return not self.untried and all(self.rungs.values())

    @property
    def broken(self):
        """The name of the first rung that failed, or None."""
        return next((name for name, report in self.rungs.items() if not report), None)

    @property
    def findings(self):
        """The findings of the first broken rung, [Finding]."""
        return self.rungs[self.broken].findings if self.broken else []

    @property
    def wrong_blocks(self):
        """The names of the blocks that are wrong on the first broken rung."""
        return self.rungs[self.broken].wrong_blocks if self.broken else []

    def __bool__(self):
        return self.passed

    def as_dict(self):
        """The ladder as numbers, strings, lists and dicts, as json.dumps takes them."""
        rungs = {name: report.as_dict() for name, report in self.rungs.items()}
        return {"title": self.title, "passed": self.passed, "broken": self.broken,
                "rungs": rungs, "untried": list(self.untried), "basis": self.basis}

    def _rows(self):
        """[mark, name, remark] for each rung."""
        rows = []
        for name, report in self.rungs.items():
            errors = ", ".join(_remark(report, kind) for kind in report.errors)
            unwritten = {finding.cause for finding in report.findings} == {"not written"}
            mark = "✓" if report else "○" if unwritten else "✗"
            rows.append([mark, name, "not written yet" if unwritten else errors])
        return rows + [["·", name, "not tried"] for name in self.untried]

    def _notes(self):
        """What was unusual about the rungs that hold, each sentence once."""
        names = {}  # note -> the rungs that it is about
        for name, report in self.rungs.items():
            for note in report.notes if report else []:
                names.setdefault(note, []).append(name)
        more = {note: f" and {len(rungs) - 1} more" * (len(rungs) > 1)
                for note, rungs in names.items()}
        return [f"note on {names[note][0]}{more[note]}: {note}" for note in names]

    def __str__(self):
        rows = self._rows()
        width = max((len(name) for _, name, _ in rows), default=0)
        lines = [f"{'PASS' if self.passed else 'FAIL'}  {self.title}"]
        lines += [f"  {mark} {name.ljust(width)}  {remark}".rstrip() for mark, name, remark in rows]
        lines += [_wrapped(note) for note in self._notes()]
        if self.passed and self.basis:
            lines.append(_wrapped(f"rests on {self.basis}"))
        lines += [str(report) for report in self.rungs.values() if not report]
        return _for_terminal("\n".join(lines))

    __repr__ = __str__

    def _repr_html_(self):
        rows = [_html_row("td", row) for row in self._rows()]
        parts = [_html_title(self), "<table>", *rows, "</table>"]
        parts += [f"<p>{html.escape(note)}</p>" for note in self._notes()]
        parts += [report._repr_html_() for report in self.rungs.values() if not report]
        return "".join(parts)


def _for_terminal(text):
    """The text; where the standard output has no such signs, as on code page 1252, in letters."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(PLAIN).encode(encoding, "replace").decode(encoding)
    return text


def _remark(report, kind):
    """The error beside one reference, and what passes where that is more than usual."""
    remark = f"{kind} {report.errors[kind]:.0e}"
    at_most = report.tolerances.get(kind, 0)
    return f"{remark} (at most {at_most:.0e})" if at_most > 1e-7 else remark


def _wrapped(text):
    return textwrap.fill(text, 100, initial_indent="  ", subsequent_indent="    ")


def _html_title(report):
    verdict = "✓ PASS" if report.passed else "✗ FAIL"
    return f"<p><b>{verdict}</b> {html.escape(report.title)}</p>"


def _html_row(tag, row):
    cells = []
    for i, text in enumerate(row):
        side = "left" if i < 2 else "right"
        cells.append(f"<{tag} style='text-align:{side}'>{html.escape(text)}</{tag}>")
    return "<tr>" + "".join(cells) + "</tr>"
