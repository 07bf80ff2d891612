/*
 * task_switch: the switch between stacks itself, in assembly where we know the machine, and what
 * sanitizers and valgrind want to hear about it.
 *
 * The saved registers lie on top of the stack that was left; task_context.sp points at them.  The
 * debugger's helper (tools/gdb/bascule.py) reads the frame pointer and return address there: keep
 * its offsets when the order here changes.
 */
#include <string.h>

#include "base/base.h"
#include "run/task_switch.h"

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#ifdef TASK_NOTES_ASAN
#include <sanitizer/asan_interface.h>
#endif

/* ---- contexts ------------------------------------------------------------------------------ */

#ifdef TASK_UCONTEXT

/* makecontext() passes ints: the address comes in two halves. */
static void
begin(unsigned high, unsigned low)
{
	struct task_context *context = (void *)(uintptr_t)((uint64_t)high << 32 | low);

	context->fn(context->arg);
}

void
task_context_init(
    struct task_context *context, void *stack, size_t n, void (*fn)(void *arg), void *arg)
{
	uint64_t address = (uintptr_t)context;

	memset(context, 0, sizeof(*context));
	must(getcontext(&context->ucontext) == 0);
	context->ucontext.uc_stack.ss_sp = stack;
	context->ucontext.uc_stack.ss_size = n;
	context->fn = fn;
	context->arg = arg;
	makecontext(&context->ucontext, (void (*)(void))begin, 2, (unsigned)(address >> 32),
	    (unsigned)address);
}

void
task_context_switch(struct task_context *from, struct task_context *to)
{
	must(swapcontext(&from->ucontext, &to->ucontext) == 0);
}

#elif defined(__x86_64__)

void task_context_begin(void); /* assembly; entered by the return of the first switch */

__asm__(".text\n"
	".globl task_context_switch\n"
	".hidden task_context_switch\n"
	".type task_context_switch,@function\n"
	".p2align 4\n"
	"task_context_switch:\n"
	"	.cfi_startproc\n"
	"	pushq %rbp\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset %rbp, 0\n"
	"	pushq %rbx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq %r12\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq %r13\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq %r14\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq %r15\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	movq %rsp, (%rdi)\n"
	"	movq (%rsi), %rsp\n"
	"	popq %r15\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	popq %r14\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	popq %r13\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	popq %r12\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	popq %rbx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	popq %rbp\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_same_value %rbp\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size task_context_switch, .-task_context_switch\n"
	".globl task_context_begin\n"
	".hidden task_context_begin\n"
	".type task_context_begin,@function\n"
	".p2align 4\n"
	"task_context_begin:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined %rip\n" /* back-traces end here */
	"	movq %r12, %rdi\n"
	"	callq *%r13\n"
	"	ud2\n"
	"	.cfi_endproc\n"
	".size task_context_begin, .-task_context_begin\n");

void
task_context_init(
    struct task_context *context, void *stack, size_t n, void (*fn)(void *arg), void *arg)
{
	uintptr_t top = ((uintptr_t)stack + n) & ~(uintptr_t)15;
	uintptr_t *saved = (uintptr_t *)top - 7;

	/* r15, r14, r13, r12, rbx, rbp, return address; the stack is aligned after the return. */
	memset(saved, 0, 7 * sizeof(*saved));
	saved[2] = (uintptr_t)fn;
	saved[3] = (uintptr_t)arg;
	saved[6] = (uintptr_t)task_context_begin;
	context->sp = saved;
}

#elif defined(__aarch64__)

void task_context_begin(void);

__asm__(".text\n"
	".globl task_context_switch\n"
	".hidden task_context_switch\n"
	".type task_context_switch,%function\n"
	".p2align 4\n"
	"task_context_switch:\n"
	"	.cfi_startproc\n"
	"	sub sp, sp, #160\n"
	"	.cfi_def_cfa_offset 160\n"
	"	stp d8, d9, [sp, #0]\n"
	"	stp d10, d11, [sp, #16]\n"
	"	stp d12, d13, [sp, #32]\n"
	"	stp d14, d15, [sp, #48]\n"
	"	stp x19, x20, [sp, #64]\n"
	"	stp x21, x22, [sp, #80]\n"
	"	stp x23, x24, [sp, #96]\n"
	"	stp x25, x26, [sp, #112]\n"
	"	stp x27, x28, [sp, #128]\n"
	"	stp x29, x30, [sp, #144]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	ldr x9, [x1]\n"
	"	mov sp, x9\n"
	"	ldp d8, d9, [sp, #0]\n"
	"	ldp d10, d11, [sp, #16]\n"
	"	ldp d12, d13, [sp, #32]\n"
	"	ldp d14, d15, [sp, #48]\n"
	"	ldp x19, x20, [sp, #64]\n"
	"	ldp x21, x22, [sp, #80]\n"
	"	ldp x23, x24, [sp, #96]\n"
	"	ldp x25, x26, [sp, #112]\n"
	"	ldp x27, x28, [sp, #128]\n"
	"	ldp x29, x30, [sp, #144]\n"
	"	add sp, sp, #160\n"
	"	.cfi_def_cfa_offset 0\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size task_context_switch, .-task_context_switch\n"
	".globl task_context_begin\n"
	".hidden task_context_begin\n"
	".type task_context_begin,%function\n"
	".p2align 4\n"
	"task_context_begin:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined x30\n" /* back-traces end here */
	"	mov x0, x19\n"
	"	blr x20\n"
	"	brk #1\n"
	"	.cfi_endproc\n"
	".size task_context_begin, .-task_context_begin\n");

void
task_context_init(
    struct task_context *context, void *stack, size_t n, void (*fn)(void *arg), void *arg)
{
	uintptr_t top = ((uintptr_t)stack + n) & ~(uintptr_t)15;
	uintptr_t *saved = (uintptr_t *)top - 20;

	/* d8-d15, x19-x30 */
	memset(saved, 0, 20 * sizeof(*saved));
	saved[8] = (uintptr_t)arg;
	saved[9] = (uintptr_t)fn;
	saved[19] = (uintptr_t)task_context_begin;
	context->sp = saved;
}

#endif

/* ---- notes --------------------------------------------------------------------------------- */

void
task_notes_stack_new(struct task_notes *notes, void *stack, size_t n)
{
	notes->stack = stack;
	notes->n = n;
#ifdef VALGRIND_STACK_REGISTER
	notes->valgrind_id = VALGRIND_STACK_REGISTER(stack, (char *)stack + n);
#endif
}

void
task_notes_stack_free(struct task_notes *notes)
{
#ifdef VALGRIND_STACK_DEREGISTER
	VALGRIND_STACK_DEREGISTER(notes->valgrind_id);
#endif
}

void
task_notes_hush(int on)
{
#ifdef VALGRIND_DISABLE_ERROR_REPORTING
	if (on)
		VALGRIND_DISABLE_ERROR_REPORTING;
	else
		VALGRIND_ENABLE_ERROR_REPORTING;
#endif
}

void
task_notes_begin(struct task_notes *notes)
{
#ifdef TASK_NOTES_ASAN
	/* The last task's frames were left where they stood. */
	__asan_unpoison_memory_region(notes->stack, notes->n);
	notes->fake_stack = NULL;
#endif
#ifdef TASK_NOTES_TSAN
	notes->fiber = __tsan_create_fiber(0);
#endif
}

void
task_notes_end(struct task_notes *notes)
{
#ifdef TASK_NOTES_TSAN
	__tsan_destroy_fiber(notes->fiber);
	notes->fiber = NULL;
#endif
}
