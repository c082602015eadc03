#include "controller/ask_first.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_index.h"
#include "controller/kept_answers.h"
#include "model/copy.h"
#include "model/schemas.h"

#define NAMED_MAX 3 /* things that a note names */

struct order;

/* One thing that EC2 is asked of for an order. */
struct item {
    struct order *order;
    struct asg_question question;
    const char *group; /* the first that names it */
    bool is_ours;      /* a template that openasg has created */
    bool is_told;
    enum asg_told_outcome outcome;
    const char *code;
    const char *message;
    uint64_t version;        /* TEMPLATE, found */
    const char *template_id; /* the same */
    struct asg_told_subnet *subnets;
};

/* What an order names: each of it once. */
struct thing {
    const char *key;
    struct item *item; /* NULL: not asked for */
    size_t at;         /* which of its ids */
};

struct order {
    struct order *next;
    struct asg_arena arena; /* all that follows */
    size_t bytes;
    struct asg_request request;
    struct asg_command command; /* request.command, to be filled in */
    struct asg_first_order out;
    bool is_heavy; /* has its turn: one in a pump */
    bool is_examined;
    struct item *items;
    size_t item_count;
    struct item *places[2]; /* of subnets and of zones, with room for more; NULL */
    struct asg_text_index things;
    size_t left_out; /* things above the limit */
    size_t untold;   /* of the items */
};

struct asg_first {
    struct asg_first_options options;
    struct order *orders; /* oldest first */
    struct order **end;
    struct order *taken; /* by the pump before */
    size_t count;
    size_t bytes;
};

void asg_first_new(const struct asg_first_options *options, struct asg_first **ret)
{
    struct asg_first *first = asg_alloc(1, sizeof *first);
    first->options = *options;
    first->end = &first->orders;
    *ret = first;
}

static void free_orders(struct order *order)
{
    while (order != NULL) {
        struct order *next = order->next;
        asg_text_index_clear(&order->things);
        asg_arena_clear(&order->arena);
        free(order);
        order = next;
    }
}

void asg_first_destroy(struct asg_first **first)
{
    if (*first == NULL) return;
    free_orders((*first)->orders);
    free_orders((*first)->taken);
    free(*first);
    *first = NULL;
}

size_t asg_first_count(const struct asg_first *first)
{
    return first->count;
}

/* ---- what an order names ---- */

