"""Asks the server at OPENAI_BASE_URL with the official client and prints what came back as one JSON object."""

import json
import os
import sys

import openai

client = openai.OpenAI(api_key="sk-none", max_retries=0, timeout=10, _strict_response_validation=True)
asked = {"model": "any-model", "messages": [{"role": "user", "content": "Say this is a test"}]}

tool = {
    "type": "function",
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


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


def read_response(**more):
    types, tokens, error, last = [], 0, None, None
    try:
        for event in client.responses.create(**{"model": "any-model", "input": "Hi", **more}, stream=True):
            types.append(event.type)
            tokens += event.type.endswith(".delta")
            last = event
    except Exception as caught:
        error = type(caught).__name__
    return {
        "types": list(dict.fromkeys(types)),
        "tokens": tokens,
        "usage": last.response.usage.output_tokens if hasattr(last, "response") else None,
        "error": error,
    }


def responses():
    made = client.responses.create(model="any-model", input="Hi", max_output_tokens=16)
    again = client.responses.retrieve(made.id)
    items = client.responses.input_items.list(made.id)
    following = client.responses.create(model="any-model", input="And?", previous_response_id=made.id)
    client.responses.delete(made.id)
    asked = client.responses.create(model="o4-mini", input="Weather?", tools=[tool], tool_choice="required")
    call = asked.output[-1]
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    told = client.responses.create(model="o4-mini", input=[output], previous_response_id=asked.id, tools=[tool])
    return {
        "status": made.status,
        "same": again.output_text == made.output_text,
        "input": [item.content[0].text for item in items],
        "following": following.output_text,
        "gone": failure_of(lambda: client.responses.retrieve(made.id)),
        "types": [item.type for item in asked.output],
        "arguments": json.loads(call.arguments),
        "told": told.output_text,
    }


def response_streams():
    return {
        "plain": read_response(**control("tokens=30")),
        "reasoning": read_response(model="gpt-5", reasoning={"summary": "auto"}, **control("tokens=30")),
        "call": read_response(tools=[tool], tool_choice="required"),
        "cut off": read_response(max_output_tokens=16, **control("tokens=30")),
        "told of an error": read_response(**control("fault=error-event;after=7")),
        "reset": read_response(**control("itl=1, fault=reset;after=7")),
        "malformed": read_response(**control("fault=malformed;after=7")),
    }


def moderations():
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    texts = client.moderations.create(input=["Good morning", "I will kill you"])
    mixed = client.moderations.create(
        model="omni-moderation-latest", input=[{"type": "text", "text": "Good morning"}, picture]
    )
    return {
        "flagged": [result.flagged for result in texts.results],
        "violence": mixed.results[0].category_applied_input_types.violence,
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
    "responses": responses,
    "response_streams": response_streams,
    "moderations": moderations,
    "features": features,
    "statuses": statuses,
    "mid_stream": mid_stream,
    "hang": hang,
}
assert os.environ["OPENAI_BASE_URL"]
json.dump({name: task() for name, task in tasks.items()}, sys.stdout)
