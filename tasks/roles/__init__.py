"""What every column of a user's table is to the search, and why."""
