/*
 * Event streams that can be taken up again (2025-11-25, basic/transports, "Resumability and
 * Redelivery").
 *
 * The id of an event names its stream and its number there: "p3-2" is the second of the third
 * stream, a POST's; "g1-7" of a GET's.  What was said is kept for REPLAY_KEEP_MS, as much of it as
 * REPLAY_EVENTS and REPLAY_BYTES of a session allow: the oldest goes first, and nothing is kept
 * while memory is short.  Answers that are sent as JSON never come here.
 */
#include "mcp/front_http.h"

#include <stdio.h>
#include <string.h>

#define REPLAY_BYTES   MIB
#define REPLAY_EVENTS  1000
#define REPLAY_KEEP_MS (5 * 60 * 1000)
#define SWEEP_MS       (60 * 1000)
#define AWAY_MS	       (60 * 1000) /* so long a question waits for a client that has gone */
#define GETS_MAX       4	   /* GET streams of a session */

struct replay_event {
	struct replay_event *next;
	struct event_stream *stream;
	uint64_t number, at_ms;
	struct buf text;
};

/* What the streams of a session have said, oldest first. */
struct replay {
	struct loop *loop;
	struct session *session;
	struct replay_event *first, *last;
	size_t bytes;
	unsigned events, streams; /* kept; ever opened */
	struct timer sweep;
};

const char event_stream_fields[] =
    "Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\n";

/* ---- streams --------------------------------------------------------------------------------- */

void
event_put(struct http_request *http, const struct slice *parts, size_t n)
{
	struct slice event[SPLICE_PARTS + REPLY_PARTS];

	must(n + 2 <= COUNT(event));
	event[0] = S("event: message\ndata: ");
	memcpy(event + 1, parts, n * sizeof(*parts));
	event[n + 1] = S("\n\n");
	http_stream_put(http, event, n + 2);
}

static void
stream_quiet(struct timer *timer)
{
	struct event_stream *stream = CONTAINER(timer, struct event_stream, quiet);
	struct loop *loop = stream->session->fronts->loop;

	timer_start(loop, timer, loop_now_ms(loop) + STREAM_QUIET_MS, stream_quiet);
	http_stream_put(stream->http, &S(":\n\n"), 1);
}

/* Connection and stream part; the response is ended. */
static void
stream_part(struct event_stream *stream)
{
	struct http_request *http = stream->http;
	struct loop *loop = stream->session->fronts->loop;

	timer_stop(loop, &stream->quiet);
	stream->http = NULL;
	stream->away_ms = loop_now_ms(loop);
	if (http == NULL)
		return;
	http->user = NULL;
	http_stream_end(http);
}

/* It leaves its session; what is kept of it must be gone. */
static void
stream_free(struct event_stream *stream)
{
	struct event_stream **at = &stream->session->streams;

	must(stream->kept == 0);
	stream_part(stream);
	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	for (struct front_call *c = stream->session->calls.next; c != &stream->session->calls;
	     c = c->next) {
		if (c->stream == stream)
			c->stream = NULL;
	}
	mem_free(stream);
}

static void
stream_join(struct event_stream *stream, struct http_request *http, struct slice fields)
{
	struct loop *loop = stream->session->fronts->loop;

	stream->http = http;
	http->user = &stream->kind;
	timer_start(loop, &stream->quiet, loop_now_ms(loop) + STREAM_QUIET_MS, stream_quiet);
	http_stream_begin(http, 200, fields, S("text/event-stream"));
}

/* ---- the buffer ------------------------------------------------------------------------------ */

static void
first_drop(struct replay *replay)
{
	struct replay_event *event = replay->first;
	struct event_stream *stream = event->stream;

	replay->first = event->next;
	if (replay->first == NULL)
		replay->last = NULL;
	replay->events--;
	replay->bytes -= event->text.n;
	if (stream->lost < event->number)
		stream->lost = event->number;
	stream->kept--;
	buf_fini(&event->text);
	mem_free(event);
	if (stream->has_ended && stream->kept == 0)
		stream_free(stream);
}

static void
all_drop(struct event_stream *stream)
{
	struct replay *replay = stream->session->replay;
	struct replay_event **at = &replay->first, *event, *last = NULL;

	while ((event = *at) != NULL) {
		if (event->stream != stream) {
			last = event;
			at = &event->next;
			continue;
		}
		*at = event->next;
		replay->events--;
		replay->bytes -= event->text.n;
		buf_fini(&event->text);
		mem_free(event);
	}
	replay->last = last;
	stream->kept = 0;
}

