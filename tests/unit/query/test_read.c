/* Requests read by a table: an action as the Auto Scaling API has them, and EC2's way. */
#include "lib/check.h"

#include "base/bytes.h"
#include "query/read.h"

static const struct asg_query_member tag_members[] = {
    {.name = "Key", .kind = ASG_QUERY_TEXT, .is_required = true, .min = 1, .max = 4},
    {.name = "Value", .kind = ASG_QUERY_TEXT, .max = 4},
    {.name = "PropagateAtLaunch", .kind = ASG_QUERY_FLAG},
};
static const struct asg_query_shape tag = ASG_QUERY_SHAPE(tag_members);

static const struct asg_query_member filter_members[] = {
    {.name = "Name", .kind = ASG_QUERY_TEXT},
    {.name = "Values", .kind = ASG_QUERY_TEXTS},
};
static const struct asg_query_shape filter = ASG_QUERY_SHAPE(filter_members);

static const struct asg_query_member template_members[] = {
    {.name = "Id", .kind = ASG_QUERY_TEXT},
    {.name = "Filters", .kind = ASG_QUERY_STRUCTS, .shape = &filter},
};
static const struct asg_query_shape template = ASG_QUERY_SHAPE(template_members);

static const struct asg_query_member members[] = {
    {.name = "Name", .kind = ASG_QUERY_TEXT, .is_required = true, .min = 1, .max = 5},
    {.name = "Size", .kind = ASG_QUERY_NUMBER, .min = 0, .max = 100},
    {.name = "Any", .kind = ASG_QUERY_NUMBER, .min = INT64_MIN},
    {.name = "Share", .kind = ASG_QUERY_DECIMAL, .is_share = true},
    {.name = "Start", .kind = ASG_QUERY_TIME},
    {.name = "Kind", .kind = ASG_QUERY_TEXT, .words = "EC2|ELB"},
    {.name = "Zones",
     .kind = ASG_QUERY_TEXTS,
     .min = 1,
     .max = 3,
     .item_min = 1,
     .item_max = 2},
    {.name = "Policies", .kind = ASG_QUERY_TEXTS, .words = "Oldest|Newest"},
    {.name = "Tags", .kind = ASG_QUERY_STRUCTS, .shape = &tag, .max = 2},
    {.name = "Template", .kind = ASG_QUERY_STRUCT, .shape = &template},
};
static const struct asg_query_shape shape = ASG_QUERY_SHAPE(members);

static const char *const passed_over[] = {"Action", "Version", NULL};

struct world {
    struct asg_arena arena;
    struct asg_query_value value;
    struct asg_query_fault fault;
    struct asg_query_style style;
};

static enum asg_status read_more(struct world *world, const char *body, bool is_flat,
                                 bool refuses_unknown)
{
    *world =
        (struct world){.style = {.is_flat = is_flat, .refuses_unknown = refuses_unknown}};
    struct asg_form form;
    enum asg_status status =
        asg_form_read(body, strlen(body), is_flat, &world->arena, &form, &world->fault);
    if (status != ASG_OK) return status;
    return asg_query_read(&form, &shape, &world->style, passed_over, &world->arena,
                          &world->value, &world->fault);
}

static enum asg_status read_body(struct world *world, const char *body)
{
    return read_more(world, body, false, true);
}

static void refused(const char *body, enum asg_query_trouble trouble, const char *path)
{
    struct world world;
    assert_status(ASG_ERR_DENIED, read_body(&world, body));
    assert_string_equal(path, world.fault.path);
    assert_int_equal(trouble, world.fault.trouble);
    assert_int_equal(0, world.value.count);
    asg_arena_clear(&world.arena);
}

