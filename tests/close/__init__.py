"""The dbt package against books: every model from journal entries alone, in plain Python."""
