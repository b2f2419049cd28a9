"""cohere: both versions of its API; what is forwarded reaches the client as the provider's own."""

import cohere

from checks import check, city_of, errors, function, messages, prompt, raises, same, some, status_of, stub, tools, url, weather

model = "command-a-03-2025"
options = {"max_retries": 0}


def client(base=url):
    return cohere.ClientV2(api_key="none", base_url=base)


def ask(ending="", base=url, **more):
    return client(base).chat(model=f"{model}{ending}", messages=messages, **more)


def stream(**more):
    return list(client().chat_stream(model=model, messages=messages, **more))


def joined(events, kind, read):
    return "".join(read(event.delta.message) or "" for event in events if event.type == kind)


@check("chat")
def _():
    made = ask(max_tokens=400, temperature=0.3, safety_mode="STRICT")
    some(made.message.content[0].text)
    same(made.finish_reason, "COMPLETE")
    assert made.usage.tokens.output_tokens > 0 and made.usage.billed_units.input_tokens > 0


@check("chat, streamed")
def _():
    events = stream(seed=7)
    kinds = [event.type for event in events]
    same((kinds[:2], kinds[-2:]), (["message-start", "content-start"], ["content-end", "message-end"]))
    same(joined(events, "content-delta", lambda message: message.content.text), ask(seed=7).message.content[0].text)
    same(events[-1].delta.usage.tokens.output_tokens, float(kinds.count("content-delta")))


@check("chat, asynchronous")
async def _():
    made = await cohere.AsyncClientV2(api_key="none", base_url=url).chat(model=model, messages=messages)
    some(made.message.content[0].text)


@check("thinking")
def _():
    thinking = {"type": "enabled", "token_budget": 200}
    thought, said = ask(thinking=thinking).message.content
    some(thought.thinking)
    some(said.text)
    events = stream(thinking=thinking)
    some(joined(events, "content-delta", lambda message: message.content.thinking))


@check("tools")
def _():
    made = ask(tools=tools, tool_choice="REQUIRED")
    same(made.finish_reason, "TOOL_CALL")
    some(made.message.tool_plan)
    call = made.message.tool_calls[0]
    city_of(call.function.arguments)
    asked = {"role": "assistant", "tool_plan": "I ask.", "tool_calls": [call.model_dump()]}
    result = {"role": "tool", "tool_call_id": call.id, "content": "Sunny"}
    told = client().chat(model=model, messages=[*messages, asked, result], tools=tools)
    some(told.message.content[0].text)


@check("tools, streamed")
def _():
    events = stream(tools=tools)
    some(joined(events, "tool-plan-delta", lambda message: message.tool_plan))
    start = next(event for event in events if event.type == "tool-call-start")
    same(start.delta.message.tool_calls.function.name, function["name"])
    city_of(joined(events, "tool-call-delta", lambda message: message.tool_calls.function.arguments))


@check("structured output")
def _():
    city_of(ask(response_format={"type": "json_object", "json_schema": weather}).message.content[0].text)


@check("citations")
def _():
    made = ask(documents=["Stuntdoubles jump."])
    cited = made.message.citations[0]
    same(cited.sources[0].document["text"], "Stuntdoubles jump.")
    assert made.message.content[0].text.startswith(some(cited.text))
    assert any(event.type == "citation-start" for event in stream(documents=["Stuntdoubles jump."]))


@check("embeddings")
def _():
    kinds = ["float", "int8", "ubinary", "base64"]
    made = client().embed(
        model="embed-v4.0", input_type="search_query", texts=["a", "b"], embedding_types=kinds, output_dimension=256
    )
    same([len(made.embeddings.float_[0]), len(made.embeddings.int8[1]), len(made.embeddings.ubinary[0])], [256, 256, 32])
    some(made.embeddings.base64[0])


@check("rerank")
def _():
    made = client().rerank(model="rerank-v3.5", query="red apples", documents=["a green pear", "red apples"], top_n=1)
    same([result.index for result in made.results], [1])


@check("models")
def _():
    assert model in [each.name for each in client().models.list(page_size=50).models]
    same(client().models.get("command-a-03-2025").name, "command-a-03-2025")


@check("tokens")
def _():
    made = client().tokenize(text=prompt, model=model, offline=False)
    same(client().detokenize(tokens=made.tokens, model=model, offline=False).text, prompt)


@check("version 1: chat")
def _():
    made = cohere.Client(api_key="none", base_url=url).chat(message=prompt, model="command-r-08-2024", seed=7)
    some(made.text)
    events = list(cohere.Client(api_key="none", base_url=url).chat_stream(message=prompt, model="command-r-08-2024", seed=7))
    same("".join(event.text for event in events if event.event_type == "text-generation"), made.text)
    same(events[-1].response.text, made.text)


@check("version 1: tools")
def _():
    tool = {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameter_definitions": {"city": {"type": "str", "required": True}},
    }
    made = cohere.Client(api_key="none", base_url=url).chat(message=prompt, tools=[tool])
    city_of(made.tool_calls[0].parameters)


@check("version 1: embeddings, rerank")
def _():
    old = cohere.Client(api_key="none", base_url=url)
    same(len(old.embed(texts=["a"], model="embed-english-v3.0", input_type="search_query").embeddings[0]), 1024)
    found = old.rerank(query="red", documents=["red", "blue"], return_documents=True)
    same(found.results[0].document.text, "red")


errors(
    lambda ending: ask(ending, request_options=options),
    s401=cohere.UnauthorizedError,
    s429=cohere.TooManyRequestsError,
    s503=cohere.ServiceUnavailableError,
    s529=cohere.core.ApiError,
)


check("stream cut off")(lambda: raises(lambda: list(client().chat_stream(model=f"{model}-cut", messages=messages))))


@check("error in a stream, as an event")
def _():
    events = list(client().chat_stream(model=f"{model}-error-event", messages=messages))
    same((events[-1].type, events[-1].delta.finish_reason), ("message-end", "ERROR"))
    some(events[-1].delta.error)


check("forwarded: chat")(lambda: some(ask(base=stub).message.content[0].text))


@check("forwarded: embeddings")
def _():
    made = client(stub).embed(model="embed-v4.0", input_type="search_query", embedding_types=["float"], texts=["a", "b"])
    same(len(made.embeddings.float_), 2)


@check("forwarded: error 429")
def _():
    error = raises(lambda: client(f"{stub}/429").chat(model="m", messages=messages, request_options=options))
    same(status_of(error), 429)
    assert isinstance(error, cohere.TooManyRequestsError)
