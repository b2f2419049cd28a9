"""mistralai: chat, vectors and models of Mistral's API."""

from mistralai.client import Mistral
from mistralai.client.errors import MistralError
from pydantic import BaseModel

from checks import check, city_of, errors, messages, raises, same, some, tools, url


class Weather(BaseModel):
    city: str
    degrees: int


client = Mistral(api_key="none", server_url=f"{url}/mistral")


def ask(model_end="", **more):
    made = client.chat.complete(model=f"mistral-large-latest{model_end}", messages=messages, **more)
    return made.choices[0].message


def streamed(model_end=""):
    with client.chat.stream(model=f"mistral-large-latest{model_end}", messages=messages) as stream:
        return "".join(choice.delta.content or "" for event in stream for choice in event.data.choices)


check("chat")(lambda: some(ask().content))
check("chat, streamed")(lambda: some(streamed()))


@check("chat, streamed with a choice in each chunk")
def _():
    with client.chat.stream(model="mistral-large-latest", messages=messages) as stream:
        assert all(event.data.choices for event in stream), "a chunk with usage has no choice"


@check("chat, asynchronous")
async def _():
    some((await client.chat.complete_async(model="mistral-large-latest", messages=messages)).choices[0].message.content)


check("tools")(lambda: city_of(ask(tools=tools, tool_choice="any").tool_calls[0].function.arguments))


@check("structured output")
def _():
    made = client.chat.parse(Weather, model="mistral-large-latest", messages=messages)
    some(made.choices[0].message.parsed.city)


check("random_seed")(lambda: same(ask(random_seed=7).content, ask(random_seed=7).content))


@check("embeddings")
def _():
    same(len(client.embeddings.create(model="mistral-embed", inputs=["a", "b"]).data), 2)


check("models")(lambda: some(client.models.list().data[0].id))

errors(ask, s401=MistralError, s429=MistralError, s503=MistralError)
check("stream cut off")(lambda: raises(lambda: streamed("-cut")))
