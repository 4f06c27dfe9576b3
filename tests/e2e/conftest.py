"""The whole service, once for all end-to-end tests: fresh, with its demonstration."""

from collections.abc import Iterator

import pytest

from nightbell.run.settings import Settings
from tests.e2e.installation import installation


@pytest.fixture(scope="session")
def service() -> Iterator[Settings]:
    with installation() as settings:
        yield settings
