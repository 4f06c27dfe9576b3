"""Call types: what kind of call this is, what to say and ask, and the one way it ends.

A call type that touches a symptom opens triage; a routine one ends in a message that waits for the
office, or in an answer from the practice's own approved words.

Owns: call types, their fields and checks, routine answers, dispositions.
Does not own: urgency (`triage`), the practice's facts (`accounts`), the message (`messages`).
"""
