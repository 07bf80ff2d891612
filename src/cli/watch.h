/*
 * watch: the files of the configuration in force, looked at once a second where
 * `reload_on_change` says so.  A file that is missing is a state like any other.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "config/config.h"
#include "run/run.h"

struct watch {
	struct loop *loop;
	const struct config *(*config)(void *owner); /* that is in force */
	void (*changed)(void *owner);		     /* and has been as it is now for a second */
	void *owner;
};

/* A task, of a struct watch; ends when it is cancelled. */
void watch_story(void *arg);

#endif
