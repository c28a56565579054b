"""The only place with SQL: events, deliveries, steps and transactions on disk."""
