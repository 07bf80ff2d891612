/*
 * audit: what leaves the ledger for the people who must know.  The point where sinks take a
 * finished record; with no sink configured nothing is kept.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "store/store.h"

void audit_record(const struct ledger_record *record);

#endif
