/* spell_files - a group with its policies and scheduled actions as a document that apply
 * takes back unchanged. Threads: no state; any. */
#ifndef ASG_CLI_SPELL_FILES_H
#define ASG_CLI_SPELL_FILES_H

#include "base/bytes.h"
#include "cli/compare.h"

/* Append the document of groups[at] of a state that is in order (asg_present_sort()).
 * `is_full`: with every field, else without those that have their default. */
void asg_spell_group(const struct asg_present *present, size_t at, bool is_full,
                     struct asg_bytes *ret);

/* "web.yaml": the group's name as that of a file, with what a file's name cannot have, or
 * a folder would hide, as %2F. */
const char *asg_spell_file_name(const char *group, struct asg_arena *arena);

#endif
