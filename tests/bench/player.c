/* SPDX-License-Identifier: MIT */
/*
 * What plays in a guest: a static program that asks nothing of the guest but ALSA's devices.
 *
 *	player DEVICE PERIOD PERIODS numbers|clicks COUNT
 *
 * `numbers`: COUNT periods of numbered frames. `clicks`: that many clicks in silence, a quarter of
 * a second apart, each told on the third serial line in the moment in which it is written; the
 * line's driver would tell it later. Each period is written as soon as there is room. Prints the
 * frames written and how often the guest itself was late.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <sound/asound.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/bench/frames.h"

#define MARK_PORT	  0x3e8
#define ROOM_LIMIT_MS	  20000 /* a busy host is no fault */
#define CLICK_GAP_FRAMES  (FRAME_RATE / 4)
#define PERIOD_FRAMES_MAX 48000u

struct player {
	int fd, ports;
	uint32_t period_frames, periods;
	uint64_t written, xruns;
	struct frame frames[PERIOD_FRAMES_MAX];
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void set_interval(struct snd_pcm_hw_params *params, unsigned name, uint32_t value)
{
	params->intervals[name - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL] =
		(struct snd_interval){ .min = value, .max = value, .integer = 1 };
}

static void set_mask(struct snd_pcm_hw_params *params, unsigned name, unsigned bit)
{
	params->masks[name - SNDRV_PCM_HW_PARAM_FIRST_MASK] =
		(struct snd_mask){ .bits = { UINT32_C(1) << bit } };
}

static void set_parameters(const struct player *p)
{
	struct snd_pcm_hw_params hw = { .rmask = UINT_MAX };
	struct snd_pcm_sw_params sw = { .period_step = 1,
					.avail_min = p->period_frames,
					.start_threshold =
						(snd_pcm_uframes_t)p->period_frames * p->periods,
					.stop_threshold =
						(snd_pcm_uframes_t)p->period_frames * p->periods };

	memset(hw.masks, 0xff, sizeof(hw.masks));
	for (unsigned i = 0; i < sizeof(hw.intervals) / sizeof(hw.intervals[0]); i++) {
		hw.intervals[i].max = UINT_MAX;
	}
	set_mask(&hw, SNDRV_PCM_HW_PARAM_ACCESS, (unsigned)SNDRV_PCM_ACCESS_RW_INTERLEAVED);
	set_mask(&hw, SNDRV_PCM_HW_PARAM_FORMAT, (unsigned)SNDRV_PCM_FORMAT_S16_LE);
	set_interval(&hw, SNDRV_PCM_HW_PARAM_CHANNELS, 2);
	set_interval(&hw, SNDRV_PCM_HW_PARAM_RATE, FRAME_RATE);
	set_interval(&hw, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, p->period_frames);
	set_interval(&hw, SNDRV_PCM_HW_PARAM_PERIODS, p->periods);
	if (ioctl(p->fd, SNDRV_PCM_IOCTL_HW_PARAMS, &hw) != 0) {
		fail("hardware parameters");
	}
	if (ioctl(p->fd, SNDRV_PCM_IOCTL_SW_PARAMS, &sw) != 0) {
		fail("software parameters");
	}
}

static void prepare(const struct player *p)
{
	if (ioctl(p->fd, SNDRV_PCM_IOCTL_PREPARE) != 0) {
		fail("prepare");
	}
}

static void mark(const struct player *p)
{
	const char byte = MARK_BYTE;

	if (pwrite(p->ports, &byte, 1, MARK_PORT) != 1) {
		fail("mark");
	}
}

/* One period, once there is room; a late guest begins anew and loses nothing. */
static void play(struct player *p, bool is_marked)
{
	struct snd_xferi transfer = { .buf = p->frames, .frames = p->period_frames };
	struct pollfd room = { .fd = p->fd, .events = POLLOUT };

	for (;;) {
		if (poll(&room, 1, ROOM_LIMIT_MS) == 0) {
			errno = ETIMEDOUT;
			fail("room");
		}
		if (is_marked) {
			mark(p);
			is_marked = false;
		}
		if (ioctl(p->fd, SNDRV_PCM_IOCTL_WRITEI_FRAMES, &transfer) == 0) {
			p->written += p->period_frames;
			return;
		}
		if (errno != EPIPE) {
			fail("write");
		}
		p->xruns++;
		prepare(p);
	}
}

static void play_numbers(struct player *p, uint64_t periods)
{
	for (uint64_t i = 0; i < periods; i++) {
		for (uint32_t k = 0; k < p->period_frames; k++) {
			p->frames[k] = frame_of_number(p->written + k);
		}
		play(p, false);
	}
}

static void play_clicks(struct player *p, uint64_t clicks)
{
	const uint32_t silent_periods = CLICK_GAP_FRAMES / p->period_frames;

	for (uint64_t i = 0; i < clicks; i++) {
		memset(p->frames, 0, sizeof(p->frames));
		for (uint32_t k = 0; k < silent_periods; k++) {
			play(p, false);
		}
		for (uint32_t k = 0; k < CLICK_FRAMES && k < p->period_frames; k++) {
			p->frames[k] = (struct frame){ INT16_MAX, INT16_MAX };
		}
		play(p, true);
	}
	memset(p->frames, 0, sizeof(p->frames));
	for (uint32_t k = 0; k < silent_periods; k++) {
		play(p, false);
	}
}

static uint32_t number(const char *text, uint32_t max)
{
	unsigned long value = strtoul(text, NULL, 10);

	if (value < 1 || value > max) {
		(void)fprintf(stderr, "out of range: %s\n", text);
		exit(2);
	}
	return (uint32_t)value;
}

int main(int argc, char **argv)
{
	static struct player player;
	const struct sched_param urgent = { .sched_priority = 10 };

	if (argc != 6) {
		(void)fprintf(stderr, "usage: player DEVICE PERIOD PERIODS numbers|clicks COUNT\n");
		return 2;
	}
	/* The guest's own delays are not what is measured. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0 ||
	    sched_setscheduler(0, SCHED_FIFO, &urgent) != 0) {
		fail("not root");
	}
	player.ports = open("/dev/port", O_WRONLY | O_CLOEXEC);
	if (player.ports < 0) {
		fail("/dev/port");
	}
	player.fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (player.fd < 0) {
		fail(argv[1]);
	}
	player.period_frames = number(argv[2], PERIOD_FRAMES_MAX);
	player.periods = number(argv[3], 64);
	set_parameters(&player);
	prepare(&player);
	if (strcmp(argv[4], "clicks") == 0) {
		play_clicks(&player, number(argv[5], INT_MAX));
	} else {
		play_numbers(&player, number(argv[5], INT_MAX));
	}
	if (ioctl(player.fd, SNDRV_PCM_IOCTL_DRAIN) != 0) {
		fail("drain");
	}
	printf("%llu %llu\n", (unsigned long long)player.written, (unsigned long long)player.xruns);
	return 0;
}
