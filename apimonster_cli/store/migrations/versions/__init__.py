"""One file a change of the schema, the newest revision being HEAD in migrate.py."""
