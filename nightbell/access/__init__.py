"""Who comes in, for how long, and what each kind of person may do.

Owns: sign-ins, sessions, lock-out, the table of who may do what.
Does not own: people and their memberships, the keys that open messages, whose rows are whose
(the database's row-level security is the fence between accounts).
"""
