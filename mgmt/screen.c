/* SPDX-License-Identifier: MIT */
#include "mgmt/screen.h"

#include <errno.h>

#include "audio/audio.h"
#include "display/backend.h"
#include "mgmt/machine.h"
#include "mgmt/machine_config.h"
#include "mgmt/paths.h"
#include "mgmt/recording.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

#define TAG "display"

struct screen {
	struct machine *machine;
	struct loop *main_loop;
	struct display_backend *backend;
	struct machine_listener listener;
	struct loop_task closed; /* posted by the back end's thread */
	struct loop_task told;	 /* the state may be another one */
	bool was_closed;
};

static void close_again(struct screen *screen)
{
	log_info(TAG, "the window was closed again: the machine ends");
	machine_quit(screen->machine, MACHINE_END_QUIT);
}

static void on_closed(void *arg)
{
	struct screen *screen = arg;
	enum machine_status status = machine_status(screen->machine);

	if (screen->was_closed) {
		close_again(screen);
	} else if (status == MACHINE_RUNNING || status == MACHINE_PAUSED) {
		screen->was_closed = true;
		log_info(TAG, "the window was closed: pressed the guest's power button; closing it "
			      "again ends the machine");
		machine_power_button(screen->machine);
	} else {
		machine_quit(screen->machine, MACHINE_END_QUIT);
	}
}

static void on_close(void *arg)
{
	struct screen *screen = arg;

	loop_post(screen->main_loop, &screen->closed);
}

static const char *state_text(enum machine_status status, bool is_listening)
{
	switch (status) {
	case MACHINE_PRELAUNCH:
	case MACHINE_RUNNING:
		return is_listening ? "microphone on" : "";
	case MACHINE_PAUSED:
		return "paused";
	case MACHINE_SHUTDOWN:
		return "powered off";
	case MACHINE_GUEST_PANICKED:
		return "crashed";
	case MACHINE_INTERNAL_ERROR:
		return "failed";
	}
	return "";
}

static void tell_state(void *arg)
{
	const struct screen *screen = arg;
	const struct audio *audio = machine_audio(screen->machine);
	const enum machine_status status = machine_status(screen->machine);

	if (screen->backend && screen->backend->type->set_state) {
		screen->backend->type->set_state(
			screen->backend, state_text(status, audio && audio_is_listening(audio)));
	}
}

/* Some events come amid a change: the state is looked up when it is over. */
static void on_event(void *arg, const struct machine_event_info *info)
{
	struct screen *screen = arg;

	if (info->event == MACHINE_EVENT_RESET) {
		screen->was_closed = false;
	}
	if (info->event != MACHINE_EVENT_DEVICE) {
		loop_post(screen->main_loop, &screen->told);
	}
}

static void say_where(const struct display_backend *backend)
{
	char text[256] = "";

	if (backend->type->describe) {
		backend->type->describe(backend, text, sizeof(text));
	}
	if (*text) {
		log_info(TAG, "%s", text);
	}
}

static int make_backend(struct screen *screen, const char *wanted, struct error *err)
{
	AUTO_FREE char *runtime_folder = NULL;
	struct display_backend_env env = {
		.display = machine_display(screen->machine),
		.input = machine_input(screen->machine),
		.clipboard = machine_clipboard(screen->machine),
		.machine_name = machine_name(screen->machine),
		.on_close = on_close,
		.on_close_arg = screen,
	};

	/* Only some need it; they say so themselves. */
	if (paths_runtime_folder(&runtime_folder, NULL) == 0) {
		env.runtime_folder = runtime_folder;
	}
	return display_backend_create(wanted, &env, &screen->backend, err);
}

int screen_create(struct machine *machine, struct loop *main_loop, struct screen **out,
		  struct error *err)
{
	const struct machine_config *config = machine_config(machine);
	struct screen *screen;
	int code;

	*out = NULL;
	if (!machine_display(machine)) {
		return 0;
	}
	screen = calloc(1, sizeof(*screen));
	if (!screen) {
		return error_set_errno(err, -ENOMEM, "display");
	}
	screen->machine = machine;
	screen->main_loop = main_loop;
	loop_task_init(&screen->closed, on_closed, screen);
	loop_task_init(&screen->told, tell_state, screen);
	screen->listener = (struct machine_listener){ .on_event = on_event, .arg = screen };
	machine_listen(machine, &screen->listener);
	code = make_backend(screen, config->settings.display, err);
	if (code == 0 && config->settings.record) {
		code = recording_start(machine_recording(machine), config->settings.record, err);
	}
	if (code < 0) {
		screen_destroy(screen);
		return code;
	}
	say_where(screen->backend);
	*out = screen;
	return 0;
}

void screen_destroy(struct screen *screen)
{
	if (!screen) {
		return;
	}
	machine_unlisten(&screen->listener);
	display_backend_destroy(screen->backend);
	loop_task_cancel(screen->main_loop, &screen->closed);
	loop_task_cancel(screen->main_loop, &screen->told);
	free(screen);
}
