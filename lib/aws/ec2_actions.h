/* ec2_actions - the EC2 calls we make: their parameters written, their answers read.
 *
 * This list is also all that a worker can ask of EC2: its IAM policy needs no more.
 * Replies live in the arena of their call (aws/ec2_client.h). Texts are never NULL.
 * Threads: no state.
 */
#ifndef ASG_AWS_EC2_ACTIONS_H
#define ASG_AWS_EC2_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/ec2_client.h"
#include "base/bytes.h"

#define ASG_EC2_USER_DATA_MAX  16384 /* before base64 */
#define ASG_EC2_INTERFACES_MAX 30    /* of a launch; EC2 takes at most 15 */
#define ASG_EC2_PAGE_INSTANCES                                                           \
    200 /* some 2 MB of XML (docs/rules.md, "Batches and pages") */
#define ASG_EC2_TEMPLATE_LISTS 3 /* lists within lists, of a launch template */

struct asg_ec2_tag {
    const char *key;
    const char *value;
};

/* A parameter of a launch or of a launch template, as the Query protocol names it. */
struct asg_ec2_parameter {
    const char *name; /* "BlockDeviceMapping.1.Ebs.VolumeSize" */
    const char *value;
};

struct asg_ec2_filter {
    const char *name;
    const char *const *values;
    size_t value_count;
};

/* --- instances --- */

struct asg_ec2_instance {
    const char *instance_id;
    const char *state; /* "pending", "running", ... */
    const char *instance_type;
    const char *subnet_id;
    const char *zone;
    const char *private_ip;
    const char *client_token;
    const char *state_reason; /* its code */
    bool is_spot;
    int64_t launched_ms; /* 0: not told */
    struct asg_ec2_tag *tags;
    size_t tag_count;
    size_t tag_capacity;
};

/* The value of a tag; "" when it is not there. */
const char *asg_ec2_instance_tag(const struct asg_ec2_instance *instance,
                                 const char *key);

struct asg_ec2_run_instances {
    const char *template_id; /* or the name */
    const char *template_name;
    const char *template_version; /* a number */
    const char *instance_type;    /* "": the template's */
    const char *subnet_id;
    const char *zone; /* used when there is no subnet */
    uint32_t min_count;
    uint32_t max_count;
    const char *client_token;
    const char *user_data;          /* base64 already; "": the template's */
    const struct asg_ec2_tag *tags; /* of the instances */
    size_t tag_count;
    /* Over the template's. Their TagSpecification.N are those of other resources and
     * are numbered after the instances'. */
    const struct asg_ec2_parameter *parameters;
    size_t parameter_count;
    /* The network interfaces of the launch are said by `parameters`: each gets the
     * subnet, since EC2 refuses a subnet of the instance beside them. */
    bool has_interfaces;
    bool is_dry_run;
};

/* Answer of RunInstances and of a page of DescribeInstances. */
struct asg_ec2_instances {
    struct asg_ec2_instance *instances;
    size_t count;
    size_t capacity;
    const char *next_token; /* "": the last page */
};

extern const struct asg_ec2_action asg_ec2_run_instances_action;
void asg_ec2_write_run_instances(const struct asg_ec2_run_instances *params,
                                 struct asg_bytes *body);

/* A fleet of type instant: instances of several types, on demand and Spot, in one call.
 * Words and numbers left out ("", 0) are not said: EC2's defaults hold. */
struct asg_ec2_fleet_override {
    const char *instance_type;
    const char *subnet_id;
    const char *zone;      /* used when there is no subnet */
    const char *max_price; /* of a Spot hour, "0.05" */
    uint32_t priority;     /* from 1; 0: not said */
};

struct asg_ec2_create_fleet {
    const char *template_id; /* or the name */
    const char *template_name;
    const char *template_version; /* a number */
    const struct asg_ec2_fleet_override *overrides;
    size_t override_count;
    uint32_t on_demand_count;
    uint32_t spot_count;
    const char *on_demand_strategy; /* "prioritized" */
    const char *spot_strategy;      /* "price-capacity-optimized" */
    uint32_t spot_pools;            /* of "lowest-price" */
    const char *client_token;
    const struct asg_ec2_tag *tags; /* of the instances and of the fleet itself */
    size_t tag_count;
    bool is_dry_run;
};

/* Of one pool, or of several launches in it. */
struct asg_ec2_fleet_instances {
    const char *instance_type;
    const char *subnet_id;
    const char *zone;      /* "" when the request named the subnet */
    const char *lifecycle; /* "spot", "on-demand" */
    const char **instance_ids;
    size_t id_count;
    size_t id_capacity;
};

/* Why a pool gave nothing, or no more. */
struct asg_ec2_fleet_error {
    const char *instance_type;
    const char *subnet_id;
    const char *zone;
    const char *lifecycle;
    const char *code;
    const char *message;
};

/* Both lists may have something: a part of what was asked for is no error of EC2. */
struct asg_ec2_fleet {
    const char *fleet_id;
    struct asg_ec2_fleet_instances *instances;
    size_t count;
    size_t capacity;
    struct asg_ec2_fleet_error *errors;
    size_t error_count;
    size_t error_capacity;
};

