#include "aws/ec2_kept.h"

#include <stdbool.h>
#include <string.h>

#define ID_BEGIN "<requestId>"

void asg_ec2_kept_clear(struct asg_ec2_kept *kept)
{
    for (size_t i = 0; i < ASG_EC2_KEPT; i++) {
        asg_bytes_clear(&kept->answers[i].question);
        asg_bytes_clear(&kept->answers[i].body);
        asg_arena_clear(&kept->answers[i].arena);
    }
    *kept = (struct asg_ec2_kept){0};
}

static bool is_equal(const struct asg_bytes *a, const struct asg_bytes *b)
{
    return a->length == b->length && a->length > 0 &&
           memcmp(a->data, b->data, a->length) == 0;
}

/* The answer to this question, NULL when none is kept. */
static struct asg_ec2_kept_answer *answer_to(struct asg_ec2_kept *kept,
                                             const struct asg_bytes *question)
{
    for (size_t i = 0; i < ASG_EC2_KEPT; i++) {
        if (is_equal(&kept->answers[i].question, question)) return &kept->answers[i];
    }
    return NULL;
}

/* What may stand in place of a request id and changes nothing around it. */
static bool is_id(const uint8_t *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        bool is_letter = (text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z';
        if (!is_digit && !is_letter && text[i] != '-') return false;
    }
    return true;
}

static bool says_the_same(const struct asg_ec2_kept_answer *answer,
                          const struct asg_bytes *body)
{
    size_t behind = answer->id_at + answer->id_length;
    return body->length == answer->body.length &&
           memcmp(body->data, answer->body.data, answer->id_at) == 0 &&
           is_id(body->data + answer->id_at, answer->id_length) &&
           memcmp(body->data + behind, answer->body.data + behind,
                  body->length - behind) == 0;
}

const struct asg_ec2_kept_answer *asg_ec2_kept_find(struct asg_ec2_kept *kept,
                                                    const struct asg_bytes *question,
                                                    const struct asg_bytes *body)
{
    struct asg_ec2_kept_answer *answer = answer_to(kept, question);
    if (answer == NULL || body->length == 0 || !says_the_same(answer, body)) return NULL;
    answer->used = ++kept->uses;
    return answer;
}

/* Where the request id stands; of none that can be told for certain, nowhere. */
static void find_id(struct asg_ec2_kept_answer *answer, const char *request_id)
{
    answer->id_at = 0;
    answer->id_length = 0;
    size_t length = strlen(request_id);
    const struct asg_bytes *body = &answer->body;
    const uint8_t *found = memmem(body->data, body->length, ID_BEGIN, strlen(ID_BEGIN));
    if (found == NULL) return;
    size_t at = (size_t)(found - body->data) + strlen(ID_BEGIN);
    if (body->length - at <= length || body->data[at + length] != '<' ||
        memcmp(body->data + at, request_id, length) != 0) {
        return;
    }
    answer->id_at = at;
    answer->id_length = length;
}

static struct asg_ec2_kept_answer *oldest(struct asg_ec2_kept *kept)
{
    struct asg_ec2_kept_answer *oldest = &kept->answers[0];
    for (size_t i = 1; i < ASG_EC2_KEPT; i++) {
        if (kept->answers[i].used < oldest->used) oldest = &kept->answers[i];
    }
    return oldest;
}

void asg_ec2_kept_put(struct asg_ec2_kept *kept, const struct asg_bytes *question,
                      struct asg_bytes *body, const char *request_id,
                      struct asg_arena *arena, void *value)
{
    struct asg_ec2_kept_answer *answer = answer_to(kept, question);
    if (answer == NULL) answer = oldest(kept);
    asg_bytes_reset(&answer->question);
    asg_bytes_append(&answer->question, question->data, question->length);
    struct asg_bytes old_body = answer->body;
    answer->body = *body;
    *body = old_body;
    struct asg_arena old_arena = answer->arena;
    answer->arena = *arena;
    *arena = old_arena;
    answer->value = value;
    answer->used = ++kept->uses;
    find_id(answer, request_id);
}
