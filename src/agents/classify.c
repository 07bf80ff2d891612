/*
 * Words of routes in a text.
 *
 * A text is read as words: small letters, without their endings.  Each word that some route knows
 * has a number, and the phrases of all routes are one automaton (Aho-Corasick) over these numbers;
 * so there is no match within a word, and the time does not depend on how many phrases there are.
 *
 * Endings are not cut off blindly.  A word of the text is looked for as it is, then in the few
 * forms it can be an inflection of ("caching": caching, cach, cache); a word of a route is entered
 * under all of its own.  So "tests" and "testing" are the same, and "news" is not "new".
 */
#include <utf8proc.h>

#include "agents/classify.h"

#define WORD_BYTES   48 /* a longer one is known to nobody */
#define FORMS	     6
#define PHRASE_WORDS 8u /* what is longer is cut */
#define NONE	     UINT32_MAX

struct phrase {
	struct slice text; /* as configured */
	uint32_t route;
	uint32_t words;
	uint32_t next; /* another that is the same words */
	bool is_not;
};

/* A place in the automaton: the words of a phrase so far.  The first is the root. */
struct node {
	uint32_t edges; /* the first */
	uint32_t back;	/* the longest end of it that is a place too */
	uint32_t phrases;
	uint32_t output; /* along back, itself included: the next that has phrases */
	uint32_t depth;
	uint32_t longest; /* words of the longest phrase (of `any`) that ends here */
};

struct edge {
	uint32_t word, to, next;
};

struct known {
	struct slice text; /* in memory of its own */
	uint32_t word;
};

struct classifier {
	const struct config_route *routes, *fallback;
	size_t routes_n;
	struct known *known; /* open addressing; a power of two, at most half full */
	size_t known_n, known_cap;
	uint32_t words_n; /* numbers that were given away, from 1 */
	uint32_t *root;	  /* edges of the root, by word */
	struct node *nodes;
	struct edge *edges;
	struct phrase *phrases;
	size_t nodes_n, nodes_cap, edges_n, edges_cap, phrases_n, phrases_cap;
};

/* Room for one more. */
static void *
grown(void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	*cap = *cap == 0 ? 64 : *cap * 2;
	return mem_resize(array, n * size, *cap * size);
}

/* ---- words ----------------------------------------------------------------------------------- */

struct reader {
	struct slice text;
	size_t at;
};

struct word {
	char p[WORD_BYTES];
	size_t n; /* over WORD_BYTES: it was longer */
};

static void
word_put(struct word *word, const void *bytes, size_t n)
{
	if (word->n + n <= WORD_BYTES) {
		memcpy(word->p + word->n, bytes, n);
		word->n += n;
	} else {
		word->n = WORD_BYTES + 1;
	}
}

