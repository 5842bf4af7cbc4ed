"""A workbook computed by a library that has nothing to do with ours."""

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest


class Recomputed:
    """Reads a workbook with the package ``formulas`` and computes it, also with changed inputs."""

    def __init__(self, path: Path) -> None:
        formulas = pytest.importorskip("formulas", reason="the package formulas recomputes workbooks")
        self._book = path.name
        openpyxl = importlib.import_module("openpyxl")
        self.sheets = {sheet.title: sheet for sheet in openpyxl.load_workbook(path)}
        self._model = formulas.ExcelModel().loads(str(path)).finish()

    def row(self, sheet: str, label: str) -> int:
        """The row whose first cell is ``label``."""
        found = [cell.row for (cell,) in self.sheets[sheet].iter_rows(max_col=1) if cell.value == label]
        assert len(found) == 1, f"{label!r} stands {len(found)} times on {sheet}"
        return int(found[0])

    def values(self, *wanted: tuple[str, str], **changed: float) -> list[float]:
        """Column B of labelled rows, with column B of rows of Inputs changed."""
        inputs = {self._name("Inputs", f"B{self.row('Inputs', label)}"): value for label, value in changed.items()}
        solution = self._model.calculate(inputs=inputs)
        return [self._number(solution, self._name(sheet, f"B{self.row(sheet, label)}")) for sheet, label in wanted]

    def errors(self) -> list[str]:
        """Cells that hold an error after computing, such as ``#REF!``."""
        solution = self._model.calculate()
        bad = re.compile(r"#(REF|VALUE|NUM|NAME|DIV|N/A)")
        return [key for key, one in solution.items() if hasattr(one, "value") and bad.search(str(one.value))]

    def _name(self, sheet: str, cell: str) -> str:
        return f"'[{self._book}]{sheet.upper()}'!{cell}"

    @staticmethod
    def _number(solution: Any, name: str) -> float:
        return float(np.asarray(solution[name].value, dtype=object).ravel()[0])
