"""Payments from QuickBooks Online into Syncro: what changed there, what of it counts, and one in Syncro for each."""
