/* The error domain of everything between us and Google. */
#include "google/error.h"

G_DEFINE_QUARK (people - error - quark, people_error)
