/* What a GetCallerIdentity request must be to be sent, and what its answer says. The
 * sending, over real HTTPS, is in tests/unit/controller/test_prove_sts.c. */
#include "aws/caller_proof.h"

#include <stdio.h>
#include <strings.h>

#include "lib/check.h"

#define NOW_MS  INT64_C(1795442400000)
#define CA      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CA_2    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define CURVE   "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define CURVE_2 "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define TLS     "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define TLS_2   "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

static const struct asg_caller_audience audience = {CA, CURVE, TLS};

struct place {
    struct asg_arena arena;
    struct asg_credentials credentials;
    struct asg_endpoint endpoint;
    struct asg_caller_request request;
    struct asg_error error;
    char url[ASG_ENDPOINT_URL_MAX];
};

static int set_up(void **state)
{
    struct place *place = test_calloc(1, sizeof *place);
    *state = place;
    asg_credentials_set(&place->credentials, "ASIAIOSFODNN7EXAMPLE", "secret", "token",
                        "test");
    const struct asg_endpoint_options options = {.service = "sts",
                                                 .region = "eu-west-1",
                                                 .fips = ASG_ENDPOINT_NO,
                                                 .dual_stack = ASG_ENDPOINT_NO};
    assert_status(ASG_OK,
                  asg_endpoint_resolve(&options, &place->endpoint, &place->error));
    return asg_caller_sign(&place->endpoint, &place->credentials, &audience, NOW_MS,
                           &place->arena, &place->request, &place->error) == ASG_OK
               ? 0
               : 1;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    asg_credentials_clear(&place->credentials);
    asg_arena_clear(&place->arena);
    test_free(place);
    return 0;
}

static void expect(struct place *place, const struct asg_caller_request *request,
                   const struct asg_caller_audience *wanted, int64_t now_ms,
                   const char *words)
{
    enum asg_status status =
        asg_caller_check(request, NULL, wanted, now_ms, place->url, &place->error);
    if (words == NULL) {
        assert_status(ASG_OK, status);
        return;
    }
    assert_status(ASG_ERR_DENIED, status);
    if (strstr(place->error.text, words) == NULL) fail_msg("%s", place->error.text);
}

static struct asg_sigv4_header *header(struct asg_caller_request *request,
                                       const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, name) == 0) return &request->headers[i];
    }
    fail_msg("no header %s", name);
    return NULL;
}

static const char *find_secret(void *context, const char *key_id)
{
    (void)context;
    return strcmp(key_id, "ASIAIOSFODNN7EXAMPLE") == 0 ? "secret" : NULL;
}

/* As AWS would check it: our verifier stands in for its signature check. */
static enum asg_status verify(const struct asg_caller_request *request)
{
    const struct asg_sigv4_request wire = {.method = "POST",
                                           .path = "/",
                                           .headers = request->headers,
                                           .header_count = request->header_count,
                                           .body = request->body,
                                           .body_length = strlen(request->body)};
    const struct asg_sigv4_rules rules = {.region = "eu-west-1",
                                          .service = "sts",
                                          .now_ms = NOW_MS,
                                          .window_ms = ASG_SIGV4_WINDOW_MS,
                                          .find_secret = find_secret};
    struct asg_sigv4_verdict verdict;
    return asg_sigv4_verify(&wire, &rules, &verdict);
}

static void test_what_is_signed_is_taken(void **state)
{
    struct place *place = *state;
    expect(place, &place->request, &audience, NOW_MS, NULL);
    assert_string_equal("https://sts.eu-west-1.amazonaws.com/", place->url);
    char authority[ASG_CALLER_HEX_SIZE];
    assert_true(asg_caller_authority(&place->request, authority));
    assert_string_equal(CA, authority);
    assert_status(ASG_OK, verify(&place->request));
    /* Our header is part of what is signed. */
    header(&place->request, ASG_CALLER_HEADER)->value = CA_2 "/" TLS;
    assert_status(ASG_ERR_DENIED, verify(&place->request));
}

