/* fuzz_control_gate - any headers of a request for ec2local's control endpoint: nobody
 * passes without the key, with an Origin, or by a name that is not ours.
 *
 * Input: lines "name: value". A value "KEY" stands for the key.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ec2local/control_gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEADERS_MAX 16

static const struct asg_control_gate gate = {.key = KEY, .listen = "10.1.2.3"};

static bool is_ours(const char *host)
{
    static const char *const starts[] = {"127.", "localhost", "[::1]", "10.1.2.3"};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        if (strncasecmp(host, starts[i], strlen(starts[i])) == 0) return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    struct asg_http_header headers[HEADERS_MAX];
    struct asg_http_request request = {.method = "POST", .headers = headers};
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest);
         line != NULL && request.header_count < HEADERS_MAX;
         line = strtok_r(NULL, "\n", &rest)) {
        char *value = strchr(line, ':');
        if (value == NULL) continue;
        *value++ = '\0';
        value += strspn(value, " ");
        headers[request.header_count++] =
            (struct asg_http_header){line, strcmp(value, "KEY") == 0 ? KEY : value};
    }
    if (asg_control_gate_refusal(&gate, &request) == NULL) {
        size_t hosts = 0;
        size_t keys = 0;
        const char *host = asg_http_header(&request, "Host", &hosts);
        const char *key = asg_http_header(&request, ASG_CONTROL_KEY_HEADER, &keys);
        assert(hosts == 1 && keys == 1 && strcmp(key, KEY) == 0);
        assert(is_ours(host));
        assert(asg_http_header(&request, "Origin", NULL) == NULL);
    }
    free(text);
    return 0;
}
