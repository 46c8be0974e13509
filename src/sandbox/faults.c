/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/faults.h"

#include <string.h>

#include "crypto/digest.h"
#include "sandbox/world.h"

static uint64_t faults_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL; /* splitmix64 */
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static double faults_unit(uint64_t x)
{
	return (double)(x >> 11) / 9007199254740992.0; /* 2^53 */
}

static bool faults_text_fits(const char *wanted, const char *got)
{
	return wanted == NULL || (got != NULL && strcmp(wanted, got) == 0);
}

static bool rule_fits(const struct fault_rule *r, const struct exchange *ex, const char *point)
{
	if (r->times == 0 || strcmp(r->point, point) != 0)
		return false;
	if (!faults_text_fits(r->platform, ex->platform != NULL ? ex->platform->name : NULL))
		return false;
	if (!faults_text_fits(r->endpoint, ex->row != NULL ? ex->row->name : NULL))
		return false;
	if (!faults_text_fits(r->account, ex->account) &&
	    !faults_text_fits(r->account, ex->account_name))
		return false;
	return r->caption == NULL ||
	       (ex->caption != NULL && strstr(ex->caption, r->caption) != NULL);
}

static bool rule_take(struct world *w, struct fault_rule *r)
{
	if (r->skip > 0) {
		r->skip--;
		return false;
	}
	if (r->probability < 1.0) {
		uint64_t draw =
			faults_mix((uint64_t)w->settings.seed ^ faults_mix(w->faults.draws++));

		if (faults_unit(draw) >= r->probability)
			return false;
	}
	if (r->times > 0)
		r->times--;
	r->hits++;
	return true;
}

const json_t *sandbox_faults_hit(struct exchange *ex, const char *point)
{
	struct list *rules = &ex->world->faults.rules;

	if (ex->planned != NULL && strcmp(ex->planned, point) == 0) {
		ex->fault = ex->planned;
		ex->planned = NULL;
		return ex->planned_params;
	}
	for (size_t i = 0; i < rules->n; i++) {
		struct fault_rule *r = rules->v[i];

		if (rule_fits(r, ex, point) && rule_take(ex->world, r)) {
			ex->fault = r->point;
			return r->params;
		}
	}
	return NULL;
}

bool sandbox_faults_hit_accept(struct world *w)
{
	for (size_t i = 0; i < w->faults.rules.n; i++) {
		struct fault_rule *r = w->faults.rules.v[i];

		if (r->times != 0 && strcmp(r->point, "net.refuse") == 0 && rule_take(w, r))
			return true;
	}
	return false;
}

bool sandbox_faults_stage(struct exchange *ex, enum fault_stage stage)
{
	if (ex->planned == NULL && ex->world->faults.rules.n == 0)
		return false;
	for (const struct fault_kind *k = sandbox_faults_kinds; k->point != NULL; k++) {
		const json_t *params;

		if (k->stage != stage)
			continue;
		params = sandbox_faults_hit(ex, k->point);
		if (params != NULL) {
			k->apply(ex, params);
			return true;
		}
	}
	return false;
}

static bool plan_allows(const struct fault_plan *plan, const char *point)
{
	return plan->points.n == 0 || sandbox_list_has_text(&plan->points, point);
}

const char *sandbox_faults_planned(const struct fault_plan *plan, const char *const *own,
				   const struct fault_call *call, uint32_t *ret_draw)
{
	CLEANUP(buf_done) struct buf site = BUF_INIT;
	const char *fit[64];
	uint8_t hash[SHA256_BYTES];
	uint64_t draw[3];
	size_t n = 0;

	if (plan->rate <= 0.0)
		return NULL;
	buf_printf(&site, "%llu|%s|%s|%s|%llu", (unsigned long long)plan->seed, call->platform,
		   call->account != NULL ? call->account : "", call->endpoint,
		   (unsigned long long)call->nth);
	digest_sha256(site.p, site.len, hash);
	memcpy(draw, hash, sizeof(draw));
	if (faults_unit(draw[0]) >= plan->rate)
		return NULL;
	for (const struct fault_kind *k = sandbox_faults_kinds; k->point != NULL; k++)
		if (k->is_planned && plan_allows(plan, k->point) && n < 64)
			fit[n++] = k->point;
	for (; own != NULL && *own != NULL; own++)
		if (plan_allows(plan, *own) && n < 64)
			fit[n++] = *own;
	if (ret_draw != NULL)
		*ret_draw = (uint32_t)(draw[2] >> 32);
	return n > 0 ? fit[draw[1] % n] : NULL;
}

void sandbox_faults_draw(struct exchange *ex)
{
	struct world *w = ex->world;
	struct fault_call call;
	uint32_t draw = 0;
	uint64_t *nth;

	if (w->faults.plan.rate <= 0.0 || ex->row == NULL || (ex->row->flags & ROW_BROWSER) != 0)
		return;
	nth = sandbox_world_counter(w, &w->turns,
				    arena_printf(ex->arena, "%s/%s/%s", ex->platform->name,
						 ex->account != NULL ? ex->account : "",
						 ex->row->name));
	call = (struct fault_call){ ex->platform->name, ex->account, ex->row->name, (*nth)++ };
	ex->planned = sandbox_faults_planned(&w->faults.plan, ex->row->points, &call, &draw);
	if (ex->planned != NULL)
		ex->planned_params = json_pack("{s:I}", "draw", (json_int_t)draw);
}

bool sandbox_faults_known(const struct sandbox_platform *p, const char *point)
{
	for (const struct fault_kind *k = sandbox_faults_kinds; k->point != NULL; k++)
		if (strcmp(k->point, point) == 0)
			return true;
	for (size_t i = 0; p != NULL && p->points != NULL && p->points[i] != NULL; i++)
		if (strcmp(p->points[i], point) == 0)
			return true;
	return false;
}

int64_t sandbox_faults_int(const json_t *params, const char *name, int64_t fallback)
{
	const json_t *v = json_object_get(params, name);

	return json_is_integer(v) ? json_integer_value(v) : fallback;
}

const char *sandbox_faults_text(const json_t *params, const char *name, const char *fallback)
{
	const json_t *v = json_object_get(params, name);

	return json_is_string(v) ? json_string_value(v) : fallback;
}
