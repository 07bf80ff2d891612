/*
 * The rows of all tools as JSON, for the page of documentation and for tests: what tools/list says,
 * and what it leaves out for the sake of its size: toolset, kind of site, kinds of arguments.
 */
#include "atlassian/tools.h"

static void
put_kind(const struct arg *arg, struct buf *out)
{
	bool is_list = arg->type == ARG_CSV;
	enum arg_type type = is_list ? arg->of : arg->type;

	buf_printf(out, ",\"kind\":\"%s\"", kind_name(type));
	if (kind_bytes(arg, type) > 0 && arg->one_of == NULL)
		buf_printf(out, ",\"bytes\":%zu", kind_bytes(arg, type));
	if (is_list)
		buf_puts(out, ",\"list\":true");
	if (arg->flags & OR_NAMES)
		buf_puts(out, ",\"or_names\":true");
}

static void
put_argument(const struct arg *arg, struct buf *out)
{
	buf_puts(out, "{\"name\":");
	buf_json_string(out, slice_of(arg->name));
	put_kind(arg, out);
	if (arg->flags & REQUIRED)
		buf_puts(out, ",\"required\":true");
	if (arg->type == ARG_INT && (arg->min != 0 || arg->max != 0))
		buf_printf(out, ",\"minimum\":%ld", arg->min);
	if (arg->type == ARG_INT && arg->max != 0)
		buf_printf(out, ",\"maximum\":%ld", arg->max);
	if (arg->one_of != NULL) {
		buf_puts(out, ",\"one_of\":");
		buf_json_string(out, slice_of(arg->one_of));
	}
	if (arg->fallback != NULL)
		buf_printf(out, ",\"default\":%s", arg->fallback);
	buf_puts(out, ",\"help\":");
	buf_json_string(out, slice_of(arg->help));
	buf_putc(out, '}');
}

static void
put_tool(enum config_product product, const struct tool *tool, struct buf *out)
{
	const struct arg *arg;

	buf_printf(out, "{\"name\":\"%s_%s\",\"toolset\":\"%s\",\"access\":\"%s\"",
	    product == PRODUCT_JIRA ? "jira" : "confluence", tool->name, tool->toolset,
	    tool->flags & READS		 ? "reads"
		: tool->flags & DESTROYS ? "destroys"
					 : "writes");
	if (tool->flags & (CLOUD_ONLY | DC_ONLY))
		buf_printf(
		    out, ",\"only\":\"%s\"", tool->flags & CLOUD_ONLY ? "Cloud" : "Data Center");
	buf_puts(out, ",\"title\":");
	buf_json_string(out, slice_of(tool->title));
	buf_puts(out, ",\"help\":");
	buf_json_string(out, slice_of(tool->help));
	buf_puts(out, ",\"arguments\":[");
	for (size_t i = 0; (arg = arg_at(tool, i)) != NULL; i++) {
		buf_puts(out, i > 0 ? "," : "");
		put_argument(arg, out);
	}
	buf_puts(out, "]}");
}

void
atlassian_put_reference(struct buf *out)
{
	const char *mark = "[\n";

	for (size_t s = 0; tool_sets[s] != NULL; s++) {
		for (size_t i = 0; i < tool_sets[s]->n; i++) {
			buf_puts(out, mark);
			put_tool(tool_sets[s]->product, &tool_sets[s]->tools[i], out);
			mark = ",\n";
		}
	}
	buf_puts(out, "\n]\n");
}
