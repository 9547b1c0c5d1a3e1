/* SPDX-License-Identifier: MIT */
#include "mgmt/host_notice.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/paths.h"
#include "vmm/base/log.h"
#include "vmm/kvm/kvm.h"
#include "vmm/kvm/probe.h"

#define MEMORY_FILE  "kvm-kind"
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

/* "BOOT-ID KIND": a runtime folder in /tmp may outlive the host's boot. */
static int describe(enum kvm_kind kind, char *line, size_t size)
{
	char boot_id[64] = "";
	FILE *file = fopen(BOOT_ID_FILE, "re");

	if (!file) {
		return -1;
	}
	if (!fgets(boot_id, sizeof(boot_id), file)) {
		boot_id[0] = '\0';
	}
	(void)fclose(file);
	boot_id[strcspn(boot_id, "\n")] = '\0';
	(void)snprintf(line, size, "%s %s\n", boot_id, kvm_kind_name(kind));
	return *boot_id ? 0 : -1;
}

static bool was_measured_as(const char *path, enum kvm_kind kind)
{
	char want[128];
	char have[128] = "";
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && describe(kind, want, sizeof(want)) == 0 &&
	       read(fd, have, sizeof(have) - 1) > 0 && strcmp(have, want) == 0;
}

static void remember(const char *path, enum kvm_kind kind)
{
	char line[128];
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0 && describe(kind, line, sizeof(line)) == 0 &&
	    write(fd, line, strlen(line)) < 0) {
		(void)unlink(path);
	}
}

static enum kvm_kind find_kind(const char *path)
{
	struct kvm_probe probe;

	if (was_measured_as(path, KVM_KIND_HARDWARE)) {
		return KVM_KIND_HARDWARE;
	}
	if (was_measured_as(path, KVM_KIND_SOFTWARE)) {
		return KVM_KIND_SOFTWARE;
	}
	kvm_probe(KVM_DEVICE_PATH, &probe);
	remember(path, probe.kind);
	return probe.kind;
}

void host_notice_print(void)
{
	AUTO_FREE char *folder = NULL;
	AUTO_FREE char *path = NULL;

	if (paths_runtime_folder(&folder, NULL) < 0) {
		return;
	}
	if (asprintf(&path, "%s/%s", folder, MEMORY_FILE) < 0) {
		path = NULL;
		return;
	}
	if (find_kind(path) == KVM_KIND_SOFTWARE) {
		log_warn("", "this host's KVM is software: guest kernels run hundreds of times "
			     "slower, and some fail; use a host with hardware KVM, or the lab "
			     "(`thunderlake doctor` tells more)");
	}
}
