/* What the controller asks of EC2 for an order: asked beside the jobs, told as EC2 says
 * it. */
#include "integration/scripted_ec2.h"

struct cloud {
    const char *refusal; /* code of all answers but those of `refuses_not`; NULL: none */
    const char *fine;    /* action that is answered all the same */
    const char *missing; /* id or zone that EC2 leaves out */
    bool is_silent;      /* to all but a launch */
    int calls;
    char form[8][512]; /* of each */
};

#define CLOUD                                                                            \
    {                                                                                    \
        .calls = 0                                                                       \
    }

#include "unit/worker/worker_world.h"

static void clear_cloud(struct cloud *cloud)
{
    (void)cloud;
}

static bool is_there(const struct cloud *cloud, const char *id)
{
    return cloud->missing == NULL || strcmp(cloud->missing, id) != 0;
}

static void subnet_xml(struct asg_bytes *out, const char *id, const char *zone)
{
    asg_bytes_printf(out,
                     "<item><subnetId>%s</subnetId><vpcId>vpc-1</vpcId><state>available"
                     "</state><availabilityZone>%s</availabilityZone>"
                     "<availableIpAddressCount>250</availableIpAddressCount>"
                     "<defaultForAz>true</defaultForAz></item>",
                     id, zone);
}

/* The other way round than anybody asks for them. */
static void list_subnets(const struct cloud *cloud, struct asg_bytes *out)
{
    asg_bytes_append_text(out, "<DescribeSubnetsResponse><subnetSet>");
    if (is_there(cloud, "subnet-b")) subnet_xml(out, "subnet-b", "us-east-1b");
    if (is_there(cloud, "subnet-a")) subnet_xml(out, "subnet-a", "us-east-1a");
    asg_bytes_append_text(out, "</subnetSet></DescribeSubnetsResponse>");
}

static void list_zones(struct asg_bytes *out)
{
    asg_bytes_append_text(
        out,
        "<DescribeAvailabilityZonesResponse><availabilityZoneInfo><item><zoneName>"
        "us-east-1a</zoneName><zoneState>available</zoneState><zoneId>use1-az6</zoneId>"
        "</item><item><zoneName>us-east-1b</zoneName><zoneState>impaired</zoneState>"
        "<zoneId>use1-az1</zoneId></item></availabilityZoneInfo>"
        "</DescribeAvailabilityZonesResponse>");
}

static void show_template(struct asg_bytes *out)
{
    asg_bytes_append_text(
        out, "<DescribeLaunchTemplatesResponse><launchTemplates><item>"
             "<launchTemplateId>lt-1</launchTemplateId><launchTemplateName>web"
             "</launchTemplateName><defaultVersionNumber>2</defaultVersionNumber>"
             "<latestVersionNumber>5</latestVersionNumber></item></launchTemplates>"
             "</DescribeLaunchTemplatesResponse>");
}

static void show_version(const struct cloud *cloud, struct asg_bytes *out)
{
    asg_bytes_append_text(out, "<DescribeLaunchTemplateVersionsResponse>"
                               "<launchTemplateVersionSet>");
    if (is_there(cloud, "version")) {
        asg_bytes_append_text(
            out, "<item><launchTemplateId>lt-1</launchTemplateId><versionNumber>5"
                 "</versionNumber><launchTemplateData><instanceType>t3.micro"
                 "</instanceType><imageId>ami-1</imageId></launchTemplateData></item>");
    }
    asg_bytes_append_text(out, "</launchTemplateVersionSet>"
                               "</DescribeLaunchTemplateVersionsResponse>");
}

