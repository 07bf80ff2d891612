/*
 * The names of hosts that a certificate claims, in the one form in which they are compared: lower
 * case, no final dot, a "*" only as the whole of the first label (RFC 9525 section 6.3).  Addresses
 * are no names, and the subject's common name is not looked at.
 */
#include <string.h>

#include <openssl/x509v3.h>

#include "base/base.h"

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* "1" as of "10.0.0.1": what ends in digits only is an address. */
static bool
is_digits(const char *label, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (label[i] < '0' || label[i] > '9')
			return false;
	return true;
}

/* Labels of 1 to 63 bytes, the last one with a letter. */
static bool
has_labels(const char *name, size_t n)
{
	size_t label = 0;

	for (size_t i = 0; i < n; i++) {
		if (name[i] != '.') {
			if (!is_name_char(name[i]))
				return false;
			continue;
		}
		if (i == label || i - label > 63)
			return false;
		label = i + 1;
	}
	return n > label && n - label <= 63 && !is_digits(name + label, n - label);
}

size_t
certificate_name_fold(struct slice name, bool may_be_wildcard, char to[CERTIFICATE_NAME_BYTES])
{
	size_t wild = may_be_wildcard && slice_starts(name, S("*.")) ? 2 : 0;

	if (name.n > 1 && name.p[name.n - 1] == '.')
		name.n--;
	if (name.n > CERTIFICATE_NAME_BYTES)
		return 0;
	for (size_t i = 0; i < name.n; i++)
		to[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] | 0x20) : name.p[i];
	return name.n > wild && has_labels(to + wild, name.n - wild) ? name.n : 0;
}

void
certificate_names_each(
    const struct x509_st *certificate, void (*fn)(void *ctx, struct slice name), void *ctx)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		char folded[CERTIFICATE_NAME_BYTES];
		struct slice text;

		if (name->type != GEN_DNS)
			continue;
		text = (struct slice){ (const char *)ASN1_STRING_get0_data(name->d.dNSName),
			(size_t)ASN1_STRING_length(name->d.dNSName) };
		text.n = certificate_name_fold(text, true, folded);
		text.p = folded;
		if (text.n > 0)
			fn(ctx, text);
	}
	GENERAL_NAMES_free(names);
}
