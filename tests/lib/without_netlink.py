#!/usr/bin/python3
"""without_netlink.py PROGRAM…: runs it where the kernel has no netlink sockets, so that it tells of no connection whose it is."""

import ctypes
import errno
import os
import socket
import sys

ALLOW, ERRNO, EQUAL = 0x7FFF0000, 0x00050000, 4


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(ALLOW)))
is_netlink = Comparison(0, EQUAL, socket.AF_NETLINK, 0)
number = seccomp.seccomp_syscall_resolve_name(b"socket")
assert seccomp.seccomp_rule_add_array(context, ctypes.c_uint32(ERRNO | errno.EAFNOSUPPORT), number, 1, ctypes.byref(is_netlink)) == 0
assert seccomp.seccomp_load(context) == 0
os.execvp(sys.argv[1], sys.argv[1:])
