/* What a client wrote and nobody interprets: taken from the input, given back by shape.
 */
#include "lib/check.h"

#include "api/kept.h"
#include "api/shapes/shapes.h"

struct world {
    struct asg_arena arena;
    struct asg_query_value input;
    struct asg_kept_list list;
};

static void read_input(struct world *world, const char *body)
{
    static const struct asg_query_style style = {.names_all = true};
    *world = (struct world){.list = {.count = 0}};
    world->list.arena = &world->arena;
    struct asg_query_fault fault;
    struct asg_form form;
    assert_status(ASG_OK,
                  asg_form_read(body, strlen(body), false, &world->arena, &form, &fault));
    assert_status(ASG_OK,
                  asg_query_read(&form, &asg_input_update_auto_scaling_group, &style,
                                 NULL, &world->arena, &world->input, &fault));
}

static void test_members_come_back_by_the_shape_of_the_answer(void **state)
{
    (void)state;
    struct world world;
    read_input(&world,
               "AutoScalingGroupName=a&InstanceMaintenancePolicy.MinHealthyPercentage=90&"
               "InstanceMaintenancePolicy.MaxHealthyPercentage=120&Context=c&"
               "CapacityReservationSpecification.CapacityReservationTarget."
               "CapacityReservationIds.member.3=cr-%26&MaxSize=3");
    assert_true(asg_kept_take(&world.list, &world.input, "Context"));
    assert_true(asg_kept_take(&world.list, &world.input, "InstanceMaintenancePolicy"));
    assert_true(
        asg_kept_take(&world.list, &world.input, "CapacityReservationSpecification"));
    assert_false(asg_kept_take(&world.list, &world.input, "PlacementGroup"));
    asg_kept_add(&world.list, "ServiceLinkedRoleARN", "arn:x");
    asg_kept_sort(&world.list);
    assert_int_equal(5, world.list.count);
    assert_string_equal("CapacityReservationSpecification.CapacityReservationTarget."
                        "CapacityReservationIds.member.1",
                        world.list.items[0].path);
    assert_string_equal("90", asg_kept_find(world.list.items, world.list.count,
                                            "InstanceMaintenancePolicy."
                                            "MinHealthyPercentage"));
    assert_null(asg_kept_find(world.list.items, world.list.count, "MaxSize"));

    struct asg_bytes out = {0};
    struct asg_xml_out xml;
    asg_xml_out_init(&xml, &out);
    asg_xml_out_begin(&xml, "member");
    static const char *const written[] = {"AutoScalingGroupName", "HealthCheckType"};
    struct asg_writer writer;
    asg_write_init(&writer, &xml, &asg_shape_auto_scaling_group);
    for (size_t i = 0; i < 2; i++) {
        asg_write_text(&writer, written[i], "a");
    }
    asg_write_number(&writer, "MinSize", 0);
    asg_write_number(&writer, "MaxSize", 0);
    asg_write_number(&writer, "DesiredCapacity", 0);
    asg_write_number(&writer, "DefaultCooldown", 0);
    asg_write_no_items(&writer, "AvailabilityZones");
    asg_write_time(&writer, "CreatedTime", 0);
    size_t before = out.length;
    asg_kept_write(&writer, world.list.items, world.list.count, &world.arena);
    asg_write_finish(&writer);
    assert_string_equal(
        "<ServiceLinkedRoleARN>arn:x</ServiceLinkedRoleARN><Context>c</Context>"
        "<InstanceMaintenancePolicy><MinHealthyPercentage>90</MinHealthyPercentage>"
        "<MaxHealthyPercentage>120</MaxHealthyPercentage></InstanceMaintenancePolicy>"
        "<CapacityReservationSpecification><CapacityReservationTarget>"
        "<CapacityReservationIds><member>cr-&amp;</member></CapacityReservationIds>"
        "</CapacityReservationTarget></CapacityReservationSpecification>",
        asg_bytes_text(&out) + before);
    asg_bytes_clear(&out);
    asg_arena_clear(&world.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_come_back_by_the_shape_of_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