static void test_every_kind_is_read(void **state)
{
    (void)state;
    struct world world;
    assert_status(
        ASG_OK,
        read_body(&world,
                  "Action=A&Version=2011-01-01&Name=w%C3%BCb&Size=7&Any=-12&Share=5e1&"
                  "Start=2026-01-02T03:04:05.5Z&Kind=ELB&Zones.member.2=b&"
                  "Zones.member.1=a&Tags.member.1.Key=k&"
                  "Tags.member.1.PropagateAtLaunch=TRUE&Tags.member.7.Key=l&"
                  "Tags.member.7.Value=&Template.Id=lt&"
                  "Template.Filters.member.1.Values.member.1=v"));
    const struct asg_query_value *value = &world.value;
    assert_string_equal("w\xc3\xbc"
                        "b",
                        asg_value_text(value, "Name", ""));
    assert_int_equal(7, asg_value_number(value, "Size", -1));
    assert_int_equal(-12, asg_value_number(value, "Any", -1));
    assert_true(asg_value_find(value, "Share")->decimal == 50.0);
    assert_int_equal(INT64_C(1767323045500), asg_value_number(value, "Start", -1));
    assert_string_equal("ELB", asg_value_text(value, "Kind", ""));
    size_t count = 0;
    const struct asg_query_value *items = asg_value_items(value, "Zones", &count);
    assert_int_equal(2, count);
    assert_string_equal("a", items[0].text);
    assert_string_equal("b", items[1].text);
    items = asg_value_items(value, "Tags", &count);
    assert_int_equal(2, count);
    assert_true(asg_value_flag(&items[0], "PropagateAtLaunch", false));
    assert_null(asg_value_find(&items[0], "Value"));
    assert_string_equal("", asg_value_text(&items[1], "Value", "not given"));
    assert_string_equal("Tags.member.7.Key", asg_value_find(&items[1], "Key")->path);
    const struct asg_query_value *inner = asg_value_find(value, "Template");
    items = asg_value_items(inner, "Filters", &count);
    items = asg_value_items(&items[0], "Values", &count);
    assert_string_equal("v", items[0].text);
    assert_null(asg_value_items(value, "Policies", &count));
    assert_int_equal(0, count);
    assert_int_equal(9, asg_value_number(value, "Missing", 9));
    asg_arena_clear(&world.arena);
}

static void test_an_empty_list_is_given_and_empty(void **state)
{
    (void)state;
    struct world world;
    assert_status(ASG_OK, read_body(&world, "Name=a&Policies=&Tags="));
    size_t count = 9;
    assert_non_null(asg_value_find(&world.value, "Policies"));
    assert_non_null(asg_value_items(&world.value, "Policies", &count));
    assert_int_equal(0, count);
    asg_arena_clear(&world.arena);
    refused("Name=a&Zones=", ASG_QUERY_BAD_VALUE, "Zones"); /* of one at least */
}

static void test_limits_name_the_member(void **state)
{
    (void)state;
    refused("Size=1", ASG_QUERY_MISSING, "Name");
    refused("Name=", ASG_QUERY_BAD_VALUE, "Name");
    refused("Name=abcdef", ASG_QUERY_BAD_VALUE, "Name");
    struct world world;
    assert_status(ASG_OK, read_body(&world, "Name=%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC"));
    asg_arena_clear(&world.arena); /* characters count, not bytes */
    refused("Name=a&Size=-1", ASG_QUERY_BAD_VALUE, "Size");
    refused("Name=a&Size=101", ASG_QUERY_BAD_VALUE, "Size");
    refused("Name=a&Size=1x", ASG_QUERY_BAD_VALUE, "Size");
    refused("Name=a&Size=", ASG_QUERY_BAD_VALUE, "Size");
    refused("Name=a&Size=9999999999999999999", ASG_QUERY_BAD_VALUE, "Size");
    refused("Name=a&Share=nan", ASG_QUERY_BAD_VALUE, "Share");
    refused("Name=a&Share=1e999", ASG_QUERY_BAD_VALUE, "Share");
    refused("Name=a&Share=0x10", ASG_QUERY_BAD_VALUE, "Share");
    refused("Name=a&Share=1+", ASG_QUERY_BAD_VALUE, "Share");
    refused("Name=a&Start=tomorrow", ASG_QUERY_BAD_VALUE, "Start");
    refused("Name=a&Kind=ec2", ASG_QUERY_BAD_VALUE, "Kind");
    refused("Name=a&Kind=EC2|ELB", ASG_QUERY_BAD_VALUE, "Kind");
    refused("Name=a&Kind=", ASG_QUERY_BAD_VALUE, "Kind");
    refused("Name=a&Policies.member.2=Eldest", ASG_QUERY_BAD_VALUE, "Policies.member.2");
    refused("Name=a&Tags.member.1.Value=v", ASG_QUERY_MISSING, "Tags.member.1.Key");
    refused("Name=a&Tags.member.1.Key=k&Tags.member.1.PropagateAtLaunch=yes",
            ASG_QUERY_BAD_VALUE, "Tags.member.1.PropagateAtLaunch");
    refused("Name=a&Tags.member.1.Key=k&Tags.member.2.Key=k&Tags.member.3.Key=k",
            ASG_QUERY_BAD_VALUE, "Tags");
}

