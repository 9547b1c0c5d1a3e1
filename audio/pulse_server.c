/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "audio/pulse_backend.h"
#include "audio/pulse_library.h"
#include "audio/pulse_voice.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define LOG_TAG	       "audio:pulse"
#define MS	       UINT64_C(1000000)
#define RETRY_FIRST_NS (250 * MS)
#define RETRY_LAST_NS  (5 * NS_PER_SECOND)
/* Changes come in crowds: how long to wait for the last of them. */
#define SETTLE_NS      (500 * MS)
#define PROBE_LIMIT_NS NS_PER_SECOND

/* As mixers show it: a program of this name, with one slider for each machine. */
static pa_context *make_context(struct pulse_loop *loop, const char *machine_name)
{
	pa_proplist *list = libpulse.proplist_new();
	pa_context *context;

	(void)libpulse.proplist_sets(list, PA_PROP_APPLICATION_NAME, "Thunderlake");
	(void)libpulse.proplist_sets(list, PA_PROP_APPLICATION_ID, "thunderlake");
	(void)libpulse.proplist_sets(list, PA_PROP_APPLICATION_ICON_NAME, "computer");
	if (machine_name) {
		(void)libpulse.proplist_sets(list, "thunderlake.machine", machine_name);
	}
	context = libpulse.context_new_with_proplist(&loop->api, "Thunderlake", list);
	libpulse.proplist_free(list);
	return context;
}

/* --- is there one? --- */

struct probe {
	struct loop *loop;
	struct loop_timer limit;
	bool is_late;
};

static void on_probe_late(void *arg)
{
	struct probe *probe = arg;

	probe->is_late = true;
	loop_stop(probe->loop);
}

static bool is_over(pa_context_state_t state)
{
	return state == PA_CONTEXT_READY || !PA_CONTEXT_IS_GOOD(state);
}

static void on_probe_state(pa_context *context, void *arg)
{
	struct probe *probe = arg;

	if (is_over(libpulse.context_get_state(context))) {
		loop_stop(probe->loop);
	}
}

/* Why there is no connection. */
static const char *reason(pa_context *context)
{
	int code = libpulse.context_errno(context);

	return code ? libpulse.strerror(code) : "it ended the connection";
}

static int wait_for(struct probe *probe, pa_context *context, const char *server, struct error *err)
{
	const char *name = server ? server : "the default one";

	if (libpulse.context_connect(context, server, PA_CONTEXT_NOAUTOSPAWN, NULL) < 0) {
		return error_set(err, -ECONNREFUSED, "no sound server (%s): %s", name,
				 reason(context));
	}
	libpulse.context_set_state_callback(context, on_probe_state, probe);
	loop_timer_arm(probe->loop, &probe->limit, clock_now_ns() + PROBE_LIMIT_NS);
	if (!is_over(libpulse.context_get_state(context))) {
		loop_run(probe->loop);
	}
	loop_timer_disarm(&probe->limit);
	libpulse.context_set_state_callback(context, NULL, NULL);
	if (libpulse.context_get_state(context) == PA_CONTEXT_READY) {
		return 0;
	}
	if (probe->is_late) {
		return error_set(err, -ECONNREFUSED, "the sound server (%s) does not answer", name);
	}
	return error_set(err, -ECONNREFUSED, "no sound server (%s): %s", name, reason(context));
}

/* On a loop of its own, as the audio's may not run yet. */
int pulse_server_probe(const char *server, struct error *err)
{
	struct probe probe = { .is_late = false };
	struct pulse_loop pulse_loop;
	pa_context *context;
	int code = pulse_library_load(err);

	if (code < 0) {
		return -ECONNREFUSED;
	}
	code = loop_create("probe", &probe.loop);
	if (code < 0) {
		return error_set_errno(err, code, "no loop to look for a sound server");
	}
	loop_timer_init(&probe.limit, on_probe_late, &probe);
	pulse_loop_init(&pulse_loop, probe.loop);
	context = make_context(&pulse_loop, NULL);
	if (context) {
		code = wait_for(&probe, context, server, err);
		libpulse.context_disconnect(context);
		libpulse.context_unref(context);
	} else {
		code = error_set_errno(err, -ENOMEM, "the sound server");
	}
	loop_destroy(probe.loop);
	return code;
}

