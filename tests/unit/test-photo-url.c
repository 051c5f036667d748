/* Photo URLs: their suffix, and which of them may be followed. */
#include "google/photo.h"

#define HOST "https://lh3.googleusercontent.com"

typedef struct {
  const char *url, *version, *s0;
} Case;

static const Case cases[] = {
  { HOST "/contacts/AbC=s100", HOST "/contacts/AbC", HOST "/contacts/AbC=s0" },
  { HOST "/contacts/AbC=s100-c", HOST "/contacts/AbC", HOST "/contacts/AbC=s0" },
  { HOST "/contacts/AbC=w100-h100-p-k-no", HOST "/contacts/AbC", HOST "/contacts/AbC=s0" },
  { HOST "/contacts/AbC=s0", HOST "/contacts/AbC", HOST "/contacts/AbC=s0" },
  /* none */
  { HOST "/contacts/AbC", HOST "/contacts/AbC", HOST "/contacts/AbC=s0" },
  /* padding is part of the name */
  { HOST "/contacts/AbC==", HOST "/contacts/AbC==", HOST "/contacts/AbC===s0" },
  { HOST "/contacts/AbC===s100", HOST "/contacts/AbC==", HOST "/contacts/AbC===s0" },
  { HOST "/contacts/AbC=", HOST "/contacts/AbC=", HOST "/contacts/AbC==s0" },
  /* a query is kept, and its '=' means nothing */
  { HOST "/contacts/AbC=s100?sz=50", HOST "/contacts/AbC?sz=50", HOST "/contacts/AbC=s0?sz=50" },
  { HOST "/contacts/AbC?sz=50", HOST "/contacts/AbC?sz=50", HOST "/contacts/AbC=s0?sz=50" },
  { HOST "/contacts/AbC=s100?path=/a=b", HOST "/contacts/AbC?path=/a=b", HOST "/contacts/AbC=s0?path=/a=b" },
  { HOST "/contacts/AbC=s100#top", HOST "/contacts/AbC#top", HOST "/contacts/AbC=s0#top" },
  /* only the last segment counts */
  { HOST "/a=s100/photo.jpg", HOST "/a=s100/photo.jpg", HOST "/a=s100/photo.jpg=s0" },
  { "http://127.0.0.1:8080/photos/c1-v2=s100", "http://127.0.0.1:8080/photos/c1-v2",
    "http://127.0.0.1:8080/photos/c1-v2=s0" },
  /* no path: nothing to put a suffix on */
  { HOST, HOST, HOST },
  { "", "", "" },
};

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *version = photo_url_version (cases[i].url);
    g_autofree char *s0 = photo_url_with_suffix (cases[i].url, "s0");

    g_assert_cmpstr (version, ==, cases[i].version);
    g_assert_cmpstr (s0, ==, cases[i].s0);
  }
}

/* Whatever size is asked for, it is the same picture. */
static void
test_version_is_stable (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *large = photo_url_with_suffix (cases[i].url, "s2048");
    g_autofree char *version = photo_url_version (large);

    g_assert_cmpstr (version, ==, cases[i].version);
  }
}

static void
test_allowed (void)
{
  g_assert_true (photo_url_allowed (HOST "/contacts/AbC=s100"));
  g_assert_true (photo_url_allowed ("http://127.0.0.1:8080/photos/c1=s100"));
  g_assert_true (photo_url_allowed ("http://[::1]:8080/photos/c1"));
  g_assert_false (photo_url_allowed ("http://lh3.googleusercontent.com/contacts/AbC=s100"));
  g_assert_false (photo_url_allowed ("file:///etc/passwd"));
  g_assert_false (photo_url_allowed (""));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/photo-url/cases", test_cases);
  g_test_add_func ("/photo-url/version-is-stable", test_version_is_stable);
  g_test_add_func ("/photo-url/allowed", test_allowed);
  return g_test_run ();
}
