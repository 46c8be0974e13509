/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error_class - what is to be done about an error of a platform
 * Layer platform. An adapter's table of errors names two of them a row: what holds when a call that
 * may be repeated says so, and what holds when the fire does.
 */
#ifndef CARILLON_PLATFORM_ERROR_CLASS_H
#define CARILLON_PLATFORM_ERROR_CLASS_H

#include "domain/outcome.h"

enum error_class {
	CLASS_LATER,     /* the same step again, later */
	CLASS_RESTAGE,   /* what was staged is spent or spoilt: stage anew */
	CLASS_TOKEN,     /* renew the token, then again */
	CLASS_RECONNECT, /* a person must connect the account again */
	CLASS_USER,      /* a person must do something at the platform first */
	CLASS_CONTENT,   /* this content cannot be published */
	CLASS_OPERATOR,  /* this server, or its app at the platform, is set up wrongly */
	CLASS_DOUBT,     /* proves nothing either way */
	/* Of some platforms, whose adapters do more about them. */
	CLASS_QUOTA,     /* Instagram: the account's allowance is used up */
	CLASS_FETCH,     /* Pinterest: again later, a few times; then it is the content's fault */
	CLASS_GONE,      /* YouTube: the session, or the video, is not there (any more) */
	CLASS_MEDIA,     /* X, Mastodon, Bluesky: upload the media anew */
	CLASS_DUPLICATE, /* X has this text already, Bluesky this record */
};

/* Writes what the engine does (kind) and whether asking again can help (error.is_retryable). */
void error_class_apply(enum error_class class, struct outcome *o);

#endif
