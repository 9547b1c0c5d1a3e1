/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/machine_config.c mgmt/machine_config_devices.c mgmt/machine_config_sound.c
 * mgmt/machine_config_file.c mgmt/machine_config_discs.c mgmt/uuid.c mgmt/device_type_find.c
 * mgmt/recording.c mgmt/film_sound.c display/ audio/ */
/* LIBS: inih */

/* A hostile configuration file: loaded, resolved and, when that works, printed. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "mgmt/image.h"
#include "mgmt/machine_config.h"
#include "tests/unit/mgmt/fake_device_types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* This host has every disc. */
int image_find_disc(const char *name, char **path, struct error *err)
{
	*path = strdup(name);
	return *path ? 0 : error_set_errno(err, -ENOMEM, "%s", name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct machine_config config;
	struct error err;
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
		return 0;
	}
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	(void)machine_config_init(&config, &err);
	if (machine_config_load(&config, path, &err) == 0 &&
	    machine_config_resolve(&config, &err) == 0) {
		FILE *out = fopen("/dev/null", "w");

		machine_config_print(&config, out);
		(void)fclose(out);
	}
	machine_config_finish(&config);
	(void)close(fd);
	return 0;
}
