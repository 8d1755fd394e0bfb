"""Credentials: how requests are signed, and where tokens come from."""
