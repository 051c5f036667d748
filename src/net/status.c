/* The table of HTTP statuses. */
#define G_LOG_DOMAIN "contactfs"

#include "net/status.h"

#define CHECK_URL "check --api-url; the picture is not to blame"
#define LATER     "try again later"

/* The first row that fits counts. */
static const StatusMeaning meanings[] = {
  { 206, 206, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "the service sent a part of its answer, which nobody asked for",
    CHECK_URL },
  { 200, 299, PEOPLE_ERROR_BAD_ANSWER, ANSWER_DONE, "", "" },
  { 304, 304, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "the service says that nothing has changed, which nobody asked",
    CHECK_URL },
  { 300, 399, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL,
    "the service points to another address, and contactfs does not show the login there", CHECK_URL },

  { 400, 400, PEOPLE_ERROR_INVALID, ANSWER_FINAL, "Google refused the request", "look at what was sent" },
  { 401, 401, PEOPLE_ERROR_AUTH, ANSWER_NEW_TOKEN, "Google does not accept the access token", NULL },
  { 402, 402, PEOPLE_ERROR_PERMISSION, ANSWER_FINAL, "Google wants to be paid for the project first",
    "look at its billing in the Google Cloud console" },
  { 403, 403, PEOPLE_ERROR_PERMISSION, ANSWER_FINAL, "Google does not permit it", NULL },
  { 404, 404, PEOPLE_ERROR_NOT_FOUND, ANSWER_FINAL, "Google does not have it", "it was removed elsewhere" },
  { 407, 407, PEOPLE_ERROR_UNREACHABLE, ANSWER_FINAL, "the proxy wants a login before it lets anybody through",
    "write it into https_proxy, or name the service in no_proxy" },
  { 408, 408, PEOPLE_ERROR_SERVER, ANSWER_AGAIN, "the service waited too long for the whole request", LATER },
  /* ABORTED: nothing of it was done. A second program that changes contacts is done in seconds, or never. */
  { 409, 409, PEOPLE_ERROR_CONFLICT, ANSWER_AGAIN, "another program is changing this address book at the moment",
    LATER },
  { 410, 410, PEOPLE_ERROR_NOT_FOUND, ANSWER_FINAL, "Google does not have it any more", "it was removed elsewhere" },
  { 412, 412, PEOPLE_ERROR_STALE_ETAG, ANSWER_FINAL, "the contact has changed at Google meanwhile", "try again" },
  { 413, 413, PEOPLE_ERROR_TOO_LARGE, ANSWER_FINAL, "the picture is too large for Google", "use a smaller one" },
  /* The next attempt gets a connection of its own: see http-transport.c. */
  { 421, 421, PEOPLE_ERROR_SERVER, ANSWER_AGAIN, "the request came to a server that is not the service's", LATER },
  { 423, 423, PEOPLE_ERROR_CONFLICT, ANSWER_AGAIN, "the contact is locked at the moment", LATER },
  { 425, 425, PEOPLE_ERROR_SERVER, ANSWER_AGAIN, "the service would not take the request so early", LATER },
  { 429, 429, PEOPLE_ERROR_RATE, ANSWER_AGAIN, "Google asks to slow down", "try again in a minute" },
  { 451, 451, PEOPLE_ERROR_PERMISSION, ANSWER_FINAL, "the law keeps the service from doing it", NULL },
  { 499, 499, PEOPLE_ERROR_SERVER, ANSWER_AGAIN, "the service gave the request up", LATER }, /* CANCELLED */
  { 400, 499, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "the service does not take requests of this kind", CHECK_URL },

  { 501, 501, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "the service does not know this request", CHECK_URL },
  { 505, 506, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "the service speaks another HTTP", CHECK_URL },
  { 508, 508, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "the service goes round in circles", CHECK_URL },
  { 510, 510, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "the service wants more than the People API knows", CHECK_URL },
  { 511, 511, PEOPLE_ERROR_UNREACHABLE, ANSWER_FINAL, "the network wants a login before it lets anybody through",
    "open any page in a browser, and log in there" },
  { 500, 599, PEOPLE_ERROR_SERVER, ANSWER_AGAIN, "Google has trouble answering", LATER },

  /* 1xx as the end of an answer, and what is no status of HTTP. */
  { 0, G_MAXUINT, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "the service gave an answer that is none of the People API",
    CHECK_URL },
};

const StatusMeaning *
status_meaning (guint status)
{
  const StatusMeaning *row = meanings;

  while (status < row->first || status > row->last)
    row++;
  return row;
}

GError *
status_error (guint status, const char *words)
{
  const StatusMeaning *meaning = status_meaning (status);

  return g_error_new (PEOPLE_ERROR, meaning->code, "%s (%u%s%s)%s%s", meaning->what, status, words != NULL ? ": " : "",
                      words != NULL ? words : "", meaning->todo != NULL ? ": " : "",
                      meaning->todo != NULL ? meaning->todo : "");
}

static gboolean
looks_like_html (GBytes *body)
{
  gsize size;
  const char *data = g_bytes_get_data (body, &size);

  while (size > 0 && g_ascii_isspace (*data)) {
    data++;
    size--;
  }
  return size > 0 && *data == '<';
}

const char *
status_body_kind (GBytes *body)
{
  return g_bytes_get_size (body) == 0 ? "no words" : looks_like_html (body) ? "a page of HTML" : "no JSON";
}

char *
status_describe_body (guint status, GBytes *body)
{
  return g_strdup_printf ("the front end answered %u (%s)", status, status_body_kind (body));
}
