/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz - what the targets share: an input in parts, and a check that ends the run
 * Tests only. Inputs are text as far as they can be: lines that say how, then the bytes that are
 * read. So a corpus file can be read and written by hand. To add a target: a function in a file of
 * this folder, its name in targets.def, the file in files.am, some inputs in corpus/<name>.
 */
#ifndef CARILLON_TESTS_FUZZ_H
#define CARILLON_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct input { /* what is left of it; texts are taken into the arena, which ends with the run */
	struct arena *arena;
	const char *p;
	size_t n;
};

typedef void fuzz_target(struct input *in);

#define TARGET(name) fuzz_target fuzz_##name;
#include "targets.def"
#undef TARGET

/* The text up to the next newline, which goes, too; "" at the end. A NUL ends the text. */
const char *input_line(struct input *in);
/* The number on the next line; 0: none. */
int64_t input_number(struct input *in);
/* All that is left, NUL-terminated behind its last byte. */
const char *input_rest(struct input *in, size_t *ret_n);
/* All that is left as a file; whoever asked closes it. */
const char *input_file(struct input *in, int *ret_fd);
const char *file_of(struct arena *a, const void *p, size_t n, int *ret_fd);

/* Index of the word in names (NULL-terminated); 0 for any other word. */
int word_of(const char *word, const char *const *names);

_Noreturn void fuzz_fail(const char *file, int line, const char *what);
#define MUST(what) ((what) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #what))

/* Same text, or both NULL. */
bool same_text(const char *a, const char *b);

#endif
