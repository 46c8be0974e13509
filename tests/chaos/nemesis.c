/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who dies, stalls or is cut off. Three hosts, each with a runner that has a failpoint of its own
 * to die at; where the caller may (root), a host is told from the others by its name in a UTS
 * namespace. Each host has a journal folder of its own.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "chaos.h"

/* A runner that lives so long gets a successor and hands over. */
#define REIGN_US (5 * US_PER_S)

static void host_config(const struct campaign *c, int host, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%s/host%d.ini", c->rig.folder, host);
}

/* The rig's settings; the journal folder is this host's, and a doubt without an answer ends soon. */
static void write_host_config(const struct campaign *c, int host)
{
	char path[200], folder[200];

	host_config(c, host, path, sizeof(path));
	chaos_journal_folder(c, host, folder, sizeof(folder));
	rig_vary(c->rig.config_path, path,
		 RIG_SETTINGS({ "publish", "journal_folder", folder },
			      { "publish", "lease_s", "4" },          /* many share two cores */
			      { "publish", "late_spacing_s", "0" },   /* late_test looks at that */
			      { "publish", "disk_free_min_mb", "0" }, /* ... health_test */
			      { "publish", "doubt_life_s", "60" }));
}

static void plan_path(const struct campaign *c, int64_t nth, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%s/points/%lld", c->rig.folder, (long long)nth);
}

static void write_plan(struct campaign *c, const char *path)
{
	char line[100] = "";
	FILE *f = fopen(path, "w");

	if (!f)
		exit(EXIT_FAILURE);
	if (!c->is_calm)
		chaos_plan_failpoint(c->seed, (int)c->tally.starts, line, sizeof(line));
	fputs(line, f);
	(void)fclose(f);
}

static void start_runner(struct campaign *c, int host)
{
	struct chaos_runner *r = &c->runners[host];
	char path[512], config[200], plan[200], log[200];
	const char *folder = getenv("CARILLON_BUILD");

	(void)snprintf(path, sizeof(path), "%s/carillon-publish", folder ? folder : ".");
	(void)snprintf(log, sizeof(log), "%s/publish.log", c->rig.folder);
	host_config(c, host, config, sizeof(config));
	plan_path(c, c->tally.starts, plan, sizeof(plan));
	write_plan(c, plan);
	r->pid = fork();
	if (r->pid == 0) {
		const int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(fd, 2);
		chaos_be_host(c, host);
		(void)setenv("CARILLON_FAILPOINTS", plan, 1);
		execl(path, path, "-c", config, (char *)NULL);
		_exit(127);
	}
	r->since_us = clock_boot_us();
	r->wake_us = 0;
	c->started[c->tally.starts++ % CHAOS_STARTS] = r->pid;
}

static bool has_failed_to_start(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 127;
}

static void forget(struct campaign *c, pid_t pid)
{
	for (int i = 0; i < CHAOS_STARTS; i++) {
		if (c->started[i] == pid)
			c->started[i] = 0;
	}
	for (int host = 0; host < CHAOS_HOSTS; host++) {
		if (c->runners[host].pid == pid)
			c->runners[host].pid = 0;
	}
}

/* Old runners are let go without waiting: they are reaped here as they end. */
static void reap(struct campaign *c)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == c->rig.sandbox || has_failed_to_start(status)) {
			fprintf(stderr, "chaos: process %d ended with %d\n", (int)pid, status);
			exit(EXIT_FAILURE);
		}
		c->tally.runner_deaths += WIFSIGNALED(status);
		forget(c, pid);
	}
}

void chaos_prepare(struct campaign *c)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/points", c->rig.folder);
	(void)mkdir(path, 0700);
	chaos_open_hosts(c);
	for (int host = 0; host < CHAOS_HOSTS; host++)
		write_host_config(c, host);
}

void chaos_run_runners(struct campaign *c)
{
	const int64_t now_us = clock_boot_us();

	reap(c);
	for (int host = 0; host < CHAOS_HOSTS; host++) {
		struct chaos_runner *r = &c->runners[host];

		if (r->pid > 0 && r->wake_us > 0 && r->wake_us <= now_us) {
			(void)kill(r->pid, SIGCONT);
			r->wake_us = 0;
		}
		/* A stopped one keeps its place: nobody else would wake it. */
		if (r->pid == 0 || (r->wake_us == 0 && now_us - r->since_us > REIGN_US))
			start_runner(c, host);
	}
}

static void blow_kill(struct campaign *c, const struct chaos_event *e)
{
	const struct chaos_runner *r = &c->runners[e->pick % CHAOS_HOSTS];

	if (r->pid > 0)
		(void)kill(r->pid, SIGKILL);
}

static void blow_stop(struct campaign *c, const struct chaos_event *e)
{
	struct chaos_runner *r = &c->runners[e->pick % CHAOS_HOSTS];

	if (r->pid == 0 || r->wake_us > 0)
		return;
	(void)kill(r->pid, SIGSTOP);
	r->wake_us = clock_boot_us() + e->for_ms * US_PER_MS;
}

