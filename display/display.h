/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_DISPLAY_H
#define THUNDERLAKE_DISPLAY_DISPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "display/damage.h"
#include "display/rect.h"
#include "vmm/base/list.h"

struct cursor;
struct image;
struct surface;

/*
 * How pictures leave a machine. A source (the graphics card) shows surfaces on scanouts and tells
 * what changed; viewers (a window, a VNC server, a recorder, a script that waits) take frames at
 * their own speed on their own threads. The display between them keeps what each viewer has not
 * taken yet, and measures. No thread of its own; all functions from any thread unless said.
 *
 * Locks: the display's is innermost. The wake and on_mode callbacks are called with no lock held
 * but may run on any thread, and only hand on.
 */
#define DISPLAY_SCANOUTS_MAX 4u

struct display;

/* What a scanout is to be; a window's wish, told to the guest as a monitor's data. */
struct display_mode {
	bool is_connected;
	uint32_t width, height;	      /* pixels */
	uint32_t refresh_mhz;	      /* 60000 for 60 Hz */
	uint32_t width_mm, height_mm; /* 0: not known */
};

#define DISPLAY_DEFAULT_WIDTH	    1280u
#define DISPLAY_DEFAULT_HEIGHT	    800u
#define DISPLAY_DEFAULT_REFRESH_MHZ 60000u

/* `scanout_count` 1 to DISPLAY_SCANOUTS_MAX. The first is connected with the default mode, the
 * others are not. -EINVAL, -ENOMEM. */
int display_create(unsigned scanout_count, struct display **out);
/* Source and viewers are gone before. NULL is fine. */
void display_destroy(struct display *display);

unsigned display_scanout_count(const struct display *display);

/* --- the source's side ----------------------------------------------------------------------- */

struct display_source {
	/* A viewer wishes this mode. Any thread; must only hand it on. */
	void (*on_mode)(void *arg, unsigned scanout, const struct display_mode *mode);
	void *arg;
};

/* One at a time; borrowed. -EBUSY: there is one. */
int display_set_source(struct display *display, const struct display_source *source);
/* Blanks all scanouts, finishes all flushes; no callback runs afterwards. */
void display_clear_source(struct display *display);

/* Shows `part` of `surface` (the display takes a reference of its own) from now on; NULL blanks.
 * All of it counts as changed. */
void display_show(struct display *display, unsigned scanout, struct surface *surface,
		  const struct rect *part);

/* Embedded in whoever wants to know that a flush was taken. */
struct display_flush {
	/* The viewer that sets the pace has copied the pixels, or nobody waits any more: the guest
	 * may draw over them. Any thread, once, with no lock held. */
	void (*on_taken)(struct display_flush *flush);
	struct list node; /* kept by the display */
};

/* The pixels of these rectangles, in picture coordinates, are new. True: flush->on_taken comes
 * later (the source bounds its patience with display_cancel_flush); false: nobody sets a pace now
 * (no viewer, or it is hidden), and on_taken does not come. `flush` may be NULL. */
bool display_flush(struct display *display, unsigned scanout, const struct rect *rects,
		   size_t count, struct display_flush *flush);
/* True: on_taken won't come; false: it came or is running. */
bool display_cancel_flush(struct display *display, struct display_flush *flush);

/* Whether a viewer looks at this scanout now: not hidden. */
bool display_is_watched(struct display *display, unsigned scanout);

/* A cursor's picture, never changed once made: rows of width BGRA pixels, straight alpha. */
struct cursor {
	unsigned references; /* kept by cursor_get and cursor_put */
	uint32_t width, height, hot_x, hot_y;
	uint32_t pixels[];
};

#define CURSOR_SIDE_MAX 256u

/* With pixels to be filled in; NULL without memory. */
struct cursor *cursor_create(uint32_t width, uint32_t height, uint32_t hot_x, uint32_t hot_y);
struct cursor *cursor_get(struct cursor *cursor);
void cursor_put(struct cursor *cursor); /* NULL is fine */

/* The cursor's picture (NULL: none) and place, of its hot spot, in picture coordinates. */
void display_set_cursor(struct display *display, unsigned scanout, struct cursor *cursor);
void display_move_cursor(struct display *display, unsigned scanout, int32_t x, int32_t y);

/* --- the viewers' side ----------------------------------------------------------------------- */

