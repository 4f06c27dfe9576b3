"""The telephone as a port: what any engine must be able to do and say.

Owns: operations, events and their wire form; the client that speaks to a switch; the switchboard
(legs, rooms, gates, the fail-safe plan) that every engine of ours runs under; a switch in memory.
Does not own: any engine (`edges/sip`), or what a call means (`calls`).
"""
