/*
 * child: starting a program from a task, and the few words one says to it, on any machine.
 *
 * What a start, a stop, an exit really are is the seam's business (seam_uv_child.c, or a
 * simulation). The record of a start is of its own, not on the task's stack, because the answer may
 * come after the task was cut; a child that nobody waits for any more is closed, which kills it.
 */
#include "run/run.h"
#include "run/seam_uv.h"

struct opening {
	struct task *task; /* NULL: cut; nobody waits */
	struct child *child;
	struct err err;
	bool is_done;
};

static void
opened(void *ctx, struct child *child, const struct err *err)
{
	struct opening *opening = ctx;

	opening->child = child;
	if (child == NULL)
		opening->err = *err;
	if (opening->task == NULL) {
		child_close(&opening->child);
		mem_free(opening);
		return;
	}
	opening->is_done = true;
	task_wake(opening->task);
}

bool
child_open_wait(
    struct loop *loop, const struct child_spec *spec, struct child **out, struct err *err)
{
	struct opening *opening = MEM_NEW(struct opening);
	const struct seam_ops *ops;
	void *seam;

	*out = NULL;
	opening->task = task_self(loop);
	must(opening->task != NULL);
	ops = loop_seam(loop, &seam);
	ops->child_start(seam, spec, opened, opening);
	while (!opening->is_done) {
		if (!task_park_wait(loop, err)) {
			if (opening->is_done)
				break;
			opening->task = NULL;
			return false;
		}
	}
	*out = opening->child;
	if (*out == NULL)
		*err = opening->err;
	mem_free(opening);
	return *out != NULL;
}

void
child_stop(struct child *child, unsigned grace_ms)
{
	const struct seam_ops *ops;
	void *seam;

	stream_close(&child->in);
	ops = loop_seam(child->loop, &seam);
	ops->child_stop(seam, child, grace_ms);
}

void
child_close(struct child **child)
{
	const struct seam_ops *ops;
	struct child *gone = *child;
	void *seam;

	if (gone == NULL)
		return;
	*child = NULL;
	stream_close(&gone->in);
	stream_close(&gone->out);
	stream_close(&gone->err);
	ops = loop_seam(gone->loop, &seam);
	ops->child_free(seam, gone);
}
