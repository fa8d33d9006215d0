"""Syncro's public API: an account's access to it, the pace all workers share, and the client."""
