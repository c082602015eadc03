#include "rpc/library.h"
#include "rpc/code.h"

#include "lib/check.h"

static void test_target_becomes_a_numeric_uri(void **state)
{
    (void)state;
    char uri[ASG_RPC_URI_BYTES];
    assert_status(ASG_OK, asg_rpc_target_uri("127.0.0.1:80", uri));
    assert_string_equal("ipv4:127.0.0.1:80", uri);
    assert_status(ASG_OK, asg_rpc_target_uri("[::1]:65535", uri));
    assert_string_equal("ipv6:[::1]:65535", uri);
}

static void test_target_that_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "localhost:80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "1.2.3:80",
        "127.0.0.1:8a",
        "::1:80",
        "[::1]",
        "[]:80",
        "[::1:80",
        ":80",
        "unix:/tmp/x:1",
        "127.0.0.1:-1",
        "127.0.0.1: 80",
        "[zz]:80",
        "127.0.0.1:000080",
        "1111111111111111111111111111111111111111111111111111111111111111111111111.1:80",
    };
    char uri[ASG_RPC_URI_BYTES];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_status(ASG_ERR_INVALID, asg_rpc_target_uri(wrong[i], uri));
    }
    assert_status(ASG_ERR_INVALID, asg_rpc_target_uri(NULL, uri));
}

static void test_codes_have_their_names(void **state)
{
    (void)state;
    assert_string_equal("OK", asg_rpc_code_name(ASG_RPC_OK));
    assert_string_equal("UNAUTHENTICATED", asg_rpc_code_name(ASG_RPC_UNAUTHENTICATED));
    assert_string_equal("UNKNOWN", asg_rpc_code_name((enum asg_rpc_code)99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target_becomes_a_numeric_uri),
        cmocka_unit_test(test_target_that_is_no_address_is_refused),
        cmocka_unit_test(test_codes_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
