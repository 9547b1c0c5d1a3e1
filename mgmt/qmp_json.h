/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_JSON_H
#define THUNDERLAKE_MGMT_QMP_JSON_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Cuts a stream of bytes into JSON values, as both ends of a QMP connection need it: objects follow
 * each other with or without white space, over any number of reads. It finds where a value ends;
 * whether it is right is for the parser to say.
 */
#define QMP_REQUEST_MAX 65536u	   /* bytes of one request */
#define QMP_REPLY_MAX	(8u << 20) /* bytes of one reply, for clients */
#define QMP_DEPTH_MAX	64u	   /* nested arrays and objects */

struct qmp_framer {
	size_t limit; /* bytes of one value */
	char *text;   /* the value so far, not terminated; owned */
	size_t length, capacity;
	unsigned depth;
	bool in_string, escaped;
};

enum qmp_frame {
	QMP_FRAME_MORE,	    /* all consumed, the value goes on */
	QMP_FRAME_VALUE,    /* `text` and `length` are a value; call qmp_framer_reset before more */
	QMP_FRAME_TOO_LONG, /* the stream can't be followed any more after these */
	QMP_FRAME_TOO_DEEP,
	QMP_FRAME_NO_MEMORY,
};

void qmp_framer_init(struct qmp_framer *framer, size_t limit);
void qmp_framer_finish(struct qmp_framer *framer);
void qmp_framer_reset(struct qmp_framer *framer);

/* Takes bytes up to the end of a value; `*used` says how many. */
enum qmp_frame qmp_framer_feed(struct qmp_framer *framer, const char *bytes, size_t length,
			       size_t *used);

#endif
