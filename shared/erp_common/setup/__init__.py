"""From what a user sets to a connection: settings, and the parts that follow from them."""
