/*
 * people.connections.list: pages, sync tokens and deltas.
 *
 *   first page ─ snapshot of everybody, or of what changed since the sync token ─ pages by offset ─ last page:
 * nextSyncToken
 */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/clock.h"
#include "emulator/errors.h"
#include "emulator/params.h"
#include "emulator/routes.h"

#define METHOD            "people.connections/list"
#define DEFAULT_PAGE_SIZE 100
#define MAX_PAGE_SIZE     1000

static const ParamSpec params[] = {
  { "pageSize", PARAM_INT },
  { "pageToken" },
  { "personFields" },
  { "requestMask.includeField" },
  { "requestSyncToken", PARAM_BOOL },
  { "sortOrder" },
  { "sources", PARAM_STRING, TRUE },
  { "syncToken" },
  { NULL },
};

static const char *const sort_orders[]
    = { "LAST_MODIFIED_ASCENDING", "LAST_MODIFIED_DESCENDING", "FIRST_NAME_ASCENDING", "LAST_NAME_ASCENDING", NULL };

typedef struct Sortable {
  PersonState *state;
  char *key;
} Sortable;

static int
compare_sortables (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Sortable *)a)->key, ((const Sortable *)b)->key);
}

static char *
sort_key (const PersonState *state, gboolean by_last)
{
  const FieldText *names = person_state_get_field (state, FIELD_NAMES);
  const char *member = by_last ? "\"displayNameLastFirst\":\"" : "\"displayName\":\"";
  const char *at = names != NULL ? strstr (names->entries[0], member) : NULL;
  g_autofree char *name = at != NULL ? g_strndup (at + strlen (member), strcspn (at + strlen (member), "\"")) : NULL;

  return g_utf8_casefold (name != NULL ? name : "\U0010ffff", -1); /* the nameless come last */
}

static void
sort_by_name (GPtrArray *people, gboolean by_last)
{
  g_autofree Sortable *sortables = g_new (Sortable, people->len);

  if (people->len == 0)
    return;
  for (guint i = 0; i < people->len; i++)
    sortables[i] = (Sortable){ people->pdata[i], sort_key (people->pdata[i], by_last) };
  qsort (sortables, people->len, sizeof *sortables, compare_sortables);
  for (guint i = 0; i < people->len; i++) {
    people->pdata[i] = sortables[i].state;
    g_free (sortables[i].key);
  }
}

static void
sort_people (GPtrArray *people, const char *order)
{
  if (order == NULL || g_str_equal (order, sort_orders[0]))
    return;
  if (g_str_equal (order, sort_orders[1])) {
    for (guint i = 0; i < people->len / 2; i++) {
      gpointer other = people->pdata[people->len - 1 - i];

      people->pdata[people->len - 1 - i] = people->pdata[i];
      people->pdata[i] = other;
    }
    return;
  }
  sort_by_name (people, g_str_equal (order, sort_orders[3]));
}

static void
keep_in_sources (GPtrArray *people, SourceMask sources)
{
  guint kept = 0;

  if ((sources & SOURCE_DEFAULT) != 0)
    return;
  for (guint i = 0; i < people->len; i++) {
    PersonState *state = people->pdata[i];

    if (state->deleted || person_in_sources (state, sources))
      people->pdata[kept++] = state;
    else
      person_state_unref (state);
  }
  people->len = kept;
}

static void
refuse_expired (Emulator *emulator, Request *request)
{
  g_autofree char *details = error_info ("EXPIRED_SYNC_TOKEN", "people.googleapis.com", NULL);

  request_answer_json (
      request, 400,
      error_envelope (400, emulator->expired_status,
                      "Sync token is expired. Clear local cache and retry call without the sync token.", details));
}

static gboolean
full_sync_allowed (Emulator *emulator, Request *request)
{
  if (emulator->quota == NULL || quota_spend (emulator->quota, QUOTA_FULL_SYNC))
    return TRUE;
  error_answer_used_up (request);
  return FALSE;
}

/* The listing of a first page; NULL: answered. */
static Listing *
start_listing (Emulator *emulator, Request *request, SourceMask sources)
{
  const char *token = request_param (request, "syncToken");
  g_autofree char *parameters = params_canonical (request, "syncToken", "pageToken");
  Listing *listing;
  guint64 since = 0;
  gint64 full_sync = clock_now ();

  if (token != NULL && *token != '\0') {
    switch (sync_token_read (emulator->sync, token, parameters, model_revision (emulator->model), &since, &full_sync)) {
    case TOKEN_MALFORMED:
      error_answer_invalid (request, "Request contains an invalid argument.");
      return NULL;
    case TOKEN_EXPIRED:
      refuse_expired (emulator, request);
      return NULL;
    case TOKEN_OTHER_PARAMETERS:
      error_answer_bad_request (request, "syncToken",
                                "Sync token must be used with the request parameters of the call that returned it.");
      return NULL;
    case TOKEN_GOOD:
    default:
      break;
    }
  } else if (!full_sync_allowed (emulator, request)) {
    return NULL;
  }
  listing = g_new0 (Listing, 1);
  listing->seen = model_tellable_revision (emulator->model);
  listing->full_sync = full_sync;
  listing->people = since > 0 ? model_delta (emulator->model, since) : model_everybody (emulator->model);
  listing->parameters = params_canonical (request, "pageToken", NULL);
  listing->wants_token = token != NULL || params_bool (request, "requestSyncToken");
  keep_in_sources (listing->people, sources);
  sort_people (listing->people, request_param (request, "sortOrder"));
  return listing;
}

