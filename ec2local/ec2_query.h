/* ec2_query - one EC2 call: Query parameters in, XML out, the model in between.
 *
 * API version 2016-11-15. Parameters an action does not know are not looked at.
 * Flow:    service -> [ec2_query] -> model -> XML
 * Threads: the caller owns the world for the time of the call. Blocks: never.
 */
#ifndef ASG_EC2LOCAL_EC2_QUERY_H
#define ASG_EC2LOCAL_EC2_QUERY_H

#include "base/arena.h"
#include "ec2local/model.h"
#include "query/read.h"
#include "query/reply.h"

#define ASG_EC2_XMLNS "http://ec2.amazonaws.com/doc/2016-11-15/"

struct asg_call {
    struct asg_world *world;
    const struct asg_form *params;
    struct asg_arena *arena; /* of this call */
    int64_t now_ms;
    const char *action;
    const char *request_id;
    const char *access_key_id; /* who asks, for GetCallerIdentity */
    bool is_dry_run;           /* check all, change nothing: asg_call_refuse_dry_run() */
    /* Faults: how far behind the answer may be, and whether a launch goes wrong. */
    int64_t lag_ms;
    bool dies;
    bool starts_fewer;
    asg_world_capacity *has_capacity;
    void *context;
    /* What comes of it. */
    struct asg_world_effects *effects;
    struct asg_xml_out *out;      /* the answer's body */
    struct asg_query_value input; /* its parameters, as the action's shape has them */
    struct asg_query_reply reply;
    struct asg_world_ids ids; /* of the instances it was about, for the call log */
    struct asg_world_refusal refusal;
};

/* Answer a call of service "ec2" or "sts": the body is in call->out, whatever happens.
 * Returns the HTTP status; the refusal's code is "" when it is 200. */
int asg_call_answer(struct asg_call *call, const char *service);

/* The body of an error, as the service "ec2" or "sts" writes it. */
void asg_call_write_error(struct asg_xml_out *out, const char *service,
                          const struct asg_world_refusal *refusal,
                          const char *request_id);

/* --- for the ec2_query_*.c files --- */

typedef enum asg_status asg_call_handler(struct asg_call *call);

asg_call_handler asg_call_do_run_instances;
asg_call_handler asg_call_do_create_fleet;
asg_call_handler asg_call_do_describe_instances;
asg_call_handler asg_call_do_describe_instance_status;
asg_call_handler asg_call_do_terminate_instances;
asg_call_handler asg_call_do_stop_instances;
asg_call_handler asg_call_do_start_instances;
asg_call_handler asg_call_do_reboot_instances;
asg_call_handler asg_call_do_modify_instance_attribute;
asg_call_handler asg_call_do_describe_instance_attribute;
asg_call_handler asg_call_do_create_tags;
asg_call_handler asg_call_do_delete_tags;
asg_call_handler asg_call_do_describe_tags;
asg_call_handler asg_call_do_create_launch_template;
asg_call_handler asg_call_do_create_launch_template_version;
asg_call_handler asg_call_do_describe_launch_templates;
asg_call_handler asg_call_do_describe_launch_template_versions;
asg_call_handler asg_call_do_modify_launch_template;
asg_call_handler asg_call_do_delete_launch_template;
asg_call_handler asg_call_do_describe_subnets;
asg_call_handler asg_call_do_describe_vpcs;
asg_call_handler asg_call_do_describe_availability_zones;
asg_call_handler asg_call_do_describe_images;
asg_call_handler asg_call_do_describe_instance_types;
asg_call_handler asg_call_do_describe_regions;
asg_call_handler asg_call_do_create_vpc;
asg_call_handler asg_call_do_delete_vpc;
asg_call_handler asg_call_do_modify_vpc_attribute;
asg_call_handler asg_call_do_describe_vpc_attribute;
asg_call_handler asg_call_do_create_subnet;
asg_call_handler asg_call_do_delete_subnet;
asg_call_handler asg_call_do_modify_subnet_attribute;
asg_call_handler asg_call_do_create_security_group;
asg_call_handler asg_call_do_delete_security_group;
asg_call_handler asg_call_do_describe_security_groups;
asg_call_handler asg_call_do_describe_security_group_rules;
asg_call_handler asg_call_do_authorize_ingress;
asg_call_handler asg_call_do_authorize_egress;
asg_call_handler asg_call_do_revoke_ingress;
asg_call_handler asg_call_do_revoke_egress;
asg_call_handler asg_call_do_create_key_pair;
asg_call_handler asg_call_do_import_key_pair;
asg_call_handler asg_call_do_delete_key_pair;
asg_call_handler asg_call_do_describe_key_pairs;
asg_call_handler asg_call_do_describe_addresses;
asg_call_handler asg_call_do_get_caller_identity;

