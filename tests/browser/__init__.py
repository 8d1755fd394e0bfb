"""`--authorize` as a user sees it: in a real browser; `make test-browser` runs it."""
