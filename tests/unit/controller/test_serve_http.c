/* /healthz, /readyz, /metrics; the latter as Prometheus wants it. */
#include "lib/check.h"

#include <stdio.h>
#include <sys/wait.h>

#include "controller/metrics.h"
#include "controller/serve_http.h"
#include "lib/http_get.h"
#include "model/enums.h"

static atomic_bool is_leading;
static struct asg_scraped scraped = {.is_leading = &is_leading};
static struct asg_status_pages *http;
static char answer[1 << 17];

static int set_up(void **state)
{
    (void)state;
    struct asg_error error = {""};
    atomic_store(&is_leading, false);
    return asg_serve_http_new("127.0.0.1:0", &scraped, &http, &error) != ASG_OK;
}

static int tear_down(void **state)
{
    (void)state;
    asg_status_pages_destroy(&http);
    return 0;
}

static const char *ask(const char *method, const char *target)
{
    unsigned port = 0;
    assert_int_equal(1, sscanf(asg_status_pages_url(http), "http://127.0.0.1:%u", &port));
    char request[256];
    (void)snprintf(request, sizeof request,
                   "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method,
                   target);
    assert_true(http_exchange(port, request, answer, sizeof answer) > 0);
    return answer;
}

static void test_http_is_healthy_also_when_it_does_not_lead(void **state)
{
    (void)state;
    assert_non_null(strstr(ask("GET", "/healthz"), "HTTP/1.1 200"));
    assert_non_null(strstr(ask("GET", "/readyz"), "HTTP/1.1 503"));
    atomic_store(&is_leading, true);
    assert_non_null(strstr(ask("GET", "/readyz"), "HTTP/1.1 200"));
}

static void test_http_refuses_what_it_does_not_serve(void **state)
{
    (void)state;
    assert_non_null(strstr(ask("GET", "/"), "HTTP/1.1 404"));
    assert_non_null(strstr(ask("GET", "/metrics/x"), "HTTP/1.1 404"));
    assert_non_null(strstr(ask("DELETE", "/metrics"), "HTTP/1.1 405"));
}

static void test_http_prints_metrics_that_promtool_accepts(void **state)
{
    (void)state;
    asg_count(ASG_COUNT_REPORTS, 5);
    asg_metric_observe_us(&asg_controller_metrics[ASG_COUNT_COMMIT_SECONDS], 700);
    const char *text = ask("GET", "/metrics");
    assert_non_null(strstr(text, "openasg_reports_total 5\n"));
    assert_non_null(strstr(text, "openasg_commit_duration_seconds_count 1\n"));
    for (int kind = 0; kind < ASG_ALARM_COUNT; kind++) {
        char row[96];
        (void)snprintf(row, sizeof row, "openasg_alarms{kind=\"%s\"} %d\n",
                       asg_enum_word(&asg_alarm_kind_words, kind), kind);
        asg_gauge((enum asg_controller_metric)(ASG_COUNT_ALARMS_MASS_SILENCE + kind),
                  kind);
        if (strstr(ask("GET", "/metrics"), row) == NULL) fail_msg("no %s", row);
    }
    text = ask("GET", "/metrics");
    const char *body = strstr(text, "\r\n\r\n");
    assert_non_null(body);
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        print_message("promtool is not installed (Debian package prometheus)\n");
        skip();
    }
    FILE *promtool = popen("promtool check metrics", "w");
    assert_non_null(promtool);
    assert_true(fputs(body + 4, promtool) >= 0);
    int code = pclose(promtool);
    assert_true(WIFEXITED(code));
    assert_int_equal(0, WEXITSTATUS(code));
}

static void test_http_says_which_address_is_none(void **state)
{
    (void)state;
    const char *const wrong[] = {"nonsense", "127.0.0.1", "127.0.0.1:99999", ":80"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct asg_status_pages *other = NULL;
        struct asg_error error = {""};
        assert_status(ASG_ERR_INVALID,
                      asg_serve_http_new(wrong[i], &scraped, &other, &error));
        assert_null(other);
        assert_non_null(strstr(error.text, "listen.http"));
    }
    struct asg_status_pages *none = NULL;
    assert_status(ASG_OK, asg_serve_http_new("", &scraped, &none, NULL));
    assert_string_equal("", asg_status_pages_url(none));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_http_is_healthy_also_when_it_does_not_lead),
        TEST(test_http_refuses_what_it_does_not_serve),
        TEST(test_http_prints_metrics_that_promtool_accepts),
        TEST(test_http_says_which_address_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
