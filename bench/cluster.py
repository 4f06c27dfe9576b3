"""A PostgreSQL of a measurement's own, on disk and durable, as production runs it."""

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from nightbell.store.migrate import migrate
from nightbell.store.postgres import Postgres


@contextmanager
def cluster() -> Generator[str, None, None]:
    """The admin URL of a migrated database; `store.postgres.url_as` enters it as another role."""
    folder = Path(tempfile.mkdtemp(prefix="nightbell-bench-"))
    folder.chmod(0o711)  # As root, the server runs as another account and must get in.
    server = Postgres(folder / "data")
    try:
        url = server.start()
        migrate(url)
        yield url
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
