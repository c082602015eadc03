#include "rpc/enrolment_message.h"

#include <stdio.h>
#include <string.h>

#include "lib/check.h"

static const uint8_t request[] = {0x30, 0x00, 0xff};

static struct asg_rpc_enroll some_enroll(enum asg_rpc_proof proof)
{
    struct asg_rpc_enroll it = {.instance_id = "i-1",
                                .curve_key = "curve",
                                .request = request,
                                .request_length = sizeof request,
                                .version = "0.1.0",
                                .grpc_port = 7705,
                                .interval_ms = 1000,
                                .proof = proof};
    it.token.token = "ab";
    it.token.job_id = UINT64_MAX;
    it.token.attempt = 2;
    it.token.incarnation = 3;
    it.sts.url = "https://sts/";
    it.sts.body = "Action=GetCallerIdentity\n";
    it.sts.headers[0] = (struct asg_rpc_header){"host", "sts"};
    it.sts.headers[1] = (struct asg_rpc_header){"x", ""};
    it.sts.header_count = 2;
    it.document.document = "{\n}";
    it.document.signature = "MII=";
    return it;
}

static void test_request_comes_back_as_it_went(void **state)
{
    (void)state;
    for (int proof = ASG_RPC_PROOF_NONE; proof <= ASG_RPC_PROOF_DOCUMENT; proof++) {
        struct asg_rpc_enroll sent = some_enroll((enum asg_rpc_proof)proof);
        ASG_CLEANUP(asg_bytes_clear) struct asg_bytes bytes = {0};
        asg_rpc_enroll_write(&sent, &bytes);
        struct asg_rpc_enroll got;
        struct asg_rpc_message *message = NULL;
        assert_status(ASG_OK,
                      asg_rpc_enroll_read(bytes.data, bytes.length, &got, &message));
        assert_string_equal("i-1", got.instance_id);
        assert_string_equal("curve", got.curve_key);
        assert_int_equal(sizeof request, got.request_length);
        assert_memory_equal(request, got.request, sizeof request);
        assert_string_equal("0.1.0", got.version);
        assert_int_equal(7705, got.grpc_port);
        assert_int_equal(1000, got.interval_ms);
        assert_int_equal(proof, got.proof);
        assert_string_equal(proof == ASG_RPC_PROOF_TOKEN ? "ab" : "", got.token.token);
        if (proof == ASG_RPC_PROOF_TOKEN) {
            assert_true(got.token.job_id == UINT64_MAX);
            assert_int_equal(2, got.token.attempt);
            assert_int_equal(3, got.token.incarnation);
        }
        if (proof == ASG_RPC_PROOF_STS) {
            assert_string_equal("https://sts/", got.sts.url);
            assert_string_equal("Action=GetCallerIdentity\n", got.sts.body);
            assert_int_equal(2, got.sts.header_count);
            assert_string_equal("host", got.sts.headers[0].name);
            assert_string_equal("sts", got.sts.headers[0].value);
            assert_string_equal("", got.sts.headers[1].value);
        }
        if (proof == ASG_RPC_PROOF_DOCUMENT) {
            assert_string_equal("{\n}", got.document.document);
            assert_string_equal("MII=", got.document.signature);
        }
        asg_rpc_message_free(&message);
    }
}

static void test_answer_comes_back_as_it_went(void **state)
{
    (void)state;
    const struct asg_rpc_enrolled sent = {.certificate_pem = "-----\nBEGIN\n",
                                          .authorities_pem = "ca\n",
                                          .cluster_id = "c",
                                          .reports = {"tcp://a:1", "tcp://b:2"},
                                          .report_count = 2,
                                          .reports_key = "key",
                                          .renew_after_ms = 5,
                                          .valid_ms = 7};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes bytes = {0};
    asg_rpc_enrolled_write(&sent, &bytes);
    struct asg_rpc_enrolled got;
    struct asg_rpc_message *message = NULL;
    assert_status(ASG_OK,
                  asg_rpc_enrolled_read(bytes.data, bytes.length, &got, &message));
    assert_string_equal("-----\nBEGIN\n", got.certificate_pem);
    assert_string_equal("ca\n", got.authorities_pem);
    assert_string_equal("c", got.cluster_id);
    assert_int_equal(2, got.report_count);
    assert_string_equal("tcp://b:2", got.reports[1]);
    assert_string_equal("key", got.reports_key);
    assert_int_equal(5, got.renew_after_ms);
    assert_int_equal(7, got.valid_ms);
    asg_rpc_message_free(&message);
}

static enum asg_status read_back(const struct asg_rpc_enroll *enroll)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes bytes = {0};
    asg_rpc_enroll_write(enroll, &bytes);
    struct asg_rpc_enroll got;
    struct asg_rpc_message *message = NULL;
    enum asg_status status =
        asg_rpc_enroll_read(bytes.data, bytes.length, &got, &message);
    asg_rpc_message_free(&message);
    return status;
}

