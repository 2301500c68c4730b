"""Searches that other agents lead: the tools of `discover mcp`, over the Model Context Protocol."""