static void test_what_is_no_list_or_structure_is_refused(void **state)
{
    (void)state;
    refused("Name=a&Name.x=b", ASG_QUERY_BAD_KIND, "Name");
    refused("Name.member.1=b", ASG_QUERY_BAD_KIND, "Name");
    refused("Name=a&Zones=b", ASG_QUERY_BAD_KIND, "Zones");
    refused("Name=a&Zones.1=b", ASG_QUERY_BAD_KIND, "Zones");
    refused("Name=a&Zones=&Zones.member.1=b", ASG_QUERY_BAD_KIND, "Zones");
    refused("Name=a&Zones.member.1=b&Zones.other=c", ASG_QUERY_BAD_KIND, "Zones");
    refused("Name=a&Zones.member.1.x=b", ASG_QUERY_BAD_KIND, "Zones.member.1");
    refused("Name=a&Tags.member.1=b", ASG_QUERY_BAD_KIND, "Tags.member.1");
    refused("Name=a&Template=b", ASG_QUERY_BAD_KIND, "Template");
}

static void test_item_numbers_that_are_none_are_refused(void **state)
{
    (void)state;
    refused("Name=a&Zones.member.0=b", ASG_QUERY_BAD_INDEX, "Zones.member.0");
    refused("Name=a&Zones.member.01=b", ASG_QUERY_BAD_INDEX, "Zones.member.01");
    refused("Name=a&Zones.member.x=b", ASG_QUERY_BAD_INDEX, "Zones.member.x");
    refused("Name=a&Zones.member.-1=b", ASG_QUERY_BAD_INDEX, "Zones.member.-1");
    refused("Name=a&Zones.member.123456=b", ASG_QUERY_BAD_INDEX, "Zones.member.123456");
}

static void test_unknown_parameters_are_refused_or_passed_over(void **state)
{
    (void)state;
    refused("Name=a&Nmae=b", ASG_QUERY_UNKNOWN, "Nmae");
    refused("Name=a&Tags.member.1.Key=k&Tags.member.1.Kee=k", ASG_QUERY_UNKNOWN,
            "Tags.member.1.Kee");
    struct world world;
    assert_status(ASG_OK, read_more(&world, "Name=a&Nmae=b&X.1=c", false, false));
    assert_int_equal(1, world.value.count);
    asg_arena_clear(&world.arena);
}

static void test_ec2s_lists_have_no_member(void **state)
{
    (void)state;
    struct world world;
    assert_status(ASG_OK, read_more(&world,
                                    "Name=a&Zones.1=x&Zones.2=y&Tags.1.Key=k&"
                                    "Template.Filters.1.Values.3=v",
                                    true, true));
    size_t count = 0;
    const struct asg_query_value *items = asg_value_items(&world.value, "Zones", &count);
    assert_int_equal(2, count);
    assert_string_equal("y", items[1].text);
    asg_arena_clear(&world.arena);
    assert_status(ASG_OK, read_more(&world, "Name=a&Zones.0=x&Zones.1=y", true, true));
    items = asg_value_items(&world.value, "Zones", &count);
    assert_int_equal(2, count);
    assert_string_equal("x", items[0].text);
    asg_arena_clear(&world.arena);
    assert_status(ASG_ERR_DENIED, read_more(&world, "Name=a&Zones.x=y", true, true));
    assert_int_equal(ASG_QUERY_BAD_INDEX, world.fault.trouble);
    asg_arena_clear(&world.arena);
}

static void says(const char *body, enum asg_query_words words, const char *code,
                 const char *message)
{
    struct world world;
    assert_status(ASG_ERR_DENIED, read_body(&world, body));
    char text[512];
    asg_query_fault_message(&world.fault, words, text, sizeof text);
    assert_string_equal(message, text);
    assert_string_equal(code, asg_query_fault_code(&world.fault, words));
    asg_arena_clear(&world.arena);
}

