/* test_link - which of several endpoints reports go to when some do not answer. */
#include "agent/link.h"

#include <stdio.h>

#include "bus/inlet.h"
#include "lib/check.h"
#include "lib/wait.h"

struct world {
    struct asg_bus *near;
    struct asg_bus *far;
    struct asg_bus_keys server;
    struct asg_bus_keys client;
    struct asg_key_set *set;
    struct asg_bus_inlet *inlet;
    struct asg_link link;
};

static int begin(void **state)
{
    static struct world world;
    if (asg_bus_new(1, &world.near, NULL) != ASG_OK) return -1;
    if (asg_bus_new(1, &world.far, NULL) != ASG_OK) return -1;
    asg_bus_keys_new(&world.server);
    asg_bus_keys_new(&world.client);
    asg_key_set_new(&world.set);
    asg_key_set_add(world.set, world.client.public_key);
    const struct asg_bus_inlet_options options = {.endpoint = "tcp://127.0.0.1:*",
                                                  .domain = "agents",
                                                  .keys = &world.server,
                                                  .key_set = world.set};
    const struct asg_link_options link = {.bus = world.far, .keys = &world.client};
    asg_link_init(&world.link, &link);
    *state = &world;
    return asg_bus_inlet_new(world.near, &options, &world.inlet, NULL) != ASG_OK;
}

static int end(void **state)
{
    struct world *world = *state;
    asg_link_clear(&world->link);
    asg_bus_inlet_destroy(&world->inlet);
    asg_bus_destroy(&world->far);
    asg_bus_destroy(&world->near);
    asg_key_set_destroy(&world->set);
    return 0;
}

static void add_endpoint(struct asg_enrolled *enrolled, const char *endpoint)
{
    (void)snprintf(enrolled->reports[enrolled->report_count++], ASG_BUS_ENDPOINT_MAX,
                   "%s", endpoint);
}

static struct asg_enrolled answer_of(const struct world *world)
{
    struct asg_enrolled enrolled = {.is_set = true};
    (void)snprintf(enrolled.reports_key, sizeof enrolled.reports_key, "%s",
                   world->server.public_key);
    return enrolled;
}

/* Until it stands so; its own clock stays where it is. */
static bool stands(struct world *world, enum asg_bus_link state, int64_t now_ms)
{
    struct wait wait = wait_begin(10000);
    while (asg_link_look(&world->link, now_ms, NULL) != state) {
        if (wait_is_over(&wait)) return false;
        wait_a_moment();
    }
    return true;
}

static void test_endpoints_that_are_dead_or_none_are_passed_over(void **state)
{
    struct world *world = *state;
    struct asg_enrolled enrolled = answer_of(world);
    add_endpoint(&enrolled, "tcp://127.0.0.1:1");
    add_endpoint(&enrolled, "tcp://no-port-here");
    add_endpoint(&enrolled, asg_bus_inlet_endpoint(world->inlet));
    assert_status(ASG_OK, asg_link_set(&world->link, &enrolled, 0, NULL));
    const char *why = "";
    int64_t now_ms = ASG_LINK_ANSWER_MS - 1;
    assert_int_equal(ASG_BUS_LINK_DOWN, asg_link_look(&world->link, now_ms, &why));
    assert_int_equal(0, world->link.at);
    now_ms++;
    assert_int_equal(ASG_BUS_LINK_DOWN, asg_link_look(&world->link, now_ms, &why));
    assert_int_equal(1, world->link.at);
    assert_status(ASG_ERR_CLOSED, asg_link_send(&world->link, "x", 1));
    now_ms += ASG_LINK_ANSWER_MS;
    assert_int_equal(ASG_BUS_LINK_DOWN, asg_link_look(&world->link, now_ms, &why));
    assert_int_equal(2, world->link.at);
    assert_true(stands(world, ASG_BUS_LINK_UP, now_ms));
    assert_status(ASG_OK, asg_link_send(&world->link, "x", 1));
}

static void test_it_says_why_it_is_down(void **state)
{
    struct world *world = *state;
    const char *why = "";
    assert_int_equal(ASG_BUS_LINK_DOWN, asg_link_look(&world->link, 0, &why));
    assert_string_equal("not enrolled", why);
    struct asg_enrolled enrolled = answer_of(world);
    add_endpoint(&enrolled, "tcp://no-port-here");
    struct asg_error error = {""};
    assert_status(ASG_ERR_INVALID, asg_link_set(&world->link, &enrolled, 0, &error));
    assert_int_equal(ASG_BUS_LINK_DOWN, asg_link_look(&world->link, 0, &why));
    assert_string_equal("that is not an endpoint to connect to", why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_endpoints_that_are_dead_or_none_are_passed_over, begin, end),
        cmocka_unit_test_setup_teardown(test_it_says_why_it_is_down, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
