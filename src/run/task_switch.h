/*
 * task_switch: going from one stack to another, and telling the tools that watch stacks.
 *
 * Contexts: a few lines of assembly on x86-64 and aarch64 (a switch is a dozen instructions),
 * ucontext elsewhere or with TASK_UCONTEXT.  The assembly is used under sanitizers too: their
 * swapcontext() wrapper would wipe the red zones of a stack at every switch.  Control words of the
 * floating point unit are not switched: nobody here changes them.
 *
 * Notes: AddressSanitizer and ThreadSanitizer must know of every switch, valgrind of every stack.
 * Where none of them is there the functions are empty.
 */
#ifndef RUN_TASK_SWITCH_H
#define RUN_TASK_SWITCH_H

#include <stddef.h>
#include <stdint.h>

#if !defined(__x86_64__) && !defined(__aarch64__) && !defined(TASK_UCONTEXT)
#define TASK_UCONTEXT
#endif

#ifdef TASK_UCONTEXT
#include <ucontext.h>
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TASK_NOTES_ASAN
#endif
#if __has_feature(thread_sanitizer)
#define TASK_NOTES_TSAN
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define TASK_NOTES_ASAN
#endif
#ifdef __SANITIZE_THREAD__
#define TASK_NOTES_TSAN
#endif

#ifdef TASK_NOTES_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef TASK_NOTES_TSAN
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
#endif

/* ---- contexts ------------------------------------------------------------------------------ */

struct task_context {
#ifdef TASK_UCONTEXT
	ucontext_t ucontext;
	void (*fn)(void *arg);
	void *arg;
#else
	void *sp; /* saved registers lie here, the frame pointer and return address last */
#endif
};

/* The first switch to it calls fn(arg) on the stack [stack, stack + n); fn must not return. */
void task_context_init(
    struct task_context *context, void *stack, size_t n, void (*fn)(void *arg), void *arg);
void task_context_switch(struct task_context *from, struct task_context *to);

/* ---- notes --------------------------------------------------------------------------------- */

struct task_notes {
	const void *stack; /* its bounds, as AddressSanitizer wants them */
	size_t n;
	void *fake_stack; /* AddressSanitizer's, while it does not run */
	void *fiber;	  /* ThreadSanitizer's */
	unsigned valgrind_id;
};

void task_notes_stack_new(struct task_notes *notes, void *stack, size_t n);
void task_notes_stack_free(struct task_notes *notes);

/* While a stack is looked at as a whole, also where nothing has been written. */
void task_notes_hush(int on);

/* A task is about to begin on the stack; it has ended there and was left. */
void task_notes_begin(struct task_notes *notes);
void task_notes_end(struct task_notes *notes);

/*
 * Before the switch; is_last: `from` is never switched to again.  Inlined, as the next one: a call
 * must not begin in one stack's books and end in the other's.
 */
static inline __attribute__((always_inline)) void
task_notes_leave(struct task_notes *from, const struct task_notes *to, int is_last)
{
#ifdef TASK_NOTES_ASAN
	__sanitizer_start_switch_fiber(is_last ? NULL : &from->fake_stack, to->stack, to->n);
#endif
#ifdef TASK_NOTES_TSAN
	if (from->fiber == NULL)
		from->fiber = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(to->fiber, 0);
#endif
}

/* After it, on the other side: self is where we are now; from (may be NULL) learns its bounds. */
static inline __attribute__((always_inline)) void
task_notes_enter(struct task_notes *self, struct task_notes *from)
{
#ifdef TASK_NOTES_ASAN
	__sanitizer_finish_switch_fiber(
	    self->fake_stack, from != NULL ? &from->stack : NULL, from != NULL ? &from->n : NULL);
#endif
}

#endif
