#include "api/pages.h"

#include <assert.h>
#include <string.h>

#include "crypto/crypto.h"

#define MARK_BYTES 8

/* Of the action and all arguments but the two of paging. */
static void mark_arguments(struct asg_api_call *call, uint8_t ret[MARK_BYTES])
{
    struct asg_form_pair *pairs = NULL;
    size_t count = asg_value_pairs(&call->input, &call->arena, &pairs);
    struct asg_bytes text = {0};
    asg_bytes_append_text(&text, call->action->name);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, "NextToken") == 0) continue;
        if (strcmp(pairs[i].name, "MaxRecords") == 0) continue;
        /* With their zeros: no text of one form is that of another. */
        asg_bytes_append(&text, pairs[i].name, strlen(pairs[i].name) + 1);
        asg_bytes_append(&text, pairs[i].value, strlen(pairs[i].value) + 1);
    }
    uint8_t hash[ASG_SHA256_BYTES];
    asg_sha256(text.data, text.length, hash);
    asg_bytes_clear(&text);
    memcpy(ret, hash, MARK_BYTES);
}

const char *asg_api_page_token(struct asg_api_call *call, const char *last)
{
    assert(last[0] != '\0');
    size_t length = strlen(last);
    uint8_t *bytes = asg_arena_take(&call->arena, MARK_BYTES + length);
    mark_arguments(call, bytes);
    memcpy(bytes + MARK_BYTES, last, length);
    char *token = asg_arena_take(&call->arena, 2 * (MARK_BYTES + length) + 1);
    asg_hex_encode(bytes, MARK_BYTES + length, token);
    return token;
}

void asg_api_page_split(struct asg_api_call *call, const struct asg_api_page *page,
                        const char **ret_group, const char **ret_name)
{
    size_t length = strcspn(page->after, ":");
    *ret_group = asg_arena_text_n(&call->arena, page->after, length);
    *ret_name = page->after[length] == ':' ? page->after + length + 1 : "";
}

const char *asg_api_page_key(struct asg_api_call *call, const char *group,
                             const char *name)
{
    assert(strchr(group, ':') == NULL);
    return asg_arena_format(&call->arena, "%s:%s", group, name);
}

static const char *read_token(struct asg_api_call *call, const char *token)
{
    size_t length = strlen(token) / 2;
    if (length <= MARK_BYTES) return NULL;
    uint8_t *bytes = asg_arena_take(&call->arena, length + 1);
    uint8_t mark[MARK_BYTES];
    mark_arguments(call, mark);
    if (asg_hex_decode(token, bytes, length) != ASG_OK ||
        memcmp(bytes, mark, MARK_BYTES) != 0) {
        return NULL;
    }
    return (const char *)bytes + MARK_BYTES; /* the arena's zero closes it */
}

bool asg_api_page_read(struct asg_api_call *call, size_t otherwise,
                       struct asg_api_page *ret)
{
    const char *token = asg_value_text(&call->input, "NextToken", NULL);
    *ret = (struct asg_api_page){
        .after = token != NULL ? read_token(call, token) : "",
        .most = (size_t)asg_value_number(&call->input, "MaxRecords", (int64_t)otherwise)};
    if (ret->after != NULL) return true;
    asg_api_refuse(call, 400, "InvalidNextToken", "The NextToken value is not valid.");
    return false;
}
