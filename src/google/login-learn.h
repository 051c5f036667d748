/*
 * A stored login of which it could not be seen whose it is, and now it was. Loop thread only.
 */
#pragma once

/* Keeps that with the login, if it still is the one that is called login, in the background; what cannot be kept is
 * learned again by the next mount. person: resource name; who: for people, or NULL; api_url: the service that said so, or
 * NULL, Google's. */
void login_learn (const char *account, const char *folder, const char *login, const char *person, const char *who,
                  const char *api_url);
