"""What the taps cost: allowance, requests, CPU, memory, start-up, growth; `python -m bench`."""
