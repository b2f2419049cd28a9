"""pydantic-ai: agents with tools and typed output on each provider that it has a model for."""

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, PromptedOutput, ToolOutput
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.groq import GroqModel
from pydantic_ai.models.mistral import MistralModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.groq import GroqProvider
from pydantic_ai.providers.mistral import MistralProvider
from pydantic_ai.providers.openai import OpenAIProvider

from checks import check, errors, prompt, raises, some, url


class Weather(BaseModel):
    city: str
    degrees: int


openai = OpenAIProvider(base_url=f"{url}/v1", api_key="sk-none")
google = GoogleProvider(api_key="none", base_url=url)
mistral = MistralProvider(api_key="none", base_url=f"{url}/mistral")
models = {
    "OpenAI chat": lambda end="": OpenAIChatModel(f"gpt-4o{end}", provider=openai),
    "OpenAI responses": lambda end="": OpenAIResponsesModel(f"gpt-4o{end}", provider=openai),
    "Anthropic": lambda end="": AnthropicModel(
        f"claude-sonnet-4-5{end}", provider=AnthropicProvider(base_url=url, api_key="sk-none")
    ),
    "Gemini": lambda end="": GoogleModel(f"gemini-2.5-flash{end}", provider=google),
    "Groq": lambda end="": GroqModel(
        f"llama-3.3-70b-versatile{end}", provider=GroqProvider(base_url=f"{url}/groq", api_key="none")
    ),
    "Mistral": lambda end="": MistralModel(f"mistral-large-latest{end}", provider=mistral),
}


def agent(model, **more):
    made = Agent(model, **more)

    @made.tool_plain
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return "sunny"

    return made


async def streamed(model):
    text = ""
    async with Agent(model).run_stream(prompt) as result:
        async for piece in result.stream_text(delta=True):
            text += piece
    return text


for name, model in models.items():

    @check(f"{name}: agent with a tool")
    async def _():
        some((await agent(model()).run(prompt)).output)

    @check(f"{name}: streamed")
    async def _():
        some(await streamed(model()))

    @check(f"{name}: typed output")
    async def _():
        some((await Agent(model(), output_type=ToolOutput(Weather)).run(prompt)).output.city)


@check("native output")
async def _():
    some((await Agent(models["OpenAI chat"](), output_type=NativeOutput(Weather)).run(prompt)).output.city)


@check("prompted output")
async def _():
    some((await Agent(models["OpenAI chat"](), output_type=PromptedOutput(Weather)).run(prompt)).output.city)


errors(
    lambda end: Agent(models["Anthropic"](end)).run(prompt),
    s401=ModelHTTPError,
    s429=ModelHTTPError,
    s529=ModelHTTPError,
)
check("stream cut off")(lambda: raises(lambda: streamed(models["OpenAI chat"]("-cut"))))
