"""LlamaIndex: models, tools, typed output, agents and vectors of each provider's package."""

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.ollama import Ollama
from llama_index.llms.openai import OpenAI
from pydantic import BaseModel

from checks import check, errors, prompt, raises, same, some, url


class Weather(BaseModel):
    """The weather in a city."""

    city: str
    degrees: int


def get_weather(city: str) -> str:
    """The weather in a city."""
    return "sunny"


def openai(fault=""):
    """It takes only names of models that it knows, so a header asks for the fault."""
    control = {"x-stuntdouble": f"fault={fault}"} if fault else {}
    return OpenAI(
        model="gpt-4o", api_base=f"{url}/v1", api_key="sk-none", max_retries=0, default_headers=control
    )


models = {
    "OpenAI": openai,
    "Anthropic": lambda: Anthropic(model="claude-sonnet-4-5", base_url=url, api_key="sk-none"),
    "Ollama": lambda: Ollama(model="llama3.2", base_url=url, context_window=8000),
}
turns = [ChatMessage(role="user", content=prompt)]

for name, model in models.items():

    @check(f"{name}: chat")
    def _():
        some(model().chat(turns).message.content)

    @check(f"{name}: streamed")
    def _():
        some("".join(part.delta or "" for part in model().stream_chat(turns)))

    @check(f"{name}: typed output")
    def _():
        some(model().as_structured_llm(Weather).chat(turns).raw.city)

    @check(f"{name}: agent")
    async def _():
        some(str(await FunctionAgent(tools=[get_weather], llm=model()).run(prompt)))


@check("embeddings")
def _():
    made = OpenAIEmbedding(api_base=f"{url}/v1", api_key="sk-none", model="text-embedding-3-small")
    same(len(made.get_text_embedding_batch(["a", "b"])), 2)


errors(lambda end: openai(f"status;status={end[1:]}").complete(prompt), s401=Exception, s429=Exception, s503=Exception)
check("stream cut off")(lambda: raises(lambda: list(openai("cut;after=3").stream_complete(prompt))))
