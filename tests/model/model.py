"""What the model believes of contactfs: docs/semantics.md in plain Python, without FUSE, network or time.

A Contact is what a person sees in one folder, and what the service has:

    service     the photo at the service, a Photo or None; remote changes are written here
    known       what the mount knows of it: the last delta's, or what came with the last change
    previous    bytes, oldest first: what this mount replaced or removed
    rejected    bytes, oldest first: what must be in .rejected
    handed      all bytes that somebody wrote for this contact: .rejected may hold these and nothing else
    others      files by name: temporaries, dropped names, what photo.jpg was renamed to
    held        the photo.jpg that somebody is writing, or that is empty; else the service's is seen
    state       SHOWN, REMOVED (rm: the service is told in a second), MOVED (renamed away, back in a second)

A File is one lineage of content under a name; a Draft what is being written; a Handle an open file of a process. They are
as src/book/folder.h names them, since a model that knows less could not tell which of two writers' bytes are to be seen.

Every operation of Model changes the model and answers the errno that the contract promises, 0 for success. What the
contract leaves open is a set: `allowed`. Nothing here asks the mount, but for two things after a fault, whose outcome the
contract leaves to the service: adopt() takes over what the service holds then, once what must be true of it was seen.
"""

import errno
import os

from samples import WHOLE, is_whole, may_begin

KEPT = 20  # pictures in .previous and in .rejected
SHOWN, REMOVED, MOVED = "shown", "removed", "moved"
PHOTO = "photo.jpg"
PROFILE = "profile.jpg"
TEMPORARY = (".face.tmp", "photo.jpg~", "new.part")
DROPPED = ("face.jpg", "me at home.png")
LOOKED = 10  # seconds after a delta in which a change asks for no other


class Photo:
    """One version of a photo at the service. Two versions may have the same bytes."""

    def __init__(self, data):
        self.data = data


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

    def beginning(self):
        end = 0
        while end in self.written:
            end += 1
        return self.data[:end]

    def write(self, data, offset):
        if offset > len(self.data):
            self.data += bytes(offset - len(self.data))
        self.data = self.data[:offset] + data + self.data[offset + len(data):]
        self.written |= set(range(offset, min(offset + len(data), 32)))
        self.touch()

    def truncate(self, size):
        if size != len(self.data):
            self.data = self.data[:size] + bytes(size - len(self.data))
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
        self.refused = False  # a temporary that did not become the photo: for a minute

    @property
    def meant(self):
        return self.linked and (self.kind == PHOTO or not self.temporary)


class Handle:
    def __init__(self, file, worker, flags):
        self.file = file
        self.worker = worker
        self.writable = flags & os.O_ACCMODE != os.O_RDONLY
        self.readable = flags & os.O_ACCMODE != os.O_WRONLY
        self.appends = bool(flags & os.O_APPEND)
        self.draft = None
        file.handles += 1

    def attach(self, draft):
        self.draft = draft
        draft.handles += 1

    def read(self):
        draft = self.draft or self.file.draft
        return draft.data if draft is not None else self.file.version.data


