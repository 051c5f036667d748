/*
 * People in the orders in which programs walk through them; each also backwards. Loop thread only.
 */
#pragma once

#include "book/person.h"

typedef enum { BOOK_ORDER_LISTED, BOOK_ORDER_BYTES, BOOK_ORDER_INODES, BOOK_ORDER_TIMES } BookOrder;
G_STATIC_ASSERT (BOOK_ORDER_TIMES + 1 == BOOK_N_ORDERS);

/* Those with a photo; borrowed until people change or book_order_find is called. */
const GPtrArray *book_order (Book *book, BookOrder order);
/* Sets position to the place of person in that order. FALSE: it has none, since it has no photo or is gone. */
gboolean book_order_find (Book *book, const BookPerson *person, BookOrder order, guint *position);