static void test_another_cluster_or_other_keys_are_refused(void **state)
{
    struct place *place = *state;
    const struct {
        struct asg_caller_audience audience;
        const char *words;
    } cases[] = {
        {{CA_2, CURVE, TLS}, "another cluster"},
        {{CA, CURVE_2, TLS}, "other keys"},
        {{CA, CURVE, TLS_2}, "other keys"},
        {{CA, TLS, CURVE}, "other keys"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect(place, &place->request, &cases[i].audience, NOW_MS, cases[i].words);
    }
}

static void test_a_request_is_good_for_fifteen_minutes(void **state)
{
    struct place *place = *state;
    expect(place, &place->request, &audience, NOW_MS + 15 * 60000, NULL);
    expect(place, &place->request, &audience, NOW_MS - 15 * 60000, NULL);
    expect(place, &place->request, &audience, NOW_MS + 15 * 60000 + 1000, "901 s ago");
    expect(place, &place->request, &audience, NOW_MS - 15 * 60000 - 1000,
           "in the future");
    header(&place->request, "x-amz-date")->value = "20261123T1436";
    expect(place, &place->request, &audience, NOW_MS, "its date is none");
}

static void test_only_sts_of_aws_is_asked(void **state)
{
    struct place *place = *state;
    static const char *const good[] = {"sts.amazonaws.com",
                                       "sts.us-east-1.amazonaws.com",
                                       "sts.us-gov-west-1.amazonaws.com",
                                       "sts.cn-north-1.amazonaws.com.cn",
                                       "sts.ap-southeast-2.amazonaws.com",
                                       "sts.eusc-de-east-1.amazonaws.com"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char url[128];
        struct asg_caller_request request = place->request;
        (void)snprintf(url, sizeof url, "https://%s/", good[i]);
        request.url = url;
        header(&request, "host")->value = good[i];
        expect(place, &request, &audience, NOW_MS, NULL);
        assert_string_equal(url, place->url);
    }
    static const char *const bad[] = {
        "",
        "http://sts.eu-west-1.amazonaws.com/",
        "https://sts.eu-west-1.amazonaws.com",
        "https://sts.eu-west-1.amazonaws.com:8443/",
        "https://sts.eu-west-1.amazonaws.com/x",
        "https://sts.eu-west-1.amazonaws.com/?Action=AssumeRole",
        "https://sts.eu-west-1.amazonaws.com@10.0.0.1/",
        "https://10.0.0.1#sts.eu-west-1.amazonaws.com/",
        "https://sts.eu-west-1.amazonaws.com.evil.example/",
        "https://evil.example/sts.eu-west-1.amazonaws.com/",
        "https://evilsts.amazonaws.com/",
        "https://sts.evil.eu-west-1.amazonaws.com/",
        "https://STS.eu-west-1.amazonaws.com/",
        "https://sts.eu-west-1.amazonaws.com.cn/",
        "https://sts.cn-north-1.amazonaws.com/",
        /* Buckets of that name, and other services' hosts. */
        "https://sts.s3.amazonaws.com/",
        "https://sts.s3-us-west-2.amazonaws.com/",
        "https://sts.s3-website-us-east-1.amazonaws.com/",
        "https://sts.elb.amazonaws.com/",
        "https://sts.elb-1.amazonaws.com/",
        "https://ec2.eu-west-1.amazonaws.com/",
        "https://169.254.169.254/",
        "https://localhost/",
        "file:///etc/passwd",
        " https://sts.eu-west-1.amazonaws.com/",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct asg_caller_request request = place->request;
        request.url = bad[i];
        expect(place, &request, &audience, NOW_MS, "not https:// and STS of a Region");
    }
}

static void test_an_endpoint_that_is_set_is_the_only_one(void **state)
{
    struct place *place = *state;
    struct asg_endpoint vpc;
    const struct asg_endpoint_options options = {
        .service = "sts",
        .url = "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com/",
        .region = "eu-west-1",
        .fips = ASG_ENDPOINT_NO,
        .dual_stack = ASG_ENDPOINT_NO};
    assert_status(ASG_OK, asg_endpoint_resolve(&options, &vpc, &place->error));
    assert_status(ASG_ERR_DENIED, asg_caller_check(&place->request, &vpc, &audience,
                                                   NOW_MS, place->url, &place->error));
    assert_non_null(strstr(place->error.text, "enrol.sts_endpoint"));
    struct asg_caller_request request;
    assert_status(ASG_OK, asg_caller_sign(&vpc, &place->credentials, &audience, NOW_MS,
                                          &place->arena, &request, &place->error));
    assert_status(ASG_OK, asg_caller_check(&request, &vpc, &audience, NOW_MS, place->url,
                                           &place->error));
    assert_string_equal("https://vpce-1.sts.eu-west-1.vpce.amazonaws.com/", place->url);
}

static void test_any_other_call_or_header_is_refused(void **state)
{
    struct place *place = *state;
    static const char *const bodies[] = {
        "", "Action=GetCallerIdentity", "Action=AssumeRole&Version=2011-06-15",
        "Action=GetCallerIdentity&Version=2011-06-15&Action=AssumeRole",
        "Action=GetCallerIdentity&Version=2011-06-15\n"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct asg_caller_request request = place->request;
        request.body = bodies[i];
        expect(place, &request, &audience, NOW_MS, "its body is not exactly");
    }
    static const char *const names[] = {"host",          "content-type",
                                        "x-amz-date",    "x-amz-security-token",
                                        "authorization", ASG_CALLER_HEADER};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct asg_caller_request request = place->request;
        header(&request, names[i])->name = "x-other";
        expect(place, &request, &audience, NOW_MS, names[i]);
    }
    struct asg_caller_request request = place->request;
    header(&request, "x-amz-date")->name = "host"; /* twice */
    expect(place, &request, &audience, NOW_MS, "it has no header x-amz-date");
    request = place->request;
    request.header_count++; /* more than there is room for */
    expect(place, &request, &audience, NOW_MS, "other headers");
    const struct {
        const char *name;
        const char *value;
        const char *words;
    } values[] = {
        {"host", "10.0.0.1", "its header host is not the URL's"},
        {"content-type", "text/plain", "content-type"},
        {"x-amz-security-token", "a\r\nX-Evil: 1", "is not a text"},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        request = place->request;
        header(&request, values[i].name)->value = values[i].value;
        expect(place, &request, &audience, NOW_MS, values[i].words);
    }
}

