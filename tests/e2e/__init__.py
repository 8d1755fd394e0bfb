"""Whole runs: the installed taps and loaders, Meltano and PostgreSQL as a user has them."""
