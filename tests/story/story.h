/*
 * story: end-to-end scripts.  A script names upstreams (scripted MCP servers), a gateway with its
 * configuration, and clients, and says what each must see.  Here are the parts that the program
 * story.c is made of; the language is described in README.md.
 *
 * Everything but the gateway runs on one loop of the test's: simulated, with the gateway beside it
 * and a clock that only `tick` and short settling move, or real, with the real program in front of
 * it. Nothing is asserted by wall time.
 */
#ifndef TESTS_STORY_STORY_H
#define TESTS_STORY_STORY_H

#include "gateway/gateway.h"
#include "sim.h"

struct world;
struct server;
struct client;
struct gate;

/* ---- scripts (script.c) ---------------------------------------------------------------------- */

struct line {
	struct slice text; /* without comment lines; as written, with its indent */
	unsigned number;
};

struct script {
	struct arena arena;
	const char *file;
	struct line *lines;
	size_t n;
};

bool script_read(struct script *script, const char *file, struct err *err);
void script_fini(struct script *script);
/* Words and values of one line; each takes what it returns off *rest. SLICE_NONE at the end. */
struct slice script_word(struct slice *rest);
/* A JSON value, 'text' (quotes cut), "text" as JSON, or a word. */
struct slice script_value(struct slice *rest);

/* ---- the world (world.c) --------------------------------------------------------------------- */

#define VARIABLES_MAX 32

struct variable {
	struct slice name, value; /* in the world's arena */
};

/* How a gateway comes to be: simulated beside us, or the real program. */
struct gate_ops {
	bool (*start)(struct world *world, struct slice yaml, struct err *err);
	bool (*reload)(struct world *world, struct slice yaml, struct err *err);
	bool (*stop)(struct world *world, struct err *err);
};
extern const struct gate_ops gate_sim_ops, gate_real_ops;

struct world {
	struct arena arena; /* of the story */
	const struct gate_ops *gate_ops;
	struct gate *gate; /* gate_sim.c's or gate_real.c's */
	struct loop *loop;
	struct sim *sim; /* NULL: the real machine */
	struct server *servers;
	struct client *clients;
	struct variable variables[VARIABLES_MAX];
	size_t variables_n;
	struct address address;		       /* of the gateway's HTTP */
	struct stream *to_stdin, *from_stdout; /* of the gateway, until a client takes them */
	struct buf log;			       /* JSON lines of the gateway */
	int log_fd;			       /* simulated: where the loop's log goes */
	uint64_t extra_ms; /* real: ticks that an expectation may have to wait for */
	uint16_t next_port;
	const char *binary, *relay, *folder; /* real */
};

/* Lets the loop turn until done(ctx), for as long as a story may wait; false: it did not come. */
bool world_wait(struct world *world, bool (*done)(void *ctx), void *ctx);
/* Lets happen what is under way; timers that are further off do not fire. */
void world_settle(struct world *world);
void world_tick(struct world *world, uint64_t ms);
/* Runs fn(arg) as a task to its end. */
bool world_run(struct world *world, const char *name, void (*fn)(void *arg), void *arg);
/*
 * Replaces $name by what look() or the world's variables say and $repeat(TEXT,SIZE) by repetition;
 * what is unknown stays. Result in out.
 */
typedef bool variable_fn(void *ctx, struct slice name, struct buf *out);
void world_substitute(
    struct world *world, struct slice text, variable_fn *look, void *ctx, struct buf *out);
void world_let(struct world *world, struct slice name, struct slice value);
/* Lines of the log with this event (and text, unless NONE). */
unsigned world_log_count(struct world *world, struct slice event, struct slice text);

/* ---- JSON (value.c), expectations (expect.c) ------------------------------------------------- */

/* The value at a pointer as raw text in out; false: not there. */
bool value_at(struct slice text, struct slice pointer, struct buf *out);
/* Same value? Numbers are compared as written. */
bool value_same(struct slice a, struct slice b);
/* Is it one JSON text? */
bool value_is_json(struct slice text);
/* One expectation, without the word itself; client NULL: outside of a client's block. */
bool expect_run(struct world *world, struct client *client, struct slice rest, struct err *err);
/* What `let` may read: the value at the end of "upstream NAME last METHOD /pointer" or "/pointer".
 */
bool expect_read(struct world *world, struct client *client, struct slice rest, struct buf *out,
    struct err *err);

