"""A tokenizer in a folder, as load tools want one: no model is fetched."""

import os
import tempfile

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast


def tokenizer_folder():
    """Trains a small tokenizer on the documentation of this project and gives the folder that it was saved in."""
    docs = os.path.join(os.path.dirname(__file__), "..", "..", "..", "docs")
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    files = [os.path.join(docs, name) for name in sorted(os.listdir(docs)) if name.endswith(".md")]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train(files, trainers.BpeTrainer(vocab_size=4000, initial_alphabet=alphabet, special_tokens=["<end>"]))
    folder = tempfile.mkdtemp(prefix="stuntdouble-tokenizer-")
    PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>", pad_token="<end>").save_pretrained(folder)
    return folder
