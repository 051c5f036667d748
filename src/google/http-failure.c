/* Sentences for requests that got no answer. */
#define G_LOG_DOMAIN "contactfs"

#include "google/http-failure.h"

GError *
http_failure_new (PeopleError code, const char *host, const char *words)
{
  switch (code) {
  case PEOPLE_ERROR_TLS:
    return g_error_new (PEOPLE_ERROR, code,
                        "The certificate of %s did not verify (%s): check this computer's clock and its certificate "
                        "authorities ($SSL_CERT_FILE)",
                        host, words);
  case PEOPLE_ERROR_UNREACHABLE:
    return g_error_new (PEOPLE_ERROR, code, "%s cannot be reached (%s): check the network", host, words);
  case PEOPLE_ERROR_TIMED_OUT:
    return g_error_new (PEOPLE_ERROR, code, "%s did not answer in time (%s): try again later", host, words);
  case PEOPLE_ERROR_BAD_ANSWER:
    return g_error_new (PEOPLE_ERROR, code, "%s answered with more than contactfs takes (%s)", host, words);
  default:
    return g_error_new (PEOPLE_ERROR, code, "The connection to %s was lost (%s): try again later", host, words);
  }
}
