"""Web Push: one more way a page may reach a clinician's device, never the only one.

Owns: the VAPID key, the encrypted hint, the one-use token inside it; a push service of our own.
Does not own: who is paged (`paging`), what a device shows (the clinician's screens).
"""
