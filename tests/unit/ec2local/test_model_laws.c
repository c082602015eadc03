/* Laws of the pretended region under many random requests: no address twice, no more free
 * ones than there were, one launch a token and scope, boots and kills that match. */
#include "unit/ec2local/world_fixture.h"

#include <stdio.h>
#include <string.h>

#include "lib/seed.h"

#define STEPS     4000
#define TOKENS    12
#define PLACES    (ASG_WORLD_ZONES + 1) /* the last: no zone named */
#define INSTANCES 4096
#define LIMIT     12
#define ADDRESSES 20

struct play {
    struct fixture fixture;
    struct seed seed;
    char ids[INSTANCES][ASG_WORLD_ID_SIZE];
    bool has_tree[INSTANCES]; /* booted and not yet told to be over */
    bool is_dying[INSTANCES]; /* told to be killed */
    size_t count;
    char by_token[TOKENS][PLACES][ASG_WORLD_ID_SIZE];
};

static size_t find(const struct play *play, const char *id)
{
    for (size_t i = 0; i < play->count; i++) {
        if (strcmp(play->ids[i], id) == 0) return i;
    }
    return play->count;
}

static void take_effects(struct play *play)
{
    for (size_t i = 0; i < play->fixture.effects.count; i++) {
        const struct asg_world_effect *effect = &play->fixture.effects.items[i];
        size_t at = find(play, effect->id);
        assert_true(at < play->count);
        switch (effect->kind) {
        case ASG_WORLD_BOOT:
            assert_false(play->has_tree[at]);
            play->has_tree[at] = true;
            break;
        case ASG_WORLD_KILL:
            assert_true(play->has_tree[at]);
            assert_false(play->is_dying[at]);
            play->is_dying[at] = true;
            break;
        case ASG_WORLD_FORGET: assert_false(play->has_tree[at]); break;
        }
    }
    play->fixture.effects.count = 0;
}

static void note_launch(struct play *play, size_t token, size_t place,
                        const struct asg_world_instances *launched)
{
    char *first = play->by_token[token][place];
    if (first[0] != '\0') {
        assert_string_equal(first, launched->items[0]->id);
        return;
    }
    memcpy(first, launched->items[0]->id, ASG_WORLD_ID_SIZE);
    assert_int_equal(find(play, first), play->count);
    assert_true(play->count < INSTANCES);
    memcpy(play->ids[play->count++], first, ASG_WORLD_ID_SIZE);
}

static void launch_one(struct play *play)
{
    size_t token = (size_t)seed_below(&play->seed, TOKENS);
    size_t place = (size_t)seed_below(&play->seed, PLACES);
    char name[16];
    (void)snprintf(name, sizeof name, "token-%zu", token);
    char subnet[ASG_WORLD_ID_SIZE];
    struct asg_world_run_request request = plain_request(name);
    if (place < ASG_WORLD_ZONES) {
        memcpy(subnet, asg_world_subnets(play->fixture.world)[place]->id, sizeof subnet);
        request.data.subnet_id = subnet;
    }
    struct asg_world_instances launched = {0};
    enum asg_status status =
        asg_world_run(play->fixture.world, &request, play->fixture.now_ms,
                      &play->fixture.arena, &launched, &play->fixture.refusal);
    if (status == ASG_OK) {
        assert_int_equal(launched.count, 1);
        note_launch(play, token, place, &launched);
        return;
    }
    bool was_launched = play->by_token[token][place][0] != '\0';
    const char *code = play->fixture.refusal.code;
    if (strcmp(code, "IdempotentInstanceTerminated") == 0) {
        assert_true(was_launched);
    } else {
        assert_false(was_launched);
        assert_true(strcmp(code, "InstanceLimitExceeded") == 0 ||
                    strcmp(code, "InsufficientFreeAddressesInSubnet") == 0);
    }
}

static void launch_without_token(struct play *play)
{
    const struct asg_world_run_request request = plain_request(NULL);
    struct asg_world_instances launched = {0};
    if (play->count == INSTANCES ||
        asg_world_run(play->fixture.world, &request, play->fixture.now_ms,
                      &play->fixture.arena, &launched,
                      &play->fixture.refusal) != ASG_OK) {
        return;
    }
    memcpy(play->ids[play->count++], launched.items[0]->id, ASG_WORLD_ID_SIZE);
}

static void move_any(struct play *play, enum asg_world_verb verb)
{
    if (play->count == 0) return;
    size_t at = (size_t)seed_below(&play->seed, play->count);
    (void)move_one(&play->fixture, verb, play->ids[at]);
    take_effects(play);
}

static void end_dying(struct play *play)
{
    for (size_t i = 0; i < play->count; i++) {
        if (!play->is_dying[i] || seed_below(&play->seed, 2) == 0) continue;
        play->is_dying[i] = false;
        play->has_tree[i] = false;
        asg_world_tree_ended(play->fixture.world, play->ids[i]);
    }
}

static void check_laws(struct play *play)
{
    const struct asg_world_query everything = {0};
    struct asg_world_instances all = {0};
    assert_status(ASG_OK, asg_world_describe(play->fixture.world, &everything,
                                             play->fixture.now_ms, &play->fixture.arena,
                                             &all, &play->fixture.refusal));
    uint32_t taken = 0;
    uint32_t live = 0;
    for (size_t i = 0; i < all.count; i++) {
        const struct asg_world_instance *one = all.items[i];
        if (one->state == ASG_WORLD_TERMINATED) continue;
        taken++;
        if (one->state == ASG_WORLD_PENDING || one->state == ASG_WORLD_RUNNING ||
            one->state == ASG_WORLD_STOPPING) {
            live++;
        }
        for (size_t j = 0; j < i; j++) {
            if (all.items[j]->state == ASG_WORLD_TERMINATED) continue;
            assert_int_not_equal(all.items[j]->address, one->address);
        }
        if (one->state == ASG_WORLD_RUNNING) {
            assert_true(play->has_tree[find(play, one->id)]);
        }
    }
    assert_int_equal(taken + asg_world_subnets(play->fixture.world)[0]->free_addresses,
                     ADDRESSES);
    assert_in_range(live, 0, LIMIT);
    asg_arena_reset(&play->fixture.arena);
}

static void step(struct play *play)
{
    switch (seed_below(&play->seed, 8)) {
    case 0: launch_one(play); break;
    case 1: launch_without_token(play); break;
    case 2:
    case 3: move_any(play, ASG_WORLD_TERMINATE); break;
    case 4: move_any(play, ASG_WORLD_STOP); break;
    case 5: move_any(play, ASG_WORLD_START); break;
    case 6: end_dying(play); break;
    default:
        pass(&play->fixture, (int64_t)seed_below(&play->seed, 200));
        take_effects(play);
        break;
    }
    check_laws(play);
}

static void test_the_laws_hold_whatever_is_asked(void **state)
{
    (void)state;
    uint32_t addresses[ADDRESSES];
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        addresses[i] = 0x7f640001 + i;
    }
    struct asg_world_options options = plain_options;
    options.addresses = addresses;
    options.address_count = ADDRESSES;
    options.instance_limit = LIMIT;
    options.keep_ms = 1000;
    struct play *play = calloc(1, sizeof *play);
    assert_non_null(play);
    begin_with(&play->fixture, &options);
    play->seed = seed_new("model laws");
    for (int i = 0; i < STEPS; i++) {
        step(play);
    }
    assert_true(play->count > 50);
    end(&play->fixture);
    free(play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_laws_hold_whatever_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
