"""Nightbell: the system a doctor's-office answering service runs on."""
