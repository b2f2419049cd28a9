"""openai-agents: agents with tools, handoffs and typed output, by the Responses API and by chat completions."""

import os

os.environ["OPENAI_AGENTS_DISABLE_TRACING"] = "1"

import openai
from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, SQLiteSession, function_tool
from pydantic import BaseModel

from checks import check, errors, prompt, raises, some, url


class Weather(BaseModel):
    city: str
    degrees: int


client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-none", max_retries=0)
models = {
    "Responses API": lambda end="": OpenAIResponsesModel(f"gpt-4o{end}", client),
    "chat completions": lambda end="": OpenAIChatCompletionsModel(f"gpt-4o{end}", client),
}


@function_tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return "sunny"


async def ask(model, **more):
    return (await Runner.run(Agent(name="weather", model=model, **more), prompt)).final_output


async def streamed(model):
    result = Runner.run_streamed(Agent(name="weather", model=model), prompt)
    text = ""
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            text += event.data.delta
    return text


for name, model in models.items():

    @check(f"{name}: agent with a tool")
    async def _():
        some(await ask(model(), tools=[get_weather]))

    @check(f"{name}: streamed")
    async def _():
        some(await streamed(model()))

    @check(f"{name}: typed output")
    async def _():
        some((await ask(model(), output_type=Weather)).city)

    @check(f"{name}: handoff")
    async def _():
        other = Agent(name="other", model=model())
        some(await ask(model(), handoffs=[other]))


@check("session")
async def _():
    agent = Agent(name="weather", model=models["Responses API"]())
    session = SQLiteSession("one")
    some((await Runner.run(agent, prompt, session=session)).final_output)
    some((await Runner.run(agent, "And?", session=session)).final_output)


errors(
    lambda end: ask(models["Responses API"](end)),
    s401=openai.AuthenticationError,
    s429=openai.RateLimitError,
    s503=openai.InternalServerError,
)
check("stream cut off")(lambda: raises(lambda: streamed(models["Responses API"]("-cut"))))
