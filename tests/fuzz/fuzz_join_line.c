/* fuzz_join_line - any bytes as user data: the worker adds its line or says why not, and
 * where it added one the agent finds exactly that, whatever lines were there before. The
 * agent reads any bytes besides.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/join_line.h"
#include "base/bytes.h"
#include "crypto/crypto.h"
#include "worker/join_user_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define STANZA                                                                           \
    "# openasg-join: token=" TOKEN " controller=tcp://127.0.0.1:7701 "                   \
    "key=rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7 enrol=127.0.0.1:7708 ca=" TOKEN        \
    " job=7 attempt=1 incarnation=5"

static void check_joined(const char *base64, struct asg_arena *arena)
{
    size_t length = 0;
    char *joined = asg_arena_take(arena, strlen(base64) + 3);
    enum asg_status status = asg_base64_decode(base64, joined, &length);
    assert(status == ASG_OK);
    struct asg_join_line line;
    struct asg_error error = {""};
    status = asg_join_line_find(joined, length, arena, &line, &error);
    assert(status == ASG_OK);
    assert(strcmp(line.token, TOKEN) == 0);
    assert(line.job_id == 7 && line.attempt == 1 && line.incarnation == 5);
}

/* The token stands in words "token=" only: what it is elsewhere is no secret. */
static bool is_secret(const uint8_t *data, size_t size)
{
    static const char word[] = " token=" TOKEN;
    static const size_t before = sizeof " token=" - 1;
    const uint8_t *at = data;
    const uint8_t *end = data + size;
    while ((at = memmem(at, (size_t)(end - at), TOKEN, sizeof TOKEN - 1)) != NULL) {
        bool is_word =
            at - data >= (ptrdiff_t)before && memcmp(at - before, word, before) == 0;
        if (!is_word) return false;
        at++;
    }
    return true;
}

static void read_any(const uint8_t *data, size_t size, struct asg_arena *arena)
{
    struct asg_join_line line;
    struct asg_error error = {""};
    enum asg_status status = asg_join_line_find(data, size, arena, &line, &error);
    if (status == ASG_OK) {
        assert(line.token != NULL && line.token[0] != '\0');
    } else {
        assert(error.text[0] != '\0');
        assert(!is_secret(data, size) || strstr(error.text, TOKEN) == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct asg_arena arena = {0};
    read_any(data, size, &arena);
    char *base64 = asg_arena_take(&arena, 4 * (size / 3 + 1) + 1);
    asg_base64_encode(data, size, base64);
    const char *joined = NULL;
    struct asg_error error = {""};
    if (asg_user_data_join(base64, STANZA, &arena, &joined, &error) == ASG_OK) {
        check_joined(joined, &arena);
    } else {
        assert(error.text[0] != '\0');
    }
    asg_arena_clear(&arena);
    return 0;
}
