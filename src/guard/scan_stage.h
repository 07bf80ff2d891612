/*
 * Private to guard: the scanners as a stage.  scan_look.c says what becomes of a message, by the
 * configuration; scan_stage.c looks at one text and changes it, on whatever thread.
 */
#ifndef GUARD_SCAN_STAGE_H
#define GUARD_SCAN_STAGE_H

#include "config/config.h"
#include "guard/scan_json.h"

#define SIGHTS_MAX 16

/* What was found by one rule of a scanner. */
struct scan_sight {
	enum scan_kind kind;
	const char *rule;
	unsigned count;
};

/* Strings that may not be changed, or not at all. */
enum scan_reach {
	SCAN_REACH_NONE,  /* none may be changed */
	SCAN_REACH_SAID,  /* descriptions and titles */
	SCAN_REACH_VALUE, /* values, but those that the protocol needs */
	SCAN_REACH_DATA	  /* values as well, and keys */
};

/* One text that is looked at. */
struct scan_work {
	const struct config_scan *config;
	enum config_scan_action action[SCAN_KINDS_N];
	enum scan_reach may_change;
	bool is_protocol;  /* members of MCP's own messages are not data */
	bool has_names;	   /* names are read as their words */
	struct slice json; /* borrowed */
	/* What came out. */
	struct buf changed; /* empty: it stays as it is */
	bool is_blocked;
	struct scan_sight why; /* is_blocked */
	bool is_fixed;	       /* is_blocked: because it stands where nothing can be changed */
	struct scan_sight sights[SIGHTS_MAX];
	unsigned sights_n;
	bool has_failed;
	struct err err; /* has_failed: it is not to pass */
};
void scan_work_init(struct scan_work *work, const struct config_scan *config, struct slice json);
void scan_work_fini(struct scan_work *work);
void scan_work_run(struct scan_work *work, struct scanner *scanner);

#endif
