"""aiperf: a load of chat streams, whose every request must succeed with the length that it asked for."""

import glob
import json
import os
import subprocess
import sys
import tempfile

from checks import check, same, url
from tokenizer import tokenizer_folder

tokenizer = tokenizer_folder()


@check("concurrent chat streams")
def _():
    folder = tempfile.mkdtemp(prefix="stuntdouble-aiperf-")
    command = [
        *(os.path.join(os.path.dirname(sys.executable), "aiperf"), "profile", "--model", "gpt-4o", "--url", url),
        *("--endpoint-type", "chat", "--streaming", "--tokenizer", tokenizer, "--concurrency", "4"),
        *("--request-count", "30", "--synthetic-input-tokens-mean", "100", "--output-tokens-mean", "50"),
        *("--ui", "simple", "--use-server-token-count", "--artifact-dir", folder),
        *("--extra-inputs", "ignore_eos:true"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, (done.stdout + done.stderr)[-300:]
    (out,) = glob.glob(os.path.join(folder, "**", "profile_export_aiperf.json"), recursive=True)
    with open(out) as file:
        seen = json.load(file)
    same(seen["request_count"]["avg"], 30)
    same(seen["error_summary"], [])
    same([seen["output_sequence_length"]["min"], seen["output_sequence_length"]["max"]], [50, 50])
