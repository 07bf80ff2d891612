/* Credentials in the state directory: what is there, who may read it, and what damage does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"

struct place {
	char state[64], file[512];
	struct vault *store;
};

static int
setup(void **state)
{
	struct place *place = MEM_NEW(struct place);

	snprintf(place->state, sizeof(place->state), "/tmp/bascule-credentials-XXXXXX");
	if (mkdtemp(place->state) == NULL)
		return -1;
	place->store = vault_new(slice_of(place->state), SLICE_NONE);
	*state = place;
	return 0;
}

static const char *
path_of(struct place *place, const char *file)
{
	snprintf(place->file, sizeof(place->file), "%s/credentials/%s", place->state, file);
	return place->file;
}

static int
teardown(void **state)
{
	struct place *place = *state;
	struct dirent *entry;
	DIR *dir = opendir(path_of(place, ""));

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlink(path_of(place, entry->d_name));
	if (dir != NULL)
		closedir(dir);
	rmdir(path_of(place, ""));
	rmdir(place->state);
	vault_free(&place->store);
	mem_free(place);
	arena_drain();
	return 0;
}

static void
put(struct vault *store, const char *name, const char *text)
{
	struct err err;

	if (!vault_write(store, slice_of(name), slice_of(text), &err))
		fail_msg("%s", err.text);
}

/* NULL: there is none. */
static void
assert_record(const struct vault *store, const char *name, const char *text)
{
	struct err err;
	struct buf out;
	bool is_there;

	buf_init(&out, NULL, MIB);
	if (!vault_read(store, slice_of(name), &out, &is_there, &err))
		fail_msg("%s", err.text);
	assert_int_equal(is_there, text != NULL);
	if (text != NULL)
		assert_true(slice_eq(buf_view(&out), slice_of(text)));
	buf_fini(&out);
}

