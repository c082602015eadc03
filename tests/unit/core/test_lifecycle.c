/* test_lifecycle - the table of the life cycle: what it must be whatever rows it has, and
 * that ARCHITECTURE.md shows it as it is. With --draw it prints the graph. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lifecycle/lifecycle.h"
#include "core/world/states.h"
#include "lib/check.h"

#define BEGIN_MARK "```mermaid\nstateDiagram-v2\n"

static const char *word(int state)
{
    return asg_enum_word(&asg_instance_state_words, state);
}

static bool is_over_state(int state)
{
    return asg_state_traits((enum asg_instance_state)state)->life == ASG_LIFE_OVER;
}

/* ---- the graph ---- */

/* "warmed:pending:wait" as Mermaid takes it: "warmed_pending_wait". */
static void print_state(FILE *out, int state)
{
    for (const char *at = word(state); *at != '\0'; at++) {
        (void)fputc(*at == ':' || *at == '-' ? '_' : *at, out);
    }
}

/* One arrow for all events that lead from one state to another. */
static void draw_arrow(FILE *out, int from, int to)
{
    bool is_first = true;
    struct asg_lifecycle_row row;
    for (size_t i = 0; asg_lifecycle_row(i, &row); i++) {
        if ((int)row.from != from || (int)row.to != to) continue;
        if (is_first) {
            (void)fputs("    ", out);
            print_state(out, from);
            (void)fputs(" --> ", out);
            print_state(out, to);
        }
        (void)fprintf(out, "%s%s%s%s%s", is_first ? ": " : ", ",
                      asg_lifecycle_event_word(row.event),
                      row.guard[0] != '\0' ? " (" : "", row.guard,
                      row.guard[0] != '\0' ? ")" : "");
        is_first = false;
    }
    if (!is_first) (void)fputc('\n', out);
}

static void draw(FILE *out)
{
    (void)fputs(BEGIN_MARK "    [*] --> requested\n", out);
    for (int from = 0; from < ASG_INSTANCE_COUNT; from++) {
        for (int to = 0; to < ASG_INSTANCE_COUNT; to++) {
            draw_arrow(out, from, to);
        }
        if (!is_over_state(from)) continue;
        (void)fputs("    ", out);
        print_state(out, from);
        (void)fputs(" --> [*]\n", out);
    }
    (void)fputs("```\n", out);
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    size_t length = fread(text, 1, (1 << 20) - 1, file);
    assert_true(length < (1 << 20) - 1);
    (void)fclose(file);
    return text;
}

static void test_architecture_shows_the_graph_as_it_is(void **state)
{
    (void)state;
    char *graph = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&graph, &size);
    draw(out);
    (void)fclose(out);
    char *page = read_file(ASG_SOURCE_DIR "/ARCHITECTURE.md");
    if (strstr(page, graph) == NULL) {
        fail_msg("ARCHITECTURE.md shows another life cycle; put this there:\n%s", graph);
    }
    free(page);
    free(graph);
}

/* ---- the rows ---- */

static void test_no_two_rows_answer_one_event_unless_their_guards_differ(void **state)
{
    (void)state;
    struct asg_lifecycle_row a;
    struct asg_lifecycle_row b;
    for (size_t i = 0; asg_lifecycle_row(i, &a); i++) {
        for (size_t j = 0; j < i && asg_lifecycle_row(j, &b); j++) {
            if (a.from != b.from || a.event != b.event) continue;
            assert_string_not_equal(a.guard, b.guard);
            assert_true(a.guard[0] != '\0' && b.guard[0] != '\0');
        }
    }
}

static void spread(bool is_reached[ASG_INSTANCE_COUNT], bool backwards)
{
    bool has_changed = true;
    while (has_changed) {
        has_changed = false;
        struct asg_lifecycle_row row;
        for (size_t i = 0; asg_lifecycle_row(i, &row); i++) {
            int from = backwards ? (int)row.to : (int)row.from;
            int to = backwards ? (int)row.from : (int)row.to;
            if (!is_reached[from] || is_reached[to]) continue;
            is_reached[to] = true;
            has_changed = true;
        }
    }
}

static void test_every_state_is_reached_but_quarantined(void **state)
{
    (void)state;
    bool is_reached[ASG_INSTANCE_COUNT] = {[ASG_INSTANCE_REQUESTED] = true};
    spread(is_reached, false);
    for (int i = 0; i < ASG_INSTANCE_COUNT; i++) {
        if (is_reached[i] == (i != ASG_INSTANCE_QUARANTINED)) continue;
        fail_msg("%s is %s", word(i), is_reached[i] ? "reached" : "not reached");
    }
}

