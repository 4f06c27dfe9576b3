"""The practices we answer for.

Owns: accounts, the numbers dialled, hours and special days, greetings, approved facts,
standing orders.
Does not own: what a call does with them (`coverage`, `scripts`), who is on call (`oncall`).
"""
