"""Pages about a schema, made of it: Markdown, HTML and a NoSQL Workbench model.

    Schema -> Described -> text

`describing` gathers all that the forms show; each form is a module that writes it down. Pure: sends
nothing, and what it shows is what the codec encodes and the planner plans.
"""

from .describing import Described, described
from .markdown import as_markdown
from .page import as_html
from .workbench import as_workbench

__all__ = ["Described", "as_html", "as_markdown", "as_workbench", "described"]
