/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/vdagent_state.h"
#include "vmm/base/compiler.h"

/*
 * The clipboard's side of the agent. Who copies something grabs; who pastes requests, and gets the
 * data. What the guest grabs is requested at once, because the host's peers want contents.
 */
#define ASKED_MAX 16u /* requests on their way, of which we know */

/* Before type and data, when both ends know of selections. */
struct selection {
	uint8_t number;
	uint8_t reserved[3];
};

/* --- to the guest ---------------------------------------------------------------------------- */

static void send(struct vdagent *agent, uint32_t type, struct vdagent_part first,
		 struct vdagent_part second)
{
	static const struct selection clipboard = {
		.number = VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD
	};
	const struct vdagent_part parts[] = { { &clipboard, sizeof(clipboard) }, first, second };
	const size_t skipped = vdagent_can(agent, VD_AGENT_CAP_CLIPBOARD_SELECTION) ? 0 : 1;

	(void)vdagent_send(agent, type, parts + skipped, ARRAY_SIZE(parts) - skipped);
}

static uint32_t type_of(const struct clipboard_content *content)
{
	return content->format == CLIPBOARD_TEXT ? VD_AGENT_CLIPBOARD_UTF8_TEXT
						 : VD_AGENT_CLIPBOARD_IMAGE_PNG;
}

/* What the guest may have of the host; NULL: nothing. */
static struct clipboard_content *get_of_host(struct vdagent *agent)
{
	struct clipboard_content *content = clipboard_get(agent->clipboard, CLIPBOARD_GUEST);

	if (content && content->side != CLIPBOARD_HOST) {
		clipboard_content_put(content);
		return NULL;
	}
	return content;
}

void vdagent_clipboard_offer(struct vdagent *agent)
{
	struct clipboard_content *content;
	le32 type;

	if (!agent->is_known || !vdagent_can(agent, VD_AGENT_CAP_CLIPBOARD_BY_DEMAND)) {
		return;
	}
	content = get_of_host(agent);
	if (content) {
		type = le32_of(type_of(content));
		send(agent, VD_AGENT_CLIPBOARD_GRAB, (struct vdagent_part){ &type, sizeof(type) },
		     (struct vdagent_part){ NULL, 0 });
		agent->has_grabbed = true;
	} else if (agent->has_grabbed) {
		send(agent, VD_AGENT_CLIPBOARD_RELEASE, (struct vdagent_part){ NULL, 0 },
		     (struct vdagent_part){ NULL, 0 });
		agent->has_grabbed = false;
	}
	clipboard_content_put(content);
}

void vdagent_clipboard_begin(struct vdagent *agent)
{
	vdagent_clipboard_offer(agent);
}

/* Lines of a guest that ends them with CR and LF. */
static uint8_t *add_carriage_returns(const struct clipboard_content *content, size_t *length)
{
	uint8_t *bytes = malloc(2 * content->length + 1);

	*length = 0;
	for (size_t i = 0; bytes && i < content->length; i++) {
		if (content->bytes[i] == '\n') {
			bytes[(*length)++] = '\r';
		}
		bytes[(*length)++] = content->bytes[i];
	}
	return bytes;
}

static void send_data(struct vdagent *agent, uint32_t type, const void *bytes, size_t length)
{
	const le32 le_type = le32_of(type);

	send(agent, VD_AGENT_CLIPBOARD, (struct vdagent_part){ &le_type, sizeof(le_type) },
	     (struct vdagent_part){ bytes, length });
}

static void send_content(struct vdagent *agent, const struct clipboard_content *content)
{
	if (content->format == CLIPBOARD_TEXT &&
	    vdagent_can(agent, VD_AGENT_CAP_GUEST_LINEEND_CRLF)) {
		size_t length;
		AUTO_FREE uint8_t *bytes = add_carriage_returns(content, &length);

		send_data(agent, bytes ? type_of(content) : VD_AGENT_CLIPBOARD_NONE, bytes, length);
	} else {
		send_data(agent, type_of(content), content->bytes, content->length);
	}
}

/* Somebody in the guest pastes. Nothing is an answer too, or it would wait. */
static void on_request(struct vdagent *agent, const uint8_t *data, size_t size, bool is_clipboard)
{
	struct clipboard_content *content = is_clipboard ? get_of_host(agent) : NULL;

	if (content && size >= sizeof(le32) && load_le32(data) == type_of(content)) {
		send_content(agent, content);
	} else {
		send_data(agent, VD_AGENT_CLIPBOARD_NONE, NULL, 0);
	}
	clipboard_content_put(content);
}

/* --- from the guest -------------------------------------------------------------------------- */

