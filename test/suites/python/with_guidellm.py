"""guidellm: a load of chat streams, whose every request must succeed with the length that it asked for."""

import json
import os
import subprocess
import sys
import tempfile

from checks import check, same, url
from tokenizer import tokenizer_folder

tokenizer = tokenizer_folder()


def load(*asked):
    """Runs a load and gives its figures."""
    folder = tempfile.mkdtemp(prefix="stuntdouble-guidellm-")
    out = os.path.join(folder, "out.json")
    command = [
        *(os.path.join(os.path.dirname(sys.executable), "guidellm"), "run"),
        *("--backend", f"kind=openai_http,target={url},model=gpt-4o"),
        *asked,
        *("--tokenizer", f"kind=hf_auto,model={tokenizer}"),
        *("--output", f"kind=json,path={out}"),
        "--disable-progress",
    ]
    env = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-300:]
    with open(out) as file:
        return json.load(file)["benchmarks"][0]["metrics"]


@check("concurrent chat streams of the length asked for")
def _():
    metrics = load(
        *("--profile", "kind=concurrent,streams=4"),
        *("--constraint", "kind=max_requests,count=30"),
        *("--data", "kind=synthetic_text,prompt_tokens=100,output_tokens=40"),
    )
    counts = metrics["request_totals"]
    same([counts["successful"], counts["errored"]], [30, 0])
    tokens = metrics["output_token_count"]["successful"]
    same([tokens["min"], tokens["max"]], [40, 40])


@check("a trace as stuntdouble records export writes it")
def _():
    trace = os.path.join(tempfile.mkdtemp(prefix="stuntdouble-trace-"), "trace.jsonl")
    lengths = [(0, 236, 47), (96, 112, 33), (223, 89, 31), (410, 1030, 12), (415, 20, 60)]
    hashes = [[1], [2], [3], [4, 5, 6], [7]]
    with open(trace, "w") as file:
        for (timestamp, prompt, output), ids in zip(lengths, hashes):
            row = {"timestamp": timestamp, "input_length": prompt, "output_length": output, "hash_ids": ids}
            file.write(json.dumps(row) + "\n")
    source = {"kind": "json_file", "path": trace}
    metrics = load(
        *("--profile", "kind=replay,time_scale=0.001"),
        *("--data", json.dumps({"kind": "mooncake", "source": source})),
    )
    counts = metrics["request_totals"]
    same([counts["successful"], counts["errored"]], [len(lengths), 0])
    tokens = metrics["output_token_count"]["successful"]
    same([tokens["min"], tokens["max"]], [12, 60])
