/* An answer that comes again is not read again, and nothing else is taken for it. */
#include "lib/check.h"

#include <stdio.h>

#include "aws/ec2_actions.h"
#include "aws/ec2_kept.h"
#include "aws/ec2_reply.h"

static struct asg_arena arena;
static struct asg_ec2_kept kept;
static struct asg_ec2_reply reply;
static struct asg_bytes questions[2 * ASG_EC2_KEPT];

static int begin(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        asg_bytes_printf(&questions[i], "Action=DescribeInstances&n=%zu", i);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    asg_ec2_reply_clear(&reply);
    asg_ec2_kept_clear(&kept);
    asg_arena_clear(&arena);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        asg_bytes_clear(&questions[i]);
    }
    return 0;
}

static const char *answer_of(const char *request_id, const char *instance_id)
{
    static char text[1024];
    (void)snprintf(text, sizeof text,
                   "<DescribeInstancesResponse xmlns=\"x\"><requestId>%s</requestId>"
                   "<reservationSet><item><instancesSet><item><instanceId>%s</instanceId>"
                   "<clientToken>%s</clientToken></item></instancesSet></item>"
                   "</reservationSet></DescribeInstancesResponse>",
                   request_id, instance_id, request_id);
    return text;
}

/* The same without a word of the request id elsewhere. */
static const char *plain_answer_of(const char *request_id, const char *instance_id)
{
    static char text[1024];
    (void)snprintf(text, sizeof text,
                   "<DescribeInstancesResponse><requestId>%s</requestId><reservationSet>"
                   "<item><instancesSet><item><instanceId>%s</instanceId></item>"
                   "</instancesSet></item></reservationSet></DescribeInstancesResponse>",
                   request_id, instance_id);
    return text;
}

/* Read an answer in pieces of `step` bytes. */
static enum asg_status read_in(size_t question, const char *text, size_t step)
{
    asg_arena_reset(&arena);
    asg_ec2_reply_begin(&reply, &asg_ec2_describe_instances_action, &arena);
    asg_ec2_reply_compare(&reply, &kept, &questions[question]);
    enum asg_status status = ASG_OK;
    size_t length = strlen(text);
    for (size_t at = 0; status == ASG_OK && at < length; at += step) {
        size_t part = length - at < step ? length - at : step;
        status = asg_ec2_reply_feed(&reply, text + at, part, false);
    }
    return status == ASG_OK ? asg_ec2_reply_feed(&reply, "", 0, true) : status;
}

static const struct asg_ec2_instances *expect(size_t question, const char *text,
                                              const char *request_id,
                                              const char *instance_id)
{
    assert_status(ASG_OK, read_in(question, text, 7));
    assert_true(reply.is_expected_root);
    assert_string_equal(request_id, reply.request_id);
    const struct asg_ec2_instances *instances = reply.value;
    assert_int_equal(1, instances->count);
    assert_string_equal(instance_id, instances->instances[0].instance_id);
    return instances;
}

static void test_an_answer_that_comes_again_is_given_out_again(void **state)
{
    (void)state;
    const void *first = expect(0, plain_answer_of("r-1", "i-1"), "r-1", "i-1");
    assert_ptr_equal(first, expect(0, plain_answer_of("r-1", "i-1"), "r-1", "i-1"));
    /* EC2 gives each answer an id of its own. */
    assert_ptr_equal(first, expect(0, plain_answer_of("r-2", "i-1"), "r-2", "i-1"));
    assert_ptr_equal(first, expect(0, plain_answer_of("r-1", "i-1"), "r-1", "i-1"));
}

static void test_an_answer_that_differs_is_read(void **state)
{
    (void)state;
    const void *first = expect(0, plain_answer_of("r-1", "i-1"), "r-1", "i-1");
    assert_ptr_not_equal(first, expect(0, plain_answer_of("r-1", "i-2"), "r-1", "i-2"));
    (void)expect(0, plain_answer_of("r-1", "i-1"), "r-1", "i-1");
    (void)expect(0, plain_answer_of("r-10", "i-1"), "r-10", "i-1");
    (void)expect(0, plain_answer_of("", "i-1"), "", "i-1");
    (void)expect(0, plain_answer_of("r-1", "i-1"), "r-1", "i-1");
    /* What says the id as well is not part of it. */
    const struct asg_ec2_instances *seen = expect(0, answer_of("a", "i-1"), "a", "i-1");
    assert_string_equal("a", seen->instances[0].client_token);
    seen = expect(0, answer_of("b", "i-1"), "b", "i-1");
    assert_string_equal("b", seen->instances[0].client_token);
}

