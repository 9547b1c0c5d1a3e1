/* SPDX-License-Identifier: MIT */
#include "mgmt/machine_config_devices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "devices/device.h"
#include "devices/virtio/vdagent.h"
#include "mgmt/device_types.h"
#include "mgmt/machine_config_discs.h"
#include "mgmt/machine_config_sound.h"
#include "vmm/base/compiler.h"

/* From the settings, the list of devices. */

#define SERIAL_PORTS_MAX 4u
#define BACKEND_TEXT_MAX 4096u /* of all serial or console values together, as option text */
#define GUEST_AGENT_PORT "org.qemu.guest_agent.0"

void machine_config_drop_devices(struct machine_config *config)
{
	for (size_t i = 0; i < config->device_count; i++) {
		free(config->devices[i].id);
		free(config->devices[i].options);
	}
	free(config->devices);
	config->devices = NULL;
	config->device_count = 0;
}

static bool id_is_taken(const struct machine_config *config, const char *id)
{
	for (size_t i = 0; i < config->device_count; i++) {
		if (strcmp(config->devices[i].id, id) == 0) {
			return true;
		}
	}
	return false;
}

/* Takes "id=NAME" out of an option text, in place. NULL where there is none. */
static char *take_id(char *text)
{
	for (char *item = text; item;) {
		char *comma = strchr(item, ',');

		if (strncmp(item, "id=", 3) == 0) {
			char *id = strndup(item + 3,
					   comma ? (size_t)(comma - item - 3) : strlen(item + 3));

			if (comma) {
				memmove(item, comma + 1, strlen(comma + 1) + 1);
			} else {
				item[item > text ? -1 : 0] = '\0';
			}
			return id;
		}
		item = comma ? comma + 1 : NULL;
	}
	return NULL;
}

/* "disk" and the first number that is free. */
static char *make_id(const struct machine_config *config, const char *prefix)
{
	char id[64];

	for (unsigned i = 0;; i++) {
		(void)snprintf(id, sizeof(id), "%s%u", prefix, i);
		if (!id_is_taken(config, id)) {
			return strdup(id);
		}
	}
}

static int add_device(struct machine_config *config, const char *type_name, const char *id_prefix,
		      const char *text, struct error *err)
{
	const struct device_type *type = device_type_find(type_name, err);
	struct machine_device_config *devices;
	char *options;
	char *id;

	if (!type) {
		return -ENOENT;
	}
	devices = realloc(config->devices, (config->device_count + 1) * sizeof(*devices));
	options = strdup(text);
	if (devices) {
		config->devices = devices;
	}
	id = options ? take_id(options) : NULL;
	if (options && !id) {
		id = make_id(config, id_prefix);
	}
	if (!devices || !id) {
		free(options);
		return error_set_errno(err, -ENOMEM, "device %s", type_name);
	}
	if (id_is_taken(config, id)) {
		(void)error_set(err, 0, "device %s: the id '%s' is taken", type_name, id);
		free(id);
		free(options);
		return -EEXIST;
	}
	devices[config->device_count++] = (struct machine_device_config){ type, id, options };
	return 0;
}

/* `--device TYPE,…`: the type is the first item. */
static int add_any_device(struct machine_config *config, const char *text, struct error *err)
{
	const char *comma = strchr(text, ',');
	AUTO_FREE char *type = comma ? strndup(text, (size_t)(comma - text)) : strdup(text);

	if (!type) {
		return error_set_errno(err, -ENOMEM, "device");
	}
	return add_device(config, type, type, comma ? comma + 1 : "", err);
}

static bool is_of_type(const char *text, const char *type)
{
	const size_t length = strcspn(text, ",");

	return strlen(type) == length && strncmp(text, type, length) == 0;
}

/* Those of --device that are of `type`, or all others. */
static int add_any(struct machine_config *config, const char *type, bool of_type, struct error *err)
{
	const struct option_list *list = &config->settings.devices;
	int code = 0;

	for (size_t i = 0; code == 0 && i < list->count; i++) {
		if (is_of_type(list->items[i], type) == of_type) {
			code = add_any_device(config, list->items[i], err);
		}
	}
	return code;
}

