"""The loops of the running program: listener, workers, supervisor."""
