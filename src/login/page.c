/* The pages. No script: the content security policy allows the style alone. */
#define G_LOG_DOMAIN "contactfs"

#include "login/page.h"

#include <string.h>

static const struct {
  const char *status, *title, *mark, *color;
} pages[] = {
  [LOGIN_PAGE_DONE] = { "200 OK", "You are logged in", "✓", "good" },
  [LOGIN_PAGE_FAILED] = { "200 OK", "The login did not work", "✗", "bad" },
  [LOGIN_PAGE_FOREIGN] = { "400 Bad Request", "This belongs to another login", "✗", "bad" },
  [LOGIN_PAGE_MISSING] = { "404 Not Found", "There is nothing here", "–", "bad" },
};

static const char page_format[]
    = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n"
      "<title>%s – contactfs</title>\n"
      "<style>\n"
      ":root { --page: #f6f7f9; --card: #fff; --text: #1d2129; --good: #17693a; --bad: #a3261b }\n"
      "@media (prefers-color-scheme: dark) {\n"
      "  :root { --page: #16181d; --card: #22252c; --text: #eceef2; --good: #6fd79a; --bad: #ff9d92 }\n"
      "}\n"
      "body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--page);\n"
      "  color: var(--text); font: 1.125rem/1.5 system-ui, sans-serif }\n"
      "main { background: var(--card); margin: 1rem; padding: 2.5rem; max-width: 34rem; border-radius: 1rem }\n"
      "h1 { font-size: 1.6rem; margin: 0 0 1rem }\n"
      ".good { color: var(--good) } .bad { color: var(--bad) }\n"
      "p { margin: 0 0 .75rem; overflow-wrap: anywhere }\n"
      "p::first-letter { text-transform: uppercase }\n"
      "</style>\n</head>\n<body>\n<main>\n"
      "<h1><span class=\"%s\" aria-hidden=\"true\">%s</span> %s</h1>\n"
      "<p role=\"status\">%s</p>\n<p>You can close this page and go back to the terminal.</p>\n"
      "</main>\n</body>\n</html>\n";

GBytes *
login_page_answer (LoginPage page, const char *words)
{
  g_autofree char *html = g_markup_printf_escaped (page_format, pages[page].title, pages[page].color, pages[page].mark,
                                                   pages[page].title, words);
  char *answer = g_strdup_printf ("HTTP/1.1 %s\r\n"
                                  "Content-Type: text/html; charset=utf-8\r\n"
                                  "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                                  "Cache-Control: no-store\r\n"
                                  "Referrer-Policy: no-referrer\r\n"
                                  "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
                                  "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
                                  "X-Content-Type-Options: nosniff\r\n"
                                  "Connection: close\r\n\r\n%s",
                                  pages[page].status, strlen (html), html);

  return g_bytes_new_take (answer, strlen (answer));
}
