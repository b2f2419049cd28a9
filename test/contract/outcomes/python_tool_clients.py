"""Asks for calls of a tool with the official clients and prints what their applications are given.

Reads {"healthy": ask, "asks": [ask, ...]} from standard input, where an ask is {"url": ..., "headers": ...}; gives
{"calls": rows, "streamed": rows}, each row the outcome of an ask in each client, from a response in one piece or a stream.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import anthropic
import cohere
import groq
import ollama
import openai
from google import genai
from google.genai import types
from mistralai.client import Mistral

asked = json.load(sys.stdin)
prompt = "How is the weather in Oslo and in Rome?"
messages = [{"role": "user", "content": prompt}]
parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
function = {"name": "weather", "description": "", "parameters": parameters}
tools = [{"type": "function", "function": function}]


# Each makes a TLS context, which takes longer than a call.
@cache
def openai_at(url):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="sk-none", max_retries=0)


@cache
def anthropic_at(url):
    return anthropic.Anthropic(base_url=url, api_key="sk-none", max_retries=0)


@cache
def groq_at(url):
    return groq.Groq(base_url=f"{url}/groq", api_key="none", max_retries=0)


@cache
def mistral_at(url):
    return Mistral(api_key="none", server_url=f"{url}/mistral")


@cache
def cohere_at(url):
    return cohere.ClientV2(api_key="none", base_url=url)


def plain(calls):
    return [call.model_dump() for call in calls or []]


def put_together(deltas):
    """Tool calls from the parts of a stream, for clients that have no helper for it."""
    calls = {}
    for part in deltas:
        call = calls.setdefault(part.index, {"id": "", "name": "", "arguments": ""})
        call["id"] += part.id or ""
        call["name"] += (part.function and part.function.name) or ""
        call["arguments"] += (part.function and part.function.arguments) or ""
    return list(calls.values())


def openai_calls(url, headers):
    made = openai_at(url).chat.completions.create(model="gpt-4o", messages=messages, tools=tools, extra_headers=headers)
    return plain(made.choices[0].message.tool_calls)


def openai_streamed(url, headers):
    request = {"model": "gpt-4o", "messages": messages, "tools": tools, "extra_headers": headers}
    with openai_at(url).chat.completions.stream(**request) as stream:
        return plain(stream.get_final_completion().choices[0].message.tool_calls)


claude = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 100,
    "messages": messages,
    "tools": [{"name": "weather", "input_schema": parameters}],
}


def of_claude(message):
    return plain([block for block in message.content if block.type == "tool_use"])


def anthropic_calls(url, headers):
    return of_claude(anthropic_at(url).messages.create(**claude, extra_headers=headers))


def anthropic_streamed(url, headers):
    with anthropic_at(url).messages.stream(**claude, extra_headers=headers) as stream:
        return of_claude(stream.get_final_message())


declaration = types.FunctionDeclaration(name="weather", parameters_json_schema=parameters)
gemini = {
    "model": "gemini-2.5-flash",
    "contents": prompt,
    "config": types.GenerateContentConfig(tools=[types.Tool(function_declarations=[declaration])]),
}


def genai_at(url, headers):
    return genai.Client(api_key="none", http_options=types.HttpOptions(base_url=url, headers=headers))


def genai_calls(url, headers):
    # It closes its connections where nobody holds it.
    client = genai_at(url, headers)
    return plain(client.models.generate_content(**gemini).function_calls)


def genai_streamed(url, headers):
    client = genai_at(url, headers)
    return [call for chunk in client.models.generate_content_stream(**gemini) for call in plain(chunk.function_calls)]


llama = {"model": "llama3.2", "messages": messages, "tools": tools}


def ollama_calls(url, headers):
    return plain(ollama.Client(host=url, headers=headers).chat(**llama).message.tool_calls)


def ollama_streamed(url, headers):
    parts = ollama.Client(host=url, headers=headers).chat(**llama, stream=True)
    return [call for part in parts for call in plain(part.message.tool_calls)]


def groq_calls(url, headers):
    request = {"model": "llama-3.1-8b-instant", "messages": messages, "tools": tools, "extra_headers": headers}
    return plain(groq_at(url).chat.completions.create(**request).choices[0].message.tool_calls)


def groq_streamed(url, headers):
    request = {"model": "llama-3.1-8b-instant", "messages": messages, "tools": tools, "extra_headers": headers}
    stream = groq_at(url).chat.completions.create(**request, stream=True)
    return put_together(part for chunk in stream for part in chunk.choices[0].delta.tool_calls or [])


mistral = {"model": "mistral-large-latest", "messages": messages, "tools": tools}


def mistral_calls(url, headers):
    return plain(mistral_at(url).chat.complete(**mistral, http_headers=headers).choices[0].message.tool_calls)


def mistral_streamed(url, headers):
    with mistral_at(url).chat.stream(**mistral, http_headers=headers) as stream:
        choices = (choice for event in stream for choice in event.data.choices)
        return put_together(part for choice in choices for part in choice.delta.tool_calls or [])


def cohere_asked(headers):
    options = {"max_retries": 0, "additional_headers": headers}
    return {"model": "command-a-03-2025", "messages": messages, "tools": tools, "request_options": options}


def cohere_calls(url, headers):
    return plain(cohere_at(url).chat(**cohere_asked(headers)).message.tool_calls)


def cohere_streamed(url, headers):
    calls = []
    for event in cohere_at(url).chat_stream(**cohere_asked(headers)):
        if event.type == "tool-call-start":
            call = event.delta.message.tool_calls
            calls.append({"id": call.id, "name": call.function.name, "arguments": call.function.arguments or ""})
        elif event.type == "tool-call-delta":
            calls[-1]["arguments"] += event.delta.message.tool_calls.function.arguments
    return calls


attempts = {
    "calls": [
        openai_calls,
        anthropic_calls,
        genai_calls,
        ollama_calls,
        groq_calls,
        mistral_calls,
        cohere_calls,
    ],
    "streamed": [
        openai_streamed,
        anthropic_streamed,
        genai_streamed,
        ollama_streamed,
        groq_streamed,
        mistral_streamed,
        cohere_streamed,
    ],
}


def outcome(attempt, ask, usual):
    try:
        given = attempt(**ask)
    except Exception as error:
        status = getattr(error, "status_code", getattr(error, "code", None))
        known = isinstance(status, int) and status > 0
        return f"`{type(error).__name__}`" + (f" {status}" if known else "")
    return "the usual calls" if given == usual else "**wrong calls, no error**"


def rows(form):
    usuals = [attempt(**asked["healthy"]) for attempt in attempts[form]]
    for attempt, usual in zip(attempts[form], usuals):
        if len(usual) != 2:
            raise SystemExit(f"{attempt.__name__} gives {usual}")

    def row(ask):
        return [outcome(attempt, ask, usual) for attempt, usual in zip(attempts[form], usuals)]

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(row, asked["asks"]))


print(json.dumps({form: rows(form) for form in attempts}))
