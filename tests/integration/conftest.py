"""The handlers of the functions, for whoever calls them as Lambda does."""

from tests.support.stack import stack

__all__ = ["stack"]