static void
write_person (Emulator *emulator, const PersonState *state, FieldMask mask, SourceMask sources, GString *out)
{
  if (state->deleted)
    person_write_deleted (state, out);
  else
    person_write (state, mask, sources, emulator->photo_url, out);
}

typedef struct Page {
  guint offset;
  guint size;
  FieldMask mask;
  SourceMask sources;
} Page;

/* An empty page has no "connections" at all, and a total of 0 is not told: proto3. */
static GString *
write_page (Emulator *emulator, Request *request, const Listing *listing, const Page *page)
{
  guint end = MIN (page->offset + page->size, listing->people->len);
  GString *out = g_string_sized_new (1024 + (gsize)(end - page->offset) * 1024);
  const char *separator = "";

  g_string_append_c (out, '{');
  for (guint i = page->offset; i < end; i++) {
    g_string_append (out, i == page->offset ? "\"connections\":[" : ",");
    write_person (emulator, listing->people->pdata[i], page->mask, page->sources, out);
  }
  if (end > page->offset) {
    g_string_append_printf (out, "],\"totalPeople\":%u,\"totalItems\":%u", listing->people->len, listing->people->len);
    separator = ",";
  }
  if (end < listing->people->len) {
    g_autofree char *token = sync_page_token (listing, end);

    g_string_append_printf (out, "%s\"nextPageToken\":\"%s\"", separator, token);
  } else if (listing->wants_token) {
    g_autofree char *parameters = params_canonical (request, "syncToken", "pageToken");
    g_autofree char *token = sync_token_new (emulator->sync, listing->seen, listing->full_sync, parameters);

    g_string_append_printf (out, "%s\"nextSyncToken\":\"%s\"", separator, token);
  }
  g_string_append_c (out, '}');
  return out;
}

static gboolean
check_request (Request *request, const char *name, Page *page, gint64 *page_size)
{
  const char *order = request_param (request, "sortOrder");

  if (!params_check (request, params)
      || !mask_from_request (request, request_param (request, "personFields"), TRUE, METHOD, &page->mask)
      || !sources_from_request (request, &page->sources))
    return FALSE;
  if (!g_str_equal (name, "people/me")) {
    error_answer_bad_request (request, "resource_name", "Resource name must be \"people/me\".");
    return FALSE;
  }
  if (order != NULL && !g_strv_contains (sort_orders, order)) {
    error_answer_bad_request (request, "sort_order",
                              "Invalid value at 'sort_order' "
                              "(type.googleapis.com/google.people.v1.ListConnectionsRequest.SortOrder), \"%s\"",
                              order);
    return FALSE;
  }
  *page_size = params_int (request, "pageSize", 0);
  if (*page_size < 0) {
    error_answer_bad_request (request, "page_size", "Page size must be between 1 and 1000, inclusive.");
    return FALSE;
  }
  *page_size = MIN (*page_size, MAX_PAGE_SIZE); /* as seen: more is taken for the most */
  return TRUE;
}

void
route_connections_list (Emulator *emulator, Request *request, const char *name)
{
  const char *page_token = request_param (request, "pageToken");
  Listing *listing;
  Page page = { 0 };
  gint64 page_size;

  if (!check_request (request, name, &page, &page_size))
    return;
  page.size = (guint)MIN (page_size > 0 ? page_size : DEFAULT_PAGE_SIZE, emulator->options->page_size_max);
  if (page_token != NULL && *page_token != '\0') {
    g_autofree char *parameters = params_canonical (request, "pageToken", NULL);

    listing = sync_lookup (emulator->sync, page_token, &page.offset);
    if (listing == NULL) {
      error_answer_invalid (request, "Request contains an invalid argument.");
    } else if (!g_str_equal (parameters, listing->parameters)) {
      error_answer_bad_request (request, "pageToken",
                                "Page token must be used with the request parameters of the call that returned it.");
    } else {
      request_answer_json (request, 200, write_page (emulator, request, listing, &page));
    }
    return;
  }
  listing = start_listing (emulator, request, page.sources);
  if (listing == NULL)
    return;
  if (listing->people->len > page.size) {
    sync_keep (emulator->sync, listing);
    request_answer_json (request, 200, write_page (emulator, request, listing, &page));
  } else {
    request_answer_json (request, 200, write_page (emulator, request, listing, &page));
    listing_free (listing);
  }
}
