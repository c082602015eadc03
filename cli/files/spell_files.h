/* spell_files - a group with its policies and scheduled actions as a document that apply
 * takes back unchanged. Threads: no state; any. */
#ifndef ASG_CLI_FILES_SPELL_FILES_H
#define ASG_CLI_FILES_SPELL_FILES_H

#include "base/bytes.h"
#include "cli/files/compare.h"

/* A group with what is its own. */
struct asg_spelled_group {
    const struct asg_group_config *config;
    const struct asg_policy_config *policies;
    size_t policy_count;
    const struct asg_schedule_config *schedules;
    size_t schedule_count;
    bool is_full; /* every field is written, not only those without their default */
};

/* Append the sections group, policies and schedules. */
void asg_spell_sections(const struct asg_spelled_group *group, struct asg_bytes *ret);

/* Append the document of groups[at] of a state that is in order (asg_present_sort()),
 * its revision in front. */
void asg_spell_group(const struct asg_present *present, size_t at, bool is_full,
                     struct asg_bytes *ret);

/* "web.yaml": the group's name as that of a file, with what a file's name cannot have, or
 * a folder would hide, as %2F. Of one that is too long for a file's name the rest is a
 * hash. */
const char *asg_spell_file_name(const char *group, struct asg_arena *arena);

#endif