static void show_instances(const struct cloud *cloud, struct asg_bytes *out)
{
    asg_bytes_append_text(out, "<DescribeInstancesResponse><reservationSet>");
    if (is_there(cloud, "i-1")) {
        asg_bytes_append_text(
            out,
            "<item><groupSet><item><groupId>sg-reservation</groupId></item></groupSet>"
            "<instancesSet><item><instanceId>i-1</instanceId><imageId>ami-7</imageId>"
            "<instanceState><code>16</code><name>running</name></instanceState>"
            "<keyName>ops</keyName><instanceType>m5.large</instanceType><launchTime>"
            "2026-11-23T14:36:49.000Z</launchTime><placement><availabilityZone>us-east-1a"
            "</availabilityZone><tenancy>dedicated</tenancy></placement><kernelId>aki-1"
            "</kernelId><ramdiskId>ari-1</ramdiskId><monitoring><state>enabled</state>"
            "</monitoring><subnetId>subnet-a</subnetId><vpcId>vpc-1</vpcId>"
            "<privateIpAddress>10.0.0.5</privateIpAddress><ipAddress>203.0.113.5"
            "</ipAddress><groupSet><item><groupId>sg-1</groupId></item><item><groupId>"
            "sg-2</groupId></item></groupSet><instanceLifecycle>spot</instanceLifecycle>"
            "<tagSet><item><key>team</key><value>blue &amp; red</value></item><item><key>"
            "empty</key><value></value></item></tagSet><iamInstanceProfile><arn>"
            "arn:aws:iam::1:instance-profile/web</arn></iamInstanceProfile>"
            "<networkInterfaceSet><item><groupSet><item><groupId>sg-other</groupId></"
            "item>"
            "</groupSet></item></networkInterfaceSet><ebsOptimized>true</ebsOptimized>"
            "</item></instancesSet></item>");
    }
    asg_bytes_append_text(out, "</reservationSet></DescribeInstancesResponse>");
}

static void play(void *context, const struct scripted_request *request,
                 struct scripted_answer *ret)
{
    struct cloud *cloud = &((struct setup *)context)->cloud;
    struct asg_bytes out = {0};
    if (cloud->calls < 8) {
        (void)snprintf(cloud->form[cloud->calls], sizeof cloud->form[0], "%s",
                       request->form);
    }
    cloud->calls++;
    bool is_fine = cloud->fine != NULL && strcmp(cloud->fine, request->action) == 0;
    if (cloud->refusal != NULL && !is_fine) {
        scripted_error(ret, 400, cloud->refusal, "says EC2");
        return;
    }
    if (cloud->is_silent) {
        ret->fault = SCRIPTED_SILENCE;
        return;
    }
    if (strcmp(request->action, "DescribeSubnets") == 0) list_subnets(cloud, &out);
    if (strcmp(request->action, "DescribeAvailabilityZones") == 0) list_zones(&out);
    if (strcmp(request->action, "DescribeLaunchTemplates") == 0) show_template(&out);
    if (strcmp(request->action, "DescribeLaunchTemplateVersions") == 0) {
        show_version(cloud, &out);
    }
    if (strcmp(request->action, "DescribeInstances") == 0) show_instances(cloud, &out);
    if (strcmp(request->action, "DescribeImages") == 0) {
        asg_bytes_append_text(&out, "<DescribeImagesResponse><imagesSet><item><imageId>"
                                    "ami-7</imageId><imageState>available</imageState>"
                                    "</item></imagesSet></DescribeImagesResponse>");
    }
    ret->body = strdup(asg_bytes_text(&out));
    asg_bytes_clear(&out);
}

static void ask_for(struct setup *setup, uint64_t no, const struct asg_question *question,
                    int64_t time_left_ms)
{
    tell(setup, ASG_MESSAGE_ASK,
         &(struct asg_ask){
             .question_no = no, .time_left_ms = time_left_ms, .question = question});
}

/* The answer to one question, lent until the next. */
static const struct asg_told *answer_to(struct setup *setup,
                                        const struct asg_question *question)
{
    static struct asg_told_message message;
    static uint64_t no = 40;
    ask_for(setup, ++no, question, 15000);
    wait_for(setup, ASG_MESSAGE_TOLD, count_said(setup, ASG_MESSAGE_TOLD) + 1);
    message = (struct asg_told_message){0};
    last_said(setup, ASG_MESSAGE_TOLD, &message);
    assert_int_equal(no, message.question_no);
    return message.told;
}

static void expect_told(const struct asg_told *told, enum asg_told_outcome outcome,
                        const char *code)
{
    assert_string_equal(code, told->code);
    assert_int_equal(outcome, told->outcome);
}

static const char *ids_ab[] = {"subnet-a", "subnet-b"};
static const struct asg_question of_subnets = {.kind = ASG_QUESTION_SUBNETS,
                                               .ids = {.items = ids_ab, .count = 2}};

static void expect_parameter(const struct setup *setup, int call, const char *name,
                             const char *value)
{
    char *said = scripted_field(setup->cloud.form[call], name);
    if (value == NULL) {
        assert_null(said);
        return;
    }
    assert_non_null(said);
    assert_string_equal(value, said);
    free(said);
}

