/* SPDX-License-Identifier: MIT */
#include "mgmt/machine_config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "config.h"
#include "devices/device.h"
#include "devices/pci/pci_port.h"
#include "display/backend.h"
#include "display/display.h"
#include "mgmt/machine_config_devices.h"
#include "mgmt/machine_config_sound.h"
#include "mgmt/recording.h"
#include "mgmt/uuid.h"
#include "vmm/cpu/cpus.h"
#include "vmm/mem/guest_mem.h"

#define MEMORY_MAX_BYTES \
	(UINT64_C(255) << 30) /* RAM above 4 GiB ends below the 64-bit PCI window */
#define MEMORY_ALIGNMENT (UINT64_C(1) << 20)

static const char *const actions[] = { "restart", "pause", "exit", NULL };

/* In the order of enum machine_clipboard. */
static const char *const clipboards[] = { "both", "to-guest", "to-host", "off", NULL };

#define SETTING(member) offsetof(struct machine_settings, member)

static const struct option settings[] = {
	{ .name = "name",
	  .kind = OPTION_STRING,
	  .offset = SETTING(name),
	  .value_name = "NAME",
	  .help = "what the machine is called; `thunderlake ctl NAME` finds it by this" },
	{ .name = "uuid",
	  .kind = OPTION_STRING,
	  .offset = SETTING(uuid),
	  .value_name = "UUID",
	  .help = "identity that the firmware tells the guest (default: made of the name)" },
	{ .name = "memory",
	  .kind = OPTION_SIZE,
	  .offset = SETTING(memory),
	  .default_text = "1G",
	  .min = GUEST_MEM_MIN_BYTES,
	  .max = MEMORY_MAX_BYTES,
	  .help = "memory of the guest" },
	{ .name = "cpus",
	  .kind = OPTION_STRING,
	  .offset = SETTING(cpus),
	  .value_name = "N[,sockets=N,cores=N,threads=N]",
	  .default_text = "1",
	  .help = "processors of the guest and how they are grouped" },
	{ .name = "kernel",
	  .kind = OPTION_STRING,
	  .offset = SETTING(kernel),
	  .value_name = "FILE",
	  .help = "kernel to start: a Linux bzImage, or an ELF file (PVH or 64-bit)" },
	{ .name = "initrd",
	  .kind = OPTION_STRING,
	  .offset = SETTING(initrd),
	  .value_name = "FILE",
	  .help = "initial RAM disk for the kernel" },
	{ .name = "append",
	  .kind = OPTION_STRING,
	  .offset = SETTING(append),
	  .value_name = "TEXT",
	  .default_text = "",
	  .help = "command line for the kernel" },
	{ .name = "disk",
	  .kind = OPTION_LIST,
	  .offset = SETTING(disks),
	  .value_name = "FILE[,OPTION=...]",
	  .help = "add a disk: see --device virtio-blk,help" },
	{ .name = "disc",
	  .kind = OPTION_LIST,
	  .offset = SETTING(discs),
	  .value_name = "FILE|none[,OPTION=...]",
	  .help = "add an optical drive, with a disc in it or empty: see --disc help" },
	{ .name = "net",
	  .kind = OPTION_LIST,
	  .offset = SETTING(nets),
	  .value_name = "user|tap|none[,OPTION=...]",
	  .help = "add a network card: see --device virtio-net,help; default: user" },
	{ .name = "serial",
	  .kind = OPTION_LIST,
	  .offset = SETTING(serials),
	  .value_name = "stdio|file:PATH|pty|unix:PATH|none",
	  .help = "where the next serial line (ttyS0 …) goes; default: stdio" },
	{ .name = "console",
	  .kind = OPTION_LIST,
	  .offset = SETTING(consoles),
	  .value_name = "stdio|file:PATH|pty|unix:PATH|none",
	  .help = "add a virtio console (hvc0 …)" },
	{ .name = "device",
	  .kind = OPTION_LIST,
	  .offset = SETTING(devices),
	  .value_name = "TYPE[,OPTION=...]",
	  .help = "add any device; `--device help` lists them, `--device TYPE,help` its options" },
	{ .name = "hotplug-ports",
	  .kind = OPTION_INT,
	  .offset = SETTING(hotplug_ports),
	  .default_text = "2", /* each costs a guest 20 of the 3000 ms that it boots */
	  .max = PCI_PORTS_MAX,
	  .help = "slots for devices that come and go while the guest runs; 0: none" },
	{ .name = "rng",
	  .kind = OPTION_BOOL,
	  .offset = SETTING(rng),
	  .default_text = "on",
	  .help = "give the guest random numbers of the host" },
	{ .name = "balloon",
	  .kind = OPTION_BOOL,
	  .offset = SETTING(balloon),
	  .default_text = "on",
	  .help = "let memory be taken back from the running guest" },
	{ .name = "guest-agent",
	  .kind = OPTION_STRING,
	  .offset = SETTING(guest_agent),
	  .value_name = "unix:PATH|off",
	  .default_text = "off",
	  .help = "a socket that leads to qemu-guest-agent in the guest" },
	{ .name = "debug-exit",
	  .kind = OPTION_BOOL,
	  .offset = SETTING(debug_exit),
	  .help = "let the guest end the process by port 0xf4: exit code 2 × value + 1" },
	{ .name = "display",
	  .kind = OPTION_STRING,
	  .offset = SETTING(display),
	  .value_name = "sdl|vnc|none|auto|off[,OPTION=...]",
	  .default_text = "auto",
	  .help = "where the screen is shown: `--display help` tells of each; off: no screen at "
		  "all" },
	{ .name = "screens",
	  .kind = OPTION_INT,
	  .offset = SETTING(screens),
	  .default_text = "1",
	  .min = 1,
	  .max = DISPLAY_SCANOUTS_MAX,
	  .help = "monitors that the graphics card has" },
	{ .name = "record",
	  .kind = OPTION_STRING,
	  .offset = SETTING(record),
	  .value_name = "FILE.mkv|FILE.y4m[,OPTION=...]",
	  .help = "make a film of the screen: see --record help" },
	{ .name = "clipboard",
	  .kind = OPTION_CHOICE,
	  .offset = SETTING(clipboard),
	  .choices = clipboards,
	  .value_name = "both|to-guest|to-host|off",
	  .default_text = "both",
	  .help = "share what is copied, on the host and in a guest with spice-vdagent" },
	{ .name = "sound",
	  .kind = OPTION_STRING,
	  .offset = SETTING(sound),
	  .value_name = "auto|virtio|hda|off[,capture=on]",
	  .default_text = "auto",
	  .help = "the sound card, and whether it hears the microphone: see --sound help; auto: "
		  "virtio, none in a machine without a display" },
	{ .name = "audio",
	  .kind = OPTION_STRING,
	  .offset = SETTING(audio),
	  .value_name = "auto|pulse|wav|none|off[,OPTION=...]",
	  .default_text = "auto",
	  .help = "what plays the guest's sound: `--audio help` tells of each" },
	{ .name = "on-reboot",
	  .kind = OPTION_CHOICE,
	  .offset = SETTING(on_reboot),
	  .choices = actions,
	  .default_text = "restart",
	  .help = "when the guest reboots: restart, pause or exit" },
	{ .name = "on-panic",
	  .kind = OPTION_CHOICE,
	  .offset = SETTING(on_panic),
	  .choices = actions,
	  .default_text = "exit",
	  .help = "when the guest's kernel crashes: restart, pause or exit" },
	{ .name = "on-poweroff",
	  .kind = OPTION_CHOICE,
	  .offset = SETTING(on_poweroff),
	  .choices = actions,
	  .default_text = "exit",
	  .help = "when the guest powers off: restart, pause or exit" },
	{ .name = "qmp",
	  .kind = OPTION_LIST,
	  .offset = SETTING(qmp),
	  .value_name = "unix:PATH",
	  .help = "a further control socket, besides the one that `thunderlake ctl` uses" },
};

