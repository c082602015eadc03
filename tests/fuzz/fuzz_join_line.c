/* fuzz_join_line - any bytes as user data: the worker adds its line or says why not, and
 * where it added one the agent finds exactly that, whatever lines were there before. The
 * agent reads any bytes besides.
 */
#include <assert.h>
#include <stdbool.h>
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

/* The token is there, in words "token=" only: what stands elsewhere is no secret, not
 * even when its pieces come together because an error leaves out what is no text. */
static bool is_secret(const uint8_t *data, size_t size, struct asg_arena *arena)
{
    static const char before[] = " token=";
    static const size_t length = sizeof before - 1;
    char *text = asg_arena_take(arena, size + 1);
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        if (data[i] != 0 && data[i] < 0x80) text[kept++] = (char)data[i];
    }
    text[kept] = '\0';
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, TOKEN)) != NULL; at++) {
        bool is_word =
            (size_t)(at - text) >= length && memcmp(at - length, before, length) == 0;
        if (!is_word) return false;
        count++;
    }
    return count > 0;
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
        assert(!is_secret(data, size, arena) || strstr(error.text, TOKEN) == NULL);
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
