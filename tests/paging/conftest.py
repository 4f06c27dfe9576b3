"""Pages are told on the same nights as escalations."""

from tests.escalation.conftest import night

__all__ = ["night"]
