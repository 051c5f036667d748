"""What the model believes of contactfs: docs/semantics.md in plain Python, without FUSE and without a network.

Every operation of Model changes the model and answers the errno that the contract promises, 0 for success; what the
contract leaves open is a set. contact.py has what the model knows of one contact. Its time is Model.now: seconds of the
mount's clock, which machine.py tells it by tick().

Nothing here asks the mount. Only after a fault, whose outcome the contract leaves to the service, adopt() takes over what
the service holds then, once what must be true of it was seen.
"""

import errno
import os

from contact import MOVED, PHOTO, PROFILE, REMOVED, SHOWN, TEMPORARY, Draft, File, Handle, Photo, Timer
from samples import WHOLE, is_whole, may_begin

NEWS_FRESH = 10  # seconds after a delta in which a change asks for no other
EMPTY, ALIAS, REFUSED, HOUR = 5, 5, 60, 3600  # how long a file that nobody has open stays
JUST_NOW = 30  # seconds in which an unlink takes back the same process's write
UNSURE = 0.5  # seconds before and after a moment in which it is not sure to have come


class Model:
    def __init__(self, contacts, now):
        self.contacts = contacts
        self.now = now
        self.fresh = Timer()  # news are, until then
        self.learn()

    # ---- the service ----

    def look(self):
        """A change asks for news first, unless a delta has just come."""
        if self.fresh.is_due(self.now):
            self.learn()

    def learn(self):
        """A delta."""
        self.fresh.set(self.now, NEWS_FRESH)
        for contact in self.contacts:
            if contact.service is not contact.known:
                contact.known = contact.service
                if contact.state == REMOVED:
                    contact.show_again()  # the new one is kept
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
        contact.photo_changed()
        return 0

    def delete(self, contact):
        self.look()
        if contact.known is not None:
            contact.keep_previous(contact.known.data)
            contact.service = contact.known = None
            contact.photo_changed()

    # ---- open, write, close ----

    def show_draft(self, file, draft):
        file.draft = draft
        file.alias = False
        if file.kind == PHOTO and file.linked:
            file.contact.hold(file)

    def begin_empty(self, file):
        if file.draft is not None and file.kind == "other" and file.temporary:
            file.draft.truncate(0)
        else:
            self.show_draft(file, Draft())
        return file.draft

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

    def look_into(self, contact, name):
        """Somebody opens it, reads it, and closes it: a file that nobody has open stays longer."""
        code, handle = self.open(None, contact, name, os.O_RDONLY)
        if code == 0:
            self.release(handle)

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

    def note_write(self, worker, file, photo):
        if file.linked or file.kind == PHOTO:
            file.contact.last_write = (worker, file.name, photo)
            file.contact.last_write_counts.set(self.now, JUST_NOW)

    def flush(self, handle):
        """close and fsync: what was written is sent."""
        file, draft = handle.file, handle.draft
        if not handle.writable or draft is None:
            return 0
        if draft.refusal:
            return draft.refusal
        if not draft.dirty or not draft.data or not file.meant:
            return 0
        if draft.is_untouched():
            draft.dirty = False
            return 0
        contact = file.contact
        code = errno.EINVAL if draft.is_appended() or draft.unfit else self.send(contact, draft.data)
        if code != 0:
            draft.unfit = True
            self.note_write(handle.worker, file, None)
            return code
        draft.take()
        self.note_write(handle.worker, file, contact.known)
        if file.kind == "other" and file.linked:
            file.alias = True
            file.version = contact.known
            file.forget.set(self.now, ALIAS)
        self.show_service_photo(file)
        return 0

    @staticmethod
    def show_service_photo(file):
        """The draft is over for who looks at the folder."""
        contact = file.contact
        contact.show_again()
        if contact.held is file:
            contact.let_go()
        else:
            contact.end_empty()

    def close(self, handle):
        code = self.flush(handle)
        self.release(handle)
        return code

    def release(self, handle):
        """The last close; a draft that is still not sent is sent or put aside."""
        file, draft = handle.file, handle.draft
        file.handles -= 1
        if draft is None:
            if file.handles == 0 and file.kind == "other" and file.linked:
                file.forget.set(self.now, ALIAS if file.alias else HOUR)
            return
        draft.handles -= 1
        if draft.handles > 0:
            return
        if draft.dirty and draft.data and file.meant and not draft.is_untouched():
            if draft.unfit or draft.is_appended():
                file.contact.keep_rejected(draft.data)
                draft.dirty = False
            else:  # written to after its last flush, by a handle that is gone
                self.send(file.contact, draft.data)
        self.draft_over(file, draft)

    def draft_over(self, file, draft):
        contact = file.contact
        if file.draft is not draft:
            return
        if file.kind == PHOTO:
            if contact.held is file and not draft.data:
                file.forget.set(self.now, EMPTY)
                return
            file.draft = None
            if contact.held is file:
                self.show_service_photo(file)
        elif not file.linked:
            file.draft = None
        elif file.alias:
            self.settle_alias(file)
        elif file.temporary:
            file.forget.set(self.now, HOUR)
        elif not draft.data:
            file.forget.set(self.now, EMPTY)
        else:
            contact.drop(file.name)  # it was no picture

    def settle_alias(self, file):
        contact = file.contact
        if file.version is not contact.known:
            contact.drop(file.name)
            return
        alias = File(contact, file.name, file.version)
        contact.put(alias, file.name)
        alias.alias = True
        alias.forget.set(self.now, ALIAS)

    # ---- names ----

    def mknod(self, worker, contact, name):
        code, handle = self.open(worker, contact, name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        if handle is not None:
            self.release(handle)
        return code

    def takes_back(self, worker, contact, name):
        """Whether an unlink takes back what its process wrote just now and was refused."""
        write = contact.last_write
        if write is None or write[:2] != (worker, name):
            return False
        contact.last_write = None
        return write[2] is None and contact.known is not None and not contact.last_write_counts.is_due(self.now)

    def unlink(self, worker, contact, name):
        refused = self.takes_back(worker, contact, name)
        file = contact.find(name)
        if file is None:
            return errno.ENOENT
        if name != PHOTO:
            contact.drop(name)
            return 0
        if contact.held is not None:
            file.linked = False
            contact.let_go()
        if contact.state != SHOWN:
            contact.successor_gone(self.now)
        elif contact.known is not None:
            contact.set_state(MOVED if refused else REMOVED, self.now)
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
                contact.show_again()
                return 0
            file.draft = Draft(file.version.data, file.version.data)
            file.alias = False
        if new_name in TEMPORARY:
            if contact is not new_contact:
                return errno.EXDEV
            contact.put(file, new_name)
            if file.handles == 0:
                file.forget.set(self.now, HOUR)
            return 0
        return self.rename_to_photo(file, new_contact, new_name)

    def rename_to_photo(self, file, new_contact, new_name):
        data = file.draft.data
        new_contact.handed.add(data)
        code = self.send(new_contact, data)
        new_contact.show_again()
        if code != 0:
            if data:
                new_contact.keep_rejected(data)
            if file.handles == 0:
                file.forget.set(self.now, REFUSED)
            return code
        file.draft.take()
        if new_name != PHOTO:
            new_contact.put(file, new_name)
            file.alias = True
            file.version = new_contact.known
            file.forget.set(self.now, ALIAS)
            if file.handles == 0:
                self.settle_alias(file)
            return 0
        del file.contact.others[file.name]
        file.forget.stop()
        new_contact.end_empty()
        file.contact, file.name, file.kind, file.alias = new_contact, PHOTO, PHOTO, False
        if file.handles == 0:
            file.draft = None
        return 0

    def rename_photo(self, file, contact, new_contact, new_name):
        if contact is not new_contact:
            if file.draft is not None or new_name in TEMPORARY:
                return errno.EXDEV
            moved = file.version
            new_contact.handed.add(moved.data)
            code = self.send(new_contact, moved.data)
            new_contact.show_again()
            if code == 0 and contact.known is not None and contact.known is not moved:
                return errno.EAGAIN  # it has another one by now, which stays
            if code == 0:
                self.delete(contact)
            return code
        was_shown = file.draft is None
        if was_shown:
            file.draft = Draft(file.version.data, file.version.data)
        if contact.held is file:
            contact.held = None
        contact.current = None
        contact.put(file, new_name)
        file.temporary = was_shown or file.temporary
        file.forget.set(self.now, HOUR)
        if contact.known is not None and contact.state == SHOWN:
            contact.set_state(MOVED, self.now)
        else:
            contact.successor_gone(self.now)
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
            file.forget.set(self.now, EMPTY)
        elif size != len(file.version.data):
            return errno.EINVAL
        return 0

    # ---- time ----

    def timers(self):
        return [self.fresh, *(timer for contact in self.contacts for timer in contact.timers())]

    def is_sure(self, now):
        """Whether nothing is about to happen: the mount may be a little before or behind."""
        return all(timer.at is None or abs(timer.at - now) > UNSURE for timer in self.timers())

    def tick(self, now):
        """It is now, and what was due happens."""
        self.now = now
        for contact in self.contacts:
            for name, file in list(contact.others.items()):
                if file.forget.is_due(now):
                    self.expire(contact, name, file)
            held = contact.held
            was_away = contact.away.is_due(now)
            if held is not None and held.forget.is_due(now):
                if held.handles > 0:
                    held.forget.set(now, held.forget.seconds)
                else:  # an empty file that nobody filled
                    contact.let_go()
                    contact.successor_gone(now)
            if was_away:
                self.end_wait(contact)

    def expire(self, contact, name, file):
        if file.handles > 0:
            file.forget.set(self.now, file.forget.seconds)
        else:
            self.forget(contact, name)

    def end_wait(self, contact):
        if contact.state == REMOVED:
            self.look()
        if contact.state == REMOVED:
            self.delete(contact)
        contact.show_again()

    @staticmethod
    def forget(contact, name):
        """A temporary's time is over, or the mount ends: a whole picture that was never sent is not lost."""
        file = contact.others[name]
        if file.draft is not None and not file.alias and is_whole(file.draft.data):
            old = contact.known.data if contact.known is not None else None
            if file.draft.data not in (old, file.draft.base, *contact.previous, *contact.rejected):
                contact.keep_rejected(file.draft.data)
        contact.drop(name)

    # ---- ends ----

    def killed(self):
        """What was in memory is gone; the promise of a removal is not."""
        for contact in self.contacts:
            for name in list(contact.others):
                contact.drop(name)
            contact.held = contact.current = contact.last_write = None
            contact.away.stop()
            if contact.state == MOVED:
                contact.show_again()

    def mounted_again(self, now):
        self.now = now
        self.learn()
        for contact in self.contacts:
            self.end_wait(contact)

    def unmounted(self):
        """Nobody has a file open."""
        for contact in self.contacts:
            for name in list(contact.others):
                self.forget(contact, name)
            contact.let_go()
            self.end_wait(contact)
        self.killed()

    # ---- after a fault ----

    @staticmethod
    def adopt(contact, data, previous, rejected):
        """The service's photo and what is kept, as they are now."""
        if (contact.service.data if contact.service is not None else None) != data:
            contact.service = contact.known = Photo(data) if data is not None else None
            contact.photo_changed()
        contact.show_again()
        contact.previous = previous
        contact.rejected = [kept for kept in rejected if kept in WHOLE.values() or kept in contact.rejected]
