/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/machine_config.c mgmt/machine_config_devices.c mgmt/machine_config_sound.c
 * mgmt/machine_config_file.c mgmt/machine_config_discs.c mgmt/uuid.c mgmt/device_type_find.c
 * mgmt/recording.c mgmt/film_sound.c display/ audio/ */
/* LIBS: inih */
#include "mgmt/machine_config.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "mgmt/image.h"
#include "tests/unit/mgmt/fake_device_types.h"

TestSuite(machine_config, .timeout = 10);

/* The one disc that was made. */
int image_find_disc(const char *name, char **path, struct error *err)
{
	if (strcmp(name, "dvd-test") != 0) {
		return error_set(err, -ENOENT, "no recipe '%s'", name);
	}
	*path = strdup("/made, here/disc.iso");
	return 0;
}

static struct machine_config make_config(void)
{
	struct machine_config config;

	cr_assert(eq(int, machine_config_init(&config, NULL), 0));
	cr_assert(eq(int, machine_config_set(&config, "kernel", "/k", NULL), 0));
	return config;
}

static const struct machine_device_config *find(const struct machine_config *config, const char *id)
{
	for (size_t i = 0; i < config->device_count; i++) {
		if (strcmp(config->devices[i].id, id) == 0) {
			return &config->devices[i];
		}
	}
	return NULL;
}

Test(machine_config, default_machine_has_terminal_network_rng_and_balloon)
{
	struct machine_config config = make_config();

	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	cr_assert(eq(u64, config.settings.memory, UINT64_C(1) << 30));
	cr_assert(eq(u64, config.cpus.count, 1));
	cr_assert(eq(str, find(&config, "serial0")->options, "index=1,backend=stdio"));
	cr_assert(eq(str, find(&config, "net0")->options, "user"));
	cr_assert(find(&config, "rng0") != NULL);
	cr_assert(find(&config, "balloon0") != NULL);
	machine_config_finish(&config);
}

static unsigned place_of(const struct machine_config *config, const char *id)
{
	unsigned i = 0;

	while (i < config->device_count && strcmp(config->devices[i].id, id) != 0) {
		i++;
	}
	return i;
}

