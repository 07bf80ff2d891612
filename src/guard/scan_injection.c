/*
 * Scores how much a text talks to the model that reads it instead of saying something.
 *
 * Words stand for topics ("ignore", "previous", "instructions", in several languages), rules are
 * sequences of topics that stand close together, and each rule that is met adds its weight once;
 * weights of one stretch of text are summed.  For each rule it is remembered how far its latest
 * beginning has come: a word costs as many steps as there are rules that hold its topic.
 */
#include "guard/scan.h"

#define STRETCH_BYTES 480
#define STEM_REST_MAX 24

void
scan_topic_index_make(struct scan_topic_index *index)
{
	unsigned n = 0;

	for (unsigned topic = 0; topic < TOPICS_N; topic++) {
		index->from[topic] = (uint16_t)n;
		for (unsigned r = 0; topic != TOPIC_NONE && r < scan_topic_rules_n; r++)
			for (unsigned k = TOPIC_RULE_MAX; k-- > 0;)
				if (scan_topic_rules[r].topic[k] == topic) {
					index->at[n].rule = (uint8_t)r;
					index->at[n++].place = (uint8_t)k;
				}
	}
	index->from[TOPICS_N] = (uint16_t)n;
}

bool
scan_topic_is_rare(unsigned topic)
{
	switch (topic) {
	case TOPIC_IGNORE:
	case TOPIC_PROMPT:
	case TOPIC_QUIET:
	case TOPIC_FRAME:
	case TOPIC_ENDS:
	case TOPIC_FILE:
	case TOPIC_FREE:
	case TOPIC_DEVELOPER:
	case TOPIC_DELETE:
	case TOPIC_METADATA:
	case TOPIC_AI:
	case TOPIC_DECODE:
	case TOPIC_PERSONA:
	case TOPIC_SECRET:
	case TOPIC_RULES:
	case TOPIC_CONFIRM:
	case TOPIC_REPLY:
	case TOPIC_NOW:
	case TOPIC_INSTEAD:
	case TOPIC_OBEY:
		return true;
	default:
		return false;
	}
}

void
scan_scorer_start(struct scan_scorer *scorer, const struct scan_topic_index *index)
{
	scorer->index = index;
	memset(scorer->state, 0, scan_topic_rules_n * sizeof(scorer->state[0]));
	memset(scorer->hit_of, 0, sizeof(scorer->hit_of));
	scorer->hits = scorer->next = 0;
	scorer->best = 0;
	scorer->best_at = scorer->best_end = 0;
	scorer->best_rule = 0;
}

/* The rules met within a stretch that ends here, each counted once. */
static void
sum_up(struct scan_scorer *scorer, size_t end)
{
	unsigned sum = 0, heaviest = 0, rule = 0;
	size_t at = end;

	for (unsigned i = 0; i < scorer->hits; i++) {
		unsigned weight = scan_topic_rules[scorer->hit[i].rule].weight;

		if (scorer->hit[i].at + STRETCH_BYTES < end)
			continue;
		sum += weight;
		at = scorer->hit[i].at < at ? scorer->hit[i].at : at;
		if (weight > heaviest) {
			heaviest = weight;
			rule = scorer->hit[i].rule;
		}
	}
	if (sum <= scorer->best)
		return;
	scorer->best = sum;
	scorer->best_rule = rule;
	scorer->best_at = at;
	scorer->best_end = end;
}

/* One that counts already makes no sum greater. */
static void
rule_met(struct scan_scorer *scorer, unsigned rule, size_t at, size_t end)
{
	unsigned i = scorer->hit_of[rule];
	bool is_new = i == 0 || scorer->hit[i - 1].at + STRETCH_BYTES < end;

	if (i == 0) {
		i = scorer->next;
		if (scorer->hits == COUNT(scorer->hit))
			scorer->hit_of[scorer->hit[i].rule] = 0;
		else
			scorer->hits++;
		scorer->next = (i + 1) % COUNT(scorer->hit);
		scorer->hit[i].rule = (uint8_t)rule;
		scorer->hit_of[rule] = (uint8_t)++i;
	}
	scorer->hit[i - 1].at = at;
	if (is_new)
		sum_up(scorer, end);
}

/* The word is the next of the rule, or its first. */
static void
rule_step(struct scan_scorer *scorer, unsigned r, unsigned k, size_t at, size_t end)
{
	const struct scan_topic_rule *rule = &scan_topic_rules[r];

	if (k > 0) {
		size_t before = scorer->state[r].end[k - 1];

		if (before == 0 || at < before || at - before > rule->gap)
			return;
		scorer->state[r].start[k] = scorer->state[r].start[k - 1];
	} else {
		scorer->state[r].start[k] = at;
	}
	scorer->state[r].end[k] = end;
	if (k + 1 == TOPIC_RULE_MAX || rule->topic[k + 1] == TOPIC_NONE)
		rule_met(scorer, r, scorer->state[r].start[k], end);
}

static void
topic_seen(struct scan_scorer *scorer, unsigned topic, size_t at, size_t end)
{
	const struct scan_topic_index *index = scorer->index;

	for (unsigned i = index->from[topic]; i < index->from[topic + 1]; i++)
		rule_step(scorer, index->at[i].rule, index->at[i].place, at, end);
}

static bool
is_letter_at(struct slice text, size_t at)
{
	return scan_is_letter(text.p[at]) || scan_is_digit(text.p[at]) || text.p[at] == '_';
}

bool
scan_topic_stands(struct slice text, unsigned word, size_t n, size_t end)
{
	uint8_t flags = scan_topic_words[word].flags;
	size_t at = end - n;

	if ((flags & WORD_MARK) != 0)
		return true;
	if (at > 0 && is_letter_at(text, at - 1) && !(at > 1 && text.p[at - 2] == '\\'))
		return false;
	return (flags & WORD_WHOLE) == 0 || end >= text.n || !is_letter_at(text, end);
}

bool
scan_topics_suffice(uint64_t rare)
{
	unsigned sum = 0;

	if (rare == 0)
		return false;
	for (size_t r = 0; r < scan_topic_rules_n; r++) {
		const struct scan_topic_rule *rule = &scan_topic_rules[r];
		bool can_be = true;

		for (unsigned k = 0; k < TOPIC_RULE_MAX && rule->topic[k] != TOPIC_NONE; k++)
			can_be &= (rare >> rule->topic[k] & 1) != 0 ||
			    !scan_topic_is_rare(rule->topic[k]);
		sum += can_be ? rule->weight : 0;
	}
	return sum >= SCAN_THRESHOLD;
}

void
scan_scorer_word(struct scan_scorer *scorer, struct slice text, unsigned word, size_t n, size_t end)
{
	const struct scan_topic_word *row = &scan_topic_words[word];
	size_t at = end - n, most = end + STEM_REST_MAX;

	if (!scan_topic_stands(text, word, n, end))
		return;
	while ((row->flags & WORD_MARK) == 0 && end < text.n && end < most &&
	    scan_is_letter(text.p[end]))
		end++;
	topic_seen(scorer, row->topic, at, end);
}

bool
scan_scorer_end(
    const struct scan_scorer *scorer, size_t *at, size_t *end, const char **rule, unsigned *score)
{
	if (scorer->best < SCAN_THRESHOLD)
		return false;
	*at = scorer->best_at;
	*end = scorer->best_end;
	*rule = scan_topic_rules[scorer->best_rule].id;
	*score = scorer->best > 200 ? 100 : scorer->best / 2;
	return true;
}
