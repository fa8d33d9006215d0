"""Documents: decides about each, sees to what it refers to, has it sent, and settles the answers.

`planning` and `settling` do what all kinds have in common; every kind's own rules have a module of their own.
"""
