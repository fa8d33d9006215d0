"""Deterministic simulation: whole histories of several accounts in one process, time, network and scheduling seeded.

A seed says what happens in Syncro, when and how often each event and message arrives, which worker runs when, and what
goes wrong at which call. Then everything works again, and once it is quiet the books must equal Syncro's.
`make simulate SEEDS=0-1999` runs many, `make simulate SEEDS=1234` tells the story of one.
"""
