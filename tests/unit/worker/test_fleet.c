/* Fleet jobs: what the worker asks EC2 for, in which order, and what it makes of the
 * answers. */
#include "integration/scripted_ec2.h"

#include "crypto/crypto.h"

#define FLEETS_MAX 16

/* What the test's EC2 is like. */
struct cloud {
    const char *template_data;  /* XML of launchTemplateData */
    const char *fleet_answer;   /* XML below CreateFleetResponse */
    const char *fleet_codes[8]; /* errors of CreateFleet in turn; NULL: it answers */
    bool has_template;          /* of that name there is one */
    int silent_fleets;          /* so many are never answered */
    int shown;                  /* instances that carry the job's tags */
    int dry_runs;
    char *made; /* form of the last CreateLaunchTemplate */
    char *fleets[FLEETS_MAX];
    int fleet_count;
    char *deleted; /* name of the template that was deleted; NULL: none */
    char order[512];
};

#define CLOUD                                                                            \
    {                                                                                    \
        .template_data = TEMPLATE, .fleet_answer = TWO_OF_TWO                            \
    }

#define TEMPLATE                                                                         \
    "<imageId>ami-1</imageId><instanceType>t3.nano</instanceType>"                       \
    "<userData>IyEvYmluL3NoCmVjaG8gaGk=</userData><networkInterfaceSet><item>"           \
    "<deviceIndex>0</deviceIndex><subnetId>subnet-9</subnetId><groupSet><item>sg-1"      \
    "</item></groupSet></item></networkInterfaceSet><tagSpecificationSet><item>"         \
    "<resourceType>instance</resourceType><tagSet><item><key>who</key><value>template"   \
    "</value></item><item><key>team</key><value>old</value></item></tagSet></"           \
    "item><item>"                                                                        \
    "<resourceType>spot-instances-request</resourceType><tagSet><item><key>a</key>"      \
    "<value>b</value></item></tagSet></item><item><resourceType>volume</resourceType>"   \
    "<tagSet><item><key>disk</key><value></value></item></tagSet></item>"                \
    "</tagSpecificationSet><metadataOptions><state>applied</state><httpTokens>required"  \
    "</httpTokens></metadataOptions>"
#define INSTANCES(lifecycle, type, ids)                                                  \
    "<item><lifecycle>" lifecycle "</lifecycle><instanceIds>" ids "</instanceIds>"       \
    "<instanceType>" type "</instanceType></item>"
#define ERROR(lifecycle, type, code)                                                     \
    "<item><launchTemplateAndOverrides><overrides><instanceType>" type "</instanceType>" \
    "</overrides></launchTemplateAndOverrides><lifecycle>" lifecycle "</lifecycle>"      \
    "<errorCode>" code "</errorCode><errorMessage>no</errorMessage></item>"
#define TWO_OF_TWO                                                                       \
    "<fleetInstanceSet>" INSTANCES("on-demand", "t3.small", "<item>i-1</item>")          \
        INSTANCES("spot", "m5.large", "<item>i-2</item>") "</fleetInstanceSet>"

#include "unit/worker/worker_world.h"

static void clear_cloud(struct cloud *cloud)
{
    for (int i = 0; i < cloud->fleet_count; i++) {
        free(cloud->fleets[i]);
    }
    free(cloud->made);
    free(cloud->deleted);
}

static void play_fleet(struct cloud *cloud, const char *form, struct scripted_answer *ret)
{
    int number = cloud->fleet_count;
    assert_true(number < FLEETS_MAX);
    cloud->fleets[cloud->fleet_count++] = strdup(form);
    if (number < cloud->silent_fleets) {
        ret->fault = SCRIPTED_CLOSE;
    } else if (number < 8 && cloud->fleet_codes[number] != NULL) {
        scripted_error(ret, 400, cloud->fleet_codes[number], "no");
    } else {
        ret->body = scripted_text(
            "<CreateFleetResponse><requestId>r</requestId><fleetId>fleet-1</fleetId>%s"
            "</CreateFleetResponse>",
            cloud->fleet_answer);
    }
}