#define BEFORE  "AWS4-HMAC-SHA256 Credential=ASIA/20261123/eu-west-1/sts/aws4_request, "
#define HEADERS "content-type;host;x-amz-date;x-amz-security-token;x-openasg-enrolment"

static void test_all_headers_must_be_signed(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *authorization;
        const char *words;
    } cases[] = {
        {BEFORE "SignedHeaders=" HEADERS ", Signature=" CA, NULL},
        {BEFORE "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
                "Signature=" CA,
         "must sign exactly"},
        {BEFORE "SignedHeaders=host;x-amz-date;x-openasg-enrolment, Signature=" CA,
         "must sign exactly"},
        {BEFORE "SignedHeaders=" HEADERS ";x-more, Signature=" CA, "must sign exactly"},
        {BEFORE "SignedHeaders=host, SignedHeaders=" HEADERS ", Signature=" CA,
         "must sign exactly"},
        {BEFORE "SignedHeaders=" HEADERS ", SignedHeaders=host, Signature=" CA,
         "no signature"},
        {BEFORE "SignedHeaders=" HEADERS ", Signature=" CA ", SignedHeaders=host",
         "64 hex"},
        {BEFORE "SignedHeaders=" HEADERS ", Signature=xyz", "64 hex"},
        {"AWS4-ECDSA-P256-SHA256 Credential=A, SignedHeaders=" HEADERS ", Signature=" CA,
         "AWS4-HMAC-SHA256"},
        {"", "AWS4-HMAC-SHA256"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asg_caller_request request = place->request;
        header(&request, "authorization")->value = cases[i].authorization;
        expect(place, &request, &audience, NOW_MS, cases[i].words);
    }
}

static void test_credentials_without_a_session_sign_nothing(void **state)
{
    struct place *place = *state;
    struct asg_caller_request request;
    asg_credentials_set(&place->credentials, "AKIA", "secret", NULL, "test");
    assert_status(ASG_ERR_INVALID,
                  asg_caller_sign(&place->endpoint, &place->credentials, &audience,
                                  NOW_MS, &place->arena, &request, &place->error));
}

/* ---- answers ---- */

#define RESULT(arn, account)                                                             \
    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"    \
    "<GetCallerIdentityResult><Arn>" arn                                                 \
    "</Arn><UserId>AROA:i-1</UserId><Account>" account                                   \
    "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
#define ARN "arn:aws:sts::123456789012:assumed-role/web/i-0123456789abcdef0"
#define ERROR_OF(code)                                                                   \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code                               \
    "</Code><Message>words</Message></Error></ErrorResponse>"

