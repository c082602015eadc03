/* test_core_mixed - groups that mix on demand and Spot (docs/rules.md, "Mixed
 * instances"): the split of a launch, dry pools by market, and who goes first. */
#include "unit/core/core_world.h"

static struct asg_subnet subnets[] = {{"subnet-1", "us-east-1a"},
                                      {"subnet-2", "us-east-1b"}};
static const char *types[] = {"t3.small", "m5.large"};

/* What EC2 is like here. */
static struct {
    const char *dry[8]; /* "t3.small Spot us-east-1a" or the beginning of it */
    size_t dry_count;
    const char *error_code; /* of a trouble that is no dry pool */
    bool says_no_pools;     /* the answer names none */
    bool is_spot[SEEN_MAX]; /* of what was launched, by its number */
    char types[SEEN_MAX][32];
    char zones[SEEN_MAX][32];
    char asked[4096]; /* every fleet, a line each */
} ec2;

static bool is_dry_there(const char *type, bool is_spot, const char *zone)
{
    char name[96];
    (void)snprintf(name, sizeof name, "%s %s %s", type, is_spot ? "Spot" : "on-demand",
                   zone);
    for (size_t i = 0; i < ec2.dry_count; i++) {
        if (strncmp(name, ec2.dry[i], strlen(ec2.dry[i])) == 0) return true;
    }
    return false;
}

struct answer {
    struct asg_seen_instance seen[SEEN_MAX];
    char ids[SEEN_MAX][20];
    size_t count;
    struct asg_dry_pool dry[16];
    size_t dry_count;
};

static void buy(struct answer *answer, const struct asg_job *job, bool is_spot,
                uint32_t count)
{
    const struct asg_launch *launch = job->launch;
    for (size_t t = 0; t < launch->fleet->instance_types.count && count > 0; t++) {
        const char *type = launch->fleet->instance_types.items[t];
        if (ec2.error_code != NULL) return;
        if (is_dry_there(type, is_spot, launch->zone)) {
            answer->dry[answer->dry_count++] =
                (struct asg_dry_pool){type, is_spot, "InsufficientInstanceCapacity"};
            continue;
        }
        for (; count > 0; count--) {
            int number = ++w.instance_count;
            size_t at = answer->count++;
            (void)snprintf(answer->ids[at], 20, "i-%d", number);
            ec2.is_spot[number] = is_spot;
            (void)snprintf(ec2.types[number], 32, "%s", type);
            (void)snprintf(ec2.zones[number], 32, "%s", launch->zone);
            answer->seen[at] = (struct asg_seen_instance){.instance_id = answer->ids[at],
                                                          .state = ASG_EC2_RUNNING,
                                                          .instance_type = type,
                                                          .subnet_id = launch->subnet_id,
                                                          .zone = launch->zone,
                                                          .private_ip = "127.0.0.1",
                                                          .is_spot = is_spot};
        }
    }
}

