"""Where a Unix socket may stand: its whole path must fit what the kernel can hold."""

import hashlib
import os
from pathlib import Path

PATH_BYTES_MAX = 107  # sockaddr_un, less its closing zero


def socket_folder(near: Path, name: str) -> Path:
    """`near` when `near/name` fits; else a short folder under /tmp, always the same for `near`.

    Whoever opens the socket makes the folder, for its own account alone (0700).
    """
    if len(os.fsencode(near / name)) <= PATH_BYTES_MAX:
        return near
    return Path("/tmp") / f"nightbell-{hashlib.sha256(os.fsencode(near)).hexdigest()[:12]}"
