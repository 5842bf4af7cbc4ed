"""The report of a decision: one page that needs nothing but itself."""

from megawatt.app.report.page import render_report, write_report

__all__ = ["render_report", "write_report"]
