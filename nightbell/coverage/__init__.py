"""After hours, overflow, always: what a caller hears first, and who rings first.

Owns: whether an office is open at an instant, when that changes, the choice of greeting and script.
Does not own: the hours themselves (`accounts`), what a call then does (`calls`).
"""
