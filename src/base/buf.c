/*
 * Growing bytes under a ceiling and an account.  Writers never fail in the middle: what does not
 * fit sets `overflow`, and from then on everything is dropped, so that no text with a hole can be
 * taken for a whole one.  The account holds the capacity.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define FIRST_BYTES ((size_t)256)

void
buf_init(struct buf *buf, struct memory *memory, size_t ceiling_bytes)
{
	*buf = (struct buf){ .memory = memory, .ceiling_bytes = ceiling_bytes };
}

void
buf_fini(struct buf *buf)
{
	if (buf->p == NULL) {
		buf_clear(buf);
		return;
	}
	if (buf->memory != NULL) {
		must(buf->memory->used_bytes >= buf->cap);
		buf->memory->used_bytes -= buf->cap;
	}
	mem_free(buf->p);
	buf_init(buf, buf->memory, buf->ceiling_bytes);
}

void
buf_clear(struct buf *buf)
{
	buf->n = 0;
	buf->overflow = false;
}

static bool
account_has_room(const struct memory *memory, size_t n)
{
	return memory == NULL || memory->limit_bytes == 0 ||
	    (memory->used_bytes <= memory->limit_bytes &&
		n <= memory->limit_bytes - memory->used_bytes);
}

/* Makes room for n more bytes; false: the ceiling or the account forbids it. */
static bool
grow(struct buf *buf, size_t n)
{
	size_t want, cap = buf->cap < FIRST_BYTES / 2 ? FIRST_BYTES : buf->cap * 2;
	char *p;

	if (buf->n > buf->ceiling_bytes || n > buf->ceiling_bytes - buf->n)
		return false;
	want = buf->n + n;
	if (cap < want)
		cap = want;
	if (cap > buf->ceiling_bytes)
		cap = buf->ceiling_bytes;
	if (!account_has_room(buf->memory, cap - buf->cap)) {
		cap = want;
		if (!account_has_room(buf->memory, cap - buf->cap))
			return false;
	}
	p = mem_resize(buf->p, buf->n, cap + 1); /* one more, for the NUL of vsnprintf() */
	if (buf->memory != NULL) {
		buf->memory->used_bytes += cap - buf->cap;
		if (buf->memory->used_bytes > buf->memory->peak_bytes)
			buf->memory->peak_bytes = buf->memory->used_bytes;
	}
	buf->p = p;
	buf->cap = cap;
	return true;
}

static bool
limit_error(const struct buf *buf, struct err *err)
{
	if (buf->memory != NULL && buf->memory->limit_bytes != 0)
		return err_set(err, ERR_LIMIT,
		    "more than the %zu bytes allowed here, or than the %zu "
		    "bytes of limits.memory",
		    buf->ceiling_bytes, buf->memory->limit_bytes);
	return err_set(err, ERR_LIMIT, "more than the %zu bytes allowed here", buf->ceiling_bytes);
}

bool
buf_reserve(struct buf *buf, size_t n, struct err *err)
{
	if (n <= buf->cap - buf->n || grow(buf, n))
		return true;
	return limit_error(buf, err);
}

/* Room for a writer; false: drop it. */
static bool
room(struct buf *buf, size_t n)
{
	if (buf->overflow)
		return false;
	if (n <= buf->cap - buf->n || grow(buf, n))
		return true;
	buf->overflow = true;
	return false;
}

void
buf_put(struct buf *buf, struct slice s)
{
	if (s.n == 0 || !room(buf, s.n))
		return;
	memcpy(buf->p + buf->n, s.p, s.n);
	buf->n += s.n;
}

void
buf_putc(struct buf *buf, char c)
{
	if (room(buf, 1))
		buf->p[buf->n++] = c;
}

void
buf_puts(struct buf *buf, const char *cstr)
{
	buf_put(buf, slice_of(cstr));
}

void
buf_put_u64(struct buf *buf, uint64_t v)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char digits[20];
	size_t at = sizeof(digits);

	for (; v >= 100; v /= 100) {
		at -= 2;
		memcpy(digits + at, pairs + v % 100 * 2, 2);
	}
	if (v >= 10) {
		at -= 2;
		memcpy(digits + at, pairs + v * 2, 2);
	} else {
		digits[--at] = (char)('0' + v);
	}
	buf_put(buf, (struct slice){ digits + at, sizeof(digits) - at });
}

void
buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!room(buf, buf->cap == 0 ? 1 : 0))
		return;
	va_start(ap, fmt);
	n = vsnprintf(buf->p + buf->n, buf->cap - buf->n + 1, fmt, ap);
	va_end(ap);
	must(n >= 0);
	if ((size_t)n > buf->cap - buf->n) {
		if (!room(buf, (size_t)n))
			return;
		va_start(ap, fmt);
		vsnprintf(buf->p + buf->n, buf->cap - buf->n + 1, fmt, ap);
		va_end(ap);
	}
	buf->n += (size_t)n;
}

void
buf_cut(struct buf *buf, size_t n)
{
	must(n <= buf->n);
	buf->n -= n;
	if (n > 0 && buf->n > 0)
		memmove(buf->p, buf->p + n, buf->n);
}

struct slice
buf_view(const struct buf *buf)
{
	return (struct slice){ buf->p != NULL ? buf->p : "", buf->n };
}

/* Each keeps its own ceiling and account; the bytes change the account with their owner. */
void
buf_take(struct buf *to, struct buf *from)
{
	must(to != from);
	buf_fini(to);
	to->p = from->p;
	to->n = from->n;
	to->cap = from->cap;
	to->overflow = from->overflow;
	if (to->memory != from->memory) {
		if (from->memory != NULL)
			from->memory->used_bytes -= from->cap;
		if (to->memory != NULL) {
			to->memory->used_bytes += to->cap;
			if (to->memory->used_bytes > to->memory->peak_bytes)
				to->memory->peak_bytes = to->memory->used_bytes;
		}
	}
	from->p = NULL;
	from->n = from->cap = 0;
	from->overflow = false;
}

bool
buf_check(const struct buf *buf, struct err *err)
{
	return !buf->overflow || limit_error(buf, err);
}

struct bytes *
bytes_new(struct buf *buf)
{
	struct bytes *bytes = MEM_NEW(struct bytes);

	bytes->refs = 1;
	buf_take(&bytes->buf, buf);
	return bytes;
}

struct bytes *
bytes_ref(struct bytes *bytes)
{
	bytes->refs++;
	return bytes;
}

void
bytes_unref(struct bytes **at)
{
	struct bytes *bytes = *at;

	*at = NULL;
	if (bytes == NULL || --bytes->refs > 0)
		return;
	buf_fini(&bytes->buf);
	mem_free(bytes);
}
