/* Every case of the signing suite, step by step. ASG_SIGV4_SUITE names another copy. */
#include "lib/check.h"

#include <dirent.h>
#include <stdio.h>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "crypto/crypto.h"

struct suite_case {
    char name[128];
    const char *context;
    struct asg_credentials credentials;
    char *region;
    char *service;
    bool keeps_path;
    bool signs_body;
    bool omits_token;
    int64_t time_ms;
    struct asg_sigv4_request request;
    struct asg_arena arena;
};

static const char *suite_folder(void)
{
    const char *folder = getenv("ASG_SIGV4_SUITE");
    return folder != NULL ? folder : ASG_SOURCE_DIR "/tests/golden/sigv4";
}

static const char *read_text(struct asg_arena *arena, const char *name, const char *file)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s/%s", suite_folder(), name, file);
    FILE *in = fopen(path, "rb");
    if (in == NULL) fail_msg("%s does not exist", path);
    char text[65536];
    size_t length = fread(text, 1, sizeof text - 1, in);
    (void)fclose(in);
    return asg_arena_text_n(arena, text, length);
}

/* The value of "key": "value" or "key": true, "" when it is not there. */
static const char *json_value(struct asg_arena *arena, const char *json, const char *key)
{
    const char *at = strstr(json, asg_arena_format(arena, "\"%s\":", key));
    if (at == NULL) return "";
    at = strchr(at, ':') + 1;
    at += strspn(at, " \"");
    return asg_arena_text_n(arena, at, strcspn(at, "\",\n}"));
}

static void read_request(struct suite_case *test, char *text)
{
    struct asg_sigv4_request *request = &test->request;
    char *end = strchr(text, '\n');
    char *rest = end == NULL ? text + strlen(text) : end + 1;
    if (end != NULL) *end = '\0';
    char *target = strchr(text, ' ');
    *target++ = '\0';
    *strstr(target, " HTTP/1.1") = '\0';
    request->method = text;
    request->path = target;
    char *query = strchr(target, '?');
    if (query != NULL) {
        *query = '\0';
        request->query = query + 1;
    }
    static struct asg_sigv4_header headers[32];
    request->headers = headers;
    while (*rest != '\0' && *rest != '\n') {
        char *line = rest;
        /* A line that begins with a blank continues the one before. */
        do {
            rest += strcspn(rest, "\n");
            if (*rest == '\n') rest++;
        } while (*rest == ' ' || *rest == '\t');
        if (rest[-1] == '\n') rest[-1] = '\0';
        char *colon = strchr(line, ':');
        assert_non_null(colon);
        *colon = '\0';
        headers[request->header_count++] =
            (struct asg_sigv4_header){.name = line, .value = colon + 1};
    }
    if (*rest == '\n') rest++;
    request->body = rest;
    request->body_length = strlen(rest);
}

static void open_case(struct suite_case *test, const char *name)
{
    *test = (struct suite_case){0};
    (void)snprintf(test->name, sizeof test->name, "%s", name);
    struct asg_arena *arena = &test->arena;
    const char *json = read_text(arena, name, "context.json");
    asg_credentials_set(&test->credentials, json_value(arena, json, "access_key_id"),
                        json_value(arena, json, "secret_access_key"),
                        json_value(arena, json, "token"), "suite");
    test->region = (char *)(uintptr_t)json_value(arena, json, "region");
    test->service = (char *)(uintptr_t)json_value(arena, json, "service");
    test->keeps_path = strcmp(json_value(arena, json, "normalize"), "false") == 0;
    test->signs_body = strcmp(json_value(arena, json, "sign_body"), "true") == 0;
    test->omits_token =
        strcmp(json_value(arena, json, "omit_session_token"), "true") == 0;
    test->time_ms = asg_time_parse(json_value(arena, json, "timestamp"));
    assert_true(test->time_ms > 0);
    read_request(test, (char *)(uintptr_t)read_text(arena, name, "request.txt"));
}

static void close_case(struct suite_case *test)
{
    asg_credentials_clear(&test->credentials);
    asg_arena_clear(&test->arena);
}

static const char *secret_of(void *context, const char *access_key_id)
{
    const struct suite_case *test = context;
    if (strcmp(access_key_id, test->credentials.access_key_id) != 0) return NULL;
    return asg_secret_reveal(&test->credentials.secret_key);
}

