"""The name of the pointer's shape, which tells a person what a drop would do: "dnd-copy", "dnd-none" … (XFixes)."""

import ctypes


class _Image(ctypes.Structure):
    _fields_ = [*((name, ctypes.c_ushort) for name in ("x", "y", "width", "height", "x_hot", "y_hot")),
                ("serial", ctypes.c_ulong), ("pixels", ctypes.c_void_p), ("atom", ctypes.c_ulong), ("name", ctypes.c_char_p)]


class Pointer:
    def __init__(self, display):
        self.x11 = ctypes.CDLL("libX11.so.6")
        self.fixes = ctypes.CDLL("libXfixes.so.3")
        self.x11.XOpenDisplay.restype = ctypes.c_void_p
        self.fixes.XFixesGetCursorImage.restype = ctypes.POINTER(_Image)
        self.display = ctypes.c_void_p(self.x11.XOpenDisplay(display.encode()))
        major, minor = ctypes.c_int(2), ctypes.c_int(0)  # the first that has names
        self.fixes.XFixesQueryExtension(self.display, ctypes.byref(major), ctypes.byref(minor))
        major, minor = ctypes.c_int(2), ctypes.c_int(0)
        self.fixes.XFixesQueryVersion(self.display, ctypes.byref(major), ctypes.byref(minor))

    def shape(self):
        image = self.fixes.XFixesGetCursorImage(self.display)
        name = (image.contents.name or b"").decode()
        self.x11.XFree(image)
        return name

    def close(self):
        self.x11.XCloseDisplay(self.display)