static void test_texts_that_are_not_plain_or_too_long_are_refused(void **state)
{
    (void)state;
    static char long_text[20000];
    memset(long_text, 'x', sizeof long_text - 1);
    struct asg_rpc_enroll it = some_enroll(ASG_RPC_PROOF_TOKEN);
    assert_status(ASG_OK, read_back(&it));
    static const char *const odd[] = {"i-\n", "i-\x1b[31m", "i-\xe2\x80\xae", long_text};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        it = some_enroll(ASG_RPC_PROOF_TOKEN);
        it.instance_id = odd[i];
        assert_status(ASG_ERR_MALFORMED, read_back(&it));
        it = some_enroll(ASG_RPC_PROOF_TOKEN);
        it.version = odd[i];
        assert_status(ASG_ERR_MALFORMED, read_back(&it));
        it = some_enroll(ASG_RPC_PROOF_TOKEN);
        it.token.token = odd[i];
        assert_status(ASG_ERR_MALFORMED, read_back(&it));
        it = some_enroll(ASG_RPC_PROOF_STS);
        it.sts.headers[1].value = odd[i];
        assert_status(ASG_ERR_MALFORMED, read_back(&it));
    }
    it = some_enroll(ASG_RPC_PROOF_DOCUMENT);
    it.document.document = long_text;
    assert_status(ASG_ERR_MALFORMED, read_back(&it));
    it = some_enroll(ASG_RPC_PROOF_NONE);
    it.request = (const uint8_t *)long_text;
    it.request_length = 5000;
    assert_status(ASG_ERR_MALFORMED, read_back(&it));
    it = some_enroll(ASG_RPC_PROOF_NONE);
    it.grpc_port = 65536;
    assert_status(ASG_ERR_MALFORMED, read_back(&it));
}

/* 16,000 empty headers in 32 kB: more memory than any message of ours may take. */
static void test_many_small_things_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[32000];
    size_t headers = sizeof bytes - 16;
    headers -= headers % 2;
    size_t at = 0;
    const size_t proof = headers + 4;
    bytes[at++] = 0x22; /* proof */
    bytes[at++] = (uint8_t)(proof | 0x80);
    bytes[at++] = (uint8_t)((proof >> 7) | 0x80);
    bytes[at++] = (uint8_t)(proof >> 14);
    bytes[at++] = 0x12; /* sts */
    bytes[at++] = (uint8_t)(headers | 0x80);
    bytes[at++] = (uint8_t)((headers >> 7) | 0x80);
    bytes[at++] = (uint8_t)(headers >> 14);
    for (size_t i = 0; i < headers / 2; i++) {
        bytes[at++] = 0x1a;
        bytes[at++] = 0;
    }
    struct asg_rpc_enroll got;
    struct asg_rpc_message *message = NULL;
    assert_status(ASG_ERR_MALFORMED, asg_rpc_enroll_read(bytes, at, &got, &message));
    assert_null(message);

    /* Seventeen are within memory, and one too many. */
    bytes[1] = 4 + 34 - 2;
    bytes[2] = 0x12;
    bytes[3] = 34;
    for (size_t i = 0; i < 17; i++) {
        bytes[4 + 2 * i] = 0x1a;
        bytes[5 + 2 * i] = 0;
    }
    bytes[1] = 36;
    assert_status(ASG_ERR_MALFORMED, asg_rpc_enroll_read(bytes, 38, &got, &message));
    bytes[1] = 34;
    bytes[3] = 32;
    assert_status(ASG_OK, asg_rpc_enroll_read(bytes, 36, &got, &message));
    assert_int_equal(16, got.sts.header_count);
    asg_rpc_message_free(&message);
}

static void test_what_is_no_message_is_refused(void **state)
{
    (void)state;
    struct asg_rpc_enroll got;
    struct asg_rpc_enrolled answered;
    struct asg_rpc_message *message = NULL;
    static const uint8_t junk[] = {0xff, 0xff, 0xff};
    assert_status(ASG_ERR_MALFORMED, asg_rpc_enroll_read(junk, 3, &got, &message));
    assert_status(ASG_ERR_MALFORMED, asg_rpc_enrolled_read(junk, 3, &answered, &message));
    static uint8_t big[ASG_RPC_ENROLMENT_MESSAGE_BYTES + 1];
    assert_status(ASG_ERR_MALFORMED,
                  asg_rpc_enroll_read(big, sizeof big, &got, &message));
    assert_status(ASG_OK, asg_rpc_enroll_read(junk, 0, &got, &message));
    assert_string_equal("", got.instance_id);
    asg_rpc_message_free(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_comes_back_as_it_went),
        cmocka_unit_test(test_answer_comes_back_as_it_went),
        cmocka_unit_test(test_texts_that_are_not_plain_or_too_long_are_refused),
        cmocka_unit_test(test_many_small_things_are_refused),
        cmocka_unit_test(test_what_is_no_message_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