static void test_faults_are_said_as_each_service_says_them(void **state)
{
    (void)state;
    says(
        "", ASG_QUERY_WORDS_AWS, "ValidationError",
        "1 validation error detected: Value null at 'name' failed to satisfy constraint: "
        "Member must not be null");
    says("", ASG_QUERY_WORDS_EC2, "MissingParameter",
         "The request must contain the parameter Name");
    says("Name=abcdef", ASG_QUERY_WORDS_AWS, "ValidationError",
         "1 validation error detected: Value 'abcdef' at 'name' failed to satisfy "
         "constraint: Member must have length less than or equal to 5");
    says("Name=a&Tags.member.2.Key=", ASG_QUERY_WORDS_AWS, "ValidationError",
         "1 validation error detected: Value '' at 'tags.2.member.key' failed to satisfy "
         "constraint: Member must have length greater than or equal to 1");
    says("Name=a&Kind=x", ASG_QUERY_WORDS_AWS, "ValidationError",
         "1 validation error detected: Value 'x' at 'kind' failed to satisfy constraint: "
         "Member must satisfy enum value set: [EC2, ELB]");
    says("Name=a&Kind=x", ASG_QUERY_WORDS_EC2, "InvalidParameterValue",
         "Invalid value 'x' for Kind. Member must satisfy enum value set: [EC2, ELB]");
    says("Name=a&Nmae=b", ASG_QUERY_WORDS_EC2, "UnknownParameter",
         "The parameter Nmae is not recognized");
    says("Name=a&Zones.member.0=b", ASG_QUERY_WORDS_AWS, "InvalidQueryParameter",
         "Zones.member.0 is not an item of a list: items count from 1 to 99999");
    says("Name=a&Name=b", ASG_QUERY_WORDS_AWS, "MalformedQueryString",
         "The parameter Name is there more than once");
}

/* All that breaks a limit, in AWS's words; EC2's way tells the first. */
static void says_all(const char *body, const char *message)
{
    struct world world = {.style = {.names_all = true}};
    struct asg_form form;
    assert_status(ASG_OK, asg_form_read(body, strlen(body), false, &world.arena, &form,
                                        &world.fault));
    assert_status(ASG_ERR_DENIED,
                  asg_query_read(&form, &shape, &world.style, passed_over, &world.arena,
                                 &world.value, &world.fault));
    char text[ASG_QUERY_MESSAGE_MAX];
    asg_query_fault_message(&world.fault, ASG_QUERY_WORDS_AWS, text, sizeof text);
    assert_string_equal(message, text);
    asg_arena_clear(&world.arena);
}

static void test_all_violations_are_named_when_that_is_asked(void **state)
{
    (void)state;
    says_all("Kind=&Name=a&Policies.member.1=",
             "2 validation errors detected: Value '' at 'kind' failed to satisfy "
             "constraint: Member must satisfy enum value set: [EC2, ELB]; Value '[]' at "
             "'policies' failed to satisfy constraint: Member must satisfy constraint: "
             "[Member must satisfy enum value set: [Oldest, Newest]]");
    says_all("Share=-1&Tags.member.1.Value=12345",
             "4 validation errors detected: Value '-1' at 'share' failed to satisfy "
             "constraint: Member must have value greater than or equal to 0; Value "
             "'12345' at 'tags.1.member.value' failed to satisfy constraint: Member must "
             "have length less than or equal to 4; Value null at 'tags.1.member.key' "
             "failed to satisfy constraint: Member must not be null; Value null at "
             "'name' failed to satisfy constraint: Member must not be null");
    says_all("Name=a&Zones.member.1=a&Zones.member.4=bcd",
             "1 validation error detected: Value '[a, bcd]' at 'zones' failed to satisfy "
             "constraint: Member must satisfy constraint: [Member must have length less "
             "than or equal to 2, Member must have length greater than or equal to 1]");
    says_all("Name=a&Zones=",
             "1 validation error detected: Value '[]' at 'zones' failed to satisfy "
             "constraint: Member must have length greater than or equal to 1");
    /* What cannot be read at all is told alone. */
    says_all("Kind=&Zones.member.0=b",
             "Zones.member.0 is not an item of a list: items count from 1 to 99999");
}

