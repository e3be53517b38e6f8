"""Formulas as MathML, which browsers typeset without a script or a font from elsewhere."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from evozc.errors import ConfigError

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
#: What a formula needs; anything else, such as a link that a statistic's LaTeX asks for, is left out.
_ELEMENTS = frozenset([
    "math", "mrow", "mi", "mn", "mo", "mtext", "ms", "mspace", "msub", "msup", "msubsup", "mover", "munder",
    "munderover", "mfrac", "msqrt", "mroot", "mstyle", "mpadded", "mphantom", "mtable", "mtr", "mtd",
])
_ATTRIBUTES = frozenset([
    "display", "displaystyle", "mathvariant", "stretchy", "fence", "form", "accent", "accentunder",
    "separator", "width", "height", "depth", "minsize", "maxsize", "lspace", "rspace", "linethickness",
    "scriptlevel", "movablelimits",
])


def to_mathml(latex: str) -> str:
    """LaTeX as a ``<math>`` element made of known elements and attributes alone.

    What cannot be converted stands there as it is.

    Raises:
        ConfigError: latex2mathml is not installed.
    """
    try:
        from latex2mathml.converter import convert
    except ImportError:
        raise ConfigError("typeset formulas need latex2mathml: pip install 'evozc[compare]'") from None
    try:
        root = ET.fromstring(convert(latex, display="block"))  # noqa: S314 - made just above
    except Exception:  # noqa: BLE001 - LaTeX from a stranger's table: the converter has no error of its own
        root = ET.Element("math")
        ET.SubElement(root, "mtext").text = latex
    ET.register_namespace("", _NAMESPACE)
    return ET.tostring(_clean(root), encoding="unicode")


def _clean(element: ET.Element) -> ET.Element:
    """A copy of an element without what is not known; what it holds is kept."""
    name = element.tag.removeprefix(f"{{{_NAMESPACE}}}")
    kept = {key: value for key, value in element.attrib.items() if key in _ATTRIBUTES}
    copy = ET.Element(f"{{{_NAMESPACE}}}{name if name in _ELEMENTS else 'mrow'}", kept)
    copy.text, copy.tail = element.text, element.tail
    copy.extend(_clean(child) for child in element)
    return copy
