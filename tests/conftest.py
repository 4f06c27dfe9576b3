"""Fixtures every test may use: `database`, its `clock`, and asyncio for the tests that await."""

import itertools
import os
import shutil
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from nightbell.store.migrate import clone, drop
from tests.e2e.whole import WholeService, whole_service
from tests.ground import Clock, Cluster, Database, template

PROGRAMS = ("chromium", "sipp", "age")  # A test marked with one needs it on the machine.

# A busy machine is slow, not wrong: no property fails for the time it took.
hypothesis.settings.register_profile(
    "nightbell", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("nightbell")

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
def service() -> Iterator[WholeService]:
    """A whole `nightbell serve`; its tests are one xdist group, so that there is only one."""
    with whole_service() as one:
        yield one


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
