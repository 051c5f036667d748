"""The steps that hypothesis draws: time, what other devices do, what goes wrong, and ends of the mount."""

import errno
import os

import hypothesis.strategies as st
from compare import CONTACTS, WORKERS, Compare, Steps, step
from contact import PHOTO, Contact, Photo
from hypothesis.stateful import initialize
from samples import WHOLE

workers = st.integers(0, WORKERS - 1)
contacts = st.integers(0, CONTACTS - 1)
whole_pictures = st.sampled_from(sorted(WHOLE))

# What goes wrong at the service with one upload: the orders to people-emulator, and the errnos that the contract's table
# has for it (0: it must succeed).
REFUSED = {"action": "status", "status": 403, "reason": "PERMISSION_DENIED"}
FAULTS = {
    "answer lost": ([{"action": "lost-answer"}], {0}),
    "answer lost, then refused": ([{"action": "lost-answer"}, REFUSED], {0, errno.EACCES}),
    "answer lost, then invalid": ([{"action": "lost-answer"}, {"action": "status", "status": 400, "reason": "INVALID_ARGUMENT"}],
                                  {0, errno.EINVAL}),
    "answer cut": ([{"action": "cut"}], {0}),
    "answer without sense": ([{"action": "garbage"}], {0, errno.EIO}),
    "answer of before": ([{"action": "stale"}], {0}),
    "503 once": ([{"action": "status", "status": 503}], {0}),
    "429 once": ([{"action": "status", "status": 429}], {0}),
    "reset once": ([{"action": "reset"}], {0}),
    "503 to the end": ([{"action": "status", "status": 503, "times": -1}], {errno.EIO}),
    "429 to the end": ([{"action": "status", "status": 429, "times": -1}], {errno.EAGAIN}),
    "hangs": ([{"action": "hang", "times": -1}], {errno.ETIMEDOUT}),
    "refused": ([REFUSED], {errno.EACCES}),
    "invalid": ([{"action": "status", "status": 400, "reason": "INVALID_ARGUMENT"}], {errno.EINVAL}),
    "gone": ([{"action": "status", "status": 404}], {errno.ENOENT}),
}
REMOVAL_FAULTS = ("answer lost", "answer lost, then refused", "503 once", "reset once", "refused", "gone", "503 to the end")


def data_of(photo):
    return photo.data if photo is not None else None