const struct option_table machine_settings_table = { settings, ARRAY_SIZE(settings), NULL };

static const struct option cpus_options[] = {
	{ .name = "count",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct machine_cpus, count),
	  .help = "number of processors",
	  .value_name = "N",
	  .min = 1,
	  .max = CPUS_MAX,
	  .required = true },
	{ .name = "sockets",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct machine_cpus, sockets),
	  .help = "processor packages",
	  .min = 1,
	  .max = CPUS_MAX },
	{ .name = "cores",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct machine_cpus, cores),
	  .help = "cores in a package",
	  .min = 1,
	  .max = CPUS_MAX },
	{ .name = "threads",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct machine_cpus, threads),
	  .help = "threads in a core",
	  .min = 1,
	  .max = CPUS_MAX },
};
static const struct option_table cpus_table = { cpus_options, ARRAY_SIZE(cpus_options), "count" };

int machine_config_init(struct machine_config *config, struct error *err)
{
	*config = (struct machine_config){ 0 };
	return options_set_defaults(&machine_settings_table, &config->settings, err);
}

void machine_config_finish(struct machine_config *config)
{
	machine_config_drop_devices(config);
	options_finish(&machine_settings_table, &config->settings);
}

int machine_config_set(struct machine_config *config, const char *name, const char *value,
		       struct error *err)
{
	return options_set(&machine_settings_table, name, value, &config->settings, err);
}

/* --- processors --- */

