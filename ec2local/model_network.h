/* model_network - VPCs, subnets, security groups and key pairs: made, listed, deleted.
 *
 * A region begins with one default VPC, a default subnet in each zone and the VPC's
 * default security group. Nothing is routed or filtered: a made subnet's CIDR block is
 * shown and counted, the addresses of its instances come from the range of ec2local
 * itself, because that is where their processes listen. Rules of security groups are kept
 * and shown.
 *
 * Flow, time, errors, threads: as model.h has them. Pointers that come out are valid
 * until the next request that changes something.
 */
#ifndef ASG_EC2LOCAL_MODEL_NETWORK_H
#define ASG_EC2LOCAL_MODEL_NETWORK_H

#include "ec2local/model.h"

#define ASG_WORLD_VPCS_MAX     100 /* EC2's default quotas are lower; bounds of memory */
#define ASG_WORLD_SUBNETS_MAX  1000
#define ASG_WORLD_SECURITY_MAX 2500 /* security groups */
#define ASG_WORLD_RULES_MAX    120  /* of a security group, in and out */
#define ASG_WORLD_KEYS_MAX     5000

/* --- VPCs --- */

struct asg_world_vpc {
    char id[ASG_WORLD_ID_SIZE];
    char cidr[32];
    uint32_t base;
    uint32_t bits;
    char tenancy[16];
    bool is_default;
    bool has_dns_support;
    bool has_dns_hostnames;
    struct asg_world_tags tags;
};

struct asg_world_vpc *const *asg_world_vpcs(const struct asg_world *world,
                                            size_t *ret_count);
/* NULL: refused, InvalidVpcID.NotFound. */
struct asg_world_vpc *asg_world_find_vpc(const struct asg_world *world, const char *id,
                                         struct asg_world_refusal *refusal);

/* `tenancy` NULL: "default". */
ASG_MUST_USE enum asg_status asg_world_create_vpc(struct asg_world *world,
                                                  const char *cidr, const char *tenancy,
                                                  const struct asg_world_tags *tags,
                                                  bool is_dry_run,
                                                  const struct asg_world_vpc **ret,
                                                  struct asg_world_refusal *refusal);
/* DependencyViolation while it has subnets, or security groups beside its default one. */
ASG_MUST_USE enum asg_status asg_world_delete_vpc(struct asg_world *world, const char *id,
                                                  bool is_dry_run,
                                                  struct asg_world_refusal *refusal);

/* --- subnets --- */

/* All that are not deleted, the default ones first; in `arena`. */
struct asg_world_subnet **asg_world_list_subnets(const struct asg_world *world,
                                                 struct asg_arena *arena,
                                                 size_t *ret_count);
/* NULL: refused, InvalidSubnetID.NotFound. */
struct asg_world_subnet *asg_world_find_subnet(const struct asg_world *world,
                                               const char *id,
                                               struct asg_world_refusal *refusal);

/* `zone`: a name or an id; NULL: one is chosen. */
ASG_MUST_USE enum asg_status asg_world_create_subnet(
    struct asg_world *world, const char *vpc_id, const char *cidr, const char *zone,
    const struct asg_world_tags *tags, bool is_dry_run,
    const struct asg_world_subnet **ret, struct asg_world_refusal *refusal);
/* DependencyViolation while instances that are not terminated are in it. */
ASG_MUST_USE enum asg_status asg_world_delete_subnet(struct asg_world *world,
                                                     const char *id, bool is_dry_run,
                                                     struct asg_world_refusal *refusal);

/* --- security groups --- */

enum asg_world_source {
    ASG_WORLD_FROM_CIDR,
    ASG_WORLD_FROM_CIDR6,
    ASG_WORLD_FROM_GROUP,
    ASG_WORLD_FROM_PREFIX_LIST
};

struct asg_world_rule {
    char id[ASG_WORLD_ID_SIZE]; /* "sgr-..."; "" in a request */
    bool is_egress;
    char protocol[16]; /* "tcp", "udp", "icmp", a number; "-1": all */
    int64_t from_port; /* -1 with "-1" */
    int64_t to_port;
    enum asg_world_source kind;
    const char *source;      /* "10.0.0.0/8", "sg-..." */
    const char *description; /* NULL: none */
};

struct asg_world_security {
    char id[ASG_WORLD_ID_SIZE];
    char *name;
    char *description;
    char vpc_id[ASG_WORLD_ID_SIZE];
    struct asg_world_rule *rules; /* their texts are the group's */
    size_t rule_count;
    struct asg_world_tags tags;
};

struct asg_world_security *const *asg_world_securities(const struct asg_world *world,
                                                       size_t *ret_count);
/* By id, or by name in the default VPC (id NULL). NULL: refused, InvalidGroup.NotFound.
 */
struct asg_world_security *asg_world_find_security(const struct asg_world *world,
                                                   const char *id, const char *name,
                                                   struct asg_world_refusal *refusal);

/* `vpc_id` NULL: the default VPC. A new group lets everything out. */
ASG_MUST_USE enum asg_status asg_world_create_security(
    struct asg_world *world, const char *name, const char *description,
    const char *vpc_id, const struct asg_world_tags *tags, bool is_dry_run,
    const struct asg_world_security **ret, struct asg_world_refusal *refusal);
/* CannotDelete: a default one; DependencyViolation while instances or rules name it. */
ASG_MUST_USE enum asg_status asg_world_delete_security(struct asg_world *world,
                                                       struct asg_world_security *group,
                                                       bool is_dry_run,
                                                       struct asg_world_refusal *refusal);

/* Add rules, or none of them: InvalidPermission.Duplicate. *ret_first: where in
 * group->rules they begin. */
ASG_MUST_USE enum asg_status asg_world_authorize(struct asg_world *world,
                                                 struct asg_world_security *group,
                                                 const struct asg_world_rule *rules,
                                                 size_t count, bool is_dry_run,
                                                 size_t *ret_first,
                                                 struct asg_world_refusal *refusal);
/* Remove rules, or none of them: InvalidPermission.NotFound. */
ASG_MUST_USE enum asg_status asg_world_revoke(struct asg_world_security *group,
                                              const struct asg_world_rule *rules,
                                              size_t count, bool is_dry_run,
                                              struct asg_world_refusal *refusal);

/* --- key pairs --- */

struct asg_world_key {
    char id[ASG_WORLD_ID_SIZE];
    char *name;
    char fingerprint[64];
    char type[16]; /* "rsa", "ed25519" */
    int64_t at_ms;
    struct asg_world_tags tags;
};

struct asg_world_key *const *asg_world_keys(const struct asg_world *world,
                                            size_t *ret_count);
/* Could one of this name be made? InvalidKeyPair.Duplicate and the like. */
ASG_MUST_USE enum asg_status asg_world_check_key(const struct asg_world *world,
                                                 const char *name,
                                                 const struct asg_world_tags *tags,
                                                 struct asg_world_refusal *refusal);
/* After asg_world_check_key(). */
const struct asg_world_key *asg_world_add_key(struct asg_world *world, const char *name,
                                              const char *fingerprint, const char *type,
                                              const struct asg_world_tags *tags,
                                              int64_t now_ms);
/* By name or id. False: there is none, which EC2 does not mind. *ret: its id. */
bool asg_world_delete_key(struct asg_world *world, const char *name, const char *id,
                          bool is_dry_run, char ret[ASG_WORLD_ID_SIZE]);

#endif
