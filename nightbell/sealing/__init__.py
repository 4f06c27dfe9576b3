"""End-to-end encryption: keys, who a message is sealed for, the envelope itself.

Owns: the key directory, shared keys closed to their holders, the envelope and its checks, the
patient mark.
Does not own: messages and their trace (`messages`), sign-ins (`access`). The server runs none of
the sealing here on patients' words: browsers do; this twin serves the command line and the tests.
"""
