/* What is asked again, how often and where: used up allowances, conflicts, servers that are not the service's. */
#include "net/retry.h"
#include "people-fixture.h"
#include "people/call.h"

#define FAILURE(code, status, message)                                                                                 \
  "{\"error\":{\"code\":" #code ",\"message\":\"" message "\",\"status\":\"" status "\"}}"

typedef struct {
  PeopleFixture base;
  PeopleAttempt attempt; /* the last one at a change */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  people_fixture_set_up (&f->base, PEOPLE_TOKEN);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  people_fixture_tear_down (&f->base, NULL);
}

static PeoplePerson *
update (Fixture *f, GBytes *photo, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  people_update_photo_async (f->base.people, "people/c1", photo, deadline_in (10), NULL, keep_result, &result);
  return people_update_photo_finish (f->base.people, await_result (&result), &f->attempt, error);
}

static PeoplePerson *
delete_photo (Fixture *f, double seconds, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  people_delete_photo_async (f->base.people, "people/c1", deadline_in (seconds), NULL, keep_result, &result);
  return people_delete_photo_finish (f->base.people, await_result (&result), &f->attempt, error);
}

static void
assert_alice (PeoplePerson *person, GError *error)
{
  g_assert_no_error (error);
  g_assert_cmpstr (person->display_name, ==, "Alice");
  people_person_free (person);
}

#define USED_UP FAILURE (429, "RESOURCE_EXHAUSTED", "FBS quota limit exceeded.")

static void
assert_paused (PeoplePerson *person, GError **error)
{
  g_assert_null (person);
  g_assert_error (*error, PEOPLE_ERROR, PEOPLE_ERROR_QUOTA);
  g_assert_nonnull (strstr ((*error)->message, "daily allowance for changes"));
  g_assert_nonnull (strstr ((*error)->message, "try again at "));
  g_clear_error (error);
}

/* One request meets the used up allowance; the next ones are told without one. Reading goes on. */
static void
test_pause (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) photo = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;
  Pause *pause = &f->base.people->pauses[PEOPLE_CHANGES];

  g_assert_cmpint (people_pause_left (f->base.people, PEOPLE_CHANGES, NULL), ==, 0);
  script_json (f->base.server, 429, USED_UP);
  assert_paused (update (f, photo, &error), &error);
  assert_paused (update (f, photo, &error), &error);
  assert_paused (delete_photo (f, 10, &error), &error);
  g_assert_cmpuint (script_server_count (f->base.server), ==, 1);
  g_assert_cmpint (people_pause_left (f->base.people, PEOPLE_CHANGES, NULL), >, 290 * G_USEC_PER_SEC);
  g_assert_cmpint (people_pause_left (f->base.people, PEOPLE_LISTINGS, NULL), ==, 0);
  script_json (f->base.server, 200, PERSON);
  assert_alice (people_fixture_get (&f->base, 10, &error), error);

  pause->until = g_get_monotonic_time (); /* five minutes later */
  script_json (f->base.server, 429, USED_UP);
  assert_paused (update (f, photo, &error), &error);
  g_assert_cmpint (people_pause_left (f->base.people, PEOPLE_CHANGES, NULL), >, 590 * G_USEC_PER_SEC);
  g_assert_cmpuint (script_server_count (f->base.server), ==, 3);

  pause->until = g_get_monotonic_time ();
  script_json (f->base.server, 200, "{\"person\":" PERSON "}");
  assert_alice (update (f, photo, &error), error);
  script_json (f->base.server, 429, USED_UP);
  assert_paused (update (f, photo, &error), &error);
  g_assert_cmpint (people_pause_left (f->base.people, PEOPLE_CHANGES, NULL), <=, 300 * G_USEC_PER_SEC);
}

static void
test_pause_lengths (void)
{
  const int minutes[] = { 5, 10, 20, 40, 80, 160, 320, 360, 360 };
  Pause pause = { 0 };

  g_assert_null (pause_error (&pause, 0));
  for (guint i = 0; i < G_N_ELEMENTS (minutes); i++) {
    pause_begin (&pause, "It is used up", 0, 1000);
    g_assert_cmpint (pause_left (&pause, 1000), ==, minutes[i] * G_TIME_SPAN_MINUTE);
  }
  pause_answered (&pause);
  g_assert_cmpint (pause_left (&pause, 1000), ==, 0);
  pause_begin (&pause, "It is used up", 7 * G_TIME_SPAN_HOUR, 1000);
  g_assert_cmpint (pause_left (&pause, 1000), ==, 7 * G_TIME_SPAN_HOUR);
  pause_begin (&pause, "It is used up", G_MAXINT32 * G_TIME_SPAN_SECOND, 1000);
  g_assert_cmpint (pause_left (&pause, 1000), ==, 24 * G_TIME_SPAN_HOUR);
  pause_clear (&pause);
}

/* What the next mount finds, whose clocks are others. */
static void
assert_kept (const char *line, int wall_minute, int minutes_left)
{
  Pause pause = { 0 };
  g_autoptr (GError) error = NULL;

  pause_parse (&pause, line, 7000, wall_minute * G_TIME_SPAN_MINUTE);
  g_assert_cmpint (pause_left (&pause, 7000), ==, minutes_left * G_TIME_SPAN_MINUTE);
  if (minutes_left > 0) {
    error = pause_error (&pause, 7000);
    g_assert_true (g_str_has_prefix (error->message, "It is used up: try again at "));
  }
  pause_begin (&pause, "It is used up", 0, 7000);
  g_assert_cmpint (pause_left (&pause, 7000), ==, 20 * G_TIME_SPAN_MINUTE); /* it goes on doubling */
  pause_clear (&pause);
}