static void answer_fleet(const struct asg_job *job)
{
    static struct answer answer;
    memset(&answer, 0, sizeof answer);
    const struct asg_fleet *fleet = job->launch->fleet;
    assert_int_equal(job->launch->count, fleet->on_demand + fleet->spot);
    size_t used = strlen(ec2.asked);
    (void)snprintf(ec2.asked + used, sizeof ec2.asked - used, "%u+%u %zu %s\n",
                   fleet->on_demand, fleet->spot, fleet->instance_types.count,
                   job->launch->zone);
    buy(&answer, job, false, fleet->on_demand);
    buy(&answer, job, true, fleet->spot);
    const struct asg_result result = {
        .job_id = job->id,
        .attempt = job->attempt,
        .outcome = answer.count > 0 ? ASG_OUTCOME_OK : ASG_OUTCOME_CAPACITY,
        .worker = "w",
        .error_code = ec2.error_code != NULL ? ec2.error_code : "",
        .message = "",
        .request_id = "",
        .instances = answer.seen,
        .instance_count = answer.count,
        .dry_pools = answer.dry,
        .dry_pool_count = ec2.says_no_pools ? 0 : answer.dry_count};
    step((struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

/* The fleets that wait, until none does. */
static void answer_fleets(void)
{
    for (bool is_some = true; is_some;) {
        struct asg_arena arena = {0};
        struct asg_job *jobs = NULL;
        size_t count = 0;
        is_some = false;
        asg_core_open_jobs(w.core, &arena, &jobs, &count);
        for (size_t i = 0; i < count && !is_some; i++) {
            is_some = jobs[i].kind == ASG_JOB_FLEET;
            if (is_some) answer_fleet(&jobs[i]);
        }
        asg_arena_clear(&arena);
    }
}

static void make_mixed(uint32_t desired, struct asg_mixed mixed)
{
    memset(&ec2, 0, sizeof ec2 - sizeof ec2.asked);
    ec2.asked[0] = '\0';
    if (mixed.spot_max_price == NULL) mixed.spot_max_price = "";
    make_group(desired, (struct asg_group_config){.subnets = subnets,
                                                  .subnet_count = 2,
                                                  .max = 200,
                                                  .instance_types = {types, 2},
                                                  .terminating_percent = 100,
                                                  .terminated_percent = 100,
                                                  .mixed = &mixed});
}

static uint32_t living(bool is_spot)
{
    uint32_t count = 0;
    for (int i = 1; i <= w.instance_count; i++) {
        count += ec2.is_spot[i] == is_spot && !was_ended(i);
    }
    return count;
}

static void expect_said(const char *words)
{
    if (strstr(w.said, words) == NULL) fail_msg("no \"%s\" in:\n%s", words, w.said);
}

/* ---- the split ---- */

static void test_the_split_is_the_documented_one(void **state)
{
    (void)state;
    static const struct {
        struct asg_mixed mixed;
        uint32_t desired;
        uint32_t on_demand;
    } rows[] = {
        {{.on_demand_base = 12, .on_demand_percent = 0}, 10, 10},
        {{.on_demand_base = 12, .on_demand_percent = 0}, 20, 12},
        {{.on_demand_base = 1, .on_demand_percent = 50}, 5, 3},
        {{.on_demand_base = 1, .on_demand_percent = 50}, 4, 3},
        {{.on_demand_base = 0, .on_demand_percent = 33}, 1, 1},
        {{.on_demand_base = 0, .on_demand_percent = 33}, 10, 4},
        {{.on_demand_base = 0, .on_demand_percent = 100}, 7, 7},
        {{.on_demand_base = 0, .on_demand_percent = 0}, 7, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (i > 0) {
            end(state);
            begin(state);
        }
        make_mixed(rows[i].desired, rows[i].mixed);
        answer_fleets();
        assert_int_equal(rows[i].on_demand, living(false));
        assert_int_equal(rows[i].desired - rows[i].on_demand, living(true));
        assert_int_equal(rows[i].desired, in_service());
    }
}

static void test_what_is_there_counts_in_the_next_split(void **state)
{
    (void)state;
    make_mixed(1, (struct asg_mixed){.on_demand_base = 1, .on_demand_percent = 50});
    answer_fleets();
    set_desired(5);
    answer_fleets();
    assert_int_equal(3, living(false));
    expect_said("mixed: of 5 instances 3 on demand (base 1 and 50 % of 4, rounded up), "
                "has 1: launch 2 on demand and 2 Spot");
    set_desired(6);
    answer_fleets();
    assert_int_equal(4, living(false));
    assert_int_equal(2, living(true));
}

static void test_zones_stay_level_and_a_fleet_is_of_one_subnet(void **state)
{
    (void)state;
    make_mixed(6, (struct asg_mixed){.on_demand_base = 2, .on_demand_percent = 50});
    answer_fleets();
    assert_string_equal("2+1 2 us-east-1a\n2+1 2 us-east-1b\n", ec2.asked);
    expect_said("plan fleet x3 in us-east-1a (2 on demand, 1 Spot) of 2 types, job web-");
}

static void test_many_are_several_fleets(void **state)
{
    (void)state;
    make_mixed(200, (struct asg_mixed){.on_demand_base = 0, .on_demand_percent = 10});
    answer_fleets();
    assert_int_equal(20, living(false));
    assert_int_equal(180, living(true));
    set_desired(0);
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_DELETE, .group = "web"});
}

/* ---- pools that are dry ---- */

static void test_a_dry_pool_is_dry_in_its_market_only(void **state)
{
    (void)state;
    make_mixed(2, (struct asg_mixed){.on_demand_percent = 50});
    ec2.dry[ec2.dry_count++] = "t3.small Spot us-east-1";
    answer_fleets();
    assert_int_equal(1, living(false));
    assert_int_equal(1, living(true));
    for (int i = 1; i <= 2; i++) {
        assert_string_equal(ec2.is_spot[i] ? "m5.large" : "t3.small", ec2.types[i]);
    }
}

static void test_a_market_without_room_goes_to_the_other_zone(void **state)
{
    (void)state;
    make_mixed(4, (struct asg_mixed){.on_demand_base = 2});
    ec2.dry[ec2.dry_count++] = "t3.small Spot us-east-1a";
    ec2.dry[ec2.dry_count++] = "m5.large Spot us-east-1a";
    answer_fleets();
    assert_string_equal("1+1 2 us-east-1a\n1+1 2 us-east-1b\n0+1 2 us-east-1b\n",
                        ec2.asked);
    expect_said("EC2 had capacity for 1 of 1 on demand and 0 of 1 Spot in us-east-1a");
    expect_said("refused: t3.small Spot (InsufficientInstanceCapacity), m5.large Spot "
                "(InsufficientInstanceCapacity): the rest are launched elsewhere");
    assert_int_equal(2, living(true));
    assert_int_equal(4, in_service());
}

static void test_when_no_pool_of_a_market_is_left_it_waits(void **state)
{
    (void)state;
    make_mixed(3, (struct asg_mixed){.on_demand_base = 1});
    ec2.dry[ec2.dry_count++] = "t3.small Spot";
    ec2.dry[ec2.dry_count++] = "m5.large Spot";
    answer_fleets();
    assert_int_equal(1, living(false));
    assert_int_equal(0, living(true));
    expect_said("launch of Spot instances waits: no pool has capacity, trying again");
    ec2.asked[0] = '\0';
    pass(60000);
    answer_fleets();
    assert_string_equal("", ec2.asked); /* three minutes */
    ec2.dry_count = 0;
    pass(130000);
    pass(31000);
    answer_fleets();
    assert_int_equal(2, living(true));
    assert_int_equal(1, living(false));
}

static void test_a_type_that_is_dry_everywhere_is_left_out(void **state)
{
    (void)state;
    make_mixed(1, (struct asg_mixed){.on_demand_percent = 0});
    ec2.dry[ec2.dry_count++] = "t3.small Spot";
    answer_fleets();
    set_desired(2);
    answer_fleets();
    set_desired(3);
    answer_fleets();
    assert_string_equal("0+1 2 us-east-1a\n0+1 2 us-east-1b\n0+1 1 us-east-1a\n",
                        ec2.asked);
}

static void test_an_empty_fleet_tries_other_pools_at_once(void **state)
{
    (void)state;
    make_mixed(1, (struct asg_mixed){.on_demand_percent = 0});
    ec2.dry[ec2.dry_count++] = "t3.small Spot us-east-1a";
    ec2.dry[ec2.dry_count++] = "m5.large Spot us-east-1a";
    answer_fleets();
    assert_string_equal("0+1 2 us-east-1a\n0+1 2 us-east-1b\n", ec2.asked);
    expect_said("no capacity in us-east-1a (job web-");
    assert_int_equal(1, in_service());
}

static void test_a_short_answer_without_names_dries_all_it_asked_for(void **state)
{
    (void)state;
    make_mixed(1, (struct asg_mixed){.on_demand_percent = 100});
    ec2.dry[ec2.dry_count++] = "t3.small on-demand us-east-1a";
    ec2.dry[ec2.dry_count++] = "m5.large on-demand us-east-1a";
    ec2.says_no_pools = true;
    answer_fleets();
    assert_string_equal("1+0 2 us-east-1a\n1+0 2 us-east-1b\n", ec2.asked);
}

static void test_another_trouble_waits_before_a_new_token(void **state)
{
    (void)state;
    make_mixed(1, (struct asg_mixed){.on_demand_percent = 100});
    ec2.error_code = "RequestLimitExceeded";
    answer_fleets();
    assert_string_equal("1+0 2 us-east-1a\n", ec2.asked);
    expect_said("Launching EC2 instance failed: capacity, RequestLimitExceeded");
    ec2.error_code = NULL;
    pass(10000);
    answer_fleets();
    assert_int_equal(1, in_service());
}

/* ---- who goes ---- */

static void test_who_is_over_its_share_goes_first(void **state)
{
    (void)state;
    make_mixed(10, (struct asg_mixed){.on_demand_base = 2, .on_demand_percent = 25});
    answer_fleets();
    assert_int_equal(4, living(false));
    static const uint32_t on_demand[] = {4, 4, 4, 3, 3, 3, 3, 2, 1};
    for (uint32_t left = 9; left > 0; left--) {
        set_desired(left);
        assert_int_equal(on_demand[9 - left], living(false));
        assert_int_equal(left, living(false) + living(true));
    }
}

static void test_protected_ones_of_one_market_leave_it_to_the_other(void **state)
{
    (void)state;
    make_mixed(4, (struct asg_mixed){.on_demand_base = 2});
    answer_fleets();
    const char *ids[2] = {NULL, NULL};
    static char names[2][20];
    size_t count = 0;
    for (int i = 1; i <= 4; i++) {
        if (!ec2.is_spot[i]) continue;
        (void)snprintf(names[count], 20, "i-%d", i);
        ids[count] = names[count];
        count++;
    }
    order((struct asg_command){.kind = ASG_COMMAND_PROTECT_INSTANCES,
                               .group = "web",
                               .instance_ids = {ids, 2},
                               .is_protected = true});
    set_desired(2);
    assert_int_equal(0, living(false));
    assert_int_equal(2, living(true));
}

static void test_the_type_asked_for_last_goes_first(void **state)
{
    (void)state;
    make_mixed(2, (struct asg_mixed){.on_demand_percent = 100});
    answer_fleets();
    ec2.dry[ec2.dry_count++] = "t3.small on-demand";
    set_desired(4);
    answer_fleets();
    set_desired(2);
    for (int i = 1; i <= w.instance_count; i++) {
        assert_int_equal(strcmp(ec2.types[i], "m5.large") == 0, was_ended(i));
    }
}

/* ---- orders ---- */

static bool is_refused(struct asg_mixed mixed, struct asg_group_config changes,
                       const char *words)
{
    if (mixed.spot_max_price == NULL) mixed.spot_max_price = "";
    changes.mixed = &mixed;
    w.said[0] = '\0';
    make_group(0, changes);
    if (strstr(w.said, words) == NULL) fail_msg("no \"%s\" in: %s", words, w.said);
    return strstr(w.said, "group created") == NULL;
}

static void test_what_cannot_be_is_refused(void **state)
{
    (void)state;
    static const char *twice[] = {"t3.small", "t3.small"};
    static struct asg_launch_parameter market = {"InstanceMarketOptions.MarketType",
                                                 "spot"};
    const struct asg_group_config plain = {.max = 3};
    assert_true(is_refused((struct asg_mixed){.on_demand_percent = 101}, plain,
                           "percentage 101: at most 100000 and 100"));
    assert_true(is_refused((struct asg_mixed){.spot_pools = 21}, plain,
                           "21 Spot pools are above the limit of 20"));
    static const char *const prices[] = {"x", "0", "0.0", ".5", "1.", "1.2.3", "-1"};
    for (size_t i = 0; i < sizeof prices / sizeof prices[0]; i++) {
        assert_true(is_refused((struct asg_mixed){.spot_max_price = prices[i]}, plain,
                               "is not a Spot price"));
    }
    assert_true(is_refused((struct asg_mixed){0},
                           (struct asg_group_config){.instance_types = {twice, 2}},
                           "t3.small is listed twice"));
    assert_true(is_refused((struct asg_mixed){0},
                           (struct asg_group_config){.launch_parameters = &market,
                                                     .launch_parameter_count = 1},
                           "is not allowed in a mixed group"));
    assert_false(
        is_refused((struct asg_mixed){.spot_max_price = "0.05"}, plain, "group created"));
}

static void test_a_group_may_mix_no_more(void **state)
{
    (void)state;
    make_mixed(2, (struct asg_mixed){.on_demand_percent = 50});
    answer_fleets();
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &(struct asg_group_config){.name = "web"},
                               .group_fields = UINT64_C(1) << ASG_GROUP_MIXED});
    set_desired(3);
    expect_said("plan launch x1 in ");
    assert_int_equal(3, in_service());
}