static void play_describe(const struct cloud *cloud, struct scripted_answer *ret)
{
    struct asg_bytes out = {0};
    asg_bytes_append_text(&out, "<DescribeInstancesResponse><reservationSet><item>"
                                "<instancesSet>");
    for (int i = 0; i < cloud->shown + 1; i++) {
        /* The last one is of another job, as a cloud shows that knows no filters. */
        asg_bytes_printf(&out,
                         "<item><instanceId>i-seen%d</instanceId><instanceLifecycle>spot"
                         "</instanceLifecycle><tagSet><item><key>openasg:cluster</key>"
                         "<value>c-1</value></item><item><key>openasg:group</key><value>"
                         "web</value></item><item><key>openasg:job</key><value>%d"
                         "</value></item><item><key>openasg:attempt</key><value>1"
                         "</value></item><item><key>openasg:incarnation</key><value>0"
                         "</value></item></tagSet></item>",
                         i, i < cloud->shown ? 7 : 8);
    }
    asg_bytes_append_text(&out, "</instancesSet></item></reservationSet>"
                                "</DescribeInstancesResponse>");
    ret->body = strdup(asg_bytes_text(&out));
    asg_bytes_clear(&out);
}

static void play_create(struct cloud *cloud, const char *form,
                        struct scripted_answer *ret)
{
    free(cloud->made);
    cloud->made = strdup(form);
    if (cloud->has_template) {
        scripted_error(ret, 400, "InvalidLaunchTemplateName.AlreadyExistsException", "");
        return;
    }
    ret->body = strdup("<CreateLaunchTemplateResponse><launchTemplate><launchTemplateId>"
                       "lt-9</launchTemplateId></launchTemplate>"
                       "</CreateLaunchTemplateResponse>");
}

static void play(void *context, const struct scripted_request *request,
                 struct scripted_answer *ret)
{
    struct cloud *cloud = &((struct setup *)context)->cloud;
    size_t used = strlen(cloud->order);
    (void)snprintf(cloud->order + used, sizeof cloud->order - used, "%s%s",
                   used > 0 ? " " : "", request->action);
    char *dry_run = scripted_field(request->form, "DryRun");
    if (dry_run != NULL) {
        cloud->dry_runs++;
        scripted_error(ret, 412, "DryRunOperation", "it would have succeeded");
    } else if (strcmp(request->action, "CreateFleet") == 0) {
        play_fleet(cloud, request->form, ret);
    } else if (strcmp(request->action, "CreateLaunchTemplate") == 0) {
        play_create(cloud, request->form, ret);
    } else if (strcmp(request->action, "DescribeInstances") == 0) {
        play_describe(cloud, ret);
    } else if (strcmp(request->action, "DeleteLaunchTemplate") == 0) {
        free(cloud->deleted);
        cloud->deleted = scripted_field(request->form, "LaunchTemplateName");
        ret->body = strdup("<DeleteLaunchTemplateResponse/>");
    } else {
        ret->body = scripted_text(
            "<DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet><item>"
            "<launchTemplateId>lt-1</launchTemplateId><versionNumber>3</versionNumber>"
            "<launchTemplateData>%s</launchTemplateData></item>"
            "</launchTemplateVersionSet></DescribeLaunchTemplateVersionsResponse>",
            cloud->template_data);
    }
    free(dry_run);
}

/* ---- the job ---- */

static const char *types[] = {"t3.small", "m5.large"};
static struct asg_tag tags[] = {{.key = "team", .value = "blue"}};
static struct asg_fleet web_fleet = {.instance_types = {types, 2},
                                     .on_demand = 1,
                                     .spot = 1,
                                     .spot_strategy = ASG_SPOT_PRICE_CAPACITY_OPTIMIZED,
                                     .spot_pools = 2,
                                     .spot_max_price = "0.05"};
