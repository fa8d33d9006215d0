"""AWS in this process without moto, for histories by the thousand: as strict as the real services where we touch them.

Only what the layer uses is there; anything else raises NotImplementedError. tests/simulation/test_in_memory.py shows
that the table answers like moto's.
"""
