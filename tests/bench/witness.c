/* SPDX-License-Identifier: MIT */
/*
 * What listens at the sound server, and knows nothing of who plays:
 *
 *	parec … | witness [SOCKET]
 *
 * SOCKET: the guest's third serial line, where the player tells when it writes a click. SIGTERM
 * says that the player is done: after a second of silence, however late that comes, or at the end
 * of its input, the witness prints what it heard, as JSON. `next`: the number behind the last
 * frame's; `lost`, `again`: frames that were left out or came twice; `altered`: of which it can't
 * tell what they are; `gaps`, `silent`: breaks between two frames filled with silence, and its
 * frames; `latencies`: of clicks, ms.
 *
 * The server's clock is even, but who reads it is woken late: the moment of a frame is counted from
 * the read that was least late of all. A frame counts as played when the server takes it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bench/frames.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

#define MOMENTS_MAX  4096u
#define PAIR_LIMIT_S 1u
#define TAIL_FRAMES  FRAME_RATE
#define NS_PER_MS    1e6

struct moments {
	uint64_t values[MOMENTS_MAX];
	size_t count;
};

struct witness {
	uint64_t heard;	       /* frames, silent or not */
	int64_t least_late_ns; /* the moment of frame 0 */
	bool has_number, was_click;
	uint64_t next;	  /* number */
	uint64_t silence; /* since the last numbered frame */
	uint64_t quiet;	  /* frames since anything was heard */
	uint64_t lost, again, altered, gaps, silent;
	struct moments clicks; /* frames */
	struct moments marks;  /* ns */
};

static volatile sig_atomic_t is_player_done;

static void on_player_done(int number UNUSED)
{
	is_player_done = 1;
}

static void note(struct moments *moments, uint64_t value)
{
	if (moments->count < MOMENTS_MAX) {
		moments->values[moments->count++] = value;
	}
}

static void hear_number(struct witness *w, uint64_t number)
{
	if (number > w->next) {
		w->lost += number - w->next;
	} else if (number < w->next) {
		w->again += w->next - number;
	}
	if (w->has_number && w->silence > 0) {
		w->gaps++;
		w->silent += w->silence;
	}
	w->has_number = true;
	w->silence = 0;
	w->next = number + 1;
}

static void hear(struct witness *w, struct frame frame)
{
	const bool is_click = frame_is_click(frame);

	if (is_click && !w->was_click) {
		note(&w->clicks, w->heard);
	}
	w->was_click = is_click;
	w->quiet = frame_is_silent(frame) ? w->quiet + 1 : 0;
	if (frame_is_numbered(frame)) {
		hear_number(w, frame_number(frame));
	} else if (frame_is_silent(frame)) {
		w->silence++;
	} else if (!is_click) {
		w->altered++;
	}
	w->heard++;
}

/* Whether there is more to come. */
static bool read_frames(struct witness *w)
{
	static uint8_t bytes[1 << 16];
	static size_t count;
	struct frame frame;
	ssize_t got = read(STDIN_FILENO, bytes + count, sizeof(bytes) - count);
	const uint64_t now_ns = clock_now_ns();
	int64_t start_ns;
	size_t used;

	if (got <= 0) {
		return got < 0 && errno == EINTR;
	}
	count += (size_t)got;
	for (used = 0; used + sizeof(frame) <= count; used += sizeof(frame)) {
		memcpy(&frame, bytes + used, sizeof(frame));
		hear(w, frame);
	}
	count -= used;
	memmove(bytes, bytes + used, count);
	start_ns = (int64_t)now_ns - (int64_t)(w->heard * NS_PER_SECOND / FRAME_RATE);
	w->least_late_ns = MIN(w->least_late_ns, start_ns);
	return true;
}

static bool read_marks(struct witness *w, int fd)
{
	char bytes[64];
	ssize_t got = read(fd, bytes, sizeof(bytes));
	const uint64_t now_ns = clock_now_ns();

	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] == MARK_BYTE) {
			note(&w->marks, now_ns);
		}
	}
	return got > 0;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

/* A click belongs to the last mark before it. */
static void print_latencies(const struct witness *w)
{
	const char *comma = "";
	size_t mark = 0;

	printf("\"latencies\": [");
	for (size_t i = 0; i < w->clicks.count; i++) {
		const int64_t heard_ns = w->least_late_ns + (int64_t)(w->clicks.values[i] *
								      NS_PER_SECOND / FRAME_RATE);
		int64_t latency_ns = -1;

		while (mark < w->marks.count && (int64_t)w->marks.values[mark] <= heard_ns) {
			latency_ns = heard_ns - (int64_t)w->marks.values[mark++];
		}
		if (latency_ns >= 0 && latency_ns < (int64_t)(PAIR_LIMIT_S * NS_PER_SECOND)) {
			printf("%s%.3f", comma, (double)latency_ns / NS_PER_MS);
			comma = ", ";
		}
	}
	printf("]");
}

static void print_report(const struct witness *w)
{
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {
		{ "heard", w->heard },	 { "next", w->next },		{ "lost", w->lost },
		{ "again", w->again },	 { "altered", w->altered },	{ "gaps", w->gaps },
		{ "silent", w->silent }, { "clicks", w->clicks.count }, { "marks", w->marks.count },
	};

	printf("{");
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		printf("\"%s\": %llu, ", counts[i].name, (unsigned long long)counts[i].value);
	}
	print_latencies(w);
	printf("}\n");
}

int main(int argc, char **argv)
{
	static struct witness witness = { .least_late_ns = INT64_MAX };
	const struct sigaction done = { .sa_handler = on_player_done };
	struct pollfd inputs[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
				    { .fd = argc > 1 ? connect_to(argv[1]) : -1,
				      .events = POLLIN } };

	(void)sigaction(SIGTERM, &done, NULL);
	while (!is_player_done || witness.quiet < TAIL_FRAMES) {
		if (poll(inputs, ARRAY_SIZE(inputs), -1) < 0) {
			if (errno == EINTR) {
				continue;
			}
			perror("poll");
			return 1;
		}
		if (inputs[1].revents && !read_marks(&witness, inputs[1].fd)) {
			inputs[1].fd = -1;
		}
		if (inputs[0].revents && !read_frames(&witness)) {
			break;
		}
	}
	print_report(&witness);
	return 0;
}
