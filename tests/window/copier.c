/* SPDX-License-Identifier: MIT */
#include "tests/window/copier.h"

#include <X11/Xatom.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/base/compiler.h"

#define XCLIP "/usr/bin/xclip"

void need_copier(void)
{
	if (access(XCLIP, X_OK) != 0) {
		cr_skip_test("xclip is not installed");
	}
}

/* --- contents --- */

struct content content_create(enum clipboard_format format, size_t length)
{
	static const uint8_t signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
	struct content content = { format, malloc(length), length };
	uint32_t noise = 1;

	for (size_t i = 0; i < length; i++) {
		noise = noise * 1664525u + 1013904223u;
		content.bytes[i] = (uint8_t)(format == CLIPBOARD_TEXT ? 'a' + (noise >> 24) % 26
								      : noise >> 24);
	}
	if (format == CLIPBOARD_PNG) {
		memcpy(content.bytes, signature, sizeof(signature));
	}
	return content;
}

void content_free(struct content *content)
{
	free(content->bytes);
}

struct content content_of_text(const char *text)
{
	return (struct content){ CLIPBOARD_TEXT, (uint8_t *)(uintptr_t)text, strlen(text) };
}

static const char *target_of(const struct content *content)
{
	return content->format == CLIPBOARD_TEXT ? "UTF8_STRING" : "image/png";
}

/* --- xclip --- */

static pid_t start_xclip(const char *way, const struct content *content, int in, int out)
{
	const char *const command[] = { XCLIP, "-quiet", "-selection",	     "clipboard",
					way,   "-t",	 target_of(content), NULL };
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(in, STDIN_FILENO);
		(void)dup2(out, STDOUT_FILENO);
		(void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		for (int fd = 3; fd < 64; fd++) {
			(void)close(fd);
		}
		(void)execv(command[0], (char *const *)(uintptr_t)command);
		_exit(127);
	}
	return pid;
}

static int make_file(const struct content *content)
{
	int fd = memfd_create("content", MFD_CLOEXEC);

	cr_assert(ge(int, fd, 0));
	if (content) {
		cr_assert(eq(long, write(fd, content->bytes, content->length),
			     (long)content->length));
		cr_assert(eq(long, lseek(fd, 0, SEEK_SET), 0));
	}
	return fd;
}

void copier_start(struct copier *copier, const struct content *content)
{
	AUTO_CLOSE int in = make_file(content);
	AUTO_CLOSE int out = open("/dev/null", O_WRONLY | O_CLOEXEC);

	copier->pid = start_xclip("-i", content, in, out);
}

static bool has_ended(void *arg)
{
	return waitpid(*(const pid_t *)arg, NULL, WNOHANG) != 0;
}

void copier_end(struct copier *copier)
{
	(void)kill(copier->pid, SIGKILL);
	(void)waitpid(copier->pid, NULL, 0);
}

void copier_expect_end(struct copier *copier)
{
	desk_wait("xclip to end", has_ended, &copier->pid);
}

bool is_pasted_on_host(const struct content *content)
{
	AUTO_CLOSE int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int out = make_file(NULL);
	pid_t pid = start_xclip("-o", content, in, out);
	AUTO_FREE uint8_t *bytes = malloc(content->length + 1);

	desk_wait("xclip to paste", has_ended, &pid);
	return pread(out, bytes, content->length + 1, 0) == (ssize_t)content->length &&
	       memcmp(bytes, content->bytes, content->length) == 0;
}

/* --- owners --- */

static Atom atom(struct desk *desk, const char *name)
{
	return XInternAtom(desk->display, name, False);
}

static Window make_window(struct desk *desk)
{
	return XCreateSimpleWindow(desk->display, DefaultRootWindow(desk->display), 0, 0, 10, 10, 0,
				   0, 0);
}

void owner_start(struct owner *owner, struct desk *desk)
{
	*owner = (struct owner){ .desk = desk, .window = make_window(desk) };
	(void)XSetSelectionOwner(desk->display, atom(desk, "CLIPBOARD"), owner->window,
				 CurrentTime);
	(void)XSync(desk->display, False);
}

void owner_look(struct owner *owner)
{
	XEvent event;

	while (XCheckTypedWindowEvent(owner->desk->display, owner->window, SelectionRequest,
				      &event)) {
		owner->request = event.xselectionrequest;
		owner->request_count++;
	}
}

