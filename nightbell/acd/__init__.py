"""Who takes the next call: agents on the floor, the callers who wait, the offers between them.

Owns: an agent's wish and audio, offers (leases), the pairing of callers and agents.
Does not own: the call itself (`calls`), figures of the floor (`reports`).
"""
