"""Keeping things: one PostgreSQL, one transaction a command, orders that cannot be lost.

Owns: the unit of work, the outbox and its relay, news for open screens, what is closed at rest,
migrations, the embedded server.
Does not own: any room's tables or what they mean.
"""
