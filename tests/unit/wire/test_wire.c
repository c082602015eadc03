/* test_wire - the edges of the codec that random structs do not reach. */
#include "lib/check.h"
#include "wire/wire.h"

static void test_a_reader_skips_fields_it_does_not_know(void **state)
{
    (void)state;
    /* subnet: ["k", "v", {1: [nil, 2.5]}]: one more field than the table has */
    static const uint8_t data[] = {0x93, 0xa1, 'k',  0xa1, 'v', 0x81, 0x01, 0x92, 0xc0,
                                   0xcb, 0x40, 0x04, 0,    0,   0,    0,    0,    0};
    struct asg_arena arena = {0};
    struct asg_subnet subnet;
    assert_status(
        ASG_OK, asg_wire_decode(&asg_subnet_schema, data, sizeof data, &arena, &subnet));
    assert_string_equal("v", subnet.zone);
    asg_arena_clear(&arena);
}

static void test_a_reader_fills_fields_that_were_not_sent(void **state)
{
    (void)state;
    static const uint8_t data[] = {0x91, 0xa1, 'k'};
    struct asg_arena arena = {0};
    struct asg_tag tag;
    assert_status(ASG_OK,
                  asg_wire_decode(&asg_tag_schema, data, sizeof data, &arena, &tag));
    assert_string_equal("k", tag.key);
    assert_string_equal("", tag.value);
    asg_arena_clear(&arena);
}

static void test_a_report_is_read_alike_by_both_decoders(void **state)
{
    (void)state;
    struct asg_report report = {.boot_id = UINT64_MAX,
                                .sequence = 7,
                                .time_ms = -5,
                                .interval_ms = 1000,
                                .cpu_milli = 82500,
                                .disk_write_bytes = 1ull << 40};
    struct asg_bytes bytes = {0};
    asg_wire_encode_report(&report, &bytes);
    struct asg_report by_hand;
    struct asg_report by_table;
    struct asg_arena arena = {0};
    assert_status(ASG_OK, asg_wire_decode_report(bytes.data, bytes.length, &by_hand));
    assert_status(ASG_OK, asg_wire_decode_message(bytes.data, bytes.length,
                                                  ASG_MESSAGE_REPORT, &arena, &by_table));
    assert_memory_equal(&by_hand, &by_table, sizeof by_hand);
    assert_memory_equal(&by_hand, &report, sizeof by_hand);
    asg_bytes_clear(&bytes);
    asg_arena_clear(&arena);
}

static void test_another_version_is_told_apart_from_garbage(void **state)
{
    (void)state;
    static const uint8_t newer[] = {0x93, 0x02, 0x09, 0x90};
    static const uint8_t garbage[] = {'G', 'E', 'T', ' ', '/'};
    enum asg_message_type type;
    assert_status(ASG_ERR_VERSION, asg_wire_message_type(newer, sizeof newer, &type));
    assert_status(ASG_ERR_MALFORMED,
                  asg_wire_message_type(garbage, sizeof garbage, &type));
    assert_status(ASG_ERR_MALFORMED, asg_wire_message_type(garbage, 0, &type));
}

static void refuse(const uint8_t *data, size_t length)
{
    struct asg_arena arena = {0};
    union {
        struct asg_hello hello;
        struct asg_tag tag;
    } any;
    assert_status(ASG_ERR_MALFORMED,
                  asg_wire_decode(&asg_hello_schema, data, length, &arena, &any.hello));
    assert_status(ASG_ERR_MALFORMED,
                  asg_wire_decode(&asg_tag_schema, data, length, &arena, &any.tag));
    assert_true(asg_arena_used(&arena) < 65536);
    asg_arena_clear(&arena);
}

static void test_a_claimed_length_is_checked_before_memory_is_taken(void **state)
{
    (void)state;
    static const uint8_t long_text[] = {0x91, 0xdb, 0xff, 0xff, 0xff, 0xff, 'x'};
    static const uint8_t long_array[] = {0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0};
    static const uint8_t zero_in_text[] = {0x91, 0xa2, 'a', 0};
    static const uint8_t bad_utf8[] = {0x91, 0xa2, 0xc3, 0x28};
    static const uint8_t overlong[] = {0x91, 0xa2, 0xc0, 0x80};
    refuse(long_text, sizeof long_text);
    refuse(long_array, sizeof long_array);
    refuse(zero_in_text, sizeof zero_in_text);
    refuse(bad_utf8, sizeof bad_utf8);
    refuse(overlong, sizeof overlong);
}

static void test_a_nest_of_arrays_ends_at_the_depth_limit(void **state)
{
    (void)state;
    static uint8_t nest[100000];
    memset(nest, 0x91, sizeof nest);
    nest[0] = 0x93; /* the third field is unknown to `tag`, so it is skipped */
    nest[1] = 0xa0;
    nest[2] = 0xa0;
    refuse(nest, sizeof nest);
}

/* An empty struct is one byte on the wire and hundreds in memory. */
static void test_a_message_makes_no_more_structs_than_its_limit(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    size_t count = 150000;
    struct asg_apply_group groups[8];
    struct asg_policy_config *policies = asg_arena_take(&arena, count * sizeof *policies);
    for (size_t i = 0; i < 8; i++) {
        groups[i] = (struct asg_apply_group){
            .name = "", .policies = policies, .policy_count = count};
    }
    struct asg_apply apply = {.groups = groups, .group_count = 1};
    const struct asg_command command = {.kind = ASG_COMMAND_APPLY, .apply = &apply};
    const struct asg_request request = {.command = &command};
    struct asg_bytes frame = {0};
    struct asg_request read;
    struct asg_arena mine = {0};
    asg_wire_encode_message(ASG_MESSAGE_REQUEST, &request, &frame);
    assert_status(ASG_OK, asg_wire_decode_message(frame.data, frame.length,
                                                  ASG_MESSAGE_REQUEST, &mine, &read));
    assert_int_equal(count, read.command->apply->groups[0].policy_count);
    asg_arena_clear(&mine);
    apply.group_count = 8;
    asg_bytes_clear(&frame);
    asg_wire_encode_message(ASG_MESSAGE_REQUEST, &request, &frame);
    assert_true(frame.length < ASG_ADMIN_FRAME_MAX);
    assert_true(8 * count * sizeof *policies > ASG_WIRE_DECODED_MAX);
    assert_status(ASG_ERR_MALFORMED,
                  asg_wire_decode_message(frame.data, frame.length, ASG_MESSAGE_REQUEST,
                                          &mine, &read));
    assert_true(asg_arena_used(&mine) <= ASG_WIRE_DECODED_MAX + 1048576);
    asg_arena_clear(&mine);
    asg_bytes_clear(&frame);
    asg_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reader_skips_fields_it_does_not_know),
        cmocka_unit_test(test_a_reader_fills_fields_that_were_not_sent),
        cmocka_unit_test(test_a_report_is_read_alike_by_both_decoders),
        cmocka_unit_test(test_another_version_is_told_apart_from_garbage),
        cmocka_unit_test(test_a_claimed_length_is_checked_before_memory_is_taken),
        cmocka_unit_test(test_a_nest_of_arrays_ends_at_the_depth_limit),
        cmocka_unit_test(test_a_message_makes_no_more_structs_than_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
