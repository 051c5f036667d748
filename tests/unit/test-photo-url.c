/* Photo URLs: their suffix, and which of them may be followed. */
#include "people/photo.h"

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
  const char *allowed[]
      = { HOST "/contacts/AbC=s100", "HTTPS://example.com/x", "http://127.0.0.1:8080/v1", "http://127.9.8.7",
          "http://[::1]:9/",         "http://localhost/",     "http://LOCALHOST:1/",      "https://example.com/a@b" };
  const char *refused[] = { "http://example.com/",
                            "http://127.0.0.1.example.com/",
                            "http://localhost.example.com/",
                            "ftp://127.0.0.1/",
                            "http://127.0.0.1@evil/",
                            "https://user@example.com/",
                            "https://u:p@example.com/",
                            "http://evil\\@127.0.0.1/",
                            "http://127.1/",
                            "http://0x7f000001/",
                            "http://[::ffff:8.8.8.8]/",
                            "file:///etc/passwd",
                            "people.googleapis.com",
                            "",
                            "https://",
                            "https://a b/",
                            "http://10.0.0.1/",
                            "http://0.0.0.0/",
                            "https://exämple.com/",
                            "//127.0.0.1/" };

  for (guint i = 0; i < G_N_ELEMENTS (allowed); i++)
    if (!photo_url_allowed (allowed[i], TRUE))
      g_error ("refused: %s", allowed[i]);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    if (photo_url_allowed (refused[i], TRUE))
      g_error ("allowed: %s", refused[i]);
}

/* Unless the API is at home, nothing at home is asked, in whatever spelling. */
static void
test_abroad (void)
{
  const char *allowed[] = { HOST "/contacts/AbC=s100",        "https://8.8.8.8/",
                            "https://[2001:4860::8888]/",     "https://10.0.0.1/",
                            "https://localhost.example.com/", "https://127.example.com/",
                            "https://[64:ff9b::808:808]/" };
  const char *refused[] = { "http://example.com/",
                            "http://127.0.0.1/",
                            "https://127.0.0.1/",
                            "https://127.1/",
                            "https://0x7f000001/",
                            "https://2130706433/",
                            "https://017700000001/",
                            "https://127.0.0.1./",
                            "https://0.0.0.0/",
                            "https://0/",
                            "https://localhost/",
                            "https://LOCALHOST./",
                            "https://photos.localhost/",
                            "https://ip6-localhost/",
                            "https://[::1]/",
                            "https://[::]/",
                            "https://[::ffff:7f00:1]/",
                            "https://[::ffff:127.0.0.1]/",
                            "https://[::127.0.0.1]/",
                            "https://[64:ff9b::7f00:1]/",
                            "https://[2002:7f00:1::]/",
                            "https://169.254.169.254/",
                            "https://[fe80::1]/",
                            "https://224.0.0.1/",
                            "https://255.255.255.255/",
                            "https://[ff02::1]/",
                            "https://[::ffff:169.254.169.254]/" };

  for (guint i = 0; i < G_N_ELEMENTS (allowed); i++)
    if (!photo_url_allowed (allowed[i], FALSE))
      g_error ("refused: %s", allowed[i]);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    if (photo_url_allowed (refused[i], FALSE))
      g_error ("allowed: %s", refused[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/photo-url/cases", test_cases);
  g_test_add_func ("/photo-url/version-is-stable", test_version_is_stable);
  g_test_add_func ("/photo-url/allowed", test_allowed);
  g_test_add_func ("/photo-url/abroad", test_abroad);
  return g_test_run ();
}
