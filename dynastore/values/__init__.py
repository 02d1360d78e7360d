"""Values: Python's, as DynamoDB's attribute values, one way and the other."""
