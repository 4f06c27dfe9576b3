"""The HTTP API, one router a room, and news for open screens.

Owns: requests, answers, who is asking, the OpenAPI document.
Does not own: any decision; it asks a room's commands and queries.
"""
