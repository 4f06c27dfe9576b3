"""Figures people act on: last night for the office, the wallboard for the floor.

Owns: what a night is, how an answer is timed, what needs a person now.
Does not own: any of the things it counts.
"""
