/*
 * Private to the local front: questions to the person at the terminal.
 */
#ifndef CLI_ASK_PERSON_H
#define CLI_ASK_PERSON_H

#include "mcp/mcp.h"

struct person;
struct person *person_new(struct loop *loop, uint64_t ask_ms);
void person_free(struct person **person);
/* Is there a terminal to ask at? */
bool person_is_there(const struct person *person);
/* Is a question on the terminal now? */
bool person_is_asked(const struct person *person);
/* An elicitation by form; one at a time. The answer lives in the exchange's arena. */
MUST_CHECK bool person_ask_wait(struct person *person, struct exchange *exchange,
    const struct question *question, struct answer *answer, struct err *err);

/*
 * The JSON value that a typed line gives for a field of a form, after its schema.  False: err says
 * what is wanted.  Exposed for tests.
 */
MUST_CHECK bool
person_value(struct slice schema, struct slice line, struct buf *out, struct err *err);

#endif
