/* launch_fields - every parameter that an EC2 launch template can carry, as one table.
 *
 * A parameter is kept as EC2's Query protocol names it ("BlockDeviceMapping.1.Ebs.
 * VolumeSize" = "20"), which is one pair of texts whatever its depth, so that messages
 * and logs need no struct for each of them. The table tells how files name it, how
 * replies name it and what values it takes: the command line reads files by it, core
 * refuses what is not in it, ec2local stores and shows templates by it.
 * The rows are those of the EC2 service model (RequestLaunchTemplateData); a test
 * compares them with the model that boto3 brings.
 * Threads: no state.
 */
#ifndef ASG_MODEL_LAUNCH_FIELDS_H
#define ASG_MODEL_LAUNCH_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/group.h"

#define ASG_LAUNCH_PARAMETERS_MAX 500
#define ASG_LAUNCH_NAME_MAX       160 /* of a parameter, its numbers included */
#define ASG_LAUNCH_LISTS_MAX      3   /* lists within lists */
#define ASG_LAUNCH_INDEX_MAX      999

enum asg_launch_kind {
    ASG_LAUNCH_TEXT,
    ASG_LAUNCH_NUMBER,
    ASG_LAUNCH_DECIMAL,
    ASG_LAUNCH_FLAG, /* "true" or "false" */
    ASG_LAUNCH_TIME, /* "2026-12-24T00:00:00Z" */
};

/* "#" stands for the number of a list's item. */
struct asg_launch_field {
    const char *name;  /* in files: "BlockDeviceMappings.#.Ebs.VolumeSize" */
    const char *query; /* in requests: "BlockDeviceMapping.#.Ebs.VolumeSize" */
    const char *xml;   /* in replies: "blockDeviceMappingSet/#/ebs/volumeSize" */
    enum asg_launch_kind kind;
    const char *words;     /* "gp2|gp3|..."; "": any */
    bool is_template_only; /* RunInstances does not take it */
};

extern const struct asg_launch_field asg_launch_fields[];
extern const size_t asg_launch_field_count;

/* The field of a parameter ("BlockDeviceMapping.1.Ebs.VolumeSize"), NULL: no such one.
 * ret_numbers, unless NULL: the numbers in it, in order. */
const struct asg_launch_field *asg_launch_field_of_query(
    const char *name, unsigned ret_numbers[ASG_LAUNCH_LISTS_MAX]);

/* The field of a reply's element, numbers in place of <item>; as above. */
const struct asg_launch_field *asg_launch_field_of_xml(
    const char *path, unsigned ret_numbers[ASG_LAUNCH_LISTS_MAX]);

/* The field of a path in a file, lists written as "#"; NULL: no such one. */
const struct asg_launch_field *asg_launch_field_of_name(const char *name);

/* True when the path (with "#") is the beginning of some field: a struct or a list. */
bool asg_launch_name_begins(const char *path);

/* Write a pattern with its numbers in place of "#". False: ret is too small. */
bool asg_launch_fill(const char *pattern, const unsigned numbers[ASG_LAUNCH_LISTS_MAX],
                     char *ret, size_t size);

/* True when the value is one that the field takes; words are EC2's and exact. */
bool asg_launch_value_fits(const struct asg_launch_field *field, const char *value);

/* Whose parameters they are. */
enum asg_launch_owner {
    ASG_LAUNCH_OF_TEMPLATE,
    ASG_LAUNCH_OF_GROUP,        /* said at launch, over what its template says */
    ASG_LAUNCH_OF_CONFIGURATION /* all that its launches say */
};

/* Check parameters. What openasg says itself is refused: image, type and user data of a
 * template; type, subnet, zone, user data and tags of instances of a group's launches;
 * of a launch configuration the same but the type. Names come once.
 * ASG_ERR_INVALID: the text says which parameter and why. */
ASG_MUST_USE enum asg_status asg_launch_parameters_check(
    const struct asg_launch_parameter *parameters, size_t count,
    enum asg_launch_owner owner, struct asg_error *error);

/* Value of a parameter; NULL: it is not there. */
const char *asg_launch_parameter_find(const struct asg_launch_parameter *parameters,
                                      size_t count, const char *name);

#endif
