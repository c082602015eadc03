/* model_fleet - which pools of a fleet launch how many, and what the others say. */
#include "ec2local/model_fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "ec2local/model_private.h"

/* A fleet and all it points to. */
struct kept_fleet {
    struct asg_arena arena;
    struct asg_world_fleet fleet;
    uint8_t written[ASG_SHA256_BYTES];
};

/* One CreateFleet under way. */
struct order {
    struct asg_world *world;
    const struct asg_world_fleet_request *request;
    struct kept_fleet *kept;
    struct asg_world_fleet_pool *pools; /* the kept fleet's copy */
    size_t row_capacity;
    uint32_t launches; /* made so far */
    int64_t now_ms;
    struct asg_arena *arena;
};

void asg_world_fleets_clear(struct asg_world *world)
{
    for (size_t i = 0; i < world->fleet_count; i++) {
        asg_arena_clear(&world->fleets[i]->arena);
        free(world->fleets[i]);
    }
    free(world->fleets);
}

/* ---- prices ---- */

int64_t asg_world_price(const char *type, const char *zone, bool is_spot)
{
    const struct asg_world_type *known = asg_world_find_type(type);
    if (known == NULL) return 0;
    int64_t price = known->price_micro;
    if (price == 0) { /* as EC2's go: so much a processor, so much a GiB, arm less */
        price = (int64_t)known->vcpus * 33000 + (int64_t)known->memory_mib * 3750 / 1024;
        if (known->is_arm) price = price * 4 / 5;
    }
    if (!is_spot) return price;
    uint32_t hash = 2166136261u; /* FNV-1a: the same for a pool every day */
    for (const char *at = type; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    }
    for (const char *at = zone; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    }
    return price * (300 + hash % 150) / 1000;
}

/* The type a pool launches, its template's when it names none; "": not known. */
static const char *type_of(const struct asg_world *world,
                           const struct asg_world_fleet_pool *pool)
{
    if (pool->instance_type != NULL) return pool->instance_type;
    const struct asg_world_template *template = NULL;
    const struct asg_world_version *version = NULL;
    struct asg_world_refusal ignored;
    if (asg_world_find_template(world, &pool->template, &template, &version, &ignored) !=
            ASG_OK ||
        version->data.instance_type == NULL) {
        return "";
    }
    return version->data.instance_type;
}

static const char *zone_of(const struct asg_world *world,
                           const struct asg_world_fleet_pool *pool)
{
    for (size_t i = 0; i < world->subnet_count && pool->subnet_id != NULL; i++) {
        if (strcmp(world->subnets[i]->id, pool->subnet_id) == 0) {
            return world->subnets[i]->zone->name;
        }
    }
    return pool->zone != NULL ? pool->zone : "";
}

/* ---- the order of the pools ---- */

static bool is_by_priority(const struct order *order, bool is_spot)
{
    return is_spot ? order->request->spot_strategy ==
                         ASG_WORLD_SPOT_CAPACITY_OPTIMIZED_PRIORITIZED
                   : order->request->is_on_demand_by_priority;
}

/* Lower goes first. How deep a Spot pool is nobody says: the dearer the deeper. */
static int64_t mark_of(const struct order *order, const struct asg_world_fleet_pool *pool,
                       bool is_spot)
{
    if (is_by_priority(order, is_spot)) return pool->priority_milli;
    int64_t price = asg_world_price(type_of(order->world, pool),
                                    zone_of(order->world, pool), is_spot);
    bool is_by_depth =
        is_spot && order->request->spot_strategy == ASG_WORLD_SPOT_CAPACITY_OPTIMIZED;
    return is_by_depth ? -price : price;
}

static void sort_pools(const struct order *order, bool is_spot, size_t *places)
{
    size_t count = order->request->pool_count;
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        int64_t mark = mark_of(order, &order->pools[i], is_spot);
        while (at > 0 && mark_of(order, &order->pools[places[at - 1]], is_spot) > mark) {
            places[at] = places[at - 1];
            at--;
        }
        places[at] = i;
    }
}

