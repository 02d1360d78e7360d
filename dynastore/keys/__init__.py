"""Keys: their texts, the templates that these are made by, and the addresses of tables."""
