/* Any bytes as JSON: it is refused, or every text in it is UTF-8; cleaned, it can be printed and read again. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "net/json.h"
#include "net/text.h"

#include "fuzz.h"

static void
check (const JsonValue *value, guint depth)
{
  g_assert_cmpuint (depth, <=, 64);
  g_assert_true (json_text (value) == NULL || g_utf8_validate (json_text (value), -1, NULL));
  for (const JsonValue *element = json_first (value); element != NULL; element = json_next (element))
    check (element, depth + 1);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (JsonValue) root = json_parse ((const char *)data, size, NULL), again = NULL;
  g_autofree char *printed = NULL;

  if (root == NULL)
    return 0;
  check (root, 0);
  json_clean (root);
  printed = json_print (root);
  g_assert_true (g_utf8_validate (printed, -1, NULL));
  for (const char *p = printed; *p != '\0'; p = g_utf8_next_char (p))
    g_assert_false (g_unichar_iscntrl (g_utf8_get_char (p)) || text_is_invisible (g_utf8_get_char (p)));
  again = json_parse (printed, strlen (printed), NULL);
  g_assert_nonnull (again);
  return 0;
}
