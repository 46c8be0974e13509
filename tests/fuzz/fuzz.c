/* SPDX-License-Identifier: Apache-2.0 */
/* The program of all targets; the environment's FUZZ names one, without it all names are printed. */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct {
	const char *name;
	fuzz_target *run;
} targets[] = {
#define TARGET(name) { #name, fuzz_##name },
#include "targets.def"
#undef TARGET
};

static fuzz_target *chosen;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *want = getenv("FUZZ");

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		if (!want)
			puts(targets[i].name);
		else if (strcmp(targets[i].name, want) == 0)
			chosen = targets[i].run;
	}
	if (want && !chosen)
		(void)fprintf(stderr, "there is no target %s\n", want);
	if (!chosen)
		exit(want ? 2 : 0);
	log_setup("fuzz", LOG_LEVEL_ERROR + 1, 2);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct input in = { arena_new(), (const char *)p, n };

	chosen(&in);
	arena_free(in.arena);
	return 0;
}

const char *input_line(struct input *in)
{
	const char *end = in->n ? memchr(in->p, '\n', in->n) : NULL;
	size_t len = end ? (size_t)(end - in->p) : in->n;
	const char *text = arena_strndup(in->arena, in->p, len);

	in->p += len + (end != NULL);
	in->n -= len + (end != NULL);
	return text;
}

int64_t input_number(struct input *in)
{
	return strtoll(input_line(in), NULL, 10);
}

const char *input_rest(struct input *in, size_t *ret_n)
{
	char *text = arena_alloc(in->arena, in->n + 1);

	if (in->n)
		memcpy(text, in->p, in->n);
	if (ret_n)
		*ret_n = in->n;
	in->n = 0;
	return text;
}

const char *file_of(struct arena *a, const void *p, size_t n, int *ret_fd)
{
	*ret_fd = memfd_create("fuzz", MFD_CLOEXEC);
	MUST(*ret_fd >= 0);
	MUST(n == 0 || write(*ret_fd, p, n) == (ssize_t)n);
	return arena_printf(a, "/proc/self/fd/%d", *ret_fd);
}

const char *input_file(struct input *in, int *ret_fd)
{
	size_t n;
	const char *bytes = input_rest(in, &n);

	return file_of(in->arena, bytes, n, ret_fd);
}

int word_of(const char *word, const char *const *names)
{
	for (int i = 0; names[i]; i++) {
		if (strcmp(names[i], word) == 0)
			return i;
	}
	return 0;
}

void fuzz_fail(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}
