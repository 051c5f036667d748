"""org.freedesktop.Notifications on the session bus: what it is asked to do is written to stdout, a JSON array a line.

["ready"] first; then ["Notify", id, replaces, summary, body, icon] and ["CloseNotification", id]. With --hang it answers
nothing.
"""

import json
import sys

import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

INTERFACE = """<node><interface name='org.freedesktop.Notifications'>
<method name='Notify'><arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>
<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='as' direction='in'/>
<arg type='a{sv}' direction='in'/><arg type='i' direction='in'/><arg type='u' direction='out'/></method>
<method name='CloseNotification'><arg type='u' direction='in'/></method>
</interface></node>"""


class Service:
    def __init__(self, hang):
        self.hang = hang
        self.last = 0

    def say(self, *words):
        print(json.dumps(words), flush=True)

    def on_call(self, connection, sender, path, interface, method, arguments, invocation):
        values, answer = arguments.unpack(), None
        if method == "Notify":
            _, replaces, icon, summary, body, _, _, _ = values
            self.last += 1
            values = (replaces or self.last, replaces, summary, body, icon)
            answer = GLib.Variant("(u)", values[:1])
        if not self.hang:
            invocation.return_value(answer)
            connection.flush_sync()  # who reads what we say may end us
        self.say(method, *values)

    def run(self):
        connection = Gio.bus_get_sync(Gio.BusType.SESSION)
        node = Gio.DBusNodeInfo.new_for_xml(INTERFACE)
        connection.register_object("/org/freedesktop/Notifications", node.interfaces[0], self.on_call, None, None)
        Gio.bus_own_name_on_connection(connection, "org.freedesktop.Notifications", Gio.BusNameOwnerFlags.NONE,
                                       lambda *_: self.say("ready"), None)
        GLib.MainLoop().run()


Service("--hang" in sys.argv).run()