/* ---- launching ---- */

static struct asg_world_fleet_row *add_row(struct order *order,
                                           const struct asg_world_fleet_pool *pool,
                                           bool is_spot)
{
    struct asg_world_fleet *fleet = &order->kept->fleet;
    void *rows = fleet->rows;
    struct asg_world_fleet_row *row = asg_arena_push(
        &order->kept->arena, &rows, &fleet->row_count, &order->row_capacity, sizeof *row);
    fleet->rows = rows;
    *row = (struct asg_world_fleet_row){
        .pool = pool,
        .is_spot = is_spot,
        .instance_type = asg_arena_text(&order->kept->arena, type_of(order->world, pool)),
    };
    return row;
}

static void add_error(struct order *order, const struct asg_world_fleet_pool *pool,
                      bool is_spot, const char *code, const char *message)
{
    struct asg_world_fleet_row *row = add_row(order, pool, is_spot);
    (void)snprintf(row->error_code, sizeof row->error_code, "%s", code);
    (void)snprintf(row->error_message, sizeof row->error_message, "%s", message);
}

static void add_ids(struct order *order, const struct asg_world_fleet_pool *pool,
                    bool is_spot, const struct asg_world_instances *launched)
{
    struct asg_world_fleet_row *row = add_row(order, pool, is_spot);
    row->id_count = launched->count;
    row->ids = asg_arena_take(&order->kept->arena, launched->count * sizeof *row->ids);
    for (size_t i = 0; i < launched->count; i++) {
        memcpy(row->ids[i], launched->items[i]->id, ASG_WORLD_ID_SIZE);
        uint32_t at = asg_id_map_find(&order->world->by_id, row->ids[i]);
        asg_world_tags_set(&order->world->instances[at]->tags, "aws:ec2:fleet-id",
                           order->kept->fleet.id);
    }
}

static bool is_price_too_low(struct order *order, const struct asg_world_fleet_pool *pool,
                             bool is_spot)
{
    int64_t price = asg_world_price(type_of(order->world, pool),
                                    zone_of(order->world, pool), is_spot);
    if (!is_spot || pool->max_price_micro == 0 || pool->max_price_micro >= price) {
        return false;
    }
    char words[160];
    (void)snprintf(words, sizeof words,
                   "Your Spot request price of %lld.%06lld is lower than the minimum "
                   "required Spot request fulfillment price of %lld.%06lld.",
                   (long long)(pool->max_price_micro / 1000000),
                   (long long)(pool->max_price_micro % 1000000),
                   (long long)(price / 1000000), (long long)(price % 1000000));
    add_error(order, pool, is_spot, "SpotMaxPriceTooLow", words);
    return true;
}

/* Launch up to `count` there; *ret says how many. False: it refused, ask it no more. */
static bool launch_in(struct order *order, const struct asg_world_fleet_pool *pool,
                      bool is_spot, uint32_t count, uint32_t *ret)
{
    *ret = 0;
    if (is_price_too_low(order, pool, is_spot)) return false;
    const struct asg_world_run_request request = {
        .client_token = asg_arena_format(order->arena, "%s-%u", order->kept->fleet.id,
                                         order->launches++),
        .min_count = 1,
        .max_count = count,
        /* The model only reads requests; the struct is shared with what it owns. */
        .data = {.image_id = (char *)(uintptr_t)pool->image_id,
                 .instance_type = (char *)(uintptr_t)pool->instance_type,
                 .subnet_id = (char *)(uintptr_t)pool->subnet_id,
                 .zone = (char *)(uintptr_t)pool->zone,
                 .is_spot = is_spot,
                 .tags = order->request->tags},
        .template = pool->template,
        .dies = order->request->dies,
        .has_capacity = order->request->has_capacity,
        .context = order->request->context,
    };
    struct asg_world_instances launched = {0};
    struct asg_world_refusal refusal = {.code = ""};
    if (asg_world_run(order->world, &request, order->now_ms, order->arena, &launched,
                      &refusal) != ASG_OK) {
        add_error(order, pool, is_spot, refusal.code, refusal.message);
        return false;
    }
    add_ids(order, pool, is_spot, &launched);
    *ret = (uint32_t)launched.count;
    return true;
}