class Elsewhere(Compare):
    @initialize(photos=st.tuples(*[st.sampled_from((None, *sorted(WHOLE)))] * CONTACTS))
    def begin(self, photos):
        self.steps.append(("begin", {"photos": photos}))
        with self.trying():
            self.world = Steps.take_world()
            self.meet([self.make_person(f"P{{}} {letter}", photo) for letter, photo in zip("ABC", photos)])

    def make_person(self, pattern, photo):
        """Somebody new, by a name that nobody had."""
        Steps.born += 1
        name = pattern.format(Steps.born)
        resource = self.world.emulator.create_person(*name.split())
        if photo is not None:
            self.world.emulator.set_photo(resource, WHOLE[photo])
        return Contact(name, resource, WHOLE.get(photo))

    # ---- time ----

    @step(seconds=st.sampled_from((2, 7, 7, 70, 3700)))
    def wait(self, seconds):
        self.pass_time(seconds)

    @step(days=st.sampled_from((-400, -1, 1, 30)))
    def set_the_clock(self, days):
        self.world.clock.set_wall(days * 86400)

    # ---- other devices ----

    @step(whose=contacts, picture=st.sampled_from((None, *sorted(WHOLE))), quiet=st.booleans())
    def change_elsewhere(self, whose, picture, quiet):
        """Another device sets or removes a photo; quiet: the mount has not heard of it yet."""
        contact = self.model.contacts[whose]
        self.pass_time(15)  # the next change asks for news
        self.agree()  # what was heard of meanwhile is read: a photo that is replaced unread is fetched as it is then
        self.set_elsewhere(contact, WHOLE.get(picture))
        if not quiet:
            self.hear_of_it()

    def set_elsewhere(self, contact, data):
        if data is not None:
            self.world.emulator.set_photo(contact.resource, data)
            contact.service = Photo(data)
        elif contact.service is not None:
            self.world.emulator.remove_photo(contact.resource)
            contact.service = None

    def rename_people(self, names):
        """The service calls them otherwise, and one delta tells it. Whoever comes to a name that is taken has his id behind it."""
        self.pass_time(2)  # a removal that waits would tell the new name of one of them, before the delta does
        changed = sorted((contact for contact in names if names[contact] != contact.called), key=lambda contact: contact.resource)
        for contact in changed:
            self.world.emulator.rename_person(contact.resource, *names[contact].split())
            contact.called, contact.name = names[contact], None
        for contact in changed:
            taken = any(other.name == contact.called for other in self.model.contacts)
            contact.name = f"{contact.called} ({contact.resource.removeprefix('people/')})" if taken else contact.called
        self.hear_of_it()

    @step(whose=contacts)
    def rename_person(self, whose):
        Steps.born += 1
        self.rename_people({self.model.contacts[whose]: f"R{Steps.born} {'ABC'[whose]}"})

    @step(whose=contacts, other=contacts)
    def swap_names(self, whose, other):
        one, two = self.model.contacts[whose], self.model.contacts[other]
        self.rename_people({one: two.called, two: one.called})

    @step(whose=contacts, other=contacts)
    def call_alike(self, whose, other):
        one, two = self.model.contacts[whose], self.model.contacts[other]
        self.rename_people({one: two.called})

    @step(whose=contacts, photo=st.sampled_from((None, *sorted(WHOLE))))
    def replace_person(self, whose, photo):
        """Somebody is deleted, and somebody else comes."""
        gone = self.model.contacts[whose]
        self.calm()
        self.world.emulator.delete_person(gone.resource)
        self.model.contacts[whose] = self.make_person(f"N{{}} {'ABC'[whose]}", photo)
        self.hear_of_it()
        assert not os.path.exists(self.path(gone)), f"{gone.name} was deleted, and is still there"

    # ---- faults ----

    @step(worker=workers, whose=contacts, picture=whole_pictures, fault=st.sampled_from(sorted(FAULTS)))
    def upload_goes_wrong(self, worker, whose, picture, fault):
        contact = self.model.contacts[whose]
        self.calm()
        old = data_of(contact.service)
        if WHOLE[picture] != old:
            orders, allowed = FAULTS[fault]
            code = self.upload_meets(orders, worker, contact, picture, allowed)
            self.after_fault(contact, old, WHOLE[picture], code)

    @step(worker=workers, whose=contacts, fault=st.sampled_from(REMOVAL_FAULTS))
    def removal_goes_wrong(self, worker, whose, fault):
        contact = self.model.contacts[whose]
        self.calm()
        if contact.service is None:
            return
        old = contact.service.data
        orders, allowed = FAULTS[fault]
        self.order(orders, "*:deleteContactPhoto*", "DELETE")
        self.call(worker, 0, "unlink", self.path(contact, PHOTO))
        self.world.clock.advance(2)
        self.world.mount.status()
        self.world.let_changes_end()
        self.after_fault(contact, old, None, 0 if allowed == {0} else None)

    @step(worker=workers, whose=contacts, picture=whole_pictures)
    def allowance_is_used_up(self, worker, whose, picture):
        """Google's daily allowance: changes fail at once, rm too, until some minutes have gone by."""
        contact = self.model.contacts[whose]
        self.calm()
        old = data_of(contact.service)
        if WHOLE[picture] == old:
            return
        code = self.upload_meets([{"action": "quota", "times": -1}], worker, contact, picture, {errno.EAGAIN})
        self.world.emulator.clear_faults()
        if old is not None:
            self.call(worker, errno.EAGAIN, "unlink", self.path(contact, PHOTO))
        while self.world.mount.status()["changes_paused_until"]:
            self.pass_time(400)
        self.after_fault(contact, old, WHOLE[picture], code)
        if data_of(contact.service) == WHOLE[picture]:
            return
        # The first answer ends it for good. Else a clock that is set back, and a new mount, would bring it back.
        old = data_of(contact.service)
        code = self.upload_meets([], worker, contact, picture, {0})
        self.after_fault(contact, old, WHOLE[picture], code)

    # ---- the mount ends ----

    @step()
    def unmount(self):
        self.close_all()
        self.world.unmount()
        self.model.unmounted()
        self.world.start()
        self.model.mounted_again(self.world.clock.now())

    @step(whose=contacts, picture=st.sampled_from((None, None, *sorted(WHOLE))))
    def kill(self, whose, picture):
        """kill -9; maybe another device changes a photo before the next mount."""
        self.world.kill()
        for handle, fd in self.handles:
            self.world.call(handle.worker, "close", fd)
        self.handles.clear()
        self.model.killed()
        if picture is not None:
            self.set_elsewhere(self.model.contacts[whose], WHOLE[picture])
        self.world.start()
        self.model.mounted_again(self.world.clock.now())
