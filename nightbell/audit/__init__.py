"""The tamper-evident log: every act that matters, placed in a tree whose root is signed.

Owns: leaves, the RFC 6962 tree, checkpoints, the offline verifier.
Does not own: what an act means, or who may see it.
"""
