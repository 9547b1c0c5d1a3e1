/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_MACHINE_CONFIG_H
#define THUNDERLAKE_MGMT_MACHINE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/error.h"
#include "vmm/base/options.h"

struct device_type;

/* What becomes of a guest that reboots, panics or powers off. */
enum machine_action {
	MACHINE_ACTION_RESTART,
	MACHINE_ACTION_PAUSE,
	MACHINE_ACTION_EXIT
};

/* What the guest sees of the host's sound. */
enum machine_card {
	MACHINE_CARD_AUTO,
	MACHINE_CARD_VIRTIO,
	MACHINE_CARD_HDA,
	MACHINE_CARD_OFF,
};

/* What is copied in the guest and on the host may be pasted where. */
enum machine_clipboard {
	MACHINE_CLIPBOARD_BOTH,
	MACHINE_CLIPBOARD_TO_GUEST,
	MACHINE_CLIPBOARD_TO_HOST,
	MACHINE_CLIPBOARD_OFF,
};

/*
 * What `thunderlake run` was told. Each field is a long option and a key of the configuration file
 * (mgmt/machine_config.c has the one table for both); --dry-run prints it in the file's form.
 */
struct machine_settings {
	char *name;
	char *uuid;	 /* NULL: made of the name */
	uint64_t memory; /* bytes */
	char *cpus;	 /* "COUNT[,sockets=,cores=,threads=]" */
	char *kernel;
	char *initrd;
	char *append;
	struct option_list disks;
	struct option_list discs;
	struct option_list nets;
	struct option_list serials;
	struct option_list consoles;
	struct option_list devices;
	uint64_t hotplug_ports;
	bool rng;
	bool balloon;
	char *display; /* "auto", "off", "NAME[,OPTION=…]": display/backend.h */
	uint64_t screens;
	char *record;	    /* NULL: none; "FILE[,OPTION=…]": display/record.h */
	unsigned clipboard; /* enum machine_clipboard */
	char *sound;	    /* "CARD[,capture=]" */
	char *audio;	    /* "auto", "off", "NAME[,OPTION=…]": audio/backend.h */
	char *guest_agent;  /* "unix:PATH" or "off" */
	bool debug_exit;
	unsigned on_reboot, on_panic, on_poweroff; /* enum machine_action */
	struct option_list qmp;
};

struct machine_cpus {
	uint64_t count, sockets, cores, threads;
};

struct machine_sound {
	unsigned card; /* enum machine_card */
	bool capture;  /* the guest may hear the microphone */
};

/* One device to make: the resolved form of --disk, --disc, --net, --serial, --console, --device and
 * of what every machine has. */
struct machine_device_config {
	const struct device_type *type;
	char *id;      /* owned */
	char *options; /* owned: text for the type's option table */
};

struct machine_config {
	struct machine_settings settings;
	struct machine_cpus cpus;
	struct machine_sound sound;
	struct machine_device_config *devices; /* owned array */
	size_t device_count;
};

extern const struct option_table machine_settings_table;
extern const struct option_table machine_sound_table; /* of --sound */

/* Starts with the defaults. */
int machine_config_init(struct machine_config *config, struct error *err);
void machine_config_finish(struct machine_config *config);

/* Sets one option by its long name, without the dashes; paths are taken as they are. As
 * options_set. */
int machine_config_set(struct machine_config *config, const char *name, const char *value,
		       struct error *err);

/* Reads an INI file of such keys. Relative paths of kernel, initrd, disks and discs are meant
 * relative to the file. The text of an error names file and line. */
int machine_config_load(struct machine_config *config, const char *path, struct error *err);

/* After all options: checks what belongs together and makes the list of devices. */
int machine_config_resolve(struct machine_config *config, struct error *err);

/* Whether it has a screen, with the keyboard and pointer that belong to one. */
static inline bool machine_config_has_display(const struct machine_config *config)
{
	return strcmp(config->settings.display, "off") != 0;
}

/* Whether it has a sound card, once resolved. */
bool machine_config_has_sound(const struct machine_config *config);

/* The resolved machine as a configuration file with comments. */
void machine_config_print(const struct machine_config *config, FILE *out);

#endif