/* Over how many pools the instances are spread before one takes what others lack. */
static size_t spread_of(const struct order *order, bool is_spot)
{
    size_t pools = order->request->pool_count;
    if (!is_spot) return 1;
    if (order->request->spot_strategy == ASG_WORLD_SPOT_DIVERSIFIED) return pools;
    if (order->request->spot_strategy != ASG_WORLD_SPOT_LOWEST_PRICE) return 1;
    return order->request->spot_pools < pools ? order->request->spot_pools : pools;
}

static void launch_market(struct order *order, bool is_spot, uint32_t count)
{
    size_t pools = order->request->pool_count;
    size_t *places = asg_arena_take(order->arena, (pools + 1) * sizeof *places);
    bool *is_over = asg_arena_take(order->arena, (pools + 1) * sizeof *is_over);
    sort_pools(order, is_spot, places);
    size_t spread = spread_of(order, is_spot);
    uint32_t left = count;
    for (size_t i = 0; i < spread && left > 0; i++) {
        uint32_t share = (left + (uint32_t)(spread - i) - 1) / (uint32_t)(spread - i);
        uint32_t made = 0;
        is_over[i] = !launch_in(order, &order->pools[places[i]], is_spot, share, &made);
        left -= made;
    }
    for (size_t i = 0; i < pools && left > 0;) {
        uint32_t made = 0;
        is_over[i] = is_over[i] ||
                     !launch_in(order, &order->pools[places[i]], is_spot, left, &made);
        left -= made;
        if (is_over[i]) i++;
    }
}

/* ---- what is refused as a whole ---- */

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static enum asg_status check_pool(const struct asg_world *world,
                                  const struct asg_world_fleet_request *request,
                                  size_t at, struct asg_world_refusal *refusal)
{
    const struct asg_world_fleet_pool *pool = &request->pools[at];
    const struct asg_world_template *template = NULL;
    const struct asg_world_version *version = NULL;
    enum asg_status status =
        asg_world_find_template(world, &pool->template, &template, &version, refusal);
    if (status != ASG_OK) return status;
    if (version->data.is_spot) {
        return asg_world_refuse(refusal, 400, "InvalidFleetConfig",
                                "The launch template %s asks for Spot instances itself: "
                                "InstanceMarketOptions may not be in the launch template "
                                "of a fleet",
                                template->name);
    }
    for (size_t i = 0; i < at; i++) {
        const struct asg_world_fleet_pool *other = &request->pools[i];
        if (strcmp(type_of(world, other), type_of(world, pool)) == 0 &&
            is_same(other->subnet_id, pool->subnet_id) &&
            is_same(other->zone, pool->zone)) {
            return asg_world_refuse(refusal, 400, "InvalidFleetConfig",
                                    "The fleet configuration contains duplicate instance "
                                    "pools");
        }
    }
    return ASG_OK;
}

static enum asg_status check(const struct asg_world *world,
                             const struct asg_world_fleet_request *request,
                             struct asg_world_refusal *refusal)
{
    enum asg_status status = asg_world_tags_check(&request->tags, refusal);
    for (size_t i = 0; status == ASG_OK && i < request->pool_count; i++) {
        status = check_pool(world, request, i, refusal);
    }
    if (status == ASG_OK && request->is_dry_run) {
        status = asg_world_refuse_dry_run(refusal);
    }
    return status;
}

/* ---- the client token ---- */

