"""LiteLLM: completions of each provider, with tools and typed output, vectors and responses."""

import os

# Without it the start waits for a list that it fetches.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from pydantic import BaseModel

from checks import check, city_of, errors, messages, prompt, raises, same, some, tools, url


class Weather(BaseModel):
    city: str
    degrees: int


providers = {
    "OpenAI": ("openai/gpt-4o", f"{url}/v1"),
    "Anthropic": ("anthropic/claude-sonnet-4-5", url),
    "Gemini": ("gemini/gemini-2.5-flash", f"{url}/v1beta"),
    "Ollama": ("ollama_chat/llama3.2", url),
    "Azure": ("azure/gpt-4o", url),
    "Groq": ("groq/llama-3.3-70b-versatile", f"{url}/groq/openai/v1"),
    "Mistral": ("mistral/mistral-large-latest", f"{url}/mistral/v1"),
    "DeepSeek": ("deepseek/deepseek-chat", f"{url}/deepseek/v1"),
    "OpenRouter": ("openrouter/openai/gpt-4o", f"{url}/api/v1"),
    "vLLM": ("hosted_vllm/qwen3", f"{url}/vllm/v1"),
}


def ask(provider="OpenAI", end="", **more):
    model, base = providers[provider]
    given = {"num_retries": 0, "max_retries": 0, "api_version": "2024-10-21" if provider == "Azure" else None, **more}
    return litellm.completion(model=model + end, api_base=base, api_key="sk-none", messages=messages, **given)


def streamed(provider="OpenAI", end=""):
    return "".join(chunk.choices[0].delta.content or "" for chunk in ask(provider, end, stream=True))


for name in providers:

    @check(f"{name}: chat")
    def _():
        some(ask(name).choices[0].message.content)

    @check(f"{name}: streamed")
    def _():
        some(streamed(name))

    @check(f"{name}: tools")
    def _():
        city_of(ask(name, tools=tools).choices[0].message.tool_calls[0].function.arguments)


for name in ("OpenAI", "Anthropic", "Gemini", "Ollama"):

    @check(f"{name}: typed output")
    def _():
        some(Weather.model_validate_json(ask(name, response_format=Weather).choices[0].message.content).city)


@check("Responses API")
def _():
    made = litellm.responses(model="openai/gpt-4o", input=prompt, api_base=f"{url}/v1", api_key="sk-none")
    some(made.output[0].content[0].text)


@check("embeddings")
def _():
    given = {"input": ["a", "b"], "api_base": f"{url}/v1", "api_key": "sk-none"}
    same(len(litellm.embedding(model="openai/text-embedding-3-small", **given).data), 2)


errors(
    lambda end: ask("OpenAI", end),
    s401=litellm.AuthenticationError,
    s429=litellm.RateLimitError,
    s503=litellm.ServiceUnavailableError,
)
check("stream cut off")(lambda: raises(lambda: streamed("OpenAI", "-cut")))
