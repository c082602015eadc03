/* The file of access keys: what is read is written, and read again as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/access_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_same(const char *a, const char *b)
{
    if (strcmp(a, b) != 0) abort();
}

static void compare(const struct asg_access_key *a, const struct asg_access_key *b)
{
    must_be_same(a->name, b->name);
    must_be_same(a->access_key_id, b->access_key_id);
    must_be_same(a->secret, b->secret);
    must_be_same(a->session_token, b->session_token);
    if (a->action_count != b->action_count || a->group_count != b->group_count) abort();
    for (size_t i = 0; i < a->action_count; i++) {
        must_be_same(a->actions[i], b->actions[i]);
    }
    for (size_t i = 0; i < a->group_count; i++) {
        must_be_same(a->groups[i], b->groups[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct asg_access_keys keys = {.count = 0};
    struct asg_error error = {""};
    if (asg_access_keys_parse((const char *)data, size, &keys, &error) != ASG_OK) {
        if (error.text[0] == '\0') abort();
        return 0;
    }
    struct asg_bytes text = {0};
    for (size_t i = 0; i < keys.count; i++) {
        asg_access_key_print(&keys.items[i], &text);
    }
    struct asg_access_keys again = {.count = 0};
    enum asg_status status =
        asg_access_keys_parse(asg_bytes_text(&text), text.length, &again, &error);
    /* Escapes take more room. */
    if (status != ASG_OK && text.length <= ASG_ACCESS_KEYS_BYTES_MAX) abort();
    if (status == ASG_OK && again.count != keys.count) abort();
    for (size_t i = 0; status == ASG_OK && i < keys.count; i++) {
        compare(&keys.items[i], &again.items[i]);
    }
    if (status == ASG_OK) asg_access_keys_clear(&again);
    asg_access_keys_clear(&keys);
    asg_bytes_clear(&text);
    return 0;
}
