"""What a proposer may see of a task and of its laws, in words and numbers."""