static void test_subnets_are_told_in_the_order_asked_for(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    const struct asg_told *told = answer_to(&setup, &of_subnets);
    expect_told(told, ASG_TOLD_FOUND, "");
    assert_int_equal(2, told->subnet_count);
    assert_string_equal("subnet-a", told->subnets[0].subnet_id);
    assert_string_equal("us-east-1a", told->subnets[0].zone);
    assert_string_equal("vpc-1", told->subnets[0].vpc_id);
    assert_true(told->subnets[0].is_default);
    assert_int_equal(250, told->subnets[0].free_addresses);
    assert_string_equal("us-east-1b", told->subnets[1].zone);
    expect_parameter(&setup, 0, "SubnetId.1", "subnet-a");
    expect_parameter(&setup, 0, "Filter.1.Name", NULL);
    const struct asg_question defaults = {.kind = ASG_QUESTION_SUBNETS};
    told = answer_to(&setup, &defaults);
    assert_int_equal(2, told->subnet_count);
    expect_parameter(&setup, 1, "Filter.1.Name", "default-for-az");
    expect_parameter(&setup, 1, "Filter.1.Value.1", "true");
    assert_int_equal(2, asg_worker_counts(setup.worker).questions);
    close_setup(&setup);
}

static void test_what_is_not_there_is_refused_as_ec2_would(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    /* An EC2 that says so, and one that only leaves it out. */
    setup.cloud.refusal = "InvalidSubnetID.NotFound";
    expect_told(answer_to(&setup, &of_subnets), ASG_TOLD_REFUSED,
                "InvalidSubnetID.NotFound");
    setup.cloud.refusal = NULL;
    setup.cloud.missing = "subnet-b";
    const struct asg_told *told = answer_to(&setup, &of_subnets);
    expect_told(told, ASG_TOLD_REFUSED, "InvalidSubnetID.NotFound");
    assert_string_equal("The subnet ID 'subnet-b' does not exist", told->message);
    assert_int_equal(0, told->subnet_count);
    const char *ids[] = {"i-9"};
    const struct asg_question instance = {.kind = ASG_QUESTION_INSTANCES,
                                          .ids = {.items = ids, .count = 1}};
    expect_told(answer_to(&setup, &instance), ASG_TOLD_REFUSED,
                "InvalidInstanceID.NotFound");
    const char *zones[] = {"us-east-1a", "us-east-1z"};
    const struct asg_question zone = {.kind = ASG_QUESTION_ZONES,
                                      .ids = {.items = zones, .count = 2}};
    told = answer_to(&setup, &zone);
    expect_told(told, ASG_TOLD_REFUSED, "InvalidParameterValue");
    assert_string_equal("Invalid availability zone: [us-east-1z]", told->message);
    const char *images[] = {"ami-7", "ami-8"};
    const struct asg_question image = {.kind = ASG_QUESTION_IMAGES,
                                       .ids = {.items = images, .count = 2}};
    expect_told(answer_to(&setup, &image), ASG_TOLD_REFUSED, "InvalidAMIID.NotFound");
    close_setup(&setup);
}

static void test_zones_are_known_by_name_and_by_id(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    const char *names[] = {"use1-az1", "us-east-1a"};
    const struct asg_question question = {.kind = ASG_QUESTION_ZONES,
                                          .ids = {.items = names, .count = 2}};
    const struct asg_told *told = answer_to(&setup, &question);
    expect_told(told, ASG_TOLD_FOUND, "");
    assert_string_equal("us-east-1b", told->zones[0].name);
    assert_string_equal("impaired", told->zones[0].state);
    assert_string_equal("use1-az6", told->zones[1].zone_id);
    const struct asg_question all = {.kind = ASG_QUESTION_ZONES};
    assert_int_equal(2, answer_to(&setup, &all)->zone_count);
    close_setup(&setup);
}

