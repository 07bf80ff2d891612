/*
 * doctor: the checks of `bascule doctor`.  Each is a row of one table (doctor.c) and asks one
 * question; its code, which others rely on, names the fault.  Private to cli/.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"

enum doctor_level { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_WARNING, DOCTOR_ERROR };

struct doctor_finding {
	const struct doctor_check *check;
	enum doctor_level level;
	struct slice detail;
};

#define DOCTOR_FINDINGS_MAX 4096u

struct doctor {
	struct options *options;
	struct arena arena;    /* of the details */
	struct config *config; /* NULL: it cannot be read, for the reason in err */
	enum config_fault fault;
	struct err err;
	int64_t now_s;
	struct isolation_means means;
	bool is_apart;	    /* some program of the configuration is to be kept apart */
	struct loop *loop;  /* with --connect; else NULL */
	struct look *looks; /* the same */
	size_t looks_n;
	const struct issuer_report *issuer; /* the same; NULL: no tokens are taken */
	struct doctor_finding *findings;    /* of DOCTOR_FINDINGS_MAX */
	size_t findings_n;
};

struct doctor_check {
	const char *code;
	const char *what; /* the fault is */
	const char *next; /* what to do then */
	/* Says what it finds; nothing where there is nothing to look at. */
	void (*look)(struct doctor *doctor, const struct doctor_check *check);
	enum {
		DOCTOR_ALWAYS,
		DOCTOR_CONFIGURED, /* only with a configuration */
		DOCTOR_CONNECTED   /* only with --connect */
	} when;
	enum doctor_level level; /* the worst that it says */
};

void doctor_say(struct doctor *doctor, const struct doctor_check *check, enum doctor_level level,
    const char *fmt, ...) PRINTF(4, 5);

typedef void doctor_look_fn(struct doctor *doctor, const struct doctor_check *check);

/* doctor_config.c: what is configured, and the files and addresses that it names. */
doctor_look_fn look_config_missing, look_config_bad, look_config_writable, look_state_writable,
    look_state_readable, look_secrets, look_listen_in_use, look_listen_impossible, look_listen_open,
    look_listen_plain, look_tls_unreadable, look_tls_mismatch, look_tls_expired, look_tls_soon,
    look_tls_future, look_commands, look_folders;
/* doctor_issuer.c: the issuer of tokens. */
doctor_look_fn look_issuer_reach, look_issuer_match, look_issuer_keys, look_issuer_fit;
/* doctor_machine.c: what this machine has. */
doctor_look_fn look_namespaces, look_landlock, look_seccomp, look_cgroup, look_descriptors,
    look_clock, look_libraries;

#endif
