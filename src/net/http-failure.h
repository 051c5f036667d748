/*
 * The error for a request that got no answer, with its sentence. Pure.
 */
#pragma once

#include "net/error.h"

typedef enum {
  HTTP_FAILURE_CERTIFICATE, /* it did not verify */
  HTTP_FAILURE_HANDSHAKE,   /* the other side answered, but with no TLS that we speak */
  HTTP_FAILURE_UNREACHABLE, /* no connection came about */
  HTTP_FAILURE_TIMED_OUT,
  HTTP_FAILURE_TOO_MUCH, /* it answered with more than we take */
  HTTP_FAILURE_HOME,     /* an address that a server named leads to this computer */
  HTTP_FAILURE_LOST      /* the connection, on the way */
} HttpFailure;

/* words: the library's own, without a full stop. */
GError *http_failure_new (HttpFailure failure, const char *host, const char *words);
/* TRUE if curl's words speak of a connection that was lost: its code alone does not tell that from one on which something
 * else than TLS is spoken. */
gboolean http_failure_is_loss (const char *words);