/* Text is worth more than its picture. */
static uint32_t choose_type(const uint8_t *data, size_t size)
{
	uint32_t chosen = VD_AGENT_CLIPBOARD_NONE;

	for (size_t at = 0; at + sizeof(le32) <= size; at += sizeof(le32)) {
		const uint32_t type = load_le32(data + at);

		if (type == VD_AGENT_CLIPBOARD_UTF8_TEXT) {
			return type;
		}
		if (type == VD_AGENT_CLIPBOARD_IMAGE_PNG) {
			chosen = type;
		}
	}
	return chosen;
}

static void on_grab(struct vdagent *agent, const uint8_t *data, size_t size)
{
	const uint32_t type = choose_type(data, size);
	const le32 le_type = le32_of(type);

	agent->has_grabbed = false;
	if (type != VD_AGENT_CLIPBOARD_NONE && clipboard_directions(agent->clipboard).to_host) {
		agent->asked_count = MIN(agent->asked_count + 1, ASKED_MAX);
		send(agent, VD_AGENT_CLIPBOARD_REQUEST,
		     (struct vdagent_part){ &le_type, sizeof(le_type) },
		     (struct vdagent_part){ NULL, 0 });
	}
}

/* Makes LF of CR and LF, in place; returns the length. */
static size_t remove_carriage_returns(uint8_t *bytes, size_t length)
{
	size_t to = 0;

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != '\r' || i + 1 == length || bytes[i + 1] != '\n') {
			bytes[to++] = bytes[i];
		}
	}
	return to;
}

static int put_text(struct vdagent *agent, const uint8_t *data, size_t size)
{
	AUTO_FREE uint8_t *bytes = NULL;

	while (size && data[size - 1] == '\0') { /* some agents send C strings */
		size--;
	}
	if (!vdagent_can(agent, VD_AGENT_CAP_GUEST_LINEEND_CRLF)) {
		return clipboard_put(agent->clipboard, &agent->peer, CLIPBOARD_TEXT, data, size);
	}
	bytes = malloc(size + 1);
	if (!bytes) {
		return -ENOMEM;
	}
	memcpy(bytes, data, size);
	return clipboard_put(agent->clipboard, &agent->peer, CLIPBOARD_TEXT, bytes,
			     remove_carriage_returns(bytes, size));
}

static void on_data(struct vdagent *agent, const uint8_t *data, size_t size)
{
	uint32_t type = VD_AGENT_CLIPBOARD_NONE;
	int code;

	if (agent->asked_count == 0) {
		return; /* nobody asked */
	}
	agent->asked_count--;
	if (size >= sizeof(le32)) {
		type = load_le32(data);
		data += sizeof(le32);
		size -= sizeof(le32);
	}
	if (size == 0) { /* so spice-vdagentd tells of what is over our limit */
		type = VD_AGENT_CLIPBOARD_NONE;
	}
	if (type == VD_AGENT_CLIPBOARD_UTF8_TEXT) {
		code = put_text(agent, data, size);
	} else if (type == VD_AGENT_CLIPBOARD_IMAGE_PNG) {
		code = clipboard_put(agent->clipboard, &agent->peer, CLIPBOARD_PNG, data, size);
	} else {
		log_guest(&agent->log_limit, VDAGENT_TAG,
			  "what was copied in the guest is gone, or over %u MiB",
			  CLIPBOARD_BYTES_MAX >> 20);
		return;
	}
	if (code < 0 && code != -EPERM) {
		log_guest(&agent->log_limit, VDAGENT_TAG,
			  "what was copied in the guest is not taken: %s",
			  code == -EILSEQ ? "no UTF-8, or no PNG" : strerror(-code));
	}
}

void vdagent_clipboard_message(struct vdagent *agent, uint32_t type, const uint8_t *data,
			       size_t size)
{
	bool is_clipboard = true;

	if (vdagent_can(agent, VD_AGENT_CAP_CLIPBOARD_SELECTION)) {
		if (size < sizeof(struct selection)) {
			log_guest(&agent->log_limit, VDAGENT_TAG,
				  "a clipboard message of %zu bytes", size);
			return;
		}
		is_clipboard = data[0] == VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD;
		data += sizeof(struct selection);
		size -= sizeof(struct selection);
	}
	if (type == VD_AGENT_CLIPBOARD_REQUEST) {
		on_request(agent, data, size, is_clipboard);
	} else if (type == VD_AGENT_CLIPBOARD_GRAB && is_clipboard) {
		on_grab(agent, data, size);
	} else if (type == VD_AGENT_CLIPBOARD && is_clipboard) {
		on_data(agent, data, size);
	}
}
