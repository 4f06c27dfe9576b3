"""The telephone as a port: what any engine must be able to do and say.

Owns: operations, events, capabilities and their wire form; the client that speaks to a switch.
Does not own: any engine (`edges/sip`), or what a call means (`calls`).
"""
