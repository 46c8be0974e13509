/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - one line of key=value per event to stderr
 * Layer base. Never pass a secret; as a second wall, log_line masks anything shaped like one of
 * our tokens or like an OAuth token. Values from outside are given with %s and quoted as needed.
 * log_setup() is called once by each main; the struct behind it is the process's only log state.
 */
#ifndef CARILLON_BASE_LOG_H
#define CARILLON_BASE_LOG_H

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* program: shown in each line; fd: where lines go (2 for stderr). */
void log_setup(const char *program, enum log_level least, int fd);

/* Request or post id added to every following line of this process, NULL to end it (copied). */
void log_context(const char *id);

/*
 * log_line(LOG_LEVEL_INFO, "post.published", "post=%s late_ms=%lld", id, ms)
 * prints: time=2026-... level=info prog=carillon-publish pid=7 event=post.published post=sch_... late_ms=3
 * Text that may hold spaces is written as key="%s" in the format; quotes and control bytes inside
 * values are escaped.
 */
void log_line(enum log_level level, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