static void test_every_byte_but_of_the_id_counts(void **state)
{
    (void)state;
    static const char whole[] =
        "<DescribeInstancesResponse><requestId>r-1</requestId><reservationSet><item>"
        "<instancesSet><item><instanceId>i-1</instanceId></item></instancesSet></item>"
        "</reservationSet></DescribeInstancesResponse>";
    const size_t id_at = (size_t)(strstr(whole, "r-1") - whole);
    struct asg_bytes body = {0};
    for (size_t i = 0; i < sizeof whole - 1; i++) {
        asg_bytes_reset(&body);
        asg_bytes_append(&body, whole, sizeof whole - 1);
        asg_ec2_kept_put(&kept, &questions[0], &body, "r-1", &arena, &arena);
        asg_bytes_reset(&body);
        asg_bytes_append(&body, whole, sizeof whole - 1);
        assert_non_null(asg_ec2_kept_find(&kept, &questions[0], &body));
        body.data[i] = body.data[i] == 'x' ? 'y' : 'x';
        bool is_of_id = i >= id_at && i < id_at + 3;
        assert_int_equal(is_of_id,
                         asg_ec2_kept_find(&kept, &questions[0], &body) != NULL);
        body.data[i] = '<'; /* also not there, where it would change what follows */
        assert_int_equal(whole[i] == '<',
                         asg_ec2_kept_find(&kept, &questions[0], &body) != NULL);
        body.length--;
        assert_null(asg_ec2_kept_find(&kept, &questions[0], &body));
    }
    asg_bytes_clear(&body);
}

static void test_each_question_has_its_own_answer(void **state)
{
    (void)state;
    const void *values[ASG_EC2_KEPT];
    for (size_t i = 0; i < ASG_EC2_KEPT; i++) {
        values[i] = expect(i, plain_answer_of("r", "i-1"), "r", "i-1");
    }
    for (size_t i = 0; i < ASG_EC2_KEPT; i++) {
        assert_ptr_equal(values[i], expect(i, plain_answer_of("r", "i-1"), "r", "i-1"));
        for (size_t j = 0; j < i; j++) {
            assert_ptr_not_equal(values[i], values[j]);
        }
    }
    /* One more takes the place of what was not asked for longest: the second. */
    (void)expect(0, plain_answer_of("r", "i-1"), "r", "i-1");
    (void)expect(ASG_EC2_KEPT, plain_answer_of("r", "i-1"), "r", "i-1");
    assert_ptr_equal(values[0], expect(0, plain_answer_of("r", "i-1"), "r", "i-1"));
    struct asg_bytes body = {0};
    asg_bytes_append_text(&body, plain_answer_of("r", "i-1"));
    assert_null(asg_ec2_kept_find(&kept, &questions[1], &body));
    assert_non_null(asg_ec2_kept_find(&kept, &questions[2], &body));
    asg_bytes_clear(&body);
}

static void test_what_failed_is_not_kept(void **state)
{
    (void)state;
    static const char *const refused =
        "<Response><Errors><Error><Code>Busy</Code><Message>m</Message></Error></Errors>"
        "<RequestID>r</RequestID></Response>";
    for (int i = 0; i < 2; i++) {
        assert_status(ASG_OK, read_in(0, refused, 9));
        assert_true(reply.is_error);
        assert_string_equal("Busy", reply.code);
        assert_status(ASG_ERR_MALFORMED, read_in(0, "<DescribeInstancesResponse>", 9));
        assert_status(ASG_ERR_MALFORMED, read_in(0, "", 9));
        assert_status(ASG_ERR_MALFORMED, read_in(0, "<Other/>", 9));
    }
    (void)expect(0, plain_answer_of("r", "i-1"), "r", "i-1");
    assert_status(ASG_OK, read_in(0, refused, 9));
    assert_true(reply.is_error);
    assert_false(reply.is_expected_root);
}

static void test_a_large_answer_is_read_as_it_comes(void **state)
{
    (void)state;
    struct asg_bytes text = {0};
    asg_bytes_append_text(&text, "<DescribeInstancesResponse><reservationSet>");
    size_t count = 0;
    while (text.length <= ASG_EC2_KEPT_MAX) {
        asg_bytes_printf(&text,
                         "<item><instancesSet><item><instanceId>i-%zu</instanceId></item>"
                         "</instancesSet></item>",
                         count++);
    }
    asg_bytes_append_text(&text, "</reservationSet></DescribeInstancesResponse>");
    for (int i = 0; i < 2; i++) {
        assert_status(ASG_OK, read_in(0, asg_bytes_text(&text), 16000));
        const struct asg_ec2_instances *seen = reply.value;
        assert_int_equal(count, seen->count);
        assert_string_equal("i-0", seen->instances[0].instance_id);
        assert_null(asg_ec2_kept_find(&kept, &questions[0], &text));
    }
    asg_bytes_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_an_answer_that_comes_again_is_given_out_again, begin, end),
        cmocka_unit_test_setup_teardown(test_an_answer_that_differs_is_read, begin, end),
        cmocka_unit_test_setup_teardown(test_every_byte_but_of_the_id_counts, begin, end),
        cmocka_unit_test_setup_teardown(test_each_question_has_its_own_answer, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_what_failed_is_not_kept, begin, end),
        cmocka_unit_test_setup_teardown(test_a_large_answer_is_read_as_it_comes, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