static struct asg_sigv4_request sent_request(struct suite_case *test,
                                             const struct asg_sigv4_signed *added)
{
    size_t count = test->request.header_count + added->count;
    struct asg_sigv4_header *headers =
        asg_arena_take(&test->arena, count * sizeof *headers);
    memcpy(headers, test->request.headers, test->request.header_count * sizeof *headers);
    memcpy(headers + test->request.header_count, added->headers,
           added->count * sizeof *headers);
    struct asg_sigv4_request sent = test->request;
    sent.headers = headers;
    sent.header_count = count;
    return sent;
}

static void sign_case(struct suite_case *test, struct asg_sigv4_signed *ret)
{
    struct asg_sigv4_signer *signer = NULL;
    asg_sigv4_signer_new(
        &(struct asg_sigv4_signer_options){.region = test->region,
                                           .service = test->service,
                                           .adds_body_hash = test->signs_body,
                                           .keeps_path = test->keeps_path,
                                           .omits_session_token = test->omits_token},
        &signer);
    /* Twice: the second signature comes from the key kept by the first. */
    for (int i = 0; i < 2; i++) {
        assert_status(ASG_OK, asg_sigv4_sign(signer, &test->credentials, &test->request,
                                             test->time_ms, &test->arena, ret));
    }
    asg_sigv4_signer_destroy(&signer);
}

static void must_be_refused(const struct asg_sigv4_request *request,
                            const struct asg_sigv4_rules *rules, const char *what)
{
    struct asg_sigv4_verdict verdict;
    if (asg_sigv4_verify(request, rules, &verdict) == ASG_OK) {
        fail_msg("accepted with another %s", what);
    }
}

/* What was signed and then changed in one place is not accepted any more. */
static void refuse_changes(struct suite_case *test, const struct asg_sigv4_request *sent,
                           const struct asg_sigv4_rules *rules)
{
    struct asg_sigv4_request other = *sent;
    other.method = "PUT";
    must_be_refused(&other, rules, "method");
    other = *sent;
    other.path = asg_arena_format(&test->arena, "%s/x", sent->path);
    must_be_refused(&other, rules, "path");
    other = *sent;
    other.query = "Param0=value0";
    must_be_refused(&other, rules, "query");
    other = *sent;
    other.body = asg_arena_format(&test->arena, "%.*s ", (int)sent->body_length,
                                  (const char *)sent->body);
    other.body_length++;
    must_be_refused(&other, rules, "body");
    struct asg_sigv4_header headers[40];
    for (size_t i = 0; i < sent->header_count; i++) {
        memcpy(headers, sent->headers, sent->header_count * sizeof *headers);
        headers[i].value = asg_arena_format(&test->arena, "%s0", sent->headers[i].value);
        other = *sent;
        other.headers = headers;
        must_be_refused(&other, rules, sent->headers[i].name);
    }
    struct asg_sigv4_rules later = *rules;
    later.now_ms += rules->window_ms + 1000;
    must_be_refused(sent, &later, "time");
}

static void check_case(const char *name)
{
    struct suite_case test;
    open_case(&test, name);
    struct asg_arena *arena = &test.arena;
    struct asg_sigv4_signed added;
    sign_case(&test, &added);
    struct asg_sigv4_request sent = sent_request(&test, &added);

    /* Step 1: the canonical request, for the headers the expected answer names. */
    const char *authorization = added.headers[added.count - 1].value;
    const char *names =
        strstr(authorization, "SignedHeaders=") + strlen("SignedHeaders=");
    names = asg_arena_text_n(arena, names, strcspn(names, ","));
    uint8_t hash[ASG_SHA256_BYTES];
    char hex[ASG_SHA256_HEX_SIZE];
    asg_sha256(sent.body, sent.body_length, hash);
    asg_hex_encode(hash, sizeof hash, hex);
    struct asg_bytes canonical = {0};
    assert_status(ASG_OK, asg_sigv4_canonical_request(&sent, names, hex, test.keeps_path,
                                                      &canonical));
    assert_string_equal(read_text(arena, name, "header-canonical-request.txt"),
                        asg_bytes_text(&canonical));

    /* Step 2: the string to sign. */
    char date[ASG_SIGV4_DATE_SIZE];
    asg_sigv4_date(test.time_ms, date);
    struct asg_bytes to_sign = {0};
    asg_sigv4_string_to_sign(date, test.region, test.service, canonical.data,
                             canonical.length, &to_sign);
    assert_string_equal(read_text(arena, name, "header-string-to-sign.txt"),
                        asg_bytes_text(&to_sign));

    /* Step 3: the signature and the whole header. */
    assert_string_equal(read_text(arena, name, "header-signature.txt"), added.signature);
    const char *whole = read_text(arena, name, "header-signed-request.txt");
    assert_non_null(
        strstr(whole, asg_arena_format(arena, "Authorization:%s\n", authorization)));

    /* And back: the verifier takes it, unless an x-amz header goes unsigned. */
    struct asg_sigv4_rules rules = {.region = test.region,
                                    .service = test.service,
                                    .now_ms = test.time_ms,
                                    .window_ms = ASG_SIGV4_WINDOW_MS,
                                    .keeps_path = test.keeps_path,
                                    .find_secret = secret_of,
                                    .context = &test};
    struct asg_sigv4_verdict verdict;
    assert_status(test.omits_token ? ASG_ERR_DENIED : ASG_OK,
                  asg_sigv4_verify(&sent, &rules, &verdict));
    if (!test.omits_token) assert_string_equal("AKIDEXAMPLE", verdict.access_key_id);
    refuse_changes(&test, &sent, &rules);
    asg_bytes_clear(&canonical);
    asg_bytes_clear(&to_sign);
    close_case(&test);
}

