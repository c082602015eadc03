/* question - what the controller asks EC2 through a worker before an order, and what it
 * was told.
 *
 * A question changes nothing in EC2 and stands in no log: what came of it is written into
 * the order that needed it, so that replay needs no EC2. Nothing of it reaches core.
 *
 * Flow:    api -> controller/look_up -> ASK -> worker -> EC2 -> TOLD -> look_up -> api
 */
#ifndef ASG_MODEL_QUESTION_H
#define ASG_MODEL_QUESTION_H

#include <stdbool.h>

#include "model/enums.h"
#include "model/group.h"

#define ASG_QUESTION_IDS_MAX 200 /* in one question */

struct asg_question {
    enum asg_question_kind kind;
    /* SUBNETS, INSTANCES, IMAGES: ids; ZONES: names, or ids of zones. SUBNETS without:
     * the default subnets of the zones; ZONES without: all of the Region. */
    struct asg_texts ids;
    const char *template_id;      /* TEMPLATE: this or the name */
    const char *template_name;    /* TEMPLATE */
    const char *template_version; /* TEMPLATE: number, "$Latest", "$Default"; "":
                                     "$Default" */
};

struct asg_told_subnet {
    const char *subnet_id;
    const char *zone;
    const char *vpc_id;
    const char *state; /* EC2's word: "available" */
    uint64_t free_addresses;
    bool is_default; /* the default subnet of its zone */
};

struct asg_told_zone {
    const char *name;
    const char *zone_id; /* "use1-az1" */
    const char *state;
};

struct asg_told_template {
    const char *template_id;
    const char *template_name;
    uint64_t default_version;  /* minutes old when the version asked for is a number */
    uint64_t latest_version;   /* as that */
    uint64_t version;          /* the one asked for, as a number */
    const char *instance_type; /* as that version says; empty: it says none */
    const char *image_id;
};

struct asg_told_instance {
    const char *instance_id;
    enum asg_ec2_state state;
    const char *instance_type;
    const char *zone;
    const char *subnet_id;
    const char *vpc_id;
    const char *private_ip;
    const char *image_id;
    int64_t launched_ms;
    bool is_spot;
    struct asg_tag *tags;
    size_t tag_count;
    /* What a group that is made like it needs. */
    const char *key_name;
    struct asg_texts security_group_ids;
    const char *instance_profile; /* ARN; empty */
    const char *kernel_id;
    const char *ramdisk_id;
    const char *tenancy; /* "default", "dedicated", "host" */
    bool is_monitored;   /* in detail */
    bool is_ebs_optimized;
    bool has_public_ip;
};

struct asg_told_image {
    const char *image_id;
    const char *state; /* "available" */
};

/* What came of a question. FOUND has the rows of its kind, in the order of the ids where
 * ids were asked for; REFUSED has EC2's code and words (an id that does not exist);
 * UNAVAILABLE says why nobody knows: the one to answer with a 503. */
struct asg_told {
    enum asg_told_outcome outcome;
    const char *code;
    const char *message;
    struct asg_told_subnet *subnets;
    size_t subnet_count;
    struct asg_told_zone *zones;
    size_t zone_count;
    const struct asg_told_template *template; /* TEMPLATE, when FOUND */
    struct asg_told_instance *instances;
    size_t instance_count;
    struct asg_told_image *images;
    size_t image_count;
};

/* Called once for each question that was taken. `told` and all it points to live until it
 * returns; it may not block, and may ask again. */
typedef void asg_told_fn(void *context, const struct asg_told *told);

#endif