/* Embedded in the viewer's state. */
struct display_viewer {
	const char *name; /* "sdl": for texts */
	/* There is something to take; comes once until display_take. Any thread; must only wake the
	 * viewer's own. */
	void (*wake)(void *arg, unsigned scanout);
	/* Somebody wishes another mode: display_mode tells. Any thread; must only hand it on. NULL:
	 * of no interest. */
	void (*on_mode)(void *arg);
	void *arg;
	/* This one's presents are the machine's: flushes wait for it and statistics count it. One
	 * viewer at most. */
	bool sets_pace;

	/* Kept by the display. */
	struct list node;
	unsigned waking; /* callbacks that run now */
	bool has_new_mode;
	struct {
		bool is_hidden, is_woken;
		bool has_new_surface, has_new_cursor, has_moved_cursor;
		struct damage damage;
		uint64_t taken; /* sequence */
	} scanouts[DISPLAY_SCANOUTS_MAX];
};

/* Everything shown counts as new to it. -EBUSY: another one sets the pace. */
int display_add_viewer(struct display *display, struct display_viewer *viewer);
/* No callback runs afterwards. Not from a callback. */
void display_remove_viewer(struct display *display, struct display_viewer *viewer);

/* The name of the viewer that sets the pace; "none" without one. */
const char *display_pacer_name(struct display *display);

/* Nobody looks (minimised, switched off): no wakes, no flush waits. Back again, all is new. */
void display_set_hidden(struct display *display, struct display_viewer *viewer, unsigned scanout,
			bool hidden);

/* What a viewer has to draw now. */
struct display_frame {
	struct surface *surface; /* NULL: blank */
	struct rect part;	 /* of the surface: the picture */
	bool is_new_surface;	 /* size or source changed; the damage is everything */
	struct damage damage;	 /* in picture coordinates, since this viewer's last take */
	struct cursor *cursor;	 /* NULL: none */
	int32_t cursor_x, cursor_y;
	bool is_new_cursor, is_moved_cursor;
	uint64_t sequence;   /* of the newest flush in it */
	uint64_t flushed_ns; /* when that came, by clock_now_ns; 0: no flush since the last take */
};

/* Takes what is new; false: nothing. The frame holds references until display_frame_done. One frame
 * of a scanout at a time. */
bool display_take(struct display *display, struct display_viewer *viewer, unsigned scanout,
		  struct display_frame *frame);

/* Copies a rectangle of the picture, as surface_read does; black when blank. */
void display_frame_read(const struct display_frame *frame, const struct rect *r, void *pixels,
			size_t stride);

/* The same where nobody looks at alpha. */
void display_frame_read_colors(const struct display_frame *frame, const struct rect *r,
			       void *pixels, size_t stride);

/* The pixels are copied: flushes in the frame are over, the guest may draw. Optional, before
 * display_frame_done, for viewers that wait for the vertical blank in between. */
void display_frame_taken(struct display *display, struct display_viewer *viewer, unsigned scanout,
			 const struct display_frame *frame);

/* The frame was presented at `presented_ns` of clock_now_ns (0: it was not shown); references go
 * back. */
void display_frame_done(struct display *display, struct display_viewer *viewer, unsigned scanout,
			struct display_frame *frame, uint64_t presented_ns);

/* A window's wish: debounced by the viewer, handed to the source, kept for display_mode. -EINVAL:
 * a side of 0 or over SURFACE_SIDE_MAX, or no such scanout. */
int display_request_mode(struct display *display, unsigned scanout,
			 const struct display_mode *mode);
struct display_mode display_mode(struct display *display, unsigned scanout);

/* Size of the picture now; 0 × 0 when blank. */
void display_picture_size(struct display *display, unsigned scanout, uint32_t *width,
			  uint32_t *height);

/* The picture now, with or without the cursor drawn in. -ENODATA: the scanout is blank; -ENOMEM,
 * -EINVAL. The caller owns *out (display/image.h). */
int display_capture(struct display *display, unsigned scanout, bool with_cursor,
		    struct image **out);

/* --- measurement ----------------------------------------------------------------------------- */

struct display_percentiles {
	uint64_t p50, p95, p99, max; /* ns */
};

/* Of one scanout since it was made or reset. */
struct display_stats {
	uint64_t since_ns; /* by clock_now_ns */
	uint64_t flushes;
	uint64_t presents; /* frames with new pixels that were shown */
	uint64_t dropped;  /* flushes that a newer one replaced before they were shown */
	uint64_t repeated; /* refresh intervals between two presents that showed the old frame;
			      pauses of over 250 ms are no animation and count for nothing */
	struct display_percentiles interval; /* present to present, without such pauses */
	struct display_percentiles latency;  /* flush to present */
};

void display_stats(struct display *display, unsigned scanout, struct display_stats *out);
void display_reset_stats(struct display *display, unsigned scanout);

#endif
