/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "audio/backend.h"
#include "devices/device.h"
#include "display/backend.h"
#include "display/record.h"
#include "mgmt/device_types.h"
#include "mgmt/run_args.h"
#include "vmm/base/log.h"

/* Headings, each with the first option under it. */
static const struct {
	const char *first;
	const char *title;
} groups[] = {
	{ "name", "Machine" }, { "kernel", "What it boots" },
	{ "disk", "Devices" }, { "display", "Screen" },
	{ "sound", "Sound" },  { "on-reboot", "When the guest ends" },
	{ "qmp", "Control" },
};

static const char *value_name(const struct option *option)
{
	if (option->value_name) {
		return option->value_name;
	}
	switch (option->kind) {
	case OPTION_INT:
		return "N";
	case OPTION_SIZE:
		return "SIZE";
	case OPTION_CHOICE:
		return "WHAT";
	case OPTION_BOOL:
		return "on|off";
	default:
		return "TEXT";
	}
}

static void print_option(const char *dashes, const struct option *option)
{
	char left[128];

	(void)snprintf(left, sizeof(left), "%s%s%s", dashes, option->name,
		       option->kind == OPTION_BOOL ? "[=" : "=");
	(void)snprintf(left + strlen(left), sizeof(left) - strlen(left), "%s%s", value_name(option),
		       option->kind == OPTION_BOOL ? "]" : "");
	(void)printf(strlen(left) > 26 ? "  %s\n%29s%s" : "  %-26s%.0s %s", left, "",
		     option->help ? option->help : "");
	if (option->default_text && *option->default_text) {
		(void)printf(" (default: %s)", option->default_text);
	}
	(void)printf("\n");
}

void run_args_print_help(void)
{
	(void)printf(
		"Usage: thunderlake run [OPTION…] NAME        an image of `thunderlake image`\n"
		"       thunderlake run [OPTION…] FILE.ini    a machine's configuration\n"
		"       thunderlake run [OPTION…] FILE.img    a disk, with --kernel\n"
		"       thunderlake run [OPTION…] --kernel FILE\n");
	for (size_t i = 0; i < machine_settings_table.count; i++) {
		const struct option *option = &machine_settings_table.options[i];

		for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
			if (strcmp(groups[g].first, option->name) == 0) {
				(void)printf("\n%s:\n", groups[g].title);
			}
		}
		print_option("--", option);
	}
	(void)printf(
		"\nGeneral:\n"
		"  --config=FILE              read options from FILE: `key = value` lines, keys as "
		"above\n"
		"  --dry-run                  print the resolved machine as such a file, and end\n"
		"  -v, --verbose              say more\n"
		"  -q, --quiet                say only errors\n"
		"  -h, --help                 this text\n"
		"\n"
		"On the terminal, Ctrl-A x ends the machine and Ctrl-A h helps. SIGINT and SIGTERM "
		"press\nthe guest's power button; a second one ends the process.\n"
		"\n"
		"Exit codes: 0 the guest powered off, 1 could not start, 10 reboot (with "
		"--on-reboot=exit),\n11 guest panic, 12 KVM or the host failed, 130 ended from "
		"outside.\n");
}

/* --- kinds of devices and displays --- */

static void print_devices(void)
{
	(void)printf("Devices (--device TYPE,help tells a type's options):\n");
	for (size_t i = 0; device_types[i]; i++) {
		(void)printf("  %-16s %s\n", device_types[i]->name, device_types[i]->help);
	}
}

static void print_displays(void)
{
	(void)printf("Displays (--display TYPE,help tells a type's options):\n");
	for (size_t i = 0; display_backend_types[i]; i++) {
		(void)printf("  %-16s %s\n", display_backend_types[i]->name,
			     display_backend_types[i]->help);
	}
	(void)printf("  %-16s %s\n", "auto", "a window where there is a display server, else none");
	(void)printf("  %-16s %s\n", "off", "no graphics card, keyboard or tablet in the machine");
}

static void print_table(const char *name, const char *help, const struct option_table *table)
{
	(void)printf("%s: %s\n", name, help);
	for (size_t i = 0; i < table->count; i++) {
		print_option("", &table->options[i]);
	}
}

static void print_device(const char *name)
{
	struct error err;
	const struct device_type *type = device_type_find(name, &err);

	if (!type) {
		log_error("device", "%s", err.text);
		return;
	}
	print_table(type->name, type->help, &type->options);
	(void)printf("  %-26s name of the device for control commands\n", "id=NAME");
}

static void print_drive(void)
{
	print_device("scsi-cd");
}

static void print_drive_of(const char *file)
{
	(void)file;
	print_drive();
}

static void print_display(const char *name)
{
	struct error err;
	const struct display_backend_type *type = display_backend_find(name, &err);

	if (!type) {
		log_error("display", "%s", err.text);
		return;
	}
	print_table(type->name, type->help, &type->options);
}

static void print_audios(void)
{
	(void)printf("What plays the sound (--audio TYPE,help tells a type's options):\n");
	for (size_t i = 0; audio_backend_types[i]; i++) {
		(void)printf("  %-16s %s\n", audio_backend_types[i]->name,
			     audio_backend_types[i]->help);
	}
	(void)printf("  %-16s %s\n", "auto", "a sound server where one answers, else none");
	(void)printf("  %-16s %s\n", "off",
		     "nothing; no sound card either, unless --sound names one");
}

static void print_audio(const char *name)
{
	struct error err;
	const struct audio_backend_type *type = audio_backend_find(name, &err);

	if (!type) {
		log_error("audio", "%s", err.text);
		return;
	}
	print_table(type->name, type->help, &type->options);
}

static void print_sound(void)
{
	print_table("sound", "the guest's sound card", &machine_sound_table);
}

static void print_sound_of(const char *card)
{
	(void)card;
	print_sound();
}

static void print_record(void)
{
	print_table("record", "a film of the screen", &record_option_table);
}

static void print_record_of(const char *file)
{
	(void)file;
	print_record();
}

static bool answer(const char *value, void (*print_all)(void), void (*print_one)(const char *name))
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s", value);
	name[strcspn(name, ",")] = '\0';
	if (strcmp(value, "help") == 0) {
		print_all();
		return true;
	}
	if (strstr(value, ",help")) {
		print_one(name);
		return true;
	}
	return false;
}

bool run_args_print_type_help(const struct machine_config *config)
{
	const struct option_list *devices = &config->settings.devices;
	const struct option_list *discs = &config->settings.discs;
	bool printed = answer(config->settings.display, print_displays, print_display);

	printed |= answer(config->settings.sound, print_sound, print_sound_of);
	printed |= answer(config->settings.audio, print_audios, print_audio);
	if (config->settings.record) {
		printed |= answer(config->settings.record, print_record, print_record_of);
	}
	if (discs->count > 0) {
		printed |= answer(discs->items[0], print_drive, print_drive_of);
	}
	for (size_t i = 0; i < devices->count; i++) {
		printed |= answer(devices->items[i], print_devices, print_device);
	}
	return printed;
}
