"""One message going up, until a person has it.

Owns: policies, running escalations, acceptance.
Does not own: who is on call (`oncall`), how a page travels (`paging`), the words (`messages`).
"""
