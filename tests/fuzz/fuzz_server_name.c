/*
 * Any bytes as the extension server_name of a ClientHello: what is taken lies within them, and
 * folding it gives a name that folds to itself.
 */
#include "net/tls_choice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice all = { (const char *)data, n }, name = tls_choice_name(all);
	char once[CERTIFICATE_NAME_BYTES], twice[CERTIFICATE_NAME_BYTES];

	must(name.p == NULL || (name.p > all.p && name.p + name.n == all.p + all.n));
	for (int may = 0; may < 2; may++) {
		struct slice from = name.p != NULL ? name : all;
		size_t length = certificate_name_fold(from, may == 1, once);

		must(length <= sizeof(once) && length <= from.n);
		if (length == 0)
			continue;
		must(certificate_name_fold((struct slice){ once, length }, may == 1, twice) ==
		    length);
		must(slice_eq((struct slice){ once, length }, (struct slice){ twice, length }));
	}
	return 0;
}
