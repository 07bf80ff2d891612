/*
 * What looks through disguises: folding keeps to its ceiling, gives UTF-8 and places that go
 * forwards; decoding hands on few and short texts, and says where in the text they were.
 */
#include "guard/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CEILING (64 * KIB)

struct seen {
	size_t n; /* of the text */
	size_t texts, bytes;
};

static void
decoded(void *ctx, struct slice text, size_t at, size_t n)
{
	struct seen *seen = ctx;

	must(slice_is_utf8(text));
	must(n > 0 && n <= seen->n && at <= seen->n - n);
	seen->texts++;
	seen->bytes += text.n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = { n > 0 ? (const char *)data : "", n };
	struct seen seen = { .n = n };
	struct scan_decoder *decoder = scan_decoder_new();
	struct scan_folded folded;
	size_t last = 0;

	scan_folded_init(&folded, CEILING);
	scan_fold(&folded, text);
	must(folded.text.n <= CEILING && !folded.text.overflow);
	must(slice_is_utf8(buf_view(&folded.text)));
	for (size_t i = 0; i < folded.text.n; i += FOLD_STEP / 2) {
		size_t from = scan_folded_from(&folded, i);

		must(from >= last && from <= n);
		last = from;
	}
	scan_decode(decoder, text, decoded, &seen);
	must(seen.texts <= 32 && seen.bytes <= 2 * 64 * KIB);
	scan_decoder_free(&decoder);
	scan_folded_fini(&folded);
	return 0;
}
