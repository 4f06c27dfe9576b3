"""A call, cradle to grave: its legs, holds, patches, its end and what is still owed after it.

Owns: calls, legs, every event of a call, orders to the switch, call-backs through the switch.
Does not own: who takes the next call (`acd`), pages and their legs (`paging`), what was taken
down (`messages`), any telephone engine (`telephony`).
"""
