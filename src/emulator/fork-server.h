/*
 * people-emulator --fork-server: one process that is linked and has started libvips, and from which each emulator that a
 * test wants is forked, in a tenth of the time. Tests start hundreds of them, and they were half of their work.
 *
 * Standard input is a socket (AF_UNIX, SOCK_SEQPACKET); its end is our end. One message is one emulator: the arguments,
 * each with a NUL at its end, and four descriptors: its standard input, output and error, and the end of a pipe that is
 * told, in two native ints, the emulator's process ID at once and its wait status at last.
 */
#pragma once

#include <glib.h>

/* TRUE in an emulator, with the arguments it shall have, which stay for ever; FALSE in the server, when it shall end.
 * Before the first thread, since a fork takes none along. */
gboolean fork_server_run (int *argc, char ***argv);