static bool has_text(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool has_field(uint64_t fields, enum asg_group_field field)
{
    return (fields & UINT64_C(1) << field) != 0;
}

/* One group's part of an order. */
struct part {
    const char *group;
    const struct asg_group_config *config; /* NULL: nothing to be asked */
    bool names_template;
    bool names_places;
};

static struct part part_of(const char *group, const struct asg_group_config *config,
                           bool is_whole, uint64_t fields)
{
    struct part part = {.group = group, .config = config};
    if (config == NULL) return part;
    bool has_template = has_text(config->template_id) || has_text(config->template_name);
    part.names_template =
        has_template && (is_whole || has_field(fields, ASG_GROUP_TEMPLATE));
    part.names_places =
        config->subnet_count > 0 && (is_whole || has_field(fields, ASG_GROUP_SUBNETS));
    return part;
}

static size_t count_parts(const struct asg_command *command)
{
    switch (command->kind) {
    case ASG_COMMAND_GROUP_CREATE:
    case ASG_COMMAND_GROUP_UPDATE: return 1;
    case ASG_COMMAND_APPLY:
        return command->apply != NULL ? command->apply->group_count : 0;
    default: return 0;
    }
}

static struct part part_at(const struct asg_command *command, size_t i)
{
    if (command->kind == ASG_COMMAND_APPLY) {
        const struct asg_apply_group *group = &command->apply->groups[i];
        return part_of(group->name, group->config, group->is_new, group->fields);
    }
    const struct asg_group_config *config = command->group_config;
    bool is_new = command->kind == ASG_COMMAND_GROUP_CREATE;
    const char *name = is_new && config != NULL ? config->name : command->group;
    return part_of(name != NULL ? name : "", config, is_new, command->group_fields);
}

static bool names_something(const struct asg_request *request)
{
    const struct asg_command *command = request->command;
    bool is_order = request->query == ASG_QUERY_NONE || request->query == ASG_QUERY_TRY;
    if (!is_order || command == NULL) return false;
    size_t count = count_parts(command);
    for (size_t i = 0; i < count; i++) {
        struct part part = part_at(command, i);
        if (part.names_template || part.names_places) return true;
    }
    return false;
}

static const struct order *find_of(const struct order *from, const struct order *to,
                                   uint32_t peer)
{
    while (from != to && from->out.peer != peer) {
        from = from->next;
    }
    return from != to ? from : NULL;
}

static bool is_large(const struct asg_first *first, size_t bytes)
{
    return bytes > first->options.large_bytes;
}

static bool is_heavy(const struct asg_first *first, const struct asg_request *request,
                     size_t bytes)
{
    return request->query == ASG_QUERY_TRY || is_large(first, bytes);
}

bool asg_first_concerns(const struct asg_first *first, uint32_t peer,
                        const struct asg_request *request, size_t bytes)
{
    bool is_halt = request->command != NULL && request->command->kind == ASG_COMMAND_HALT;
    if (is_halt) return false; /* it waits for nothing */
    return is_heavy(first, request, bytes) ||
           find_of(first->orders, NULL, peer) != NULL || names_something(request);
}

bool asg_first_is_full_of(const struct asg_first *first, const char *actor, size_t bytes)
{
    size_t count = 0;
    size_t large = 0;
    for (const struct order *o = first->orders; o != NULL; o = o->next) {
        if (strcmp(o->out.actor, actor) != 0) continue;
        count++;
        large += is_large(first, o->bytes);
    }
    return count >= first->options.key_max ||
           (is_large(first, bytes) && large >= first->options.key_large_max);
}

enum asg_status asg_first_put(struct asg_first *first, uint32_t peer, const char *actor,
                              const struct asg_request *request, size_t bytes)
{
    if (asg_first_is_full_of(first, actor, bytes)) return ASG_ERR_LIMIT;
    size_t of_peer = 0;
    for (const struct order *o = first->orders; o != NULL; o = o->next) {
        of_peer += o->out.peer == peer;
    }
    if (first->count >= first->options.orders_max || of_peer >= first->options.peer_max ||
        (first->count > 0 && first->bytes + bytes > first->options.bytes_max)) {
        return ASG_ERR_BUSY;
    }
    struct order *order = asg_alloc(1, sizeof *order);
    asg_model_copy(&asg_request_schema, request, &order->arena, &order->request);
    if (order->request.command != NULL) {
        order->command = *order->request.command;
        order->request.command = &order->command;
    }
    order->bytes = bytes;
    order->is_heavy = is_heavy(first, request, bytes);
    order->out = (struct asg_first_order){.peer = peer,
                                          .actor = asg_arena_text(&order->arena, actor),
                                          .request = &order->request};
    *first->end = order;
    first->end = &order->next;
    first->count++;
    first->bytes += bytes;
    return ASG_OK;
}

/* ---- asking ---- */

static const char *say_item(const struct item *item, struct asg_arena *arena)
{
    const struct asg_question *question = &item->question;
    if (question->kind == ASG_QUESTION_TEMPLATE) {
        const char *version = question->template_version;
        bool is_number = has_text(version) && version[0] != '$';
        return asg_arena_format(arena, "launch template %s%s%s",
                                has_text(question->template_id) ? question->template_id
                                                                : question->template_name,
                                is_number ? " version " : "", is_number ? version : "");
    }
    bool is_zone = question->kind == ASG_QUESTION_ZONES;
    const struct asg_texts *ids = &question->ids;
    if (ids->count == 1) {
        return asg_arena_format(arena, "%s %s", is_zone ? "zone" : "subnet",
                                ids->items[0]);
    }
    return asg_arena_format(arena, "%zu %s", ids->count, is_zone ? "zones" : "subnets");
}

static const char *key_of(const void *thing)
{
    return ((const struct thing *)thing)->key;
}

static struct thing *find_thing(const struct order *order, const char *key)
{
    return asg_text_index_find(&order->things, key);
}

/* It is named for the first time. */
static struct thing *add_thing(struct order *order, const char *key)
{
    struct thing *thing = asg_arena_take(&order->arena, sizeof *thing);
    thing->key = asg_arena_text(&order->arena, key);
    asg_text_index_add(&order->things, thing);
    return thing;
}

static const char *place_key(enum asg_question_kind kind, const char *id,
                             struct asg_arena *arena)
{
    return asg_arena_format(arena, "%s %s",
                            kind == ASG_QUESTION_ZONES ? "zone" : "subnet", id);
}

static const char *template_key(const struct asg_question *question,
                                struct asg_arena *arena)
{
    return asg_arena_format(arena, "template %s", asg_question_key(question, arena));
}

static struct asg_question template_question(const struct asg_group_config *config)
{
    bool has_version = has_text(config->template_version);
    return (struct asg_question){
        .kind = ASG_QUESTION_TEMPLATE,
        .template_id = has_text(config->template_id) ? config->template_id : "",
        .template_name = has_text(config->template_id) ? "" : config->template_name,
        .template_version = has_version ? config->template_version : "$Default"};
}

static struct item *new_item(const struct asg_first *first, struct order *order,
                             const char *group, enum asg_question_kind kind)
{
    if (order->item_count == first->options.questions_max) {
        order->left_out++;
        return NULL;
    }
    struct item *item = &order->items[order->item_count++];
    *item = (struct item){.order = order, .group = group, .question = {.kind = kind}};
    return item;
}

static void add_template(const struct asg_first *first, struct order *order,
                         const struct part *part, struct asg_arena *scratch)
{
    const struct asg_question question = template_question(part->config);
    const char *key = template_key(&question, scratch);
    if (find_thing(order, key) != NULL) return;
    struct thing *thing = add_thing(order, key);
    struct item *item = new_item(first, order, part->group, ASG_QUESTION_TEMPLATE);
    if (item == NULL) return;
    const struct asg_first_ports *ports = &first->options.ports;
    enum asg_template_origin origin =
        has_text(question.template_name)
            ? ports->origin(ports->context, question.template_name)
            : ASG_TEMPLATE_FOREIGN;
    if (origin == ASG_TEMPLATE_BEING_CREATED) {
        order->item_count--;
        return;
    }
    item->question = question;
    item->is_ours = origin == ASG_TEMPLATE_CREATED;
    thing->item = item;
}

/* Subnets and zones of all groups go together, as many as one question takes. */
static void add_place(const struct asg_first *first, struct order *order,
                      const char *group, enum asg_question_kind kind, const char *id,
                      struct asg_arena *scratch)
{
    const char *key = place_key(kind, id, scratch);
    if (find_thing(order, key) != NULL) return;
    struct thing *thing = add_thing(order, key);
    struct item **open = &order->places[kind == ASG_QUESTION_ZONES];
    if (*open == NULL || (*open)->question.ids.count == ASG_QUESTION_IDS_MAX) {
        *open = new_item(first, order, group, kind);
        if (*open == NULL) return;
        (*open)->question.ids.items =
            asg_arena_take(&order->arena, ASG_QUESTION_IDS_MAX * sizeof(char *));
    }
    thing->item = *open;
    thing->at = (*open)->question.ids.count++;
    (*open)->question.ids.items[thing->at] = id;
}

static void add_places(const struct asg_first *first, struct order *order,
                       const struct part *part, struct asg_arena *scratch)
{
    for (size_t i = 0; i < part->config->subnet_count; i++) {
        const struct asg_subnet *subnet = &part->config->subnets[i];
        bool has_id = has_text(subnet->subnet_id);
        const char *id = has_id ? subnet->subnet_id : subnet->zone;
        if (!has_text(id)) continue;
        add_place(first, order, part->group,
                  has_id ? ASG_QUESTION_SUBNETS : ASG_QUESTION_ZONES, id, scratch);
    }
}

static void on_told(void *context, const struct asg_told *told)
{
    struct item *item = context;
    struct order *order = item->order;
    struct asg_arena *arena = &order->arena;
    item->is_told = true;
    item->outcome = told->outcome;
    item->code = asg_arena_text(arena, told->code != NULL ? told->code : "");
    item->message = asg_arena_text(arena, told->message != NULL ? told->message : "");
    order->untold--;
    if (told->outcome != ASG_TOLD_FOUND) return;
    if (told->template != NULL) {
        item->version = told->template->version;
        item->template_id = asg_arena_text(arena, told->template->template_id);
    }
    item->subnets =
        asg_arena_take(arena, (told->subnet_count + 1) * sizeof *item->subnets);
    for (size_t i = 0; i < told->subnet_count; i++) {
        item->subnets[i] = (struct asg_told_subnet){
            .subnet_id = asg_arena_text(arena, told->subnets[i].subnet_id),
            .zone = asg_arena_text(arena, told->subnets[i].zone)};
    }
}

static void ask(const struct asg_first *first, struct item *item, bool can_ask)
{
    enum asg_status status = ASG_ERR_CLOSED;
    if (can_ask) {
        const char *asker =
            asg_arena_format(&item->order->arena, "admin %s", item->order->out.actor);
        status = asg_look_up_ask(first->options.look_up, asker, &item->question,
                                 /* deadline_ms */ 0, on_told, item);
    }
    if (status == ASG_OK) {
        item->order->untold++;
        return;
    }
    bool is_full = status == ASG_ERR_BUSY || status == ASG_ERR_LIMIT;
    item->is_told = true;
    item->outcome = ASG_TOLD_UNAVAILABLE;
    item->code = "OpenasgNotAsked";
    item->message = !can_ask  ? "no worker is connected"
                    : is_full ? "too many requests are in progress"
                              : "this is not a name that EC2 can look up";
}

/* Its turn has come: what it names is as it is now. */
static void examine(const struct asg_first *first, struct order *order)
{
    order->is_examined = true;
    if (!names_something(&order->request)) return;
    const struct asg_command *command = &order->command;
    order->items = asg_arena_take(&order->arena, (first->options.questions_max + 1) *
                                                     sizeof *order->items);
    asg_text_index_init(&order->things, key_of);
    struct asg_arena scratch = {0};
    size_t count = count_parts(command);
    for (size_t i = 0; i < count; i++) {
        asg_arena_reset(&scratch);
        const struct part part = part_at(command, i);
        if (part.names_template) add_template(first, order, &part, &scratch);
        if (part.names_places) add_places(first, order, &part, &scratch);
    }
    asg_arena_clear(&scratch);
    bool can_ask = first->options.ports.can_ask(first->options.ports.context);
    for (size_t i = 0; i < order->item_count; i++) {
        ask(first, &order->items[i], can_ask);
    }
}

/* ---- what EC2 said ---- */

/* EC2 says that there is no such thing, or that nothing could be called so. Of a right
 * that a worker lacks nothing follows. */
static bool says_no(const struct item *item)
{
    return item->outcome == ASG_TOLD_REFUSED &&
           strncmp(item->code, "Invalid", strlen("Invalid")) == 0;
}

static const char *advise(const struct item *item)
{
    switch (item->question.kind) {
    case ASG_QUESTION_TEMPLATE:
        return "\"openasg template list\" shows the templates that openasg created, "
               "\"openasg template create\" creates one";
    case ASG_QUESTION_SUBNETS:
        return "\"aws ec2 describe-subnets\" shows those that there are";
    default: return "\"aws ec2 describe-availability-zones\" shows those that there are";
    }
}

static void refuse_missing(struct order *order, const struct item *item)
{
    struct asg_arena *arena = &order->arena;
    const char *what = say_item(item, arena);
    bool is_one =
        item->question.kind == ASG_QUESTION_TEMPLATE || item->question.ids.count == 1;
    order->out.refused =
        asg_arena_format(arena, "group %s: EC2 does not have %s%s (%s); %s", item->group,
                         is_one ? "" : "all of its ", what, item->message, advise(item));
}

/* The zone that EC2 says a subnet is in; NULL: nobody said. */
static const char *zone_of(const struct order *order, const char *subnet_id)
{
    struct asg_arena scratch = {0};
    const struct thing *thing =
        find_thing(order, place_key(ASG_QUESTION_SUBNETS, subnet_id, &scratch));
    asg_arena_clear(&scratch);
    if (thing == NULL || thing->item == NULL || thing->item->outcome != ASG_TOLD_FOUND) {
        return NULL;
    }
    return thing->item->subnets[thing->at].zone; /* the i-th row is of the i-th id */
}

static void check_zones(struct order *order, const struct part *part)
{
    for (size_t i = 0; i < part->config->subnet_count; i++) {
        const struct asg_subnet *subnet = &part->config->subnets[i];
        if (!has_text(subnet->subnet_id) || !has_text(subnet->zone)) continue;
        const char *zone = zone_of(order, subnet->subnet_id);
        if (zone == NULL || strcmp(zone, subnet->zone) == 0) continue;
        order->out.refused = asg_arena_format(
            &order->arena, "group %s: subnet %s is in zone %s, not in %s", part->group,
            subnet->subnet_id, zone, subnet->zone);
        return;
    }
}

/* "launch template a, launch template b and 3 more". `of_ours`: those that EC2 does not
 * show, else those of which nobody could say anything. 0: there are none. */
static size_t list_open(struct order *order, bool of_ours, const char **ret_names,
                        const char **ret_why)
{
    struct asg_arena *arena = &order->arena;
    const char *names = "";
    size_t named = 0;
    size_t count = of_ours ? 0 : order->left_out;
    for (size_t i = 0; i < order->item_count; i++) {
        const struct item *item = &order->items[i];
        if (item->outcome == ASG_TOLD_FOUND || says_no(item) != of_ours) continue;
        if (count++ == (of_ours ? 0 : order->left_out)) *ret_why = item->message;
        if (named == NAMED_MAX) continue;
        names = asg_arena_format(arena, "%s%s%s", names, named > 0 ? ", " : "",
                                 say_item(item, arena));
        named++;
    }
    const char *joint = named > 0 ? " and " : "";
    if (count > named) {
        names = asg_arena_format(arena, "%s%s%zu %s", names, joint, count - named,
                                 named > 0 ? "more" : "of what the request names");
    }
    *ret_names = names;
    return count;
}

static void note_open(struct order *order)
{
    struct asg_arena *arena = &order->arena;
    const char *names = "";
    const char *why = "the request names too many";
    if (list_open(order, /* of_ours */ false, &names, &why) > 0) {
        order->out.note = asg_arena_format(
            arena, "EC2 could not be asked (%s): %s may not exist", why, names);
    } else if (list_open(order, /* of_ours */ true, &names, &why) > 0) {
        order->out.note = asg_arena_format(
            arena, "EC2 does not show %s yet, which openasg created (%s)", names, why);
    }
}

/* What was found goes with the order, so that core need not ask again. */
static void fill_template(const struct order *order,
                          const struct asg_group_config *config, uint64_t *ret_version,
                          const char **ret_id)
{
    struct asg_arena arena = {0};
    const struct asg_question question = template_question(config);
    const struct thing *thing = find_thing(order, template_key(&question, &arena));
    asg_arena_clear(&arena);
    const struct item *item = thing != NULL ? thing->item : NULL;
    if (item == NULL || item->outcome != ASG_TOLD_FOUND) return;
    *ret_version = item->version;
    *ret_id = item->template_id;
}

static void fill(struct order *order)
{
    struct asg_command *command = &order->command;
    size_t count = count_parts(command);
    for (size_t i = 0; i < count; i++) {
        const struct part part = part_at(command, i);
        if (!part.names_template) continue;
        if (command->kind == ASG_COMMAND_APPLY) {
            struct asg_apply_group *group = &command->apply->groups[i];
            fill_template(order, part.config, &group->template_version,
                          &group->template_id);
        } else {
            fill_template(order, part.config, &command->template_version,
                          &command->template_id);
        }
    }
}

/* A template that openasg created and that EC2 does not show is new, or was deleted
 * since: lists of EC2 lag. */
static void judge(struct order *order)
{
    for (size_t i = 0; i < order->item_count; i++) {
        const struct item *item = &order->items[i];
        if (!says_no(item) || item->is_ours) continue;
        refuse_missing(order, item);
        return;
    }
    size_t count = count_parts(&order->command);
    for (size_t i = 0; i < count && order->out.refused == NULL; i++) {
        const struct part part = part_at(&order->command, i);
        if (part.names_places) check_zones(order, &part);
    }
    if (order->out.refused != NULL) return;
    note_open(order);
    fill(order);
}

bool asg_first_pump(struct asg_first *first)
{
    free_orders(first->taken);
    first->taken = NULL;
    bool had_heavy = false;
    bool has_more = false;
    struct order **link = &first->orders;
    while (*link != NULL) {
        struct order *order = *link;
        bool is_due = (!order->is_examined || order->untold == 0) &&
                      find_of(first->orders, order, order->out.peer) == NULL;
        if (is_due && order->is_heavy) {
            has_more = has_more || had_heavy;
            is_due = !had_heavy;
            had_heavy = true;
        }
        if (is_due && !order->is_examined) examine(first, order);
        if (!is_due || order->untold > 0) {
            link = &order->next;
            continue;
        }
        if (order->item_count > 0 || order->left_out > 0) judge(order);
        *link = order->next;
        if (first->end == &order->next) first->end = link;
        first->count--;
        first->bytes -= order->bytes;
        order->next = first->taken;
        first->taken = order;
        first->options.ports.take(first->options.ports.context, &order->out);
    }
    return has_more;
}
