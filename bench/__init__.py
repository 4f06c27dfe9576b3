"""Measurements beside the floor they stand on, taken in the same run.

`python3 dev.py bench NAME [--json]` runs `bench/NAME.py`, which has `rows()`: each row a metric,
its value and unit, the floor measured beside it, their ratio and the goal.
"""
