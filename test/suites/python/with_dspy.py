"""DSPy: predictions, reasoning, agents and typed output, with the adapters that it has."""

import dspy

from checks import check, raises, some, url

dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)


class Weather(dspy.Signature):
    """The weather in a city."""

    question: str = dspy.InputField()
    city: str = dspy.OutputField()
    degrees: int = dspy.OutputField()


def lm(model, retries=0, **more):
    return dspy.LM(model, api_key="sk-none", num_retries=retries, **more)


openai = {"api_base": f"{url}/v1"}
models = {
    "OpenAI": lambda end="": lm(f"openai/gpt-4o{end}", **openai),
    "OpenAI responses": lambda end="": lm(f"openai/gpt-4o{end}", model_type="responses", **openai),
    "Anthropic": lambda end="": lm(f"anthropic/claude-sonnet-4-5{end}", api_base=f"{url}/v1"),
}


def get_weather(city: str) -> str:
    """The weather in a city."""
    return "sunny"


for name, model in models.items():

    @check(f"{name}: call")
    def _():
        said = model()("Say this is a test")[0]
        some(said if isinstance(said, str) else said["text"])

    for adapter in (dspy.ChatAdapter, dspy.JSONAdapter):

        @check(f"{name}: predict, {adapter.__name__}")
        def _():
            with dspy.context(lm=model(), adapter=adapter()):
                some(dspy.Predict(Weather)(question="Where?").city)


@check("chain of thought")
def _():
    with dspy.context(lm=models["OpenAI"]()):
        some(dspy.ChainOfThought(Weather)(question="Where?").reasoning)


@check("ReAct")
def _():
    with dspy.context(lm=models["OpenAI"]()):
        some(dspy.ReAct("question -> city: str", tools=[get_weather], max_iters=3)(question="Where?").city)


for status in (401, 429, 503):

    @check(f"error {status}")
    def _():
        raises(lambda: models["OpenAI"](f"-{status}")("Say this is a test"))
