"""The rules of `sync check`, one file a rule."""