/* The error names the file, and says a part of why. */
static void
assert_refused(const struct vault *store, const char *name, const char *file, const char *why)
{
	struct err err;
	struct buf out;
	bool is_there;

	buf_init(&out, NULL, MIB);
	assert_false(vault_read(store, slice_of(name), &out, &is_there, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_false(is_there);
	assert_int_equal(out.n, 0);
	if (strstr(err.text, file) == NULL || strstr(err.text, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\" of %s", err.text, why, file);
	buf_fini(&out);
}

static size_t
file_load(const char *path, unsigned char *bytes, size_t max)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, bytes, max);

	close(fd);
	assert_true(n > 0);
	return (size_t)n;
}

static void
file_save(const char *path, const unsigned char *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void
what_is_written_is_read(void **state)
{
	struct place *place = *state;
	unsigned char bytes[4096];
	struct stat is;
	struct err err;
	bool was_there;
	size_t n;

	assert_record(place->store, "one", NULL);
	/* Reading makes nothing. */
	assert_int_not_equal(stat(path_of(place, ""), &is), 0);
	put(place->store, "one", "a secret text");
	put(place->store, "two", "another");
	assert_record(place->store, "one", "a secret text");
	put(place->store, "one", "a newer text");
	assert_record(place->store, "one", "a newer text");
	assert_record(place->store, "two", "another");
	n = file_load(path_of(place, "one.sealed"), bytes, sizeof(bytes));
	assert_null(memmem(bytes, n, "newer", 5));
	assert_int_equal(stat(path_of(place, "one.sealed"), &is), 0);
	assert_int_equal(is.st_mode & 0777, 0600);
	assert_int_equal(stat(path_of(place, "key"), &is), 0);
	assert_int_equal(is.st_mode & 0777, 0600);
	assert_int_equal(stat(path_of(place, ""), &is), 0);
	assert_int_equal(is.st_mode & 0777, 0700);
	assert_true(vault_remove(place->store, S("one"), &was_there, &err) && was_there);
	assert_true(vault_remove(place->store, S("one"), &was_there, &err) && !was_there);
	assert_record(place->store, "one", NULL);
	assert_record(place->store, "two", "another");
}

static void
nothing_is_left_beside_it(void **state)
{
	struct place *place = *state;
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	for (unsigned i = 0; i < 20; i++)
		put(place->store, "one", "text");
	dir = opendir(path_of(place, ""));
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	assert_int_equal(n, 2); /* the key and the record */
}

static void
every_damaged_byte_is_seen(void **state)
{
	struct place *place = *state;
	unsigned char bytes[4096];
	size_t n;

	put(place->store, "one", "a secret text");
	put(place->store, "two", "another");
	n = file_load(path_of(place, "one.sealed"), bytes, sizeof(bytes));
	for (size_t i = 0; i < n; i++) {
		bytes[i] ^= 1;
		file_save(path_of(place, "one.sealed"), bytes, n);
		bytes[i] ^= 1;
		assert_refused(place->store, "one", "credentials/one.sealed", "damaged");
	}
	for (size_t cut = 0; cut < n; cut++) {
		file_save(path_of(place, "one.sealed"), bytes, cut);
		assert_refused(place->store, "one", "credentials/one.sealed", "damaged");
	}
	assert_record(place->store, "two", "another");
	/* A record under another's name is not that one. */
	file_save(path_of(place, "two.sealed"), bytes, n);
	assert_refused(place->store, "two", "credentials/two.sealed", "damaged");
	file_save(path_of(place, "one.sealed"), bytes, n);
	assert_record(place->store, "one", "a secret text");
}

static void
foreign_files_are_refused(void **state)
{
	struct place *place = *state;
	unsigned char *large = mem_new(MIB);

	put(place->store, "one", "text");
	memset(large, 'x', MIB);
	file_save(path_of(place, "big.sealed"), large, MIB);
	mem_free(large);
	assert_refused(place->store, "big", "big.sealed", "too long");
	assert_int_equal(mkdir(path_of(place, "dir.sealed"), 0700), 0);
	assert_refused(place->store, "dir", "dir.sealed", "is no file");
	rmdir(path_of(place, "dir.sealed"));
	assert_int_equal(symlink("/etc/passwd", path_of(place, "link.sealed")), 0);
	assert_refused(place->store, "link", "link.sealed", "");
	assert_int_equal(mkfifo(path_of(place, "fifo.sealed"), 0600), 0);
	assert_refused(place->store, "fifo", "fifo.sealed", "is no file");
	assert_record(place->store, "one", "text");
}

static void
open_files_are_refused(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0660, 0601 };
	struct place *place = *state;
	struct err err;

	put(place->store, "one", "text");
	for (size_t i = 0; i < COUNT(modes); i++) {
		chmod(path_of(place, "one.sealed"), modes[i]);
		assert_refused(place->store, "one", "one.sealed", "others may read");
	}
	chmod(path_of(place, "one.sealed"), 0600);
	chmod(path_of(place, "key"), 0644);
	assert_refused(place->store, "one", "credentials/key", "others may read");
	assert_false(vault_write(place->store, S("two"), S("x"), &err));
	chmod(path_of(place, "key"), 0600);
	chmod(path_of(place, ""), 0755);
	assert_refused(place->store, "one", "credentials", "others may read");
	chmod(path_of(place, ""), 0700);
	assert_record(place->store, "one", "text");
}

static void
keys_matter(void **state)
{
	struct place *place = *state;
	struct vault *given = vault_new(slice_of(place->state), S("a key of sixteen"));
	struct vault *same = vault_new(slice_of(place->state), S("a key of sixteen"));
	struct vault *other = vault_new(slice_of(place->state), S("a key of 16 more"));
	struct stat is;
	struct err err;

	put(given, "one", "text");
	assert_record(same, "one", "text");
	assert_refused(other, "one", "one.sealed", "another key");
	/* No key of ours beside it. */
	assert_int_not_equal(stat(path_of(place, "key"), &is), 0);
	assert_refused(place->store, "one", "credentials/key", "is missing");
	put(place->store, "two", "text");
	assert_refused(given, "two", "two.sealed", "another key");
	file_save(path_of(place, "key"), (const unsigned char *)"short", 5);
	assert_refused(place->store, "two", "credentials/key", "is damaged");
	assert_false(vault_write(place->store, S("two"), S("x"), &err));
	vault_free(&given);
	vault_free(&same);
	vault_free(&other);
}

static void
sizes_have_an_end(void **state)
{
	struct place *place = *state;
	char *text = mem_new(CREDENTIAL_BYTES + 2);
	struct err err;

	memset(text, 'x', CREDENTIAL_BYTES);
	put(place->store, "one", text);
	assert_record(place->store, "one", text);
	text[CREDENTIAL_BYTES] = 'x';
	assert_false(vault_write(place->store, S("one"), slice_of(text), &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	mem_free(text);
}

static void
a_lock_is_one_holders(void **state)
{
	struct place *place = *state;
	struct err err;
	int one, other, status;

	assert_true(vault_lock(place->store, S("one"), &one, &err) && one >= 0);
	assert_true(vault_lock(place->store, S("one"), &other, &err) && other == -1);
	assert_true(vault_lock(place->store, S("two"), &other, &err) && other >= 0);
	vault_unlock(&other);
	assert_int_equal(other, -1);
	vault_unlock(&one);
	assert_true(vault_lock(place->store, S("one"), &one, &err) && one >= 0);
	vault_unlock(&one);
	/* A process that dies leaves none. */
	if (fork() == 0) {
		bool ok = vault_lock(place->store, S("one"), &one, &err) && one >= 0;

		_exit(ok ? 0 : 1);
	}
	wait(&status);
	assert_int_equal(status, 0);
	assert_true(vault_lock(place->store, S("one"), &one, &err) && one >= 0);
	vault_unlock(&one);
}

#define PROCESSES 4
#define ROUNDS	  50

/* Each adds to the number in the record, under the lock; also the first ones, who make the key. */
static int
count_up(const struct vault *store)
{
	struct err err;

	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned long number;
		char text[32];
		struct buf out;
		bool is_there;
		int fd;

		do
			if (!vault_lock(store, S("n"), &fd, &err))
				return 1;
		while (fd < 0);
		buf_init(&out, NULL, MIB);
		if (!vault_read(store, S("n"), &out, &is_there, &err))
			return 2;
		buf_putc(&out, '\0');
		number = strtoul(out.p, NULL, 10) + 1;
		buf_fini(&out);
		snprintf(text, sizeof(text), "%lu", number);
		if (!vault_write(store, S("n"), slice_of(text), &err))
			return 3;
		vault_unlock(&fd);
	}
	return 0;
}

static void
processes_do_not_lose_each_others_writes(void **state)
{
	struct place *place = *state;
	char text[32];
	int status;

	for (unsigned i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			_exit(count_up(place->store));
	for (unsigned i = 0; i < PROCESSES; i++) {
		wait(&status);
		assert_int_equal(status, 0);
	}
	snprintf(text, sizeof(text), "%u", PROCESSES * ROUNDS);
	assert_record(place->store, "n", text);
}

/* Readers without a lock see the old text or the new one. */
static void
a_reader_sees_whole_records(void **state)
{
	static char one[9000], other[9000];
	struct place *place = *state;
	int status = 0;
	pid_t writer;

	memset(one, 'a', 8999);
	memset(other, 'b', 20);
	put(place->store, "one", one);
	writer = fork();
	if (writer == 0) {
		for (unsigned i = 0; i < 100; i++)
			put(place->store, "one", i % 2 == 0 ? other : one);
		_exit(0);
	}
	while (waitpid(writer, &status, WNOHANG) == 0) {
		struct err err;
		struct buf out;
		bool is_there;

		buf_init(&out, NULL, MIB);
		if (!vault_read(place->store, S("one"), &out, &is_there, &err))
			fail_msg("%s", err.text);
		assert_true(is_there && (out.n == 8999 || out.n == 20));
		buf_fini(&out);
	}
	assert_int_equal(status, 0);
}

static void
a_full_path_is_an_error(void **state)
{
	char *state_dir = mem_new(6000);
	struct vault *store;
	struct err err;

	(void)state;
	memset(state_dir, 'x', 5000);
	state_dir[0] = '/';
	store = vault_new(slice_of(state_dir), SLICE_NONE);
	assert_false(vault_write(store, S("one"), S("x"), &err));
	vault_free(&store);
	store = vault_new(S("/proc/nothing/here"), SLICE_NONE);
	assert_false(vault_write(store, S("one"), S("x"), &err));
	vault_free(&store);
	mem_free(state_dir);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = { CASE(what_is_written_is_read),
		CASE(nothing_is_left_beside_it), CASE(every_damaged_byte_is_seen),
		CASE(foreign_files_are_refused), CASE(open_files_are_refused), CASE(keys_matter),
		CASE(sizes_have_an_end), CASE(a_lock_is_one_holders),
		CASE(processes_do_not_lose_each_others_writes), CASE(a_reader_sees_whole_records),
		CASE(a_full_path_is_an_error) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
