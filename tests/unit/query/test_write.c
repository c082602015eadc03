/* Answers written by their shape: from C values, and from what a client sent. */
#include "lib/check.h"

#include "base/bytes.h"
#include "query/read.h"
#include "query/write.h"

static const struct asg_query_member tag_members[] = {
    {.name = "Key", .kind = ASG_QUERY_TEXT, .is_required = true},
    {.name = "Value", .kind = ASG_QUERY_TEXT},
    {.name = "Flag", .kind = ASG_QUERY_FLAG},
};
static const struct asg_query_shape tag = ASG_QUERY_SHAPE(tag_members);

static const struct asg_query_member policy_members[] = {
    {.name = "Types", .kind = ASG_QUERY_TEXTS},
    {.name = "Tags", .kind = ASG_QUERY_STRUCTS, .shape = &tag},
    {.name = "Share", .kind = ASG_QUERY_DECIMAL},
};
static const struct asg_query_shape policy = ASG_QUERY_SHAPE(policy_members);

static const struct asg_query_member members[] = {
    {.name = "Name", .kind = ASG_QUERY_TEXT, .is_required = true},
    {.name = "Size", .kind = ASG_QUERY_NUMBER},
    {.name = "Zones", .kind = ASG_QUERY_TEXTS},
    {.name = "Policy", .kind = ASG_QUERY_STRUCT, .shape = &policy},
    {.name = "Since", .kind = ASG_QUERY_TIME},
};
static const struct asg_query_shape shape = ASG_QUERY_SHAPE(members);

struct world {
    struct asg_bytes out;
    struct asg_xml_out xml;
    struct asg_writer writer;
    struct asg_arena arena;
    struct asg_query_value value;
    struct asg_form form;
};

static void begin(struct world *world)
{
    *world = (struct world){.xml = {.depth = 0}};
    asg_xml_out_init(&world->xml, &world->out);
    asg_xml_out_begin(&world->xml, "R");
    asg_write_init(&world->writer, &world->xml, &shape);
}

static void end(struct world *world, const char *expected)
{
    asg_write_finish(&world->writer);
    asg_xml_out_end(&world->xml, "R");
    assert_string_equal(expected, asg_bytes_text(&world->out));
    asg_bytes_clear(&world->out);
    asg_arena_clear(&world->arena);
}

static void read_body(struct world *world, const char *body)
{
    const struct asg_query_style style = {.is_flat = false};
    struct asg_query_fault fault;
    assert_status(ASG_OK, asg_form_read(body, strlen(body), false, &world->arena,
                                        &world->form, &fault));
    assert_status(ASG_OK, asg_query_read(&world->form, &shape, &style, NULL,
                                         &world->arena, &world->value, &fault));
}

static void test_c_values_are_written_by_kind(void **state)
{
    (void)state;
    static const char *const zones[] = {"a", "<b>"};
    struct world world;
    begin(&world);
    asg_write_text(&world.writer, "Name", "x&y");
    asg_write_number(&world.writer, "Size", -3);
    asg_write_texts(&world.writer, "Zones", zones, 2);
    asg_write_begin(&world.writer, "Policy");
    asg_write_no_items(&world.writer, "Types");
    asg_write_begin_list(&world.writer, "Tags");
    for (int i = 0; i < 2; i++) {
        asg_write_begin_item(&world.writer);
        asg_write_text(&world.writer, "Key", i == 0 ? "k" : "l");
        asg_write_text(&world.writer, "Value", NULL);
        asg_write_flag(&world.writer, "Flag", i == 0);
        asg_write_end(&world.writer);
    }
    asg_write_end(&world.writer);
    asg_write_decimal(&world.writer, "Share", 50);
    asg_write_end(&world.writer);
    asg_write_time(&world.writer, "Since", 0);
    end(&world,
        "<R><Name>x&amp;y</Name><Size>-3</Size>"
        "<Zones><member>a</member><member>&lt;b&gt;</member></Zones>"
        "<Policy><Types/><Tags><member><Key>k</Key><Flag>true</Flag></member>"
        "<member><Key>l</Key><Flag>false</Flag></member></Tags>"
        "<Share>50.0</Share></Policy><Since>1970-01-01T00:00:00.000Z</Since></R>");
}

/* What a client sent comes back as it was, in the shape's order, gaps closed. */
static void test_what_was_sent_is_given_back(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    read_body(&world, "Policy.Tags.member.12.Key=l&Policy.Tags.member.3.Key=k&"
                      "Policy.Tags.member.3.Flag=TRUE&Policy.Share=5e1&Policy.Types=&"
                      "Zones.member.7=z&Size=007&Name=n&Unknown.member.1=u");
    struct asg_form_pair *pairs = NULL;
    size_t count = asg_value_pairs(&world.value, &world.arena, &pairs);
    assert_int_equal(8, count);
    assert_string_equal("Policy.Tags.member.1.Flag", pairs[2].name);
    assert_string_equal("true", pairs[2].value);
    assert_string_equal("Policy.Types", pairs[5].name);
    assert_string_equal("", pairs[5].value);
    const struct asg_form_part part = {.pairs = pairs, .count = count};
    asg_write_part(&world.writer, &part);
    end(&world, "<R><Name>n</Name><Size>7</Size><Zones><member>z</member></Zones>"
                "<Policy><Types/><Tags><member><Key>k</Key><Flag>true</Flag></member>"
                "<member><Key>l</Key></member></Tags><Share>50.0</Share></Policy></R>");
}

static void test_pairs_go_behind_what_is_written(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    read_body(&world, "Name=old&Size=1&Policy.Share=2&Zones=");
    const struct asg_form_part part = asg_form_all(&world.form);
    asg_write_text(&world.writer, "Name", "new");
    asg_write_begin(&world.writer, "Policy");
    asg_write_end(&world.writer);
    asg_write_part(&world.writer, &part);
    end(&world, "<R><Name>new</Name><Policy></Policy><Size>1</Size><Zones/></R>");
}

/* Pairs that no client of ours wrote end nothing: they are written as far as they go. */
static void test_pairs_that_make_no_sense_are_written_as_far_as_they_go(void **state)
{
    (void)state;
    static struct asg_form_pair pairs[] = {
        {"Policy", "text"},         {"Policy.Share.Below", "1"},
        {"Policy.Tags.1.Key", "k"}, {"Policy.Tags.member.1.Value", "v"},
        {"Size", "many"},           {"Zones.member.x", "z"},
    };
    struct world world;
    begin(&world);
    asg_write_text(&world.writer, "Name", "n");
    const struct asg_form_part part = {.pairs = pairs,
                                       .count = sizeof pairs / sizeof pairs[0]};
    asg_write_part(&world.writer, &part);
    end(&world, "<R><Name>n</Name><Size>many</Size><Zones><member>z</member></Zones>"
                "<Policy><Tags><member><Value>v</Value></member></Tags></Policy></R>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_c_values_are_written_by_kind),
        cmocka_unit_test(test_what_was_sent_is_given_back),
        cmocka_unit_test(test_pairs_go_behind_what_is_written),
        cmocka_unit_test(test_pairs_that_make_no_sense_are_written_as_far_as_they_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
