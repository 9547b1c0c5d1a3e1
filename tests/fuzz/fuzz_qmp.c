/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/qmp_dispatch.c mgmt/qmp_commands.c mgmt/qmp_commands_control.c
 *       mgmt/qmp_commands_query.c mgmt/qmp_commands_pci.c mgmt/qmp_events.c mgmt/qmp_json.c
 *       tests/unit/mgmt/fake_qmp_machine.c */
/* What a client may send: a first byte that tells how the stream is torn, then the stream. Every
 * value gets exactly one reply, and that is either a return or an error. */
#include <stdlib.h>

#include "mgmt/qmp_dispatch.h"
#include "mgmt/qmp_json.h"
#include "tests/unit/mgmt/fake_qmp_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(struct qmp_session *session, const struct qmp_framer *framer)
{
	json_t *reply = qmp_dispatch(session, framer->text, framer->length);
	char *text = json_dumps(reply, 0);

	if (!text || !json_object_get(reply, "return") == !json_object_get(reply, "error")) {
		abort();
	}
	free(text);
	json_decref(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake_qmp_machine machine = FAKE_QMP_MACHINE;
	struct qmp_session session = { .context = { .ops = &fake_qmp_machine_ops,
						    .machine = &machine } };
	enum qmp_frame frame = QMP_FRAME_MORE;
	struct qmp_framer framer;
	size_t step;
	size_t used;

	if (size < 1) {
		return 0;
	}
	step = data[0] + 1u;
	session.is_negotiated = data[0] & 1;
	qmp_framer_init(&framer, QMP_REQUEST_MAX);
	for (size_t at = 1; at < size && frame <= QMP_FRAME_VALUE; at += used) {
		frame = qmp_framer_feed(&framer, (const char *)data + at, MIN(step, size - at),
					&used);
		if (frame == QMP_FRAME_VALUE) {
			answer(&session, &framer);
			qmp_framer_reset(&framer);
		}
	}
	qmp_framer_finish(&framer);
	return 0;
}
