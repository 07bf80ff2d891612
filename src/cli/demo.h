/*
 * Private to the demo server: what its transport (demo.c) and its tools (demo_tools.c) share.
 */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include "mcp/mcp.h"

struct demo {
	struct loop *loop;
	struct log *log;
	struct stream *in, *out;
	struct outbox outbox;
	struct line_reader lines;
	struct intake intake;
	struct group group;    /* calls that take their time */
	struct work *works;    /* the same, newest first */
	struct deferred check; /* is there anything left to do? */
	bool is_initialised, can_elicit;
	bool has_ended; /* stdin has */
	enum mcp_revision revision;
	uint64_t asks; /* questions sent so far */
	char *chunk;   /* of stdin, DEMO_CHUNK_BYTES */
};

#define DEMO_CHUNK_BYTES (64 * KIB)

/* The one argument of a tool as it came: a string's raw token, or a number. */
struct demo_value {
	struct slice token;
	double number;
};

/* A call that runs in a task of its own; the message and what it points into are its. */
struct work {
	struct demo *demo;
	const struct demo_tool *tool;
	struct arena arena;
	struct buf text;
	struct message message;
	struct demo_value value;
	struct task *task; /* NULL: not started yet */
	bool is_cancelled;
	uint64_t ask; /* number of its question, 0: none is open */
	bool has_answer;
	struct message answer;
	struct arena answer_arena;
	struct buf answer_text;
	struct work *next, *prev;
};

/* One row a tool: definition, check of arguments and behaviour come from it. */
enum demo_type { DEMO_NOTHING, DEMO_STRING, DEMO_NUMBER, DEMO_INTEGER };

struct demo_tool {
	const char *name, *title, *help;
	const char *annotations;
	const char *output; /* outputSchema, or NULL */
	struct {
		const char *name, *help;
		enum demo_type type;
		double least, most;
	} arg;
	/* One of both: answers at once, or in a task. */
	void (*now)(
	    struct demo *demo, const struct message *message, const struct demo_value *value);
	void (*run)(struct work *work);
};

/* NULL: there is no such tool. */
const struct demo_tool *demo_tool_find(struct slice name);
/* The members of a tools/list result. */
void demo_tools_put(struct buf *out);
/* Checks the arguments; false: err is a text for the caller of the tool. */
MUST_CHECK bool demo_tool_check(const struct demo_tool *tool, struct slice arguments,
    struct demo_value *value, struct err *err);

/* Messages to the client. Parts make one whole message; the line's end is added. */
void demo_send(struct demo *demo, const struct slice *parts, size_t n);
/* A tool's result with one text, in the era of its request. */
void
demo_send_text(struct demo *demo, const struct message *request, bool is_error, struct slice text);
bool demo_can_elicit(struct slice capabilities); /* raw, of a client */
/* What a result has at its beginning, in the era of its request: `"resultType":"complete",`. */
struct slice demo_complete(const struct message *request);

#endif
