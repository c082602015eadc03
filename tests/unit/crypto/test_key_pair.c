/* Key pairs: what is made can be read, and public keys that are none are refused. */
#include "lib/check.h"

#include "crypto/key_pair.h"

#define ED25519                                                                          \
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f "  \
    "me"

static void test_both_kinds_are_made(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct asg_bytes pem = {0};
        char fingerprint[ASG_FINGERPRINT_SIZE] = "";
        asg_key_pair_make(i == 1, &pem, fingerprint);
        assert_ptr_equal(asg_bytes_text(&pem),
                         strstr(asg_bytes_text(&pem), "-----BEGIN PRIVATE KEY-----\n"));
        assert_int_equal(i == 1 ? 44 : 59, strlen(fingerprint));
        asg_bytes_clear(&pem);
    }
}

static void test_a_public_key_has_its_fingerprint(void **state)
{
    (void)state;
    const char *type = NULL;
    char fingerprint[ASG_FINGERPRINT_SIZE] = "";
    assert_status(ASG_OK, asg_key_pair_fingerprint(ED25519, &type, fingerprint));
    assert_string_equal("ed25519", type);
    assert_string_equal("ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA=", fingerprint);
}

static void test_public_keys_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "ssh-rsa",
        "ssh-rsa ",
        "ssh-rsa !!!!",
        "ssh-rsa AAAA",
        "ssh-rsa AAAAB3NzaC1yc2E=",             /* a name and no numbers */
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAA", /* cut in a length */
        "ssh-rsa /////w==",                     /* a length beyond the end */
        "ssh-dss AAAAB3NzaC1kc3MAAAABAQAAAAEB",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAQE=", /* too short a key */
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *type = "untouched";
        char fingerprint[ASG_FINGERPRINT_SIZE] = "";
        assert_status(ASG_ERR_MALFORMED,
                      asg_key_pair_fingerprint(texts[i], &type, fingerprint));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_kinds_are_made),
        cmocka_unit_test(test_a_public_key_has_its_fingerprint),
        cmocka_unit_test(test_public_keys_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