static void test_a_template_is_told_with_the_version_asked_for(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    const struct asg_question question = {.kind = ASG_QUESTION_TEMPLATE,
                                          .template_id = "",
                                          .template_name = "web",
                                          .template_version = "$Latest"};
    const struct asg_told *told = answer_to(&setup, &question);
    expect_told(told, ASG_TOLD_FOUND, "");
    assert_non_null(told->template);
    assert_string_equal("lt-1", told->template->template_id);
    assert_string_equal("web", told->template->template_name);
    assert_int_equal(2, told->template->default_version);
    assert_int_equal(5, told->template->latest_version);
    assert_int_equal(5, told->template->version);
    assert_string_equal("t3.micro", told->template->instance_type);
    assert_string_equal("ami-1", told->template->image_id);
    const struct asg_question by_id = {.kind = ASG_QUESTION_TEMPLATE,
                                       .template_id = "lt-1",
                                       .template_name = "",
                                       .template_version = ""};
    expect_told(answer_to(&setup, &by_id), ASG_TOLD_FOUND, "");
    bool is_default_asked = false;
    for (int i = 2; i < 4; i++) {
        char *version = scripted_field(setup.cloud.form[i], "LaunchTemplateVersion.1");
        is_default_asked =
            is_default_asked || (version != NULL && strcmp(version, "$Default") == 0);
        free(version);
    }
    assert_true(is_default_asked);
    close_setup(&setup);
}

static void test_a_template_needs_both_of_its_answers(void **state)
{
    (void)state;
    const struct asg_question question = {.kind = ASG_QUESTION_TEMPLATE,
                                          .template_id = "",
                                          .template_name = "web",
                                          .template_version = "7"};
    struct setup setup;
    open_setup(&setup);
    setup.cloud.missing = "version";
    const struct asg_told *told = answer_to(&setup, &question);
    expect_told(told, ASG_TOLD_REFUSED, "InvalidLaunchTemplateId.VersionNotFound");
    assert_null(told->template);
    setup.cloud.missing = NULL;
    static const char *const fine[] = {"DescribeLaunchTemplates",
                                       "DescribeLaunchTemplateVersions"};
    for (size_t i = 0; i < 2; i++) {
        setup.cloud.refusal = "InvalidLaunchTemplateName.NotFoundException";
        setup.cloud.fine = fine[i];
        told = answer_to(&setup, &question);
        expect_told(told, ASG_TOLD_REFUSED,
                    "InvalidLaunchTemplateName.NotFoundException");
        assert_null(told->template);
    }
    close_setup(&setup);
}

static void test_an_instance_is_told_whole(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    const char *ids[] = {"i-1"};
    const struct asg_question question = {.kind = ASG_QUESTION_INSTANCES,
                                          .ids = {.items = ids, .count = 1}};
    const struct asg_told *told = answer_to(&setup, &question);
    expect_told(told, ASG_TOLD_FOUND, "");
    assert_int_equal(1, told->instance_count);
    const struct asg_told_instance *instance = &told->instances[0];
    assert_int_equal(ASG_EC2_RUNNING, instance->state);
    assert_string_equal("m5.large", instance->instance_type);
    assert_string_equal("us-east-1a", instance->zone);
    assert_string_equal("subnet-a", instance->subnet_id);
    assert_string_equal("vpc-1", instance->vpc_id);
    assert_string_equal("10.0.0.5", instance->private_ip);
    assert_string_equal("ami-7", instance->image_id);
    assert_string_equal("ops", instance->key_name);
    assert_string_equal("arn:aws:iam::1:instance-profile/web",
                        instance->instance_profile);
    assert_string_equal("aki-1", instance->kernel_id);
    assert_string_equal("ari-1", instance->ramdisk_id);
    assert_string_equal("dedicated", instance->tenancy);
    assert_true(instance->is_monitored);
    assert_true(instance->is_ebs_optimized);
    assert_true(instance->is_spot);
    assert_true(instance->has_public_ip);
    assert_int_equal(INT64_C(1795444609000), instance->launched_ms);
    assert_int_equal(2, instance->security_group_ids.count);
    assert_string_equal("sg-2", instance->security_group_ids.items[1]);
    assert_int_equal(2, instance->tag_count);
    assert_string_equal("blue & red", instance->tags[0].value);
    assert_string_equal("", instance->tags[1].value);
    const char *images[] = {"ami-7"};
    const struct asg_question image = {.kind = ASG_QUESTION_IMAGES,
                                       .ids = {.items = images, .count = 1}};
    told = answer_to(&setup, &image);
    expect_told(told, ASG_TOLD_FOUND, "");
    assert_string_equal("available", told->images[0].state);
    close_setup(&setup);
}

