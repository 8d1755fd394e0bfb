"""Captures of what an ERP answered: written, read, shown, served and run again."""
