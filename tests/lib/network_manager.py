"""org.freedesktop.NetworkManager, as far as GNetworkMonitor asks it. Each line of stdin says whether the connection is metered:
"yes" or "no"; it is, to begin with. "ready" is written to stdout when programs can ask."""

import sys

import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

NAME, PATH = "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager"
METERED, NOT_METERED = 1, 2  # NMMetered
CONNECTED, WHOLE_INTERNET = 70, 4  # NMState, NMConnectivityState
INTERFACE = f"""<node><interface name='{NAME}'>
<property name='State' type='u' access='read'/><property name='Connectivity' type='u' access='read'/>
<property name='Metered' type='u' access='read'/>
<signal name='PropertiesChanged'><arg type='a{{sv}}'/></signal>
</interface></node>"""

properties = {"State": CONNECTED, "Connectivity": WHOLE_INTERNET, "Metered": METERED}


def on_line(channel, condition, connection):
    line = sys.stdin.readline()
    if not line:
        loop.quit()
        return False
    properties["Metered"] = METERED if line.strip() == "yes" else NOT_METERED
    changed = {"Metered": GLib.Variant("u", properties["Metered"])}
    connection.emit_signal(None, PATH, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                           GLib.Variant("(sa{sv}as)", (NAME, changed, [])))
    connection.emit_signal(None, PATH, NAME, "PropertiesChanged", GLib.Variant("(a{sv})", (changed,)))
    return True


bus = Gio.bus_get_sync(Gio.BusType.SESSION)
node = Gio.DBusNodeInfo.new_for_xml(INTERFACE)
bus.register_object(PATH, node.interfaces[0], None,
                    lambda connection, sender, path, interface, name: GLib.Variant("u", properties[name]), None)
Gio.bus_own_name_on_connection(bus, NAME, Gio.BusNameOwnerFlags.NONE, lambda *_: print("ready", flush=True), None)
GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, on_line, bus)
loop = GLib.MainLoop()
loop.run()
