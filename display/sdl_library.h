/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SDL_LIBRARY_H
#define THUNDERLAKE_DISPLAY_SDL_LIBRARY_H

#include <SDL.h>

#include "vmm/base/error.h"

#if !SDL_VERSION_ATLEAST(2, 26, 0)
#error "SDL 2.26 is the first that tells the size of a window in pixels"
#endif

/*
 * SDL, loaded when a window is wanted: with it come fifty libraries, which would cost each start
 * five milliseconds (vmm/base/library.h). The functions are called as sdl.CreateWindow and so on,
 * after sdl_library_load.
 */
/* clang-format off */
#define SDL_LIBRARY_FUNCTIONS(use) \
	use(CreateColorCursor) use(CreateRenderer) use(CreateRGBSurfaceWithFormat) \
	use(CreateTexture) use(CreateWindow) use(DestroyRenderer) use(DestroyTexture) \
	use(DestroyWindow) use(DisableScreenSaver) use(EnableScreenSaver) use(FillRect) \
	use(free) use(FreeCursor) use(FreeSurface) use(GetClipboardText) \
	use(GetCurrentDisplayMode) use(GetCurrentVideoDriver) use(GetCursor) \
	use(GetDefaultCursor) use(GetDisplayDPI) use(GetDisplayUsableBounds) \
	use(GetError) use(GetKeyboardFocus) use(GetModState) use(GetRendererInfo) \
	use(GetRendererOutputSize) use(GetWindowDisplayIndex) use(GetWindowFlags) \
	use(GetWindowID) use(GetWindowSize) use(GetWindowSizeInPixels) \
	use(GetWindowSurface) use(GL_GetProcAddress) use(HasEvents) use(InitSubSystem) \
	use(LockTexture) use(PeepEvents) use(PumpEvents) use(Quit) use(RenderClear) \
	use(RenderCopy) use(RenderPresent) use(SetClipboardText) use(SetCursor) \
	use(SetHint) use(SetHintWithPriority) use(SetRelativeMouseMode) \
	use(SetRenderDrawColor) use(SetTextureBlendMode) use(SetTextureScaleMode) \
	use(SetWindowFullscreen) use(SetWindowIcon) use(SetWindowKeyboardGrab) \
	use(SetWindowMinimumSize) use(SetWindowSize) use(SetWindowTitle) \
	use(ShowCursor) use(ShowWindow) use(StopTextInput) use(UnlockTexture) \
	use(UpdateTexture) use(UpdateWindowSurface) use(UpdateWindowSurfaceRects)
/* clang-format on */

struct sdl_library {
/* NOLINTNEXTLINE(bugprone-macro-parentheses) a member's name */
#define SDL_LIBRARY_MEMBER(name) __typeof__(SDL_##name) *name;
	SDL_LIBRARY_FUNCTIONS(SDL_LIBRARY_MEMBER)
#undef SDL_LIBRARY_MEMBER
};

extern struct sdl_library sdl;

/* Once is enough, more often is harmless. -ENOENT: not on this host, or too old. Main thread. */
int sdl_library_load(struct error *err);

#endif
