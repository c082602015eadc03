/* What the verifier refuses: the suite has no such cases (its README). */
#include "lib/check.h"

#include <stdio.h>

#include "aws/sigv4.h"
#include "crypto/crypto.h"

#define NOW_MS  INT64_C(1440938160000) /* 2015-08-30T12:36:00Z */
#define KEY_ID  "AKIDEXAMPLE"
#define SECRET  "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define HEADERS 16

/* A signed request that a test may spoil before it is checked. */
struct signed_call {
    struct asg_arena arena;
    struct asg_sigv4_header headers[HEADERS];
    char *authorization;
    struct asg_sigv4_request request;
    struct asg_sigv4_rules rules;
    struct asg_sigv4_verdict verdict;
    size_t lookups;
};

static const char *find_secret(void *context, const char *access_key_id)
{
    ((struct signed_call *)context)->lookups++;
    return strcmp(access_key_id, KEY_ID) == 0 ? SECRET : NULL;
}

static void sign_as(struct signed_call *call, const char *key_id, const char *secret,
                    const char *region, const char *service, int64_t time_ms)
{
    static const char body[] = "Action=RunInstances&Version=2016-11-15";
    *call = (struct signed_call){0};
    call->headers[0] = (struct asg_sigv4_header){"Host", "ec2.us-east-1.amazonaws.com"};
    call->headers[1] =
        (struct asg_sigv4_header){"Content-Type", "application/x-www-form-urlencoded"};
    call->request = (struct asg_sigv4_request){.method = "POST",
                                               .path = "/",
                                               .headers = call->headers,
                                               .header_count = 2,
                                               .body = body,
                                               .body_length = sizeof body - 1};
    struct asg_credentials credentials = {0};
    asg_credentials_set(&credentials, key_id, secret, "token", "test");
    struct asg_sigv4_signer *signer = NULL;
    asg_sigv4_signer_new(&(struct asg_sigv4_signer_options){.region = region,
                                                            .service = service,
                                                            .adds_body_hash = true},
                         &signer);
    struct asg_sigv4_signed added;
    assert_status(ASG_OK, asg_sigv4_sign(signer, &credentials, &call->request, time_ms,
                                         &call->arena, &added));
    for (size_t i = 0; i < added.count; i++) {
        call->headers[call->request.header_count++] = added.headers[i];
    }
    call->authorization = (char *)(uintptr_t)added.headers[added.count - 1].value;
    asg_sigv4_signer_destroy(&signer);
    asg_credentials_clear(&credentials);
    call->rules = (struct asg_sigv4_rules){.region = "us-east-1",
                                           .service = "autoscaling",
                                           .now_ms = NOW_MS,
                                           .window_ms = ASG_SIGV4_WINDOW_MS,
                                           .find_secret = find_secret,
                                           .context = call};
}

static void sign_well(struct signed_call *call)
{
    sign_as(call, KEY_ID, SECRET, "us-east-1", "autoscaling", NOW_MS);
}

static size_t header_index(const struct signed_call *call, const char *name)
{
    for (size_t i = 0; i < call->request.header_count; i++) {
        if (strcmp(call->headers[i].name, name) == 0) return i;
    }
    fail_msg("no header %s", name);
    return 0;
}

static void use_authorization(struct signed_call *call, const char *text)
{
    call->headers[header_index(call, "Authorization")].value = text;
}

/* The Authorization header with the first `from` in it turned into `to`. */
static void spoil(struct signed_call *call, const char *from, const char *to)
{
    const char *at = strstr(call->authorization, from);
    assert_non_null(at);
    use_authorization(call, asg_arena_format(&call->arena, "%.*s%s%s",
                                             (int)(at - call->authorization),
                                             call->authorization, to, at + strlen(from)));
}

static void refused(struct signed_call *call, const char *code)
{
    assert_status(ASG_ERR_DENIED,
                  asg_sigv4_verify(&call->request, &call->rules, &call->verdict));
    assert_string_equal(code, call->verdict.code);
    assert_true(call->verdict.http_status >= 400);
    assert_true(strlen(call->verdict.message) > 0);
    assert_string_equal("", call->verdict.access_key_id);
    assert_null(strstr(call->verdict.message, SECRET));
    asg_arena_clear(&call->arena);
}