static bool is_asked(void *arg)
{
	struct owner *owner = arg;
	const unsigned before = owner->request_count;

	owner_look(owner);
	return owner->request_count > before;
}

void owner_expect_request(struct owner *owner)
{
	desk_wait("a request", is_asked, owner);
}

static void answer(struct owner *owner, bool is_yes)
{
	const XSelectionRequestEvent *request = &owner->request;
	XEvent event = { .xselection = { .type = SelectionNotify,
					 .requestor = request->requestor,
					 .selection = request->selection,
					 .target = request->target,
					 .property = is_yes ? request->property : None,
					 .time = request->time } };

	(void)XSendEvent(owner->desk->display, request->requestor, False, 0, &event);
	(void)XSync(owner->desk->display, False);
}

/* `count` items of so many bits; Xlib wants those of 32 as longs. */
static void put(struct owner *owner, Atom type, int format, const void *items, size_t count)
{
	(void)XChangeProperty(owner->desk->display, owner->request.requestor,
			      owner->request.property, type, format, PropModeReplace, items,
			      (int)count);
}

static void offer(struct owner *owner, const char *target)
{
	Atom offered;

	owner_expect_request(owner);
	cr_assert(eq(ulong, owner->request.target, atom(owner->desk, "TARGETS")));
	if (*target) {
		offered = atom(owner->desk, target);
		put(owner, XA_ATOM, 32, &offered, 1);
	}
	answer(owner, *target);
}

static bool is_taken(void *arg)
{
	struct owner *owner = arg;
	unsigned long count, rest;
	unsigned char *data = NULL;
	int format;
	Atom type = None;

	(void)XGetWindowProperty(owner->desk->display, owner->request.requestor,
				 owner->request.property, 0, 0, False, AnyPropertyType, &type,
				 &format, &count, &rest, &data);
	if (data) {
		(void)XFree(data);
	}
	return type == None;
}

void owner_answer_rubbish(struct owner *owner, const struct rubbish *rubbish)
{
	uint32_t word = 0;
	long item;

	offer(owner, rubbish->target);
	if (!*rubbish->type) {
		desk_wait("the offer to be looked at", is_taken, owner);
		return;
	}
	owner_expect_request(owner);
	if (rubbish->format == 32) {
		memcpy(&word, rubbish->bytes, sizeof(word));
		item = word;
		put(owner, atom(owner->desk, rubbish->type), 32, &item, 1);
	} else {
		put(owner, atom(owner->desk, rubbish->type), rubbish->format, rubbish->bytes,
		    strlen(rubbish->bytes) / ((unsigned)rubbish->format / 8));
	}
	answer(owner, true);
	desk_wait("rubbish to be looked at", is_taken, owner);
}

unsigned owner_send_pieces(struct owner *owner, size_t length, const _Atomic unsigned *is_enough)
{
	const Atom text = atom(owner->desk, "UTF8_STRING");
	AUTO_FREE uint8_t *piece = malloc(length);
	const long at_least = 0;
	unsigned count = 0;

	memset(piece, 'a', length);
	offer(owner, "UTF8_STRING");
	owner_expect_request(owner);
	put(owner, atom(owner->desk, "INCR"), 32, &at_least, 1);
	answer(owner, true);
	do {
		desk_wait("a piece to be taken", is_taken, owner);
		put(owner, text, 8, piece, length);
		(void)XSync(owner->desk->display, False);
		count++;
	} while (!*is_enough);
	desk_wait("the last piece to be thrown away", is_taken, owner);
	return count;
}

/* --- askers --- */

Window asker_create(struct desk *desk)
{
	return make_window(desk);
}

struct asking {
	struct desk *desk;
	Window window;
	XEvent event;
};

static bool is_answered(void *arg)
{
	struct asking *asking = arg;

	return XCheckTypedWindowEvent(asking->desk->display, asking->window, SelectionNotify,
				      &asking->event);
}

bool asker_ask(struct desk *desk, Window asker, const char *target)
{
	struct asking asking = { .desk = desk, .window = asker };

	(void)XConvertSelection(desk->display, atom(desk, "CLIPBOARD"), atom(desk, target),
				atom(desk, "ASKED"), asker, CurrentTime);
	(void)XSync(desk->display, False);
	desk_wait("an answer", is_answered, &asking);
	return asking.event.xselection.property != None;
}