static void test_answers_are_read_as_sts_writes_them(void **state)
{
    struct place *place = *state;
    static const struct {
        uint32_t http_status;
        const char *body;
        enum asg_status status;
        const char *words;
    } cases[] = {
        {200, RESULT(ARN, "123456789012"), ASG_OK, NULL},
        {200, "", ASG_ERR_MALFORMED, "does not answer as STS"},
        {200, "garbage", ASG_ERR_MALFORMED, "does not answer as STS"},
        {200, "<html><body>Sign in</body></html>", ASG_ERR_MALFORMED,
         "does not answer as STS"},
        {200, "<!DOCTYPE x>" RESULT(ARN, "123456789012"), ASG_ERR_MALFORMED,
         "not answer as STS"},
        {200, RESULT("", "123456789012"), ASG_ERR_MALFORMED, "does not answer as STS"},
        {200, RESULT(ARN, ""), ASG_ERR_MALFORMED, "does not answer as STS"},
        {200, "<X>" RESULT(ARN, "123456789012") "</X>", ASG_ERR_MALFORMED,
         "not answer as STS"},
        {200, RESULT(ARN, "123456789012") "<", ASG_ERR_MALFORMED,
         "does not answer as STS"},
        {200,
         "<GetCallerIdentityResponse><Arn>" ARN "</Arn><Account>123456789012"
         "</Account></GetCallerIdentityResponse>",
         ASG_ERR_MALFORMED, "not answer as STS"},
        {403, ERROR_OF("SignatureDoesNotMatch"), ASG_ERR_DENIED, "SignatureDoesNotMatch"},
        {403, ERROR_OF("ExpiredToken"), ASG_ERR_DENIED,
         "STS answers ExpiredToken: words"},
        {403, ERROR_OF("InvalidClientTokenId"), ASG_ERR_DENIED, "InvalidClientTokenId"},
        {403, RESULT(ARN, "123456789012"), ASG_ERR_MALFORMED, "does not answer as STS"},
        {400, ERROR_OF("Throttling"), ASG_ERR_BUSY, "throttles"},
        {429, "", ASG_ERR_BUSY, "throttles"},
        {500, "", ASG_ERR_IO, "in trouble"},
        {503, ERROR_OF("ServiceUnavailable"), ASG_ERR_IO, "in trouble"},
        {302, "", ASG_ERR_MALFORMED, "redirects"},
        {307, RESULT(ARN, "123456789012"), ASG_ERR_MALFORMED, "redirects"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asg_sts_identity identity = {.arn = ""};
        place->error.text[0] = '\0';
        enum asg_status status =
            asg_caller_read(cases[i].http_status, cases[i].body, strlen(cases[i].body),
                            &identity, &place->error);
        if (status != cases[i].status) fail_msg("%zu: %s", i, place->error.text);
        if (cases[i].words != NULL && strstr(place->error.text, cases[i].words) == NULL)
            fail_msg("%zu: %s", i, place->error.text);
        if (status == ASG_OK) assert_string_equal(ARN, identity.arn);
    }
}

static void test_only_a_role_s_session_is_an_instance(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *arn;
        const char *account;
        bool is_role;
    } cases[] = {
        {ARN, "123456789012", true},
        {"arn:aws-cn:sts::123456789012:assumed-role/web/i-1", "123456789012", true},
        {ARN, "210987654321", false},
        {"arn:aws:iam::123456789012:user/i-0123456789abcdef0", "123456789012", false},
        {"arn:aws:iam::123456789012:root", "123456789012", false},
        {"arn:aws:sts::123456789012:federated-user/i-1", "123456789012", false},
        {"arn:aws:sts::123456789012:assumed-role/web", "123456789012", false},
        {"arn:aws:sts::123456789012:assumed-role/web/", "123456789012", false},
        {"arn:aws:sts::123456789012:assumed-role/a/b/i-1", "123456789012", false},
        {"arn:aws:sts::12345:assumed-role/web/i-1", "12345", false},
        {"arn:aws:sts:us-east-1:123456789012:assumed-role/web/i-1", "123456789012",
         false},
        {"", "123456789012", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asg_sts_identity identity;
        struct asg_caller_role role;
        (void)snprintf(identity.arn, sizeof identity.arn, "%s", cases[i].arn);
        (void)snprintf(identity.account, sizeof identity.account, "%s", cases[i].account);
        enum asg_status status = asg_caller_read_role(&identity, &role, &place->error);
        if ((status == ASG_OK) != cases[i].is_role) fail_msg("%s", cases[i].arn);
        if (i == 0) {
            assert_string_equal("123456789012", role.account);
            assert_string_equal("web", role.role);
            assert_string_equal("i-0123456789abcdef0", role.session);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_signed_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_cluster_or_other_keys_are_refused,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_request_is_good_for_fifteen_minutes,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_sts_of_aws_is_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_endpoint_that_is_set_is_the_only_one,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_any_other_call_or_header_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_all_headers_must_be_signed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_credentials_without_a_session_sign_nothing,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_answers_are_read_as_sts_writes_them, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_only_a_role_s_session_is_an_instance, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