class Contact:
    def __init__(self, name, resource, photo=None):
        self.name = name
        self.resource = resource
        self.service = self.known = Photo(photo) if photo is not None else None
        self.previous = []
        self.rejected = []
        self.handed = set()
        self.had = {photo}
        self.others = {}
        self.held = None
        self.current = None  # the File of the service's photo, while it is that
        self.state = SHOWN
        self.last_write = None  # (worker, name, version before, version after or None: refused)

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
        return {name: file.draft.data if file.draft is not None else file.version.data for name, file in files.items()}

    # ---- what is kept ----

    def keep_previous(self, data):
        if data in self.previous:
            self.previous.remove(data)
        self.previous = [*self.previous, data][-KEPT:]

    def keep_rejected(self, data):
        if data in self.rejected:
            self.rejected.remove(data)
        self.rejected = [*self.rejected, data][-KEPT:]

    # ---- changes of what leads where ----

    def hold(self, file):
        if file is self.held:
            return
        before = self.held
        self.held = self.current = file
        if before is not None and before.handles == 0:
            before.draft = None

    def let_go(self):
        before, self.held, self.current = self.held, None, None
        if before is not None and before.handles == 0:
            before.draft = None

    def show_service_photo(self, file):
        self.state = SHOWN
        if self.held is file:
            self.let_go()

    def photo_changed(self):
        """self.known is another one than before."""
        if self.held is None:
            self.current = None
        for name in [name for name, file in self.others.items()
                     if file.alias and file.draft is None and file.version is not self.known]:
            self.drop(name)

    def drop(self, name):
        file = self.others.pop(name)
        file.linked = False
        if file.handles == 0:
            file.draft = None

    def put(self, file, name):
        if self.others.get(name) is file:
            return
        if name in self.others:
            self.drop(name)
        if file.contact.others.get(file.name) is file:
            del file.contact.others[file.name]
        file.contact = self
        file.name = name
        file.kind = "other"
        file.linked = True
        file.temporary = name in TEMPORARY
        self.others[name] = file


