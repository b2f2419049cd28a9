"""Asks the server at ANTHROPIC_BASE_URL with the official client and prints what came back as one JSON object."""

import json
import os
import sys

import anthropic

client = anthropic.Anthropic(api_key="sk-none", max_retries=0, timeout=10, _strict_response_validation=True)
asked = {
    "model": "any-model",
    "max_tokens": 20000,
    "messages": [{"role": "user", "content": "Say this is a test"}],
}
weather = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
}


def control(text):
    return {"extra_headers": {"x-stuntdouble": text}}


def failure_of(call):
    try:
        call()
    except Exception as error:
        return {
            "name": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "type": getattr(error, "type", None),
            "message": getattr(error, "api_message", None),
            "named": str(getattr(error, "request_id", None)).startswith("req_"),
        }
    return None


def shown(message):
    return {
        "model": message.model,
        "kinds": [block.type for block in message.content],
        "content": [block.to_dict() for block in message.content],
        "stop": message.stop_reason,
        "usage": message.usage.output_tokens,
    }


def streamed(**more):
    with client.messages.stream(**{**asked, **more}) as stream:
        return shown(stream.get_final_message())


def read_stream(fault):
    tokens, stop, error = 0, None, None
    try:
        with client.messages.create(**asked, stream=True, **control(f"itl=1, fault={fault};after=7")) as stream:
            for event in stream:
                if event.type == "content_block_delta":
                    tokens += 1
                if event.type == "message_delta":
                    stop = event.delta.stop_reason
    except Exception as caught:
        error = type(caught).__name__
    return [fault, tokens, stop, error]


def both(**more):
    return {"whole": shown(client.messages.create(**{**asked, **more})), "streamed": streamed(**more)}


def beta():
    message = client.beta.messages.create(
        **asked,
        betas=["mcp-client-2025-11-20"],
        mcp_servers=[{"type": "url", "url": "https://example.com", "name": "one"}],
        tools=[{"type": "mcp_toolset", "mcp_server_name": "one"}],
        **control("tokens=10"),
    )
    return [message.stop_reason, message.usage.output_tokens]


def models():
    listed = [model.id for model in client.models.list(limit=4)]
    return {"listed": listed, "one": client.models.retrieve("any-model").id}


def statuses():
    return {
        str(status): failure_of(
            lambda status=status: client.messages.create(**asked, **control(f"fault=status;status={status}"))
        )
        for status in (400, 401, 402, 403, 404, 409, 413, 429, 500, 503, 504, 529)
    }


tasks = {
    "text": lambda: both(**control("tokens=30, seed=1")),
    "limited": lambda: both(max_tokens=5, **control("tokens=30, seed=1")),
    "tool": lambda: both(tools=[weather], tool_choice={"type": "tool", "name": "get_weather"}, **control("seed=1")),
    "thinking": lambda: both(thinking={"type": "enabled", "budget_tokens": 1024}, **control("tokens=40, seed=1")),
    "count": lambda: client.messages.count_tokens(model=asked["model"], messages=asked["messages"]).input_tokens,
    "beta": beta,
    "models": models,
    "statuses": statuses,
    "refused": lambda: failure_of(lambda: client.messages.create(**{**asked, "stop_sequences": [" "]})),
    "mid_stream": lambda: [read_stream(fault) for fault in ("cut", "reset", "malformed", "clean-end")],
    "hang": lambda: failure_of(lambda: client.messages.create(**asked, **control("fault=hang"), timeout=0.3)),
}
assert os.environ["ANTHROPIC_BASE_URL"]
json.dump({name: task() for name, task in tasks.items()}, sys.stdout)