static bool is_asked_for(const struct machine_config *config, const char *type)
{
	const struct option_list *list = &config->settings.devices;

	for (size_t i = 0; i < list->count; i++) {
		if (is_of_type(list->items[i], type)) {
			return true;
		}
	}
	return false;
}

static int add_each(struct machine_config *config, const struct option_list *list, const char *type,
		    const char *id_prefix, struct error *err)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < list->count; i++) {
		code = add_device(config, type, id_prefix, list->items[i], err);
	}
	return code;
}

/* Appends a value to an option text, with its commas doubled. False when it does not fit. */
static bool append_value(char *text, size_t size, size_t used, const char *value)
{
	for (; *value; value++) {
		size_t wanted = *value == ',' ? 2 : 1;

		if (used + wanted >= size) {
			return false;
		}
		memset(text + used, *value, wanted);
		used += wanted;
	}
	text[used] = '\0';
	return true;
}

/* The first serial line is the terminal, unless a console has it. */
static int add_serials(struct machine_config *config, struct error *err)
{
	const struct machine_settings *s = &config->settings;
	char text[BACKEND_TEXT_MAX];
	size_t used;
	int code = 0;

	if (s->serials.count > SERIAL_PORTS_MAX) {
		return error_set(err, -EINVAL, "serial: %zu lines, but a PC has at most %u",
				 s->serials.count, SERIAL_PORTS_MAX);
	}
	for (size_t i = 0; code == 0 && i < s->serials.count; i++) {
		used = (size_t)snprintf(text, sizeof(text), "index=%zu,backend=", i + 1);
		if (!append_value(text, sizeof(text), used, s->serials.items[i])) {
			return error_set(err, -E2BIG, "serial: the value is too long");
		}
		code = add_device(config, "serial", "serial", text, err);
	}
	return code;
}

/* Appends "KEY=VALUE" to the options of a console device. */
static int append_port(char *text, const char *key, const char *value, struct error *err)
{
	size_t used = strlen(text);

	used += (size_t)snprintf(text + used, BACKEND_TEXT_MAX - used, "%s%s=", used ? "," : "",
				 key);
	if (used >= BACKEND_TEXT_MAX || !append_value(text, BACKEND_TEXT_MAX, used, value)) {
		return error_set(err, -E2BIG, "console: the values are too long together");
	}
	return 0;
}

/* Whether a --device makes a port of that name itself. */
static bool is_port_asked_for(const struct machine_config *config, const char *port)
{
	const struct option_list *list = &config->settings.devices;

	for (size_t i = 0; i < list->count; i++) {
		if (strstr(list->items[i], port)) {
			return true;
		}
	}
	return false;
}

/* All consoles are ports of one device. */
static int add_consoles(struct machine_config *config, struct error *err)
{
	const struct option_list *list = &config->settings.consoles;
	char text[BACKEND_TEXT_MAX] = "";
	int code = 0;

	for (size_t i = 0; code == 0 && i < list->count; i++) {
		code = append_port(text, "console", list->items[i], err);
	}
	return code == 0 && *text ? add_device(config, "virtio-console", "console", text, err)
				  : code;
}

static int append_guest_agent(const char *backend, char *text, struct error *err)
{
	char port[BACKEND_TEXT_MAX];

	if (strncmp(backend, "unix:", 5) != 0 || !backend[5]) {
		return error_set(err, -EINVAL, "guest-agent=%s: expected unix:PATH, or off",
				 backend);
	}
	(void)snprintf(port, sizeof(port), GUEST_AGENT_PORT ":%s", backend);
	return append_port(text, "port", port, err);
}

/* Ports of programs in the guest; the clipboard's goes with the screen. They have a device of their
 * own, because one with ports tells the size of its console in another way (console.h). */
