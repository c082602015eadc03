/* world_fixture - a pretended region and a few short ways to ask it, for the tests. */
#ifndef ASG_TESTS_WORLD_FIXTURE_H
#define ASG_TESTS_WORLD_FIXTURE_H

#include "lib/check.h"

#include "ec2local/model.h"

#define IMAGE    "ami-00000000000000001"
#define BEGIN_MS INT64_C(1800000000000)

struct fixture {
    struct asg_world *world;
    struct asg_arena arena;
    struct asg_world_effects effects;
    struct asg_world_refusal refusal;
    int64_t now_ms;
};

static const struct asg_world_options plain_options = {
    .region = "us-east-1",
    .account_id = "000000000000",
    .seed = 42,
    .boot_min_ms = 100,
    .boot_max_ms = 100,
    .stop_ms = 50,
    .keep_ms = 10000,
    .cidr_base = 0x7f640000,
    .cidr_bits = 16,
};

static inline void begin_with(struct fixture *fixture,
                              const struct asg_world_options *options)
{
    *fixture = (struct fixture){.now_ms = BEGIN_MS};
    assert_status(ASG_OK, asg_world_new(options, &fixture->world));
}

static inline void end(struct fixture *fixture)
{
    asg_world_destroy(&fixture->world);
    asg_world_effects_clear(&fixture->effects);
    asg_arena_clear(&fixture->arena);
}

static inline struct asg_world_run_request plain_request(const char *token)
{
    return (struct asg_world_run_request){
        .client_token = token,
        .min_count = 1,
        .max_count = 1,
        .data = {.image_id = (char *)(uintptr_t)IMAGE,
                 .instance_type = (char *)(uintptr_t) "t3.micro"},
    };
}

static inline struct asg_world_instances launch(
    struct fixture *fixture, const struct asg_world_run_request *request)
{
    struct asg_world_instances launched = {0};
    assert_status(ASG_OK, asg_world_run(fixture->world, request, fixture->now_ms,
                                        &fixture->arena, &launched, &fixture->refusal));
    return launched;
}

static inline void refuse_launch(struct fixture *fixture,
                                 const struct asg_world_run_request *request,
                                 const char *code)
{
    struct asg_world_instances launched = {0};
    assert_status(ASG_ERR_DENIED,
                  asg_world_run(fixture->world, request, fixture->now_ms, &fixture->arena,
                                &launched, &fixture->refusal));
    assert_string_equal(fixture->refusal.code, code);
}

/* Let time pass; the effects of this step alone are in fixture->effects. */
static inline void pass(struct fixture *fixture, int64_t ms)
{
    fixture->now_ms += ms;
    fixture->effects.count = 0;
    asg_world_advance(fixture->world, fixture->now_ms, &fixture->effects);
}

static inline enum asg_status move_one(struct fixture *fixture, enum asg_world_verb verb,
                                       const char *id)
{
    const char *ids[] = {id};
    const struct asg_world_move_request request = {.verb = verb,
                                                   .ids = {.items = ids, .count = 1}};
    struct asg_world_moves moves = {0};
    fixture->effects.count = 0;
    return asg_world_move(fixture->world, &request, fixture->now_ms, &fixture->arena,
                          &moves, &fixture->effects, &fixture->refusal);
}

static inline const char *state_of(const struct fixture *fixture, const char *id)
{
    const struct asg_world_instance *instance = asg_world_find(fixture->world, id);
    return instance != NULL ? asg_world_state_name(instance->state) : "not listed";
}

#endif
