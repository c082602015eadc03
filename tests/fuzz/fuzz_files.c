/* fuzz_files - any bytes as a file of groups: refused with words, or compared; and what
 * would be created, written as export writes it, is read as the same. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/files/compare.h"
#include "cli/files/spell_files.h"

#define NOW INT64_C(1795442400000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum asg_status read_bytes(const void *data, size_t size, struct asg_arena *arena,
                                  struct asg_declared *ret, struct asg_error *error)
{
    char path[64];
    int file = memfd_create("files", MFD_CLOEXEC);
    if (file < 0 || write(file, data, size) != (ssize_t)size) abort();
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    const char *name = path;
    const struct asg_texts paths = {.items = &name, .count = 1};
    enum asg_status status = asg_declared_read(&paths, arena, ret, error);
    (void)close(file);
    return status;
}

/* The state after the order, which creates all. */
static struct asg_present carry_out(const struct asg_apply *order,
                                    struct asg_arena *arena)
{
    struct asg_present present = {0};
    size_t policies = 0;
    size_t schedules = 0;
    present.groups =
        asg_arena_take(arena, (order->group_count + 1) * sizeof *present.groups);
    for (size_t i = 0; i < order->group_count; i++) {
        const struct asg_apply_group *group = &order->groups[i];
        assert(group->is_new && group->config != NULL);
        present.groups[present.group_count++].config = group->config;
        for (size_t k = 0; k < group->policy_count; k++) {
            *(struct asg_policy_config *)asg_arena_push(
                arena, (void **)&present.policies, &present.policy_count, &policies,
                sizeof *present.policies) = group->policies[k];
        }
        for (size_t k = 0; k < group->schedule_count; k++) {
            *(struct asg_schedule_config *)asg_arena_push(
                arena, (void **)&present.schedules, &present.schedule_count, &schedules,
                sizeof *present.schedules) = group->schedules[k];
        }
    }
    asg_present_sort(&present);
    return present;
}

static void check_again(const struct asg_present *present, struct asg_arena *arena)
{
    struct asg_bytes text = {0};
    struct asg_declared declared = {0};
    struct asg_differences differences;
    struct asg_apply order;
    struct asg_error error = {""};
    const struct asg_compare_options options = {
        .now_ms = NOW, .sets_desired = true, .prunes = true};
    for (size_t i = 0; i < present->group_count; i++) {
        if (i > 0) asg_bytes_append_text(&text, "---\n");
        asg_spell_group(present, i, /* is_full */ i % 2 == 1, &text);
    }
    enum asg_status status =
        read_bytes(asg_bytes_text(&text), text.length, arena, &declared, &error);
    assert(status == ASG_OK);
    status =
        asg_compare(&declared, present, &options, arena, &differences, &order, &error);
    assert(status == ASG_OK);
    assert(differences.difference_count == 0);
    asg_bytes_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 65536) return 0;
    struct asg_arena arena = {0};
    struct asg_declared declared = {0};
    struct asg_error error = {""};
    struct asg_differences differences;
    struct asg_apply order;
    const struct asg_present nothing = {0};
    const struct asg_compare_options options = {.now_ms = NOW};
    enum asg_status status = read_bytes(data, size, &arena, &declared, &error);
    if (status == ASG_OK) {
        status = asg_compare(&declared, &nothing, &options, &arena, &differences, &order,
                             &error);
    }
    if (status == ASG_OK) {
        const struct asg_present present = carry_out(&order, &arena);
        if (present.group_count > 0) check_again(&present, &arena);
    } else {
        assert(error.text[0] != '\0');
    }
    asg_arena_clear(&arena);
    return 0;
}
