from .dense import Dense, Maxout

__all__ = ['Dense', 'Maxout']
