"""What is deployed of a schema, on the command line: what would be, what is, and how it gets there."""
