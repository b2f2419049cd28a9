"""A node of Stuntdouble in a process of its own, and what a test asks of it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Mapping, Optional, Union
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

_BANNER = re.compile(r"stuntdouble serves (https?)://\S+:(\d+) \(admin http://\S+:(\d+)\)")
_START_SECONDS = 120.0
_STOP_SECONDS = 10.0
_REQUEST_SECONDS = 10.0
#: How long calls that are just ending are waited for.
_ENDING_SECONDS = 1.0
_MAX_CALLS = 1000
# Nothing here goes through a proxy.
_opener = build_opener(ProxyHandler({}))


class StuntdoubleError(Exception):
    """What is wrong with a fault, a reply or the start."""


class Node:
    """A running process; `url` is where requests go, `base_url` the same with /v1, `admin_url` the dashboard and the admin API."""

    def __init__(self, process: "subprocess.Popen[bytes]", scheme: str, port: int, admin_port: int) -> None:
        self._process = process
        self.url = f"{scheme}://127.0.0.1:{port}"
        self.base_url = f"{self.url}/v1"
        self.admin_url = f"http://127.0.0.1:{admin_port}"

    def ask(self, method: str, path: str, body: Optional[Mapping[str, Any]] = None) -> Any:
        """A response of the admin API. Raises StuntdoubleError with what it says is wrong."""
        data = None if body is None else json.dumps(body).encode()
        headers = {} if data is None else {"content-type": "application/json"}
        request = Request(self.admin_url + path, data=data, headers=headers, method=method)
        try:
            with _opener.open(request, timeout=_REQUEST_SECONDS) as response:
                return json.loads(response.read() or b"null")
        except HTTPError as error:
            raise StuntdoubleError(_problem_of(error)) from None

    def stop(self) -> None:
        """Ends the process."""
        _end(self._process)


class Stuntdouble:
    """Stuntdouble as one test sees it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._since: "tuple[float, frozenset[str]]" = (0, frozenset())
        self.url = node.url
        self.base_url = node.base_url
        self.admin_url = node.admin_url

    def fault(
        self,
        kind: str,
        *,
        match: Optional[Mapping[str, Any]] = None,
        times: Optional[int] = None,
        **options: Any,
    ) -> None:
        """
        Has a fault act on calls, which are simulated for that. Its options are those that a rule has.

        Faults and replies are tried in the order in which they were given, and the first that matches is taken.
        """
        self._give({"faults": [{"kind": kind, **options}]}, match, times)

    def reply(
        self,
        reply: Union[str, Mapping[str, Any]],
        *,
        match: Optional[Mapping[str, Any]] = None,
        times: Optional[int] = None,
    ) -> None:
        """Says what comes back to calls: a text, or a reply as a rule has it."""
        self._give({"reply": {"text": reply} if isinstance(reply, str) else dict(reply)}, match, times)

    def calls(self) -> "list[dict[str, Any]]":
        """The calls of this test that have ended, the oldest first, as the admin API tells of them."""
        until = time.monotonic() + _ENDING_SECONDS
        while self._node.ask("GET", "/admin/v1/status")["inFlight"] > 0 and time.monotonic() < until:
            time.sleep(0.005)
        latest, seen = self._since
        return [
            call
            for call in reversed(self._all())
            if call["startedAtMs"] > latest or (call["startedAtMs"] == latest and call["id"] not in seen)
        ]

    def reset(self) -> None:
        """Forgets the faults and replies that were given, and the calls."""
        self._node.ask("DELETE", "/admin/v1/replies")
        # Calls of the same millisecond are told apart by their ids.
        calls = self._all()
        latest = max((call["startedAtMs"] for call in calls), default=0)
        self._since = (latest, frozenset(call["id"] for call in calls))

    def _all(self) -> "list[dict[str, Any]]":
        return self._node.ask("GET", f"/admin/v1/requests?limit={_MAX_CALLS}")["requests"]

    def _give(self, given: "dict[str, Any]", match: Optional[Mapping[str, Any]], times: Optional[int]) -> None:
        if match is not None:
            given["match"] = dict(match)
        if times is not None:
            given["times"] = times
        self._node.ask("POST", "/admin/v1/replies", given)


def start(folder: Path, *, config: Optional[Path] = None, command: str = "") -> Node:
    """
    Starts a node on free ports, and waits until it serves.

    :param folder: where its log and, without a configuration, one that simulates without any delay are written
    :param command: what starts it, with its first arguments; STUNTDOUBLE_COMMAND takes its place
    """
    if config is None:
        config = folder / "stuntdouble.yaml"
        config.write_text(
            "listen: { host: 127.0.0.1, drainMs: 1000, drainDelayMs: 0 }\n"
            "control: { enabled: true }\n"
            "default: { serve: simulate, profile: instant }\n"
        )
    words = shlex.split(os.environ.get("STUNTDOUBLE_COMMAND") or command or "npx --yes stuntdouble")
    args = [*words, "start", "--config", str(config), "--port", "0", "--admin-port", "0"]
    said = folder / "stderr.txt"
    with said.open("wb") as err, (folder / "log.jsonl").open("wb") as log:
        try:
            process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=log, stderr=err, start_new_session=True)
        except OSError as error:
            raise StuntdoubleError(f"cannot start {words[0]}: {error.strerror}; set STUNTDOUBLE_COMMAND") from None
    until = time.monotonic() + _START_SECONDS
    while True:
        text = said.read_text(errors="replace")
        banner = _BANNER.search(text)
        if banner is not None:
            return Node(process, banner[1], int(banner[2]), int(banner[3]))
        if process.poll() is not None or time.monotonic() > until:
            _end(process)
            raise StuntdoubleError(f"stuntdouble did not start: {text.strip() or shlex.join(args)}")
        time.sleep(0.05)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process and what it started: npx runs the program in a process of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(_STOP_SECONDS)
            return
        except subprocess.TimeoutExpired:
            continue


def _problem_of(error: HTTPError) -> str:
    """What the admin API says is wrong."""
    text = error.read().decode(errors="replace")
    try:
        problem = json.loads(text)
    except ValueError:
        return f"status {error.code}: {text}"
    return " ".join([problem.get("detail") or f"status {error.code}", *problem.get("errors", [])])
