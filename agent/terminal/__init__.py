"""What a command writes on a terminal: lines, one JSON object, tables, and how a search goes on."""
