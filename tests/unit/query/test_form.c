/* Forms: order, lists, limits, and what is refused because it can be read in two ways. */
#include "lib/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "query/form.h"

struct world {
    struct asg_arena arena;
    struct asg_form form;
    struct asg_query_fault fault;
};

static enum asg_status read_form(struct world *world, const char *body)
{
    *world = (struct world){0};
    return asg_form_read(body, strlen(body), /* counts_from_zero */ false, &world->arena,
                         &world->form, &world->fault);
}

static void refused(const char *body, enum asg_query_trouble trouble)
{
    struct world world;
    assert_status(ASG_ERR_DENIED, read_form(&world, body));
    assert_int_equal(trouble, world.fault.trouble);
    assert_int_equal(0, world.form.count); /* left as it was */
    asg_arena_clear(&world.arena);
}

static void test_pairs_are_decoded(void **state)
{
    (void)state;
    struct world world;
    assert_status(ASG_OK, read_form(&world, "Action=Run+it%21&Empty=&Bare&%C3%BC=%26&&"));
    assert_int_equal(4, world.form.count);
    assert_string_equal("Run it!", asg_form_get(&world.form, "Action"));
    assert_string_equal("", asg_form_get(&world.form, "Empty"));
    assert_string_equal("", asg_form_get(&world.form, "Bare"));
    assert_string_equal("&", asg_form_get(&world.form, "\xc3\xbc"));
    assert_null(asg_form_get(&world.form, "action"));
    assert_null(asg_form_get(&world.form, ""));
    asg_arena_clear(&world.arena);
    assert_status(ASG_OK, read_form(&world, ""));
    assert_null(asg_form_get(&world.form, "Action"));
    asg_arena_clear(&world.arena);
}

static void test_lists_come_by_number_with_gaps(void **state)
{
    (void)state;
    struct world world;
    assert_status(ASG_OK, read_form(&world, "Id.10=c&Id.2=b&Id.1=a&Id.x=no&Ids.1=no&"
                                            "Id.3.Y=no&Id.03=no&Id=no&Id.100000=no"));
    const char **values = NULL;
    assert_int_equal(3, asg_form_list(&world.form, "Id", &world.arena, &values));
    assert_string_equal("a", values[0]);
    assert_string_equal("b", values[1]);
    assert_string_equal("c", values[2]);
    uint32_t *numbers = NULL;
    assert_int_equal(4, asg_form_numbers(&world.form, "Id", &world.arena, &numbers));
    assert_int_equal(3, numbers[2]);
    assert_int_equal(10, numbers[3]);
    assert_int_equal(0, asg_form_list(&world.form, "I", &world.arena, &values));
    asg_arena_clear(&world.arena);
}

static void test_lists_that_count_from_zero_are_renumbered_when_asked(void **state)
{
    (void)state;
    static const char body[] = "F.0.V.0=a&F.0.V.1=b&F.1.V.1=c&F.1.V.2=d&F.10.V.0=e&G.1=f"
                               "&H.0.0=g&H=h";
    struct world world = {0};
    assert_status(ASG_OK, asg_form_read(body, strlen(body), true, &world.arena,
                                        &world.form, &world.fault));
    assert_string_equal("a", asg_form_get(&world.form, "F.1.V.1"));
    assert_string_equal("b", asg_form_get(&world.form, "F.1.V.2"));
    assert_string_equal("c", asg_form_get(&world.form, "F.2.V.1"));
    assert_string_equal("d", asg_form_get(&world.form, "F.2.V.2"));
    assert_string_equal("e", asg_form_get(&world.form, "F.11.V.1"));
    assert_string_equal("f", asg_form_get(&world.form, "G.1"));
    assert_string_equal("g", asg_form_get(&world.form, "H.1.1"));
    assert_string_equal("h", asg_form_get(&world.form, "H"));
    assert_int_equal(8, world.form.count);
    asg_arena_clear(&world.arena);
    assert_status(ASG_OK, read_form(&world, "F.0=a"));
    assert_string_equal("a", asg_form_get(&world.form, "F.0"));
    asg_arena_clear(&world.arena);
}

static void test_bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    refused("A=%ff", ASG_QUERY_NOT_TEXT);
    refused("A=%c0%80", ASG_QUERY_NOT_TEXT);
    refused("A=%ed%a0%80", ASG_QUERY_NOT_TEXT); /* a surrogate */
    refused("A=%00", ASG_QUERY_NOT_TEXT);
    refused("%f8=a", ASG_QUERY_NOT_TEXT);
}

