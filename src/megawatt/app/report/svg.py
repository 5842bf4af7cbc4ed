"""A chart as an inline picture: drawn without a browser, seen without JavaScript, printed as it is."""

import re

import vl_convert

from megawatt.app.figures import AnyChart

_SYMBOL = re.compile(r'aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="(?!axis|legend|title)[^"]*"')
_AXIS = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_SIZE = re.compile(r'<svg [^>]*?width="([0-9.]+)" height="([0-9.]+)" viewBox="([^"]*)">')


def to_svg(chart: AnyChart, message: str) -> str:
    """The chart as SVG with one description for screen readers and the words of each mark for the pointer.

    Args:
        chart: What to draw.
        message: What the chart says, in a sentence; escaped for HTML by the caller.
    """
    text = str(vl_convert.vegalite_to_svg(chart.to_dict(validate=False)))
    text = _SYMBOL.sub(r'data-say="\1"', text)
    text = _AXIS.sub("", text)
    text = text.replace(' pointer-events="none"', "").replace(' stroke-miterlimit="10"', "")
    head = r'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="\1" height="\2" viewBox="\3">'
    head = head.replace('role="img"', f'role="img" aria-label="{message}"'.replace("\\", r"\\"))
    return _SIZE.sub(head, text, count=1)
