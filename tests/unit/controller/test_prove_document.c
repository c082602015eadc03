/* Which identity documents are a proof. Who may sign at all: tests/unit/crypto/
 * test_signed_document.c. */
#include "controller/prove_document.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"

#define NOW_MS INT64_C(1795442400000) /* 2026-11-23T14:00:00Z */
#define ID     "i-0123456789abcdef0"

struct place {
    char folder[64];
    struct asg_document_key *east;
    struct asg_document_key *west;
    struct asg_document_certificates *pinned;
    struct asg_bytes document;
    struct asg_bytes signature;
    struct asg_error error;
};

static void pin(const struct place *place, const char *name,
                const struct asg_document_key *key)
{
    char path[128];
    struct asg_bytes pem = {0};
    asg_document_key_certificate(key, &pem);
    (void)snprintf(path, sizeof path, "%s/%s", place->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(pem.length, fwrite(pem.data, 1, pem.length, file));
    assert_int_equal(0, fclose(file));
    asg_bytes_clear(&pem);
}

static int set_up(void **state)
{
    struct place *place = test_calloc(1, sizeof *place);
    *state = place;
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/asg-prove-XXXXXX");
    if (mkdtemp(place->folder) == NULL) return 1;
    (void)umask(022);
    asg_document_key_make(&place->east);
    asg_document_key_make(&place->west);
    pin(place, "us-east-1.pem", place->east);
    pin(place, "us-west-2.pem", place->west);
    return asg_document_certificates_load(place->folder, "", &place->pinned,
                                          &place->error) == ASG_OK
               ? 0
               : 1;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/us-east-1.pem", place->folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/us-west-2.pem", place->folder);
    (void)unlink(path);
    (void)rmdir(place->folder);
    asg_document_certificates_destroy(&place->pinned);
    asg_document_key_destroy(&place->east);
    asg_document_key_destroy(&place->west);
    asg_bytes_clear(&place->document);
    asg_bytes_clear(&place->signature);
    test_free(place);
    return 0;
}

struct said {
    const char *instance;
    const char *account;
    const char *region;
    const char *address;
    const char *pending;
};

static const struct said right = {ID, "123456789012", "us-east-1", "10.0.0.7",
                                  "2026-11-23T13:58:00Z"};

static void sign(struct place *place, const struct asg_document_key *key,
                 const struct said *said)
{
    asg_bytes_reset(&place->document);
    asg_bytes_reset(&place->signature);
    asg_bytes_printf(&place->document,
                     "{\n  \"accountId\" : \"%s\",\n  \"billingProducts\" : null,\n"
                     "  \"marketplaceProductCodes\" : [ \"1abc\" ],\n"
                     "  \"instanceId\" : \"%s\",\n  \"pendingTime\" : \"%s\",\n"
                     "  \"privateIp\" : \"%s\",\n  \"region\" : \"%s\"\n}",
                     said->account, said->instance, said->pending, said->address,
                     said->region);
    asg_document_sign(key, place->document.data, place->document.length,
                      &place->signature);
}

static struct asg_proof_answer prove(struct place *place,
                                     struct asg_identity_document *document)
{
    static const char *const accounts[] = {"999999999999", "123456789012"};
    const struct asg_prove_document_options options = {.certificates = place->pinned,
                                                       .accounts = accounts,
                                                       .account_count = 2,
                                                       .now_ms = NOW_MS};
    const struct asg_rpc_enroll enroll = {
        .instance_id = ID,
        .proof = ASG_RPC_PROOF_DOCUMENT,
        .document = {.document = asg_bytes_text(&place->document),
                     .signature = asg_bytes_text(&place->signature)}};
    struct asg_proof_answer answer = {.verdict = ASG_PROOF_UNKNOWN};
    asg_prove_document(&options, &enroll, document, &answer, &place->error);
    return answer;
}

static void expect_refused(struct place *place, const char *words)
{
    struct asg_identity_document document;
    struct asg_proof_answer answer = prove(place, &document);
    assert_int_equal(ASG_PROOF_WRONG, answer.verdict);
    if (strstr(answer.why, words) == NULL) fail_msg("%s", answer.why);
}

static void test_a_document_of_ours_holds_and_says_the_address(void **state)
{
    struct place *place = *state;
    struct asg_identity_document document;
    sign(place, place->east, &right);
    struct asg_proof_answer answer = prove(place, &document);
    assert_int_equal(ASG_PROOF_HOLDS, answer.verdict);
    assert_int_equal(ASG_PROOF_DOCUMENT, answer.proof);
    assert_string_equal("10.0.0.7", answer.address);
    assert_int_equal(0, answer.job_id);
}

static void test_what_it_says_must_fit(void **state)
{
    struct place *place = *state;
    struct said said = right;
    said.instance = "i-0fedcba9876543210";
    sign(place, place->east, &said);
    expect_refused(place, "another instance, i-0fedcba9876543210");

    said = right;
    said.account = "210987654321";
    sign(place, place->east, &said);
    expect_refused(place, "account 210987654321, which is not in enrol.account");

    said = right;
    said.region = "us-west-2";
    sign(place, place->east, &said);
    expect_refused(place, "Region us-west-2 and is signed with another Region's key");
    said.region = "eu-west-1"; /* nobody's */
    sign(place, place->east, &said);
    expect_refused(place, "another Region's key");

    said = right;
    said.pending = "2026-11-23T14:16:00Z";
    sign(place, place->east, &said);
    expect_refused(place, "pendingTime is impossible");
    said.pending = "1999-01-01T00:00:00Z";
    sign(place, place->east, &said);
    expect_refused(place, "pendingTime is impossible");
    said.pending = "soon";
    sign(place, place->east, &said);
    expect_refused(place, "no usable pendingTime");
}

static void test_what_it_lacks_is_named(void **state)
{
    struct place *place = *state;
    struct said said = right;
    said.instance = "";
    sign(place, place->east, &said);
    expect_refused(place, "no usable instanceId");
    said = right;
    said.account = "123";
    sign(place, place->east, &said);
    expect_refused(place, "no usable accountId");
    said = right;
    said.region = "US EAST";
    sign(place, place->east, &said);
    expect_refused(place, "no usable region");
    said = right;
    said.address = "here";
    sign(place, place->east, &said);
    expect_refused(place, "no usable privateIp");

    asg_bytes_reset(&place->signature);
    asg_document_sign(place->east, "[]", 2, &place->signature);
    expect_refused(place, "is not JSON");
}

/* The text beside the signature is nothing: what was signed counts. */
static void test_a_changed_document_changes_nothing(void **state)
{
    struct place *place = *state;
    struct asg_identity_document document;
    struct said said = right;
    said.instance = "i-0fedcba9876543210";
    sign(place, place->east, &said);
    asg_bytes_reset(&place->document);
    asg_bytes_printf(&place->document, "{\"instanceId\":\"%s\"}", ID);
    expect_refused(place, "another instance");
    sign(place, place->east, &right);
    asg_bytes_reset(&place->document);
    asg_bytes_append_text(&place->document, "{}");
    assert_int_equal(ASG_PROOF_HOLDS, prove(place, &document).verdict);
}

static void test_a_stranger_s_signature_is_refused(void **state)
{
    struct place *place = *state;
    struct asg_document_key *stranger = NULL;
    asg_document_key_make(&stranger);
    sign(place, stranger, &right);
    expect_refused(place, "none of the certificates");
    asg_document_key_destroy(&stranger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_a_document_of_ours_holds_and_says_the_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_it_says_must_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_it_lacks_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_changed_document_changes_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_stranger_s_signature_is_refused, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
