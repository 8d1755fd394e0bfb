"""Transport: authentication, retries, breaker, allowance; no accounting."""
