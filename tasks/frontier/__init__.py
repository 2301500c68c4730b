"""Where the data end: rows to hold out there, and rows beyond at which laws are asked."""
