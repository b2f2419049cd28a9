"""What the programs of this folder share: each check runs where it is defined and prints one line of JSON.

The server is at STUNTDOUBLE_URL. Its rules answer by the end of a model's name: `-401`, `-429`, `-503` and `-529` are that status, `-cut` breaks a
stream after three tokens, `-error-event` puts the provider's error there, and `-retry` is a 429 for the first attempt of a client
that counts its attempts.
"""

import asyncio
import inspect
import json
import os
import time

url = os.environ["STUNTDOUBLE_URL"]
stub = os.environ.get("STUNTDOUBLE_FORWARD_URL", "")
prompt = "Say this is a test"
# One for all: connections that a client keeps belong to the loop that opened them.
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
messages = [{"role": "user", "content": prompt}]
weather = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
function = {"name": "get_weather", "description": "The weather in a city", "parameters": weather}
tools = [{"type": "function", "function": function}]


def check(name):
    """Runs a function, which may be asynchronous: the check fails if it raises."""

    def run(body):
        line = {"check": name, "ok": True, "detail": ""}
        try:
            made = body()
            if inspect.iscoroutine(made):
                loop.run_until_complete(made)
        except Exception as error:
            line = {"check": name, "ok": False, "detail": told(error)}
        print(json.dumps(line), flush=True)
        return body

    return run


def told(error):
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:200]}" if words else type(error).__name__


def status_of(error):
    """The status of an error, or of what caused it."""
    seen = error
    while seen is not None:
        for holder in (seen, getattr(seen, "response", None), getattr(seen, "raw_response", None)):
            for name in ("status_code", "code", "http_status", "status"):
                value = getattr(holder, name, None)
                if isinstance(value, int):
                    return value
        seen = seen.__cause__ or seen.__context__
    return None


def raises(call, *classes):
    """What a call raises. It fails if it raises nothing, something of another class, or what a mistake of the call itself would be."""
    try:
        made = call()
        if inspect.iscoroutine(made):
            loop.run_until_complete(made)
    except Exception as error:
        if classes and not isinstance(error, classes):
            raise AssertionError(f"raised {told(error)}") from error
        if type(error) in (AttributeError, KeyError, NameError, TypeError, ValueError):
            raise
        return error
    raise AssertionError("raised nothing")


def errors(call, **classes):
    """Defines a check for each status: `s429=RateLimitError` has the call raise that class. The call takes the end of the name."""
    for name, expected in classes.items():
        status = int(name[1:])

        @check(f"error {status}")
        def _(status=status, expected=expected):
            error = raises(lambda: call(f"-{status}"), expected)
            same(status_of(error), status)


def retried(call):
    """Defines the check that a 429 is tried again after the second that it names."""

    @check("retry after 429")
    def _():
        start = time.monotonic()
        some(call("-retry"))
        assert time.monotonic() - start > 0.9, "tried again too early"


def some(text):
    assert isinstance(text, str) and text.strip(), f"no text: {text!r}"
    return text


def same(seen, expected):
    assert seen == expected, f"{seen!r} is not {expected!r}"


def city_of(arguments):
    """The city in the arguments of a call of the tool, which may be JSON."""
    read = json.loads(arguments) if isinstance(arguments, str) else arguments
    some(read["city"])