static void test_every_case_of_the_suite_agrees_at_every_step(void **state)
{
    (void)state;
    DIR *folder = opendir(suite_folder());
    assert_non_null(folder);
    int ran = 0;
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, "get-", 4) != 0 &&
            strncmp(entry->d_name, "post-", 5) != 0) {
            continue;
        }
        check_case(entry->d_name);
        ran++;
    }
    (void)closedir(folder);
    assert_int_equal(38, ran);
}

static void test_signer_follows_a_new_day_and_a_new_secret(void **state)
{
    (void)state;
    struct suite_case test;
    open_case(&test, "get-vanilla");
    struct asg_sigv4_signer *signer = NULL;
    asg_sigv4_signer_new(&(struct asg_sigv4_signer_options){.region = test.region,
                                                            .service = test.service},
                         &signer);
    struct asg_sigv4_signed first;
    struct asg_sigv4_signed next_day;
    struct asg_sigv4_signed other_secret;
    struct asg_sigv4_signed again;
    const int64_t day_ms = 24 * 3600 * 1000;
    assert_status(ASG_OK, asg_sigv4_sign(signer, &test.credentials, &test.request,
                                         test.time_ms, &test.arena, &first));
    assert_status(ASG_OK, asg_sigv4_sign(signer, &test.credentials, &test.request,
                                         test.time_ms + day_ms, &test.arena, &next_day));
    struct asg_sigv4_request sent = sent_request(&test, &next_day);
    struct asg_sigv4_rules rules = {.service = test.service,
                                    .now_ms = test.time_ms + day_ms,
                                    .window_ms = ASG_SIGV4_WINDOW_MS,
                                    .find_secret = secret_of,
                                    .context = &test};
    struct asg_sigv4_verdict verdict;
    assert_status(ASG_OK, asg_sigv4_verify(&sent, &rules, &verdict));
    asg_secret_set(&test.credentials.secret_key, "other", 5);
    assert_status(ASG_OK, asg_sigv4_sign(signer, &test.credentials, &test.request,
                                         test.time_ms, &test.arena, &other_secret));
    assert_string_not_equal(first.signature, other_secret.signature);
    asg_sigv4_signer_destroy(&signer);
    close_case(&test);
    open_case(&test, "get-vanilla");
    sign_case(&test, &again);
    assert_string_equal(first.signature, again.signature);
    close_case(&test);
}

static void test_signer_refuses_a_request_without_host(void **state)
{
    (void)state;
    struct suite_case test;
    open_case(&test, "get-vanilla");
    test.request.header_count = 0;
    struct asg_sigv4_signer *signer = NULL;
    asg_sigv4_signer_new(&(struct asg_sigv4_signer_options){.region = test.region,
                                                            .service = test.service},
                         &signer);
    struct asg_sigv4_signed added;
    assert_status(ASG_ERR_INVALID,
                  asg_sigv4_sign(signer, &test.credentials, &test.request, test.time_ms,
                                 &test.arena, &added));
    asg_sigv4_signer_destroy(&signer);
    close_case(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_case_of_the_suite_agrees_at_every_step),
        cmocka_unit_test(test_signer_follows_a_new_day_and_a_new_secret),
        cmocka_unit_test(test_signer_refuses_a_request_without_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