static struct asg_launch web_launch = {.template_id = "lt-1",
                                       .template_name = "",
                                       .template_version = "3",
                                       .instance_type = "",
                                       .subnet_id = "subnet-1",
                                       .zone = "us-east-1a",
                                       .count = 2,
                                       .group_max = 6,
                                       .tags = tags,
                                       .tag_count = 1,
                                       .fleet = &web_fleet};
static struct asg_job web_job = {.id = 7,
                                 .attempt = 1,
                                 .kind = ASG_JOB_FLEET,
                                 .group = "web",
                                 .name = "web-7",
                                 .deadline_ms = 1,
                                 .client_token = "tok-7-1",
                                 .launch = &web_launch};

static const struct asg_result *run(struct setup *setup)
{
    give(setup, &web_job, JOIN_LINE);
    return wait_for_result(setup, 7);
}

static void expect_field(const char *form, const char *name, const char *wanted)
{
    char *value = scripted_field(form, name);
    if (wanted == NULL) {
        assert_null(value);
        return;
    }
    if (value == NULL) fail_msg("no %s in %s", name, form);
    assert_string_equal(wanted, value);
    free(value);
}

#define WHOLE                                                                            \
    "DescribeLaunchTemplateVersions CreateLaunchTemplate CreateFleet "                   \
    "DeleteLaunchTemplate"

static void test_a_fleet_is_launched_from_a_template_of_its_own(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    const struct asg_result *result = run(&setup);
    expect_outcome(ASG_OUTCOME_OK, result);
    assert_string_equal(WHOLE, setup.cloud.order);
    assert_string_equal("openasg-tok-7-1", setup.cloud.deleted);
    assert_int_equal(2, result->instance_count);
    assert_string_equal("i-1", result->instances[0].instance_id);
    assert_string_equal("t3.small", result->instances[0].instance_type);
    assert_string_equal("us-east-1a", result->instances[0].zone);
    assert_int_equal(7, result->instances[0].job_id);
    assert_false(result->instances[0].is_spot);
    assert_true(result->instances[1].is_spot);
    assert_int_equal(ASG_EC2_PENDING, result->instances[1].state);
    assert_int_equal(0, result->dry_pool_count);
    assert_int_equal(4, result->calls);
    close_setup(&setup);
}

static void test_the_copy_says_all_that_the_template_says_and_the_join_line(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    (void)run(&setup);
    const char *made = setup.cloud.made;
#define DATA "LaunchTemplateData."
    expect_field(made, "LaunchTemplateName", "openasg-tok-7-1");
    expect_field(made, "ClientToken", "tok-7-1");
    expect_field(made, DATA "ImageId", "ami-1");
    expect_field(made, DATA "InstanceType", "t3.nano");
    expect_field(made, DATA "MetadataOptions.HttpTokens", "required");
    expect_field(made, DATA "MetadataOptions.State", NULL);
    expect_field(made, DATA "NetworkInterface.1.DeviceIndex", "0");
    expect_field(made, DATA "NetworkInterface.1.SecurityGroupId.1", "sg-1");
    expect_field(made, DATA "NetworkInterface.1.SubnetId", NULL); /* the fleet says it */
    expect_field(made, DATA "TagSpecification.1.ResourceType", "volume");
    expect_field(made, DATA "TagSpecification.1.Tag.1.Key", "disk");
    expect_field(made, DATA "TagSpecification.1.Tag.1.Value", "");
    expect_field(made, DATA "TagSpecification.2.ResourceType", NULL);
    expect_field(made, "TagSpecification.1.ResourceType", "launch-template");
    expect_field(made, "TagSpecification.1.Tag.1.Value", "c-1");
    char *user_data = scripted_field(made, DATA "UserData");
    char plain[1024] = "";
    size_t length = 0;
    assert_status(ASG_OK, asg_base64_decode(user_data, plain, &length));
    assert_string_equal("#!/bin/sh\necho hi\n" JOIN_LINE "\n", plain);
    free(user_data);
    const char *fleet = setup.cloud.fleets[0];
#define CONFIG "LaunchTemplateConfigs.1."
    expect_field(fleet, CONFIG "LaunchTemplateSpecification.LaunchTemplateName",
                 "openasg-tok-7-1");
    expect_field(fleet, CONFIG "LaunchTemplateSpecification.Version", "1");
    expect_field(fleet, CONFIG "Overrides.2.InstanceType", "m5.large");
    expect_field(fleet, CONFIG "Overrides.2.SubnetId", "subnet-1");
    expect_field(fleet, CONFIG "Overrides.2.MaxPrice", "0.05");
    expect_field(fleet, CONFIG "Overrides.2.Priority", "2.0");
    expect_field(fleet, "SpotOptions.AllocationStrategy", "price-capacity-optimized");
    expect_field(fleet, "SpotOptions.InstancePoolsToUseCount", NULL);
    expect_field(fleet, "OnDemandOptions.AllocationStrategy", "prioritized");
    expect_field(fleet, "Type", "instant");
    expect_field(fleet, "TagSpecification.1.Tag.1.Key", "who");
    expect_field(fleet, "TagSpecification.1.Tag.2.Value", "blue"); /* the group's wins */
    expect_field(fleet, "TagSpecification.1.Tag.3.Key", "openasg:cluster");
    expect_field(fleet, "TagSpecification.2.ResourceType", "fleet");
    close_setup(&setup);
}