static int resolve_cpus(struct machine_config *config, struct error *err)
{
	struct machine_cpus *cpus = &config->cpus;
	int code;

	*cpus = (struct machine_cpus){ 0 };
	code = options_parse(&cpus_table, config->settings.cpus, cpus, err);
	if (code < 0) {
		error_prefix(err, "cpus");
		return code;
	}
	if (!cpus->sockets && !cpus->cores && !cpus->threads) {
		cpus->cores = cpus->count;
	}
	cpus->threads = cpus->threads ? cpus->threads : 1;
	if (!cpus->cores) {
		cpus->cores = MAX(cpus->count / (MAX(cpus->sockets, 1) * cpus->threads), 1);
	}
	if (!cpus->sockets) {
		cpus->sockets = MAX(cpus->count / (cpus->cores * cpus->threads), 1);
	}
	if (cpus->sockets * cpus->cores * cpus->threads != cpus->count) {
		return error_set(err, -EINVAL,
				 "cpus: %" PRIu64 " sockets × %" PRIu64 " cores × %" PRIu64
				 " threads are not %" PRIu64 " processors",
				 cpus->sockets, cpus->cores, cpus->threads, cpus->count);
	}
	return 0;
}

/* --- */

static bool is_terminal_used(const struct option_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strncmp(list->items[i], "stdio", 5) == 0) {
			return true;
		}
	}
	return false;
}

/* The serial line and the network card that a machine has unless it is told otherwise. */
static int set_usual_devices(struct machine_settings *s, struct error *err)
{
	const char *serial = is_terminal_used(&s->consoles) ? "none" : "stdio";
	int code = 0;

	if (s->serials.count == 0) {
		code = options_set(&machine_settings_table, "serial", serial, s, err);
	}
	if (code == 0 && s->nets.count == 0) {
		code = options_set(&machine_settings_table, "net", HAVE_SLIRP ? "user" : "none", s,
				   err);
	}
	return code;
}

static int check_screen(const struct machine_settings *s, bool has_display, struct error *err)
{
	int code = has_display ? display_backend_check(s->display, err) : 0;

	if (code == 0 && s->record) {
		code = has_display ? recording_check(s->record, err)
				   : error_set(err, -EINVAL,
					       "record: the machine has no screen (--display off)");
	}
	return code;
}

int machine_config_resolve(struct machine_config *config, struct error *err)
{
	struct machine_settings *s = &config->settings;
	uint8_t uuid[UUID_BYTES];
	int code;

	if (!s->kernel) {
		return error_set(err, -EINVAL,
				 "no kernel: give --kernel FILE, or the name of an image made by "
				 "`thunderlake image build`");
	}
	if (s->memory % MEMORY_ALIGNMENT) {
		return error_set(err, -EINVAL,
				 "memory: %" PRIu64 " bytes are not a whole number of MiB",
				 s->memory);
	}
	if (s->uuid && uuid_parse(s->uuid, uuid) < 0) {
		return error_set(err, -EINVAL,
				 "uuid: '%s' is not like 00112233-4455-6677-8899-aabbccddeeff",
				 s->uuid);
	}
	code = check_screen(s, machine_config_has_display(config), err);
	code = code ?: resolve_cpus(config, err);
	code = code ?: machine_config_resolve_sound(config, err);
	code = code ?: set_usual_devices(s, err);
	if (code < 0) {
		return code;
	}
	machine_config_drop_devices(config);
	return machine_config_add_devices(config, err);
}

static void print_setting(const struct machine_config *config, const struct option *option,
			  FILE *out)
{
	const struct option_list *list;
	char text[ERROR_TEXT_MAX];

	(void)fprintf(out, "# %s\n", option->help);
	if (option->kind == OPTION_LIST) {
		list = (const void *)((const char *)&config->settings + option->offset);
		for (size_t i = 0; i < list->count; i++) {
			(void)fprintf(out, "%s = %s\n", option->name, list->items[i]);
		}
	} else if (option->kind == OPTION_STRING) {
		char *const *string =
			(const void *)((const char *)&config->settings + option->offset);

		if (*string) {
			(void)fprintf(out, "%s = %s\n", option->name, *string);
		}
	} else {
		options_format(option, &config->settings, text, sizeof(text));
		(void)fprintf(out, "%s = %s\n", option->name, text);
	}
}

void machine_config_print(const struct machine_config *config, FILE *out)
{
	for (size_t i = 0; i < machine_settings_table.count; i++) {
		print_setting(config, &machine_settings_table.options[i], out);
	}
	(void)fprintf(out, "\n# The devices that these make:\n");
	for (size_t i = 0; i < config->device_count; i++) {
		const struct machine_device_config *device = &config->devices[i];

		(void)fprintf(out, "#   %-12s %s%s%s\n", device->id, device->type->name,
			      *device->options ? "," : "", device->options);
	}
}
