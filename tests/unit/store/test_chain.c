/* The hashes byte by byte. The expected values were computed with another program
 * (Python's hashlib and struct) from the words of docs/log-format.md. */
#include "unit/store/log_fixture.h"

#include "crypto/crypto.h"
#include "store/chain.h"

static void assert_hex(const char *expected, const uint8_t hash[ASG_LOG_HASH_BYTES])
{
    char text[ASG_SHA256_HEX_SIZE];
    asg_hex_encode(hash, ASG_LOG_HASH_BYTES, text);
    assert_string_equal(expected, text);
}

static void test_the_hashes_are_those_of_the_format(void **state)
{
    (void)state;
    struct asg_chain chain;
    asg_chain_init(&chain);
    uint8_t hash[ASG_LOG_HASH_BYTES];
    uint8_t snapshot[ASG_LOG_HASH_BYTES];
    asg_chain_genesis(&chain, "golden", FIXTURE_TIME, hash);
    assert_hex("7185a950ba8f469a9b2d35b702babe1baa0e82b2c187c77db04c4e6666f07c10", hash);

    struct asg_record first = {.seq = 1,
                               .epoch = 7,
                               .time_ms = FIXTURE_TIME + 1,
                               .kind = "event",
                               .subject = "",
                               .note = "",
                               .payload = "\x82\xa1"
                                          "a\x01",
                               .payload_length = 4};
    asg_chain_content(&chain, first.payload, first.payload_length, first.content_hash);
    assert_hex("f1326827cde10aac24f31badb95e129d72e115a568dee31d0a2f517c69e1c8d2",
               first.content_hash);
    asg_chain_link(&chain, hash, &first, hash);
    assert_hex("30252d61245590cd407303c26eb203045a2e1dcb23896f9c8d8ed41c4425fb6a", hash);

    struct asg_record second = {.seq = 2,
                                .epoch = 7,
                                .time_ms = FIXTURE_TIME + 2,
                                .kind = "decision",
                                .subject = "web",
                                .note = "max is 6: decide 6, scale out by 2"};
    asg_chain_content(&chain, NULL, 0, second.content_hash);
    asg_chain_link(&chain, hash, &second, hash);
    assert_hex("81a175bd3e4c7dbb3e1a4d4d5f40c9558b48cc30523f74798543cddce744008b", hash);
    asg_chain_snapshot(&chain, 2, hash, "state", 5, snapshot);
    assert_hex("1b79cac4dfcffebb977c96e6d11819e7828aa074fc47cce3b2acc863373fbcde",
               snapshot);

    struct asg_log_meta meta = {.format = 1,
                                .cluster_id = "golden",
                                .created_ms = FIXTURE_TIME,
                                .epoch = 7,
                                .anchor_seq = 2};
    memcpy(meta.anchor_hash, hash, sizeof hash);
    asg_chain_meta(&chain, &meta, snapshot);
    assert_hex("97ea00e7ea4030b4fa5832a9f32e50afed10bdc1ffb87055f9d22d18059e6d2d",
               snapshot);

    char note[1001];
    memset(note, 'n', 1000);
    note[1000] = '\0';
    struct asg_record third = {.seq = 3,
                               .epoch = 8,
                               .time_ms = FIXTURE_TIME + 3,
                               .kind = "job",
                               .subject = "web",
                               .note = note};
    asg_chain_content(&chain, "", 0, third.content_hash);
    asg_chain_link(&chain, hash, &third, hash);
    assert_hex("24295f8e99154160d2f0403cbe45a3a445a54e3831defe6768ace3fddce7ee0e", hash);
    asg_chain_clear(&chain);
}

static void test_moving_a_byte_between_two_texts_changes_the_hash(void **state)
{
    (void)state;
    struct asg_chain chain;
    asg_chain_init(&chain);
    const uint8_t before[ASG_LOG_HASH_BYTES] = {0};
    struct asg_record left = {.seq = 1, .kind = "event", .subject = "ab", .note = "c"};
    struct asg_record right = {.seq = 1, .kind = "event", .subject = "a", .note = "bc"};
    uint8_t a[ASG_LOG_HASH_BYTES];
    uint8_t b[ASG_LOG_HASH_BYTES];
    asg_chain_link(&chain, before, &left, a);
    asg_chain_link(&chain, before, &right, b);
    assert_memory_not_equal(a, b, sizeof a);
    asg_chain_clear(&chain);
}

static void test_integers_go_there_and_back(void **state)
{
    (void)state;
    const uint64_t values[] = {0, 1, 255, 256, UINT64_C(0x0102030405060708), UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t bytes[8];
        asg_chain_put_u64(bytes, values[i]);
        assert_true(asg_chain_get_u64(bytes) == values[i]);
    }
    uint8_t bytes[8];
    asg_chain_put_u64(bytes, UINT64_C(0x0102030405060708));
    assert_int_equal(1, bytes[0]);
    assert_int_equal(8, bytes[7]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_hashes_are_those_of_the_format),
        cmocka_unit_test(test_moving_a_byte_between_two_texts_changes_the_hash),
        cmocka_unit_test(test_integers_go_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
