"""One attempt, one person, one channel, and what came of it.

Owns: pages and their facts, the telephone that asks for a key press, the supervisor's sounding
screen, the service's emergency numbers, patches on their way to a clinician.
Does not own: who is next and when (`escalation`), who holds a role (`oncall`), what the message
says (`messages`).
"""
