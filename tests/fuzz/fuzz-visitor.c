/* Any bytes as what comes to the login's port, and as an address that a person pasted: a code only with our state. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "login/request.h"
#include "net/secret.h"

#include "fuzz.h"

#define STATE "state-of-this-login"

static void
check_query (const char *query)
{
  LoginRequest request = { .state = (char *)STATE };
  g_autoptr (GError) error = NULL;
  char *code = NULL;
  LoginReply reply = login_request_read (&request, query, &code, &error);

  g_assert_true ((code != NULL) == (reply == LOGIN_REPLY_CODE));
  g_assert_true ((error != NULL) == (reply == LOGIN_REPLY_REFUSED));
  if (reply == LOGIN_REPLY_CODE || reply == LOGIN_REPLY_REFUSED) {
    g_autofree char *plain = g_uri_unescape_string (query, NULL);

    g_assert_true (plain == NULL || strstr (plain, STATE) != NULL);
  }
  secret_free (code);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);
  g_autofree char *request = g_malloc (size + 1);
  const char *query, *pasted;

  memcpy (request, data, size);
  request[size] = '\0';
  query = login_request_query (request, size, 1234);
  g_assert_true (query == NULL || memmem (data, size, "127.0.0.1:1234", strlen ("127.0.0.1:1234")) != NULL);
  if (query != NULL)
    check_query (query);
  pasted = login_request_pasted (text);
  if (pasted != NULL)
    check_query (pasted);
  return 0;
}