static const struct kept_fleet *find_kept(const struct asg_world *world,
                                          const char *token)
{
    char key[KEY_SIZE];
    asg_world_make_key("fleet", token, key);
    uint32_t at = asg_id_map_find(&world->by_fleet_token, key);
    return at == ASG_ID_MAP_NONE ? NULL : world->fleets[at];
}

static const char *copy(struct asg_arena *arena, const char *text)
{
    return text != NULL ? asg_arena_text(arena, text) : NULL;
}

static struct kept_fleet *keep(struct asg_world *world,
                               const struct asg_world_fleet_request *request,
                               struct asg_world_fleet_pool **ret_pools)
{
    struct kept_fleet *kept = asg_alloc(1, sizeof *kept);
    uint64_t high = asg_world_random(world);
    uint64_t low = asg_world_random(world);
    (void)snprintf(kept->fleet.id, sizeof kept->fleet.id,
                   "fleet-%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
                   (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xffff),
                   (unsigned)(low >> 48),
                   (unsigned long long)(low & UINT64_C(0xffffffffffff)));
    asg_sha256(request->written, strlen(request->written), kept->written);
    struct asg_world_fleet_pool *pools =
        asg_arena_take(&kept->arena, (request->pool_count + 1) * sizeof *pools);
    for (size_t i = 0; i < request->pool_count; i++) {
        const struct asg_world_fleet_pool *from = &request->pools[i];
        pools[i] = *from;
        pools[i].template.id = copy(&kept->arena, from->template.id);
        pools[i].template.name = copy(&kept->arena, from->template.name);
        pools[i].template.version = copy(&kept->arena, from->template.version);
        pools[i].instance_type = copy(&kept->arena, from->instance_type);
        pools[i].subnet_id = copy(&kept->arena, from->subnet_id);
        pools[i].zone = copy(&kept->arena, from->zone);
        pools[i].image_id = copy(&kept->arena, from->image_id);
    }
    if (world->fleet_count == world->fleet_capacity) {
        world->fleet_capacity =
            world->fleet_capacity == 0 ? 16 : world->fleet_capacity * 2;
        world->fleets = asg_realloc(world->fleets, world->fleet_capacity,
                                    sizeof(struct kept_fleet *));
    }
    if (request->client_token != NULL) {
        char key[KEY_SIZE];
        asg_world_make_key("fleet", request->client_token, key);
        asg_id_map_put(&world->by_fleet_token, key, (uint32_t)world->fleet_count);
    }
    world->fleets[world->fleet_count++] = kept;
    *ret_pools = pools;
    return kept;
}

enum asg_status asg_world_create_fleet(struct asg_world *world,
                                       const struct asg_world_fleet_request *request,
                                       int64_t now_ms, struct asg_arena *arena,
                                       const struct asg_world_fleet **ret,
                                       struct asg_world_refusal *refusal)
{
    const struct kept_fleet *before = NULL;
    if (request->client_token != NULL) {
        enum asg_status status = asg_world_check_token(request->client_token, refusal);
        if (status != ASG_OK) return status;
        before = find_kept(world, request->client_token);
    }
    if (before != NULL && !request->is_dry_run) {
        uint8_t written[ASG_SHA256_BYTES];
        asg_sha256(request->written, strlen(request->written), written);
        if (memcmp(written, before->written, sizeof written) != 0) {
            return asg_world_refuse_mismatch(refusal);
        }
        *ret = &before->fleet;
        return ASG_OK;
    }
    enum asg_status status = check(world, request, refusal);
    if (status != ASG_OK) return status;
    struct order order = {
        .world = world, .request = request, .now_ms = now_ms, .arena = arena};
    order.kept = keep(world, request, &order.pools);
    launch_market(&order, /* is_spot */ false, request->on_demand);
    launch_market(&order, /* is_spot */ true, request->spot);
    *ret = &order.kept->fleet;
    return ASG_OK;
}