static void accepted(struct signed_call *call)
{
    assert_status(ASG_OK, asg_sigv4_verify(&call->request, &call->rules, &call->verdict));
    assert_string_equal(KEY_ID, call->verdict.access_key_id);
    asg_arena_clear(&call->arena);
}

static void test_a_well_signed_request_is_accepted(void **state)
{
    (void)state;
    struct signed_call call;
    sign_well(&call);
    accepted(&call);
    sign_well(&call);
    call.rules.region = NULL;
    accepted(&call);
}

static void test_every_flipped_nibble_of_the_signature_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 64; i++) {
        struct signed_call call;
        sign_well(&call);
        char *signature = strstr(call.authorization, "Signature=") + 10;
        signature[i] = signature[i] == '0' ? '1' : '0';
        refused(&call, "SignatureDoesNotMatch");
    }
}

static void test_a_changed_body_method_path_query_or_host_is_refused(void **state)
{
    (void)state;
    struct signed_call call;
    for (int i = 0; i < 5; i++) {
        sign_well(&call);
        if (i == 0) call.request.body_length--;
        if (i == 1) call.request.method = "GET";
        if (i == 2) call.request.path = "/other";
        if (i == 3) call.request.query = "Action=Other";
        if (i == 4) call.headers[0].value = "elsewhere";
        refused(&call, i == 0 ? "IncompleteSignature" : "SignatureDoesNotMatch");
    }
}

static void test_a_changed_body_is_refused_without_a_hash_header_too(void **state)
{
    (void)state;
    static const char other[] = "Action=TerminateInstances";
    struct signed_call call;
    struct asg_sigv4_signer *signer = NULL;
    struct asg_credentials credentials = {0};
    struct asg_sigv4_signed added;
    sign_well(&call);
    call.request.header_count = 2;
    asg_credentials_set(&credentials, KEY_ID, SECRET, NULL, "test");
    asg_sigv4_signer_new(&(struct asg_sigv4_signer_options){.region = "us-east-1",
                                                            .service = "autoscaling"},
                         &signer);
    assert_status(ASG_OK, asg_sigv4_sign(signer, &credentials, &call.request, NOW_MS,
                                         &call.arena, &added));
    for (size_t i = 0; i < added.count; i++) {
        call.headers[call.request.header_count++] = added.headers[i];
    }
    call.request.body = other;
    call.request.body_length = sizeof other - 1;
    refused(&call, "SignatureDoesNotMatch");
    asg_sigv4_signer_destroy(&signer);
    asg_credentials_clear(&credentials);
}

static void test_a_wrong_scope_is_refused(void **state)
{
    (void)state;
    struct signed_call call;
    sign_as(&call, KEY_ID, SECRET, "eu-west-1", "autoscaling", NOW_MS);
    refused(&call, "SignatureDoesNotMatch");
    sign_as(&call, KEY_ID, SECRET, "us-east-1", "ec2", NOW_MS);
    refused(&call, "SignatureDoesNotMatch");
    sign_well(&call);
    spoil(&call, "/20150830/", "/20150829/");
    refused(&call, "SignatureDoesNotMatch");
    sign_well(&call);
    spoil(&call, "aws4_request", "aws5_request");
    refused(&call, "IncompleteSignature");
    sign_well(&call);
    spoil(&call, "/us-east-1/", "/");
    refused(&call, "IncompleteSignature");
}