/* Drops what is old: events, and streams of GETs whose clients did not come back. */
static void
replay_sweep(struct timer *timer)
{
	struct replay *replay = CONTAINER(timer, struct replay, sweep);
	uint64_t now = loop_now_ms(replay->loop);
	struct event_stream *next;

	while (replay->first != NULL && replay->first->at_ms + REPLAY_KEEP_MS <= now)
		first_drop(replay);
	for (struct event_stream *s = replay->session->streams; s != NULL; s = next) {
		next = s->next;
		if (!s->of_post && s->http == NULL && s->away_ms + REPLAY_KEEP_MS <= now) {
			all_drop(s);
			stream_free(s);
		}
	}
	if (replay->session->streams != NULL)
		timer_start(replay->loop, timer, now + SWEEP_MS, replay_sweep);
}

static bool
memory_is_short(const struct replay *replay, size_t n)
{
	const struct memory *memory = loop_memory(replay->loop);

	return memory->limit_bytes > 0 && memory->used_bytes + n > memory->limit_bytes / 2;
}

static void
event_keep(struct event_stream *stream, const struct slice *parts, size_t parts_n)
{
	struct replay *replay = stream->session->replay;
	struct replay_event *event;
	size_t n = 0;

	for (size_t i = 0; i < parts_n; i++)
		n += parts[i].n;
	if (n > REPLAY_BYTES || memory_is_short(replay, n)) {
		stream->lost = stream->last;
		return;
	}
	while (replay->events >= REPLAY_EVENTS || replay->bytes + n > REPLAY_BYTES)
		first_drop(replay);
	event = MEM_NEW(struct replay_event);
	event->stream = stream;
	event->number = stream->last;
	event->at_ms = loop_now_ms(replay->loop);
	buf_init(&event->text, loop_memory(replay->loop), REPLAY_BYTES);
	for (size_t i = 0; i < parts_n; i++)
		buf_put(&event->text, parts[i]);
	if (replay->last != NULL)
		replay->last->next = event;
	else
		replay->first = event;
	replay->last = event;
	replay->events++;
	replay->bytes += event->text.n;
	stream->kept++;
}

/* ---- saying ---------------------------------------------------------------------------------- */

/* Nobody can come back to what has no session. */
static bool
is_resumable(const struct event_stream *stream)
{
	return stream->session->id[0] != '\0';
}

static size_t
id_print(const struct event_stream *stream, char *to, size_t room, const char *after)
{
	return (size_t)snprintf(to, room, "id: %c%u-%llu\n%s", stream->of_post ? 'p' : 'g',
	    stream->number, (unsigned long long)stream->last, after);
}

void
event_stream_say(struct event_stream *stream, const struct slice *parts, size_t n)
{
	struct slice event[SPLICE_PARTS + REPLY_PARTS];
	char id[80];

	must(n + 2 <= COUNT(event));
	if (!is_resumable(stream)) {
		if (stream->http != NULL)
			event_put(stream->http, parts, n);
		return;
	}
	stream->last++;
	event[0] = (struct slice){ id, id_print(stream, id, sizeof(id), "event: message\ndata: ") };
	memcpy(event + 1, parts, n * sizeof(*parts));
	event[n + 1] = S("\n\n");
	event_keep(stream, event, n + 2);
	if (stream->http != NULL)
		http_stream_put(stream->http, event, n + 2);
}

