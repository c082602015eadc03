/* Proofs by STS: what an agent gives and what STS answers, both from strangers. The first
 * byte says which: 'q' a request (URL, body, then "name: value", a line each), 'a' an
 * answer (its HTTP status in three digits, then the body), 'r' an ARN. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/caller_proof.h"

#define NOW_MS INT64_C(1795442400000)
#define HEX_64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *take_line(char **at)
{
    char *line = *at;
    char *end = strchr(line, '\n');
    *at = end != NULL ? end + 1 : line + strlen(line);
    if (end != NULL) *end = '\0';
    return line;
}

static void check_sent(const struct asg_caller_request *request, const char *url)
{
    size_t length = strlen(url);
    assert(strncmp(url, "https://sts.", 12) == 0 && url[length - 1] == '/');
    assert(strspn(url + 8, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length - 9);
    const char *end = strstr(url, ".amazonaws.com");
    assert(end != NULL);
    assert(strcmp(end, ".amazonaws.com/") == 0 || strcmp(end, ".amazonaws.com.cn/") == 0);
    assert(strncmp(request->body, "Action=GetCallerIdentity&Version=2011-06-15", 44) ==
           0);
    assert(request->header_count == ASG_CALLER_HEADERS);
    for (size_t i = 0; i < request->header_count; i++) {
        assert(strpbrk(request->headers[i].value, "\r\n") == NULL);
        assert(strpbrk(request->headers[i].name, "\r\n: ") == NULL);
    }
}

static void read_request(char *text)
{
    struct asg_caller_request request = {.url = take_line(&text)};
    request.body = take_line(&text);
    while (*text != '\0' && request.header_count < ASG_CALLER_HEADERS) {
        char *name = take_line(&text);
        char *colon = strstr(name, ": ");
        if (colon == NULL) continue;
        *colon = '\0';
        request.headers[request.header_count++] =
            (struct asg_sigv4_header){name, colon + 2};
    }
    char authority[ASG_CALLER_HEX_SIZE] = HEX_64;
    (void)asg_caller_authority(&request, authority);
    assert(strlen(authority) == 64);
    const struct asg_caller_audience audience = {authority, "curve", "tls"};
    char url[ASG_ENDPOINT_URL_MAX] = "";
    struct asg_error error = {""};
    if (asg_caller_check(&request, NULL, &audience, NOW_MS, url, &error) == ASG_OK)
        check_sent(&request, url);
    else
        assert(error.text[0] != '\0');
}

static void read_role(const struct asg_sts_identity *identity)
{
    struct asg_caller_role role;
    struct asg_error error = {""};
    if (asg_caller_read_role(identity, &role, &error) != ASG_OK) return;
    assert(strlen(role.account) == 12 && strcmp(role.account, identity->account) == 0);
    char again[ASG_STS_TEXT_MAX];
    (void)snprintf(again, sizeof again, ":%s:assumed-role/%s/%s", role.account, role.role,
                   role.session);
    const char *found = strstr(identity->arn, again);
    assert(found != NULL && strcmp(found, again) == 0);
}

static void read_answer(const char *text, size_t length)
{
    if (length < 3) return;
    char digits[4];
    memcpy(digits, text, 3);
    digits[3] = '\0';
    uint32_t http_status = (uint32_t)strtoul(digits, NULL, 10);
    struct asg_sts_identity identity;
    struct asg_error error = {""};
    if (asg_caller_read(http_status, text + 3, length - 3, &identity, &error) == ASG_OK) {
        assert(http_status == 200);
        assert(identity.arn[0] != '\0' && identity.account[0] != '\0');
        read_role(&identity);
    } else {
        for (const char *at = error.text; *at != '\0'; at++)
            assert(*at >= ' ' && *at <= '~');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    struct asg_arena arena = {0};
    char *text = asg_arena_take(&arena, size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] == 'q') read_request(text);
    if (data[0] == 'a') read_answer(text, size - 1);
    if (data[0] == 'r') {
        struct asg_sts_identity identity = {.account = "123456789012"};
        (void)snprintf(identity.arn, sizeof identity.arn, "%s", text);
        read_role(&identity);
    }
    asg_arena_clear(&arena);
    return 0;
}
