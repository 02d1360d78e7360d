"""Components kept as data: `saving` decides by the header, `reading` and `clearing` follow references."""
