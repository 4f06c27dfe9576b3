"""Agents, supervisors, clinicians, office staff, and how each is reached.

Owns: people, their memberships, their contact methods.
Does not own: their sign-in (`access`), their keys (`sealing`), when they are on call (`oncall`).
"""
