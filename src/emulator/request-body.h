/*
 * What a client may do with a request before it is one of the API's: compress its body, or wrap another method in a POST.
 */
#pragma once

#include "emulator/request.h"

/* Undoes Content-Encoding: gzip. FALSE: answered. */
gboolean request_decode_body (Request *request);
/* A POST with X-HTTP-Method-Override becomes that method; a form in its body goes into the query, as clients do it with
 * a query that is too long for an address. */
void request_override_method (Request *request);
