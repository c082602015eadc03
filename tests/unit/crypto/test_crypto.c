/* test_crypto - against the vectors of FIPS 180-4, RFC 4231 and RFC 4648. */
#include "crypto/crypto.h"
#include "lib/check.h"
#include "lib/seed.h"

static void check_hash(const uint8_t hash[ASG_SHA256_BYTES], const char *wanted)
{
    char hex[ASG_SHA256_HEX_SIZE];
    asg_hex_encode(hash, ASG_SHA256_BYTES, hex);
    assert_string_equal(hex, wanted);
}

static const char *const hash_of_abc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void test_crypto_sha256_gives_the_known_hashes(void **state)
{
    (void)state;
    uint8_t hash[ASG_SHA256_BYTES];
    asg_sha256("abc", 3, hash);
    check_hash(hash, hash_of_abc);
    asg_sha256("", 0, hash);
    check_hash(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_crypto_hasher_is_used_again_and_in_parts(void **state)
{
    (void)state;
    struct asg_hasher *hasher = NULL;
    uint8_t hash[ASG_SHA256_BYTES];
    asg_hasher_new(&hasher);
    for (int i = 0; i < 3; i++) {
        asg_hasher_begin(hasher);
        asg_hasher_update(hasher, "a", 1);
        asg_hasher_update(hasher, "", 0);
        asg_hasher_update(hasher, "bc", 2);
        asg_hasher_end(hasher, hash);
        check_hash(hash, hash_of_abc);
    }
    asg_hasher_destroy(&hasher);
    assert_null(hasher);
    asg_hasher_destroy(&hasher);
}

static void test_crypto_hmac_gives_the_known_codes(void **state)
{
    (void)state;
    uint8_t code[ASG_SHA256_BYTES];
    static const char wanted[] =
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    asg_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, code);
    check_hash(code, wanted);
    struct asg_keyed_hash *keyed = NULL;
    asg_keyed_hash_new("Jefe", 4, &keyed);
    for (int i = 0; i < 3; i++) {
        asg_keyed_hash_sign(keyed, "what do ya want for nothing?", 28, code);
        check_hash(code, wanted);
    }
    asg_keyed_hash_destroy(&keyed);
    assert_null(keyed);
    /* a key longer than a block is hashed first (case 6) */
    uint8_t key[131];
    memset(key, 0xaa, sizeof key);
    asg_hmac_sha256(key, sizeof key,
                    "Test Using Larger Than Block-Size Key - Hash Key First", 54, code);
    check_hash(code, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_crypto_hex_goes_both_ways_and_refuses_the_rest(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x00, 0x7f, 0xff};
    char text[7];
    uint8_t back[3] = {9, 9, 9};
    asg_hex_encode(bytes, sizeof bytes, text);
    assert_string_equal(text, "007fff");
    assert_status(ASG_OK, asg_hex_decode("007FfF", back, 3));
    assert_memory_equal(back, bytes, 3);
    static const char *const bad[] = {"", "007ff", "007fff0", "007ffg", "007f f"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(back, 9, sizeof back);
        assert_status(ASG_ERR_MALFORMED, asg_hex_decode(bad[i], back, 3));
        assert_int_equal(back[0], 9);
    }
}

static void test_crypto_base64_gives_the_known_texts(void **state)
{
    (void)state;
    static const struct {
        const char *plain;
        const char *text;
    } rows[] = {{"", ""},
                {"f", "Zg=="},
                {"fo", "Zm8="},
                {"foo", "Zm9v"},
                {"foob", "Zm9vYg=="},
                {"fooba", "Zm9vYmE="},
                {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[16];
        uint8_t back[16];
        size_t length = 99;
        asg_base64_encode(rows[i].plain, strlen(rows[i].plain), text);
        assert_string_equal(text, rows[i].text);
        assert_status(ASG_OK, asg_base64_decode(text, back, &length));
        assert_int_equal(length, strlen(rows[i].plain));
        assert_memory_equal(back, rows[i].plain, length);
    }
    uint8_t back[16];
    size_t length = 99;
    assert_status(ASG_OK, asg_base64_decode(" Zm\n9v ", back, &length));
    assert_int_equal(length, 3);
}

static void test_crypto_base64_refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"Z",    "Zg",    "Zg=",   "Zg===", "Zg==Zg==",
                                      "=Zg=", "Zm9v!", "Zm9v_", "====",  "Zm9vY==="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t back[16];
        size_t length = 99;
        if (asg_base64_decode(bad[i], back, &length) != ASG_ERR_MALFORMED) {
            fail_msg("took '%s'", bad[i]);
        }
        assert_int_equal(length, 99);
    }
}

static void test_crypto_base64_brings_back_any_bytes(void **state)
{
    (void)state;
    struct seed seed = seed_new("test_crypto");
    for (size_t length = 0; length < 200; length++) {
        uint8_t bytes[200];
        for (size_t i = 0; i < length; i++) {
            bytes[i] = (uint8_t)seed_next(&seed);
        }
        char *text = malloc(4 * ((length + 2) / 3) + 1);
        assert_non_null(text);
        asg_base64_encode(bytes, length, text);
        uint8_t *back = malloc(3 * (strlen(text) / 4) + 3);
        assert_non_null(back);
        size_t back_length = 0;
        assert_status(ASG_OK, asg_base64_decode(text, back, &back_length));
        assert_int_equal(back_length, length);
        assert_memory_equal(back, bytes, length);
        free(text);
        free(back);
    }
}

static void test_crypto_compares_and_wipes_secrets(void **state)
{
    (void)state;
    char secret[] = "token-1";
    assert_true(asg_secret_equal(secret, "token-1", 7));
    assert_false(asg_secret_equal(secret, "token-2", 7));
    assert_true(asg_secret_equal(secret, "x", 0));
    asg_secret_wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++) {
        assert_int_equal(secret[i], 0);
    }
}

static void test_crypto_random_bytes_do_not_repeat(void **state)
{
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    asg_random_bytes(a, sizeof a);
    asg_random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

#define T(name) cmocka_unit_test(test_crypto_##name)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(sha256_gives_the_known_hashes), T(hasher_is_used_again_and_in_parts),
        T(hmac_gives_the_known_codes),    T(hex_goes_both_ways_and_refuses_the_rest),
        T(base64_gives_the_known_texts),  T(base64_refuses_what_is_none),
        T(base64_brings_back_any_bytes),  T(compares_and_wipes_secrets),
        T(random_bytes_do_not_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
