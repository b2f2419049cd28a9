"""Meets each fault with the official clients and prints what came of it.

Reads {"patience": seconds, "healthy": ask, "whole": [ask, ...], "streamed": [ask, ...]} from standard input, where an ask
is {"url": ..., "headers": ...}; each list gives a list of rows, each row the outcome in each client.
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
patience = asked.get("patience", 1)
prompt = "Say this is a test"
messages = [{"role": "user", "content": prompt}]


# Each makes a TLS context, which takes longer than a call.
@cache
def openai_at(url):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="sk-none", max_retries=0, timeout=patience)


@cache
def anthropic_at(url):
    return anthropic.Anthropic(base_url=url, api_key="sk-none", max_retries=0, timeout=patience)


@cache
def groq_at(url):
    return groq.Groq(base_url=f"{url}/groq", api_key="none", max_retries=0, timeout=patience)


@cache
def mistral_at(url):
    return Mistral(api_key="none", server_url=f"{url}/mistral", timeout_ms=patience * 1000)


@cache
def cohere_at(url):
    return cohere.ClientV2(api_key="none", base_url=url, timeout=patience)


def openai_whole(url, headers):
    made = openai_at(url).chat.completions.create(model="gpt-4o", messages=messages, extra_headers=headers)
    return made.choices[0].message.content


def openai_streamed(url, headers):
    stream = openai_at(url).chat.completions.create(
        model="gpt-4o", messages=messages, stream=True, extra_headers=headers
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def claude(url, headers, **more):
    return anthropic_at(url).messages.create(
        model="claude-sonnet-4-5", max_tokens=100, messages=messages, extra_headers=headers, **more
    )


def anthropic_whole(url, headers):
    return "".join(block.text for block in claude(url, headers).content)


def anthropic_streamed(url, headers):
    stream = claude(url, headers, stream=True)
    return "".join(event.delta.text for event in stream if event.type == "content_block_delta")


def genai_client(url, headers):
    options = types.HttpOptions(base_url=url, headers=headers, timeout=patience * 1000)
    return genai.Client(api_key="none", http_options=options)


def genai_whole(url, headers):
    client = genai_client(url, headers)
    return client.models.generate_content(model="gemini-2.5-flash", contents=prompt).text


def genai_streamed(url, headers):
    client = genai_client(url, headers)
    stream = client.models.generate_content_stream(model="gemini-2.5-flash", contents=prompt)
    return "".join(chunk.text or "" for chunk in stream)


def ollama_whole(url, headers):
    client = ollama.Client(host=url, headers=headers, timeout=patience)
    return client.chat(model="llama3.2", messages=messages).message.content


def ollama_streamed(url, headers):
    client = ollama.Client(host=url, headers=headers, timeout=patience)
    return "".join(part.message.content for part in client.chat(model="llama3.2", messages=messages, stream=True))


def groq_whole(url, headers):
    made = groq_at(url).chat.completions.create(
        model="llama-3.1-8b-instant", messages=messages, extra_headers=headers
    )
    return made.choices[0].message.content


def groq_streamed(url, headers):
    stream = groq_at(url).chat.completions.create(
        model="llama-3.1-8b-instant", messages=messages, stream=True, extra_headers=headers
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def mistral_whole(url, headers):
    made = mistral_at(url).chat.complete(model="mistral-large-latest", messages=messages, http_headers=headers)
    return made.choices[0].message.content


def mistral_streamed(url, headers):
    asked = {"model": "mistral-large-latest", "messages": messages, "http_headers": headers}
    with mistral_at(url).chat.stream(**asked) as stream:
        return "".join(choice.delta.content or "" for event in stream for choice in event.data.choices)


def cohere_asked(headers):
    options = {"max_retries": 0, "additional_headers": headers}
    return {"model": "command-a-03-2025", "messages": messages, "request_options": options}


def cohere_whole(url, headers):
    return "".join(part.text for part in cohere_at(url).chat(**cohere_asked(headers)).message.content)


def cohere_streamed(url, headers):
    stream = cohere_at(url).chat_stream(**cohere_asked(headers))
    return "".join(event.delta.message.content.text for event in stream if event.type == "content-delta")


attempts = {
    "whole": [
        openai_whole,
        anthropic_whole,
        genai_whole,
        ollama_whole,
        groq_whole,
        mistral_whole,
        cohere_whole,
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


def outcome(attempt, ask, whole):
    try:
        text = attempt(**ask)
    except Exception as error:
        status = getattr(error, "status_code", getattr(error, "code", None))
        known = isinstance(status, int) and status > 0
        return f"`{type(error).__name__}`" + (f" {status}" if known else "")
    if text == whole:
        return "complete response"
    if not text:
        return "**no text, no error**"
    return "**truncated response, no error**" if whole.startswith(text) else "**another text, no error**"


def rows(shape):
    wholes = [attempt(**asked["healthy"]) for attempt in attempts[shape]]

    def row(ask):
        return [outcome(attempt, ask, whole) for attempt, whole in zip(attempts[shape], wholes)]

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(row, asked[shape]))


print(json.dumps({shape: rows(shape) for shape in attempts}))
