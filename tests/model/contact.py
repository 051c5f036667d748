"""What the model knows of one contact: what a person sees in its folder, and what the service has.

    service     the photo at the service, a Photo or None; changes elsewhere are written here
    known       what the mount knows of it: the last delta's, or what came with the last change
    previous    bytes, oldest first: what this mount replaced or removed
    rejected    bytes, oldest first: what must be in .rejected
    handed      all bytes that somebody wrote for this contact: .rejected may hold these and nothing else
    others      files by name: temporaries, dropped names, what photo.jpg was renamed to
    held        the photo.jpg that somebody is writing, or that is empty; else the service's is seen
    state       SHOWN, REMOVED (rm: the service is told in a second), MOVED (renamed away, back in a second)

A File is one content under a name; a Draft what is being written; a Handle an open file of a process. They are
as src/folder/folder.h names them, since a model that knows less could not tell which of two writers' bytes are to be seen.
"""

import os

KEPT = 20  # pictures in .previous and in .rejected
SHOWN, REMOVED, MOVED = "shown", "removed", "moved"
PHOTO = "photo.jpg"
PROFILE = "profile.jpg"
TEMPORARY = (".face.tmp", "photo.jpg~", "new.part")
DROPPED = ("face.jpg", "me at home.png")
HEAD = 32  # bytes at the beginning that tell whether it may be a picture


class Photo:
    """One version of a photo at the service. Two versions may have the same bytes."""

    def __init__(self, data):
        self.data = data


class Timer:
    """Something happens so many seconds after it was set."""

    def __init__(self):
        self.at = None
        self.seconds = None

    def set(self, now, seconds):
        self.at = now + seconds
        self.seconds = seconds

    def stop(self):
        self.at = None

    def is_due(self, now):
        return self.at is not None and now >= self.at


class Draft:
    def __init__(self, data=b"", base=None):
        self.data = data
        self.base = base  # the photo that it began as, or what was taken of it since
        self.taken = False
        self.dirty = False
        self.handles = 0
        self.written = set()  # which of the first bytes a program wrote
        self.unfit = False  # no picture, as it is now
        self.refusal = 0  # errno of the service's, until it changes

    def touch(self):
        self.dirty = True
        self.unfit = False
        self.refusal = 0

    def take(self):
        """Its bytes became the photo."""
        self.dirty = False
        self.taken = True
        if self.base is not None:
            self.base = self.data

    def is_untouched(self):
        return self.base is not None and not self.taken and self.data == self.base

    def is_appended(self):
        """Decoders stop at the old photo's end."""
        return self.base is not None and not self.taken and len(self.data) > len(self.base) > 0 \
            and self.data.startswith(self.base)

    def beginning(self):
        end = 0
        while end in self.written:
            end += 1
        return self.data[:end]

    def write(self, data, offset):
        self.data = self.data[:offset].ljust(offset, b"\0") + data + self.data[offset + len(data):]
        self.written |= set(range(offset, min(offset + len(data), HEAD)))
        self.touch()

    def truncate(self, size):
        if size != len(self.data):
            self.data = self.data[:size].ljust(size, b"\0")
            self.touch()
        self.written = {at for at in self.written if at < size}


class File:
    def __init__(self, contact, name, version=None):
        self.contact = contact
        self.name = name
        self.kind = PHOTO if name == PHOTO else "other"
        self.version = version  # the Photo behind it where there is no draft
        self.draft = None
        self.handles = 0
        self.linked = True
        self.temporary = False
        self.alias = False  # its bytes became the photo: answers for five seconds, is not listed
        self.forget = Timer()

    @property
    def meant(self):
        return self.linked and (self.kind == PHOTO or not self.temporary)

    @property
    def data(self):
        return self.draft.data if self.draft is not None else self.version.data


