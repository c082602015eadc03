/* What a worker tells Prometheus of its calls. */
#include "integration/scripted_ec2.h"

#include <sys/wait.h>

#include "aws/ec2_actions.h"
#include "aws/ec2_meter.h"
#include "lib/http_get.h"
#include "worker/serve_http.h"

#define WAIT_MS 20000

static char page[1 << 17];

static void script(void *context, const struct scripted_request *request,
                   struct scripted_answer *ret)
{
    (void)context;
    switch (request->number) {
    case 1: scripted_error(ret, 503, "RequestLimitExceeded", "slower"); break;
    case 2:
        ret->body = strdup("<DescribeInstancesResponse><reservationSet/>"
                           "</DescribeInstancesResponse>");
        break;
    case 3: scripted_error(ret, 400, "Odd\"Code\\", "no"); break;
    default: ret->fault = SCRIPTED_CLOSE; break;
    }
}

static void count_done(void *context, const struct asg_ec2_outcome *outcome,
                       const void *reply)
{
    (void)outcome;
    (void)reply;
    ++*(int *)context;
}

static void describe(struct asg_ec2_client *client, int *done, int wanted)
{
    struct asg_bytes body = {0};
    asg_ec2_write_describe_instances(
        &(struct asg_ec2_describe_instances){.max_results = 5}, &body);
    asg_ec2_call(client, &asg_ec2_describe_instances_action, &body,
                 &(struct asg_ec2_call_options){.attempts_max = 2}, count_done, done);
    asg_bytes_clear(&body);
    struct asg_clock clock = asg_clock_real();
    int64_t until_ms = asg_clock_monotonic_ms(&clock) + WAIT_MS;
    while (*done < wanted && asg_clock_monotonic_ms(&clock) < until_ms) {
        assert_status(ASG_OK, asg_ec2_client_poll(client, NULL, 0, 1000));
    }
    assert_int_equal(wanted, *done);
}

static const char *fetch(const struct asg_worker_pages *pages, const char *target)
{
    unsigned port = 0;
    assert_int_equal(
        1, sscanf(asg_status_pages_url(pages->pages), "http://127.0.0.1:%u", &port));
    char request[256];
    (void)snprintf(request, sizeof request,
                   "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", target);
    assert_true(http_exchange(port, request, page, sizeof page) > 0);
    return page;
}

static void expect_line(const char *text, const char *line)
{
    if (strstr(text, line) == NULL) fail_msg("no line '%s' in:\n%s", line, text);
}

static void expect_promtool(const char *text)
{
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        print_message("promtool is not installed (Debian package prometheus)\n");
        return;
    }
    FILE *promtool = popen("promtool check metrics", "w");
    assert_non_null(promtool);
    assert_true(fputs(text, promtool) >= 0);
    int code = pclose(promtool);
    assert_true(WIFEXITED(code));
    assert_int_equal(0, WEXITSTATUS(code));
}

static void test_calls_attempts_throttles_and_codes_are_told(void **state)
{
    (void)state;
    struct scripted_ec2 server;
    scripted_start(&server, script, NULL);
    struct asg_ec2_client_options options = {
        .credentials = {.name = "test", .fetch = scripted_credentials},
        .clock = asg_clock_real(),
        .seed = 7,
    };
    struct asg_endpoint_options where = {.url = server.url, .region = "us-east-1"};
    struct asg_ec2_client *client = NULL;
    assert_status(ASG_OK, asg_endpoint_resolve(&where, &options.endpoint, NULL));
    assert_status(ASG_OK, asg_ec2_client_new(&options, &client, NULL));
    struct asg_worker_pages pages = {0};
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_worker_pages_open(&pages, "127.0.0.1:0", client, &error));

    int done = 0;
    describe(client, &done, 1); /* throttled once, then fine */
    describe(client, &done, 2); /* an error of a strange code */
    describe(client, &done, 3); /* no answer, twice */

    const char *body = strstr(fetch(&pages, "/metrics"), "\r\n\r\n");
    assert_non_null(body);
    body += 4;
    expect_line(body, "openasg_worker_ec2_calls_total{action=\"DescribeInstances\"} 3\n");
    expect_line(body,
                "openasg_worker_ec2_throttles_total{action=\"DescribeInstances\"} 1\n");
    expect_line(body, "openasg_worker_ec2_attempt_duration_seconds_count"
                      "{action=\"DescribeInstances\"} 5\n");
    expect_line(body,
                "openasg_worker_ec2_attempts_total{action=\"DescribeInstances\"} 5\n");
    expect_line(body, "openasg_worker_ec2_errors_total{action=\"DescribeInstances\","
                      "code=\"RequestLimitExceeded\",class=\"throttle\"} 1\n");
    expect_line(body, "code=\"Odd?Code?\",class=\"unlisted\"} 1\n");
    expect_line(body, "code=\"none\",class=\"transient\"} 2\n");
    expect_line(body, "openasg_worker_connected 0\n");
    expect_promtool(body);
    expect_line(fetch(&pages, "/healthz"), "HTTP/1.1 200");
    expect_line(fetch(&pages, "/readyz"), "HTTP/1.1 503");

    asg_worker_pages_clear(&pages);
    asg_ec2_client_destroy(&client);
    scripted_stop(&server);
}

static void test_nothing_listens_unless_told(void **state)
{
    (void)state;
    struct asg_worker_pages pages = {0};
    assert_status(ASG_OK, asg_worker_pages_open(&pages, "", NULL, NULL));
    assert_null(pages.pages);
    asg_worker_pages_clear(&pages);
    struct asg_error error = {""};
    assert_status(ASG_ERR_INVALID, asg_worker_pages_open(&pages, "here", NULL, &error));
    assert_non_null(strstr(error.text, "listen.http"));
}

/* More codes than there is room for: the rest is counted together. */
static void test_the_table_of_codes_is_bounded(void **state)
{
    (void)state;
    struct asg_ec2_meter *meter = test_calloc(1, sizeof *meter);
    size_t action = asg_ec2_meter_action(meter, "RunInstances");
    assert_int_equal(action, asg_ec2_meter_action(meter, "RunInstances"));
    for (int i = 0; i < 1000; i++) {
        char code[32];
        (void)snprintf(code, sizeof code, "Code%d", i);
        asg_ec2_meter_attempt(meter,
                              &(struct asg_ec2_metered){.action = action,
                                                        .class = ASG_ERROR_CLASS_UNLISTED,
                                                        .code = code});
    }
    struct asg_bytes text = {0};
    asg_ec2_meter_print(meter, ASG_METRIC_TEXT, &text);
    expect_line(asg_bytes_text(&text), "code=\"Code126\",class=\"unlisted\"} 1\n");
    expect_line(asg_bytes_text(&text),
                "action=\"other\",code=\"other\",class=\"other\"} 873\n");
    expect_promtool(asg_bytes_text(&text));
    asg_bytes_clear(&text);
    test_free(meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_attempts_throttles_and_codes_are_told),
        cmocka_unit_test(test_nothing_listens_unless_told),
        cmocka_unit_test(test_the_table_of_codes_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
