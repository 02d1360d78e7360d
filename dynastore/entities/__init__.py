"""Declarations: what `@entity` makes of a class, and all that a class may declare."""
