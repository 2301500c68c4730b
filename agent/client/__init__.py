"""The model client: endpoints, messages, budgets, records and replay. It knows nothing of laws."""
