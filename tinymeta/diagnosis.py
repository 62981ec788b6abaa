"""What is wrong with a derived vector: comparison with what well-known mistakes would have given."""

import numpy as np

from .check_report import CheckReport, Finding


def compare(found, expected, title, tag="", tolerance=1e-10, blocks=None):
    """Compare numbers with what they should be; return a CheckReport.

    found, expected: numbers or arrays of one shape.  tag: the equation to reread when they differ.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        return CheckReport(title, False, findings=[
            Finding("", f"the shape is {found.shape}; expected {expected.shape}", tag)])
    scale = max(np.linalg.norm(found), np.linalg.norm(expected))
    error = 0.0 if scale == 0 else float(np.linalg.norm(found - expected) / scale)
    findings = [] if error <= tolerance else [Finding("", f"differs by {error:.1e} of its norm", tag)]
    return CheckReport(title, error <= tolerance, {"difference": error}, {"difference": tolerance}, findings=findings)
