"""How older databases become those of today. Imported by Alembic alone."""
