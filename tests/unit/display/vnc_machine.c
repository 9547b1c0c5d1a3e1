/* SPDX-License-Identifier: MIT */
#include "tests/unit/display/vnc_machine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "display/vnc.h"
#include "vmm/base/log.h"

/* --- graphics card --- */

static void on_mode(void *arg, unsigned scanout, const struct display_mode *mode)
{
	struct vnc_machine *machine = arg;

	cr_assert(eq(uint, scanout, 0));
	machine->wish = *mode;
	atomic_fetch_add(&machine->wishes, 1);
}

void vnc_machine_show(struct vnc_machine *machine, uint32_t width, uint32_t height)
{
	const struct surface_layout layout = { width, height, width * 4, SURFACE_BGRX };
	const struct rect all = { 0, 0, width, height };
	uint32_t *pixels = malloc((size_t)width * height * 4);
	struct surface *surface;

	for (uint32_t i = 0; i < width * height; i++) {
		pixels[i] = 0xff000000u | i * 2654435761u >> 8;
	}
	cr_assert(eq(int,
		     surface_create(&layout, &(struct iovec){ pixels, width * height * 4 }, 1, 0,
				    &surface),
		     0));
	display_show(machine->env.display, 0, surface, &all);
	if (machine->surface) {
		surface_revoke(machine->surface);
	}
	surface_put(machine->surface);
	free(machine->pixels);
	machine->pixels = pixels;
	machine->surface = surface;
	machine->width = width;
	machine->height = height;
}

void vnc_machine_draw(struct vnc_machine *machine, const struct rect *r, uint32_t colour)
{
	for (uint32_t y = r->y; y < r->y + r->height; y++) {
		for (uint32_t x = r->x; x < r->x + r->width; x++) {
			machine->pixels[y * machine->width + x] = colour;
		}
	}
	(void)display_flush(machine->env.display, 0, r, 1, NULL);
}

void vnc_machine_compare(const struct vnc_machine *machine, const struct vnc_viewer *viewer)
{
	cr_assert(eq(uint, viewer->width, machine->width));
	cr_assert(eq(uint, viewer->height, machine->height));
	cr_assert(eq(int,
		     memcmp(viewer->pixels, machine->pixels,
			    (size_t)machine->width * machine->height * 4),
		     0));
}

/* --- keyboard and tablet --- */

static void on_report(void *arg, const struct input_event *events, size_t count)
{
	struct vnc_machine *machine = arg;

	mutex_lock(&machine->lock);
	for (size_t i = 0; i < count && machine->event_count < MACHINE_EVENTS_MAX; i++) {
		machine->events[machine->event_count++] = events[i];
	}
	condition_wake_all(&machine->changed);
	mutex_unlock(&machine->lock);
}

void vnc_machine_wait_events(struct vnc_machine *machine, unsigned count)
{
	mutex_lock(&machine->lock);
	while (machine->event_count < count) {
		condition_wait(&machine->changed, &machine->lock);
	}
	mutex_unlock(&machine->lock);
}

void vnc_machine_forget_events(struct vnc_machine *machine)
{
	mutex_lock(&machine->lock);
	machine->event_count = 0;
	mutex_unlock(&machine->lock);
}

static void add_sink(struct vnc_machine *machine, struct input_sink *sink, const char *id,
		     enum input_kind kind)
{
	*sink = (struct input_sink){
		.id = id, .kind = kind, .on_report = on_report, .arg = machine
	};
	input_add_sink(machine->env.input, sink);
	input_set_ready(machine->env.input, sink, true);
}

/* --- the machine --- */

void vnc_machine_init(struct vnc_machine *machine)
{
	const struct clipboard_directions both = { true, true };

	log_set_level(LOG_LEVEL_ERROR);
	*machine = (struct vnc_machine){ .env.machine_name = "vm", .source = { on_mode, machine } };
	mutex_init(&machine->lock);
	condition_init(&machine->changed);
	(void)snprintf(machine->folder, sizeof(machine->folder), "/tmp/test_vnc.XXXXXX");
	cr_assert(ne(ptr, mkdtemp(machine->folder), NULL));
	(void)snprintf(machine->path, sizeof(machine->path), "%s/vm.vnc", machine->folder);
	machine->env.runtime_folder = machine->folder;
	cr_assert(eq(int, display_create(2, &machine->env.display), 0));
	cr_assert(eq(int, input_create(&machine->env.input), 0));
	cr_assert(eq(int, clipboard_create(&both, &machine->env.clipboard), 0));
	cr_assert(eq(int, display_set_source(machine->env.display, &machine->source), 0));
	add_sink(machine, &machine->keyboard, "keyboard", INPUT_KEYBOARD);
	add_sink(machine, &machine->tablet, "tablet", INPUT_TABLET);
	vnc_machine_show(machine, 96, 64);
}

void vnc_machine_finish(struct vnc_machine *machine)
{
	vnc_machine_stop(machine);
	input_remove_sink(machine->env.input, &machine->keyboard);
	input_remove_sink(machine->env.input, &machine->tablet);
	display_clear_source(machine->env.display);
	surface_put(machine->surface);
	free(machine->pixels);
	clipboard_destroy(machine->env.clipboard);
	input_destroy(machine->env.input);
	display_destroy(machine->env.display);
	condition_finish(&machine->changed);
	mutex_finish(&machine->lock);
	cr_assert(eq(int, rmdir(machine->folder), 0)); /* the socket is gone */
}

int vnc_machine_start(struct vnc_machine *machine, const char *options)
{
	const struct display_backend_type *type = &display_vnc_type;
	AUTO_FREE void *parsed = calloc(1, type->options_size);
	int code = options_parse(&type->options, options, parsed, &machine->err);

	if (code == 0) {
		code = type->create(&machine->env, parsed, &machine->backend, &machine->err);
		options_finish(&type->options, parsed);
	}
	return code;
}

void vnc_machine_stop(struct vnc_machine *machine)
{
	if (machine->backend) {
		machine->backend->type->destroy(machine->backend);
		machine->backend = NULL;
	}
}

uint16_t vnc_machine_port(const struct vnc_machine *machine)
{
	char text[128];

	machine->backend->type->describe(machine->backend, text, sizeof(text));
	cr_assert(ne(ptr, strrchr(text, ':'), NULL), "%s", text);
	return (uint16_t)strtoul(strrchr(text, ':') + 1, NULL, 10);
}

struct vnc_viewer *vnc_machine_connect(struct vnc_machine *machine)
{
	return vnc_viewer_unix(machine->path);
}
