"""What a candidate states, read from its text: nothing here runs a candidate."""