/* ---- upstreams (server.c, server_http.c, reaction.c) ----------------------------------------- */

enum action_kind {
	ACTION_RESULT,
	ACTION_ERROR,
	ACTION_AFTER,
	ACTION_NEVER,
	ACTION_ASK,
	ACTION_PROGRESS,
	ACTION_NOTIFY,
	ACTION_SAY,
	ACTION_PART,
	ACTION_STDERR,
	ACTION_EXIT,
	ACTION_CLOSE,
	ACTION_STATUS,
	ACTION_STREAM,
	ACTION_MARK,
	ACTION_RETRY,
	ACTION_LEAVE,
	ACTION_SHUT,
};

struct action {
	struct action *next;
	enum action_kind kind;
	struct slice method, text; /* text: before substitution */
	uint64_t ms;
	int number;
};

struct reaction {
	struct reaction *next;	   /* the newest first */
	struct slice method, tool; /* tool NONE: any */
	struct action *actions;
	bool is_once, is_used;
};

/* ACTION [then ACTION]... */
bool actions_parse(struct world *world, struct slice rest, struct action **out, struct err *err);

struct tool_line {
	struct tool_line *next;
	struct slice name, members;
	bool begins_page;
};

/* Everything that came in, in order. */
struct record {
	struct record *next;
	struct slice text; /* in the world's arena */
	char method[64];   /* "response" for answers to questions, "GET", "DELETE" */
};

struct peer;
struct job;

struct server {
	struct server *next;
	struct world *world;
	char name[40];
	bool is_http, is_sse, has_stream, is_refusing;
	bool is_modern, is_private; /* speaks 2026-07-28; its lists are private */
	unsigned ttl_ms;	    /* modern: of lists and of discover */
	char last_listen[280];	    /* raw id of the last subscriptions/listen; "" none */
	unsigned posts_to;	    /* HTTP+SSE: number of the endpoint, one a connection */
	struct slice endpoint;	    /* HTTP+SSE: what is told instead */
	struct slice revision, capabilities, instructions; /* JSON; instructions may be NONE */
	struct tool_line *tools;
	struct reaction *reactions;
	struct record *records, *last_record;
	struct peer *peers; /* connections: processes, or HTTP requests */
	struct job *jobs;   /* reactions in progress */
	unsigned starts, next_ask;
	char last_ask[24];
	struct http_server *http;
	struct address address;
};

struct server *server_find(struct world *world, struct slice name);
/* A new one: listens, or can be started by the gateway. */
struct server *
server_new(struct world *world, struct slice name, struct slice transport, struct err *err);
void server_free(struct server **server);
/* One line of its block. */
bool server_line(struct server *server, struct slice line, struct err *err);
/* An action outside of any request. */
bool server_tell(struct server *server, struct slice rest, struct err *err);
unsigned server_count(const struct server *server, struct slice method);
struct slice server_last(const struct server *server, struct slice method);
/* How the configuration names it: "command: [...]" or "url: ...". */
void server_spell(const struct server *server, struct buf *out);

/* A connection on which an upstream is spoken to. */
struct peer_ops {
	void (*send)(struct peer *peer, struct slice text, bool is_last);
	void (*part)(struct peer *peer, struct slice bytes); /* no end of line */
	void (*stderr_say)(struct peer *peer, struct slice text);
	void (*end)(struct peer *peer, int status);    /* exits; breaks off */
	void (*status)(struct peer *peer, int status); /* HTTP */
	void (*stream)(struct peer *peer);	       /* HTTP: begins one */
	void (*mark)(struct peer *peer, struct slice field, struct slice value); /* of an event */
	void (*shut)(struct peer *peer); /* a program: its stdout, and lives on */
	void (*free)(struct peer *peer);
};

struct peer {
	struct peer *next;
	const struct peer_ops *ops;
	struct server *server;
	bool is_over; /* nothing can be sent any more */
	bool is_main; /* for what belongs to no request */
};