/* --- the connection --- */

static void retry_later(struct pulse_backend *b)
{
	loop_timer_arm(b->env.loop, &b->retry, clock_now_ns() + b->retry_ns);
	b->retry_ns = MIN(b->retry_ns * 2, RETRY_LAST_NS);
}

static void drop_context(struct pulse_backend *b)
{
	pa_context *context = b->context;

	b->context = NULL;
	b->is_ready = false;
	if (context) {
		libpulse.context_set_state_callback(context, NULL, NULL);
		libpulse.context_set_subscribe_callback(context, NULL, NULL);
		libpulse.context_disconnect(context);
		libpulse.context_unref(context);
	}
}

static void lose(struct pulse_backend *b, const char *why)
{
	if (b->is_ready) {
		log_warn(LOG_TAG, "the sound server is gone (%s): silence until it is back", why);
	}
	b->is_ready = false;
	pulse_voices_lose(b);
	drop_context(b);
	retry_later(b);
}

static void on_connected(struct pulse_backend *b)
{
	const pa_subscription_mask_t devices =
		(pa_subscription_mask_t)(PA_SUBSCRIPTION_MASK_SINK | PA_SUBSCRIPTION_MASK_SOURCE);
	pa_operation *operation = libpulse.context_subscribe(b->context, devices, NULL, NULL);

	if (operation) {
		libpulse.operation_unref(operation);
	}
	if (b->retry_ns > RETRY_FIRST_NS) {
		log_info(LOG_TAG, "the sound server is there again");
	}
	b->is_ready = true;
	b->retry_ns = RETRY_FIRST_NS;
	audio_backend_ready(b->env.audio);
}

static void on_state(pa_context *context, void *arg)
{
	pa_context_state_t state = libpulse.context_get_state(context);

	if (state == PA_CONTEXT_READY) {
		on_connected(arg);
	} else if (!PA_CONTEXT_IS_GOOD(state)) {
		lose(arg, reason(context));
	}
}

static void on_change(pa_context *context UNUSED, pa_subscription_event_type_t type UNUSED,
		      uint32_t index UNUSED, void *arg)
{
	struct pulse_backend *b = arg;

	if (b->has_refused && !b->retry.loop) {
		loop_timer_arm(b->env.loop, &b->retry, clock_now_ns() + SETTLE_NS);
	}
}

static void connect_now(struct pulse_backend *b)
{
	b->context = make_context(&b->loop, b->env.machine_name);
	/* No server is started for a guest's sake: whose would it be? */
	if (!b->context ||
	    libpulse.context_connect(b->context, b->server, PA_CONTEXT_NOAUTOSPAWN, NULL) < 0) {
		drop_context(b);
		retry_later(b);
		return;
	}
	libpulse.context_set_state_callback(b->context, on_state, b);
	libpulse.context_set_subscribe_callback(b->context, on_change, b);
	on_state(b->context, b);
}

static void on_retry(void *arg)
{
	struct pulse_backend *b = arg;

	if (!b->context) {
		connect_now(b);
	} else if (b->is_ready && b->has_refused) {
		b->has_refused = false;
		audio_backend_ready(b->env.audio);
	}
}

void pulse_server_stalled(struct pulse_backend *b)
{
	lose(b, "it does not answer");
}

void pulse_server_refused(struct pulse_backend *b)
{
	b->has_refused = true;
}

void pulse_server_join(struct pulse_backend *b)
{
	pulse_loop_init(&b->loop, b->env.loop);
	loop_timer_init(&b->retry, on_retry, b);
	b->retry_ns = RETRY_FIRST_NS;
	connect_now(b);
}

void pulse_server_leave(struct pulse_backend *b)
{
	loop_timer_disarm(&b->retry);
	drop_context(b);
}
