/* Which launch or instance a token is of. */
#include "controller/join_token.h"

#include "lib/check.h"

static void test_join_token_is_of_one_launch_or_instance(void **state)
{
    (void)state;
    static const uint8_t secret[32] = {1, 2, 3};
    static const uint8_t other[32] = {4};
    char tokens[6][ASG_JOIN_TOKEN_SIZE];
    asg_join_token(secret, 70, 7, 1, tokens[0]);
    asg_join_token(secret, 69, 7, 1, tokens[1]); /* of a log that is lost */
    asg_join_token(secret, 70, 8, 1, tokens[2]);
    asg_join_token(secret, 70, 7, 2, tokens[3]);
    asg_instance_token(secret, "i-0a", tokens[4]);
    asg_instance_token(other, "i-0a", tokens[5]);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(64, strlen(tokens[i]));
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(tokens[i], tokens[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join_token_is_of_one_launch_or_instance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
