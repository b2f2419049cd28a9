"""guidellm: a load of chat streams, whose every request must succeed with the length that it asked for."""

import json
import os
import subprocess
import sys
import tempfile

from checks import check, same, url
from tokenizer import tokenizer_folder

tokenizer = tokenizer_folder()


@check("concurrent chat streams of the length asked for")
def _():
    folder = tempfile.mkdtemp(prefix="stuntdouble-guidellm-")
    out = os.path.join(folder, "out.json")
    command = [
        *(os.path.join(os.path.dirname(sys.executable), "guidellm"), "run"),
        *("--backend", f"kind=openai_http,target={url},model=gpt-4o"),
        *("--profile", "kind=concurrent,streams=4"),
        *("--constraint", "kind=max_requests,count=30"),
        *("--tokenizer", f"kind=hf_auto,model={tokenizer}"),
        *("--data", "kind=synthetic_text,prompt_tokens=100,output_tokens=40"),
        *("--output", f"kind=json,path={out}"),
        "--disable-progress",
    ]
    env = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-300:]
    with open(out) as file:
        benchmark = json.load(file)["benchmarks"][0]
    counts = benchmark["metrics"]["request_totals"]
    same([counts["successful"], counts["errored"]], [30, 0])
    tokens = benchmark["metrics"]["output_token_count"]["successful"]
    same([tokens["min"], tokens["max"]], [40, 40])
