"""Agents' browsers: one lasting WebRTC connection each, and its sound as a line.

Owns: offers and answers, media lost and found again, the loopback quirk of ICE.
Does not own: which room an agent talks in (`telephony.switchboard`), signing in (`access`).
"""
