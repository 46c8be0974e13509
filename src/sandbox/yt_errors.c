/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals by their reason, in the shape of Google's APIs. */
#include <stdlib.h>
#include <string.h>

#include "sandbox/yt.h"

struct yt_error {
	const char *reason;
	int code;
	const char *domain, *message, *location, *location_type;
};

/* clang-format off */
static const struct yt_error errors[] = {
	{ "required", 401, "global", "Login Required.", "Authorization", "header" },
	{ "authError", 401, "global", "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.", "Authorization", "header" },
	{ "youtubeSignupRequired", 401, "youtube.header", "Unauthorized", "Authorization", "header" },
	{ "insufficientPermissions", 403, "global", "Request had insufficient authentication scopes.", NULL, NULL },
	{ "accessNotConfigured", 403, "usageLimits", "YouTube Data API v3 has not been used in project 1234567890 before or it is disabled.", NULL, NULL },
	{ "quotaExceeded", 403, "youtube.quota", "The request cannot be completed because you have exceeded your quota.", NULL, NULL },
	{ "rateLimitExceeded", 403, "usageLimits", "Rate Limit Exceeded", NULL, NULL },
	{ "userRateLimitExceeded", 403, "usageLimits", "User Rate Limit Exceeded", NULL, NULL },
	{ "uploadLimitExceeded", 400, "youtube.video", "The user has exceeded the number of videos they may upload.", NULL, NULL },
	{ "uploadRateLimitExceeded", 429, "youtube.thumbnail", "The channel has uploaded too many thumbnails recently. Please try the request again later.", NULL, NULL },
	{ "missingRequiredParameter", 400, "youtube.parameter", "No filter selected.", "", "parameter" },
	{ "unknownPart", 400, "youtube.part", "The part parameter names an unknown part.", "part", "parameter" },
	{ "unexpectedPart", 400, "youtube.part", "The part cannot be written.", "part", "parameter" },
	{ "invalidPageToken", 400, "youtube.parameter", "The request specifies an invalid page token.", "pageToken", "parameter" },
	{ "invalidParameter", 400, "global", "Invalid value.", NULL, NULL },
	{ "badRequest", 400, "global", "Bad Request", NULL, NULL },
	{ "parseError", 400, "global", "Parse Error", NULL, NULL },
	{ "badContent", 400, "global", "Media type is not supported. Valid media types: [application/octet-stream, video/*]", NULL, NULL },
	{ "mediaBodyRequired", 400, "youtube.video", "The request does not include the video content.", "body", "other" },
	{ "invalidTitle", 400, "youtube.video", "The request metadata specifies an invalid or empty video title.", "body.snippet.title", "other" },
	{ "invalidDescription", 400, "youtube.video", "The request metadata specifies an invalid video description.", "body.snippet.description", "other" },
	{ "invalidTags", 400, "youtube.video", "The request metadata specifies invalid video keywords.", "body.snippet.tags", "other" },
	{ "invalidCategoryId", 400, "youtube.video", "The snippet.categoryId property specifies an invalid category ID. Use the videoCategories.list method to retrieve supported categories.", "body.snippet.categoryId", "other" },
	{ "invalidPublishAt", 400, "youtube.video", "The request metadata specifies an invalid scheduled publishing time.", "body.status.publishAt", "other" },
	{ "invalidRecordingDetails", 400, "youtube.video", "The recordingDetails object in the request metadata specifies invalid recording details.", "body.recordingDetails", "other" },
	{ "invalidVideoMetadata", 400, "youtube.video", "The request metadata is invalid.", "body", "other" },
	{ "defaultLanguageNotSet", 400, "youtube.video", "The request is trying to add localized video details without specifying the default language of the video details.", "body.snippet.defaultLanguage", "other" },
	{ "localizationValidationError", 400, "youtube.video", "One of the values in the localizations object failed validation.", "body.localizations", "other" },
	{ "forbiddenPrivacySetting", 403, "youtube.video", "The request attempts to set an invalid privacy setting for the video.", "body.status.privacyStatus", "other" },
	{ "forbiddenLicenseSetting", 403, "youtube.video", "The request attempts to set an invalid license for the video.", "body.status.license", "other" },
	{ "forbiddenEmbedSetting", 403, "youtube.video", "The request attempts to set an invalid embed setting for the video.", "body.status.embeddable", "other" },
	{ "forbidden", 403, "youtube.common", "Forbidden", NULL, NULL },
	{ "videoNotFound", 404, "youtube.video", "The video that you are trying to access cannot be found.", "id", "parameter" },
	{ "playlistNotFound", 404, "youtube.playlistItem", "The playlist identified with the request's playlistId parameter cannot be found.", "playlistId", "parameter" },
	{ "notFound", 404, "global", "Not Found", NULL, NULL },
	{ "lengthRequired", 411, "global", "Content-Length is required.", NULL, NULL },
	{ "invalidImage", 400, "youtube.thumbnail", "The provided image content is invalid.", "body", "other" },
	{ "uploadTooLarge", 413, "global", "Request is too large.", NULL, NULL },
	{ "conflict", 409, "youtube.video", "The resource is being changed by another request.", NULL, NULL },
	{ "authenticatedUserAccountSuspended", 403, "youtube.common", "The account of the authenticated user is suspended.", "Authorization", "header" },
	{ "internalError", 500, "global", "Internal error encountered.", NULL, NULL },
	{ "backendError", 503, "global", "Backend Error", NULL, NULL },
};

