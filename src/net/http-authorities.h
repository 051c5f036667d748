/*
 * Whom TLS believes, besides the system's own bundle that libcurl was built with: files and a folder of certificate
 * authorities named in the environment, by the names that the curl tool and OpenSSL read. Where both $CURL_CA_BUNDLE
 * and $SSL_CERT_FILE are set, both are believed: one is often a distribution's default, the other what the user added.
 * Loop thread only.
 */
#pragma once

#include <glib.h>

typedef struct {
  const char *file; /* one PEM file, borrowed from the environment; NULL: none, or pem */
  GBytes *pem;      /* the content of two, owned; NULL: no more than one */
  const char *dir;  /* a folder of hashed PEM files, or NULL */
} HttpAuthorities;

void http_authorities_init (HttpAuthorities *self);
void http_authorities_clear (HttpAuthorities *self);