static void test_every_state_comes_to_an_end(void **state)
{
    (void)state;
    bool is_ended[ASG_INSTANCE_COUNT] = {false};
    for (int i = 0; i < ASG_INSTANCE_COUNT; i++) {
        is_ended[i] = is_over_state(i);
    }
    spread(is_ended, true);
    for (int i = 0; i < ASG_INSTANCE_COUNT; i++) {
        if (is_ended[i] || i == ASG_INSTANCE_QUARANTINED) continue;
        fail_msg("nothing ends %s", word(i));
    }
}

static void test_ec2_ends_an_instance_in_every_state_and_no_row_leaves_the_end(void **arg)
{
    (void)arg;
    for (int state = 0; state < ASG_INSTANCE_COUNT; state++) {
        bool is_ended = false;
        struct asg_lifecycle_row row;
        for (size_t i = 0; asg_lifecycle_row(i, &row); i++) {
            if ((int)row.from != state) continue;
            assert_false(is_over_state(state));
            if (row.event != ASG_FLEET_OVER) continue;
            assert_true(is_over_state((int)row.to));
            is_ended = true;
        }
        if (!is_ended && !is_over_state(state) && state != ASG_INSTANCE_QUARANTINED) {
            fail_msg("EC2 cannot end %s", word(state));
        }
    }
}

/* ---- what the states mean ---- */

static void test_the_columns_of_a_state_do_not_contradict_each_other(void **state)
{
    (void)state;
    for (int i = 0; i < ASG_INSTANCE_COUNT; i++) {
        const struct asg_state_traits *traits =
            asg_state_traits((enum asg_instance_state)i);
        bool is_ending = traits->life == ASG_LIFE_ENDING;
        if (traits->aws_name == NULL) fail_msg("%s has no row", word(i));
        assert_true(!traits->counts || traits->life == ASG_LIFE_ON);
        assert_true(!traits->serves || traits->counts);
        assert_true(!traits->is_launching || traits->counts);
        assert_false(traits->serves && traits->is_launching);
        assert_true(!traits->is_candidate || traits->serves);
        assert_true(!traits->is_judged || traits->serves);
        assert_true(!traits->needs_end || is_ending);
        assert_true(!traits->is_slot || traits->is_launching);
        assert_true(traits->metered != ASG_METERED_COUNTS || traits->serves);
        assert_true(
            traits->life != ASG_LIFE_OVER ||
            (traits->metered == ASG_METERED_NO && traits->looked_at == ASG_LOOKED_AT_NO));
        assert_true(traits->timeout != ASG_TIMEOUT_LAUNCH || traits->is_launching);
    }
}

/* Our word in lower case with hyphens is EC2's with capitals and none. */
static void test_the_names_are_those_of_ec2_auto_scaling(void **state)
{
    (void)state;
    for (int i = 0; i < ASG_INSTANCE_COUNT; i++) {
        if (i == ASG_INSTANCE_REQUESTED || i == ASG_INSTANCE_ATTACHING)
            continue; /* EC2 Auto Scaling has no words for them */
        const char *ours = word(i);
        char name[64] = "";
        size_t length = 0;
        bool is_capital = true;
        for (; *ours != '\0' && length < sizeof name - 1; ours++) {
            if (*ours == '-') {
                is_capital = true;
                continue;
            }
            bool is_letter = *ours != ':';
            name[length++] = (char)(is_capital && is_letter ? *ours - 'a' + 'A' : *ours);
            is_capital = !is_letter;
        }
        assert_string_equal(asg_state_traits((enum asg_instance_state)i)->aws_name, name);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--draw") == 0) {
        draw(stdout);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_architecture_shows_the_graph_as_it_is),
        cmocka_unit_test(test_no_two_rows_answer_one_event_unless_their_guards_differ),
        cmocka_unit_test(test_every_state_is_reached_but_quarantined),
        cmocka_unit_test(test_every_state_comes_to_an_end),
        cmocka_unit_test(
            test_ec2_ends_an_instance_in_every_state_and_no_row_leaves_the_end),
        cmocka_unit_test(test_the_columns_of_a_state_do_not_contradict_each_other),
        cmocka_unit_test(test_the_names_are_those_of_ec2_auto_scaling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