static bool is_database_up(const struct campaign *c)
{
	return c->database_back_us == 0 && c->database_cont_us == 0;
}

static void blow_database_kill(struct campaign *c, const struct chaos_event *e)
{
	if (!is_database_up(c))
		return;
	database_crash(&c->rig.database);
	c->database_back_us = clock_boot_us() + e->for_ms * US_PER_MS;
}

static void blow_database_stop(struct campaign *c, const struct chaos_event *e)
{
	if (!is_database_up(c))
		return;
	database_signal(&c->rig.database, SIGSTOP);
	c->database_cont_us = clock_boot_us() + e->for_ms * US_PER_MS;
}

/* Access tokens only: what can be renewed. Instagram's cannot once it has ended. */
static void blow_expire(struct campaign *c, const struct chaos_event *e)
{
	const char *platform = c->rig.platforms[e->pick % (unsigned)c->rig.platforms_n].name;
	char json[100];

	if (strcmp(platform, "instagram") == 0)
		return;
	(void)snprintf(json, sizeof(json), "{\"platform\":\"%s\",\"kind\":\"access\"}", platform);
	rig_sandbox(&c->rig, "/_control/tokens/expire", json);
}

static void blow_door(struct campaign *c, const struct chaos_event *e)
{
	rig_shut_door(&c->rig, (int)e->for_ms);
}

static void (*const strike[BLOWS])(struct campaign *c, const struct chaos_event *e) = {
	[BLOW_KILL] = blow_kill,
	[BLOW_STOP] = blow_stop,
	[BLOW_DATABASE_KILL] = blow_database_kill,
	[BLOW_DATABASE_STOP] = blow_database_stop,
	[BLOW_EXPIRE] = blow_expire,
	[BLOW_DOOR] = blow_door,
	[BLOW_DISK] = chaos_fill_disk,
	[BLOW_CLOCK] = chaos_step_clock,
};

static void mend_database(struct campaign *c, int64_t now_us)
{
	if (c->database_back_us > 0 && c->database_back_us <= now_us) {
		if (database_revive(&c->rig.database) != 0) {
			fprintf(stderr, "chaos: the database does not come back\n");
			exit(EXIT_FAILURE);
		}
		c->database_back_us = 0;
	}
	if (c->database_cont_us > 0 && c->database_cont_us <= now_us) {
		database_signal(&c->rig.database, SIGCONT);
		c->database_cont_us = 0;
	}
}

void chaos_blows(struct campaign *c, int64_t now_ms)
{
	while (c->event_next < c->events_n && c->events[c->event_next].at_ms <= now_ms) {
		const struct chaos_event *e = &c->events[c->event_next++];

		strike[e->blow](c, e);
		c->tally.blows[e->blow]++;
	}
	mend_database(c, clock_boot_us());
	chaos_mend_hosts(c, clock_boot_us());
}

void chaos_calm(struct campaign *c)
{
	c->is_calm = true;
	mend_database(c, INT64_MAX);
	chaos_mend_hosts(c, INT64_MAX);
	rig_sandbox(&c->rig, "/_control/plan", "{\"rate\":0}");
	chaos_stop_runners(c);
}

/* Those that were relieved may still be finishing what they fired. */
static bool is_anybody_left(struct campaign *c)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		forget(c, pid);
	return pid == 0;
}

static void signal_all(const struct campaign *c, int signo)
{
	for (int i = 0; i < CHAOS_STARTS; i++) {
		if (c->started[i] > 0)
			(void)kill(c->started[i], signo);
	}
}

void chaos_stop_runners(struct campaign *c)
{
	signal_all(c, SIGCONT);
	signal_all(c, SIGTERM);
	for (int waited = 0; is_anybody_left(c); waited++) {
		if (waited == 3000)
			signal_all(c, SIGKILL);
		rig_sleep_ms(10);
	}
	for (int host = 0; host < CHAOS_HOSTS; host++)
		c->runners[host] = (struct chaos_runner){ .pid = 0 };
	memset(c->started, 0, sizeof(c->started));
}

static bool is_passed(const struct campaign *c, const char *point)
{
	char path[220], line[100];
	bool found = false;

	for (int64_t nth = 0; nth < c->tally.starts && !found; nth++) {
		FILE *f;

		(void)snprintf(path, sizeof(path), "%s/points/%lld.hits", c->rig.folder,
			       (long long)nth);

		f = fopen(path, "r");
		while (f && !found && fgets(line, sizeof(line), f)) {
			line[strcspn(line, "\n")] = '\0';
			found = strcmp(line, point) == 0;
		}
		if (f)
			(void)fclose(f);
	}
	return found;
}

int chaos_points_missed(struct campaign *c, FILE *out)
{
	int missed = 0;

	for (size_t i = 0; i < chaos_points_n; i++) {
		if (is_passed(c, chaos_points[i]))
			continue;
		fprintf(out, "  never passed: %s\n", chaos_points[i]);
		missed++;
	}
	return missed;
}