void
event_stream_end(struct event_stream *stream)
{
	stream->has_ended = true;
	stream_part(stream);
	if (stream->kept == 0)
		stream_free(stream);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Room for one more GET; one whose client is away gives way first, then the oldest. */
static void
gets_bound(struct session *session)
{
	struct event_stream *victim = NULL;
	unsigned n = 0;

	for (struct event_stream *s = session->streams; s != NULL; s = s->next) {
		if (s->of_post)
			continue;
		n++;
		if (victim == NULL || victim->http != NULL || s->http == NULL)
			victim = s;
	}
	if (n < GETS_MAX)
		return;
	all_drop(victim);
	stream_free(victim);
}

static struct replay *
replay_of(struct session *session)
{
	struct replay *replay = session->replay;

	if (replay != NULL)
		return replay;
	replay = session->replay = MEM_NEW(struct replay);
	replay->session = session;
	replay->loop = session->fronts->loop;
	return replay;
}

struct event_stream *
event_stream_open(
    struct session *session, struct http_request *http, bool of_post, struct slice fields)
{
	struct replay *replay = replay_of(session);
	struct event_stream *stream = MEM_NEW(struct event_stream);
	char id[80];

	if (!of_post)
		gets_bound(session);
	if (session->streams == NULL)
		timer_start(replay->loop, &replay->sweep, loop_now_ms(replay->loop) + SWEEP_MS,
		    replay_sweep);
	stream->kind = USER_STREAM;
	stream->session = session;
	stream->of_post = of_post;
	stream->number = ++replay->streams;
	stream->next = session->streams;
	session->streams = stream;
	stream_join(stream, http, fields);
	/* So that a client can come back before the first event (2025-11-25). */
	if (of_post && is_resumable(stream) && session->revision >= MCP_2025_11_25 &&
	    stream->http != NULL)
		http_stream_put(stream->http,
		    &(struct slice){ id, id_print(stream, id, sizeof(id), "data: \n\n") }, 1);
	return stream;
}

void
event_stream_gone(struct event_stream *stream)
{
	stream->http = NULL;
	stream_part(stream);
	if (!is_resumable(stream) && !stream->of_post)
		stream_free(stream);
}

bool
event_stream_reaches(const struct event_stream *stream)
{
	const struct session *session = stream->session;

	return stream->http != NULL ||
	    (is_resumable(stream) &&
		loop_now_ms(session->fronts->loop) < stream->away_ms + AWAY_MS);
}

struct event_stream *
event_stream_of(const struct session *session)
{
	struct event_stream *away = NULL;

	for (struct event_stream *s = session->streams; s != NULL; s = s->next) {
		if (s->of_post)
			continue;
		if (s->http != NULL)
			return s;
		if (away == NULL && event_stream_reaches(s))
			away = s;
	}
	return away;
}

bool
event_streams_are_heard(const struct session *session)
{
	const struct event_stream *stream = session->streams;

	while (stream != NULL && stream->http == NULL)
		stream = stream->next;
	return stream != NULL;
}

/* ---- coming back ----------------------------------------------------------------------------- */

/* "p3-2" */
static bool
id_read(struct slice id, bool *of_post, uint64_t *number, uint64_t *event)
{
	struct slice rest = SLICE_NONE;

	if (id.n == 0 || (id.p[0] != 'p' && id.p[0] != 'g'))
		return false;
	*of_post = id.p[0] == 'p';
	id = slice_cut((struct slice){ id.p + 1, id.n - 1 }, '-', &rest);
	return rest.p != NULL && slice_to_u64(id, UINT32_MAX, number) &&
	    slice_to_u64(rest, UINT64_MAX, event);
}

static void
replay_from(struct event_stream *stream, uint64_t number)
{
	const struct replay_event *event = stream->session->replay->first;

	for (; event != NULL && stream->http != NULL; event = event->next) {
		if (event->stream == stream && event->number > number)
			http_stream_put(
			    stream->http, &(struct slice){ event->text.p, event->text.n }, 1);
	}
}

bool
event_stream_resume(
    struct session *session, struct http_request *http, struct slice last_id, bool *is_lost)
{
	struct event_stream *stream = session->streams;
	uint64_t number, event;
	uint64_t missing;
	bool of_post;

	*is_lost = true;
	if (!id_read(last_id, &of_post, &number, &event))
		return false;
	*is_lost = of_post;
	while (stream != NULL && (stream->number != number || stream->of_post != of_post))
		stream = stream->next;
	if (stream == NULL || event > stream->last ||
	    (stream->has_ended &&
		(stream->kept == 0 || event >= stream->last || stream->lost == stream->last)))
		return false;
	missing = event < stream->lost ? stream->lost - event : 0;
	if (missing > 0)
		log_event(loop_log(session->fronts->loop), LOG_WARN, "replay_gap",
		    "client \"%.*s\" comes back to a stream of which %llu messages are no longer kept",
		    SLICE_FMT(session->client), (unsigned long long)missing);
	/* Its old connection may be one that is dead and does not know it. */
	stream_part(stream);
	stream_join(stream, http, slice_of(event_stream_fields));
	replay_from(stream, event);
	if (stream->has_ended)
		stream_part(stream);
	return true;
}

void
event_streams_close(struct session *session)
{
	struct replay *replay = session->replay;

	if (replay == NULL)
		return;
	while (session->streams != NULL) {
		all_drop(session->streams);
		stream_free(session->streams);
	}
	timer_stop(replay->loop, &replay->sweep);
	mem_free(replay);
	session->replay = NULL;
}
