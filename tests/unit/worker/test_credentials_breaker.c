/* A worker whose credentials AWS refuses takes no jobs, tries with one, and goes on. */
#include "integration/scripted_ec2.h"

struct cloud {
    const char *refusal; /* EC2's code; NULL: it answers */
};

#define CLOUD                                                                            \
    {                                                                                    \
        .refusal = "AuthFailure"                                                         \
    }
#define HEARTBEAT_MS 400

#include "lib/http_get.h"
#include "unit/worker/worker_world.h"
#include "worker/serve_http.h"

static void clear_cloud(struct cloud *cloud)
{
    (void)cloud;
}

static void play(void *context, const struct scripted_request *request,
                 struct scripted_answer *ret)
{
    const struct cloud *cloud = &((struct setup *)context)->cloud;
    if (cloud->refusal != NULL) {
        scripted_error(ret, 401, cloud->refusal, "AWS was not able to validate them");
        return;
    }
    assert_string_equal("DescribeLaunchTemplateVersions", request->action);
    ret->body =
        strdup("<DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet>"
               "<item><launchTemplateId>lt-1</launchTemplateId><versionNumber>1"
               "</versionNumber></item></launchTemplateVersionSet>"
               "</DescribeLaunchTemplateVersionsResponse>");
}

static void ask(struct setup *setup, uint64_t id)
{
    const struct asg_job job = {.id = id,
                                .attempt = 1,
                                .kind = ASG_JOB_RESOLVE_TEMPLATE,
                                .template_id = "lt-1",
                                .template_version = "1"};
    give(setup, &job, "");
}

static uint32_t last_credits(struct setup *setup)
{
    struct asg_heartbeat heartbeat = {0};
    last_said(setup, ASG_MESSAGE_HEARTBEAT, &heartbeat);
    return heartbeat.credits;
}

/* The worker's heartbeats until one offers so many places. */
static void wait_for_credits(struct setup *setup, uint32_t credits)
{
    do {
        wait_for(setup, ASG_MESSAGE_HEARTBEAT,
                 count_said(setup, ASG_MESSAGE_HEARTBEAT) + 1);
    } while (last_credits(setup) != credits);
}

static void acknowledge(struct setup *setup, uint64_t id)
{
    tell(setup, ASG_MESSAGE_ACK, &(struct asg_ack){.job_id = id, .attempt = 1});
}

static void test_refused_credentials_leave_the_jobs_to_others(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    ask(&setup, 1);
    const struct asg_result *result = wait_for_result(&setup, 1);
    expect_outcome(ASG_OUTCOME_CREDENTIALS, result);
    assert_string_equal("AuthFailure", result->error_code);
    assert_int_equal(0, last_credits(&setup));
    int requests = setup.server.requests;
    ask(&setup, 2); /* it was on its way already */
    assert_int_equal(1, count_said(&setup, ASG_MESSAGE_HAND_BACK));
    assert_int_equal(requests, setup.server.requests);
    acknowledge(&setup, 1);

    /* One job to try with; refused again, the pause is longer. */
    wait_for_credits(&setup, 1);
    ask(&setup, 3);
    expect_outcome(ASG_OUTCOME_CREDENTIALS, wait_for_result(&setup, 3));
    assert_int_equal(0, last_credits(&setup));
    acknowledge(&setup, 3);

    setup.cloud.refusal = NULL;
    wait_for_credits(&setup, 1);
    ask(&setup, 4);
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 4));
    acknowledge(&setup, 4);
    wait_for_credits(&setup, 4);
    close_setup(&setup);
}

/* What a load balancer and Prometheus are told of it now. */
static void expect_pages(struct setup *setup, struct asg_worker_pages *pages,
                         const char *status_line, const char *gauge)
{
    static char page[1 << 17];
    unsigned port = 0;
    asg_worker_pages_update(pages, setup->worker);
    assert_int_equal(
        1, sscanf(asg_status_pages_url(pages->pages), "http://127.0.0.1:%u", &port));
    assert_true(http_exchange(port,
                              "GET /readyz HTTP/1.1\r\nHost: x\r\n"
                              "Connection: close\r\n\r\n",
                              page, sizeof page) > 0);
    if (strstr(page, status_line) != page) fail_msg("not %s:\n%s", status_line, page);
    assert_true(http_exchange(port,
                              "GET /metrics HTTP/1.1\r\nHost: x\r\n"
                              "Connection: close\r\n\r\n",
                              page, sizeof page) > 0);
    if (strstr(page, gauge) == NULL) fail_msg("no '%s' in:\n%s", gauge, page);
}

static void test_readyz_and_the_gauge_tell_of_refused_credentials(void **state)
{
    (void)state;
    const char *const is_refused = "\nopenasg_worker_credentials_refused 1\n";
    const char *const is_fine = "\nopenasg_worker_credentials_refused 0\n";
    struct setup setup;
    open_setup(&setup);
    struct asg_worker_pages pages = {0};
    struct asg_error error = {""};
    assert_status(ASG_OK,
                  asg_worker_pages_open(&pages, "127.0.0.1:0", setup.ec2, &error));
    expect_pages(&setup, &pages, "HTTP/1.1 200", is_fine);

    ask(&setup, 1);
    expect_outcome(ASG_OUTCOME_CREDENTIALS, wait_for_result(&setup, 1));
    acknowledge(&setup, 1);
    expect_pages(&setup, &pages, "HTTP/1.1 503", is_refused);
    /* The pause is over and one job may try: nothing is known to be better yet. */
    wait_for_credits(&setup, 1);
    expect_pages(&setup, &pages, "HTTP/1.1 503", is_refused);

    setup.cloud.refusal = NULL;
    ask(&setup, 2);
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 2));
    expect_pages(&setup, &pages, "HTTP/1.1 200", is_fine);
    asg_worker_pages_clear(&pages);
    close_setup(&setup);
}

static void test_other_refusals_are_no_matter_of_credentials(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.refusal = "UnauthorizedOperation";
    ask(&setup, 1);
    expect_outcome(ASG_OUTCOME_PERMISSION, wait_for_result(&setup, 1));
    setup.cloud.refusal = NULL;
    ask(&setup, 2);
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 2));
    assert_int_equal(0, count_said(&setup, ASG_MESSAGE_HAND_BACK));
    close_setup(&setup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_credentials_leave_the_jobs_to_others),
        cmocka_unit_test(test_readyz_and_the_gauge_tell_of_refused_credentials),
        cmocka_unit_test(test_other_refusals_are_no_matter_of_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