static void test_what_a_group_says_stands_over_its_template(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    struct asg_launch_parameter said[] = {
        {"MetadataOptions.HttpTokens", "optional"},
        {"NetworkInterface.1.DeviceIndex", "1"},
        {"TagSpecification.1.ResourceType", "network-interface"},
        {"TagSpecification.1.Tag.1.Key", "card"},
    };
    struct asg_launch launch = web_launch;
    launch.parameters = said;
    launch.parameter_count = 4;
    struct asg_job job = web_job;
    job.launch = &launch;
    give(&setup, &job, "");
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 7));
    const char *made = setup.cloud.made;
    expect_field(made, DATA "MetadataOptions.HttpTokens", "optional");
    expect_field(made, DATA "NetworkInterface.1.DeviceIndex", "1");
    expect_field(made, DATA "NetworkInterface.1.SecurityGroupId.1", NULL);
    expect_field(made, DATA "TagSpecification.2.ResourceType", "network-interface");
    expect_field(made, DATA "TagSpecification.2.Tag.1.Key", "card");
    expect_field(made, DATA "UserData", "IyEvYmluL3NoCmVjaG8gaGk="); /* no line: as is */
    close_setup(&setup);
}

static void test_dry_pools_come_with_what_was_launched(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.fleet_answer =
        "<errorSet>" ERROR("spot", "t3.small", "InsufficientInstanceCapacity")
            ERROR("spot", "t3.small", "InsufficientInstanceCapacity")
                ERROR("spot", "m5.large", "SpotMaxPriceTooLow")
                    ERROR("spot", "m5.large",
                          "MaxSpotInstanceCountExceeded") "</"
                                                          "errorSet><"
                                                          "fleetInstanceSet"
                                                          ">" INSTANCES("on-demand",
                                                                        "t3.small",
                                                                        "<item>i-1</"
                                                                        "item>") "</"
                                                                                 "fleet"
                                                                                 "Insta"
                                                                                 "nceSe"
                                                                                 "t>";
    const struct asg_result *result = run(&setup);
    expect_outcome(ASG_OUTCOME_OK, result);
    assert_int_equal(1, result->instance_count);
    assert_int_equal(2, result->dry_pool_count);
    assert_string_equal("t3.small", result->dry_pools[0].instance_type);
    assert_true(result->dry_pools[0].is_spot);
    assert_string_equal("SpotMaxPriceTooLow", result->dry_pools[1].error_code);
    assert_string_equal("MaxSpotInstanceCountExceeded", result->error_code);
    close_setup(&setup);
}

