"""Programs of other tools that read the same books, each run in an environment of its own."""