#define PATTERN                                                                          \
    "Member must satisfy regular expression pattern: "                                   \
    "[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*"

static enum asg_status read_aws(const char *body)
{
    struct world world = {.style = {.names_all = true}};
    struct asg_form form;
    assert_status(ASG_OK, asg_form_read(body, strlen(body), false, &world.arena, &form,
                                        &world.fault));
    enum asg_status status = asg_query_read(&form, &shape, &world.style, passed_over,
                                            &world.arena, &world.value, &world.fault);
    asg_arena_clear(&world.arena);
    return status;
}

static void test_texts_hold_what_xml_can_carry(void **state)
{
    (void)state;
    says_all("Name=p%01x",
             "1 validation error detected: Value 'p\x01x' at 'name' failed to satisfy "
             "constraint: " PATTERN);
    says_all(
        "Name=a&Tags.member.2.Key=k%1B&Tags.member.2.Value=%EF%BF%BE",
        "2 validation errors detected: Value 'k\x1b' at 'tags.2.member.key' failed to "
        "satisfy constraint: " PATTERN
        "; Value '\xef\xbf\xbe' at 'tags.2.member.value' failed to satisfy "
        "constraint: " PATTERN);
    says_all(
        "Name=a&Zones.member.1=a&Zones.member.2=%1F",
        "1 validation error detected: Value '[a, \x1f]' at 'zones' failed to satisfy "
        "constraint: Member must satisfy constraint: [" PATTERN "]");
    says_all("Name=a&Kind=%01",
             "1 validation error detected: Value '\x01' at 'kind' failed to satisfy "
             "constraint: Member must satisfy enum value set: [EC2, ELB]");
    assert_status(ASG_OK, read_aws("Name=%09%0A%0D%20"));
    assert_status(ASG_OK, read_aws("Name=%EF%BF%BD%EE%80%80%F0%90%80%80")); /* U+FFFD */
    assert_status(ASG_OK, read_aws("Name=%7F%C2%9B"));
    assert_status(ASG_ERR_DENIED, read_aws("Name=%EF%BF%BF"));
}

static void test_violations_that_do_not_fit_are_counted(void **state)
{
    (void)state;
    struct asg_query_fault fault = {.trouble = ASG_QUERY_FINE};
    for (int i = 0; i < 100; i++) {
        asg_query_blame_also(&fault, ASG_QUERY_MISSING, "Tags.member.1.Key", "", "");
    }
    char text[ASG_QUERY_MESSAGE_MAX];
    asg_query_fault_message(&fault, ASG_QUERY_WORDS_AWS, text, sizeof text);
    assert_memory_equal("100 validation errors detected: ", text, 32);
    assert_string_equal("must not be null", text + strlen(text) - 16);
}

static void test_long_values_are_cut_between_characters(void **state)
{
    (void)state;
    struct asg_bytes body = {0};
    asg_bytes_append_text(&body, "Name=");
    for (int i = 0; i < 60; i++) {
        asg_bytes_append_text(&body, "%C3%BC");
    }
    struct world world;
    assert_status(ASG_ERR_DENIED, read_body(&world, asg_bytes_text(&body)));
    asg_bytes_clear(&body);
    assert_int_equal(98, strlen(world.fault.value));
    asg_arena_clear(&world.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_is_read),
        cmocka_unit_test(test_an_empty_list_is_given_and_empty),
        cmocka_unit_test(test_limits_name_the_member),
        cmocka_unit_test(test_what_is_no_list_or_structure_is_refused),
        cmocka_unit_test(test_item_numbers_that_are_none_are_refused),
        cmocka_unit_test(test_unknown_parameters_are_refused_or_passed_over),
        cmocka_unit_test(test_ec2s_lists_have_no_member),
        cmocka_unit_test(test_faults_are_said_as_each_service_says_them),
        cmocka_unit_test(test_all_violations_are_named_when_that_is_asked),
        cmocka_unit_test(test_texts_hold_what_xml_can_carry),
        cmocka_unit_test(test_violations_that_do_not_fit_are_counted),
        cmocka_unit_test(test_long_values_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
