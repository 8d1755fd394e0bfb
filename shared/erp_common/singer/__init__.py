"""The Singer taps: settings, streams, state and messages, on the Meltano SDK."""
