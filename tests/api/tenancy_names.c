/* SPDX-License-Identifier: Apache-2.0 */
#include "tenancy_names.h"

#include <check.h>
#include <string.h>

#include "base/cleanup.h"

/* What {id} is; a path begins with the row's, "/api" aside. */
static const struct {
	const char *path;
	enum thing thing;
} path_things[] = {
	{ "/v1/api-keys/{id}", THING_KEY },
	{ "/v1/workspace/members/{id}", THING_MEMBER },
	{ "/v1/characters/{id}", THING_CHARACTER },
	{ "/v1/media/sounds/{id}", THING_SOUND },
	{ "/v1/media/{id}", THING_MEDIUM },
	{ "/v1/content/{id}", THING_CONTENT },
	{ "/v1/accounts/{id}", THING_ACCOUNT },
	{ "/v1/schedule/calendars/{id}", THING_CALENDAR },
	{ "/v1/schedule/{id}/resolve", THING_DOUBT },
	{ "/v1/schedule/{id}", THING_POST },
	{ "/v1/posts/{id}", THING_POST },
	{ "/v1/public/posts/{id}", THING_POST },
	{ "/v1/webhooks/deliveries/{id}", THING_DELIVERY },
	{ "/v1/webhooks/{id}", THING_WEBHOOK },
};

const struct query_name query_names[] = {
	{ "account_id", THING_ACCOUNT },
	{ "accountId", THING_ACCOUNT },
	{ "character_id", THING_CHARACTER },
	{ "content_id", THING_CONTENT },
	{ "contentId", THING_CONTENT },
	{ "event_id", THING_EVENT },
	{ "subject_id", THING_POST },
	{ "flow", THING_FLOW },
	{ NULL, THINGS },
};

#define LATER "\"2098-06-01T10:00:00Z\""
#define VIDEO "\"https://media.invalid/v.mp4\""
const struct body_name body_names[] = {
	{ "ApiKeyCreate", "{\"name\":\"k\",\"account_ids\":[\"@account\"]}", NULL },
	{ "ApiKeyPatch", "{\"account_ids\":[\"@account\"]}", NULL },
	{ "MemberPatch", "{\"role\":\"editor\"}", NULL },
	{ "CharacterCreate", "{\"name\":\"c\",\"default_accounts\":{\"twitter\":\"@account\"}}",
	  NULL },
	{ "CharacterPatch", "{\"default_accounts\":{\"twitter\":\"@account\"}}", NULL },
	{ "ContentCreate",
	  "{\"kind\":\"image\",\"character_id\":\"@character\",\"media\":[{\"media_id\":"
	  "\"@medium\"}]}",
	  NULL },
	{ "ContentCreate", "{\"kind\":\"image\",\"media\":[{\"media_id\":\"@fetch\"}]}", NULL },
	{ "ContentPatch",
	  "{\"character_id\":\"@character\",\"media\":[{\"media_id\":\"@medium\"}]}", NULL },
	{ "ContentReject", "{\"reason\":\"no\"}", NULL },
	{ "ContentSchedule", "{\"scheduled_at\":" LATER ",\"account_ids\":[\"@account\"]}", NULL },
	{ "IntegrationSelect", "{\"flow\":\"@flow\",\"remote_ids\":[\"1\"]}", NULL },
	{ "AccountPatch", "{\"publish_within_minutes\":30}", NULL },
	{ "DefaultBoardSet", "{\"board_id\":\"1\",\"account_id\":\"@pinner\"}", "board_id" },
	{ "ScheduleGenerate",
	  "{\"character_id\":\"@character\",\"days\":1,\"dry_run\":true,\"platforms\":["
	  "\"twitter\"]}",
	  NULL },
	{ "ScheduledPostPatch", "{\"scheduled_at\":" LATER "}", NULL },
	{ "ScheduledPostResolve", "{\"outcome\":\"not_published\"}", NULL },
	{ "ScheduleShift",
	  "{\"minutes\":1,\"account_id\":\"@account\",\"from\":\"2098-01-01T00:00:00Z\"}", NULL },
	{ "ScheduleShift", "{\"minutes\":1,\"character_id\":\"@character\"}", NULL },
	{ "ScheduleShift", "{\"minutes\":1,\"content_id\":\"@content\"}", NULL },
	{ "CalendarCreate", "{\"name\":\"c\",\"character_id\":\"@character\"}", NULL },
	{ "PostsCreate",
	  "{\"accountIds\":[\"@account\"],\"contentType\":\"text\",\"caption\":\"x\","
	  "\"scheduledTime\":" LATER "}",
	  NULL },
	{ "PostsCreate",
	  "{\"accountIds\":[\"@tiktok\"],\"contentType\":\"video\",\"contentUrl\":" VIDEO
	  ",\"soundUrl\":\"@sound\",\"scheduledTime\":" LATER "}",
	  NULL },
	{ "PostsCreateVideo",
	  "{\"accountIds\":[\"@tiktok\"],\"contentUrl\":" VIDEO
	  ",\"soundUrl\":\"@sound\",\"scheduledTime\":" LATER "}",
	  NULL },
	{ "PostsCreateSlideshow",
	  "{\"accountIds\":[\"@tiktok\"],\"contentUrl\":[\"https://media.invalid/a.jpg\","
	  "\"https://media.invalid/b.jpg\"],\"soundUrl\":\"@sound\",\"scheduledTime\":" LATER "}",
	  NULL },
	{ "PostsDelete", "{\"postIds\":[\"@post\"]}", NULL },
	{ "PostChange", "{\"caption\":\"x\"}", NULL },
	{ "PublicPublish",
	  "{\"content_id\":\"@content\",\"platform\":\"twitter\",\"account_id\":\"@account\","
	  "\"scheduled_at\":" LATER "}",
	  NULL },
	{ "WebhookPatch", "{\"description\":\"d\"}", NULL },
	{ "WebhookRotate", "{\"overlap_s\":60}", NULL },
	{ "ApiKeyRotate", "{\"overlap_s\":60}", NULL },
	{ "Empty", "{}", NULL },
	{ NULL, NULL, NULL },
};

static const char *without_api(const char *pattern)
{
	return strncmp(pattern, "/api/", 5) == 0 ? pattern + 4 : pattern;
}

int thing_of(const struct route *row)
{
	const char *path = without_api(row->pattern);

	if (row->auth == AUTH_NONE || !strstr(path, "{id}"))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(path_things); i++) {
		if (strncmp(path, path_things[i].path, strlen(path_things[i].path)) == 0)
			return (int)path_things[i].thing;
	}
	ck_abort_msg("%s: the crawler has no foreign id for this route", row->pattern);
	return -1;
}

const char *body_of(const struct schema *schema, size_t n)
{
	for (size_t i = 0; schema && body_names[i].schema; i++) {
		if (strcmp(body_names[i].schema, schema->name) == 0 && n-- == 0)
			return body_names[i].body;
	}
	return NULL;
}
