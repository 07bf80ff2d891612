/*
 * doctor: the issuer whose tokens are taken (`auth.jwt`), as it answers just now.  Each check says
 * something where those before it found nothing wrong.
 */
#include "cli/doctor.h"

void
look_issuer_reach(struct doctor *doctor, const struct doctor_check *check)
{
	const struct issuer_report *report = doctor->issuer;

	if (report == NULL || report->step < ISSUER_REACH || doctor->config->jwt.jwks.p != NULL)
		return;
	if (report->step == ISSUER_REACH)
		doctor_say(doctor, check, DOCTOR_ERROR, "%s", report->why.text);
	else
		doctor_say(doctor, check, DOCTOR_OK, "%.*s answers",
		    SLICE_FMT(doctor->config->jwt.issuer));
}

void
look_issuer_match(struct doctor *doctor, const struct doctor_check *check)
{
	const struct issuer_report *report = doctor->issuer;

	if (report == NULL || report->step < ISSUER_MATCH || doctor->config->jwt.jwks.p != NULL)
		return;
	if (report->step == ISSUER_MATCH)
		doctor_say(doctor, check, DOCTOR_ERROR, "%.*s: %s",
		    SLICE_FMT(doctor->config->jwt.issuer), report->why.text);
	else
		doctor_say(
		    doctor, check, DOCTOR_OK, "its keys are at %.*s", SLICE_FMT(report->keys_url));
}

void
look_issuer_keys(struct doctor *doctor, const struct doctor_check *check)
{
	const struct issuer_report *report = doctor->issuer;

	if (report == NULL || report->step < ISSUER_KEYS)
		return;
	if (report->step == ISSUER_KEYS)
		doctor_say(doctor, check, DOCTOR_ERROR, "%.*s: %s", SLICE_FMT(report->keys_url),
		    report->why.text);
	else
		doctor_say(doctor, check, DOCTOR_OK, "%.*s: %zu that can be used",
		    SLICE_FMT(report->keys_url), report->keys_n);
}

void
look_issuer_fit(struct doctor *doctor, const struct doctor_check *check)
{
	const struct issuer_report *report = doctor->issuer;

	if (report == NULL || report->step < ISSUER_DONE)
		return;
	doctor_say(doctor, check, report->fit_n > 0 ? DOCTOR_OK : DOCTOR_ERROR,
	    "%.*s: %zu of %zu keys are for auth.jwt.algorithms", SLICE_FMT(report->keys_url),
	    report->fit_n, report->keys_n);
}
