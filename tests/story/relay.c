/*
 * relay: what a real gateway starts in place of an upstream.  It brings its stdin and stdout to the
 * story's socket, where the upstream's script runs, and ends when either side does.
 *
 * usage: relay SOCKET NAME	(the name is said first, on a line of its own)
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool
write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes += done;
		n -= (size_t)done;
	}
	return true;
}

/* Moves what is there; false: one side has ended. */
static bool
move(int from, int to)
{
	static char bytes[65536];
	ssize_t n = read(from, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	return n > 0 && write_all(to, bytes, (size_t)n);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd polls[] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = fd, .events = POLLIN } };

	if (argc != 3 || strlen(argv[1]) >= sizeof(at.sun_path))
		return 2;
	memcpy(at.sun_path, argv[1], strlen(argv[1]));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		perror("relay");
		return 1;
	}
	if (!write_all(fd, argv[2], strlen(argv[2])) || !write_all(fd, "\n", 1))
		return 1;
	for (;;) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			return 1;
		if (polls[1].revents != 0 && !move(fd, STDOUT_FILENO))
			return 0;
		if (polls[0].revents != 0 && !move(STDIN_FILENO, fd))
			return 0;
	}
}
