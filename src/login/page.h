/*
 * What the browser shows at the end: one page of HTML with nothing from outside, in light and dark. Pure.
 */
#pragma once

#include <glib.h>

typedef enum { LOGIN_PAGE_DONE, LOGIN_PAGE_FAILED, LOGIN_PAGE_FOREIGN, LOGIN_PAGE_MISSING } LoginPage;

/* The whole HTTP/1.1 answer, headers and all. words: a sentence, as text; it is escaped here. */
GBytes *login_page_answer (LoginPage page, const char *words);