void peer_link(struct peer *peer, struct server *server, const struct peer_ops *ops);
/* Takes it out of its upstream, with the jobs that would answer on it. */
void peer_unlink(struct peer *peer);
/* The job that left with this mark goes on on another connection; false: there is none. */
bool job_resume(struct server *server, struct slice mark, struct peer *peer);
/* A message for the upstream; answers go to peer. */
void server_message(struct server *server, struct peer *peer, struct slice text);
void server_record(struct server *server, struct slice method, struct slice text);
/* Runs actions with no request, on this connection. */
void job_start(struct server *server, struct peer *peer, const struct action *actions);
void jobs_free(struct server *server);
/* Where messages that belong to no request go: the process, or the GET stream. */
struct peer *server_peer(struct server *server);
/* A started process: reads from in, writes to out; both may be one stream. Takes them. */
struct peer *process_new(
    struct server *server, struct stream *in, struct stream *out, struct sim_process *process);
void process_feed(struct peer *peer, char *bytes, size_t n);
bool server_http_open(struct server *server, struct err *err);
void server_http_close(struct server *server);

/* ---- 2026-07-28 (modern.c) ------------------------------------------------------------------- */

bool is_modern_revision(struct slice revision);
/* Params with what every request of the revision says in `_meta`; false: they are no object. */
bool modern_params(const struct client *client, struct slice params, struct buf *out);
/* The headers of a message, into client->headers. */
void modern_headers(struct client *client, struct slice method, struct slice params);
/* Keeps the MCP headers of a POST as a record "headers/METHOD". */
void modern_record(struct server *server, struct http_request *request);
/* The HTTP status of an answer. */
int modern_status(struct slice message);
/* Actions of an upstream that speaks the revision; false: none of its own. */
bool modern_default(struct server *server, struct slice method, struct buf *out);
/* Members of a result that is a list. */
void modern_list_members(const struct server *server, struct buf *out);

/* ---- clients (client.c, client_http.c) ------------------------------------------------------- */

struct inbox {
	struct inbox *next;
	struct buf text;
	char id[280], method[64]; /* raw id; "" none */
	bool is_read;
};

struct request {
	struct request *next;
	struct client *client;
	char name[40], id[280];
	struct fetch *fetch;
	struct sse_reader sse;
	struct buf body;
	int status;
	struct inbox *answer; /* the document that came */
	bool is_sse, is_done;
};

struct client {
	struct client *next;
	struct world *world;
	char name[40], session[64], revision[16];
	bool is_http, is_gone;
	bool is_sse;   /* HTTP+SSE: POSTs to path, answers on the stream of /sse */
	char path[96]; /* HTTP: what is POSTed to */
	struct slice capabilities;
	bool is_modern;		  /* every request says what it is */
	struct slice own_headers; /* modern over HTTP: lines of the script */
	struct buf headers;	  /* modern over HTTP: of the next message */
	struct slice key;	  /* sent with every request over HTTP */
	struct http_pool *pool;
	struct stream *in, *out; /* stdio */
	struct line_reader lines;
	struct outbox outbox;
	struct request *requests;
	struct inbox *inbox, *last_inbox;
	struct inbox *at; /* what expectations look at */
	int status;	  /* of the HTTP response that was read last */
	struct buf head;  /* and its header fields */
	bool was_sse;
	unsigned next_id;
	struct inbox plain; /* the body of a plain HTTP request */
};

struct client *client_find(struct world *world, struct slice name);
/* "NAME -transport http|stdio|sse -revision R -can X -key K -bare": with a handshake unless -bare.
 */
struct client *client_new(struct world *world, struct slice rest, struct err *err);
void client_free(struct client **client);
/* One line of its block; *is_known false: no word of the client's. */
bool client_line(struct client *client, struct slice line, bool *is_known, struct err *err);
struct inbox *client_received(struct client *client, struct slice text);
unsigned client_count(const struct client *client, struct slice method);
unsigned client_unread(const struct client *client);

struct request *request_new(struct client *client, struct slice name, struct slice id);
/* Posts one message; request NULL: nobody waits for the response (its end is waited for). */
bool client_http_post(
    struct client *client, struct slice text, struct request *request, struct err *err);
bool client_http_listen(struct client *client, struct err *err);
/* "METHOD PATH ['Name: value']... [body TEXT]" over a connection of its own. */
bool client_http_plain(struct client *client, struct slice rest, struct err *err);
bool client_http_open(struct client *client, struct err *err);
void client_http_abandon(struct request *request);
/* Comes back to the stream of a request, after the last event that came. */
bool client_http_resume(struct request *request, struct err *err);
void client_http_close(struct client *client);

#endif
