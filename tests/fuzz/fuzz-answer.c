/* Any status and bytes as what the People API or a token service answers, and any text as a Content-Type: whatever they
 * are, a sentence about them is one line that a terminal can show. The first two bytes are the status. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "account/token-endpoint.h"
#include "net/json.h"
#include "net/text.h"
#include "people/answer.h"
#include "people/photo.h"

#include "fuzz.h"

static void
check_sentence (const char *sentence)
{
  g_assert_true (g_utf8_validate (sentence, -1, NULL));
  for (const char *p = sentence; *p != '\0'; p = g_utf8_next_char (p))
    g_assert_false (g_unichar_iscntrl (g_utf8_get_char (p)) || text_is_invisible (g_utf8_get_char (p)));
}

static void
check_answer (guint status, GBytes *body)
{
  static const AnswerRequest requests[]
      = { { 0 }, { .listing = TRUE }, { .listing = TRUE, .sync_token = TRUE }, { .change = TRUE } };

  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++) {
    g_autoptr (GError) error = NULL;

    answer_judge (status, body, &requests[i], &error);
    g_assert_nonnull (error);
    check_sentence (error->message);
  }
}

static void
check_response (guint status, GBytes *body)
{
  g_autoptr (GBytes) form = token_endpoint_form ("client_id", "id", "refresh_token", "1//secret-token", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (TokenResponse) response
      = token_response_parse (status, body, form, "https://oauth2.googleapis.com/token", &error);

  g_assert_true ((response != NULL) == (error == NULL));
  if (error != NULL)
    check_sentence (error->message);
  if (response == NULL || response->words == NULL)
    return;
  check_sentence (response->words);
  check_sentence (response->code);
  check_sentence (response->subtype);
  g_assert_null (strstr (response->words, "1//secre"));
}

/* As http-transfer.c hands it on. */
static void
check_type (const char *text)
{
  g_autofree char *type = text_clean (text);
  g_autoptr (GError) error = NULL;

  if (!photo_type_allowed (type, &error))
    check_sentence (error->message);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  guint status = size >= 2 ? (guint)(data[0] << 8 | data[1]) % 1000 : 0;
  g_autoptr (GBytes) body = size >= 2 ? g_bytes_new (data + 2, size - 2) : g_bytes_new (NULL, 0);
  g_autofree char *text = size >= 2 ? g_strndup ((const char *)data + 2, size - 2) : g_strdup ("");

  if (status < 200 || status >= 300)
    check_answer (status, body);
  check_response (status, body);
  check_type (text);
  text_says (text, "photo");
  return 0;
}
