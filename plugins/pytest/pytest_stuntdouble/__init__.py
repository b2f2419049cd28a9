"""Stuntdouble in tests with pytest: the fixture `stuntdouble`."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from .node import Node, Stuntdouble, StuntdoubleError, start

__all__ = ["Node", "Stuntdouble", "StuntdoubleError"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("stuntdouble_config", "configuration of Stuntdouble, a path relative to the ini file", default="")
    parser.addini("stuntdouble_command", "what starts Stuntdouble; STUNTDOUBLE_COMMAND takes its place", default="")


@pytest.fixture(scope="session")
def stuntdouble_node(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The process that all tests of the session share."""
    name = pytestconfig.getini("stuntdouble_config")
    folder = tmp_path_factory.mktemp("stuntdouble")
    config = Path(pytestconfig.rootpath, name) if name else None
    node = start(folder, config=config, command=pytestconfig.getini("stuntdouble_command"))
    yield node
    node.stop()


@pytest.fixture
def stuntdouble(stuntdouble_node: Node) -> Iterator[Stuntdouble]:
    """Stuntdouble for one test: faults, replies and calls of other tests are not there."""
    double = Stuntdouble(stuntdouble_node)
    double.reset()
    yield double
    double.reset()
