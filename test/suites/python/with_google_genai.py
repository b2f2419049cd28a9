"""google-genai: content, tokens, vectors and models of the Gemini API."""

from google import genai
from google.genai import errors as failures
from google.genai import types
from pydantic import BaseModel

from checks import check, city_of, errors, prompt, raises, same, some, url, weather


class Weather(BaseModel):
    city: str
    degrees: int


client = genai.Client(api_key="none", http_options=types.HttpOptions(base_url=url))
declared = types.FunctionDeclaration(name="get_weather", description="The weather", parameters_json_schema=weather)
with_tools = types.GenerateContentConfig(
    tools=[types.Tool(function_declarations=[declared])],
    automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
)


def ask(model_end="", config=None):
    return client.models.generate_content(model=f"gemini-2.5-flash{model_end}", contents=prompt, config=config)


def streamed(model_end=""):
    stream = client.models.generate_content_stream(model=f"gemini-2.5-flash{model_end}", contents=prompt)
    return "".join(chunk.text or "" for chunk in stream)


check("content")(lambda: some(ask().text))
check("content, streamed")(lambda: some(streamed()))


@check("content, asynchronous")
async def _():
    some((await client.aio.models.generate_content(model="gemini-2.5-flash", contents=prompt)).text)


check("tools")(lambda: city_of(ask(config=with_tools).function_calls[0].args))


@check("tools run by the client")
def _():
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return "sunny"

    some(ask(config=types.GenerateContentConfig(tools=[get_weather])).text)


@check("structured output")
def _():
    wanted = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Weather)
    some(ask(config=wanted).parsed.city)


@check("chat")
def _():
    chat = client.chats.create(model="gemini-2.5-flash")
    some(chat.send_message(prompt).text)
    some(chat.send_message("And?").text)


@check("embeddings")
def _():
    made = client.models.embed_content(model="gemini-embedding-001", contents=["a", "b"])
    same(len(made.embeddings), 2)


@check("count of tokens")
def _():
    assert client.models.count_tokens(model="gemini-2.5-flash", contents=prompt).total_tokens > 0


check("models")(lambda: some(next(iter(client.models.list())).name))

errors(ask, s401=failures.ClientError, s429=failures.ClientError, s503=failures.ServerError)
check("stream cut off")(lambda: raises(lambda: streamed("-cut")))
check("error in a stream")(lambda: raises(lambda: streamed("-error-event"), failures.APIError))