static int add_agents(struct machine_config *config, struct error *err)
{
	const struct machine_settings *s = &config->settings;
	char text[BACKEND_TEXT_MAX] = "";
	int code = 0;

	if (machine_config_has_display(config) && s->clipboard != MACHINE_CLIPBOARD_OFF &&
	    !is_port_asked_for(config, VDAGENT_PORT)) {
		code = append_port(text, "port", VDAGENT_PORT ":" VDAGENT_BACKEND, err);
	}
	if (code == 0 && strcmp(s->guest_agent, "off") != 0) {
		code = append_guest_agent(s->guest_agent, text, err);
	}
	return code == 0 && *text ? add_device(config, "virtio-console", "agent", text, err) : code;
}

static bool needs_scsi(const struct machine_settings *s)
{
	static const char prefix[] = "scsi-";
	bool is_needed = s->discs.count > 0;

	for (size_t i = 0; i < s->devices.count; i++) {
		is_needed |= strncmp(s->devices.items[i], prefix, strlen(prefix)) == 0;
	}
	return is_needed;
}

/* The drives, on a controller of their own unless one was asked for. */
static int add_discs(struct machine_config *config, struct error *err)
{
	const struct option_list *list = &config->settings.discs;
	int code = 0;

	if (needs_scsi(&config->settings) && !is_asked_for(config, "virtio-scsi")) {
		code = add_device(config, "virtio-scsi", "scsi", "", err);
	}
	for (size_t i = 0; code == 0 && i < list->count; i++) {
		struct machine_disc disc;

		code = machine_config_resolve_disc(list->items[i], &disc, err);
		code = code ?: add_device(config, disc.type, "cd", disc.options, err);
		free(disc.options);
	}
	return code;
}

static int add_nets(struct machine_config *config, struct error *err)
{
	struct option_list *list = &config->settings.nets;
	int code = 0;

	for (size_t i = 0; code == 0 && i < list->count; i++) {
		if (strcmp(list->items[i], "none") != 0) {
			code = add_device(config, "virtio-net", "net", list->items[i], err);
		}
	}
	return code;
}

/* What every machine has, whatever was asked for. */
static int add_platform(struct machine_config *config, struct error *err)
{
	static const char *const names[] = { "rtc", "i8042", "acpi-pm", "fw-cfg", "pvpanic" };
	int code = 0;

	for (size_t i = 0; code == 0 && i < ARRAY_SIZE(names); i++) {
		code = add_device(config, names[i], names[i], "", err);
	}
	if (code == 0 && config->settings.debug_exit) {
		code = add_device(config, "isa-debug-exit", "debug-exit", "", err);
	}
	return code;
}

/* The graphics card, keyboard and tablet; one that was asked for by --device takes its place. */
static int add_screen(struct machine_config *config, struct error *err)
{
	static const struct {
		const char *type, *id_prefix;
	} parts[] = {
		{ "virtio-gpu", "gpu" },
		{ "virtio-keyboard", "keyboard" },
		{ "virtio-tablet", "tablet" },
	};
	int code = 0;

	if (!machine_config_has_display(config)) {
		return 0;
	}
	for (size_t i = 0; code == 0 && i < ARRAY_SIZE(parts); i++) {
		if (!is_asked_for(config, parts[i].type)) {
			code = add_device(config, parts[i].type, parts[i].id_prefix, "", err);
		}
	}
	return code;
}

static int add_sound(struct machine_config *config, struct error *err)
{
	const char *card = machine_config_sound_card(config);

	return card ? add_device(config, card, "sound", "", err) : 0;
}

int machine_config_add_devices(struct machine_config *config, struct error *err)
{
	struct machine_settings *s = &config->settings;
	int code = add_platform(config, err);

	code = code ?: add_serials(config, err);
	code = code ?: add_each(config, &s->disks, "virtio-blk", "disk", err);
	code = code ?: add_any(config, "virtio-scsi", true, err);
	code = code ?: add_discs(config, err);
	code = code ?: add_nets(config, err);
	code = code ?: add_consoles(config, err);
	code = code ?: add_screen(config, err);
	code = code ?: add_agents(config, err);
	if (code == 0 && s->rng) {
		code = add_device(config, "virtio-rng", "rng", "", err);
	}
	if (code == 0 && s->balloon) {
		code = add_device(config, "virtio-balloon", "balloon", "", err);
	}
	code = code ?: add_sound(config, err);
	return code ?: add_any(config, "virtio-scsi", false, err);
}
