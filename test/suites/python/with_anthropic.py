"""anthropic: messages, counted tokens and models, each response validated strictly."""

import anthropic
from pydantic import BaseModel

from checks import check, city_of, errors, messages, raises, retried, some, url, weather


class Weather(BaseModel):
    city: str
    degrees: int


options = {"base_url": url, "api_key": "sk-none", "_strict_response_validation": True}
client = anthropic.Anthropic(**options, max_retries=0)
asked = {"max_tokens": 200, "messages": messages}
tools = [{"name": "get_weather", "description": "The weather in a city", "input_schema": weather}]


def ask(model_end="", to=client, **more):
    made = to.messages.create(model=f"claude-sonnet-4-5{model_end}", **asked, **more)
    return made.content[0].text


def streamed(model_end="", **more):
    with client.messages.stream(model=f"claude-sonnet-4-5{model_end}", **asked, **more) as stream:
        return stream.get_final_message()


check("messages")(lambda: some(ask()))
check("messages, streamed")(lambda: some(streamed().content[0].text))


@check("messages, asynchronous")
async def _():
    async with anthropic.AsyncAnthropic(**options).messages.stream(model="claude-sonnet-4-5", **asked) as stream:
        some(await stream.get_final_text())


@check("tools")
def _():
    made = client.messages.create(model="claude-sonnet-4-5", **asked, tools=tools)
    call = made.content[-1]
    city_of(call.input)
    result = [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}]
    turns = [*messages, {"role": "assistant", "content": made.content}, {"role": "user", "content": result}]
    some(client.messages.create(model="claude-sonnet-4-5", max_tokens=200, messages=turns, tools=tools).content[0].text)


check("tools, streamed")(lambda: city_of(streamed(tools=tools, tool_choice={"type": "any"}).content[-1].input))


@check("structured output")
def _():
    made = client.messages.parse(model="claude-sonnet-4-5", **asked, output_format=Weather)
    some(made.parsed_output.city)


@check("thinking")
def _():
    more = {**asked, "max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    some(client.messages.create(model="claude-sonnet-4-5", **more).content[0].thinking)


@check("count of tokens")
def _():
    assert client.messages.count_tokens(model="claude-sonnet-4-5", messages=messages).input_tokens > 0


check("models")(lambda: some(next(iter(client.models.list())).id))

errors(
    ask,
    s401=anthropic.AuthenticationError,
    s429=anthropic.RateLimitError,
    s503=anthropic.InternalServerError,
    s529=anthropic.InternalServerError,
)
retried(lambda end: ask(end, anthropic.Anthropic(**options)))
check("stream cut off")(lambda: raises(lambda: streamed("-cut")))
check("error in a stream")(lambda: raises(lambda: streamed("-error-event"), anthropic.APIStatusError))