static bool
is_of_word(utf8proc_category_t category)
{
	return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

/* One character from there on: its bytes, *c small; 0 bytes: it is of no word, and one is skipped.
 */
static size_t
character(const struct reader *reader, size_t at, utf8proc_int32_t *c)
{
	unsigned char first = (unsigned char)reader->text.p[at];
	utf8proc_ssize_t n;

	if (first < 0x80) {
		*c = first >= 'A' && first <= 'Z' ? first + ('a' - 'A') : first;
		return (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_';
	}
	n = utf8proc_iterate((const utf8proc_uint8_t *)reader->text.p + at,
	    (utf8proc_ssize_t)(reader->text.n - at), c);
	if (n <= 0 || !is_of_word(utf8proc_category(*c)))
		return 0;
	*c = utf8proc_tolower(*c);
	return (size_t)n;
}

/* "don't" and "don\u2019t" are one word: how long is what stands between? */
static size_t
apostrophe(const struct reader *reader)
{
	struct slice rest = { reader->text.p + reader->at, reader->text.n - reader->at };
	size_t n = slice_starts(rest, S("'")) ? 1 : slice_starts(rest, S("\xe2\x80\x99")) ? 3 : 0;
	utf8proc_int32_t c;

	return n > 0 && n < rest.n && character(reader, reader->at + n, &c) > 0 ? n : 0;
}

/* False: there is none any more. */
static bool
word_next(struct reader *reader, struct word *word)
{
	word->n = 0;
	while (reader->at < reader->text.n) {
		utf8proc_uint8_t bytes[4];
		utf8proc_int32_t c;
		size_t n = character(reader, reader->at, &c);

		if (n == 0 && word->n > 0) {
			n = apostrophe(reader);
			if (n == 0)
				return true;
			reader->at += n;
			continue;
		}
		reader->at += n > 0 ? n : 1;
		if (n > 0 && c < 0x80)
			word_put(word, &(char){ (char)c }, 1);
		else if (n > 0)
			word_put(word, bytes, (size_t)utf8proc_encode_char(c, bytes));
	}
	return word->n > 0;
}

/* Articles and the like stand in phrases or do not: "review the code", "review my code". */
static bool
is_filler(struct slice word)
{
	static const struct slice fillers[] = { S("a"), S("an"), S("the"), S("my"), S("our"),
		S("your"), S("this"), S("these"), S("some") };

	for (size_t i = 0; word.n <= 5 && i < COUNT(fillers); i++)
		if (slice_eq(word, fillers[i]))
			return true;
	return false;
}

/* ---- endings --------------------------------------------------------------------------------- */

/* What a word can be an inflection of; itself first. */
struct forms {
	struct slice all[FORMS];
	size_t n;
	char bytes[2][WORD_BYTES + 1]; /* of those that are no beginning of it */
	size_t bytes_n;
};

static void
form_put(struct forms *forms, struct slice stem, const char *ending)
{
	bool has_vowel = false;
	char *made;

	for (size_t i = 0; i < stem.n; i++)
		has_vowel = has_vowel || strchr("aeiouy", stem.p[i]) != NULL ||
		    (unsigned char)stem.p[i] >= 0x80;
	if (stem.n < 2 || !has_vowel || forms->n == FORMS)
		return;
	if (*ending != '\0') {
		must(forms->bytes_n < COUNT(forms->bytes));
		made = forms->bytes[forms->bytes_n++];
		memcpy(made, stem.p, stem.n);
		made[stem.n] = *ending;
		stem = (struct slice){ made, stem.n + 1 };
	}
	forms->all[forms->n++] = stem;
}

/* What is left of a word without n bytes. */
static struct slice
without(struct slice word, size_t n)
{
	return (struct slice){ word.p, word.n - n };
}

/* Behind -ing and -ed: "fix", "cach" or "cache", "plann" or "plan". */
static void
stem_put(struct forms *forms, struct slice stem)
{
	form_put(forms, stem, "");
	form_put(forms, stem, "e");
	if (stem.n > 3 && stem.p[stem.n - 1] == stem.p[stem.n - 2])
		form_put(forms, without(stem, 1), "");
}

static void
plural_put(struct forms *forms, struct slice word)
{
	char before = word.p[word.n - 2];

	if (word.n < 4 || before == 's' || before == 'u' || before == 'i')
		return;
	if (slice_ends(word, S("ies")) && word.n > 4)
		form_put(forms, without(word, 3), "y");
	if (before == 'e' && word.n > 4 &&
	    (strchr("sxzo", word.p[word.n - 3]) != NULL || slice_ends(word, S("ches")) ||
		slice_ends(word, S("shes"))))
		form_put(forms, without(word, 2), "");
	form_put(forms, without(word, 1), "");
}

static void
forms_make(struct slice word, struct forms *forms)
{
	/* Would be taken for what they are not. */
	static const struct slice plain[] = { S("news"), S("means"), S("lens"), S("string"),
		S("being"), S("during"), S("need"), S("speed"), S("seed"), S("indeed") };

	forms->all[0] = word;
	forms->n = 1;
	forms->bytes_n = 0;
	if (word.n < 4 || memchr("sgd", word.p[word.n - 1], 3) == NULL)
		return;
	for (size_t i = 0; i < COUNT(plain); i++)
		if (slice_eq(word, plain[i]))
			return;
	if (word.p[word.n - 1] == 's') {
		plural_put(forms, word);
	} else if (slice_ends(word, S("ing")) && word.n >= 6) {
		stem_put(forms, without(word, 3));
	} else if (slice_ends(word, S("ed")) && word.n >= 5) {
		if (slice_ends(word, S("ied")))
			form_put(forms, without(word, 3), "y");
		stem_put(forms, without(word, 2));
	}
}

/* ---- the words that are known ---------------------------------------------------------------- */

/* Where it stands, or would. */
static struct known *
known_slot(const struct classifier *classifier, struct slice word)
{
	size_t at = (size_t)hash_bytes(word, 0) & (classifier->known_cap - 1);

	while (classifier->known[at].text.p != NULL && !slice_eq(classifier->known[at].text, word))
		at = (at + 1) & (classifier->known_cap - 1);
	return &classifier->known[at];
}

/* 0: nobody knows it. */
static uint32_t
known_find(const struct classifier *classifier, const struct forms *forms)
{
	for (size_t i = 0; i < forms->n; i++) {
		const struct known *known = known_slot(classifier, forms->all[i]);

		if (known->text.p != NULL)
			return known->word;
	}
	return 0;
}

static void
known_grow(struct classifier *classifier)
{
	struct known *before = classifier->known;
	size_t cap = classifier->known_cap;

	classifier->known_cap = cap == 0 ? 256 : cap * 2;
	classifier->known = mem_new(classifier->known_cap * sizeof(*before));
	for (size_t i = 0; i < cap; i++)
		if (before[i].text.p != NULL)
			*known_slot(classifier, before[i].text) = before[i];
	mem_free(before);
}

/* The number of a word of a route. */
static uint32_t
known_add(struct classifier *classifier, struct slice word)
{
	struct forms forms;
	uint32_t number;

	forms_make(word, &forms);
	while (classifier->known_cap < 2 * (classifier->known_n + FORMS))
		known_grow(classifier);
	number = known_find(classifier, &forms);
	if (number == 0)
		number = ++classifier->words_n;
	for (size_t i = 0; i < forms.n; i++) {
		struct known *known = known_slot(classifier, forms.all[i]);

		if (known->text.p != NULL)
			continue;
		*known = (struct known){ slice_keep(forms.all[i]), number };
		classifier->known_n++;
	}
	return number;
}

/* ---- the automaton --------------------------------------------------------------------------- */

static uint32_t
node_add(struct classifier *classifier, uint32_t depth)
{
	classifier->nodes = grown(classifier->nodes, classifier->nodes_n, &classifier->nodes_cap,
	    sizeof(*classifier->nodes));
	classifier->nodes[classifier->nodes_n] =
	    (struct node){ .edges = NONE, .phrases = NONE, .output = NONE, .depth = depth };
	return (uint32_t)classifier->nodes_n++;
}

/* Where the word leads; NONE: nowhere.  Before the end of building the root has edges like all. */
static uint32_t
node_next(const struct classifier *classifier, uint32_t node, uint32_t word)
{
	if (node == 0 && classifier->root != NULL)
		return classifier->root[word];
	for (uint32_t at = classifier->nodes[node].edges; at != NONE;
	     at = classifier->edges[at].next)
		if (classifier->edges[at].word == word)
			return classifier->edges[at].to;
	return NONE;
}

static uint32_t
node_make(struct classifier *classifier, uint32_t node, uint32_t word)
{
	uint32_t to = node_next(classifier, node, word);

	if (to != NONE)
		return to;
	to = node_add(classifier, classifier->nodes[node].depth + 1);
	classifier->edges = grown(classifier->edges, classifier->edges_n, &classifier->edges_cap,
	    sizeof(*classifier->edges));
	classifier->edges[classifier->edges_n] =
	    (struct edge){ word, to, classifier->nodes[node].edges };
	classifier->nodes[node].edges = (uint32_t)classifier->edges_n++;
	return to;
}

static void
phrase_add(struct classifier *classifier, size_t route, struct slice text, bool is_not)
{
	struct reader reader = { .text = text };
	struct phrase *phrase;
	struct word word;
	uint32_t node = 0, words = 0;

	while (words < PHRASE_WORDS && word_next(&reader, &word)) {
		struct slice view = { word.p, word.n };

		if (word.n > WORD_BYTES)
			return; /* no text has it */
		if (is_filler(view))
			continue;
		node = node_make(classifier, node, known_add(classifier, view));
		words++;
	}
	if (words == 0)
		return;
	classifier->phrases = grown(classifier->phrases, classifier->phrases_n,
	    &classifier->phrases_cap, sizeof(*classifier->phrases));
	phrase = &classifier->phrases[classifier->phrases_n];
	*phrase = (struct phrase){ text, (uint32_t)route, words, classifier->nodes[node].phrases,
		is_not };
	classifier->nodes[node].phrases = (uint32_t)classifier->phrases_n++;
	if (!is_not)
		classifier->nodes[node].longest = words;
}

/* Where a word leads from there, back as far as it takes. */
static uint32_t
node_step(const struct classifier *classifier, uint32_t node, uint32_t word)
{
	uint32_t to = node_next(classifier, node, word);

	while (to == NONE && node != 0) {
		node = classifier->nodes[node].back;
		to = node_next(classifier, node, word);
	}
	return to == NONE ? 0 : to;
}

static void
node_link(struct classifier *classifier, uint32_t at, uint32_t back)
{
	struct node *node = &classifier->nodes[at];
	const struct node *shorter = &classifier->nodes[back];

	node->back = back;
	node->output = node->phrases != NONE ? at : shorter->output;
	if (node->longest < shorter->longest)
		node->longest = shorter->longest;
}

/* Breadth first: what is shorter is linked already. */
static void
automaton_link(struct classifier *classifier)
{
	uint32_t *queue = mem_new(classifier->nodes_n * sizeof(*queue));
	size_t from = 0, to = 1; /* the root is at 0 */

	classifier->root = mem_new((classifier->words_n + 1) * sizeof(*classifier->root));
	for (size_t i = 0; i <= classifier->words_n; i++)
		classifier->root[i] = NONE;
	for (uint32_t at = classifier->nodes[0].edges; at != NONE; at = classifier->edges[at].next)
		classifier->root[classifier->edges[at].word] = classifier->edges[at].to;
	while (from < to) {
		uint32_t node = queue[from++];

		for (uint32_t at = classifier->nodes[node].edges; at != NONE;
		     at = classifier->edges[at].next) {
			const struct edge *edge = &classifier->edges[at];
			uint32_t back = node == 0
			    ? 0
			    : node_step(classifier, classifier->nodes[node].back, edge->word);

			node_link(classifier, edge->to, back);
			queue[to++] = edge->to;
		}
	}
	mem_free(queue);
}

struct classifier *
classifier_new(const struct config_agents *agents)
{
	struct classifier *classifier = MEM_NEW(struct classifier);

	classifier->routes = agents->routes;
	classifier->routes_n = agents->routes_n;
	classifier->fallback = agents->fallback;
	if (agents->routes_n == 0)
		classifier->routes = classify_built_in(&classifier->routes_n);
	known_grow(classifier);
	node_add(classifier, 0);
	for (size_t i = 0; i < classifier->routes_n; i++) {
		const struct config_route *route = &classifier->routes[i];

		for (size_t k = 0; k < route->any_n; k++)
			phrase_add(classifier, i, route->any[k], false);
		for (size_t k = 0; k < route->not_any_n; k++)
			phrase_add(classifier, i, route->not_any[k], true);
	}
	automaton_link(classifier);
	return classifier;
}

void
classifier_free(struct classifier **classifier)
{
	struct classifier *gone = *classifier;

	if (gone == NULL)
		return;
	for (size_t i = 0; i < gone->known_cap; i++)
		mem_free((void *)(uintptr_t)gone->known[i].text.p);
	mem_free(gone->known);
	mem_free(gone->root);
	mem_free(gone->nodes);
	mem_free(gone->edges);
	mem_free(gone->phrases);
	mem_free(gone);
	*classifier = NULL;
}

const struct config_route *
classifier_route(const struct classifier *classifier, size_t route)
{
	if (route < classifier->routes_n)
		return &classifier->routes[route];
	return route == classifier->routes_n ? classifier->fallback : NULL;
}

/* ---- a text ---------------------------------------------------------------------------------- */

struct tally {
	double score;
	uint64_t first; /* where its first phrase began; in words */
	bool is_out;	/* one of its `not` is there */
};

/* One text.  The last few places are kept, because a longer phrase may end behind a shorter one. */
struct reading {
	const struct classifier *classifier;
	struct tally *tallies; /* of the routes */
	bool *is_seen;	       /* of the phrases */
	uint32_t *found;       /* phrases, in the order of the text */
	size_t found_n;
	uint32_t places[PHRASE_WORDS];
	uint64_t words;
};

/* Is the phrase of so many words that ends there a part of a longer one? */
static bool
is_part(const struct reading *reading, uint64_t end, uint32_t words)
{
	for (uint64_t at = end; at < reading->words && at < end + PHRASE_WORDS; at++) {
		uint32_t place = reading->places[at % PHRASE_WORDS];
		uint32_t longest = reading->classifier->nodes[place].longest;

		if (longest > words && at + 1 - longest <= end + 1 - words)
			return true;
	}
	return false;
}

static void
phrase_count(struct reading *reading, uint32_t number, uint64_t end)
{
	const struct phrase *phrase = &reading->classifier->phrases[number];
	struct tally *tally = &reading->tallies[phrase->route];

	if (reading->is_seen[number])
		return;
	if (phrase->is_not) {
		tally->is_out = true;
	} else if (is_part(reading, end, phrase->words)) {
		return;
	} else {
		if (tally->score == 0)
			tally->first = end + 1 - phrase->words;
		tally->score += reading->classifier->routes[phrase->route].weight * phrase->words;
		reading->found[reading->found_n++] = number;
	}
	reading->is_seen[number] = true;
}

/* Counts what ends with that word, now that what follows it is known. */
static void
place_settle(struct reading *reading, uint64_t end)
{
	const struct classifier *classifier = reading->classifier;
	uint32_t node = classifier->nodes[reading->places[end % PHRASE_WORDS]].output;

	while (node != NONE) {
		const struct node *at = &classifier->nodes[node];

		for (uint32_t i = at->phrases; i != NONE; i = classifier->phrases[i].next)
			phrase_count(reading, i, end);
		node = classifier->nodes[at->back].output;
	}
}

static void
text_read(struct reading *reading, struct slice text)
{
	struct reader reader = { .text = text };
	uint32_t place = 0;
	struct word word;
	uint64_t settled = 0;

	while (word_next(&reader, &word)) {
		struct slice view = { word.p, word.n };
		struct forms forms;
		uint32_t number = 0;

		if (is_filler(view))
			continue;
		if (word.n <= WORD_BYTES) {
			forms_make(view, &forms);
			number = known_find(reading->classifier, &forms);
		}
		place = number == 0 ? 0 : node_step(reading->classifier, place, number);
		reading->places[reading->words++ % PHRASE_WORDS] = place;
		if (reading->words - settled == PHRASE_WORDS)
			place_settle(reading, settled++);
	}
	while (settled < reading->words)
		place_settle(reading, settled++);
}

static bool
is_better(const struct tally *a, const struct tally *b)
{
	if (a->score != b->score)
		return a->score > b->score;
	return a->first < b->first;
}

/* The best routes, best first, into ranked; how many. */
static size_t
rank(const struct reading *reading, size_t *ranked, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < reading->classifier->routes_n; i++) {
		size_t at = n;

		if (reading->tallies[i].is_out || reading->tallies[i].score <= 0)
			continue;
		while (at > 0 && is_better(&reading->tallies[i], &reading->tallies[ranked[at - 1]]))
			at--;
		if (at == max)
			continue;
		n += n < max;
		memmove(&ranked[at + 1], &ranked[at], (n - at - 1) * sizeof(*ranked));
		ranked[at] = i;
	}
	return n;
}

static void
conclude(const struct reading *reading, struct classified *out)
{
	const struct classifier *classifier = reading->classifier;
	size_t ranked[COUNT(out->others) + 1];
	size_t n = rank(reading, ranked, COUNT(ranked));
	size_t fallback = classifier->fallback != NULL ? classifier->routes_n : SIZE_MAX;
	double best, second;

	out->route = fallback;
	if (n == 0)
		return;
	out->is_known = true;
	best = reading->tallies[ranked[0]].score;
	second = n > 1 ? reading->tallies[ranked[1]].score : 0;
	out->confidence = (best - second) / best;
	if (out->confidence >= classifier->routes[ranked[0]].confidence)
		out->route = ranked[0];
	for (size_t i = 0; i < n && out->others_n < COUNT(out->others); i++)
		if (ranked[i] != out->route)
			out->others[out->others_n++] =
			    (struct classify_score){ ranked[i], reading->tallies[ranked[i]].score };
	for (size_t i = 0; i < reading->found_n && out->matched_n < CLASSIFY_MATCHED_MAX; i++) {
		const struct phrase *phrase = &classifier->phrases[reading->found[i]];

		if (phrase->route == ranked[0])
			out->matched[out->matched_n++] = phrase->text;
	}
}

void
classify(const struct classifier *classifier, struct slice text, struct classified *out)
{
	struct reading reading = { .classifier = classifier };

	memset(out, 0, sizeof(*out));
	if (text.n > CLASSIFY_TEXT_BYTES)
		text.n = CLASSIFY_TEXT_BYTES;
	reading.tallies = mem_new((classifier->routes_n + 1) * sizeof(*reading.tallies));
	reading.is_seen = mem_new(classifier->phrases_n + 1);
	reading.found = mem_new((classifier->phrases_n + 1) * sizeof(*reading.found));
	text_read(&reading, text);
	conclude(&reading, out);
	mem_free(reading.tallies);
	mem_free(reading.is_seen);
	mem_free(reading.found);
}