static void test_the_clock_window_holds_both_ways(void **state)
{
    (void)state;
    const int64_t window_ms = ASG_SIGV4_WINDOW_MS;
    const struct {
        int64_t offset_ms;
        bool is_fine;
    } cases[] = {{window_ms, true},
                 {-window_ms, true},
                 {window_ms + 1000, false},
                 {-window_ms - 1000, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct signed_call call;
        sign_well(&call);
        call.rules.now_ms = NOW_MS + cases[i].offset_ms;
        if (cases[i].is_fine) {
            accepted(&call);
        } else {
            refused(&call, "RequestExpired");
        }
    }
}

static const char *find_token(void *context, const char *access_key_id)
{
    (void)context;
    assert_string_equal(KEY_ID, access_key_id);
    return "token";
}

static const char *find_no_token(void *context, const char *access_key_id)
{
    (void)context;
    (void)access_key_id;
    return NULL;
}

static const char *find_other_token(void *context, const char *access_key_id)
{
    (void)context;
    (void)access_key_id;
    return "another token";
}

static void test_a_session_token_must_be_the_keys_own(void **state)
{
    (void)state;
    struct signed_call call;
    sign_well(&call);
    call.rules.find_session_token = find_token;
    accepted(&call);
    sign_well(&call);
    call.rules.find_session_token = find_other_token;
    refused(&call, "InvalidClientTokenId");
    sign_well(&call);
    call.rules.find_session_token = find_no_token;
    refused(&call, "InvalidClientTokenId");
    sign_as(&call, KEY_ID, SECRET, "us-east-1", "ec2", NOW_MS);
    call.rules.service = "ec2"; /* which has its own words */
    call.rules.find_session_token = find_other_token;
    refused(&call, "AuthFailure");
    /* Who does not know the secret is told nothing of the token. */
    sign_as(&call, KEY_ID, "wrong", "us-east-1", "autoscaling", NOW_MS);
    call.rules.find_session_token = find_other_token;
    refused(&call, "SignatureDoesNotMatch");
}

/* Made by botocore's SigV4QueryAuth with the keys of the suite. */
#define URL_QUERY                                                                        \
    "Action=DescribeAutoScalingGroups&Filters.member.1.Name=tag%3Aa%20b&"                \
    "Version=2011-01-01&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE"   \
    "%2F20150830%2Fus-east-1%2Fautoscaling%2Faws4_request&X-Amz-Date=20150830T123600Z&"  \
    "X-Amz-Expires=3600&X-Amz-SignedHeaders=host"
#define URL_SIGNATURE "3a04aa9a53c563057030ca1736368cb7b6d1dddcebd11c8298f62aff6c829122"
#define URL           URL_QUERY "&X-Amz-Signature=" URL_SIGNATURE

static void make_url(struct signed_call *call, const char *query)
{
    sign_well(call);
    call->headers[0] =
        (struct asg_sigv4_header){"host", "autoscaling.us-east-1.amazonaws.com"};
    call->request = (struct asg_sigv4_request){.method = "GET",
                                               .path = "/",
                                               .query = query,
                                               .headers = call->headers,
                                               .header_count = 1,
                                               .body = "",
                                               .body_length = 0};
}

static void test_a_presigned_url_is_accepted_until_it_expires(void **state)
{
    (void)state;
    struct signed_call call;
    make_url(&call, URL);
    accepted(&call);
    make_url(&call, URL);
    call.rules.now_ms = NOW_MS + 3600 * 1000;
    accepted(&call);
    make_url(&call, URL);
    call.rules.now_ms = NOW_MS + 3601 * 1000;
    refused(&call, "RequestExpired");
    make_url(&call, URL);
    call.rules.now_ms = NOW_MS - ASG_SIGV4_WINDOW_MS - 1000;
    refused(&call, "RequestExpired");
}

static void test_a_plus_in_a_signed_query_is_a_blank(void **state)
{
    (void)state;
    struct signed_call call;
    make_url(&call, URL);
    char *query = (char *)(uintptr_t)asg_arena_text(&call.arena, URL);
    char *blank = strstr(query, "%20");
    *blank = '+';
    memmove(blank + 1, blank + 3, strlen(blank + 3) + 1);
    call.request.query = query;
    accepted(&call);
}

static void test_a_presigned_url_that_was_changed_is_refused(void **state)
{
    (void)state;
    struct signed_call call;
    make_url(&call, URL "&More=1");
    refused(&call, "SignatureDoesNotMatch");
    make_url(&call, URL);
    call.request.body = "x";
    call.request.body_length = 1;
    refused(&call, "SignatureDoesNotMatch");
    make_url(&call, URL);
    call.request.method = "POST";
    refused(&call, "SignatureDoesNotMatch");
    make_url(&call, URL);
    call.rules.service = "ec2";
    refused(&call, "SignatureDoesNotMatch");
    make_url(&call, URL "&X-Amz-Security-Token=t");
    refused(&call, "SignatureDoesNotMatch");
}

static void test_a_presigned_url_that_is_not_whole_is_refused(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "X-Amz-Signature=" URL_SIGNATURE,
        URL "&X-Amz-Signature=" URL_SIGNATURE,
        URL "&X-Amz-Expires=3600",
        URL_QUERY "&X-Amz-Signature=abc",
        URL_QUERY "&X-Amz-Signature=",
        URL "&X-Amz-Security-Token=a&X-Amz-Security-Token=b",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20150830%2Fr%2Fs%2F"
        "aws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=604801&"
        "X-Amz-SignedHeaders=host&X-Amz-Signature=" URL_SIGNATURE,
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20150830%2Fr%2Fs%2F"
        "aws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=0&"
        "X-Amz-SignedHeaders=host&X-Amz-Signature=" URL_SIGNATURE,
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%00%2F20150830%2Fr%2Fs%2F"
        "aws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=10&"
        "X-Amz-SignedHeaders=host&X-Amz-Signature=" URL_SIGNATURE,
    };
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct signed_call call;
        make_url(&call, queries[i]);
        refused(&call, "IncompleteSignature");
    }
    struct signed_call call;
    sign_well(&call);
    call.request.query = URL; /* two signatures */
    refused(&call, "IncompleteSignature");
    make_url(&call, URL);
    call.headers[call.request.header_count++] =
        (struct asg_sigv4_header){"x-amz-meta", "not signed"};
    refused(&call, "IncompleteSignature");
}

