/* model_fleet - CreateFleet of type instant: one order for instances of several pools.
 *
 * A pool is a type in a subnet, bought on demand or at the Spot price. Pools are taken in
 * the order of the allocation strategy; what one refuses stands among the errors and the
 * next is asked, so that fewer instances than wanted, and none at all, are answers and no
 * refusals. Spot prices are made up, but as steady as the region: on demand times 0.3 to
 * 0.45 by type and zone.
 *
 * Flow, time, errors, threads: as model.h has them.
 */
#ifndef ASG_EC2LOCAL_MODEL_FLEET_H
#define ASG_EC2LOCAL_MODEL_FLEET_H

#include "ec2local/model.h"

#define ASG_WORLD_FLEET_CONFIGS   50
#define ASG_WORLD_FLEET_POOLS     300
#define ASG_WORLD_FLEET_TOTAL_MAX 10000

enum asg_world_spot_strategy {
    ASG_WORLD_SPOT_LOWEST_PRICE, /* over the cheapest spot_pools of them */
    ASG_WORLD_SPOT_DIVERSIFIED,  /* over all of them */
    ASG_WORLD_SPOT_CAPACITY_OPTIMIZED,
    ASG_WORLD_SPOT_CAPACITY_OPTIMIZED_PRIORITIZED,
    ASG_WORLD_SPOT_PRICE_CAPACITY_OPTIMIZED,
};

/* One override of a launch template. Texts NULL: the template's. */
struct asg_world_fleet_pool {
    struct asg_world_template_reference template;
    const char *instance_type;
    const char *subnet_id;
    const char *zone;
    const char *image_id;
    int64_t max_price_micro; /* of an hour, in millionths of a dollar; 0: on demand's */
    int64_t priority_milli;  /* the lowest goes first; INT64_MAX: not said */
};

struct asg_world_fleet_request {
    const char *client_token; /* NULL: none */
    const struct asg_world_fleet_pool *pools;
    size_t pool_count;
    uint32_t on_demand;
    uint32_t spot;
    bool is_on_demand_by_priority; /* else by price */
    enum asg_world_spot_strategy spot_strategy;
    uint32_t spot_pools;        /* of LOWEST_PRICE; at least 1 */
    struct asg_world_tags tags; /* of the instances */
    const char *written;        /* the whole request: the same token, the same text */
    bool is_dry_run;
    bool dies; /* fault, as in asg_world_run_request */
    asg_world_capacity *has_capacity;
    void *context;
};

/* What came of a pool: instances, or an error. */
struct asg_world_fleet_row {
    const struct asg_world_fleet_pool *pool; /* kept by the fleet */
    bool is_spot;
    const char *instance_type; /* "": not known */
    char error_code[64];       /* "": it launched */
    char error_message[512];
    char (*ids)[ASG_WORLD_ID_SIZE];
    size_t id_count;
};

struct asg_world_fleet {
    char id[48]; /* "fleet-00000000-0000-0000-0000-000000000000" */
    struct asg_world_fleet_row *rows;
    size_t row_count;
};

/* Launch, or give the answer to the same token again. *ret belongs to the world. */
ASG_MUST_USE enum asg_status asg_world_create_fleet(
    struct asg_world *world, const struct asg_world_fleet_request *request,
    int64_t now_ms, struct asg_arena *arena, const struct asg_world_fleet **ret,
    struct asg_world_refusal *refusal);

/* Price of an hour in millionths of a dollar; 0: no such type. */
int64_t asg_world_price(const char *type, const char *zone, bool is_spot);

#endif
