"""One-time jobs in Syncro: read its lists, and make there what an import brings."""
