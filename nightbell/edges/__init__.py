"""Adapters to the world outside, one folder each.

Owns: nothing of its own; each adapter says what it owns.
Does not own: any decision.
"""