class Handle:
    def __init__(self, file, worker, flags):
        self.file = file
        self.worker = worker
        self.writable = flags & os.O_ACCMODE != os.O_RDONLY
        self.readable = flags & os.O_ACCMODE != os.O_WRONLY
        self.appends = bool(flags & os.O_APPEND)
        self.draft = None
        file.handles += 1
        file.forget.stop()

    def attach(self, draft):
        self.draft = draft
        draft.handles += 1

    def read(self):
        return self.draft.data if self.draft is not None else self.file.data


class Contact:
    def __init__(self, name, resource, photo=None):
        self.name = self.called = name  # in the mount, and at the service
        self.resource = resource
        self.service = self.known = Photo(photo) if photo is not None else None
        self.previous = []
        self.rejected = []
        self.handed = set()
        self.others = {}
        self.held = None
        self.current = None  # the File of the service's photo, while it is that
        self.state = SHOWN
        self.away = Timer()  # until REMOVED is carried out, MOVED is over
        self.last_write = None  # (worker, name, Photo that it became or None: refused)
        self.last_write_counts = Timer()

    # ---- what is seen ----

    def photo_file(self):
        if self.held is not None:
            return self.held
        if self.state != SHOWN or self.known is None:
            return None
        if self.current is None:
            self.current = File(self, PHOTO, self.known)
        return self.current

    def find(self, name):
        return self.photo_file() if name == PHOTO else self.others.get(name)

    def tree(self):
        """What ls and cat must show: bytes by name."""
        files = {name: file for name, file in self.others.items() if not file.alias}
        if self.photo_file() is not None:
            files[PHOTO] = self.photo_file()
        return {name: file.data for name, file in files.items()}

    # ---- what is kept ----

    def keep_previous(self, data):
        if data in self.previous:
            self.previous.remove(data)
        self.previous = [*self.previous, data][-KEPT:]

    def keep_rejected(self, data):
        if data in self.rejected:
            self.rejected.remove(data)
        self.rejected = [*self.rejected, data][-KEPT:]

    # ---- photo.jpg ----

    def hold(self, file):
        """Somebody writes file: programs see it as photo.jpg."""
        self.away.stop()  # here is the successor
        if file is not self.held:
            self.let_go()
            self.held = self.current = file

    def let_go(self):
        """The service's photo is seen again, unless it is away."""
        before, self.held, self.current = self.held, None, None
        if before is not None:
            before.forget.stop()
            if before.handles == 0:
                before.draft = None

    def end_empty(self):
        """An empty photo.jpg that nobody has open is over, since something else became the photo."""
        if self.held is not None and self.held.handles == 0 and not self.held.draft.data:
            self.let_go()

    def set_state(self, state, now):
        self.state = state
        self.away.stop()
        if state != SHOWN:
            self.away.set(now, 1)
            if self.held is None:
                self.current = None

    def show_again(self):
        self.set_state(SHOWN, None)

    def successor_gone(self, now):
        """It came to nothing without a failure: the wait begins anew."""
        if self.state != SHOWN and self.held is None:
            self.set_state(self.state, now)

    def photo_changed(self):
        """self.known is another one than before."""
        if self.held is None:
            self.current = None
        for name, file in list(self.others.items()):
            if file.alias and file.draft is None and file.version is not self.known:
                self.drop(name)

    # ---- other names ----

    def drop(self, name):
        file = self.others.pop(name)
        file.linked = False
        file.forget.stop()
        if file.handles == 0:
            file.draft = None

    def put(self, file, name):
        if self.others.get(name) is file:
            return
        if name in self.others:
            self.drop(name)
        if file.contact.others.get(file.name) is file:
            del file.contact.others[file.name]
        file.forget.stop()
        file.contact = self
        file.name = name
        file.kind = "other"
        file.linked = True
        file.temporary = name in TEMPORARY
        self.others[name] = file

    def timers(self):
        return [self.away, self.last_write_counts, *(file.forget for file in self.others.values()),
                *([self.held.forget] if self.held is not None else [])]