static void test_a_name_that_comes_twice_is_refused(void **state)
{
    (void)state;
    refused("A=1&B=2&A=1", ASG_QUERY_TWICE);
    refused("T.1.K=1&T.1.K=2", ASG_QUERY_TWICE);
    refused("%41=1&A=2", ASG_QUERY_TWICE);
    struct world world;
    assert_status(ASG_ERR_DENIED,
                  read_form(&world, "Tags.member.1.Key=a&Tags.member.1.Key"));
    assert_string_equal("Tags.member.1.Key", world.fault.path);
    asg_arena_clear(&world.arena);
}

static void test_names_that_are_no_path_are_refused(void **state)
{
    (void)state;
    refused("=a", ASG_QUERY_BAD_NAME);
    refused(".=a", ASG_QUERY_BAD_NAME);
    refused("A.=a", ASG_QUERY_BAD_NAME);
    refused("A..B=a", ASG_QUERY_BAD_NAME);
    refused("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=a", ASG_QUERY_BAD_NAME);
    char longest[ASG_FORM_NAME_MAX + 8];
    memset(longest, 'x', sizeof longest);
    longest[ASG_FORM_NAME_MAX] = '\0';
    struct world world;
    assert_status(ASG_OK, read_form(&world, longest));
    asg_arena_clear(&world.arena);
    longest[ASG_FORM_NAME_MAX] = 'x';
    longest[ASG_FORM_NAME_MAX + 1] = '\0';
    refused(longest, ASG_QUERY_BAD_NAME);
}

static void test_too_much_is_refused(void **state)
{
    (void)state;
    struct asg_bytes body = {0};
    for (int i = 0; i < ASG_FORM_PAIRS_MAX; i++) {
        asg_bytes_printf(&body, "A.%d=&", i + 1);
    }
    struct world world;
    assert_status(ASG_OK, read_form(&world, asg_bytes_text(&body)));
    assert_int_equal(ASG_FORM_PAIRS_MAX, world.form.count);
    asg_arena_clear(&world.arena);
    asg_bytes_append_text(&body, "B=");
    refused(asg_bytes_text(&body), ASG_QUERY_TOO_LARGE);
    asg_bytes_reset(&body);
    memset(asg_bytes_reserve(&body, ASG_FORM_BYTES_MAX + 1), '&', ASG_FORM_BYTES_MAX + 1);
    body.length = ASG_FORM_BYTES_MAX;
    assert_status(ASG_OK, read_form(&world, asg_bytes_text(&body)));
    asg_arena_clear(&world.arena);
    body.data[ASG_FORM_BYTES_MAX] = '&';
    body.length = ASG_FORM_BYTES_MAX + 1;
    refused(asg_bytes_text(&body), ASG_QUERY_TOO_LARGE);
    asg_bytes_clear(&body);
}

static void test_it_can_be_walked_part_by_part(void **state)
{
    (void)state;
    struct world world;
    assert_status(ASG_OK, read_form(&world, "T.2.K=b&T.1.V=2&T.1.K=a&S=x&T=own&T.9=z"));
    struct asg_form_part rest = asg_form_all(&world.form);
    const char *name = NULL;
    size_t length = 0;
    struct asg_form_part part;
    assert_true(asg_form_next(&rest, &name, &length, &part));
    assert_memory_equal("S", name, length);
    assert_string_equal("x", asg_form_value(&part));
    assert_true(asg_form_next(&rest, &name, &length, &part));
    assert_memory_equal("T", name, length);
    assert_string_equal("own", asg_form_value(&part));
    assert_false(asg_form_next(&rest, &name, &length, &rest));
    struct asg_bytes seen = {0};
    struct asg_form_part child;
    while (asg_form_next(&part, &name, &length, &child)) {
        asg_bytes_append(&seen, name, length);
        asg_bytes_append_byte(&seen, child.count == 2 ? '+' : '-');
    }
    assert_string_equal("1+2-9-", asg_bytes_text(&seen));
    asg_bytes_clear(&seen);
    asg_arena_clear(&world.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_are_decoded),
        cmocka_unit_test(test_lists_come_by_number_with_gaps),
        cmocka_unit_test(test_lists_that_count_from_zero_are_renumbered_when_asked),
        cmocka_unit_test(test_bytes_that_are_no_text_are_refused),
        cmocka_unit_test(test_a_name_that_comes_twice_is_refused),
        cmocka_unit_test(test_names_that_are_no_path_are_refused),
        cmocka_unit_test(test_too_much_is_refused),
        cmocka_unit_test(test_it_can_be_walked_part_by_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
