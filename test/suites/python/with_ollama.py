"""ollama: chat, generate, vectors and models of Ollama's own API."""

import ollama
from pydantic import BaseModel

from checks import check, city_of, errors, messages, prompt, raises, same, some, tools, url


class Weather(BaseModel):
    city: str
    degrees: int


client = ollama.Client(host=url)


def ask(model_end="", **more):
    return client.chat(model=f"llama3.2{model_end}", messages=messages, **more)


def streamed(model_end=""):
    return "".join(part.message.content for part in ask(model_end, stream=True))


check("chat")(lambda: some(ask().message.content))
check("chat, streamed")(lambda: some(streamed()))


@check("chat, asynchronous")
async def _():
    some((await ollama.AsyncClient(host=url).chat(model="llama3.2", messages=messages)).message.content)


check("tools")(lambda: city_of(ask(tools=tools).message.tool_calls[0].function.arguments))


@check("structured output")
def _():
    some(Weather.model_validate_json(ask(format=Weather.model_json_schema()).message.content).city)


check("generate")(lambda: some(client.generate(model="llama3.2", prompt=prompt).response))
check("embeddings")(lambda: same(len(client.embed(model="nomic-embed-text", input=["a", "b"]).embeddings), 2))
check("models")(lambda: some(client.list().models[0].model))
check("model shown")(lambda: some(client.show("llama3.2").details.format))

errors(ask, s401=ollama.ResponseError, s429=ollama.ResponseError, s503=ollama.ResponseError)
check("stream cut off")(lambda: raises(lambda: streamed("-cut")))
check("error in a stream")(lambda: raises(lambda: streamed("-error-event"), ollama.ResponseError))