static void test_the_service_that_is_claimed_can_be_asked(void **state)
{
    (void)state;
    struct signed_call call;
    sign_well(&call);
    assert_true(asg_sigv4_claims_service(&call.request, "autoscaling"));
    assert_false(asg_sigv4_claims_service(&call.request, "ec2"));
    asg_arena_clear(&call.arena);
    make_url(&call, URL);
    assert_true(asg_sigv4_claims_service(&call.request, "autoscaling"));
    asg_arena_clear(&call.arena);
}

static void test_a_missing_or_repeated_authorization_is_refused(void **state)
{
    (void)state;
    struct signed_call call;
    sign_well(&call);
    call.request.header_count--;
    refused(&call, "MissingAuthenticationToken");
    sign_well(&call);
    call.headers[call.request.header_count] =
        call.headers[header_index(&call, "Authorization")];
    call.headers[call.request.header_count++].name = "AUTHORIZATION";
    refused(&call, "IncompleteSignature");
}

static void test_malformed_authorization_headers_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA512 Credential=a/20150830/us-east-1/autoscaling/aws4_request",
        "Basic dXNlcjpwYXNz",
        "AWS4-HMAC-SHA256 ,,,,",
        "AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
        "AWS4-HMAC-SHA256 Credential=////, SignedHeaders=host;x-amz-date, Signature=00",
        ("AWS4-HMAC-SHA256 Credential=a/2015/r/s/aws4_request, SignedHeaders=host, "
         "Signature=00"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct signed_call call;
        sign_well(&call);
        use_authorization(&call, texts[i]);
        refused(&call, "IncompleteSignature");
    }
    struct signed_call call;
    sign_well(&call);
    spoil(&call, ", Signature=", ", Other=1, Signature=");
    refused(&call, "IncompleteSignature");
    sign_well(&call);
    spoil(&call, "Signature=", "Signature=zz");
    refused(&call, "IncompleteSignature");
    sign_well(&call);
    char *huge = asg_arena_take(&call.arena, 8192);
    memset(huge, 'a', 8191);
    use_authorization(&call, huge);
    refused(&call, "IncompleteSignature");
}