Test(machine_config, a_disc_can_be_a_drive_of_the_host)
{
	struct machine_config config = make_config();

	cr_assert(eq(int, machine_config_set(&config, "disc", "/dev/sr77,write=on", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	cr_assert(eq(int, strcmp(find(&config, "cd0")->type->name, "scsi-host-cd"), 0));
	cr_assert(eq(str, find(&config, "cd0")->options, "/dev/sr77,write=on"));
	machine_config_finish(&config);
}

Test(machine_config, a_disc_brings_a_drive_and_the_controller_before_it)
{
	struct machine_config config = make_config();

	cr_assert(eq(int, machine_config_set(&config, "disc", "a.iso,kind=dvd-r", NULL), 0));
	cr_assert(eq(int, machine_config_set(&config, "disc", "none,serial=2", NULL), 0));
	cr_assert(eq(int, machine_config_set(&config, "disc", "none", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	cr_assert(eq(str, find(&config, "cd0")->options, "a.iso,kind=dvd-r"));
	cr_assert(eq(str, find(&config, "cd1")->options, "serial=2"));
	cr_assert(eq(str, find(&config, "cd2")->options, ""));
	cr_assert(lt(uint, place_of(&config, "scsi0"), place_of(&config, "cd0")));
	cr_assert(find(&config, "scsi1") == NULL);
	machine_config_finish(&config);
}

Test(machine_config, a_bare_word_is_the_name_of_a_disc_that_was_made)
{
	struct machine_config config = make_config();
	struct error err;

	cr_assert(eq(int, machine_config_set(&config, "disc", "dvd-test,kind=dvd-r", NULL), 0));
	cr_assert(eq(int, machine_config_set(&config, "disc", "./dvd-test", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	cr_assert(eq(str, find(&config, "cd0")->options, "file=/made,, here/disc.iso,kind=dvd-r"));
	cr_assert(eq(str, find(&config, "cd1")->options, "./dvd-test"));
	cr_assert(eq(int, machine_config_set(&config, "disc", "dvd-tset", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, &err), -ENOENT));
	cr_assert(eq(str, err.text, "no recipe 'dvd-tset'"));
	machine_config_finish(&config);
}

Test(machine_config, a_controller_that_was_asked_for_is_the_only_one)
{
	struct machine_config config = make_config();

	cr_assert(eq(int, machine_config_set(&config, "device", "scsi-cd,id=mine", NULL), 0));
	cr_assert(eq(int, machine_config_set(&config, "device", "virtio-scsi,queues=1", NULL), 0));
	cr_assert(eq(int, machine_config_set(&config, "disc", "a.iso", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	cr_assert(find(&config, "scsi0") == NULL);
	cr_assert(lt(uint, place_of(&config, "virtio-scsi0"), place_of(&config, "cd0")));
	cr_assert(lt(uint, place_of(&config, "virtio-scsi0"), place_of(&config, "mine")));
	machine_config_finish(&config);
}

Test(machine_config, console_on_the_terminal_leaves_no_serial_terminal)
{
	struct machine_config config = make_config();

	cr_assert(eq(int, machine_config_set(&config, "console", "stdio", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	cr_assert(eq(str, find(&config, "serial0")->options, "index=1,backend=none"));
	machine_config_finish(&config);
}

Test(machine_config, id_is_taken_out_of_the_options)
{
	struct machine_config config = make_config();

	cr_assert(
		eq(int, machine_config_set(&config, "disk", "a.img,id=root,readonly=on", NULL), 0));
	cr_assert(eq(int, machine_config_set(&config, "disk", "b.img", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	cr_assert(eq(str, find(&config, "root")->options, "a.img,readonly=on"));
	cr_assert(eq(str, find(&config, "disk0")->options, "b.img"));
	machine_config_finish(&config);
}

Test(machine_config, same_id_twice_is_refused)
{
	struct machine_config config = make_config();

	cr_assert(eq(int, machine_config_set(&config, "disk", "a,id=x", NULL), 0));
	cr_assert(eq(int, machine_config_set(&config, "disk", "b,id=x", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), -EEXIST));
	machine_config_finish(&config);
}

struct cpus_case {
	const char text[40];
	int code;
	unsigned sockets, cores, threads;
};

ParameterizedTestParameters(machine_config, cpus_are_grouped)
{
	static struct cpus_case rows[] = {
		{ "4", 0, 1, 4, 1 },
		{ "4,sockets=2", 0, 2, 2, 1 },
		{ "8,cores=2,threads=2", 0, 2, 2, 2 },
		{ "64", 0, 1, 64, 1 },
		{ "6,sockets=4", -EINVAL, 0, 0, 0 },
		{ "0", -ERANGE, 0, 0, 0 },
		{ "65", -ERANGE, 0, 0, 0 },
		{ "4096", -ERANGE, 0, 0, 0 },
	};

	return cr_make_param_array(struct cpus_case, rows, ARRAY_SIZE(rows));
}

ParameterizedTest(struct cpus_case *row, machine_config, cpus_are_grouped)
{
	struct machine_config config = make_config();

	cr_assert(eq(int, machine_config_set(&config, "cpus", row->text, NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), row->code));
	if (row->code == 0) {
		cr_assert(eq(u64, config.cpus.sockets, row->sockets));
		cr_assert(eq(u64, config.cpus.cores, row->cores));
		cr_assert(eq(u64, config.cpus.threads, row->threads));
	}
	machine_config_finish(&config);
}

Test(machine_config, unknown_display_is_refused_with_advice)
{
	struct machine_config config = make_config();
	struct error err;

	cr_assert(eq(int, machine_config_set(&config, "display", "nine", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, &err), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "none"), NULL), "%s", err.text);
	machine_config_finish(&config);
}

Test(machine_config, uuid_of_other_form_is_refused)
{
	struct machine_config config = make_config();

	cr_assert(eq(int, machine_config_set(&config, "uuid", "0011-2233", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), -EINVAL));
	machine_config_finish(&config);
}

static const char *agent_of(struct machine_config *config, const char *name, const char *value)
{
	const struct machine_device_config *device;

	cr_assert(eq(int, machine_config_set(config, name, value, NULL), 0));
	cr_assert(eq(int, machine_config_resolve(config, NULL), 0));
	device = find(config, "agent0");
	return device ? device->options : "none";
}

Test(machine_config, clipboard_brings_its_port_with_the_screen)
{
	struct machine_config config = make_config();

	cr_assert(eq(str, (char *)(uintptr_t)agent_of(&config, "display", "none"),
		     (char *)(uintptr_t) "port=com.redhat.spice.0:vdagent"));
	cr_assert(eq(str, (char *)(uintptr_t)agent_of(&config, "clipboard", "off"),
		     (char *)(uintptr_t) "none"));
	machine_config_finish(&config);
}

Test(machine_config, guest_agent_has_a_socket)
{
	struct machine_config config = make_config();

	cr_assert(eq(int, machine_config_set(&config, "display", "off", NULL), 0));
	cr_assert(eq(str, (char *)(uintptr_t)agent_of(&config, "guest-agent", "unix:/a,b"),
		     (char *)(uintptr_t) "port=org.qemu.guest_agent.0:unix:/a,,b"));
	cr_assert(eq(int, machine_config_set(&config, "guest-agent", "tcp:1", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), -EINVAL));
	machine_config_finish(&config);
}

Test(machine_config, machine_without_display_has_no_screen_devices)
{
	struct machine_config config = make_config();

	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	cr_assert(machine_config_has_display(&config));
	cr_assert(ne(ptr, (void *)(uintptr_t)find(&config, "gpu0"), NULL));
	cr_assert(ne(ptr, (void *)(uintptr_t)find(&config, "keyboard0"), NULL));
	cr_assert(ne(ptr, (void *)(uintptr_t)find(&config, "tablet0"), NULL));
	cr_assert(eq(int, machine_config_set(&config, "display", "off", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	cr_assert(not(machine_config_has_display(&config)));
	cr_assert(eq(ptr, (void *)(uintptr_t)find(&config, "gpu0"), NULL));
	cr_assert(eq(ptr, (void *)(uintptr_t)find(&config, "keyboard0"), NULL));
	machine_config_finish(&config);
}

Test(machine_config, screen_device_of_the_users_own_replaces_ours)
{
	struct machine_config config = make_config();

	cr_assert(eq(int, machine_config_set(&config, "device", "virtio-gpu,id=mine", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	cr_assert(eq(ptr, (void *)(uintptr_t)find(&config, "gpu0"), NULL));
	cr_assert(ne(ptr, (void *)(uintptr_t)find(&config, "mine"), NULL));
	machine_config_finish(&config);
}

/* --- sound --- */

struct sound_case {
	const char display[12], sound[24], audio[16], device[24];
	const char card[12]; /* of what is made; "": none */
};

ParameterizedTestParameters(machine_config, sound_card_is_chosen)
{
	static struct sound_case rows[] = {
		{ "auto", "auto", "auto", "", "virtio-snd" },
		{ "none", "auto", "auto", "", "" },
		{ "off", "auto", "auto", "", "" },
		{ "off", "auto", "none", "", "virtio-snd" },
		{ "none", "capture=on", "auto", "", "virtio-snd" },
		{ "off", "hda", "auto", "", "intel-hda" },
		{ "auto", "virtio", "off", "", "virtio-snd" },
		{ "auto", "off", "auto", "", "" },
		{ "auto", "auto", "off", "", "" },
		{ "auto", "auto", "auto", "intel-hda,id=own", "intel-hda" },
	};

	return cr_make_param_array(struct sound_case, rows, ARRAY_SIZE(rows));
}

/* The first one, and how many there are. */
static unsigned count_cards(const struct machine_config *config, const char **first)
{
	unsigned count = 0;

	*first = "";
	for (size_t i = 0; i < config->device_count; i++) {
		if (config->devices[i].type->is_on_audio_loop && count++ == 0) {
			*first = config->devices[i].type->name;
		}
	}
	return count;
}

ParameterizedTest(struct sound_case *row, machine_config, sound_card_is_chosen)
{
	struct machine_config config = make_config();
	const unsigned wanted = row->card[0] != 0;
	const char *card;

	cr_assert(eq(int, machine_config_set(&config, "display", row->display, NULL), 0));
	cr_assert(eq(int, machine_config_set(&config, "sound", row->sound, NULL), 0));
	cr_assert(eq(int, machine_config_set(&config, "audio", row->audio, NULL), 0));
	if (row->device[0]) {
		cr_assert(eq(int, machine_config_set(&config, "device", row->device, NULL), 0));
	}
	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	cr_assert(eq(uint, count_cards(&config, &card), wanted));
	cr_assert(eq(str, (char *)(uintptr_t)card, (char *)(uintptr_t)row->card));
	cr_assert(eq(int, machine_config_has_sound(&config), (int)wanted));
	machine_config_finish(&config);
}

Test(machine_config, microphone_is_off_unless_asked_for)
{
	struct machine_config config = make_config();

	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	cr_assert(not(config.sound.capture));
	cr_assert(eq(int, machine_config_set(&config, "sound", "hda,capture=on", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	cr_assert(config.sound.capture);
	machine_config_finish(&config);
}

struct bad_sound {
	const char key[8], value[24], says[40];
};

ParameterizedTestParameters(machine_config, sound_that_cannot_be_is_refused)
{
	static struct bad_sound rows[] = {
		{ "sound", "virtoi", "did you mean 'virtio'" },
		{ "sound", "auto,captrue=on", "did you mean 'capture'" },
		{ "sound", "off,capture=on", "no microphone" },
		{ "audio", "wave", "did you mean 'wav'" },
		{ "audio", "none,speed=2", "speed" },
	};

	return cr_make_param_array(struct bad_sound, rows, ARRAY_SIZE(rows));
}

ParameterizedTest(struct bad_sound *row, machine_config, sound_that_cannot_be_is_refused)
{
	struct machine_config config = make_config();
	struct error err = { "" };

	cr_assert(eq(int, machine_config_set(&config, row->key, row->value, NULL), 0));
	cr_assert(lt(int, machine_config_resolve(&config, &err), 0));
	cr_assert(ne(ptr, strstr(err.text, row->says), NULL), "says: %s", err.text);
	machine_config_finish(&config);
}

Test(machine_config, no_kernel_is_refused_with_advice)
{
	struct machine_config config;
	struct error err;

	cr_assert(eq(int, machine_config_init(&config, &err), 0));
	cr_assert(eq(int, machine_config_resolve(&config, &err), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "--kernel"), NULL));
	machine_config_finish(&config);
}

Test(machine_config, one_mebibyte_of_memory_is_refused)
{
	struct machine_config config = make_config();

	cr_assert(eq(int, machine_config_set(&config, "memory", "1M", NULL), -ERANGE));
	machine_config_finish(&config);
}

/* --- files --- */

struct file_case {
	const char content[64];
	int code;
	const char says[48];
};

ParameterizedTestParameters(machine_config, file_faults_name_the_line)
{
	static struct file_case rows[] = {
		{ "memory = 2G\nmemroy = 1G\n", -ENOENT, "did you mean 'memory'" },
		{ "\n\ncpus\n", -EINVAL, "not a `key = value` line" },
		{ "[machine]\ncpus = 2\n", -EINVAL, "no sections" },
		{ "memory = lots\n", -EINVAL, "not a size" },
	};

	return cr_make_param_array(struct file_case, rows, ARRAY_SIZE(rows));
}

static char *write_file(const char *content, char *path)
{
	int fd = mkstemp(path);

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(sz, (size_t)write(fd, content, strlen(content)), strlen(content)));
	(void)close(fd);
	return path;
}

ParameterizedTest(struct file_case *row, machine_config, file_faults_name_the_line)
{
	struct machine_config config = make_config();
	char path[] = "/tmp/thunderlake-test-XXXXXX";
	struct error err = { "" };

	(void)write_file(row->content, path);
	cr_assert(eq(int, machine_config_load(&config, path, &err), row->code));
	cr_assert(ne(ptr, strstr(err.text, row->says), NULL), "says: %s", err.text);
	cr_assert(ne(ptr, strstr(err.text, path), NULL), "says: %s", err.text);
	(void)unlink(path);
	machine_config_finish(&config);
}

Test(machine_config, file_paths_are_relative_to_the_file)
{
	struct machine_config config = make_config();
	char path[] = "/tmp/thunderlake-test-XXXXXX";

	(void)write_file("kernel = vmlinuz\ndisk = file=d.img,readonly=on\n"
			 "disk = /abs.img\nappend = a=b; c # d\n",
			 path);
	cr_assert(eq(int, machine_config_load(&config, path, NULL), 0));
	cr_assert(eq(str, config.settings.kernel, "/tmp/vmlinuz"));
	cr_assert(eq(str, config.settings.disks.items[0], "file=/tmp/d.img,readonly=on"));
	cr_assert(eq(str, config.settings.disks.items[1], "/abs.img"));
	cr_assert(eq(str, config.settings.append, "a=b; c # d"));
	(void)unlink(path);
	machine_config_finish(&config);
}

Test(machine_config, printed_machine_can_be_loaded_again)
{
	struct machine_config config = make_config();
	struct machine_config again;
	char path[] = "/tmp/thunderlake-test-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");

	cr_assert(eq(int, machine_config_set(&config, "memory", "768M", NULL), 0));
	cr_assert(eq(int, machine_config_set(&config, "disk", "/x.img", NULL), 0));
	cr_assert(eq(int, machine_config_set(&config, "on-reboot", "exit", NULL), 0));
	cr_assert(eq(int, machine_config_resolve(&config, NULL), 0));
	machine_config_print(&config, file);
	(void)fclose(file);
	cr_assert(eq(int, machine_config_init(&again, NULL), 0));
	cr_assert(eq(int, machine_config_load(&again, path, NULL), 0));
	cr_assert(eq(u64, again.settings.memory, config.settings.memory));
	cr_assert(eq(str, again.settings.disks.items[0], "/x.img"));
	cr_assert(eq(u32, again.settings.on_reboot, MACHINE_ACTION_EXIT));
	(void)unlink(path);
	machine_config_finish(&config);
	machine_config_finish(&again);
}
