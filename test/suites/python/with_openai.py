"""openai: every API of it that is simulated, each response validated strictly."""

import openai
from pydantic import BaseModel

from checks import check, city_of, errors, function, messages, prompt, raises, retried, same, some, tools, url


class Weather(BaseModel):
    city: str
    degrees: int


options = {"base_url": f"{url}/v1", "api_key": "sk-none", "_strict_response_validation": True}
client = openai.OpenAI(**options, max_retries=0)
chat = client.chat.completions
response_tools = [{"type": "function", "strict": True, **function}]


def ask(model_end="", to=client):
    made = to.chat.completions.create(model=f"gpt-4o{model_end}", messages=messages)
    return made.choices[0].message.content


def streamed(model_end=""):
    stream = chat.create(model=f"gpt-4o{model_end}", messages=messages, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


check("chat")(lambda: some(ask()))
check("chat, streamed")(lambda: some(streamed()))


@check("chat, asynchronous")
async def _():
    stream = await openai.AsyncOpenAI(**options).chat.completions.create(model="gpt-4o", messages=messages, stream=True)
    some("".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]))


@check("tools")
def _():
    call = chat.create(model="gpt-4o", messages=messages, tools=tools).choices[0].message.tool_calls[0]
    city_of(call.function.arguments)
    result = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    some(chat.create(model="gpt-4o", messages=messages + result, tools=tools).choices[0].message.content)


@check("tools, streamed")
def _():
    with chat.stream(model="gpt-4o", messages=messages, tools=tools) as stream:
        city_of(stream.get_final_completion().choices[0].message.tool_calls[0].function.arguments)


@check("structured output")
def _():
    some(chat.parse(model="gpt-4o", messages=messages, response_format=Weather).choices[0].message.parsed.city)


@check("Responses API")
def _():
    made = client.responses.create(model="gpt-4o", input=prompt)
    some(made.output_text)
    some(client.responses.create(model="gpt-4o", input="And?", previous_response_id=made.id).output_text)
    same(client.responses.retrieve(made.id).output_text, made.output_text)


@check("Responses API, streamed")
def _():
    with client.responses.stream(model="gpt-4o", input=prompt) as stream:
        some(stream.get_final_response().output_text)


@check("Responses API, tools")
def _():
    made = client.responses.create(model="gpt-4o", input=prompt, tools=response_tools, tool_choice="required")
    city_of(made.output[-1].arguments)


@check("Responses API, structured output")
def _():
    some(client.responses.parse(model="gpt-4o", input=prompt, text_format=Weather).output_parsed.city)


@check("completions")
def _():
    some(client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Once").choices[0].text)


@check("embeddings")
def _():
    made = client.embeddings.create(model="text-embedding-3-small", input=["a", "b"], encoding_format="float")
    same([len(one.embedding) for one in made.data], [1536, 1536])


@check("embeddings in base64")
def _():
    # The client decodes after it has validated, so a strict one takes no base64.
    lenient = openai.OpenAI(base_url=f"{url}/v1", api_key="sk-none")
    same(len(lenient.embeddings.create(model="text-embedding-3-small", input="a").data[0].embedding), 1536)


check("moderations")(lambda: same(client.moderations.create(input="Good morning").results[0].flagged, False))
check("models")(lambda: some(next(iter(client.models.list())).id))

errors(
    ask,
    s401=openai.AuthenticationError,
    s429=openai.RateLimitError,
    s503=openai.InternalServerError,
)
retried(lambda end: ask(end, openai.OpenAI(**options)))
check("stream cut off")(lambda: raises(lambda: streamed("-cut")))
check("error in a stream")(lambda: raises(lambda: streamed("-error-event"), openai.APIError))
