"""What must hold of a contact after something was written to it, and of a call."""

import pytest


def check(contacts, person, shown, mutations, extra=()):
    """The service was given shown, and reading gives what it made of it; so many requests changed it."""
    assert contacts.mutations(person) == mutations
    assert contacts.held(person) == shown
    if shown is not None:
        served = contacts.served(person)
        assert contacts.photo(person).read_bytes() == served
        assert contacts.photo(person).stat().st_size == len(served)
    names = {"photo.jpg"} if shown is not None else set()
    assert set(contacts.listed(person)) - {"profile.jpg"} == names | set(extra)


def check_refused(contacts, person, old, picture, words, previous=()):
    """Nothing was sent; the old photo is there, the picture in .rejected, and a sentence says why."""
    check(contacts, person, old, [])
    assert contacts.rejected(person) == [picture]
    assert contacts.previous(person) == list(previous)
    sentence = contacts.mount.error(person)
    assert person in sentence and words in sentence
    assert sentence in contacts.mount.text()


def python(run, code, *args, **options):
    return run("/usr/bin/python3", "-c", code, *args, **options)


def errno_or_0(call):
    """0: it succeeds."""
    try:
        call()
    except OSError as failure:
        return failure.errno
    return 0


def errno_of(call, *words):
    """It fails."""
    with pytest.raises(OSError) as caught:
        call(*words)
    return caught.value.errno
