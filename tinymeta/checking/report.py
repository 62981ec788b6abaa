"""The reports of checks, for a terminal and for a notebook: one check, and a ladder of them."""

import html
import math
import re
import sys
import textwrap
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

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


class Shown:
    """What is true where it passed, and is shown as a table, as sentences, and what lies below."""

    header, below = 0, ()  # how many rows of the table are its header; reports to show as well

    def __bool__(self):
        return self.passed

    def __str__(self):
        lines = [f"{'PASS' if self.passed else 'FAIL'}  {self.title}", *self._lines()]
        basis = [f"rests on {self.basis}"] if self.passed and self.basis else []
        lines += [textwrap.fill(sentence, 100, initial_indent="  ", subsequent_indent="    ")
                  for sentence in self._sentences() + basis]
        return _for_terminal("\n".join(lines + [str(report) for report in self.below]))

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        verdict = "✓ PASS" if self.passed else "✗ FAIL"
        parts = [f"<p><b>{verdict}</b> {html.escape(self.title)}</p>"]
        rows = [_html_row("th" if i < self.header else "td", row)
                for i, row in enumerate(self._table())]
        if rows:
            parts += ["<table>", *rows, "</table>"]
        parts += [f"<p>{html.escape(sentence)}</p>" for sentence in self._sentences()]
        return "".join(parts + [report._repr_html_() for report in self.below])


@dataclass(frozen=True, repr=False)
class CheckReport(Shown):
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
    blocks: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    findings: list = field(default_factory=list)
    wrong_blocks: list = field(default_factory=list)
    basis: str = ""

    header = 1

    def as_dict(self):
        """The report as numbers, strings, lists and dicts, as json.dumps takes them.

        None stands for numbers that are not finite, which JSON has not.
        """
        findings = [finding._asdict() for finding in self.findings]
        return _finite(asdict(self) | {"findings": findings})

    def _table(self):
        """The rows of the report, the header first, as lists of strings."""
        if not self.blocks:
            return []
        rows = [["block", "shape", "|derived|", *self.errors]]
        for block in self.blocks:
            errors = [f"{error:.1e}" for error in block["errors"].values()]
            rows.append([block["name"], str(block["shape"]), f"{block['norm']:.2e}", *errors])
        norm = math.hypot(*(block["norm"] for block in self.blocks))
        rows.append(["all", "", f"{norm:.2e}", *(f"{e:.1e}" for e in self.errors.values())])
        rows.append(["at most", "", "", *(f"{self.tolerances[kind]:.0e}" for kind in self.errors)])
        if not self.passed:
            for row in rows:
                row.append("✗" if row[0] in ["all", *self.wrong_blocks] else "")
        return rows

    def _lines(self):
        """The rows of the table, their columns aligned."""
        rows, lines = self._table(), []
        widths = [max(map(len, column)) for column in zip(*rows)]
        for row in rows:
            cells = [cell.ljust(width) if i < 2 else cell.rjust(width)
                     for i, (cell, width) in enumerate(zip(row, widths))]
            lines.append("  " + "  ".join(cells).rstrip())
        return lines

    def _sentences(self):
        return [f"→ {finding}" for finding in self.findings] \
            + [f"note: {note}" for note in self.notes]


@dataclass(frozen=True, repr=False)
class Ladder(Shown):
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
    def below(self):
        """The reports of the rungs that do not hold."""
        return [report for report in self.rungs.values() if not report]

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

    def as_dict(self):
        """The ladder as numbers, strings, lists and dicts, as json.dumps takes them."""
        rungs = {name: report.as_dict() for name, report in self.rungs.items()}
        return {"title": self.title, "passed": self.passed, "broken": self.broken,
                "rungs": rungs, "untried": list(self.untried), "basis": self.basis}

    def _table(self):
        """[mark, name, remark] for each rung."""
        rows = []
        for name, report in self.rungs.items():
            errors = ", ".join(_remark(report, kind) for kind in report.errors)
            unwritten = {finding.cause for finding in report.findings} == {"not written"}
            mark = "✓" if report else "○" if unwritten else "✗"
            rows.append([mark, name, "not written yet" if unwritten else errors])
        return rows + [["·", name, "not tried"] for name in self.untried]

    def _lines(self):
        rows = self._table()
        width = max((len(name) for _, name, _ in rows), default=0)
        return [f"  {mark} {name.ljust(width)}  {remark}".rstrip() for mark, name, remark in rows]

    def _sentences(self):
        """What was unusual about the rungs that hold, each sentence once."""
        names = {}  # note -> the rungs that it is about
        for name, report in self.rungs.items():
            for note in report.notes if report else []:
                names.setdefault(note, []).append(name)
        more = {note: f" and {len(rungs) - 1} more" * (len(rungs) > 1)
                for note, rungs in names.items()}
        return [f"note on {names[note][0]}{more[note]}: {note}" for note in names]


def _finite(value):
    """The value, with None in place of floats that are not finite, at any depth."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


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


def _html_row(tag, row):
    cells = []
    for i, text in enumerate(row):
        side = "left" if i < 2 else "right"
        cells.append(f"<{tag} style='text-align:{side}'>{html.escape(text)}</{tag}>")
    return "<tr>" + "".join(cells) + "</tr>"
