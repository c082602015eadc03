/* The verifier over a request as it comes: method, path, query, headers, blank line,
 * body, one a line. Only a request that knows the secret may pass, and none here does. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"

#define HEADERS_MAX (ASG_SIGV4_HEADERS_MAX + 4)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *find_secret(void *context, const char *access_key_id)
{
    (void)context;
    return strcmp(access_key_id, "AKIDEXAMPLE") == 0 ? "a secret of which no input knows"
                                                     : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct asg_arena arena = {0};
    char *rest = (char *)(uintptr_t)asg_arena_text_n(&arena, (const char *)data, size);
    struct asg_sigv4_header headers[HEADERS_MAX];
    struct asg_sigv4_request request = {.headers = headers};
    const char *method = strsep(&rest, "\n");
    request.method = method;
    request.path = rest == NULL ? NULL : strsep(&rest, "\n");
    request.query = rest == NULL ? NULL : strsep(&rest, "\n");
    char *line = NULL;
    while (rest != NULL && request.header_count < HEADERS_MAX) {
        line = strsep(&rest, "\n");
        if (line[0] == '\0') break;
        char *colon = strchr(line, ':');
        if (colon == NULL) continue;
        *colon = '\0';
        headers[request.header_count++] = (struct asg_sigv4_header){line, colon + 1};
    }
    request.body = rest == NULL ? "" : rest;
    request.body_length = rest == NULL ? 0 : strlen(rest);
    struct asg_sigv4_rules rules = {.service = "ec2",
                                    .now_ms = INT64_C(1440938160000),
                                    .window_ms = ASG_SIGV4_WINDOW_MS,
                                    .find_secret = find_secret};
    for (int i = 0; i < 2; i++) {
        struct asg_sigv4_verdict verdict;
        rules.keeps_path = i == 1;
        if (asg_sigv4_verify(&request, &rules, &verdict) == ASG_OK) abort();
        if (strlen(verdict.message) == 0 || verdict.http_status < 400) abort();
    }
    asg_arena_clear(&arena);
    return 0;
}
