#include "controller/kept_answers.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "model/copy.h"
#include "model/schemas.h"

struct asg_kept_answer {
    struct asg_kept_answer *next; /* used before it */
    struct asg_kept_answer *previous;
    struct asg_arena arena;
    const char *key;
    struct asg_told told;
    int64_t until_ms;
};

static const char *key_of(const void *item)
{
    return ((const struct asg_kept_answer *)item)->key;
}

static void take_out(struct asg_kept_answers *kept, struct asg_kept_answer *answer)
{
    *(answer->previous != NULL ? &answer->previous->next : &kept->first) = answer->next;
    *(answer->next != NULL ? &answer->next->previous : &kept->last) = answer->previous;
}

static void put_first(struct asg_kept_answers *kept, struct asg_kept_answer *answer)
{
    answer->previous = NULL;
    answer->next = kept->first;
    *(kept->first != NULL ? &kept->first->previous : &kept->last) = answer;
    kept->first = answer;
}

static void forget(struct asg_kept_answers *kept, struct asg_kept_answer *answer)
{
    asg_text_index_remove(&kept->index, answer);
    take_out(kept, answer);
    kept->count--;
    asg_arena_clear(&answer->arena);
    free(answer);
}

void asg_kept_answers_clear(struct asg_kept_answers *kept)
{
    while (kept->first != NULL) {
        forget(kept, kept->first);
    }
    asg_text_index_clear(&kept->index);
}

/* Its length comes first, so that no text can look like two. */
static void add_part(struct asg_bytes *key, const char *text)
{
    const char *said = text != NULL ? text : "";
    asg_bytes_printf(key, " %zu:%s", strlen(said), said);
}

const char *asg_question_key(const struct asg_question *question, struct asg_arena *arena)
{
    struct asg_bytes key = {0};
    asg_bytes_printf(&key, "%s",
                     asg_enum_word(&asg_question_kind_words, (int)question->kind));
    add_part(&key, question->template_id);
    add_part(&key, question->template_name);
    add_part(&key, question->template_version);
    for (size_t i = 0; i < question->ids.count; i++) {
        add_part(&key, question->ids.items[i]);
    }
    const char *text = asg_arena_text_n(arena, (const char *)key.data, key.length);
    asg_bytes_clear(&key);
    return text;
}

const struct asg_told *asg_kept_answers_find(struct asg_kept_answers *kept,
                                             const char *key, int64_t now_ms)
{
    if (kept->count == 0) return NULL;
    struct asg_kept_answer *answer = asg_text_index_find(&kept->index, key);
    if (answer == NULL) return NULL;
    if (answer->until_ms <= now_ms) {
        forget(kept, answer);
        return NULL;
    }
    take_out(kept, answer);
    put_first(kept, answer);
    return &answer->told;
}

static bool is_number(const char *text)
{
    return text != NULL && text[0] >= '0' && text[0] <= '9';
}

static int64_t time_to_keep(const struct asg_kept_answers *kept,
                            const struct asg_question *question)
{
    switch (question->kind) {
    case ASG_QUESTION_SUBNETS:
        return question->ids.count > 0 ? kept->long_ms : kept->short_ms;
    case ASG_QUESTION_ZONES: return kept->long_ms;
    case ASG_QUESTION_TEMPLATE:
        return is_number(question->template_version) ? kept->long_ms : kept->short_ms;
    case ASG_QUESTION_IMAGES: return kept->short_ms;
    default: return 0;
    }
}

void asg_kept_answers_put(struct asg_kept_answers *kept, const char *key,
                          const struct asg_question *question,
                          const struct asg_told *told, int64_t now_ms)
{
    int64_t keep_ms = time_to_keep(kept, question);
    if (told->outcome != ASG_TOLD_FOUND || keep_ms <= 0 || kept->most == 0) return;
    if (asg_kept_answers_find(kept, key, now_ms) != NULL) return;
    if (kept->count >= kept->most) forget(kept, kept->last);
    if (kept->index.text_of == NULL) asg_text_index_init(&kept->index, key_of);
    struct asg_kept_answer *answer = asg_alloc(1, sizeof *answer);
    answer->key = asg_arena_text(&answer->arena, key);
    asg_model_copy(&asg_told_schema, told, &answer->arena, &answer->told);
    answer->until_ms = now_ms + keep_ms;
    put_first(kept, answer);
    asg_text_index_add(&kept->index, answer);
    kept->count++;
}
