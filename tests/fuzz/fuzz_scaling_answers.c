/* Answers of EC2 Auto Scaling and CloudWatch: documents one after the other, each the
 * first byte (which call) and what follows up to a zero byte. They are imported, and what
 * is written of each group must be YAML again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/ec2_reply.h"
#include "aws/scaling_actions.h"
#include "cli/imports/write_import.h"
#include "text/yaml_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_calls(void)
{
    size_t count = 0;
    while (asg_scaling_calls[count] != NULL) {
        count++;
    }
    return count;
}

static void take(const struct asg_scaling_call *call, const struct asg_answer_tree *tree,
                 struct asg_arena *arena, struct asg_answer_list *list)
{
    const char *token = NULL;
    const struct asg_answer_node *member = asg_scaling_members(call, tree, &token);
    if (token == NULL) abort();
    for (; member != NULL; member = member->next) {
        void *items = list->items;
        const struct asg_answer_node **item =
            asg_arena_push(arena, &items, &list->count, &list->capacity, sizeof *item);
        list->items = items;
        *item = asg_answer_copy(member, arena);
    }
}

static void write_out(const struct asg_answer_node *group,
                      const struct asg_import_answers *answers, struct asg_arena *arena)
{
    struct asg_imported imported;
    struct asg_bytes text = {0};
    struct asg_yaml_node *root = NULL;
    struct asg_error error = {""};
    asg_import_group(group, answers, arena, &imported);
    asg_write_import(&imported, "us-east-1", &text);
    enum asg_status status = asg_yaml_parse("written", (const char *)text.data,
                                            text.length, 8, arena, &root, &error);
    if (status != ASG_OK && status != ASG_ERR_LIMIT) abort();
    asg_bytes_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct asg_arena arena = {0};
    struct asg_ec2_reply reply = {0};
    struct asg_answer_list groups = {0};
    struct asg_import_answers answers = {.region = "us-east-1", .now_ms = 1};
    struct asg_answer_list *const lists[] = {&groups,
                                             &answers.policies,
                                             &answers.schedules,
                                             &answers.launch_configurations,
                                             &answers.hooks,
                                             &answers.notifications,
                                             &answers.refreshes,
                                             &answers.alarms};
    const size_t calls = count_calls();
    if (calls != sizeof lists / sizeof lists[0]) abort();
    for (size_t at = 0; at < size;) {
        const struct asg_scaling_call *call = asg_scaling_calls[data[at] % calls];
        struct asg_answer_list *list = lists[data[at] % calls];
        const uint8_t *end = memchr(data + at, 0, size - at);
        size_t length = end != NULL ? (size_t)(end - data) - at : size - at;
        if (length > 1) {
            asg_ec2_reply_begin(&reply, &call->action, &arena);
            if (asg_ec2_reply_feed(&reply, data + at + 1, length - 1, true) == ASG_OK &&
                !reply.is_error) {
                take(call, reply.value, &arena, list);
            }
        }
        at += length + 1;
    }
    for (size_t i = 0; i < groups.count && i < 16; i++) {
        write_out(groups.items[i], &answers, &arena);
    }
    asg_ec2_reply_clear(&reply);
    asg_arena_clear(&arena);
    return 0;
}