static void test_signed_headers_must_be_ordered_and_hold_host_and_date(void **state)
{
    (void)state;
    static const char *const lists[][2] = {
        {"content-type;host;", "content-type;"},     /* host unsigned */
        {";x-amz-date", ""},                         /* date unsigned */
        {";x-amz-content-sha256", ""},               /* an x-amz header unsigned */
        {";x-amz-security-token", ""},               /* and the token */
        {"content-type;host", "host;content-type"},  /* out of order */
        {"content-type;host", "content-type;Host"},  /* upper case */
        {"content-type;host", "host;host"},          /* twice */
        {"content-type;host", "content-type;;host"}, /* empty name */
        {"x-amz-security-token", "x-amz-security-token;"},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct signed_call call;
        sign_well(&call);
        spoil(&call, lists[i][0], lists[i][1]);
        refused(&call, "IncompleteSignature");
    }
    struct signed_call call;
    sign_well(&call);
    call.headers[call.request.header_count++] = call.headers[0]; /* a second Host */
    refused(&call, "IncompleteSignature");
    sign_well(&call);
    call.headers[call.request.header_count++] =
        (struct asg_sigv4_header){"X-Amz-Target", "sneaked in"};
    refused(&call, "IncompleteSignature");
}

static void test_dates_must_be_one_and_well_formed(void **state)
{
    (void)state;
    static const char *const dates[] = {
        "",           "yesterday",         "20150830T123600",
        "2015-08-30", "20150830T123600Z ", "00000000T000000Z"};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        struct signed_call call;
        sign_well(&call);
        call.headers[header_index(&call, "X-Amz-Date")].value = dates[i];
        refused(&call, "IncompleteSignature");
    }
    struct signed_call call;
    sign_well(&call);
    call.headers[call.request.header_count++] =
        (struct asg_sigv4_header){"x-amz-date", "20150830T123600Z"};
    refused(&call, "IncompleteSignature");
    /* Another date of the same day that is not the signed one. */
    sign_well(&call);
    call.headers[header_index(&call, "X-Amz-Date")].value = "20150830T123601Z";
    refused(&call, "SignatureDoesNotMatch");
}

static void test_unsigned_and_streaming_bodies_are_refused(void **state)
{
    (void)state;
    static const char *const hashes[] = {"UNSIGNED-PAYLOAD",
                                         "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", ""};
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        struct signed_call call;
        sign_well(&call);
        call.headers[header_index(&call, "X-Amz-Content-Sha256")].value = hashes[i];
        refused(&call, "IncompleteSignature");
    }
}

static void test_unknown_key_and_wrong_secret_are_answered_as_aws_does(void **state)
{
    (void)state;
    struct signed_call call;
    static const struct {
        const char *service;
        const char *unknown;
        const char *wrong;
        uint32_t http_status;
    } rows[] = {
        {"autoscaling", "InvalidClientTokenId", "SignatureDoesNotMatch", 403},
        {"ec2", "AuthFailure", "AuthFailure", 401}, /* which does not tell them apart */
    };
    for (size_t i = 0; i < 2; i++) {
        sign_as(&call, "AKIDUNKNOWN", SECRET, "us-east-1", rows[i].service, NOW_MS);
        call.rules.service = rows[i].service;
        refused(&call, rows[i].unknown);
        assert_int_equal(rows[i].http_status, call.verdict.http_status);
        assert_int_equal(1, call.lookups);
        sign_as(&call, KEY_ID, "another secret", "us-east-1", rows[i].service, NOW_MS);
        call.rules.service = rows[i].service;
        refused(&call, rows[i].wrong);
        assert_int_equal(rows[i].http_status, call.verdict.http_status);
        assert_int_equal(1, call.lookups);
    }
    /* The secret used for unknown keys opens nothing. */
    sign_as(&call, "AKIDUNKNOWN", "0000000000000000000000000000000000000000", "us-east-1",
            "autoscaling", NOW_MS);
    refused(&call, "InvalidClientTokenId");
}

static bool find_signing_key(void *context, const char *access_key_id, const char *date,
                             const char *region, uint8_t ret[ASG_SIGV4_KEY_BYTES])
{
    ((struct signed_call *)context)->lookups++;
    if (strcmp(access_key_id, KEY_ID) != 0) return false;
    asg_sigv4_derive_key(SECRET, date, region, "autoscaling", ret);
    return true;
}

