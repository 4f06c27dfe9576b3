"""Triage: protocols that are authored, compiled, proved and run.

A protocol sorts urgency; it gives no advice. Nobody is asked whether this is an emergency, no
protocol ends without a person being told, and code may raise a tier but never lower one.

Owns: protocols, the first look, the words that may be said, the proof, the run, the search.
Does not own: who is paged (`escalation`), call types (`scripts`), who may approve (`access`).
"""
