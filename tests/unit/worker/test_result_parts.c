/* A result with more instances than a frame takes goes in parts, whole or again. */
#include "integration/scripted_ec2.h"

struct cloud {
    int listings;
};

#define CLOUD                                                                            \
    {                                                                                    \
        .listings = 0                                                                    \
    }
#define RESULT_INSTANCES 2
#define HEARTBEAT_MS     600000

#include "unit/worker/worker_world.h"

static void clear_cloud(struct cloud *cloud)
{
    (void)cloud;
}

/* Five instances; none is impaired. */
static void play(void *context, const struct scripted_request *request,
                 struct scripted_answer *ret)
{
    struct cloud *cloud = &((struct setup *)context)->cloud;
    if (strcmp(request->action, "DescribeInstances") != 0) {
        ret->body = strdup("<DescribeInstanceStatusResponse/>");
        return;
    }
    cloud->listings++;
    struct asg_bytes out = {0};
    asg_bytes_append_text(&out, "<DescribeInstancesResponse><reservationSet><item>"
                                "<instancesSet>");
    for (int i = 0; i < 5; i++) {
        asg_bytes_printf(&out,
                         "<item><instanceId>i-%d</instanceId><instanceState><name>"
                         "running</name></instanceState></item>",
                         i);
    }
    asg_bytes_append_text(&out, "</instancesSet></item></reservationSet>"
                                "</DescribeInstancesResponse>");
    ret->body = strdup(asg_bytes_text(&out));
    asg_bytes_clear(&out);
}

static void list(struct setup *setup, uint64_t id)
{
    const struct asg_job job = {.id = id, .attempt = 1, .kind = ASG_JOB_DESCRIBE};
    give(setup, &job, "");
}

/* The `nth` part that was said (from 0) is number `number` and begins with that one. */
static void expect_part(struct setup *setup, size_t nth, uint32_t number,
                        const char *first_id, size_t count)
{
    for (size_t i = 0; i < setup->said_count; i++) {
        const struct said *said = &setup->said[i];
        if (said->type != ASG_MESSAGE_RESULT_PART || nth-- > 0) continue;
        struct asg_result_part part = {0};
        assert_status(ASG_OK, asg_wire_decode_message(said->data, said->length,
                                                      said->type, &setup->arena, &part));
        assert_int_equal(number, part.number);
        assert_int_equal(number == 2, part.is_last);
        assert_int_equal(11, part.message.lease_id);
        assert_int_equal(number == 2 ? 2 : 0, part.message.rate_count);
        assert_int_equal(count, part.message.result->instance_count);
        assert_string_equal(first_id, part.message.result->instances[0].instance_id);
        expect_outcome(ASG_OUTCOME_OK, part.message.result);
        return;
    }
    fail_msg("part %u was not said", number);
}

static void test_a_large_result_goes_in_parts(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    list(&setup, 7);
    wait_for(&setup, ASG_MESSAGE_RESULT_PART, 3);
    expect_part(&setup, 0, 0, "i-0", 2);
    expect_part(&setup, 1, 1, "i-2", 2);
    expect_part(&setup, 2, 2, "i-4", 1);
    assert_int_equal(0, count_said(&setup, ASG_MESSAGE_RESULT));
    tell(&setup, ASG_MESSAGE_ACK, &(struct asg_ack){.job_id = 7, .attempt = 1});
    assert_true(asg_worker_is_idle(setup.worker));
    close_setup(&setup);
}

static void test_what_did_not_leave_whole_is_said_from_the_beginning(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.room = 2;
    list(&setup, 7);
    wait_for(&setup, ASG_MESSAGE_RESULT_PART, 2);
    assert_true(setup.is_cut);
    setup.is_cut = false;
    wait_for(&setup, ASG_MESSAGE_RESULT_PART, 5);
    expect_part(&setup, 1, 1, "i-2", 2);
    expect_part(&setup, 2, 0, "i-0", 2);
    expect_part(&setup, 3, 1, "i-2", 2);
    expect_part(&setup, 4, 2, "i-4", 1);
    assert_int_equal(1, setup.cloud.listings); /* EC2 is not asked again */
    close_setup(&setup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_large_result_goes_in_parts),
        cmocka_unit_test(test_what_did_not_leave_whole_is_said_from_the_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