/* Begin and end `<ActionResponse xmlns=..><requestId>`. */
void asg_call_begin_reply(struct asg_call *call);
void asg_call_end_reply(struct asg_call *call);

/* The call is refused with this code (static) and HTTP 400. */
enum asg_status asg_call_refuse(struct asg_call *call, const char *code,
                                const char *message);
/* "<name> is wrong": the refusal of a parameter's value, and of one that is not there. */
enum asg_status asg_call_refuse_value(struct asg_call *call, const char *name,
                                      const char *value);
enum asg_status asg_call_refuse_dry_run(struct asg_call *call);
enum asg_status asg_call_refuse_missing(struct asg_call *call, const char *name);

/* Reading parameters. A number or a flag that is none is refused. */
const char *asg_call_get(const struct asg_call *call, const char *name);
ASG_MUST_USE enum asg_status asg_call_get_number(struct asg_call *call, const char *name,
                                                 int64_t *ret);
ASG_MUST_USE enum asg_status asg_call_get_flag(struct asg_call *call, const char *name,
                                               bool *ret);
struct asg_world_ids asg_call_get_list(const struct asg_call *call, const char *name);
/* Ids, filters, MaxResults and NextToken; ids_name NULL: the action takes none. */
ASG_MUST_USE enum asg_status asg_call_get_query(struct asg_call *call,
                                                const char *ids_name, int64_t most_min,
                                                int64_t most_max,
                                                struct asg_world_query *ret);
/* "prefix.N.Key" and "prefix.N.Value". The texts are the call's. */
struct asg_world_tags asg_call_get_tags(const struct asg_call *call, const char *prefix);
/* Tags of TagSpecification.N with this ResourceType, `prefix` in front of the name. */
struct asg_world_tags asg_call_get_tag_specification(const struct asg_call *call,
                                                     const char *prefix,
                                                     const char *kind);
/* What to launch; `prefix` is "" or "LaunchTemplateData.". */
ASG_MUST_USE enum asg_status asg_call_get_data(struct asg_call *call, const char *prefix,
                                               struct asg_world_data *ret);
struct asg_world_template_reference asg_call_get_template(const struct asg_call *call,
                                                          const char *prefix,
                                                          const char *version_name);

void asg_call_write_tags(struct asg_xml_out *out, const struct asg_world_tags *tags);
void asg_call_write_state(struct asg_xml_out *out, const char *name,
                          enum asg_world_state state);

/* Filters of a listing whose items are few: name and value pairs of one item. */
struct asg_call_field {
    const char *name;
    const char *value;
};
/* *ret: all filters take the item. Unknown filters are refused; "tag:.." takes none. */
ASG_MUST_USE enum asg_status asg_call_takes(struct asg_call *call,
                                            const struct asg_world_query *query,
                                            const struct asg_call_field *fields,
                                            size_t field_count,
                                            const struct asg_world_tags *tags, bool *ret);
/* One page of a listing: begin, ask for each item that is taken in turn, end. */
struct asg_call_pages {
    uint64_t scope;
    uint64_t from; /* items of earlier pages */
    uint64_t seen;
    uint64_t most;
    uint64_t written;
    bool has_more;
};
ASG_MUST_USE enum asg_status asg_call_begin_pages(struct asg_call *call,
                                                  const struct asg_world_query *query,
                                                  struct asg_call_pages *ret);
bool asg_call_is_on_page(struct asg_call_pages *pages);
void asg_call_end_pages(struct asg_call *call, const struct asg_call_pages *pages);

/* `<return>true</return>`, the whole answer. */
void asg_call_write_return(struct asg_call *call);

/* The id is among those asked for, or none were. */
bool asg_call_is_asked(const struct asg_world_ids *ids, const char *id);

#endif
