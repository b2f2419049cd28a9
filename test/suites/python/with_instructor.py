"""instructor: objects of a class, by tools, by JSON in the prompt and by schema, from OpenAI's and Anthropic's clients."""

import anthropic
import instructor
import openai
from pydantic import BaseModel

from checks import check, errors, messages, raises, retried, some, url


class Weather(BaseModel):
    city: str
    degrees: int


def from_openai(mode, retries=0):
    return instructor.from_openai(openai.OpenAI(base_url=f"{url}/v1", api_key="sk-none", max_retries=retries), mode=mode)


def ask(model_end="", client=None):
    client = client or from_openai(instructor.Mode.TOOLS)
    model = f"gpt-4o{model_end}"
    return client.chat.completions.create(model=model, messages=messages, response_model=Weather, max_retries=1)


check("tools")(lambda: some(ask().city))
check("JSON mode")(lambda: some(ask(client=from_openai(instructor.Mode.JSON)).city))
check("JSON schema mode")(lambda: some(ask(client=from_openai(instructor.Mode.JSON_SCHEMA)).city))
check("Markdown JSON mode")(lambda: some(ask(client=from_openai(instructor.Mode.MD_JSON)).city))


@check("partial objects of a stream")
def _():
    client = from_openai(instructor.Mode.TOOLS)
    parts = client.chat.completions.create_partial(model="gpt-4o", messages=messages, response_model=Weather)
    some(list(parts)[-1].city)


@check("list of objects of a stream")
def _():
    client = from_openai(instructor.Mode.TOOLS)
    found = client.chat.completions.create_iterable(model="gpt-4o", messages=messages, response_model=Weather)
    assert all(isinstance(one, Weather) for one in found)


@check("Anthropic, tools")
def _():
    client = instructor.from_anthropic(anthropic.Anthropic(base_url=url, api_key="sk-none"))
    some(client.messages.create(model="claude-sonnet-4-5", max_tokens=200, messages=messages, response_model=Weather).city)


@check("error 429")
def _():
    # Its own error has those of all attempts in it.
    assert "429" in str(raises(lambda: ask("-429")))


retried(lambda end: ask(end, from_openai(instructor.Mode.TOOLS, retries=2)).city)
