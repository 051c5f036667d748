/* Sentences for requests that got no answer. */
#define G_LOG_DOMAIN "contactfs"

#include "net/http-failure.h"

#include <string.h>

GError *
http_failure_new (HttpFailure failure, const char *host, const char *words)
{
  switch (failure) {
  case HTTP_FAILURE_CERTIFICATE:
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_TLS,
                        "the certificate of %s did not verify (%s): check this computer's clock and its certificate "
                        "authorities ($SSL_CERT_FILE)",
                        host, words);
  case HTTP_FAILURE_HANDSHAKE:
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_TLS,
                        "%s, or something on the way to it, does not speak TLS 1.2 or newer (%s): check --api-url, and "
                        "what looks into secure connections here",
                        host, words);
  case HTTP_FAILURE_UNREACHABLE:
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE, "%s cannot be reached (%s): check the network", host,
                        words);
  case HTTP_FAILURE_TIMED_OUT:
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT, "%s did not answer in time (%s): try again later", host,
                        words);
  case HTTP_FAILURE_TOO_MUCH:
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER, "%s answered with more than contactfs takes (%s)", host,
                        words);
  case HTTP_FAILURE_HOME:
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                        "the address that the service gave leads to this computer itself, by %s: it is not asked",
                        host);
  case HTTP_FAILURE_LOST:
    break;
  }
  return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_SERVER, "the connection to %s was lost (%s): try again later", host,
                      words);
}

gboolean
http_failure_is_loss (const char *words)
{
  return words[0] == '\0' || strstr (words, "failure:") != NULL || strstr (words, "SSL_ERROR_SYSCALL") != NULL
         || strstr (words, "unexpected eof") != NULL || strstr (words, "reset by peer") != NULL;
}
