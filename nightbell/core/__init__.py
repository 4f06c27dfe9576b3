"""The words every room shares.

Owns: typed ids, the clock's type, telephone numbers, tiers, errors.
Does not own: anything that reads the world.
"""