class Model:
    def __init__(self, contacts):
        self.contacts = contacts
        self.since_delta = 0

    # ---- the service ----

    def look(self):
        """A change asks for news first, unless a delta has just come."""
        if self.since_delta > LOOKED:
            self.learn()

    def learn(self):
        self.since_delta = 0
        for contact in self.contacts:
            if contact.service is not contact.known:
                contact.known = contact.service
                contact.state = SHOWN if contact.state == REMOVED else contact.state  # the new one is kept
                contact.photo_changed()

    def send(self, contact, data):
        """data becomes the photo; the errno."""
        if not is_whole(data):
            return errno.EINVAL
        self.look()
        if contact.known is not None and contact.known.data == data:
            return 0
        if contact.known is not None:
            contact.keep_previous(contact.known.data)
        contact.service = contact.known = Photo(data)
        contact.had.add(data)
        contact.photo_changed()
        return 0

    def delete(self, contact):
        self.look()
        if contact.known is not None:
            contact.keep_previous(contact.known.data)
            contact.service = contact.known = None
            contact.photo_changed()

    # ---- open, write, close ----

    def begin_empty(self, file):
        if file.draft is not None and file.kind == "other" and file.temporary:
            file.draft.truncate(0)
        else:
            self.show_draft(file, Draft())
        return file.draft

    def show_draft(self, file, draft):
        file.draft = draft
        file.alias = False
        if file.kind == PHOTO and file.linked:
            file.contact.hold(file)

    def open(self, worker, contact, name, flags):
        """(errno, Handle or None)"""
        file = contact.find(name)
        if file is not None and flags & os.O_EXCL:
            return errno.EEXIST, None
        if file is None:
            if not flags & os.O_CREAT:
                return errno.ENOENT, None
            file = File(contact, name)
            if name != PHOTO:
                contact.put(file, name)
            flags |= os.O_TRUNC
        handle = Handle(file, worker, flags)
        if flags & os.O_TRUNC:
            handle.attach(self.begin_empty(file))
        elif file.draft is not None:
            handle.attach(file.draft)
        return 0, handle

    def ensure_draft(self, handle):
        file = handle.file
        if handle.draft is None:
            if file.draft is None:
                self.show_draft(file, Draft(file.version.data, file.version.data))
            handle.attach(file.draft)
        return handle.draft

    def write(self, handle, data, offset):
        draft = self.ensure_draft(handle)
        draft.write(data, offset)
        handle.file.contact.handed.add(draft.data)
        if handle.file.meant and not may_begin(draft.beginning()):
            draft.unfit = True
            return errno.EINVAL
        return 0

    def truncate_handle(self, handle, size):
        draft = self.ensure_draft(handle)
        draft.truncate(size)
        handle.file.contact.handed.add(draft.data)
        return 0

    def flush(self, handle):
        file, draft = handle.file, handle.draft
        if not handle.writable or draft is None:
            return 0
        if draft.refusal:
            return draft.refusal
        if not draft.dirty or not draft.data or not file.meant:
            return 0
        if draft.data == draft.base:
            draft.dirty = False
            return 0
        contact = file.contact
        before = contact.known
        code = errno.EINVAL if self.is_appended(draft) or draft.unfit else self.send(contact, draft.data)
        if code == 0:
            draft.dirty = False
            draft.base = draft.data
            draft.taken = True
            contact.last_write = (handle.worker, file.name, before, contact.known)
            if file.kind == "other" and file.linked:
                file.alias = True
                file.version = contact.known
            contact.show_service_photo(file)
            return 0
        draft.unfit = True
        contact.last_write = (handle.worker, file.name, before, None)
        return code

    @staticmethod
    def is_appended(draft):
        return draft.base is not None and not draft.taken and len(draft.data) > len(draft.base) > 0 \
            and draft.data.startswith(draft.base)

    def close(self, handle):
        code = self.flush(handle)
        self.release(handle)
        return code

    def release(self, handle):
        """The last close; a draft that is still not sent is sent or put aside."""
        file, draft = handle.file, handle.draft
        file.handles -= 1
        if draft is None:
            return
        draft.handles -= 1
        if draft.handles > 0:
            return
        if draft.dirty and draft.data and file.meant and draft.data != draft.base:
            if draft.unfit or self.is_appended(draft):
                file.contact.keep_rejected(draft.data)
                draft.dirty = False
            else:  # written to after its last flush, by a handle that is gone
                self.send(file.contact, draft.data)
        self.draft_over(file, draft)

    def draft_over(self, file, draft):
        contact = file.contact
        if file.draft is not draft:
            return
        if file.kind == "other":
            if not file.linked:
                file.draft = None
            elif file.alias:
                self.settle_alias(file)
            elif not file.temporary and draft.data:
                contact.drop(file.name)  # it was no picture
            return
        if contact.held is file and not draft.data:
            return  # empty, for five seconds
        file.draft = None
        if contact.held is file:
            contact.show_service_photo(file)

    @staticmethod
    def settle_alias(file):
        contact = file.contact
        if file.version is not contact.known:
            contact.drop(file.name)
            return
        alias = File(contact, file.name, file.version)
        contact.put(alias, file.name)
        alias.alias = True

    # ---- names ----

    def take_back(self, worker, contact, name):
        """Whether an unlink takes back what its process wrote just now and was refused."""
        write = contact.last_write
        if write is None or write[0] != worker or write[1] != name:
            return False
        contact.last_write = None
        return write[3] is None and contact.known is not None

    def unlink(self, worker, contact, name):
        refused = self.take_back(worker, contact, name)
        file = contact.find(name)
        if file is None:
            return errno.ENOENT
        if name != PHOTO:
            contact.drop(name)
            return 0
        if contact.held is not None:
            file.linked = False
            contact.let_go()
        if contact.state == SHOWN and contact.known is not None:
            contact.state = MOVED if refused else REMOVED
            contact.current = None
        return 0

    def rename(self, worker, contact, name, new_contact, new_name, exclusive=False):
        file, target = contact.find(name), new_contact.find(new_name)
        if file is None:
            return errno.ENOENT
        if new_name == PROFILE:
            return errno.EPERM
        if exclusive and target is not None and (not target.alias or target is file):
            return errno.EEXIST
        if target is file:
            return 0
        if file.kind == PHOTO:
            return self.rename_photo(file, contact, new_contact, new_name)
        if file.alias and file.draft is None:
            if new_name == PHOTO and contact is new_contact:
                contact.drop(name)
                contact.show_service_photo(None)
                return 0
            file.draft = Draft(file.version.data, file.version.data)
            file.alias = False
        if new_name in TEMPORARY:
            if contact is not new_contact:
                return errno.EXDEV
            contact.put(file, new_name)
            return 0
        data = file.draft.data
        new_contact.handed.add(data)
        code = self.send(new_contact, data)
        new_contact.show_service_photo(None)
        if code != 0:
            if data:
                new_contact.keep_rejected(data)
            file.refused = True
            return code
        file.draft.dirty = False
        file.draft.base = data
        file.draft.taken = True
        if new_name != PHOTO:
            new_contact.put(file, new_name)
            file.alias = True
            file.version = new_contact.known
            if file.handles == 0:
                self.settle_alias(file)
            return 0
        del contact.others[name]
        file.contact, file.name, file.kind, file.alias = new_contact, PHOTO, PHOTO, False
        if file.handles == 0:
            file.draft = None
        return 0

    def rename_photo(self, file, contact, new_contact, new_name):
        if contact is not new_contact:
            if file.draft is not None or new_name in TEMPORARY:
                return errno.EXDEV
            data = file.version.data
            new_contact.handed.add(data)
            code = self.send(new_contact, data)
            new_contact.show_service_photo(None)
            if code == 0:
                self.delete(contact)
            return code
        shown = file.draft is None
        if shown:
            file.draft = Draft(file.version.data, file.version.data)
        if contact.held is file:
            contact.held = None
        contact.current = None
        contact.put(file, new_name)
        file.temporary = shown or file.temporary
        if contact.known is not None and contact.state == SHOWN:
            contact.state = MOVED
        return 0

    def truncate(self, contact, name, size):
        file = contact.find(name)
        if file is None:
            return errno.ENOENT
        if file.draft is not None:
            file.draft.truncate(size)
            contact.handed.add(file.draft.data)
        elif size == 0:
            self.show_draft(file, Draft())
        elif size != len(file.version.data):
            return errno.EINVAL
        return 0

    # ---- time ----

    def advance(self, seconds):
        """Time goes by; steps are those of world.advance."""
        self.since_delta += seconds
        for contact in self.contacts:
            if seconds > 5:
                self.expire(contact, seconds)
            if seconds > 1 and contact.held is None and contact.state != SHOWN:
                if contact.state == REMOVED:
                    self.look()
                    if contact.state == REMOVED:
                        self.delete(contact)
                contact.state = SHOWN
            if seconds > 30:
                contact.last_write = None

    def expire(self, contact, seconds):
        for name, file in list(contact.others.items()):
            stays = 3600 if file.temporary and not file.refused else 60 if file.refused else 5
            if file.handles == 0 and seconds > stays:
                self.forget(contact, name)
        if contact.held is not None and contact.held.handles == 0:  # an empty file that nobody filled
            contact.let_go()

    def forget(self, contact, name):
        """A temporary's time is over, or the mount ends: a whole picture that was never sent is not lost."""
        file = contact.others[name]
        data = file.draft.data if file.draft is not None else b""
        old = contact.known.data if contact.known is not None else None
        if not file.alias and is_whole(data) and data not in (old, file.draft.base, *contact.previous, *contact.rejected):
            contact.keep_rejected(data)
        contact.drop(name)

    # ---- ends ----

    def killed(self):
        """What was in memory is gone; the promise of a removal is not."""
        for contact in self.contacts:
            for name in list(contact.others):
                contact.drop(name)
            contact.held = contact.current = None
            contact.state = REMOVED if contact.state == REMOVED else SHOWN
            contact.last_write = None

    def mounted_again(self):
        self.learn()
        for contact in self.contacts:
            if contact.state == REMOVED:
                self.delete(contact)
                contact.state = SHOWN

    def unmounted(self):
        """Nobody has a file open."""
        for contact in self.contacts:
            for name in list(contact.others):
                self.forget(contact, name)
            contact.let_go()
            if contact.state == REMOVED:
                self.look()
                if contact.state == REMOVED:
                    self.delete(contact)
        self.killed()

    # ---- after a fault ----

    def adopt(self, contact, data, previous, rejected):
        """The service's photo and what is kept, as they are now."""
        if (contact.service.data if contact.service is not None else None) != data:
            contact.service = contact.known = Photo(data) if data is not None else None
            contact.photo_changed()
        contact.state = SHOWN
        contact.had.add(data)
        contact.previous = previous
        contact.rejected = [kept for kept in rejected if kept in WHOLE.values() or kept in contact.rejected]
