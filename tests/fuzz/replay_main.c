/*
 * Runs a fuzz target over files and folders of inputs, for builds without libFuzzer: the seed
 * corpus is an ordinary test everywhere.  Every input is given from a block of exactly its size, so
 * that sanitizers see any step outside it; and once more with its last byte cut off.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
run_copy(const char *bytes, size_t n)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);

	if (exact == NULL)
		abort();
	if (n > 0)
		memcpy(exact, bytes, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
}

static unsigned
run_file(const char *path)
{
	struct stat st;
	FILE *file = fopen(path, "rb");
	size_t n;
	char *bytes;

	if (file == NULL || fstat(fileno(file), &st) != 0) {
		perror(path);
		exit(1);
	}
	bytes = malloc((size_t)st.st_size + 1);
	if (bytes == NULL)
		abort();
	n = fread(bytes, 1, (size_t)st.st_size, file);
	fclose(file);
	run_copy(bytes, n);
	if (n > 0)
		run_copy(bytes, n - 1);
	free(bytes);
	return 1;
}

static unsigned
run_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned files = 0;
	char name[1024];

	if (dir == NULL)
		return run_file(path);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		files += run_file(name);
	}
	closedir(dir);
	return files;
}

int
main(int argc, char **argv)
{
	unsigned files = 0;
	int i;

	for (i = 1; i < argc; i++)
		files += run_folder(argv[i]);
	printf("%u inputs\n", files);
	return files > 0 ? 0 : 1;
}
