/* presets - named sets of what a scaling policy goes by.
 *
 * A preset is filled in where a policy is written (the command line, a file, the API),
 * never in core: a policy that is put carries every number, and `preset` is only its
 * name. So a log decides the same whatever a later table says. Explicit fields win.
 */
#ifndef ASG_MODEL_PRESETS_H
#define ASG_MODEL_PRESETS_H

#include <stdint.h>

#include "model/group.h"

struct asg_preset_row {
    struct asg_policy_config policy; /* the fields that a preset has; the others are 0 */
    int64_t evaluation_ms; /* of the group, that it is meant for; 0: any. A period belongs
                            * to a group, so a preset only says what it asks for. */
};

/* By enum asg_preset: the one place of their values. */
extern const struct asg_preset_row asg_presets[ASG_PRESET_COUNT];

/* Fields that *ret's preset has and `given` does not name (bits 1 << position in
 * asg_policy_config_schema) become the preset's. Saturation is only of CPU, and not of
 * its highest value: elsewhere it stays 0, none. So does a scale_out_far_permille below
 * the tolerance that was given. */
void asg_preset_fill(struct asg_policy_config *ret, uint64_t given);

/* What the tag of that key of a group asks for; -1: no such preset. */
#define ASG_PRESET_TAG "openasg:preset"
int asg_preset_of_tag(const char *value);

#endif
