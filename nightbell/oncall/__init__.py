"""Who holds a role at an instant, and why.

Owns: roles, rotations, overrides; the one resolver; gaps found before they hurt.
Does not own: who is paged when (`escalation`), how a person is reached (`paging`).
"""
