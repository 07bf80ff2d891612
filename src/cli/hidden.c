/*
 * What the guard hides of what servers offer: for people behind a list, for programs as members.
 */
#include <unistd.h>

#include "cli/cli.h"

void
hidden_tell(struct local *local)
{
	struct buf out;
	size_t n;
	const struct catalogue_hidden *all = catalogue_hidden(hub_catalogue(local_hub(local)), &n);

	buf_init(&out, NULL, 16 * MIB);
	for (size_t i = 0; i < n; i++) {
		const struct catalogue_hidden *hidden = &all[i];

		buf_puts(&out, "hidden: ");
		buf_put(&out, item_kind_row(hidden->kind)->one);
		buf_puts(&out, " \"");
		buf_put_shown(&out, hidden->item->name);
		buf_puts(&out, "\" of ");
		buf_put_shown(&out, hidden->provider->name);
		buf_puts(&out, " by rule ");
		buf_put_shown(&out, hidden->rule);
		buf_puts(&out, hidden->reason.n > 0 ? ": " : "");
		buf_put_shown(&out, hidden->reason);
		buf_putc(&out, '\n');
	}
	if (out.n > 0)
		cli_write(STDERR_FILENO, buf_view(&out));
	buf_fini(&out);
}

void
hidden_put_json(struct local *local, const struct provider *provider, struct buf *out)
{
	size_t n;
	const struct catalogue_hidden *all = catalogue_hidden(hub_catalogue(local_hub(local)), &n);
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		const struct catalogue_hidden *hidden = &all[i];

		if (hidden->provider != provider)
			continue;
		buf_puts(out, any ? ",{\"kind\":" : ",\"hidden\":[{\"kind\":");
		any = true;
		buf_json_string(out, item_kind_row(hidden->kind)->one);
		buf_puts(out, ",\"name\":");
		buf_json_string(out, hidden->item->name);
		buf_puts(out, ",\"rule\":");
		buf_json_string(out, hidden->rule);
		buf_puts(out, ",\"reason\":");
		buf_json_string(out, hidden->reason);
		buf_putc(out, '}');
	}
	if (any)
		buf_putc(out, ']');
}