static const struct { int code; const char *status; } statuses[] = {
	{ 400, "INVALID_ARGUMENT" }, { 401, "UNAUTHENTICATED" },    { 403, "PERMISSION_DENIED" },
	{ 404, "NOT_FOUND" },        { 409, "ABORTED" },            { 429, "RESOURCE_EXHAUSTED" },
	{ 500, "INTERNAL" },         { 503, "UNAVAILABLE" },
};
/* clang-format on */

void sandbox_yt_json(struct exchange *ex, int status, json_t *body)
{
	char *text = json_dumps(body, JSON_INDENT(2));

	json_decref(body);
	buf_clear(&ex->out);
	buf_adds(&ex->out, text != NULL ? text : "{}");
	free(text);
	ex->status = status;
	ex->content_type = "application/json; charset=UTF-8";
}

static const struct yt_error *error_row(const char *reason)
{
	static const struct yt_error other = { "badRequest",  400,  "global",
					       "Bad Request", NULL, NULL };

	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (strcmp(errors[i].reason, reason) == 0)
			return &errors[i];
	return &other;
}

/* What newer parts of Google add for a scope that the token lacks. */
static json_t *scope_details(void)
{
	return json_pack("[{s:s,s:s,s:s,s:{s:s}}]", "@type",
			 "type.googleapis.com/google.rpc.ErrorInfo", "reason",
			 "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain", "googleapis.com", "metadata",
			 "service", "youtube.googleapis.com");
}

static void error_write(struct exchange *ex, const struct yt_error *e, const char *message,
			const char *location)
{
	const char *status = NULL;
	json_t *row = json_pack("{s:s,s:s,s:s}", "message", message, "domain", e->domain, "reason",
				e->reason);
	json_t *error;

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].code == e->code)
			status = statuses[i].status;
	if (location != NULL) {
		json_object_set_new(row, "location", json_string(location));
		json_object_set_new(
			row, "locationType",
			json_string(e->location_type != NULL ? e->location_type : "parameter"));
	}
	error = json_pack("{s:i,s:s,s:[o]}", "code", e->code, "message", message, "errors", row);
	if (status != NULL)
		json_object_set_new(error, "status", json_string(status));
	if (strcmp(e->reason, "insufficientPermissions") == 0)
		json_object_set_new(error, "details", scope_details());
	sandbox_yt_json(ex, e->code, json_pack("{s:o}", "error", error));
	if (e->code == 401)
		sandbox_exchange_add_header(ex, "WWW-Authenticate",
					    "Bearer realm=\"https://accounts.google.com/\", "
					    "error=\"invalid_token\"");
}

bool sandbox_yt_fail_text(struct exchange *ex, const char *reason, const char *message)
{
	const struct yt_error *e = error_row(reason);

	error_write(ex, e, message, e->location);
	return false;
}

bool sandbox_yt_fail(struct exchange *ex, const char *reason)
{
	return sandbox_yt_fail_text(ex, reason, error_row(reason)->message);
}

bool sandbox_yt_fail_param(struct exchange *ex, const char *reason, const char *parameter)
{
	const struct yt_error *e = error_row(reason);

	error_write(ex, e, arena_printf(ex->arena, "%s: %s", e->message, parameter), parameter);
	return false;
}

bool sandbox_yt_fail_rule(struct exchange *ex, const json_t *params)
{
	const char *reason = sandbox_faults_text(params, "reason", "backendError");
	struct yt_error e = *error_row(reason);

	e.code = (int)sandbox_faults_int(params, "status", e.code);
	e.domain = sandbox_faults_text(params, "domain", e.domain);
	e.reason = reason;
	error_write(ex, &e, sandbox_faults_text(params, "message", e.message), e.location);
	return false;
}
