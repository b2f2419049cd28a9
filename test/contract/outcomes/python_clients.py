"""Meets each fault with the official clients and prints what came of it.

Reads {"url": ..., "whole": [control, ...], "streamed": [control, ...]} from standard input; each list of controls gives a list
of rows, each row the outcome in each client.
"""

import json
import sys

import anthropic
import openai

asked = json.load(sys.stdin)
patience = 1
messages = [{"role": "user", "content": "Say this is a test"}]
to_openai = openai.OpenAI(base_url=asked["url"] + "/v1", api_key="sk-none", max_retries=0, timeout=patience)
to_anthropic = anthropic.Anthropic(base_url=asked["url"], api_key="sk-none", max_retries=0, timeout=patience)


def headers(control):
    return {"x-stuntdouble": f"{control}, seed=1, tokens=12"}


def openai_whole(control):
    answer = to_openai.chat.completions.create(model="gpt-4o", messages=messages, extra_headers=headers(control))
    return answer.choices[0].message.content


def openai_streamed(control):
    text = ""
    for chunk in to_openai.chat.completions.create(
        model="gpt-4o", messages=messages, stream=True, extra_headers=headers(control)
    ):
        text += chunk.choices[0].delta.content or ""
    return text


def anthropic_whole(control):
    answer = to_anthropic.messages.create(
        model="claude-sonnet-4-5", max_tokens=100, messages=messages, extra_headers=headers(control)
    )
    return "".join(block.text for block in answer.content)


def anthropic_streamed(control):
    text = ""
    for event in to_anthropic.messages.create(
        model="claude-sonnet-4-5", max_tokens=100, messages=messages, stream=True, extra_headers=headers(control)
    ):
        if event.type == "content_block_delta":
            text += event.delta.text
    return text


def outcome(attempt, control, whole):
    try:
        text = attempt(control)
    except Exception as error:
        status = getattr(error, "status_code", None)
        return f"`{type(error).__name__}`" + (f" {status}" if status is not None else "")
    if text == whole:
        return "complete response"
    return "**no text, no error**" if text == "" else "**truncated response, no error**"


def rows(attempts, controls):
    wholes = [attempt("simulate") for attempt in attempts]
    return [[outcome(attempt, control, whole) for attempt, whole in zip(attempts, wholes)] for control in controls]


print(
    json.dumps(
        {
            "whole": rows([openai_whole, anthropic_whole], asked["whole"]),
            "streamed": rows([openai_streamed, anthropic_streamed], asked["streamed"]),
        }
    )
)
