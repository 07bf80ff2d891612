/*
 * Files from a site: bytes into content blocks.  They are asked for at the site's own address: one
 * that stands in a reply is shown, and never followed.  The one exception is the redirection by
 * which Cloud sends to its store of files: one hop, to hosts named here, without the credential.
 */
#include "atlassian/access.h"
#include "atlassian/files.h"

#define DOWNLOADS_MAX 100 /* of one call; more are links */
#define STORE	      "api.media.atlassian.com"

/* ---- bytes ----------------------------------------------------------------------------------- */

static bool
is_redirection(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool
is_at(struct slice base, const struct url *url)
{
	struct url own;
	struct err err;

	return base.n > 0 && url_parse(base, &own, &err) && own.is_tls == url->is_tls &&
	    own.port == url->port && slice_eq_nocase(own.host, url->host);
}

/* Atlassian's store, its API, or the site itself. */
static bool
may_follow(const struct access *access, const struct url *url)
{
	return (url->is_tls && url->port == 443 && slice_eq_nocase(url->host, S(STORE))) ||
	    is_at(access->site->config->api, url) || is_at(access->url, url);
}

static bool
may_dial(void *owner, const struct address *address)
{
	(void)owner;
	return access_may_dial(REACH_PUBLIC, address);
}

static struct rest_settings
settings_for(const struct access *access, struct slice url)
{
	const struct config_site *config = access->site->config;
	struct rest_settings settings = {
		.url = url, .proxy = access_proxy(config, url), .connect_ms = config->timeout_ms
	};

	if (access->is_ours) {
		settings.is_unverified = config->is_unverified;
		settings.tls.ca = config->tls_ca;
	} else if (settings.proxy.n == 0) {
		settings.may_connect = may_dial;
	}
	return settings;
}

/* Nothing of ours goes with it: the address itself is the permission. */
static bool
follow_wait(struct work *work, struct slice address, size_t max_bytes, struct arena *arena,
    struct rest_reply *reply)
{
	struct slice name = work->site->provider.name;
	struct rest_request request = { .method = S("GET"),
		.headers = S("Accept: */*\r\n"),
		.timeout_ms = work->site->config->timeout_ms,
		.max_bytes = max_bytes };
	struct rest_settings settings;
	struct rest_pool *pool;
	struct url url;
	bool ok, was_sent;

	if (!url_parse(address, &url, &(struct err){ 0 }) || !may_follow(work->access, &url))
		return work_fail(work, ERR_REFUSED,
		    "%.*s sends elsewhere for the file, where it is not followed", SLICE_FMT(name));
	settings = settings_for(work->access,
	    (struct slice){ address.p, (size_t)(url.authority.p + url.authority.n - address.p) });
	request.path = url.path;
	if (!rest_pool_new(work->loop, &settings, &pool, work->err))
		return false;
	ok = rest_wait(pool, &request, arena, reply, &was_sent, work->err);
	rest_pool_free(&pool);
	if (!ok)
		return err_prefix(work->err, "%.*s", SLICE_FMT(name));
	/* Where somebody is asked to log in. */
	if (reply->status < 300 && is_at(work->access->url, &url) &&
	    slice_starts(rest_header(reply, S("Content-Type")), S("text/html")))
		return work_fail(work, ERR_REFUSED, "%.*s sends to a web page in place of the file",
		    SLICE_FMT(name));
	return true;
}

bool
work_bytes_wait(
    struct work *work, const char *path, size_t max_bytes, struct arena *arena, struct slice *out)
{
	struct site_request request = { .method = S("GET"),
		.path = slice_of(path),
		.accept = S("*/*"),
		.max_bytes = max_bytes,
		.exchange = work->exchange };
	struct rest_reply reply;
	struct slice location;

	*out = SLICE_NONE;
	if (path == NULL || !site_rest_wait(work->access, &request, arena, &reply, work->err))
		return false;
	location = is_redirection(reply.status) ? rest_header(&reply, S("Location")) : SLICE_NONE;
	if (location.n > 0 && !follow_wait(work, location, max_bytes, arena, &reply))
		return false;
	work->status = reply.status;
	*out = reply.body;
	return reply.status < 300 ||
	    work_fail(work, ERR_REQUEST, "%.*s: %.*s", SLICE_FMT(work->site->provider.name),
		SLICE_FMT(site_complaint(work->access, &reply, work->arena)));
}

/* ---- several --------------------------------------------------------------------------------- */

const struct shape downloaded_shape = { (const struct shape_field[]){ { "id", SHAPE_STR },
					    { "filename", SHAPE_STR }, { "mime_type", SHAPE_STR },
					    { "size", SHAPE_INT }, { "url", SHAPE_STR },
					    { "error", SHAPE_STR } },
	6, false };

void
downloads_init(struct downloads *d, struct work *work)
{
	d->work = work;
	d->left = work->site->all->inline_bytes;
	d->shown = out_arr(work);
	d->linked = out_arr(work);
	d->failed = out_arr(work);
}

static yyjson_mut_val *
told(struct work *work, yyjson_mut_val *list, const struct remote_file *one)
{
	yyjson_mut_val *out = out_obj(work);

	out_slice(work, out, "id", one->id);
	out_slice(work, out, "filename", one->name);
	yyjson_mut_arr_append(list, out);
	return out;
}

void
downloads_fail(struct downloads *d, const struct remote_file *one, const char *why)
{
	out_str(d->work, told(d->work, d->failed, one), "error", why);
}

/* For clients, not for the site: attachment:///DEMO-4/moth.png */
static struct slice
uri_of(struct work *work, struct slice owner, struct slice name)
{
	struct err *kept = work->err, err = { 0 };
	const char *uri = NULL;

	work->err = &err;
	if (arena_reserve(work->arena, owner.n + name.n + 2, &err))
		uri = work_path(work, "attachment:///{owner}/{name}", "owner",
		    slice_cstr(work->arena, owner), "name", slice_cstr(work->arena, name), NULL);
	work->err = kept;
	return uri != NULL ? slice_of(uri) : S("attachment:///");
}

static void
link_add(struct downloads *d, const struct remote_file *one)
{
	struct work *work = d->work;
	struct work_shown shown = { one->url, one->name, one->type, one->size };
	yyjson_mut_val *out;

	if (!slice_starts(one->url, S("https://")) && !slice_starts(one->url, S("http://"))) {
		downloads_fail(d, one,
		    work_printf(
			work, "it is too large for this result, and %s gave no address", d->site));
		return;
	}
	out = told(work, d->linked, one);
	out_int(work, out, "size", (int64_t)one->size);
	out_slice(work, out, "url", one->url);
	work_link(work, &shown);
}

static void
show(struct downloads *d, const struct remote_file *one, struct slice type, struct slice bytes)
{
	struct work *work = d->work;
	struct work_shown shown = { uri_of(work, d->owner, one->name), one->name, type, bytes.n };
	yyjson_mut_val *out = told(work, d->shown, one);

	out_slice(work, out, "mime_type", type);
	out_int(work, out, "size", (int64_t)bytes.n);
	d->left -= bytes.n;
	d->done++;
	(d->is_images ? work_image : work_embed)(work, &shown, bytes);
}

static bool
fetch_wait(struct downloads *d, const struct remote_file *one, struct slice type)
{
	struct work *work = d->work;
	struct err *kept = work->err, err = { 0 };
	struct arena arena;
	struct slice bytes;
	bool ok;

	arena_init(&arena, loop_memory(work->loop), d->left + MIB);
	work->err = &err;
	ok = work_bytes_wait(work, d->path(d, one), d->left, &arena, &bytes);
	work->err = kept;
	if (ok)
		show(d, one, type, bytes);
	else if (err.kind == ERR_LIMIT)
		link_add(d, one);
	else
		downloads_fail(d, one, err.text);
	arena_fini(&arena);
	work->said = SLICE_NONE;
	if (err.kind != ERR_CANCELLED && err.kind != ERR_DEADLINE)
		return true;
	*work->err = err;
	return false;
}

bool
downloads_add_wait(struct downloads *d, const struct remote_file *one)
{
	struct slice type = d->is_images ? file_image_type(one->type, one->name) : one->type;

	if (d->is_images && type.n == 0)
		return true;
	d->total++;
	if (type.n == 0)
		type = file_type(one->name);
	if (one->id.n == 0 || one->name.n == 0) {
		downloads_fail(d, one, work_printf(d->work, "%s did not say what it is", d->site));
		return true;
	}
	if (d->left > 0 && one->size <= d->left && d->done < DOWNLOADS_MAX)
		return fetch_wait(d, one, type);
	link_add(d, one);
	return true;
}

void
downloads_show(const struct downloads *d)
{
	struct work *work = d->work;

	out_int(work, work->out, d->is_images ? "total_images" : "total", d->total);
	out_int(work, work->out, "downloaded", d->done);
	out_val(work, work->out, "attachments", d->shown);
	out_val(work, work->out, "linked", d->linked);
	out_val(work, work->out, "failed", d->failed);
}
