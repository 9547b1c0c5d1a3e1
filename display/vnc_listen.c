/* SPDX-License-Identifier: MIT */
#include "display/vnc_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "vmm/base/compiler.h"
#include "vmm/base/options.h"
#include "vmm/base/unix_socket.h"

#define UNIX_PREFIX	"unix:"
#define FIRST_PORT	5900u
#define DISPLAY_MAX	99u
#define CLIENTS_WAITING 16
#define HOST_MAX	256u

/* --- addresses --- */

struct place {
	char host[HOST_MAX]; /* "" for all addresses of this host */
	uint16_t port;
};

static int bad_form(const char *address, struct error *err)
{
	return error_set(err, -EINVAL,
			 "VNC: listen=%s: give unix:PATH, HOST:PORT, [IPV6]:PORT, *:PORT or "
			 ":DISPLAY",
			 address);
}

/* `host` has `length` bytes, maybe in brackets. */
static bool copy_host(struct place *out, const char *host, size_t length)
{
	if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
		host++;
		length -= 2;
	} else if (memchr(host, ':', length)) {
		return false; /* which colon is meant? */
	}
	if (length == 0 || length >= sizeof(out->host)) {
		return false;
	}
	if (length == 1 && host[0] == '*') {
		length = 0;
	}
	memcpy(out->host, host, length);
	out->host[length] = '\0';
	return true;
}

static int parse_place(const char *address, struct place *out, struct error *err)
{
	const char *colon = strrchr(address, ':');
	uint64_t number;

	if (!colon || parse_number(colon + 1, &number) < 0) {
		return bad_form(address, err);
	}
	if (colon == address) {
		if (number > DISPLAY_MAX) {
			return error_set(err, -EINVAL, "VNC: listen=%s: a display is 0 to %u",
					 address, DISPLAY_MAX);
		}
		*out = (struct place){ .host = "127.0.0.1",
				       .port = (uint16_t)(FIRST_PORT + number) };
		return 0;
	}
	if (number > UINT16_MAX || !copy_host(out, address, (size_t)(colon - address))) {
		return bad_form(address, err);
	}
	out->port = (uint16_t)number;
	return 0;
}

static int resolve(const struct place *place, struct addrinfo **out, struct error *err)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
					.ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	char port[8];
	int code;

	(void)snprintf(port, sizeof(port), "%u", (unsigned)place->port);
	code = getaddrinfo(place->host[0] ? place->host : NULL, port, &hints, out);
	return code ? error_set(err, -ENOENT, "VNC: listen: host %s: %s", place->host,
				gai_strerror(code))
		    : 0;
}

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		return ntohl(in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof(in6));
		return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
	}
	return false;
}

static bool is_any_public(const struct addrinfo *found)
{
	for (; found; found = found->ai_next) {
		if (!is_loopback(found->ai_addr)) {
			return true;
		}
	}
	return false;
}

/* --- sockets --- */

static int listen_on(const struct addrinfo *place)
{
	const int one = 1;
	int fd = socket(place->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		return -errno;
	}
	/* IPv6 alone: IPv4 has a socket of its own. */
	if ((place->ai_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, place->ai_addr, place->ai_addrlen) < 0 || listen(fd, CLIENTS_WAITING) < 0) {
		int code = -errno;

		(void)close(fd);
		return code;
	}
	return fd;
}

/* The address with the port that the kernel chose for port 0. */
static void tell_address(struct vnc_listen *listener)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	char host[INET6_ADDRSTRLEN] = "?", port[8] = "?";

	if (getsockname(listener->fds[0], (struct sockaddr *)&address, &length) == 0) {
		(void)getnameinfo((struct sockaddr *)&address, length, host, sizeof(host), port,
				  sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	}
	(void)snprintf(listener->text, sizeof(listener->text),
		       strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static int listen_tcp(struct vnc_listen *listener, const char *address, struct error *err)
{
	struct addrinfo *found = NULL;
	struct place place;
	int code = parse_place(address, &place, err);

	code = code ?: resolve(&place, &found, err);
	if (code < 0) {
		return code;
	}
	listener->is_public = is_any_public(found);
	/* All addresses of the name, where the kernel has them; one alone when the port is free. */
	for (struct addrinfo *one = found; one && listener->count < VNC_SOCKETS_MAX;
	     one = place.port ? one->ai_next : NULL) {
		code = listen_on(one);
		if (code >= 0) {
			listener->fds[listener->count++] = code;
		} else if (code != -EAFNOSUPPORT && code != -EADDRNOTAVAIL) {
			break;
		}
	}
	freeaddrinfo(found);
	if (code < 0 && (listener->count == 0 || code == -EADDRINUSE)) {
		return error_set_errno(err, code, "VNC: listen=%s", address);
	}
	tell_address(listener);
	return 0;
}

static int listen_unix(struct vnc_listen *listener, const char *path, struct error *err)
{
	int fd = unix_socket_listen("VNC socket", path, err);

	if (fd < 0) {
		return fd;
	}
	listener->fds[listener->count++] = fd;
	listener->path = strdup(path);
	if (!listener->path) {
		(void)unlink(path);
		return error_set_errno(err, -ENOMEM, "VNC socket %s", path);
	}
	(void)snprintf(listener->text, sizeof(listener->text), "unix:%s", path);
	return 0;
}

int vnc_listen_init(struct vnc_listen *listener, const char *address, struct error *err)
{
	*listener = (struct vnc_listen){ 0 };
	if (strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
		return listen_unix(listener, address + strlen(UNIX_PREFIX), err);
	}
	return listen_tcp(listener, address, err);
}

void vnc_listen_finish(struct vnc_listen *listener)
{
	for (size_t i = 0; i < listener->count; i++) {
		(void)close(listener->fds[i]);
	}
	if (listener->path) {
		(void)unlink(listener->path);
		free(listener->path);
	}
	*listener = (struct vnc_listen){ 0 };
}
