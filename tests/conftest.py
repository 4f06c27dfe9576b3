"""Fixtures every test may use: `database`, its `clock`, and asyncio for the tests that await."""

import itertools
import os
import shutil
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from nightbell.run.settings import Settings
from nightbell.store.migrate import clone, drop
from tests.e2e.installation import installation
from tests.e2e.whole import WholeService
from tests.ground import Clock, Cluster, Database, template

PROGRAMS = ("chromium", "sipp", "age")  # A test marked with one needs it on the machine.

# A busy machine is slow, not wrong: no property fails for the time it took.
hypothesis.settings.register_profile(
    "nightbell", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("nightbell")

OF_THE_WHOLE = ("tests/e2e/", "tests/faults/test_nine_steps.py")

_cluster: Cluster | None = None
_numbers = itertools.count(1)


def _cluster_url() -> str:
    global _cluster  # noqa: PLW0603 (one cluster a process is the point)
    if _cluster is None:
        _cluster = Cluster()
    return _cluster.url


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Under xdist the controller starts the one cluster and tells each worker where it is."""
    url = _cluster_url()
    node.workerinput["cluster_url"] = url
    node.workerinput["template_name"] = template(url)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests of the whole service go to one worker, one after the other; all others to any."""
    from xdist.scheduler import LoadScopeScheduling

    class OneService(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "the whole service" if nodeid.startswith(OF_THE_WHOLE) else nodeid

    return OneService(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for program in PROGRAMS:
        if item.get_closest_marker(program) and not shutil.which(program):
            pytest.skip(f"needs {program}")


def pytest_unconfigure() -> None:
    if _cluster is not None:
        _cluster.stop()


@pytest.fixture(scope="session")
def cluster_url(request: pytest.FixtureRequest) -> str:
    """The admin URL of this run's server."""
    given = getattr(request.config, "workerinput", {}).get("cluster_url")
    return given or _cluster_url()


@pytest.fixture(scope="session")
def template_name(request: pytest.FixtureRequest, cluster_url: str) -> str:
    given = getattr(request.config, "workerinput", {}).get("template_name")
    return given or template(cluster_url)


@pytest.fixture
def database(cluster_url: str, template_name: str) -> Iterator[Database]:
    """A fresh, migrated database of this test's own."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    yield Database(clone(cluster_url, template_name, name))
    drop(cluster_url, name)


@pytest.fixture
def clock(database: Database) -> Clock:
    """The clock of `database`."""
    return database.clock


@pytest.fixture(scope="session")
def service() -> Iterator[Settings]:
    """A whole `nightbell serve` with its demonstration, once for all tests that need it."""
    with installation() as settings:
        yield settings


@pytest.fixture(scope="session")
def whole() -> Iterator[WholeService]:
    """One of its own for the stories in which nobody else's caller may wait in the queue."""
    with installation() as settings:
        yield WholeService(settings)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
