"""What the agent took down and read back: sealed before it arrives, owned until it is closed.

Owns: messages and their facts (taken, read, accepted, called back, closed), who has one, by when.
Does not own: the words (sealed; `sealing`), the call (`calls`), paging somebody (`escalation`, told
through the outbox).
"""
