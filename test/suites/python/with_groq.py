"""groq: chat and models of Groq's API, each response validated strictly."""

import groq

from checks import check, city_of, errors, messages, raises, retried, some, tools, url

options = {"base_url": f"{url}/groq", "api_key": "none", "_strict_response_validation": True}
client = groq.Groq(**options, max_retries=0)


def ask(model_end="", to=client, **more):
    made = to.chat.completions.create(model=f"llama-3.3-70b-versatile{model_end}", messages=messages, **more)
    return made.choices[0].message


def streamed(model_end=""):
    stream = client.chat.completions.create(
        model=f"llama-3.3-70b-versatile{model_end}", messages=messages, stream=True
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


check("chat")(lambda: some(ask().content))
check("chat, streamed")(lambda: some(streamed()))


@check("chat, asynchronous")
async def _():
    made = await groq.AsyncGroq(**options).chat.completions.create(model="llama-3.1-8b-instant", messages=messages)
    some(made.choices[0].message.content)


check("tools")(lambda: city_of(ask(tools=tools).tool_calls[0].function.arguments))
check("structured output")(
    lambda: city_of(
        ask(
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "weather", "schema": tools[0]["function"]["parameters"]},
            }
        ).content
    )
)
check("models")(lambda: some(client.models.list().data[0].id))

errors(
    ask, s401=groq.AuthenticationError, s429=groq.RateLimitError, s503=groq.InternalServerError
)
retried(lambda end: ask(end, groq.Groq(**options)).content)
check("stream cut off")(lambda: raises(lambda: streamed("-cut")))
check("error in a stream")(lambda: raises(lambda: streamed("-error-event"), groq.APIError))
