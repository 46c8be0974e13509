/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error_words - short words for the tables of errors; for <platform>_errors.c alone
 * Layer platform.
 */
#ifndef CARILLON_PLATFORM_ERROR_WORDS_H
#define CARILLON_PLATFORM_ERROR_WORDS_H

#include "platform/error_class.h"

#define LATER     CLASS_LATER
#define RESTAGE   CLASS_RESTAGE
#define TOKEN     CLASS_TOKEN
#define RECONNECT CLASS_RECONNECT
#define USER      CLASS_USER
#define CONTENT   CLASS_CONTENT
#define OPERATOR  CLASS_OPERATOR
#define DOUBT     CLASS_DOUBT
#define QUOTA     CLASS_QUOTA
#define FETCH     CLASS_FETCH
#define GONE      CLASS_GONE
#define MEDIA     CLASS_MEDIA
#define DUPLICATE CLASS_DUPLICATE
#define E(code)   POST_ERROR_##code
#define W(who)    WHO_##who

#endif
