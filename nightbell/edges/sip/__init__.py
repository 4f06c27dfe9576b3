"""The telephone network: SIP and RTP through baresip, the 20 ms mixer, prompts, the event journal.

Owns: sound and signals of telephone legs; the carrier double that stands for the outside world.
Does not own: who is connected to whom (`telephony.switchboard`), agents' browsers (`edges.webrtc`).
"""
