/*
 * Private to `bascule install`: which clients there are, and how an entry is put into the text of
 * their files and taken out again, every other byte left as it is.
 */
#ifndef CLI_INSTALL_H
#define CLI_INSTALL_H

#include "cli/cli.h"

enum install_format { INSTALL_JSON, INSTALL_TOML };

struct install_client {
	const char *name, *title;
	enum install_format format;
	const char *key;      /* the object, or table, that holds the servers */
	bool has_type;	      /* is "type": "stdio" part of an entry? */
	const char *base;     /* variable of the folder that path is below; "": the working one */
	const char *fallback; /* below HOME where the variable is not set; NULL: HOME itself */
	const char *path;
	const char *mac; /* below HOME on macOS; NULL: the same */
};

/* NULL: unknown. */
const struct install_client *install_client_find(const char *name);
/* The nearest of the names, or NULL; all of them into out. */
const char *install_client_nearest(const char *name);
void install_clients_put(struct buf *out);
/* Where its file is, absolute or below the working directory. */
MUST_CHECK bool install_client_path(const struct install_client *client,
    const struct options *options, struct buf *out, struct err *err);

/* What is put where. */
struct install_entry {
	const char *key, *name;
	struct slice value; /* JSON of the entry, or lines of the TOML table */
};

/*
 * out is text with the entry; old (may be NULL) the entry that stood there, SLICE_NONE: none.
 * False: the text is not what it should be, and err says where.
 */
MUST_CHECK bool install_json_put(struct slice text, const struct install_entry *entry,
    struct buf *out, struct slice *old, struct err *err);
MUST_CHECK bool install_toml_put(struct slice text, const struct install_entry *entry,
    struct buf *out, struct slice *old, struct err *err);
/* Without the entry; the same text where there is none. */
MUST_CHECK bool install_json_remove(
    struct slice text, const struct install_entry *entry, struct buf *out, struct err *err);
MUST_CHECK bool install_toml_remove(
    struct slice text, const struct install_entry *entry, struct buf *out, struct err *err);

#endif