extern const struct asg_ec2_action asg_ec2_create_fleet_action;
void asg_ec2_write_create_fleet(const struct asg_ec2_create_fleet *params,
                                struct asg_bytes *body);

struct asg_ec2_describe_instances {
    const char *const *instance_ids; /* not together with max_results */
    size_t instance_id_count;
    const struct asg_ec2_filter *filters;
    size_t filter_count;
    uint32_t max_results; /* 0: not said */
    const char *next_token;
};

extern const struct asg_ec2_action asg_ec2_describe_instances_action;
void asg_ec2_write_describe_instances(const struct asg_ec2_describe_instances *params,
                                      struct asg_bytes *body);

struct asg_ec2_instance_status {
    const char *instance_id;
    bool is_impaired; /* the system's or the instance's own check failed */
    /* of the earliest scheduled event that is not over; "": none */
    const char *event_code;
    int64_t event_ms;      /* it begins not before that; 0: not told */
    const char *read_code; /* of the event being read, as the next two */
    const char *read_words;
    int64_t read_ms;
};

struct asg_ec2_instance_statuses {
    struct asg_ec2_instance_status *statuses;
    size_t count;
    size_t capacity;
    const char *next_token;
};

struct asg_ec2_describe_instance_status {
    const char *const *instance_ids;
    size_t instance_id_count;
    const struct asg_ec2_filter *filters;
    size_t filter_count;
    uint32_t max_results;
    const char *next_token;
};

extern const struct asg_ec2_action asg_ec2_describe_instance_status_action;
void asg_ec2_write_describe_instance_status(
    const struct asg_ec2_describe_instance_status *params, struct asg_bytes *body);

/* More of an instance than who watches it wants to know. */
struct asg_ec2_whole_instance {
    const char *instance_id;
    const char *state;
    const char *instance_type;
    const char *zone;
    const char *subnet_id;
    const char *vpc_id;
    const char *private_ip;
    const char *public_ip;
    const char *image_id;
    const char *key_name;
    const char *instance_profile; /* ARN */
    const char *kernel_id;
    const char *ramdisk_id;
    const char *tenancy;
    const char *monitoring; /* "enabled", "disabled" */
    bool is_ebs_optimized;
    bool is_spot;
    int64_t launched_ms; /* 0: not told */
    const char **security_group_ids;
    size_t security_group_id_count;
    size_t security_group_id_capacity;
    struct asg_ec2_tag *tags;
    size_t tag_count;
    size_t tag_capacity;
};

struct asg_ec2_whole_instances {
    struct asg_ec2_whole_instance *instances;
    size_t count;
    size_t capacity;
    const char *next_token;
};

/* DescribeInstances once more, read whole; asked by asg_ec2_write_describe_instances().
 */
extern const struct asg_ec2_action asg_ec2_describe_whole_instances_action;

struct asg_ec2_terminate_instances {
    const char *const *instance_ids;
    size_t instance_id_count;
    bool is_dry_run;
};

struct asg_ec2_state_change {
    const char *instance_id;
    const char *current_state;
    const char *previous_state;
};

struct asg_ec2_state_changes {
    struct asg_ec2_state_change *changes;
    size_t count;
    size_t capacity;
};

extern const struct asg_ec2_action asg_ec2_terminate_instances_action;
void asg_ec2_write_terminate_instances(const struct asg_ec2_terminate_instances *params,
                                       struct asg_bytes *body);

/* --- tags --- */

struct asg_ec2_create_tags {
    const char *const *resource_ids;
    size_t resource_id_count;
    const struct asg_ec2_tag *tags;
    size_t tag_count;
    bool is_dry_run;
};

struct asg_ec2_truth {
    bool is_true; /* <return>true</return> */
};

extern const struct asg_ec2_action asg_ec2_create_tags_action;
void asg_ec2_write_create_tags(const struct asg_ec2_create_tags *params,
                               struct asg_bytes *body);

/* Takes what CreateTags takes; the tags go whatever their value is. */
extern const struct asg_ec2_action asg_ec2_delete_tags_action;
void asg_ec2_write_delete_tags(const struct asg_ec2_create_tags *params,
                               struct asg_bytes *body);

/* --- launch templates --- */

struct asg_ec2_template_data {
    const char *image_id;
    const char *instance_type;
    const char *key_name;
    const char *instance_profile; /* name, or ARN when it begins with "arn:" */
    const char *const *security_group_ids;
    size_t security_group_id_count;
    const char *user_data;                      /* base64 */
    const struct asg_ec2_parameter *parameters; /* all else, as in a launch */
    size_t parameter_count;
};

struct asg_ec2_create_launch_template {
    const char *template_name;
    const char *template_id; /* versions only; or the name */
    const char *client_token;
    const struct asg_ec2_tag *tags; /* of the template itself; not of versions */
    size_t tag_count;
    struct asg_ec2_template_data data;
    bool is_dry_run;
};