static void test_what_is_no_word_of_ec2s_sends_the_asker_elsewhere(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        enum asg_told_outcome outcome;
    } rows[] = {
        {"RequestLimitExceeded", ASG_TOLD_UNAVAILABLE},
        {"AuthFailure", ASG_TOLD_UNAVAILABLE},
        {"InternalError", ASG_TOLD_UNAVAILABLE},
        {"UnauthorizedOperation", ASG_TOLD_REFUSED},
        {"InvalidParameterValue", ASG_TOLD_REFUSED},
        {"SomethingNobodyListed", ASG_TOLD_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct setup setup;
        open_setup(&setup);
        setup.cloud.refusal = rows[i].code;
        const struct asg_told *told = answer_to(&setup, &of_subnets);
        expect_told(told, rows[i].outcome, rows[i].code);
        assert_string_equal("says EC2", told->message);
        close_setup(&setup);
    }
}

static void test_a_question_ends_by_its_time(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.is_silent = true;
    ask_for(&setup, 7, &of_subnets, 100);
    wait_for(&setup, ASG_MESSAGE_TOLD, 1);
    struct asg_told_message message = {0};
    last_said(&setup, ASG_MESSAGE_TOLD, &message);
    assert_int_equal(ASG_TOLD_UNAVAILABLE, message.told->outcome);
    assert_true(message.told->message[0] != '\0');
    close_setup(&setup);
}

static void test_questions_need_no_place_and_no_leave_to_change_things(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    tell(&setup, ASG_MESSAGE_HALT, &(struct asg_halt_message){.is_halted = true});
    asg_worker_halt(setup.worker, true);
    expect_told(answer_to(&setup, &of_subnets), ASG_TOLD_FOUND, "");
    struct asg_told_message message = {0};
    last_said(&setup, ASG_MESSAGE_TOLD, &message);
    /* What was sent to EC2 is told with it. */
    assert_int_equal(1, message.rate_count);
    assert_string_equal("DescribeSubnets", message.rates[0].action);
    assert_int_equal(1, message.rates[0].attempts);
    struct asg_heartbeat beat = {0};
    asg_worker_stop(setup.worker);
    last_said(&setup, ASG_MESSAGE_HEARTBEAT, &beat);
    assert_int_equal(0, beat.rate_count);
    close_setup(&setup);
}

static void test_a_worker_that_cannot_ask_says_so_at_once(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.is_silent = true;
    for (uint64_t no = 1; no <= 70; no++) {
        ask_for(&setup, no, &of_subnets, 15000);
    }
    assert_int_equal(6, count_said(&setup, ASG_MESSAGE_TOLD));
    assert_false(asg_worker_is_idle(setup.worker));
    close_setup(&setup);
    open_setup(&setup);
    asg_worker_stop(setup.worker);
    ask_for(&setup, 7, &of_subnets, 15000);
    struct asg_told_message message = {0};
    last_said(&setup, ASG_MESSAGE_TOLD, &message);
    expect_told(message.told, ASG_TOLD_UNAVAILABLE, "OpenasgWorkerBusy");
    assert_true(asg_worker_is_idle(setup.worker));
    assert_int_equal(0, setup.cloud.calls);
    close_setup(&setup);
}

static void test_what_is_no_question_is_dropped(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    ask_for(&setup, 1, NULL, 15000);
    const struct asg_question none = {.kind = ASG_QUESTION_INSTANCES};
    ask_for(&setup, 2, &none, 15000);
    const struct asg_question nameless = {.kind = ASG_QUESTION_TEMPLATE};
    ask_for(&setup, 3, &nameless, 15000);
    asg_worker_receive(setup.worker, "\x93\x34\x01\xc1", 4);
    assert_int_equal(4, asg_worker_counts(setup.worker).bad_frames);
    assert_int_equal(0, count_said(&setup, ASG_MESSAGE_TOLD));
    close_setup(&setup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subnets_are_told_in_the_order_asked_for),
        cmocka_unit_test(test_what_is_not_there_is_refused_as_ec2_would),
        cmocka_unit_test(test_zones_are_known_by_name_and_by_id),
        cmocka_unit_test(test_a_template_is_told_with_the_version_asked_for),
        cmocka_unit_test(test_a_template_needs_both_of_its_answers),
        cmocka_unit_test(test_an_instance_is_told_whole),
        cmocka_unit_test(test_what_is_no_word_of_ec2s_sends_the_asker_elsewhere),
        cmocka_unit_test(test_a_question_ends_by_its_time),
        cmocka_unit_test(test_questions_need_no_place_and_no_leave_to_change_things),
        cmocka_unit_test(test_a_worker_that_cannot_ask_says_so_at_once),
        cmocka_unit_test(test_what_is_no_question_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
