"""LangChain: chat models, tools, typed output, agents and vectors of each provider's package."""

from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_ollama import ChatOllama
from langchain_openai import AzureChatOpenAI, ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from checks import check, city_of, errors, prompt, raises, retried, same, some, url


class Weather(BaseModel):
    """The weather in a city."""

    city: str
    degrees: int


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return "sunny"


def openai(end="", **more):
    return ChatOpenAI(model=f"gpt-4o{end}", base_url=f"{url}/v1", api_key="sk-none", **{"max_retries": 0, **more})


models = {
    "OpenAI": openai,
    "OpenAI responses": lambda: openai(use_responses_api=True),
    "Azure OpenAI": lambda: AzureChatOpenAI(
        azure_endpoint=url, azure_deployment="gpt-4o", api_version="2024-10-21", api_key="none"
    ),
    "Anthropic": lambda: ChatAnthropic(model="claude-sonnet-4-5", base_url=url, api_key="sk-none"),
    "Gemini": lambda: ChatGoogleGenerativeAI(model="gemini-2.5-flash", base_url=url, api_key="none"),
    "Ollama": lambda: ChatOllama(model="llama3.2", base_url=url),
}

for name, model in models.items():

    @check(f"{name}: chat")
    def _():
        some(model().invoke(prompt).text)

    @check(f"{name}: streamed")
    def _():
        some("".join(chunk.text for chunk in model().stream(prompt)))

    @check(f"{name}: tools")
    def _():
        city_of(model().bind_tools([get_weather]).invoke(prompt).tool_calls[0]["args"])

    @check(f"{name}: typed output")
    def _():
        some(model().with_structured_output(Weather).invoke(prompt).city)

    @check(f"{name}: agent")
    def _():
        made = create_agent(model(), tools=[get_weather])
        some(made.invoke({"messages": [("user", prompt)]})["messages"][-1].text)


@check("embeddings")
def _():
    made = OpenAIEmbeddings(base_url=f"{url}/v1", api_key="sk-none", check_embedding_ctx_length=False)
    same(len(made.embed_documents(["a", "b"])), 2)


errors(lambda end: openai(end).invoke(prompt), s401=Exception, s429=Exception, s503=Exception)
retried(lambda end: openai(end, max_retries=2).invoke(prompt).text)
check("stream cut off")(lambda: raises(lambda: list(openai("-cut").stream(prompt))))
check("error in a stream")(lambda: raises(lambda: list(openai("-error-event").stream(prompt))))
