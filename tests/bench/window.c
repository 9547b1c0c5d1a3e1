/* SPDX-License-Identifier: MIT */
/*
 * How fast pictures get into a window: a bare SDL loop, or the product's display and window with a
 * graphics card that never rests.
 *
 *	window bare|product full|damage
 *
 * Either copies the same pixels of a picture of 1920 × 1080, all of them or a moving tenth, into
 * memory shared with the X server, and waits until the server has taken them. Prints "result", the
 * nanoseconds and the frames, both hexadecimal, as the guests of the other rows do.
 */
#include <SDL.h>
#include <errno.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "display/backend.h"
#include "display/clipboard.h"
#include "display/display.h"
#include "display/input.h"
#include "display/surface.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

#define WIDTH	    1920u
#define HEIGHT	    1080u
#define PART_WIDTH  608u
#define PART_HEIGHT 341u
#define WARM_NS	    UINT64_C(500000000)
#define MEASURE_NS  UINT64_C(3000000000)

static uint32_t picture[WIDTH * HEIGHT];

static struct rect part_of_frame(bool is_full, uint64_t frame)
{
	if (is_full) {
		return (struct rect){ 0, 0, WIDTH, HEIGHT };
	}
	return (struct rect){ (uint32_t)(frame * 7 % (WIDTH - PART_WIDTH)),
			      (uint32_t)(frame * 5 % (HEIGHT - PART_HEIGHT)), PART_WIDTH,
			      PART_HEIGHT };
}

static void print_result(uint64_t ns, uint64_t frames)
{
	printf("result %llx %llx\n", (unsigned long long)ns, (unsigned long long)frames);
	(void)fflush(stdout);
}

/* Calls `draw` for a while, then counts. */
static void measure(void (*draw)(void *arg, uint64_t frame), void *arg,
		    uint64_t (*count)(void *arg, uint64_t frame))
{
	uint64_t start_ns = clock_now_ns();
	uint64_t frame = 0;
	uint64_t before;

	while (clock_now_ns() - start_ns < WARM_NS) {
		draw(arg, frame++);
	}
	before = count(arg, frame);
	start_ns = clock_now_ns();
	while (clock_now_ns() - start_ns < MEASURE_NS) {
		draw(arg, frame++);
	}
	print_result(clock_now_ns() - start_ns, count(arg, frame) - before);
}

/* --- the bare loop --- */

struct bare {
	SDL_Window *window;
	bool is_full;
};

static void draw_bare(void *arg, uint64_t frame)
{
	const struct bare *bare = arg;
	const struct rect r = part_of_frame(bare->is_full, frame);
	const SDL_Rect changed = { (int)r.x, (int)r.y, (int)r.width, (int)r.height };
	SDL_Surface *surface;
	SDL_Event event;

	while (SDL_PollEvent(&event)) {
		; /* of no interest */
	}
	surface = SDL_GetWindowSurface(bare->window);
	for (uint32_t y = r.y; y < r.y + r.height; y++) {
		memcpy((uint8_t *)surface->pixels + (size_t)y * (size_t)surface->pitch +
			       (size_t)r.x * 4,
		       &picture[(size_t)y * WIDTH + r.x], (size_t)r.width * 4);
	}
	(void)SDL_UpdateWindowSurfaceRects(bare->window, &changed, 1);
}

static uint64_t count_bare(void *arg UNUSED, uint64_t frame)
{
	return frame;
}

static int run_bare(bool is_full)
{
	struct bare bare = { .is_full = is_full };

	/* The faster of SDL's ways here; by default it would draw with OpenGL on the processor. */
	(void)SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
	if (SDL_Init(SDL_INIT_VIDEO) != 0) {
		(void)fprintf(stderr, "window: %s\n", SDL_GetError());
		return EXIT_FAILURE;
	}
	bare.window = SDL_CreateWindow("bare", 0, 0, WIDTH, HEIGHT, SDL_WINDOW_RESIZABLE);
	if (!bare.window || !SDL_GetWindowSurface(bare.window)) {
		(void)fprintf(stderr, "window: %s\n", SDL_GetError());
		return EXIT_FAILURE;
	}
	measure(draw_bare, &bare, count_bare);
	SDL_Quit();
	return EXIT_SUCCESS;
}

/* --- the product --- */

struct product {
	struct display *display;
	bool is_full;
	struct display_flush flush;
	sem_t taken;
};

static void on_taken(struct display_flush *flush)
{
	(void)sem_post(&container_of(flush, struct product, flush)->taken);
}

/* As a guest that draws the next picture as soon as it may. */
static void draw_product(void *arg, uint64_t frame)
{
	struct product *product = arg;
	const struct rect r = part_of_frame(product->is_full, frame);

	if (display_flush(product->display, 0, &r, 1, &product->flush)) {
		while (sem_wait(&product->taken) != 0 && errno == EINTR) {
			; /* a signal of a debugger */
		}
	}
}

static uint64_t count_product(void *arg, uint64_t frame UNUSED)
{
	struct product *product = arg;
	struct display_stats stats;

	display_stats(product->display, 0, &stats);
	return stats.presents;
}

static void ignore_close(void *arg UNUSED)
{
}

static int run_product(bool is_full)
{
	static const struct clipboard_directions both = { true, true };
	const struct surface_layout layout = { WIDTH, HEIGHT, WIDTH * 4, SURFACE_BGRX };
	const struct display_mode mode = { true, WIDTH, HEIGHT, DISPLAY_DEFAULT_REFRESH_MHZ, 0, 0 };
	const struct rect all = { 0, 0, WIDTH, HEIGHT };
	const struct iovec whole = { picture, sizeof(picture) };
	struct product product = { .is_full = is_full, .flush = { .on_taken = on_taken } };
	struct display_backend_env env = { .machine_name = "product", .on_close = ignore_close };
	struct display_backend *backend = NULL;
	struct surface *surface = NULL;
	struct error err = { "out of memory" };

	if (display_create(1, &product.display) < 0 || input_create(&env.input) < 0 ||
	    clipboard_create(&both, &env.clipboard) < 0 ||
	    surface_create(&layout, &whole, 1, 0, &surface) < 0 ||
	    display_request_mode(product.display, 0, &mode) < 0) {
		(void)fprintf(stderr, "window: out of memory\n");
		return EXIT_FAILURE;
	}
	(void)sem_init(&product.taken, 0, 0);
	env.display = product.display;
	display_show(product.display, 0, surface, &all);
	if (display_backend_create("sdl,render=cpu", &env, &backend, &err) < 0) {
		(void)fprintf(stderr, "window: %s\n", err.text);
		return EXIT_FAILURE;
	}
	measure(draw_product, &product, count_product);
	display_backend_destroy(backend);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	bool is_full = argc == 3 && strcmp(argv[2], "full") == 0;

	if (argc != 3 || (!is_full && strcmp(argv[2], "damage") != 0)) {
		(void)fprintf(stderr, "usage: window bare|product full|damage\n");
		return EXIT_FAILURE;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(picture); i++) {
		picture[i] = 0xff000000u | i;
	}
	return strcmp(argv[1], "bare") == 0 ? run_bare(is_full) : run_product(is_full);
}
