/* SPDX-License-Identifier: Apache-2.0 */
#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

/* Of Landlock's later versions, which the headers of an older system do not name. */
#define FS_TRUNCATE   (UINT64_C(1) << 14)
#define FS_IOCTL_DEV  (UINT64_C(1) << 15)
#define NET_BIND      (UINT64_C(1) << 0)
#define NET_CONNECT   (UINT64_C(1) << 1)
#define SCOPE_SOCKETS (UINT64_C(1) << 0) /* abstract unix sockets of processes outside */
#define SCOPE_SIGNALS (UINT64_C(1) << 1)

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_OF_FILES                                                     \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	 LANDLOCK_ACCESS_FS_EXECUTE | FS_TRUNCATE)
#define FS_WRITE                                                         \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |  \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER | FS_TRUNCATE)
/* struct landlock_ruleset_attr of version 6 */
struct ruleset {
	uint64_t files, net, scoped;
};

/* What is refused, as far as a version knows it, unless a path allows it: devices, pipes, sockets
 * and links are made nowhere. */
static const struct {
	int since;
	uint64_t files, net, scoped;
} versions[] = {
	{ 2, (UINT64_C(1) << 14) - 1, 0, 0 },       { 3, FS_TRUNCATE, 0, 0 },
	{ 4, 0, NET_BIND | NET_CONNECT, 0 },        { 5, FS_IOCTL_DEV, 0, 0 },
	{ 6, 0, 0, SCOPE_SOCKETS | SCOPE_SIGNALS },
};

static const uint64_t rights[] = {
	[CONFINE_READ] = FS_READ,
	[CONFINE_RUN] = FS_READ | LANDLOCK_ACCESS_FS_EXECUTE,
	[CONFINE_WRITE] = FS_READ | FS_WRITE,
};

static int path_allow(int ruleset, const struct confine_path *p, uint64_t handled)
{
	CLEANUP(file) int fd = open(p->path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	rule.allowed_access = rights[p->right] & handled;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_OF_FILES;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return -errno;
	return 0;
}

int confine_files(const struct confine_path *paths, size_t n, bool may_connect)
{
	const int version =
		(int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset all = { 0 };
	CLEANUP(file) int ruleset = -1;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* Not in the kernel, not switched on at boot, or too old: with it no file changes folders. */
	if (version < versions[0].since)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(versions) && versions[i].since <= version; i++) {
		all.files |= versions[i].files;
		all.net |= versions[i].net;
		all.scoped |= versions[i].scoped;
	}
	if (may_connect)
		all.net &= ~NET_CONNECT;
	/* An older kernel takes the longer struct as long as what it does not know is 0. */
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (ruleset < 0)
		return -errno;
	for (size_t i = 0; i < n; i++) {
		const int rc = path_allow(ruleset, &paths[i], all.files);

		if (rc < 0)
			return rc;
	}
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : version;
}

int confine_sockets(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int rc;

	if (!filter)
		return -ENOMEM;
	rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 0);
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(io_uring_setup), 0);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

int confine_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
	struct __user_cap_data_struct is[_LINUX_CAPABILITY_U32S_3];

	/* Without CAP_SETPCAP the outer bound stays; nothing can be regained within it either. */
	for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* A hardened unit leaves nothing to give up, and forbids the call. */
	if (syscall(SYS_capget, &head, is) == 0 && memcmp(is, none, sizeof(is)) == 0)
		return 0;
	return syscall(SYS_capset, &head, none) < 0 ? -errno : 0;
}
