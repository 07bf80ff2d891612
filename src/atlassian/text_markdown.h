/*
 * What the parts of the Markdown reader and writer share: the lines that open and close a panel, an
 * expand or a table (:::), the tags of HTML that are marks, and the entities.  Private to
 * text_markdown_*.c.
 */
#ifndef ATLASSIAN_TEXT_MARKDOWN_H
#define ATLASSIAN_TEXT_MARKDOWN_H

#include "atlassian/doc.h"

/* Longer texts are refused (ERR_LIMIT): the parser of CommonMark takes some 40 bytes a byte. */
#define MARKDOWN_BYTES (4 * MIB)

/* ---- lines of colons ------------------------------------------------------------------------- */

/* A line ":::info Title": what it opens.  A line of colons alone closes: kind DOC_ROOT. */
struct fence_line {
	enum doc_kind kind;
	struct slice name;  /* of a panel, as the tree has it */
	struct slice title; /* what follows the word */
	bool is_either;	    /* {expand}: closes where one is open, and opens elsewhere */
};
bool fence_line_read(struct slice line, struct fence_line *out);

/*
 * The text as the parser shall see it: such lines, outside fenced code, stand between "<?" and
 * "?>", so that it takes each for a block of HTML of its own, in whatever list or quote it stands.
 * The
 * "~" of a mention has a backslash before it.
 */
struct fence_mark {
	size_t at, n;
};
struct fenced_text {
	struct buf text;
	struct buf marks; /* struct fence_mark: bytes of the text that were not in the input */
};
void fenced_text_init(struct fenced_text *fenced, struct slice text);
void fenced_text_fini(struct fenced_text *fenced);
/* The first mark that ends behind an offset; false: none. */
bool fenced_text_next(const struct fenced_text *fenced, size_t at, struct fence_mark *mark);

/* ---- tidying --------------------------------------------------------------------------------- */

/*
 * A list that is read: of tasks where every item is one (level 1) and holds nothing but one line
 * and lists of tasks; else the boxes become text.
 */
void markdown_tasks(struct doc_maker *maker, struct doc *list);
/* A head without any text was written for a table without one. */
void markdown_table(struct doc *table);
/* What a line of colons says of a cell: "columns=2 rows=3 header center". */
void markdown_cell(struct doc *cell, struct slice options);
bool markdown_is_url(struct slice s); /* of an image: elsewhere, not an attachment */

/* ---- words in plain text --------------------------------------------------------------------- */

/* What a byte of waiting text is: plain, or it must not mean anything special. */
#define BYTE_PLAIN  'p'
#define BYTE_QUOTED 'q'

/* A status, a date, an emoji or a mention; DOC_TEXT: an address. */
struct markdown_word {
	size_t at, n; /* in the text: where it stands */
	enum doc_kind kind;
	struct slice text;   /* what it says: a name, an id of an account, the address */
	struct slice option; /* of a status its colour, of an emoji its id; {NULL}: not said */
};
/* The first in s; bytes: of each byte of s a BYTE_.  in_link: addresses are none there. */
bool markdown_word_find(struct slice s, const char *bytes, bool in_link, struct markdown_word *out);

/* ---- HTML ------------------------------------------------------------------------------------ */

enum html_kind { HTML_OTHER, HTML_MARK, HTML_COLOR, HTML_SPAN, HTML_BREAK };

struct html_tag {
	enum html_kind kind; /* HTML_OTHER: none that means something here */
	bool is_end;
	unsigned mark;
	struct slice color;
};
/* tag: from '<' to '>'. */
void html_tag_read(struct slice tag, struct html_tag *out);
bool html_is_color(struct slice s); /* a name, #rgb or #rrggbb */
/* entity: from '&' to ';'.  The length of the UTF-8 in out; 0: not known. */
size_t html_entity(struct slice entity, char out[4]);

/* ---- sides of a delimiter -------------------------------------------------------------------- */

/* What CommonMark sees beside a delimiter; SIDE_MAYBE: punctuation or white space beyond ASCII. */
enum side { SIDE_BLANK, SIDE_PUNCTUATION, SIDE_MAYBE, SIDE_LETTER };

enum side markdown_side(unsigned code);
/*
 * The length of the character at the start or the end of s, which is not empty, and its code;
 * malformed bytes are one character each.
 */
size_t first_character(struct slice s, unsigned *code);
size_t last_character(struct slice s, unsigned *code);
bool markdown_is_alnum(char c);
bool markdown_is_blank(char c);
bool markdown_is_punctuation(char c);
bool markdown_is_wide_blank(unsigned code); /* beyond ASCII */

/* ---- spans ----------------------------------------------------------------------------------- */

enum span_place { SPAN_PARAGRAPH, SPAN_HEADING, SPAN_CELL };

struct markdown_writer {
	struct buf *out;
	struct buf prefix; /* of every line: quotes and the indentation of lists */
	bool is_turned;	   /* the list that is written takes the other marker */
	bool is_fresh;	   /* the place where a block begins is reached */
};
/* The inlines among parent's children from `first` up to the first block.  Returns that block. */
const struct doc *
markdown_put_spans(struct markdown_writer *writer, const struct doc *first, enum span_place place);
/* A line break of the output, with the prefix of the lines. */
void markdown_new_line(struct markdown_writer *writer);
/* Line ends as \n and \r, backslashes as \\; and back, in place (returns the length). */
void markdown_fold_lines(struct buf *out, struct slice s);
size_t markdown_unfold_lines(char *p, size_t n);
/* n times the same byte. */
void markdown_repeat(struct buf *out, char c, size_t n);
/* The longest run of c. */
size_t markdown_longest(struct slice text, char c);

#endif