static void test_a_fleet_of_errors_means_what_they_mean(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        enum asg_outcome outcome;
        size_t dry;
        const char *code;
    } rows[] = {
        {"<errorSet>" ERROR("on-demand", "t3.small", "InsufficientInstanceCapacity")
             ERROR("on-demand", "m5.large", "InvalidFleetConfiguration") "</errorSet>",
         ASG_OUTCOME_CAPACITY, 2, ""},
        {"<errorSet>" ERROR("on-demand", "t3.small", "VcpuLimitExceeded") "</errorSet>",
         ASG_OUTCOME_QUOTA, 0, "VcpuLimitExceeded"},
        {"<errorSet>" ERROR("spot", "t3.small", "RequestLimitExceeded") "</errorSet>",
         ASG_OUTCOME_CAPACITY, 0, "RequestLimitExceeded"},
        {"<errorSet>" ERROR("spot", "t3.small", "InvalidAMIID.NotFound") "</errorSet>",
         ASG_OUTCOME_BAD_REQUEST, 0, "InvalidAMIID.NotFound"},
        {"<errorSet>" ERROR("spot", "t3.small", "UnauthorizedOperation") "</errorSet>",
         ASG_OUTCOME_PERMISSION, 0, "UnauthorizedOperation"},
        {"<errorSet/><fleetInstanceSet/>", ASG_OUTCOME_CAPACITY, 0, "OpenasgEmptyAnswer"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct setup setup;
        open_setup(&setup);
        setup.cloud.fleet_answer = rows[i].answer;
        const struct asg_result *result = run(&setup);
        expect_outcome(rows[i].outcome, result);
        assert_int_equal(rows[i].dry, result->dry_pool_count);
        assert_string_equal(rows[i].code, result->error_code);
        assert_int_equal(0, result->instance_count);
        assert_string_equal("openasg-tok-7-1", setup.cloud.deleted);
        close_setup(&setup);
    }
}

static void test_no_room_for_the_whole_call_dries_all_its_pools(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.fleet_codes[0] = "UnfulfillableCapacity";
    const struct asg_result *result = run(&setup);
    expect_outcome(ASG_OUTCOME_CAPACITY, result);
    assert_int_equal(4, result->dry_pool_count);
    close_setup(&setup);
}

static void test_a_fleet_whose_answer_is_lost_is_repeated_as_it_was(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.silent_fleets = 2;
    expect_outcome(ASG_OUTCOME_OK, run(&setup));
    assert_int_equal(3, setup.cloud.fleet_count);
    assert_string_equal(setup.cloud.fleets[0], setup.cloud.fleets[2]);
    assert_string_equal("openasg-tok-7-1", setup.cloud.deleted);
    close_setup(&setup);
}

static void test_a_fleet_that_nobody_answers_is_looked_up_by_its_tags(void **state)
{
    (void)state;
    for (int shown = 1; shown <= 2; shown++) {
        struct setup setup;
        open_setup(&setup);
        setup.cloud.silent_fleets = FLEETS_MAX;
        setup.cloud.shown = shown;
        const struct asg_result *result = run(&setup);
        /* Some of them prove nothing; the template stays for the next try. */
        expect_outcome(shown == 2 ? ASG_OUTCOME_OK : ASG_OUTCOME_AMBIGUOUS, result);
        assert_int_equal(shown == 2 ? 2 : 0, result->instance_count);
        assert_int_equal(shown == 2, setup.cloud.deleted != NULL);
        if (shown == 2) assert_true(result->instances[0].is_spot);
        close_setup(&setup);
    }
}

static void test_the_same_job_again_makes_the_same_requests(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    expect_outcome(ASG_OUTCOME_OK, run(&setup));
    tell(&setup, ASG_MESSAGE_ACK, &(struct asg_ack){.job_id = 7, .attempt = 1});
    char *made = strdup(setup.cloud.made);
    setup.said_count--; /* that result is forgotten */
    free(setup.said[setup.said_count].data);
    setup.cloud.has_template = true; /* an earlier worker made it and died */
    expect_outcome(ASG_OUTCOME_OK, run(&setup));
    assert_string_equal(made, setup.cloud.made);
    assert_string_equal(setup.cloud.fleets[0], setup.cloud.fleets[1]);
    free(made);
    close_setup(&setup);
}

