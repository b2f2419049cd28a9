"""Asks the server at OPENAI_BASE_URL with the official client and prints what came back as one JSON object."""

import json
import os
import sys

import openai

client = openai.OpenAI(api_key="sk-none", max_retries=0, timeout=10, _strict_response_validation=True)
asked = {"model": "any-model", "messages": [{"role": "user", "content": "Say this is a test"}]}


def control(text):
    return {"extra_headers": {"x-stuntdouble": text}}


def failure_of(call):
    try:
        call()
    except Exception as error:
        return {"type": type(error).__name__, "status": getattr(error, "status_code", None)}
    return None


def read_stream(**more):
    tokens, finish, usage, error = [], None, None, None
    try:
        stream = client.chat.completions.create(
            **asked, stream=True, stream_options={"include_usage": True}, **more
        )
        for chunk in stream:
            for choice in chunk.choices:
                if choice.delta.content:
                    tokens.append(choice.delta.content)
                finish = choice.finish_reason or finish
            if chunk.usage:
                usage = chunk.usage.completion_tokens
    except Exception as caught:
        error = type(caught).__name__
    return {"tokens": tokens, "finish": finish, "usage": usage, "error": error}


def chat():
    answer = client.chat.completions.create(**asked, max_tokens=20)
    choice = answer.choices[0]
    return {
        "model": answer.model,
        "content": choice.message.content,
        "finish": choice.finish_reason,
        "usage": answer.usage.completion_tokens,
    }


def others():
    completion = client.completions.create(model="m", prompt="Once", max_tokens=5)
    # By default the client asks for base64 and decodes it only after validation, so a strict one cannot take it.
    strict = client.embeddings.create(model="m", input="text", dimensions=32, encoding_format="float")
    lenient = openai.OpenAI(api_key="sk-none").embeddings.create(model="m", input="text", dimensions=32)
    return {
        "completion": completion.choices[0].text,
        "embeddings": [len(strict.data[0].embedding), len(lenient.data[0].embedding)],
        "models": [model.id for model in client.models.list()],
    }


tools = [
    {
        "type": "function",
        "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"const": "Rome"}}, "required": ["city"]}},
    }
]


def streamed_call():
    arguments = ""
    with client.chat.completions.stream(**asked, tools=tools) as stream:
        for event in stream:
            if event.type == "tool_calls.function.arguments.delta":
                arguments += event.arguments_delta
    return arguments


def features():
    """What a request may ask for beyond text; that it validates is the test."""
    call = client.chat.completions.create(**asked, tools=tools).choices[0]
    old = client.chat.completions.create(**asked, functions=[tools[0]["function"]]).choices[0]
    schema = {"type": "object", "properties": {"ok": {"const": True}}, "required": ["ok"], "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "s", "strict": True, "schema": schema}}
    structured = client.chat.completions.create(**asked, response_format=wanted).choices[0]
    likely = client.chat.completions.create(**asked, n=2, max_tokens=4, logprobs=True, top_logprobs=2)
    reasoning = client.chat.completions.create(**{**asked, "model": "o3"}, **control("tokens=20"))
    completion = client.completions.create(model="m", prompt=["a", "b"], n=2, max_tokens=3, logprobs=2, echo=True)
    return {
        "call": [call.finish_reason, call.message.tool_calls[0].function.arguments],
        "streamed_call": streamed_call(),
        "old_call": [old.finish_reason, old.message.function_call.arguments],
        "json": structured.message.content,
        "logprobs": [len(choice.logprobs.content) for choice in likely.choices],
        "reasoning": reasoning.usage.completion_tokens_details.reasoning_tokens,
        "completion": [len(choice.logprobs.tokens) for choice in completion.choices],
    }


def statuses():
    return {
        str(status): failure_of(
            lambda status=status: client.chat.completions.create(**asked, **control(f"fault=status;status={status}"))
        )
        for status in (429, 500, 503, 529)
    }


def mid_stream():
    faults = ("cut", "reset", "malformed", "clean-end")
    return {fault: read_stream(**control(f"itl=1, fault={fault};after=7")) for fault in faults}


def hang():
    return failure_of(lambda: client.chat.completions.create(**asked, **control("fault=hang"), timeout=0.3))


tasks = {
    "chat": chat,
    "stream": lambda: read_stream(**control("tokens=30")),
    "others": others,
    "features": features,
    "statuses": statuses,
    "mid_stream": mid_stream,
    "hang": hang,
}
assert os.environ["OPENAI_BASE_URL"]
json.dump({name: task() for name, task in tasks.items()}, sys.stdout)
