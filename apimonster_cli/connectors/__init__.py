"""One folder a service: its settings, events, actions and fields, declared as data."""