static void test_who_keeps_derived_keys_is_asked_for_those(void **state)
{
    (void)state;
    struct signed_call call;
    sign_well(&call);
    call.rules.find_secret = NULL;
    call.rules.find_signing_key = find_signing_key;
    accepted(&call);
    sign_as(&call, KEY_ID, "another secret", "us-east-1", "autoscaling", NOW_MS);
    call.rules.find_secret = NULL;
    call.rules.find_signing_key = find_signing_key;
    refused(&call, "SignatureDoesNotMatch");
    assert_int_equal(1, call.lookups);
    sign_as(&call, "AKIDUNKNOWN", "0000000000000000000000000000000000000000", "us-east-1",
            "autoscaling", NOW_MS);
    call.rules.find_secret = NULL;
    call.rules.find_signing_key = find_signing_key;
    refused(&call, "InvalidClientTokenId");
}

static void test_too_many_headers_or_query_pairs_are_refused(void **state)
{
    (void)state;
    struct signed_call call;
    sign_well(&call);
    struct asg_sigv4_header many[ASG_SIGV4_HEADERS_MAX + 1];
    for (size_t i = 0; i < ASG_SIGV4_HEADERS_MAX + 1; i++) {
        many[i] = (struct asg_sigv4_header){"a", "b"};
    }
    call.request.headers = many;
    call.request.header_count = ASG_SIGV4_HEADERS_MAX + 1;
    refused(&call, "IncompleteSignature");
    sign_well(&call);
    char *query = asg_arena_take(&call.arena, 4 * ASG_SIGV4_QUERY_MAX);
    memset(query, '&', ASG_SIGV4_QUERY_MAX + 1);
    call.request.query = query;
    refused(&call, "IncompleteSignature");
}

static void test_mutated_authorization_headers_never_verify(void **state)
{
    (void)state;
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    for (int round = 0; round < 3000; round++) {
        struct signed_call call;
        sign_well(&call);
        size_t length = strlen(call.authorization);
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t at = (size_t)(seed >> 33) % length;
        char to = (char)(' ' + (seed >> 20) % 95);
        char from = call.authorization[at];
        call.authorization[at] = to;
        /* Blanks and the case of hex digits may change without meaning. */
        bool is_harmless =
            from == to || from == ' ' || to == ' ' || from == ',' || ((from ^ to) == ' ');
        enum asg_status status =
            asg_sigv4_verify(&call.request, &call.rules, &call.verdict);
        if (!is_harmless) assert_status(ASG_ERR_DENIED, status);
        asg_arena_clear(&call.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_well_signed_request_is_accepted),
        cmocka_unit_test(test_every_flipped_nibble_of_the_signature_is_refused),
        cmocka_unit_test(test_a_changed_body_method_path_query_or_host_is_refused),
        cmocka_unit_test(test_a_changed_body_is_refused_without_a_hash_header_too),
        cmocka_unit_test(test_a_wrong_scope_is_refused),
        cmocka_unit_test(test_the_clock_window_holds_both_ways),
        cmocka_unit_test(test_a_session_token_must_be_the_keys_own),
        cmocka_unit_test(test_a_presigned_url_is_accepted_until_it_expires),
        cmocka_unit_test(test_a_plus_in_a_signed_query_is_a_blank),
        cmocka_unit_test(test_a_presigned_url_that_was_changed_is_refused),
        cmocka_unit_test(test_a_presigned_url_that_is_not_whole_is_refused),
        cmocka_unit_test(test_the_service_that_is_claimed_can_be_asked),
        cmocka_unit_test(test_a_missing_or_repeated_authorization_is_refused),
        cmocka_unit_test(test_malformed_authorization_headers_are_refused),
        cmocka_unit_test(test_signed_headers_must_be_ordered_and_hold_host_and_date),
        cmocka_unit_test(test_dates_must_be_one_and_well_formed),
        cmocka_unit_test(test_unsigned_and_streaming_bodies_are_refused),
        cmocka_unit_test(test_unknown_key_and_wrong_secret_are_answered_as_aws_does),
        cmocka_unit_test(test_who_keeps_derived_keys_is_asked_for_those),
        cmocka_unit_test(test_too_many_headers_or_query_pairs_are_refused),
        cmocka_unit_test(test_mutated_authorization_headers_never_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
