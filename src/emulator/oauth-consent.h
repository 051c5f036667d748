/*
 * The page on which a user allows or denies: the request once more as a form, with a box for the scope (id "scope") and
 * two buttons (ids "allow" and "deny"). No session stands behind it; whoever can click is the user.
 */
#pragma once

#include "emulator/request.h"

void oauth_consent_ask (Request *request);
gboolean oauth_consent_is_decided (const Request *request);
gboolean oauth_consent_is_denied (const Request *request);
/* What is asked for, without the contacts when their box was not ticked; "openid" when nothing is left. Transfer full. */
char *oauth_consent_scope (const Request *request);
