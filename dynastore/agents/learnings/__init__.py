"""What agents learned, found by whom it is of and by what it says."""
