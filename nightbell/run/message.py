"""`nightbell message export`: a sealed message as a file, for `age -d` and any JOSE library."""

import asyncio
import os
from pathlib import Path
from uuid import UUID

from nightbell.audit.commands import record
from nightbell.core.ids import unwire, wire
from nightbell.messages.queries import envelopes
from nightbell.messages.queries import message as find_message
from nightbell.run.settings import Settings
from nightbell.store.work import Scope, Store

OPERATOR = Scope("operator", service=True)


def export(settings: Settings, *, message: str, output: Path) -> int:
    """Write the ciphertext to `output`. Nobody without a recipient's key can read it, here either;
    who took a copy is kept in the log all the same."""
    message_id = unwire("message", message)
    sealed, account = asyncio.run(_fetch(settings.database("web"), message_id))
    with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(sealed)
    print(f"{len(sealed)} sealed bytes written to {output} ({wire('account', account)})")
    print(f"To open it with a recipient's key: age -d -i KEY.txt {output}")
    return 0


async def _fetch(url: str, message_id: UUID) -> tuple[bytes, UUID]:
    store = await Store(url, connections=1).open()
    try:
        async with store.work(OPERATOR) as work:
            one = await find_message(work, message_id)
            kept = (await envelopes(work, [message_id]))[message_id]
            subject = wire("message", message_id)
            await record(work, "message.exported", subject, account_id=one.account_id)
            return kept.sealed, one.account_id
    finally:
        await store.close()