static void
test_pause_is_kept (void)
{
  const char *const bad[] = { "",
                              "1 2 3",
                              "x 300000000 300000000 why",
                              "9 300000000 300000000x why",
                              "9 9 300000000 why",
                              "9 300000000 99999999999999 why",
                              "9223372036854775808 300000000 300000000 why" };
  const gint64 wall = 1000 * G_TIME_SPAN_MINUTE;
  Pause pause = { 0 };
  g_autofree char *line = NULL;

  g_assert_null (pause_print (&pause, 0, wall));
  pause_begin (&pause, "It is used up", 0, 0);
  pause_begin (&pause, "It is used up", 0, 0);
  line = pause_print (&pause, 2 * G_TIME_SPAN_MINUTE, wall);
  assert_kept (line, 1000, 8);
  assert_kept (line, 1003, 5);
  assert_kept (line, 1008, 0);
  assert_kept (line, 900000, 0);
  assert_kept (line, 10, 10); /* the clock was set back by a day */
  pause_answered (&pause);
  g_assert_null (pause_print (&pause, 0, wall));
  pause_clear (&pause);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    pause_parse (&pause, bad[i], 0, 0);
    g_assert_cmpint (pause_left (&pause, 0), ==, 0);
    g_assert_null (pause.why);
  }
}

/* Four attempts, and EAGAIN; not one after the other until the deadline. */
static void
test_409_four_times (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 4; i++)
    script_json (f->base.server, 409, FAILURE (409, "ABORTED", "The operation was aborted."));
  g_assert_null (people_fixture_get (&f->base, 10, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_CONFLICT);
}

/* The next attempt has a connection of its own. */
static void
test_421_on_another_connection (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_json (f->base.server, 200, PERSON);
  assert_alice (people_fixture_get (&f->base, 10, &error), error);
  script_json (f->base.server, 421, "");
  script_json (f->base.server, 200, PERSON);
  assert_alice (people_fixture_get (&f->base, 10, &error), error);
  g_assert_cmpuint (script_server_seen (f->base.server, 0)->port, ==, script_server_seen (f->base.server, 1)->port);
  g_assert_cmpuint (script_server_seen (f->base.server, 1)->port, !=, script_server_seen (f->base.server, 2)->port);
}

/* What is known of a change that failed: may it have been carried out, and is it worth another attempt? None is made here. */
static void
test_attempts_at_changes (Fixture *f, gconstpointer data)
{
  static const struct {
    guint status; /* 0: the connection is lost */
    const char *json;
    gboolean reached, may_pass, new_token;
  } cases[] = { { 0, "", TRUE, TRUE, FALSE },
                { 503, FAILURE (503, "UNAVAILABLE", "Later."), TRUE, TRUE, FALSE },
                { 200, "<html>", TRUE, FALSE, FALSE },
                { 429, FAILURE (429, "RESOURCE_EXHAUSTED", "Quota exceeded."), FALSE, TRUE, FALSE },
                { 400, FAILURE (400, "INVALID_ARGUMENT", "Invalid photo format."), FALSE, FALSE, FALSE },
                { 403, FAILURE (403, "PERMISSION_DENIED", "No."), FALSE, FALSE, FALSE },
                { 401, FAILURE (401, "UNAUTHENTICATED", "No."), FALSE, FALSE, TRUE } };
  g_autoptr (GBytes) photo = g_bytes_new_static ("x", 1);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    if (cases[i].status == 0)
      script_raw (f->base.server, "");
    else
      script_json (f->base.server, cases[i].status, cases[i].json);
    g_assert_null (update (f, photo, &error));
    g_assert_nonnull (error);
    g_assert_cmpint (f->attempt.reached, ==, cases[i].reached);
    g_assert_cmpint (f->attempt.may_pass, ==, cases[i].may_pass);
    g_assert_cmpint (f->attempt.new_token, ==, cases[i].new_token);
    g_assert_cmpuint (script_server_count (f->base.server), ==, i + 1);
  }
}

/* The answer did not say how the person looks now, and then nothing did: it was carried out all the same. */
static void
test_attempt_whose_person_is_not_told (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) photo = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;

  script_json (f->base.server, 200, "{}");
  script_json (f->base.server, 403, FAILURE (403, "PERMISSION_DENIED", "No."));
  g_assert_null (update (f, photo, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_PERMISSION);
  g_assert_true (f->attempt.reached);
  g_assert_false (f->attempt.may_pass);
}

#define ADD(name, func) g_test_add ("/again/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  retry_set_first (G_USEC_PER_SEC / 50); /* so that the suite is not held up */
  ADD ("pause", test_pause);
  g_test_add_func ("/again/pause-lengths", test_pause_lengths);
  g_test_add_func ("/again/pause-is-kept", test_pause_is_kept);
  ADD ("409-four-times", test_409_four_times);
  ADD ("attempts-at-changes", test_attempts_at_changes);
  ADD ("attempt-whose-person-is-not-told", test_attempt_whose_person_is_not_told);
  ADD ("421-on-another-connection", test_421_on_another_connection);
  return g_test_run ();
}
