"""A found law: proved, written down, asked and exported."""
