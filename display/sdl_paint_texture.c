/* SPDX-License-Identifier: MIT */
#include <SDL_opengl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "display/display.h"
#include "display/sdl_library.h"
#include "display/sdl_paint.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define LOG_TAG "display:sdl"

struct texture_painter {
	struct sdl_painter base;
	SDL_Renderer *renderer;
	SDL_Texture *texture; /* of the picture's size; NULL: none yet */
	SDL_Texture *cursor;  /* NULL: none is drawn */
	uint32_t texture_width, texture_height;
	SDL_Rect place, cursor_place;
};

static struct texture_painter *of_base(struct sdl_painter *painter)
{
	return container_of(painter, struct texture_painter, base);
}

static SDL_Rect sdl_rect(const struct rect *r)
{
	return (SDL_Rect){ (int)r->x, (int)r->y, (int)r->width, (int)r->height };
}

static bool texture_begin(struct sdl_painter *painter)
{
	int width = 0;
	int height = 0;

	if (sdl.GetRendererOutputSize(of_base(painter)->renderer, &width, &height) != 0 ||
	    width <= 0 || height <= 0) {
		return false;
	}
	painter->width = (uint32_t)width;
	painter->height = (uint32_t)height;
	return true;
}

static void destroy_texture(SDL_Texture **texture)
{
	if (*texture) {
		sdl.DestroyTexture(*texture);
	}
	*texture = NULL;
}

static bool size_texture(struct texture_painter *p, const struct fit *fit)
{
	if (p->texture && p->texture_width == fit->width && p->texture_height == fit->height) {
		return true;
	}
	destroy_texture(&p->texture);
	p->texture =
		sdl.CreateTexture(p->renderer, SDL_PIXELFORMAT_ARGB8888,
				  SDL_TEXTUREACCESS_STREAMING, (int)fit->width, (int)fit->height);
	if (!p->texture) {
		log_warn(LOG_TAG, "the graphics card shows no picture of %u×%u: %s", fit->width,
			 fit->height, sdl.GetError());
		return false;
	}
	(void)sdl.SetTextureBlendMode(p->texture, SDL_BLENDMODE_NONE);
	p->texture_width = fit->width;
	p->texture_height = fit->height;
	return true;
}

/* A cursor is small and changes seldom: made anew each time it is drawn. */
static void place_cursor(struct texture_painter *p, const struct sdl_picture *picture)
{
	const struct cursor *cursor = picture->frame->cursor;
	const struct fit *fit = picture->fit;

	destroy_texture(&p->cursor);
	if (!picture->with_cursor || rect_is_empty(&fit->place) || cursor->width == 0 ||
	    cursor->height == 0) {
		return;
	}
	p->cursor =
		sdl.CreateTexture(p->renderer, SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_STATIC,
				  (int)cursor->width, (int)cursor->height);
	if (!p->cursor) {
		return;
	}
	(void)sdl.UpdateTexture(p->cursor, NULL, cursor->pixels,
				(int)(cursor->width * sizeof(uint32_t)));
	(void)sdl.SetTextureBlendMode(p->cursor, SDL_BLENDMODE_BLEND);
	p->cursor_place = (SDL_Rect){
		.x = (int)(fit->place.x + ((int64_t)picture->frame->cursor_x - cursor->hot_x) *
						  fit->place.width / fit->width),
		.y = (int)(fit->place.y + ((int64_t)picture->frame->cursor_y - cursor->hot_y) *
						  fit->place.height / fit->height),
		.w = (int)((uint64_t)cursor->width * fit->place.width / fit->width),
		.h = (int)((uint64_t)cursor->height * fit->place.height / fit->height),
	};
}

static void fill_texture(struct texture_painter *p, const struct sdl_picture *picture)
{
	for (size_t i = 0; i < picture->damage->count; i++) {
		const SDL_Rect part = sdl_rect(&picture->damage->rects[i]);
		void *pixels;
		int stride;

		if (sdl.LockTexture(p->texture, &part, &pixels, &stride) == 0) {
			display_frame_read(picture->frame, &picture->damage->rects[i], pixels,
					   (size_t)stride);
			sdl.UnlockTexture(p->texture);
		}
	}
}

static void texture_draw(struct sdl_painter *painter, const struct sdl_picture *picture)
{
	struct texture_painter *p = of_base(painter);

	p->place = sdl_rect(&picture->fit->place);
	if (rect_is_empty(&picture->fit->place) || !size_texture(p, picture->fit)) {
		destroy_texture(&p->texture);
		destroy_texture(&p->cursor);
		return;
	}
	(void)sdl.SetTextureScaleMode(p->texture, picture->fit->factor ? SDL_ScaleModeNearest
								       : SDL_ScaleModeLinear);
	fill_texture(p, picture);
	place_cursor(p, picture);
}

/* All of it each time: that is how graphics cards show a window. */
static void texture_present(struct sdl_painter *painter)
{
	struct texture_painter *p = of_base(painter);

	(void)sdl.RenderClear(p->renderer);
	if (p->texture) {
		(void)sdl.RenderCopy(p->renderer, p->texture, NULL, &p->place);
	}
	if (p->cursor) {
		(void)sdl.RenderCopy(p->renderer, p->cursor, NULL, &p->cursor_place);
	}
	sdl.RenderPresent(p->renderer);
}

static void texture_destroy(struct sdl_painter *painter, bool is_lost)
{
	struct texture_painter *p = of_base(painter);

	/* The textures go with it. */
	if (p->renderer && !is_lost) {
		sdl.DestroyRenderer(p->renderer);
	}
	free(p);
}

static const struct sdl_painter_type texture_type = {
	.begin = texture_begin,
	.draw = texture_draw,
	.present = texture_present,
	.repeat = texture_present,
	.destroy = texture_destroy,
};

/* OpenGL without a card is Mesa drawing on the processor, slower than a copy. */
static bool is_accelerated(SDL_Renderer *renderer)
{
	static const char *const slow[] = { "llvmpipe", "softpipe", "SWR", "Software" };
	const GLubyte *(APIENTRY * get_string)(GLenum) = NULL;
	const char *name = NULL;
	SDL_RendererInfo info;

	if (sdl.GetRendererInfo(renderer, &info) != 0 || !(info.flags & SDL_RENDERER_ACCELERATED)) {
		return false;
	}
	*(void **)&get_string = sdl.GL_GetProcAddress("glGetString");
	if (get_string) {
		name = (const char *)get_string(GL_RENDERER);
	}
	for (size_t i = 0; name && i < ARRAY_SIZE(slow); i++) {
		if (strstr(name, slow[i])) {
			return false;
		}
	}
	return true;
}

int sdl_paint_texture_create(struct SDL_Window *window, bool is_any, bool with_vsync,
			     struct sdl_painter **out, struct error *err)
{
	uint32_t flags = (is_any ? 0 : SDL_RENDERER_ACCELERATED) |
			 (with_vsync ? SDL_RENDERER_PRESENTVSYNC : 0);
	struct texture_painter *p = calloc(1, sizeof(*p));

	if (!p) {
		return -ENOMEM;
	}
	p->base = (struct sdl_painter){ .type = &texture_type, .window = window };
	p->renderer = sdl.CreateRenderer(window, -1, flags);
	if (!p->renderer || (!is_any && !is_accelerated(p->renderer))) {
		texture_destroy(&p->base, false);
		return error_set(err, -ENODEV, "SDL draws with no graphics card: %s",
				 sdl.GetError());
	}
	(void)sdl.SetRenderDrawColor(p->renderer, 0, 0, 0, SDL_ALPHA_OPAQUE);
	*out = &p->base;
	return 0;
}
