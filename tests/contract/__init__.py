"""What every tap promises, tried on each: one suite, the simulator's books as the truth."""
