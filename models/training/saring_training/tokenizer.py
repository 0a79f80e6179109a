"""The tokenizer: the base vocabulary trimmed to the pieces that Indonesian needs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tokenizers import AddedToken, Tokenizer
from tokenizers.decoders import Metaspace as MetaspaceDecoder
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing

from .base import Base
from .labels import MARKERS

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
UNKNOWN_ID = 3
SHORT_PIECE = re.compile(r"^▁?[a-z0-9]{1,3}$")


def _build(pieces: list[tuple[str, float]]) -> Tokenizer:
    tokenizer = Tokenizer(Unigram(pieces, unk_id=UNKNOWN_ID, byte_fallback=False))
    tokenizer.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = MetaspaceDecoder(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def trim(base: Base, texts: Iterable[str], count_min: int = 1) -> tuple[Tokenizer, list[int]]:
    """Keeps the pieces that `texts` use, short Latin pieces and single characters.

    Returns:
        The tokenizer, and for each of its ids the row of the base's embedding matrix (-1 for the
        markers, which are new).
    """
    full = _build(list(zip(base.pieces, base.scores, strict=True)))
    full.add_special_tokens([AddedToken(m, lstrip=True, rstrip=True, special=True) for m in MARKERS])
    counts: Counter[int] = Counter()
    chunk: list[str] = []
    for text in texts:
        chunk.append(text)
        if len(chunk) == 2000:
            for encoding in full.encode_batch(chunk):
                counts.update(encoding.ids)
            chunk.clear()
    for encoding in full.encode_batch(chunk):
        counts.update(encoding.ids)
    keep = [
        i
        for i, piece in enumerate(base.pieces)
        if i < len(SPECIAL) or counts[i] >= count_min or SHORT_PIECE.match(piece)
    ]
    pieces = [(base.pieces[i], base.scores[i]) for i in keep]
    tokenizer = _build(pieces)
    tokenizer.add_special_tokens([AddedToken(m, lstrip=True, rstrip=True, special=True) for m in MARKERS])
    return tokenizer, keep + [-1] * len(MARKERS)
