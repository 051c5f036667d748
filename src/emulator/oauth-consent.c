/* The consent page. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/oauth-consent.h"

#include "emulator/oauth.h"

void
oauth_consent_ask (Request *request)
{
  g_autoptr (GString) page = g_string_new ("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                                           "<title>An app wants access to your account</title>\n"
                                           "<h1>An app wants access to your account</h1>\n<form method=\"get\">\n");

  for (guint i = 0; i < request->params->len; i++) {
    const RequestParam *param = request->params->pdata[i];
    g_autofree char *input
        = g_markup_printf_escaped ("<input type=\"hidden\" name=\"%s\" value=\"%s\">\n", param->name, param->value);

    g_string_append (page, input);
  }
  g_string_append (page, "<p><label><input type=\"checkbox\" id=\"scope\" name=\"ticked\" value=\"yes\"> See, edit, "
                         "download, and permanently delete your contacts</label>\n"
                         "<p><button id=\"allow\" name=\"decision\" value=\"allow\">Continue</button>\n"
                         "<button id=\"deny\" name=\"decision\" value=\"deny\">Cancel</button>\n</form>\n</html>\n");
  request_answer_text (request, 200, "text/html; charset=UTF-8", page->str);
}

gboolean
oauth_consent_is_decided (const Request *request)
{
  return request_param (request, "decision") != NULL;
}

gboolean
oauth_consent_is_denied (const Request *request)
{
  return g_strcmp0 (request_param (request, "decision"), "deny") == 0;
}

char *
oauth_consent_scope (const Request *request)
{
  g_auto (GStrv) words = g_strsplit (request_param (request, "scope"), " ", -1);
  gboolean ticked = request_param (request, "ticked") != NULL;
  GString *out = g_string_new (NULL);

  for (guint i = 0; words[i] != NULL; i++)
    if (ticked || !g_str_has_prefix (words[i], OAUTH_SCOPE_CONTACTS))
      g_string_append_printf (out, "%s%s", out->len > 0 ? " " : "", words[i]);
  return g_string_free (out->len > 0 ? out : g_string_assign (out, "openid"), FALSE);
}
