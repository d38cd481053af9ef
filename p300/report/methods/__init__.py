"""The methods of a run as text to paste: paragraphs with citations, and what they cite."""

from p300.report.methods.cited import Cite, Paragraph, Piece
from p300.report.methods.text import MethodsText, methods_text

__all__ = ["Cite", "MethodsText", "Paragraph", "Piece", "methods_text"]
