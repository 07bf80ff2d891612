/*
 * Faults of the sandbox: what --fault says, and which request it hits.  Every Nth is counted over
 * all requests of the process, so that a script of requests always meets the same ones.
 */
#include "atlassian/sandbox_server.h"

static const struct {
	struct slice name;
	uint64_t most; /* of its number; 0: it has none */
} faults[FAULTS_N] = {
	[FAULT_SLOW] = { { "slow", 4 }, 600000 },
	[FAULT_FAIL] = { { "fail", 4 }, 1000000 },
	[FAULT_RATE] = { { "rate", 4 }, 1000000 },
	[FAULT_HTML] = { { "html", 4 }, 0 },
	[FAULT_TRUNCATE] = { { "truncate", 8 }, 1000000 },
	[FAULT_HANG] = { { "hang", 4 }, 1000000 },
};

static bool
one(struct sandbox *sandbox, struct slice word, struct err *err)
{
	struct slice number, name = slice_cut(word, '=', &number);
	uint64_t value = 1;

	for (size_t i = 0; i < FAULTS_N; i++) {
		if (!slice_eq(name, faults[i].name))
			continue;
		if (faults[i].most == 0 && number.p != NULL)
			return err_set(
			    err, ERR_USAGE, "the fault %.*s takes no number", SLICE_FMT(name));
		if (faults[i].most > 0 &&
		    (!slice_to_u64(number, faults[i].most, &value) || value == 0))
			return err_set(err, ERR_USAGE,
			    "the fault %.*s needs a number from 1 to %llu: %.*s=3", SLICE_FMT(name),
			    (unsigned long long)faults[i].most, SLICE_FMT(name));
		sandbox->faults[i] = (unsigned)value;
		return true;
	}
	return err_set(err, ERR_USAGE,
	    "no fault is called \"%.*s\": slow=MS, fail=N, rate=N, html, truncate=N, hang=N",
	    name.n > 60 ? 60 : (int)name.n, name.p);
}

bool
sandbox_fault_parse(struct sandbox *sandbox, struct slice spec, struct err *err)
{
	struct slice word;

	do {
		word = slice_trim(slice_cut(spec, ',', &spec));
		if (!one(sandbox, word, err))
			return false;
	} while (spec.p != NULL);
	return true;
}

bool
sandbox_fault_hits(const struct sandbox *sandbox, enum fault fault)
{
	unsigned every = sandbox->faults[fault];

	return every != 0 && sandbox->requests % every == 0;
}
