"""The disclosure gate."""
from clearing_point.disclosure.model import *  # noqa
from clearing_point.disclosure.model import Category, CountTable, Dimension
