"""Expressions: terms as DynamoDB's texts, and the same carried out on items in memory."""
