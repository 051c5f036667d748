/* The error domain of everything between us and Google. */
#include "net/error.h"

G_DEFINE_QUARK (contactfs_people_error_quark, people_error)
