/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fiber.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/alloc.h"

#if defined(__SANITIZE_ADDRESS__)
#define IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_WATCHED 1
#endif
#endif

/* AddressSanitizer must be told of each change of stacks: before, and on the other one. */
#ifdef IS_WATCHED
#include <sanitizer/common_interface_defs.h>
#define WILL_SWITCH(save, bottom, bytes)  __sanitizer_start_switch_fiber(save, bottom, bytes)
#define HAS_SWITCHED(save, bottom, bytes) __sanitizer_finish_switch_fiber(save, bottom, bytes)
#else
#define WILL_SWITCH(save, bottom, bytes)  ((void)(save), (void)(bottom), (void)(bytes))
#define HAS_SWITCHED(save, bottom, bytes) ((void)(save), (void)(bottom), (void)(bytes))
#endif

struct fiber {
	ucontext_t inside, outside;
	char *map; /* one page that traps, then the stack */
	size_t page, stack_bytes;
	void (*fn)(void *arg);
	void *arg;
	bool is_alive, is_inside;
	const void *outside_bottom; /* as AddressSanitizer knows it */
	size_t outside_bytes;
};

struct fiber *fiber_new(size_t stack_bytes)
{
	struct fiber *f = alloc_zero(sizeof(*f));

	f->page = (size_t)sysconf(_SC_PAGESIZE);
	f->stack_bytes = (stack_bytes + f->page - 1) / f->page * f->page;
	f->map = mmap(NULL, f->page + f->stack_bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (f->map == MAP_FAILED || mprotect(f->map, f->page, PROT_NONE) < 0)
		alloc_failed(f->page + f->stack_bytes);
	return f;
}

void fiber_free(struct fiber *f)
{
	if (!f)
		return;
	assert(!f->is_alive);
	munmap(f->map, f->page + f->stack_bytes);
	free(f);
}

static void enter(struct fiber *f)
{
	void *save = NULL;

	f->is_inside = true;
	WILL_SWITCH(&save, f->map + f->page, f->stack_bytes);
	(void)swapcontext(&f->outside, &f->inside);
	HAS_SWITCHED(save, NULL, NULL);
	f->is_inside = false;
}

static void leave(struct fiber *f)
{
	void *save = NULL;

	WILL_SWITCH(f->is_alive ? &save : NULL, f->outside_bottom, f->outside_bytes);
	(void)swapcontext(&f->inside, &f->outside);
	HAS_SWITCHED(save, &f->outside_bottom, &f->outside_bytes);
}

/* makecontext() passes on integers alone. */
static void begin(unsigned high, unsigned low)
{
	struct fiber *f = (struct fiber *)((uintptr_t)high << 32 | (uintptr_t)low);

	HAS_SWITCHED(NULL, &f->outside_bottom, &f->outside_bytes);
	f->fn(f->arg);
	f->is_alive = false;
	leave(f);
}

void fiber_run(struct fiber *f, void (*fn)(void *arg), void *arg)
{
	const uint64_t at = (uintptr_t)f;

	assert(!f->is_alive);
	f->fn = fn;
	f->arg = arg;
	f->is_alive = true;
	(void)getcontext(&f->inside);
	f->inside.uc_stack.ss_sp = f->map + f->page;
	f->inside.uc_stack.ss_size = f->stack_bytes;
	f->inside.uc_link = NULL;
	makecontext(&f->inside, (void (*)(void))begin, 2, (unsigned)(at >> 32), (unsigned)at);
	enter(f);
}

void fiber_resume(struct fiber *f)
{
	assert(f->is_alive && !f->is_inside);
	enter(f);
}

void fiber_yield(struct fiber *f)
{
	assert(f->is_inside);
	leave(f);
}

bool fiber_is_alive(const struct fiber *f)
{
	return f && f->is_alive;
}

bool fiber_is_inside(const struct fiber *f)
{
	return f && f->is_inside;
}