struct asg_ec2_launch_template {
    const char *template_id;
    const char *template_name;
    uint64_t default_version;
    uint64_t latest_version;
    int64_t created_ms; /* 0: not told */
    struct asg_ec2_tag *tags;
    size_t tag_count;
    size_t tag_capacity;
};

/* The value of a tag; "" when it is not there. */
const char *asg_ec2_template_tag(const struct asg_ec2_launch_template *template,
                                 const char *key);

struct asg_ec2_launch_templates {
    struct asg_ec2_launch_template *templates;
    size_t count;
    size_t capacity;
    const char *next_token;
};

extern const struct asg_ec2_action asg_ec2_create_launch_template_action;
void asg_ec2_write_create_launch_template(
    const struct asg_ec2_create_launch_template *params, struct asg_bytes *body);

struct asg_ec2_template_version {
    const char *template_id;
    const char *template_name;
    uint64_t version;
    bool is_default;
    const char *image_id;
    const char *instance_type;
    const char *user_data; /* base64; "" */
    /* All that stands in launchTemplateData, its containers too: names are paths below it
     * with numbers in place of <item>, "networkInterfaceSet/1/groupSet/2". */
    struct asg_ec2_parameter *parameters;
    size_t parameter_count;
    size_t parameter_capacity;
    unsigned item_numbers[ASG_EC2_TEMPLATE_LISTS]; /* where reading is */
};

struct asg_ec2_template_versions {
    struct asg_ec2_template_version *versions;
    size_t count;
    size_t capacity;
    const char *next_token;
};

/* Answers with one version in asg_ec2_template_versions. */
extern const struct asg_ec2_action asg_ec2_create_launch_template_version_action;
void asg_ec2_write_create_launch_template_version(
    const struct asg_ec2_create_launch_template *params, struct asg_bytes *body);

struct asg_ec2_delete_launch_template {
    const char *template_id; /* or the name */
    const char *template_name;
    bool is_dry_run;
};

/* Answers with the template that was, in asg_ec2_launch_templates. */
extern const struct asg_ec2_action asg_ec2_delete_launch_template_action;
void asg_ec2_write_delete_launch_template(
    const struct asg_ec2_delete_launch_template *params, struct asg_bytes *body);

struct asg_ec2_describe_launch_templates {
    const char *template_id; /* or the name, or neither: all */
    const char *template_name;
    const struct asg_ec2_filter *filters;
    size_t filter_count;
    uint32_t max_results; /* 0: not said; at most 200 */
    const char *next_token;
};

extern const struct asg_ec2_action asg_ec2_describe_launch_templates_action;
void asg_ec2_write_describe_launch_templates(
    const struct asg_ec2_describe_launch_templates *params, struct asg_bytes *body);

struct asg_ec2_describe_launch_template_versions {
    const char *template_id; /* or the name */
    const char *template_name;
    const char *version; /* a number, "$Latest", "$Default"; "": all */
    const char *next_token;
};

extern const struct asg_ec2_action asg_ec2_describe_launch_template_versions_action;
void asg_ec2_write_describe_launch_template_versions(
    const struct asg_ec2_describe_launch_template_versions *params,
    struct asg_bytes *body);

/* --- subnets --- */

struct asg_ec2_describe_subnets {
    const char *const *subnet_ids;
    size_t subnet_id_count;
    const struct asg_ec2_filter *filters;
    size_t filter_count;
    const char *next_token;
};

struct asg_ec2_subnet {
    const char *subnet_id;
    const char *zone;
    const char *vpc_id;
    const char *state;
    uint64_t free_addresses;
    bool is_default; /* of its zone */
};

struct asg_ec2_subnets {
    struct asg_ec2_subnet *subnets;
    size_t count;
    size_t capacity;
    const char *next_token;
};

extern const struct asg_ec2_action asg_ec2_describe_subnets_action;
void asg_ec2_write_describe_subnets(const struct asg_ec2_describe_subnets *params,
                                    struct asg_bytes *body);

/* --- zones and images --- */

struct asg_ec2_zone {
    const char *name;
    const char *zone_id;
    const char *state;
};

struct asg_ec2_zones {
    struct asg_ec2_zone *zones;
    size_t count;
    size_t capacity;
};

/* Those of the Region that the account may use. */
extern const struct asg_ec2_action asg_ec2_describe_availability_zones_action;
void asg_ec2_write_describe_availability_zones(struct asg_bytes *body);

struct asg_ec2_image {
    const char *image_id;
    const char *state;
};

struct asg_ec2_images {
    struct asg_ec2_image *images;
    size_t count;
    size_t capacity;
};

extern const struct asg_ec2_action asg_ec2_describe_images_action;
void asg_ec2_write_describe_images(const char *const *image_ids, size_t image_id_count,
                                   struct asg_bytes *body);

/* Every action above, for the fuzzer and for the IAM policy; NULL at the end. */
extern const struct asg_ec2_action *const asg_ec2_actions[];

#endif
