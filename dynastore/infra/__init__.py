"""What a table needs around it, derived from its Schema. Pure: no I/O, no clock, no boto3."""
