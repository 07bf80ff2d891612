/*
 * Addresses of our own for what has no URL: page:SPACE/Title, attachment:file.png, space:KEY,
 * content:ID, #anchor (docs/text.md).  In their parts a byte that would end them is %XX.
 */
#ifndef ATLASSIAN_TEXT_ADDRESS_H
#define ATLASSIAN_TEXT_ADDRESS_H

#include "base/base.h"

#define ADDRESS_ATTACHMENT S("attachment:")

void address_put(struct buf *out, struct slice part);	    /* encoded */
void address_put_plain(struct buf *out, struct slice part); /* decoded; never longer */
/* The name in an attachment's address, still encoded; SLICE_NONE: it is none. */
struct slice address_attachment(struct slice href);
bool address_is_url(struct slice href); /* scheme://..., mailto: */

#endif
