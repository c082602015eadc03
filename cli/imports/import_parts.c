#include "cli/imports/import_parts.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/escape.h"

#define SECOND   INT64_C(1000)
#define SHOW_MAX 300

void asg_import_note(struct asg_importing *importing, const char *todo,
                     const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    void *items = importing->ret->notes;
    struct asg_import_note *note =
        asg_arena_push(importing->arena, &items, &importing->ret->note_count,
                       &importing->note_capacity, sizeof *note);
    importing->ret->notes = items;
    note->what = asg_arena_text(importing->arena, text);
    note->todo = todo;
}

void asg_import_note_unknown(struct asg_importing *importing,
                             const struct asg_answer_node *node, const char *const *known,
                             size_t known_count, const char *what)
{
    for (const struct asg_answer_node *part = node->first; part != NULL;
         part = part->next) {
        bool is_known = false;
        for (size_t i = 0; i < known_count; i++) {
            is_known = is_known || strcmp(known[i], part->name) == 0;
        }
        if (is_known) continue;
        asg_import_note(importing, "This version of openasg does not know it.",
                        "%s has %s (%s).", what, part->name,
                        asg_import_show(importing, part));
    }
}

const char *asg_import_shell(struct asg_importing *importing, const char *text)
{
    size_t size = ASG_SHELL_WORD_SIZE(strlen(text));
    return asg_shell_word(text, asg_arena_take(importing->arena, size), size);
}

int asg_import_word(const struct asg_enum *words, const char *of_aws)
{
    char ours[64];
    size_t length = 0;
    for (const char *at = of_aws; *at != '\0' && length + 2 < sizeof ours; at++) {
        bool is_upper = isupper((unsigned char)*at) != 0;
        bool begins = is_upper && at > of_aws &&
                      (islower((unsigned char)at[-1]) || islower((unsigned char)at[1]));
        if (begins) ours[length++] = '-';
        ours[length++] = (char)tolower((unsigned char)*at);
    }
    ours[length] = '\0';
    return asg_enum_value(words, ours);
}

void asg_import_size(const struct asg_answer_node *node, const char *name, uint32_t *ret)
{
    int64_t size = 0;
    if (!asg_answer_integer(node, name, &size)) return;
    if (size < 0) size = 0;
    *ret = size > ASG_GROUP_CAPACITY_MAX ? ASG_GROUP_CAPACITY_MAX : (uint32_t)size;
}

void asg_import_seconds(const struct asg_answer_node *node, const char *name,
                        int64_t *ret_ms)
{
    int64_t seconds = 0;
    if (!asg_answer_integer(node, name, &seconds)) return;
    if (seconds >= 0 && seconds <= INT32_MAX) *ret_ms = seconds * SECOND;
}

/* As deep as the answer (answer_tree.h). */
// NOLINTNEXTLINE(misc-no-recursion)
static void show(const struct asg_answer_node *node, struct asg_bytes *ret)
{
    bool is_item = strcmp(node->name, "member") == 0;
    if (ret->length > SHOW_MAX) return;
    if (node->first == NULL) {
        if (ret->length > 0) asg_bytes_append_byte(ret, ' ');
        asg_bytes_printf(ret, "%s%s%s", is_item ? "" : node->name, is_item ? "" : "=",
                         node->text);
    }
    for (const struct asg_answer_node *child = node->first; child != NULL;
         child = child->next) {
        show(child, ret);
    }
}

const char *asg_import_show(struct asg_importing *importing,
                            const struct asg_answer_node *node)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    show(node, &text);
    const char *whole = asg_bytes_text(&text);
    return text.length <= SHOW_MAX
               ? asg_arena_text(importing->arena, whole)
               : asg_arena_format(importing->arena, "%.*s ...", SHOW_MAX, whole);
}
