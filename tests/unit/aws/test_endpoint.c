#include "lib/check.h"

#include "aws/endpoint.h"

static int clean_environment(void **state)
{
    (void)state;
    (void)unsetenv("AWS_ENDPOINT_URL");
    (void)unsetenv("AWS_ENDPOINT_URL_EC2");
    (void)unsetenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    return 0;
}

static void resolved(const char *url, const char *region, const char *expected)
{
    struct asg_endpoint endpoint;
    struct asg_error error = {""};
    struct asg_endpoint_options options = {.url = url, .region = region};
    assert_status(ASG_OK, asg_endpoint_resolve(&options, &endpoint, &error));
    assert_string_equal(expected, endpoint.url);
    assert_string_equal(region, endpoint.region);
}

static void refused(const char *url, const char *region)
{
    struct asg_endpoint endpoint = {.source = "untouched"};
    struct asg_error error = {""};
    struct asg_endpoint_options options = {.url = url, .region = region};
    assert_status(ASG_ERR_INVALID, asg_endpoint_resolve(&options, &endpoint, &error));
    assert_true(strlen(error.text) > 0);
    assert_string_equal("untouched", endpoint.source);
}

static void test_each_partition_has_its_suffix(void **state)
{
    (void)state;
    resolved(NULL, "us-east-1", "https://ec2.us-east-1.amazonaws.com/");
    resolved("", "eu-central-1", "https://ec2.eu-central-1.amazonaws.com/");
    resolved(NULL, "us-gov-west-1", "https://ec2.us-gov-west-1.amazonaws.com/");
    resolved(NULL, "cn-north-1", "https://ec2.cn-north-1.amazonaws.com.cn/");
    resolved(NULL, "us-iso-east-1", "https://ec2.us-iso-east-1.c2s.ic.gov/");
    resolved(NULL, "us-isob-east-1", "https://ec2.us-isob-east-1.sc2s.sgov.gov/");
    resolved(NULL, "eusc-de-east-1", "https://ec2.eusc-de-east-1.amazonaws.eu/");
}

static void test_an_unknown_region_is_taken_as_aws_and_said(void **state)
{
    (void)state;
    struct asg_endpoint endpoint;
    struct asg_endpoint_options options = {.region = "moon-base-1"};
    assert_status(ASG_OK, asg_endpoint_resolve(&options, &endpoint, NULL));
    assert_string_equal("https://ec2.moon-base-1.amazonaws.com/", endpoint.url);
    assert_false(endpoint.is_known_region);
    options.region = "us-east-1";
    assert_status(ASG_OK, asg_endpoint_resolve(&options, &endpoint, NULL));
    assert_true(endpoint.is_known_region);
}

static void test_configuration_wins_then_the_service_then_the_common_variable(
    void **state)
{
    (void)state;
    (void)setenv("AWS_ENDPOINT_URL", "https://common.example", 1);
    resolved(NULL, "us-east-1", "https://common.example/");
    (void)setenv("AWS_ENDPOINT_URL_EC2", "https://ec2.example:8443", 1);
    resolved(NULL, "us-east-1", "https://ec2.example:8443/");
    resolved("https://own.example", "us-east-1", "https://own.example/");
    (void)setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    resolved(NULL, "us-east-1", "https://ec2.us-east-1.amazonaws.com/");
    resolved("https://own.example", "us-east-1", "https://own.example/");
}

static void test_host_and_path_are_as_they_must_be_signed(void **state)
{
    (void)state;
    const struct {
        const char *url;
        const char *host;
        const char *path;
        bool is_loopback;
    } cases[] = {
        {"http://127.0.0.1:4566", "127.0.0.1:4566", "/", true},
        {"http://127.9.9.9/ec2/", "127.9.9.9", "/ec2/", true},
        {"http://localhost:80", "localhost", "/", true},
        {"http://[::1]:8080/x", "[::1]:8080", "/x", true},
        {"https://a.example:443/", "a.example", "/", false},
        {"https://127.0.0.1.example:8443", "127.0.0.1.example:8443", "/", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asg_endpoint endpoint;
        struct asg_endpoint_options options = {.url = cases[i].url,
                                               .region = "us-east-1"};
        assert_status(ASG_OK, asg_endpoint_resolve(&options, &endpoint, NULL));
        assert_string_equal(cases[i].host, endpoint.host);
        assert_string_equal(cases[i].path, endpoint.path);
        assert_int_equal(cases[i].is_loopback, endpoint.is_loopback);
    }
}

static void test_plain_http_stays_on_this_host_unless_allowed(void **state)
{
    (void)state;
    refused("http://10.0.0.1", "us-east-1");
    refused("http://128.0.0.1", "us-east-1");
    refused("http://127.0.0.1.evil.example", "us-east-1");
    struct asg_endpoint endpoint;
    struct asg_endpoint_options options = {
        .url = "http://10.0.0.1", .region = "us-east-1", .allows_plain_http = true};
    assert_status(ASG_OK, asg_endpoint_resolve(&options, &endpoint, NULL));
}

static void test_odd_urls_and_regions_are_refused_with_words(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "ftp://a",         "a.example",        "https://",       "https://user@host",
        "https://h?q=1",   "https://h#f",      "https://h:0",    "https://h:65536",
        "https://h:12ab",  "https://h:",       "https://[::1",   "https://a b",
        "https://a\r\nX:", "https://\xc3\xa4", "https://h/a\\b", "https://:80"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        refused(urls[i], "us-east-1");
    }
    char *endless = malloc(4096);
    memset(endless, 'a', 4095);
    memcpy(endless, "https://", 8);
    endless[4095] = '\0';
    refused(endless, "us-east-1");
    free(endless);
    refused(NULL, NULL);
    refused(NULL, "");
    refused(NULL, "US-EAST-1");
    refused(NULL, "us/east");
    refused(NULL, "-us");
    refused(NULL, "a.b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_partition_has_its_suffix, clean_environment),
        cmocka_unit_test_setup(test_an_unknown_region_is_taken_as_aws_and_said,
                               clean_environment),
        cmocka_unit_test_setup(
            test_configuration_wins_then_the_service_then_the_common_variable,
            clean_environment),
        cmocka_unit_test_setup(test_host_and_path_are_as_they_must_be_signed,
                               clean_environment),
        cmocka_unit_test_setup(test_plain_http_stays_on_this_host_unless_allowed,
                               clean_environment),
        cmocka_unit_test_setup(test_odd_urls_and_regions_are_refused_with_words,
                               clean_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
