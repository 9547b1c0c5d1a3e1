/* SPDX-License-Identifier: MIT */
#include "mgmt/host_checks.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "display/backend.h"
#include "vmm/base/compiler.h"

#define HUGE_PAGE_FOLDER "/sys/kernel/mm/transparent_hugepage"
#define URING_ENTRIES	 2u

#define explain(check, ...) (void)snprintf((check)->detail, sizeof((check)->detail), __VA_ARGS__)

static bool read_text(const char *path, char *text, size_t size)
{
	int fd AUTO_CLOSE = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;

	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

bool host_checks_is_chosen(const char *list, const char *const *words)
{
	const char *start = strchr(list, '[');
	size_t length = start ? strcspn(start + 1, "]") : 0;

	for (; *words; words++) {
		if (length > 0 && strlen(*words) == length &&
		    strncmp(start + 1, *words, length) == 0) {
			return true;
		}
	}
	return false;
}

/* Guest memory is shared where that can have huge pages, private otherwise: each has its switch. */
static void check_huge_pages(struct host_check *check)
{
	static const char *const shared[] = { "advise", "always", "within_size", "force", NULL };
	static const char *const private[] = { "madvise", "always", NULL };
	char text[128];

	if (!read_text(HUGE_PAGE_FOLDER "/enabled", text, sizeof(text))) {
		explain(check, "this kernel has no transparent huge pages");
		return;
	}
	check->ok = host_checks_is_chosen(text, private) ||
		    (read_text(HUGE_PAGE_FOLDER "/shmem_enabled", text, sizeof(text)) &&
		     host_checks_is_chosen(text, shared));
	explain(check, "%s",
		check->ok ? "2 MiB pages"
			  : "4 KiB pages only; as root: echo madvise >" HUGE_PAGE_FOLDER
			    "/enabled");
}

static void check_io_uring(struct host_check *check)
{
	struct io_uring ring;
	int code = io_uring_queue_init(URING_ENTRIES, &ring, 0);

	if (code == 0) {
		io_uring_queue_exit(&ring);
		check->ok = true;
		explain(check, "works");
	} else if (code == -EPERM) {
		explain(check, "switched off; as root: sysctl kernel.io_uring_disabled=0 (a "
			       "container may forbid it as well)");
	} else {
		explain(check, "%s; disks fall back to threads", strerror(-code));
	}
}

static void check_slirp(struct host_check *check)
{
	check->ok = HAVE_SLIRP;
	explain(check, "%s",
		HAVE_SLIRP ? "built in" : "not built in; install libslirp-dev and configure again");
}

static void check_tap(struct host_check *check)
{
	int fd AUTO_CLOSE = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		check->ok = true;
		explain(check, "/dev/net/tun opens; a tap of your own is made by: sudo ip tuntap "
			       "add tap0 mode tap user $USER");
	} else if (errno == ENOENT || errno == ENODEV) {
		explain(check, "no /dev/net/tun; as root: modprobe tun (a container needs "
			       "--device /dev/net/tun)");
	} else {
		explain(check, "/dev/net/tun: %s", strerror(errno));
	}
}

/* Tries in a child, which ends with the error as its exit code. */
static int try_user_namespace(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		_exit(unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		return errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static bool has_program(const char *name)
{
	static const char *const folders[] = { "/usr/bin", "/bin", "/usr/sbin", "/sbin",
					       "/usr/local/bin" };
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		if (access(path, X_OK) == 0) {
			return true;
		}
	}
	return false;
}

/* Whether /etc/subuid lends further user ids to this user, by name or number. */
static bool has_sub_ids(void)
{
	const struct passwd *user = getpwuid(geteuid());
	FILE *file = fopen("/etc/subuid", "re");
	char line[256], number[16];
	bool found = false;

	if (!file) {
		return false;
	}
	(void)snprintf(number, sizeof(number), "%u", geteuid());
	while (!found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, ":")] = '\0';
		found = strcmp(line, number) == 0 || (user && strcmp(line, user->pw_name) == 0);
	}
	(void)fclose(file);
	return found;
}

static void check_image_build(struct host_check *check)
{
	int code;

	if (!has_program("mmdebstrap") || !has_program("mke2fs")) {
		explain(check, "needs mmdebstrap and mke2fs: sudo apt install mmdebstrap "
			       "e2fsprogs");
		return;
	}
	if (geteuid() == 0) {
		check->ok = true;
		explain(check, "works, as root");
		return;
	}
	code = try_user_namespace();
	if (code != 0) {
		explain(check,
			"no user namespace (%s); as root: sysctl "
			"kernel.unprivileged_userns_clone=1, or build as root",
			strerror(code));
	} else if (!has_program("newuidmap")) {
		explain(check, "needs newuidmap: sudo apt install uidmap; or build as root");
	} else if (!has_sub_ids()) {
		explain(check, "needs sub-user ids: sudo usermod --add-subuids 100000-165535 "
			       "--add-subgids 100000-165535 $USER; or build as root");
	} else {
		check->ok = true;
		explain(check, "works, as an ordinary user");
	}
}

/* As --display auto looks for one. */
static void check_display_server(struct host_check *check)
{
	bool can_show = false;

	for (size_t i = 0; display_backend_types[i]; i++) {
		const struct display_backend_type *type = display_backend_types[i];

		if (!type->is_available) {
			continue;
		}
		can_show = true;
		if (type->is_available()) {
			check->ok = true;
			explain(check, "--display %s: %s", type->name, type->help);
			return;
		}
	}
	explain(check, "%s",
		can_show ? "DISPLAY and WAYLAND_DISPLAY lead to none; from afar, use --display vnc"
			 : "not built in; install libsdl2-dev and configure again");
}

size_t host_checks_run(struct host_check out[HOST_CHECKS_MAX])
{
	static const struct {
		const char *name;
		const char *text;
		void (*run)(struct host_check *check);
	} checks[] = {
		{ "huge_pages", "guest memory is touched faster", check_huge_pages },
		{ "io_uring", "disks without a system call each", check_io_uring },
		{ "user_network", "network without privileges", check_slirp },
		{ "tap", "network at full speed", check_tap },
		{ "display_server", "guests have a window", check_display_server },
		{ "image_build", "guest images from recipes", check_image_build },
	};
	_Static_assert(ARRAY_SIZE(checks) <= HOST_CHECKS_MAX, "room for all checks");

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		out[i] = (struct host_check){ .name = checks[i].name, .text = checks[i].text };
		checks[i].run(&out[i]);
	}
	return ARRAY_SIZE(checks);
}
