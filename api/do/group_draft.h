/* group_draft - what CreateAutoScalingGroup and UpdateAutoScalingGroup ask for, on its
 * way to an order: members are checked and translated, what EC2 must be asked (the
 * template's id, zones of subnets) is asked, then the order is given.
 *
 * Core's own fields stand in the config. Members that core does not interpret are kept as
 * they came, under their names in the answer; so is the launch template with its id and
 * its name, which EC2 said ("LaunchTemplate.LaunchTemplateId"; of a mixed policy
 * "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateId").
 * The config has the id alone: where the two differ, an order that was not the API's came
 * later and the config is right.
 *
 * Functions that return a bool end the call with a refusal when they return false.
 * Nothing outside api/do includes it.
 * Threads: as the call. Memory: the call's arena.
 */
#ifndef ASG_API_DO_GROUP_DRAFT_H
#define ASG_API_DO_GROUP_DRAFT_H

#include "api/call.h"
#include "api/kept.h"
#include "model/group.h"

struct group_draft {
    bool is_update;
    struct asg_group_config config;
    uint64_t fields; /* of an update: bits 1 << enum asg_group_field */
    struct asg_mixed mixed;
    struct asg_kept_list kept;
    const char *instance_id; /* the group is to be like this instance; NULL */
    const struct asg_query_value *template; /* a LaunchTemplateSpecification; NULL */
    const char *template_path;              /* where it is kept */
    uint64_t template_version;              /* its number now, as EC2 said; 0 */
    struct asg_texts subnet_ids;
    struct asg_texts zones; /* named, not those of the subnets */
    struct asg_texts zone_ids;
    bool has_places; /* subnets, zones or ids of zones were given */
};

/* Begin one in the call's arena, and make it the call's state. */
struct group_draft *group_draft_begin(struct asg_api_call *call, bool is_update);

/* The members that both actions have, but for those of the launch and of places. */
bool group_draft_take_members(struct asg_api_call *call, struct group_draft *draft);

/* LaunchTemplate, LaunchConfigurationName, MixedInstancesPolicy: one of them at most; of
 * a new group exactly one. (group_launch.c) */
bool group_draft_take_launch(struct asg_api_call *call, struct group_draft *draft);

/* VPCZoneIdentifier, AvailabilityZones, AvailabilityZoneIds. (group_places.c) */
bool group_draft_take_places(struct asg_api_call *call, struct group_draft *draft);

/* Ask EC2 what is not known yet, then give the order, whose answer is empty. Ends the
 * call or hands it on. (group_places.c) */
void group_draft_finish(struct asg_api_call *call, struct group_draft *draft);

/* The order itself. */
void group_draft_order(struct asg_api_call *call, struct group_draft *draft);

/* The template is known: it is written into the draft. */
bool group_draft_found_template(struct asg_api_call *call, struct group_draft *draft,
                                const struct asg_told *told);

/* The group as it is now, for an update that goes by it; NULL: there is none. It lives as
 * long as the root, which the caller drops. */
const struct asg_group_config *group_draft_before(struct asg_api_call *call,
                                                  const struct asg_root **ret_root);

/* An update means this field. */
void group_draft_mean(struct group_draft *draft, enum asg_group_field field);

/* ValidationError: the member is one that openasg does not have yet. Returns false. */
bool group_draft_not_yet(struct asg_api_call *call, const char *member);

#endif