static void test_markets_are_saved_with_the_state(void **state)
{
    (void)state;
    make_mixed(4, (struct asg_mixed){.on_demand_percent = 50});
    ec2.dry[ec2.dry_count++] = "t3.small Spot";
    answer_fleets();
    save_and_load();
    ec2.asked[0] = '\0';
    set_desired(5);
    answer_fleets();
    assert_string_equal("1+0 2 us-east-1a\n", ec2.asked);
    set_desired(6);
    ec2.asked[0] = '\0';
    answer_fleets();
    assert_string_equal("0+1 1 us-east-1b\n", ec2.asked); /* the dry type is left out */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(test_the_split_is_the_documented_one),
        T(test_what_is_there_counts_in_the_next_split),
        T(test_zones_stay_level_and_a_fleet_is_of_one_subnet),
        T(test_many_are_several_fleets),
        T(test_a_dry_pool_is_dry_in_its_market_only),
        T(test_a_market_without_room_goes_to_the_other_zone),
        T(test_when_no_pool_of_a_market_is_left_it_waits),
        T(test_a_type_that_is_dry_everywhere_is_left_out),
        T(test_an_empty_fleet_tries_other_pools_at_once),
        T(test_a_short_answer_without_names_dries_all_it_asked_for),
        T(test_another_trouble_waits_before_a_new_token),
        T(test_who_is_over_its_share_goes_first),
        T(test_protected_ones_of_one_market_leave_it_to_the_other),
        T(test_the_type_asked_for_last_goes_first),
        T(test_what_cannot_be_is_refused),
        T(test_a_group_may_mix_no_more),
        T(test_markets_are_saved_with_the_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