static void test_a_template_that_is_not_seen_yet_is_waited_for(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.fleet_codes[0] = "InvalidLaunchTemplateName.NotFoundException";
    expect_outcome(ASG_OUTCOME_OK, run(&setup));
    assert_int_equal(2, setup.cloud.fleet_count);
    assert_string_equal(setup.cloud.fleets[0], setup.cloud.fleets[1]);
    close_setup(&setup);
}

static void test_what_no_fleet_can_say_is_refused_before_anything_is_made(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        const char *words;
    } rows[] = {
        {"<imageId>ami-1</imageId><newThing><speed>fast</speed></newThing>",
         "newThing/speed"},
        {"<imageId>ami-1</imageId><instanceMarketOptions><marketType>spot</marketType>"
         "</instanceMarketOptions>",
         "InstanceMarketOptions"},
    };
    for (size_t i = 0; i < 2; i++) {
        struct setup setup;
        open_setup(&setup);
        setup.cloud.template_data = rows[i].data;
        const struct asg_result *result = run(&setup);
        expect_outcome(ASG_OUTCOME_BAD_REQUEST, result);
        assert_string_equal("OpenasgTemplate", result->error_code);
        assert_non_null(strstr(result->message, rows[i].words));
        assert_string_equal("DescribeLaunchTemplateVersions", setup.cloud.order);
        close_setup(&setup);
    }
}

static void test_a_dry_run_asks_and_makes_no_template(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    web_job.is_dry_run = true;
    expect_outcome(ASG_OUTCOME_OK, run(&setup));
    web_job.is_dry_run = false;
    assert_int_equal(1, setup.cloud.dry_runs);
    assert_string_equal("DescribeLaunchTemplateVersions CreateFleet", setup.cloud.order);
    close_setup(&setup);
}

static void test_a_fleet_above_the_maximum_is_refused_by_the_interlock(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    struct asg_launch launch = web_launch;
    launch.based_on = 5;
    struct asg_job job = web_job;
    job.launch = &launch;
    give(&setup, &job, "");
    const struct asg_result *result = wait_for_result(&setup, 7);
    expect_outcome(ASG_OUTCOME_BAD_REQUEST, result);
    assert_string_equal("OpenasgAboveMax", result->error_code);
    launch = web_launch;
    launch.count = 3; /* not what the markets come to */
    job.id = 8;
    give(&setup, &job, "");
    assert_string_equal("OpenasgIncompleteJob", wait_for_result(&setup, 8)->error_code);
    assert_int_equal(0, setup.server.requests);
    close_setup(&setup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fleet_is_launched_from_a_template_of_its_own),
        cmocka_unit_test(test_the_copy_says_all_that_the_template_says_and_the_join_line),
        cmocka_unit_test(test_what_a_group_says_stands_over_its_template),
        cmocka_unit_test(test_dry_pools_come_with_what_was_launched),
        cmocka_unit_test(test_a_fleet_of_errors_means_what_they_mean),
        cmocka_unit_test(test_no_room_for_the_whole_call_dries_all_its_pools),
        cmocka_unit_test(test_a_fleet_whose_answer_is_lost_is_repeated_as_it_was),
        cmocka_unit_test(test_a_fleet_that_nobody_answers_is_looked_up_by_its_tags),
        cmocka_unit_test(test_the_same_job_again_makes_the_same_requests),
        cmocka_unit_test(test_a_template_that_is_not_seen_yet_is_waited_for),
        cmocka_unit_test(test_what_no_fleet_can_say_is_refused_before_anything_is_made),
        cmocka_unit_test(test_a_dry_run_asks_and_makes_no_template),
        cmocka_unit_test(test_a_fleet_above_the_maximum_is_refused_by_the_interlock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
