"""The pictures that the model hands over: small, many, and known to it as whole, as half or as none."""

import base64

# 16 x 16 pixels by libjpeg, cut behind SOI: what follows a comment of four letters.
_REST = base64.b64decode(
    "/+AAEEpGSUYAAQEAAAEAAQAA/9sAQwAUDg8SDw0UEhASFxUUGB4yIR4cHB49LC4kMklATEtHQEZFUFpzYlBVbVZFRmSIZW13e4GCgU5gjZeMfZZzfoF8/9sA"
    "QwEVFxceGh47ISE7fFNGU3x8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8/8AAEQgAEAAQAwEiAAIRAQMRAf/EABcA"
    "AAMBAAAAAAAAAAAAAAAAAAECBAX/xAAiEAACAQMDBQEAAAAAAAAAAAABAhEAAwQTIYESFDFRkcH/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/8QAGhEAAgIDAAAA"
    "AAAAAAAAAAAAAAEEE1Hh8P/aAAwDAQACEQMRAD8AkGPiuoAt27cbygX9Y0xx9KWtsjIPZSTwAa0tEXd1Lq0QI6gBwFE0e2yUiFe7PkoH2+sKW9tBRMn/2Q=="
)
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAP0lEQVR4nAE0AMv/ARuFhgPq+QX69wMQ/wQ+8vkDHgAFCAoD5QMEQhgAA+H/Bf0CAxf+BD7v"
    "CgMlAQUB+gPl9On5EgP1EkpqAAAAAElFTkSuQmCC"
)

COMMENT_AT = 6  # where the letters are: writing four others there makes another whole picture
LETTERS = 4


def jpeg(letters):
    """A whole picture, another for each four letters."""
    assert len(letters) == LETTERS
    return b"\xff\xd8\xff\xfe\x00\x06" + letters + _REST


SIZE = len(jpeg(bytes(LETTERS)))
WHOLE = {word: jpeg(word.encode()) for word in ("anna", "bert", "cleo", "dora", "emil")} | {"png": _PNG}
HALF = WHOLE["anna"][:300]
WORDS = b"This is no picture.\n" * 9
ALL = {**WHOLE, "half": HALF, "words": WORDS, "nothing": b""}


def is_whole(data):
    """What is behind its end does not matter, as with a motion photo."""
    return data.startswith(_PNG) or data[:SIZE] == jpeg(data[COMMENT_AT:COMMENT_AT + LETTERS].ljust(LETTERS))


def may_begin(data):
    """Whether a picture may begin so."""
    beginnings = (b"\xff\xd8\xff", _PNG[:8])
    return any(data.startswith(text) or text.startswith(data) for text in beginnings) or not data.strip(b"\0")


def name_of(data):
    """For messages."""
    known = {value: name for name, value in ALL.items()}
    if data is None:
        return "none"
    return known.get(data) or (f"jpeg {data[6:10]!r} of {len(data)} bytes" if is_whole(data) else f"{len(data)} bytes {data[:12]!r}")
