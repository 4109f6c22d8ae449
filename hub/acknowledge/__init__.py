"""Acknowledgements: what we say to a partner's document, how it gets there, and what its answers to ours mean.

    say.py      which answers the agreement wants, their numbers from the store, their bytes
    judge.py    what mapping, rules and the store make of a message, for agreements that want a business answer
    route.py    kept beside the document and put into the outbox; given again when the document is repeated
    ours.py     what a partner's machine says of our own business answers: an 824 of ours is taken, or not
    hear.py     a received answer closes, part-closes or rejects exactly what it speaks of

What a standard's acknowledgement says and how it is read is the format's (`connectors/answering.py`); no syntax is known here.
"""

from __future__ import annotations

from hub.acknowledge.hear import receive, receive_notes
from hub.acknowledge.judge import Outcome, judge, judged
from hub.acknowledge.route import answer, answer_many, answers_of, body_for, bytes_for, known_media_types, listed, refuse_conflict
from hub.acknowledge.say import SAME_CONNECTION, needs_tree, preview, remember, text_of, word_for

__all__ = [
    "SAME_CONNECTION",
    "Outcome",
    "answer",
    "answer_many",
    "answers_of",
    "body_for",
    "bytes_for",
    "judge",
    "judged",
    "known_media_types",
    "listed",
    "needs_tree",
    "preview",
    "receive",
    "receive_notes",
    "refuse_conflict",
    "remember",
    "text_of",
    "word_for",
]
