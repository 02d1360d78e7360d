"""Documents that agents look things up in."""
