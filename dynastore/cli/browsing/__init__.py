"""``dynastore browse``: a view of a table by entity and access pattern, in the terminal."""
