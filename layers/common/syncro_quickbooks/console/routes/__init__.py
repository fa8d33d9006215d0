"""One module per topic, each with a `router`."""
