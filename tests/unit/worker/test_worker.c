/* A worker in this process: jobs as the controller sends them, EC2 as a script plays it.
 */
#include "integration/scripted_ec2.h"

#include "aws/ec2_actions.h"
#include "crypto/crypto.h"
#include "wire/wire.h"
#include "worker/worker.h"

#define IDS_MAX 64

/* What the test's EC2 is like. */
struct cloud {
    const char *launch_errors[8]; /* code for each RunInstances in turn; NULL: works */
    int launch_status;
    int launches;
    enum scripted_fault launch_fault; /* of the first launch */
    char *launch_form;                /* of the last one */
    const char *template_user_data;   /* base64 */
    int template_asks;
    const char *protected_id;
    const char *unknown_id;
    const char *ended_id;
    int terminates;
    int untagged; /* instances */
    int dry_runs;
    int shows_launched; /* so many of a launch are found by its client token */
    int listings;       /* whole ones */
    int pages;
    bool status_has_more; /* statuses come in two pages */
    const char *status_error;
    int status_asks;
    char *form; /* of the last call of any kind */
};

#define CLOUD                                                                            \
    {                                                                                    \
        .launch_status = 400                                                             \
    }

#include "unit/worker/worker_world.h"

static void instance_xml_of(struct asg_bytes *out, const char *id, const char *state,
                            const char *token)
{
    asg_bytes_printf(out,
                     "<item><instanceId>%s</instanceId><instanceState><code>0</code>"
                     "<name>%s</name></instanceState><instanceType>t3.small"
                     "</instanceType><launchTime>2026-11-23T14:36:49.000Z</launchTime>"
                     "<placement><availabilityZone>us-east-1a</availabilityZone>"
                     "</placement><privateIpAddress>127.0.1.5</privateIpAddress>"
                     "<subnetId>subnet-1</subnetId><clientToken>%s</clientToken><tagSet>"
                     "<item><key>openasg:group</key><value>web &amp; co</value></item>"
                     "<item><key>openasg:job</key><value>7</value></item>"
                     "<item><key>openasg:attempt</key><value>1</value></item></tagSet>"
                     "</item>",
                     id, state, token);
}

static void instance_xml(struct asg_bytes *out, const char *id, const char *state)
{
    instance_xml_of(out, id, state, "tok");
}

static void play_launch(struct cloud *cloud, const struct scripted_request *request,
                        struct scripted_answer *ret)
{
    int i = cloud->launches++;
    free(cloud->launch_form);
    cloud->launch_form = strdup(request->form);
    if (i == 0) ret->fault = cloud->launch_fault;
    if (i < 8 && cloud->launch_errors[i] != NULL) {
        scripted_error(ret, cloud->launch_status, cloud->launch_errors[i], "no & no");
        free(ret->body);
        ret->body = scripted_text("<Response><Errors><Error><Code>%s</Code><Message>no"
                                  "</Message></Error></Errors><RequestID>r</RequestID>"
                                  "</Response>",
                                  cloud->launch_errors[i]);
        return;
    }
    struct asg_bytes out = {0};
    asg_bytes_append_text(&out, "<RunInstancesResponse><requestId>req-1</requestId>"
                                "<instancesSet>");
    instance_xml(&out, "i-0001", "pending");
    instance_xml(&out, "i-0002", "pending");
    asg_bytes_append_text(&out, "</instancesSet></RunInstancesResponse>");
    ret->body = strdup(asg_bytes_text(&out));
    asg_bytes_clear(&out);
}

static bool names_id(const char *form, const char *prefix, const char *id)
{
    if (id == NULL) return false;
    for (int i = 1; i <= IDS_MAX; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s%d", prefix, i);
        char *value = scripted_field(form, name);
        bool is_it = value != NULL && strcmp(value, id) == 0;
        bool is_end = value == NULL;
        free(value);
        if (is_it) return true;
        if (is_end) return false;
    }
    return false;
}

/* Counts the instances that were untagged. */
static void play_untag(struct cloud *cloud, const char *form, struct scripted_answer *ret)
{
    if (names_id(form, "ResourceId.", cloud->unknown_id)) {
        scripted_error(ret, 400, "InvalidInstanceID.NotFound", "does not exist");
        return;
    }
    for (int i = 1; i <= IDS_MAX; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "ResourceId.%d", i);
        char *id = scripted_field(form, name);
        if (id == NULL) break;
        cloud->untagged++;
        free(id);
    }
    ret->body = strdup("<DeleteTagsResponse><return>true</return></DeleteTagsResponse>");
}

static void play_terminate(struct cloud *cloud, const char *form,
                           struct scripted_answer *ret)
{
    cloud->terminates++;
    if (names_id(form, "InstanceId.", cloud->protected_id)) {
        scripted_error(ret, 400, "OperationNotPermitted", "is protected");
        return;
    }
    if (names_id(form, "InstanceId.", cloud->unknown_id)) {
        scripted_error(ret, 400, "InvalidInstanceID.NotFound", "does not exist");
        return;
    }
    struct asg_bytes out = {0};
    asg_bytes_append_text(&out, "<TerminateInstancesResponse><instancesSet>");
    for (int i = 1; i <= IDS_MAX; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "InstanceId.%d", i);
        char *id = scripted_field(form, name);
        if (id == NULL) break;
        asg_bytes_printf(&out,
                         "<item><instanceId>%s</instanceId><currentState><code>32</code>"
                         "<name>shutting-down</name></currentState></item>",
                         id);
        free(id);
    }
    asg_bytes_append_text(&out, "</instancesSet></TerminateInstancesResponse>");
    ret->body = strdup(asg_bytes_text(&out));
    asg_bytes_clear(&out);
}

static void play_describe(struct cloud *cloud, const char *form,
                          struct scripted_answer *ret)
{
    char *filter = scripted_field(form, "Filter.1.Name");
    char *token = scripted_field(form, "NextToken");
    struct asg_bytes out = {0};
    asg_bytes_append_text(&out, "<DescribeInstancesResponse><reservationSet><item>"
                                "<instancesSet>");
    if (filter != NULL && strcmp(filter, "instance-id") == 0) {
        for (int i = 1; i <= IDS_MAX; i++) {
            char name[64];
            (void)snprintf(name, sizeof name, "Filter.1.Value.%d", i);
            char *id = scripted_field(form, name);
            if (id == NULL) break;
            bool is_unknown = cloud->unknown_id != NULL && !strcmp(id, cloud->unknown_id);
            bool is_ended = cloud->ended_id != NULL && !strcmp(id, cloud->ended_id);
            if (!is_unknown) {
                instance_xml(&out, id, is_ended ? "terminated" : "running");
            }
            free(id);
        }
    } else if (filter != NULL && strcmp(filter, "client-token") == 0) {
        char *asked = scripted_field(form, "Filter.1.Value.1");
        bool is_ours = asked != NULL && strcmp(asked, "tok-7-1") == 0;
        /* One of another launch, as a cloud shows that does not know the filter. */
        instance_xml(&out, "i-other", "running");
        for (int i = 0; is_ours && i < cloud->shows_launched; i++) {
            char id[16];
            (void)snprintf(id, sizeof id, "i-found%d", i);
            instance_xml_of(&out, id, "pending", "tok-7-1");
        }
        free(asked);
    } else {
        if (token == NULL) cloud->listings++;
        instance_xml(&out, token == NULL ? "i-page1" : "i-page2", "running");
    }
    asg_bytes_append_text(&out, "</instancesSet></item></reservationSet>");
    if (cloud->pages == 2 && token == NULL) {
        asg_bytes_append_text(&out, "<nextToken>more</nextToken>");
    }
    asg_bytes_append_text(&out, "</DescribeInstancesResponse>");
    ret->body = strdup(asg_bytes_text(&out));
    asg_bytes_clear(&out);
    free(filter);
    free(token);
}

static void play(void *context, const struct scripted_request *request,
                 struct scripted_answer *ret)
{
    struct setup *setup = context;
    struct cloud *cloud = &setup->cloud;
    char *dry_run = scripted_field(request->form, "DryRun");
    if (dry_run != NULL) {
        cloud->dry_runs++;
        free(dry_run);
        scripted_error(ret, 412, "DryRunOperation", "it would have succeeded");
        return;
    }
    free(cloud->form);
    cloud->form = strdup(request->form);
    if (strcmp(request->action, "RunInstances") == 0) {
        play_launch(cloud, request, ret);
    } else if (strcmp(request->action, "DescribeLaunchTemplateVersions") == 0) {
        cloud->template_asks++;
        ret->body = scripted_text(
            "<DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet><item>"
            "<launchTemplateId>lt-1</launchTemplateId><launchTemplateName>web"
            "</launchTemplateName><versionNumber>3</versionNumber><defaultVersion>true"
            "</defaultVersion><launchTemplateData><imageId>ami-1</imageId><instanceType>"
            "t3.small</instanceType><userData>%s</userData></launchTemplateData></item>"
            "</launchTemplateVersionSet></DescribeLaunchTemplateVersionsResponse>",
            cloud->template_user_data == NULL ? "" : cloud->template_user_data);
    } else if (strcmp(request->action, "TerminateInstances") == 0) {
        play_terminate(cloud, request->form, ret);
    } else if (strcmp(request->action, "DescribeInstances") == 0) {
        play_describe(cloud, request->form, ret);
    } else if (strcmp(request->action, "DescribeInstanceStatus") == 0) {
        if (cloud->status_error != NULL) {
            scripted_error(ret, 400, cloud->status_error, "no statuses");
            return;
        }
        bool is_second = strstr(request->form, "NextToken=s2") != NULL;
        ret->body = scripted_text(
            "<DescribeInstanceStatusResponse><instanceStatusSet><item><instanceId>"
            "i-page%d</instanceId><systemStatus><status>impaired</status></systemStatus>"
            "</item></instanceStatusSet>%s</DescribeInstanceStatusResponse>",
            is_second ? 2 : 1,
            cloud->status_has_more && !is_second ? "<nextToken>s2</nextToken>" : "");
        cloud->status_asks++;
    } else if (strcmp(request->action, "CreateLaunchTemplate") == 0) {
        scripted_error(ret, 400, "InvalidLaunchTemplateName.AlreadyExistsException", "");
    } else if (strcmp(request->action, "CreateLaunchTemplateVersion") == 0) {
        ret->body =
            strdup("<CreateLaunchTemplateVersionResponse><launchTemplateVersion>"
                   "<launchTemplateId>lt-9</launchTemplateId><launchTemplateName>web"
                   "</launchTemplateName><versionNumber>4</versionNumber>"
                   "</launchTemplateVersion></CreateLaunchTemplateVersionResponse>");
    } else if (strcmp(request->action, "DeleteTags") == 0) {
        play_untag(cloud, request->form, ret);
    } else if (strcmp(request->action, "CreateTags") == 0) {
        ret->body = strdup("<CreateTagsResponse><return>true</return>"
                           "</CreateTagsResponse>");
    } else {
        scripted_error(ret, 400, "InvalidAction", request->action);
    }
}

static void clear_cloud(struct cloud *cloud)
{
    free(cloud->launch_form);
    free(cloud->form);
}

static struct asg_launch web_launch = {.template_id = "lt-1",
                                       .template_name = "web",
                                       .template_version = "3",
                                       .subnet_id = "subnet-1",
                                       .zone = "us-east-1a",
                                       .count = 2,
                                       .group_max = 6,
                                       .based_on = 2};

static struct asg_job launch_job(const struct asg_launch *launch)
{
    return (struct asg_job){.id = 7,
                            .attempt = 1,
                            .kind = ASG_JOB_LAUNCH,
                            .group = "web",
                            .name = "web-7",
                            .deadline_ms = 1,
                            .client_token = "tok-7-1",
                            .launch = launch};
}

static void test_a_launch_carries_token_tags_and_the_join_line(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.template_user_data = "IyEvYmluL3NoCmVjaG8gaGk="; /* #!/bin/sh, echo hi */
    struct asg_tag tags[] = {{.key = "team", .value = "blue"},
                             {.key = "openasg:group", .value = "forged"}};
    struct asg_launch launch = web_launch;
    launch.tags = tags;
    launch.tag_count = 2;
    struct asg_job job = launch_job(&launch);
    give(&setup, &job, JOIN_LINE);
    const struct asg_result *result = wait_for_result(&setup, 7);
    expect_outcome(ASG_OUTCOME_OK, result);
    assert_int_equal(2, result->instance_count);
    assert_string_equal("i-0001", result->instances[0].instance_id);
    assert_int_equal(ASG_EC2_PENDING, result->instances[0].state);
    assert_string_equal("web & co", result->instances[0].group);
    assert_string_equal("req-1", result->request_id);
    assert_int_equal(2, result->calls);

    const struct {
        const char *name;
        const char *value;
    } fields[] = {{"ClientToken", "tok-7-1"},
                  {"MinCount", "1"},
                  {"MaxCount", "2"},
                  {"SubnetId", "subnet-1"},
                  {"LaunchTemplate.LaunchTemplateId", "lt-1"},
                  {"LaunchTemplate.Version", "3"},
                  {"TagSpecification.1.ResourceType", "instance"},
                  {"TagSpecification.1.Tag.1.Key", "team"},
                  {"TagSpecification.1.Tag.2.Key", "openasg:cluster"},
                  {"TagSpecification.1.Tag.2.Value", "c-1"},
                  {"TagSpecification.1.Tag.3.Value", "web"},
                  {"TagSpecification.1.Tag.4.Value", "7"},
                  {"TagSpecification.1.Tag.5.Value", "1"}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char *value = scripted_field(setup.cloud.launch_form, fields[i].name);
        assert_non_null(value);
        assert_string_equal(fields[i].value, value);
        free(value);
    }
    char *user_data = scripted_field(setup.cloud.launch_form, "UserData");
    char plain[1024] = "";
    size_t length = 0;
    assert_status(ASG_OK, asg_base64_decode(user_data, plain, &length));
    assert_string_equal("#!/bin/sh\necho hi\n" JOIN_LINE "\n", plain);
    free(user_data);
    close_setup(&setup);
}

static void test_template_user_data_is_fetched_once(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    for (uint64_t id = 1; id <= 3; id++) {
        struct asg_job job = launch_job(&web_launch);
        job.id = id;
        give(&setup, &job, JOIN_LINE);
        expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, id));
        tell(&setup, ASG_MESSAGE_ACK, &(struct asg_ack){.job_id = id, .attempt = 1});
    }
    assert_int_equal(1, setup.cloud.template_asks);
    assert_int_equal(3, setup.cloud.launches);
    assert_true(asg_worker_is_idle(setup.worker));
    close_setup(&setup);
}

static void test_a_launch_above_the_maximum_is_refused_by_the_interlock(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    struct asg_launch launch = web_launch;
    launch.based_on = 5;
    struct asg_job job = launch_job(&launch);
    give(&setup, &job, "");
    const struct asg_result *result = wait_for_result(&setup, 7);
    expect_outcome(ASG_OUTCOME_BAD_REQUEST, result);
    assert_string_equal("OpenasgAboveMax", result->error_code);
    assert_int_equal(0, setup.server.requests);
    close_setup(&setup);
}

static void test_a_job_past_its_deadline_is_not_run(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    struct asg_job job = launch_job(&web_launch);
    tell(&setup, ASG_MESSAGE_JOB,
         &(struct asg_job_message){
             .epoch = 5, .lease_id = 1, .time_left_ms = 0, .job = &job});
    expect_outcome(ASG_OUTCOME_EXPIRED, wait_for_result(&setup, 7));
    assert_int_equal(0, setup.server.requests);
    close_setup(&setup);
}

static void test_a_job_of_an_older_epoch_is_dropped(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    welcome(&setup, 6);
    struct asg_job job = launch_job(&web_launch);
    give(&setup, &job, ""); /* epoch 5 */
    struct asg_worker_counts counts = asg_worker_counts(setup.worker);
    assert_int_equal(1, counts.refused);
    assert_int_equal(0, counts.taken);
    assert_int_equal(1, setup.said_count);
    close_setup(&setup);
}

static void test_capacity_comes_back_at_once(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.launch_errors[0] = "InsufficientInstanceCapacity";
    setup.cloud.launch_status = 500;
    struct asg_job job = launch_job(&web_launch);
    give(&setup, &job, "");
    const struct asg_result *result = wait_for_result(&setup, 7);
    expect_outcome(ASG_OUTCOME_CAPACITY, result);
    assert_int_equal(2, result->calls); /* one looks at the template */
    assert_int_equal(1, setup.cloud.launches);
    close_setup(&setup);
}

static void test_a_launch_whose_answer_is_lost_is_repeated_with_its_token(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.launch_fault = SCRIPTED_CLOSE;
    struct asg_job job = launch_job(&web_launch);
    give(&setup, &job, "");
    const struct asg_result *result = wait_for_result(&setup, 7);
    expect_outcome(ASG_OUTCOME_OK, result);
    /* libcurl may have sent it once more by itself. */
    assert_true(setup.cloud.launches >= 2);
    assert_int_equal(2, result->instance_count);
    close_setup(&setup);
}

static void test_a_launch_that_nobody_answers_ends_ambiguous(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    for (size_t i = 0; i < 8; i++) {
        setup.cloud.launch_errors[i] = "InternalError";
    }
    setup.cloud.launch_status = 500;
    struct asg_job job = launch_job(&web_launch);
    tell(&setup, ASG_MESSAGE_JOB,
         &(struct asg_job_message){
             .epoch = 5, .lease_id = 1, .time_left_ms = 300, .job = &job});
    const struct asg_result *result = wait_for_result(&setup, 7);
    expect_outcome(ASG_OUTCOME_AMBIGUOUS, result);
    assert_string_equal("InternalError", result->error_code);
    close_setup(&setup);
}

static void test_the_same_job_delivered_again_runs_once(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    struct asg_job job = launch_job(&web_launch);
    give(&setup, &job, "");
    give(&setup, &job, "");
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 7));
    tell(&setup, ASG_MESSAGE_JOB,
         &(struct asg_job_message){
             .epoch = 5, .lease_id = 99, .time_left_ms = 9000, .job = &job});
    struct asg_result_message message = {0};
    last_said(&setup, ASG_MESSAGE_RESULT, &message);
    assert_int_equal(99, message.lease_id);
    assert_int_equal(1, setup.cloud.launches);
    close_setup(&setup);
}

static void test_a_result_is_sent_again_until_acknowledged(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    struct asg_job job = launch_job(&web_launch);
    give(&setup, &job, "");
    setup.is_cut = true;
    struct asg_clock clock = asg_clock_real();
    int64_t until_ms = asg_clock_monotonic_ms(&clock) + WAIT_MS;
    while (asg_worker_counts(setup.worker).unacknowledged == 0 &&
           asg_clock_monotonic_ms(&clock) < until_ms) {
        assert_status(ASG_OK, asg_ec2_client_poll(setup.ec2, NULL, 0, 100));
    }
    assert_int_equal(0, count_said(&setup, ASG_MESSAGE_RESULT));
    setup.is_cut = false;
    wait_for(&setup, ASG_MESSAGE_RESULT, 3);
    /* A new controller asks who we are: the job is still ours, and its result comes. */
    for (int i = 0; i < 5; i++) {
        tell(&setup, ASG_MESSAGE_REJOIN, NULL);
    }
    wait_for(&setup, ASG_MESSAGE_HELLO, 2);
    assert_int_equal(2, count_said(&setup, ASG_MESSAGE_HELLO));
    struct asg_hello hello = {0};
    last_said(&setup, ASG_MESSAGE_HELLO, &hello);
    assert_int_equal(1, hello.held_count);
    assert_int_equal(7, hello.held[0].job_id);
    assert_int_equal(3, hello.credits);
    size_t before = count_said(&setup, ASG_MESSAGE_RESULT);
    welcome(&setup, 6);
    (void)asg_worker_tick(setup.worker);
    assert_int_equal(before + 1, count_said(&setup, ASG_MESSAGE_RESULT));
    tell(&setup, ASG_MESSAGE_ACK, &(struct asg_ack){.job_id = 7, .attempt = 2});
    assert_false(asg_worker_is_idle(setup.worker));
    tell(&setup, ASG_MESSAGE_ACK, &(struct asg_ack){.job_id = 7, .attempt = 1});
    assert_true(asg_worker_is_idle(setup.worker));
    close_setup(&setup);
}

/* The controller's log was restored: it leads with an epoch of before, and its jobs have
 * ids that were given already. */
static void test_a_leader_of_a_restored_log_is_listened_to(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    struct asg_job job = launch_job(&web_launch);
    job.incarnation = 1;
    give(&setup, &job, "");
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 7));
    tell(&setup, ASG_MESSAGE_WELCOME,
         &(struct asg_welcome){.epoch = 9, .cluster_id = "c-1", .incarnation = 90});
    tell(&setup, ASG_MESSAGE_REJOIN, NULL);
    wait_for(&setup, ASG_MESSAGE_HELLO, 2);
    struct asg_hello hello = {0};
    last_said(&setup, ASG_MESSAGE_HELLO, &hello);
    assert_int_equal(9, hello.epoch);
    assert_int_equal(90, hello.incarnation);
    assert_int_equal(1, hello.held[0].incarnation);

    struct asg_welcome welcome = {
        .epoch = 3, .cluster_id = "c-1", .incarnation = 30, .heartbeat_ms = 1000};
    tell(&setup, ASG_MESSAGE_WELCOME, &welcome); /* of before: it knows of no 9 */
    tell(&setup, ASG_MESSAGE_REJOIN, NULL);
    (void)asg_worker_tick(setup.worker);
    last_said(&setup, ASG_MESSAGE_HELLO, &hello);
    assert_int_equal(9, hello.epoch);
    welcome.hello_epoch = 9;
    tell(&setup, ASG_MESSAGE_WELCOME, &welcome);

    /* The same id and attempt is another job now, and has another token. */
    job.incarnation = 30;
    job.client_token = "another-token";
    tell(&setup, ASG_MESSAGE_JOB,
         &(struct asg_job_message){.epoch = 3,
                                   .lease_id = 12,
                                   .time_left_ms = 9000,
                                   .cluster_id = "c-1",
                                   .join_stanza = "",
                                   .job = &job});
    assert_int_equal(1, asg_worker_counts(setup.worker).running);
    tell(&setup, ASG_MESSAGE_ACK,
         &(struct asg_ack){.job_id = 7, .attempt = 1, .incarnation = 1});
    assert_int_equal(1, asg_worker_counts(setup.worker).running);
    assert_int_equal(0, asg_worker_counts(setup.worker).unacknowledged);
    close_setup(&setup);
}

static void test_jobs_beyond_the_credits_are_handed_back(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    for (uint64_t id = 1; id <= 5; id++) {
        struct asg_job job = launch_job(&web_launch);
        job.id = id;
        give(&setup, &job, "");
    }
    struct asg_hand_back hand_back = {0};
    last_said(&setup, ASG_MESSAGE_HAND_BACK, &hand_back);
    assert_int_equal(5, hand_back.job_id);
    assert_int_equal(1, count_said(&setup, ASG_MESSAGE_HAND_BACK));
    close_setup(&setup);
}

static void test_the_kill_switch_holds_back_changes_and_lets_looking_pass(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    for (int i = 0; i < 2; i++) {
        if (i == 0) tell(&setup, ASG_MESSAGE_HALT, &(struct asg_halt_message){true});
        if (i == 1) asg_worker_halt(setup.worker, true);
        struct asg_job job = launch_job(&web_launch);
        give(&setup, &job, "");
        assert_int_equal(i + 1, count_said(&setup, ASG_MESSAGE_HAND_BACK));
        struct asg_job describe = {.id = 8, .attempt = 1, .kind = ASG_JOB_DESCRIBE};
        describe.id += (uint64_t)i;
        give(&setup, &describe, "");
        expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, describe.id));
        if (i == 0) tell(&setup, ASG_MESSAGE_HALT, &(struct asg_halt_message){false});
    }
    assert_int_equal(0, setup.cloud.launches);
    close_setup(&setup);
}

/* Its process was stopped with a launch in hand: by now another worker may have it. */
static void test_a_worker_that_stood_still_launches_nothing_it_held(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    struct asg_job job = launch_job(&web_launch);
    tell(&setup, ASG_MESSAGE_JOB,
         &(struct asg_job_message){.epoch = 5,
                                   .lease_id = 11,
                                   .time_left_ms = 3600000,
                                   .cluster_id = "c-1",
                                   .join_stanza = JOIN_LINE,
                                   .job = &job}); /* the template is asked for */
    setup.slept_ms = 120000;
    job.id = 8;
    give(&setup, &job, JOIN_LINE); /* waited in the socket */
    struct asg_hand_back hand_back = {0};
    last_said(&setup, ASG_MESSAGE_HAND_BACK, &hand_back);
    assert_int_equal(8, hand_back.job_id);

    const struct asg_result *result = wait_for_result(&setup, 7);
    expect_outcome(ASG_OUTCOME_TRANSIENT, result);
    assert_string_equal("OpenasgStoodStill", result->error_code);
    assert_int_equal(0, setup.cloud.launches);

    for (int i = 0; i < 3; i++) {
        (void)asg_worker_tick(setup.worker); /* nothing waits any more */
    }
    job.id = 9;
    give(&setup, &job, JOIN_LINE);
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 9));
    assert_int_equal(1, setup.cloud.launches);
    close_setup(&setup);
}

static void test_stopping_finishes_what_is_begun_and_takes_no_more(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    struct asg_job job = launch_job(&web_launch);
    give(&setup, &job, "");
    asg_worker_stop(setup.worker);
    struct asg_heartbeat heartbeat = {0};
    last_said(&setup, ASG_MESSAGE_HEARTBEAT, &heartbeat);
    assert_int_equal(0, heartbeat.credits);
    assert_int_equal(1, heartbeat.held_count);
    struct asg_job late = launch_job(&web_launch);
    late.id = 8;
    give(&setup, &late, "");
    assert_int_equal(1, count_said(&setup, ASG_MESSAGE_HAND_BACK));
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 7));
    tell(&setup, ASG_MESSAGE_ACK, &(struct asg_ack){.job_id = 7, .attempt = 1});
    assert_true(asg_worker_is_idle(setup.worker));
    close_setup(&setup);
}

static const struct asg_result *terminate(struct setup *setup, const char **ids,
                                          size_t count)
{
    struct asg_terminate part = {.zone = "us-east-1a", .instance_ids = {ids, count}};
    struct asg_job job = {.id = 9,
                          .attempt = 1,
                          .kind = ASG_JOB_TERMINATE,
                          .group = "web",
                          .terminate = &part};
    give(setup, &job, "");
    return wait_for_result(setup, 9);
}

static void test_terminating_good_ids_is_one_call(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    const char *ids[] = {"i-1", "i-2", "i-3"};
    const struct asg_result *result = terminate(&setup, ids, 3);
    expect_outcome(ASG_OUTCOME_OK, result);
    assert_int_equal(3, result->instance_count);
    assert_int_equal(ASG_EC2_SHUTTING_DOWN, result->instances[0].state);
    assert_int_equal(1, setup.server.requests);
    close_setup(&setup);
}

static void test_one_bad_id_does_not_save_the_others(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.unknown_id = "i-5";
    setup.cloud.protected_id = "i-2";
    setup.cloud.ended_id = "i-7";
    const char *ids[] = {"i-1", "i-2", "i-3", "i-4", "i-5", "i-6", "i-7", "i-8"};
    const struct asg_result *result = terminate(&setup, ids, 8);
    expect_outcome(ASG_OUTCOME_PROTECTED, result);
    assert_int_equal(6, result->instance_count); /* 1, 3, 4, 6, 8, and 7 that is over */
    assert_int_equal(1, result->gone.count);
    assert_string_equal("i-5", result->gone.items[0]);
    assert_int_equal(1, result->protected_ids.count);
    assert_string_equal("i-2", result->protected_ids.items[0]);
    close_setup(&setup);
}

static void test_an_id_that_ec2_does_not_know_is_told_as_gone(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.unknown_id = "i-5";
    const char *ids[] = {"i-5"};
    const struct asg_result *result = terminate(&setup, ids, 1);
    expect_outcome(ASG_OUTCOME_OK, result);
    assert_int_equal(0, result->instance_count);
    assert_int_equal(1, result->gone.count);
    close_setup(&setup);
}

static void test_a_listing_reads_all_pages_and_marks_the_impaired(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.pages = 2;
    struct asg_job job = {.id = 8, .attempt = 1, .kind = ASG_JOB_DESCRIBE};
    give(&setup, &job, "");
    const struct asg_result *result = wait_for_result(&setup, 8);
    expect_outcome(ASG_OUTCOME_OK, result);
    assert_int_equal(2, result->instance_count);
    assert_string_equal("i-page2", result->instances[1].instance_id);
    assert_true(result->instances[0].is_impaired);
    assert_false(result->instances[1].is_impaired);
    assert_int_equal(7, result->instances[0].job_id);
    assert_int_equal(1, result->instances[0].attempt);
    assert_string_equal("127.0.1.5", result->instances[0].private_ip);
    assert_int_equal(1795444609000, result->instances[0].launched_ms);
    close_setup(&setup);
}

/* In an account of many, ours may stand on any page. */
static void test_all_pages_of_the_statuses_are_read(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.pages = 2;
    setup.cloud.status_has_more = true;
    struct asg_job job = {.id = 8, .attempt = 1, .kind = ASG_JOB_DESCRIBE};
    give(&setup, &job, "");
    const struct asg_result *result = wait_for_result(&setup, 8);
    expect_outcome(ASG_OUTCOME_OK, result);
    assert_int_equal(2, result->instance_count);
    assert_true(result->instances[0].is_impaired);
    assert_true(result->instances[1].is_impaired);
    assert_int_equal(6, setup.cloud.status_asks); /* two of each of the three filters */
    close_setup(&setup);
}

static void test_a_listing_without_statuses_is_good_and_says_so(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.pages = 2;
    setup.cloud.status_error = "UnauthorizedOperation";
    struct asg_job job = {.id = 8, .attempt = 1, .kind = ASG_JOB_DESCRIBE};
    give(&setup, &job, "");
    const struct asg_result *result = wait_for_result(&setup, 8);
    expect_outcome(ASG_OUTCOME_OK, result);
    assert_int_equal(2, result->instance_count);
    assert_string_equal("UnauthorizedOperation", result->error_code);
    close_setup(&setup);
}

static void test_a_template_name_that_ec2_has_gets_a_new_version(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    static const char script[] = "#!/bin/sh\necho hello\n";
    uint8_t hash[ASG_SHA256_BYTES];
    char hex[ASG_SHA256_HEX_SIZE];
    asg_sha256(script, sizeof script - 1, hash);
    asg_hex_encode(hash, sizeof hash, hex);
    struct asg_template_config config = {.name = "web",
                                         .image_id = "ami-1",
                                         .instance_type = "t3.small",
                                         .user_data_sha256 = hex};
    struct asg_job job = {.id = 10,
                          .attempt = 1,
                          .kind = ASG_JOB_TEMPLATE,
                          .client_token = "tok-10-1",
                          .template_config = &config};
    struct asg_job_message message = {
        .epoch = 5,
        .lease_id = 1,
        .attachment = {(const uint8_t *)script, sizeof script - 1},
        .job = &job};
    tell(&setup, ASG_MESSAGE_JOB, &message);
    const struct asg_result *result = wait_for_result(&setup, 10);
    expect_outcome(ASG_OUTCOME_OK, result);
    assert_string_equal("lt-9", result->template_id);
    assert_string_equal("4", result->template_version);
    char *user_data = scripted_field(setup.cloud.form, "LaunchTemplateData.UserData");
    assert_string_equal("IyEvYmluL3NoCmVjaG8gaGVsbG8K", user_data);
    free(user_data);
    /* Other user data than was decided on is not put anywhere. */
    job.id = 11;
    message.attachment.length--;
    int requests = setup.server.requests;
    tell(&setup, ASG_MESSAGE_JOB, &message);
    expect_outcome(ASG_OUTCOME_BAD_REQUEST, wait_for_result(&setup, 11));
    assert_int_equal(requests, setup.server.requests);
    close_setup(&setup);
}

static void test_a_template_is_resolved_to_id_and_number(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    struct asg_job job = {.id = 12,
                          .attempt = 1,
                          .kind = ASG_JOB_RESOLVE_TEMPLATE,
                          .template_name = "web",
                          .template_version = "$Latest"};
    give(&setup, &job, "");
    const struct asg_result *result = wait_for_result(&setup, 12);
    expect_outcome(ASG_OUTCOME_OK, result);
    assert_string_equal("lt-1", result->template_id);
    assert_string_equal("3", result->template_version);
    assert_string_equal("t3.small", result->template_type);
    /* The launch that follows knows the user data already. */
    struct asg_job launch = launch_job(&web_launch);
    give(&setup, &launch, JOIN_LINE);
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 7));
    assert_int_equal(1, setup.cloud.template_asks);
    close_setup(&setup);
}

/* A launch configuration: what it says, and its user data with the line to join. */
static struct asg_launch_parameter plain_parameters[] = {
    {"ImageId", "ami-1"},
    {"InstanceType", "t3.micro"},
    {"KeyName", "ops"},
    {"RamDiskId", "ari-1"},
    {"NetworkInterface.1.DeviceIndex", "0"},
    {"NetworkInterface.1.AssociatePublicIpAddress", "true"},
    {"NetworkInterface.1.SecurityGroupId.1", "sg-1"},
    {"BlockDeviceMapping.1.DeviceName", "/dev/sdb"},
    {"BlockDeviceMapping.1.NoDevice", ""},
};

static struct asg_launch plain_launch(void)
{
    struct asg_launch launch = web_launch;
    launch.template_id = "";
    launch.template_name = "";
    launch.template_version = "";
    launch.instance_type = "";
    launch.parameters = plain_parameters;
    launch.parameter_count = sizeof plain_parameters / sizeof plain_parameters[0];
    return launch;
}

static void give_with(struct setup *setup, const struct asg_job *job, const char *text)
{
    tell(setup, ASG_MESSAGE_JOB,
         &(struct asg_job_message){
             .epoch = 5,
             .lease_id = 11,
             .time_left_ms = 15000,
             .cluster_id = "c-1",
             .join_stanza = JOIN_LINE,
             .attachment = {.data = (const uint8_t *)text, .length = strlen(text)},
             .job = job});
}

static void expect_field(const char *form, const char *name, const char *value)
{
    char *said = scripted_field(form, name);
    if (value == NULL) {
        assert_null(said);
        return;
    }
    if (said == NULL) fail_msg("%s is not in %s", name, form);
    assert_string_equal(value, said);
    free(said);
}

static void test_a_launch_without_a_template_says_all_itself(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    struct asg_launch launch = plain_launch();
    char hex[ASG_SHA256_HEX_SIZE];
    uint8_t hash[ASG_SHA256_BYTES];
    static const char script[] = "#!/bin/sh\necho hello\n";
    asg_sha256(script, sizeof script - 1, hash);
    asg_hex_encode(hash, sizeof hash, hex);
    launch.user_data_sha256 = hex;
    struct asg_job job = launch_job(&launch);
    give_with(&setup, &job, script);
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 7));
    assert_int_equal(0, setup.cloud.template_asks);
    const char *form = setup.cloud.launch_form;
    static const char *const fields[][2] = {
        {"LaunchTemplate.LaunchTemplateId", NULL},
        {"LaunchTemplate.LaunchTemplateName", NULL},
        {"LaunchTemplate.Version", NULL},
        {"SubnetId", NULL}, /* beside network interfaces EC2 refuses it */
        {"NetworkInterface.1.SubnetId", "subnet-1"},
        {"NetworkInterface.1.AssociatePublicIpAddress", "true"},
        {"NetworkInterface.1.SecurityGroupId.1", "sg-1"},
        {"ImageId", "ami-1"},
        {"InstanceType", "t3.micro"},
        {"KeyName", "ops"},
        {"RamdiskId", "ari-1"},
        {"RamDiskId", NULL},
        {"BlockDeviceMapping.1.NoDevice", ""},
        {"MinCount", "1"},
        {"MaxCount", "2"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        expect_field(form, fields[i][0], fields[i][1]);
    }
    char *user_data = scripted_field(form, "UserData");
    uint8_t text[512];
    size_t length = 0;
    assert_status(ASG_OK, asg_base64_decode(user_data, text, &length));
    text[length] = '\0';
    assert_ptr_equal(text, strstr((const char *)text, script));
    assert_non_null(strstr((const char *)text, JOIN_LINE));
    free(user_data);
    close_setup(&setup);
}

static void test_the_job_says_the_type_of_a_launch_without_a_template(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    struct asg_launch launch = plain_launch();
    launch.instance_type = "m5.large";
    launch.user_data_sha256 = "";
    struct asg_job job = launch_job(&launch);
    give_with(&setup, &job, "");
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 7));
    expect_field(setup.cloud.launch_form, "InstanceType", "m5.large");
    const char *first = strstr(setup.cloud.launch_form, "&InstanceType=");
    assert_non_null(first);
    assert_null(strstr(first + 1, "&InstanceType="));               /* once */
    assert_non_null(strstr(setup.cloud.launch_form, "&UserData=")); /* the line alone */
    close_setup(&setup);
}

static void test_a_launch_without_a_template_is_refused_when_it_lacks_something(
    void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    /* The user data that came along is another. */
    struct asg_launch launch = plain_launch();
    launch.user_data_sha256 =
        "0000000000000000000000000000000000000000000000000000000000000000";
    struct asg_job job = launch_job(&launch);
    give_with(&setup, &job, "#!/bin/sh\n");
    const struct asg_result *result = wait_for_result(&setup, 7);
    expect_outcome(ASG_OUTCOME_BAD_REQUEST, result);
    assert_string_equal("OpenasgUserData", result->error_code);
    /* No image. */
    launch.user_data_sha256 = "";
    launch.parameters = plain_parameters + 1;
    launch.parameter_count--;
    struct asg_job other = launch_job(&launch);
    other.id = 8;
    give_with(&setup, &other, "");
    result = wait_for_result(&setup, 8);
    expect_outcome(ASG_OUTCOME_BAD_REQUEST, result);
    assert_string_equal("OpenasgIncompleteJob", result->error_code);
    assert_int_equal(0, setup.cloud.launches);
    close_setup(&setup);
}

static void test_tags_are_put_on_adopted_instances(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    const char *ids[] = {"i-1"};
    struct asg_tagging part = {.instance_ids = {ids, 1}};
    struct asg_job job = {
        .id = 13, .attempt = 1, .kind = ASG_JOB_TAG, .group = "web", .tagging = &part};
    give(&setup, &job, "");
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 13));
    char *id = scripted_field(setup.cloud.form, "ResourceId.1");
    char *key = scripted_field(setup.cloud.form, "Tag.2.Key");
    assert_string_equal("i-1", id);
    assert_string_equal("openasg:group", key);
    free(id);
    free(key);
    close_setup(&setup);
}

static void test_the_groups_tags_are_put_on_with_ours(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    const char *ids[] = {"i-1"};
    struct asg_tag tags[] = {{.key = "team", .value = "blue"},
                             {.key = "openasg:group", .value = "evil"}};
    struct asg_tagging part = {.instance_ids = {ids, 1}, .tags = tags, .tag_count = 2};
    struct asg_job job = {
        .id = 13, .attempt = 1, .kind = ASG_JOB_TAG, .group = "web", .tagging = &part};
    give(&setup, &job, "");
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 13));
    static const char *const fields[][2] = {{"Tag.1.Key", "team"},
                                            {"Tag.1.Value", "blue"},
                                            {"Tag.2.Key", "openasg:cluster"},
                                            {"Tag.3.Key", "openasg:group"},
                                            {"Tag.3.Value", "web"},
                                            {"Tag.6.Key", "openasg:incarnation"}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char *value = scripted_field(setup.cloud.form, fields[i][0]);
        assert_string_equal(fields[i][1], value);
        free(value);
    }
    assert_null(scripted_field(setup.cloud.form, "Tag.7.Key"));
    close_setup(&setup);
}

static void test_only_our_tags_are_taken_from_those_let_go(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    const char *ids[] = {"i-1", "i-2", "i-3"};
    struct asg_tag tags[] = {{.key = "team", .value = "blue"}};
    struct asg_tagging part = {.instance_ids = {ids, 3}, .tags = tags, .tag_count = 1};
    struct asg_job job = {
        .id = 14, .attempt = 1, .kind = ASG_JOB_UNTAG, .group = "web", .tagging = &part};
    give(&setup, &job, "");
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 14));
    assert_int_equal(3, setup.cloud.untagged);
    char *key = scripted_field(setup.cloud.form, "Tag.1.Key");
    assert_string_equal("openasg:cluster", key);
    free(key);
    assert_null(scripted_field(setup.cloud.form, "Tag.1.Value")); /* whatever it is */
    assert_non_null(strstr(setup.cloud.form, "Tag.5.Key="));
    assert_null(strstr(setup.cloud.form, "Tag.6.Key="));
    assert_null(strstr(setup.cloud.form, "team"));
    close_setup(&setup);
}

static void test_one_that_is_gone_keeps_no_other_from_being_untagged(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.unknown_id = "i-2";
    const char *ids[] = {"i-1", "i-2", "i-3"};
    struct asg_tagging part = {.instance_ids = {ids, 3}};
    struct asg_job job = {
        .id = 14, .attempt = 1, .kind = ASG_JOB_UNTAG, .group = "web", .tagging = &part};
    give(&setup, &job, "");
    const struct asg_result *result = wait_for_result(&setup, 14);
    expect_outcome(ASG_OUTCOME_OK, result);
    assert_int_equal(2, setup.cloud.untagged);
    assert_int_equal(4, result->calls);
    close_setup(&setup);
}

static void test_frames_that_are_none_are_counted_and_dropped(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    static const uint8_t frames[][4] = {
        {0}, {0xff, 0xff, 0xff, 0xff}, {0x93, 49, 1, 0x90}};
    for (size_t i = 0; i < 3; i++) {
        asg_worker_receive(setup.worker, frames[i], sizeof frames[i]);
    }
    asg_worker_receive(setup.worker, "", 0);
    assert_int_equal(4, asg_worker_counts(setup.worker).bad_frames);
    assert_true(asg_worker_is_idle(setup.worker));
    close_setup(&setup);
}

static void test_a_job_without_its_part_is_refused_with_words(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    for (int kind = 0; kind < ASG_JOB_COUNT; kind++) {
        if (kind == ASG_JOB_DESCRIBE) continue; /* needs nothing */
        struct asg_job job = {
            .id = 20 + (uint64_t)kind, .attempt = 1, .kind = (enum asg_job_kind)kind};
        give(&setup, &job, "");
        struct asg_result_message message = {0};
        last_said(&setup, ASG_MESSAGE_RESULT, &message);
        expect_outcome(ASG_OUTCOME_BAD_REQUEST, message.result);
        tell(&setup, ASG_MESSAGE_ACK,
             &(struct asg_ack){.job_id = job.id, .attempt = job.attempt});
    }
    assert_int_equal(0, setup.server.requests);
    close_setup(&setup);
}

static const struct asg_result *launch_with_errors(struct setup *setup, const char *code,
                                                   int http_status, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        setup->cloud.launch_errors[i] = code;
    }
    setup->cloud.launch_status = http_status;
    struct asg_job job = launch_job(&web_launch);
    job.client_token = "tok-7-1";
    give(setup, &job, "");
    return wait_for_result(setup, 7);
}

/* The token was used with other parameters: what it launched is this attempt's. */
static void test_a_mismatched_token_is_settled_by_looking(void **state)
{
    (void)state;
    struct setup setup;
    for (int i = 0; i < 2; i++) {
        open_setup(&setup);
        setup.cloud.shows_launched = i;
        const struct asg_result *result =
            launch_with_errors(&setup, "IdempotentParameterMismatch", 400, 1);
        expect_outcome(i == 1 ? ASG_OUTCOME_OK : ASG_OUTCOME_CONFLICT, result);
        assert_string_equal("IdempotentParameterMismatch", result->error_code);
        assert_int_equal(i, result->instance_count);
        if (i == 1) assert_string_equal("i-found0", result->instances[0].instance_id);
        assert_int_equal(1, setup.cloud.launches); /* never sent again */
        close_setup(&setup);
    }
}

static void test_an_unanswered_launch_is_looked_up_by_its_token(void **state)
{
    (void)state;
    struct setup setup;
    for (int seen = 1; seen <= 2; seen++) {
        open_setup(&setup);
        setup.cloud.shows_launched = seen;
        const struct asg_result *result =
            launch_with_errors(&setup, "InternalError", 500, 8);
        /* Both that were asked for, or it stays in doubt. */
        expect_outcome(seen == 2 ? ASG_OUTCOME_OK : ASG_OUTCOME_AMBIGUOUS, result);
        assert_int_equal(seen == 2 ? 2 : 0, result->instance_count);
        assert_true(setup.cloud.launches >= 8);
        close_setup(&setup);
    }
}

static void test_a_launch_that_is_over_is_told_as_gone(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    const struct asg_result *result =
        launch_with_errors(&setup, "IdempotentInstanceTerminated", 400, 1);
    expect_outcome(ASG_OUTCOME_GONE, result);
    assert_int_equal(1, setup.cloud.launches);
    close_setup(&setup);
}

/* Three listings asked for at once: the first has begun, the other two share one. */
static void test_listings_at_the_same_time_share_their_calls(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.pages = 2;
    for (uint64_t id = 8; id <= 10; id++) {
        struct asg_job job = {.id = id, .attempt = 1, .kind = ASG_JOB_DESCRIBE};
        give(&setup, &job, "");
    }
    for (uint64_t id = 8; id <= 10; id++) {
        const struct asg_result *result = wait_for_result(&setup, id);
        expect_outcome(ASG_OUTCOME_OK, result);
        assert_int_equal(2, result->instance_count);
        assert_string_equal("i-page2", result->instances[1].instance_id);
        assert_true(result->instances[0].is_impaired);
        tell(&setup, ASG_MESSAGE_ACK, &(struct asg_ack){.job_id = id, .attempt = 1});
    }
    assert_int_equal(2, setup.cloud.listings);
    /* One that comes later makes its own calls. */
    struct asg_job late = {.id = 11, .attempt = 1, .kind = ASG_JOB_DESCRIBE};
    give(&setup, &late, "");
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 11));
    assert_int_equal(3, setup.cloud.listings);
    close_setup(&setup);
}

static void test_a_dry_worker_sends_every_change_with_the_flag(void **state)
{
    (void)state;
    struct setup setup;
    open_setup_as(&setup, /* is_dry_run */ true);
    const char *ids[] = {"i-1"};
    struct asg_tagging part = {.instance_ids = {ids, 1}};
    struct asg_terminate end = {.zone = "us-east-1a", .instance_ids = {ids, 1}};
    struct asg_template_config config = {
        .name = "web", .image_id = "ami-1", .instance_type = "t3.small"};
    struct asg_job jobs[] = {
        launch_job(&web_launch),
        {.id = 9, .attempt = 1, .kind = ASG_JOB_TERMINATE, .terminate = &end},
        {.id = 13, .attempt = 1, .kind = ASG_JOB_TAG, .tagging = &part},
        {.id = 10,
         .attempt = 1,
         .kind = ASG_JOB_TEMPLATE,
         .client_token = "tok-10",
         .template_config = &config},
    };
    const size_t count = sizeof jobs / sizeof jobs[0];
    for (size_t i = 0; i < count; i++) {
        give(&setup, &jobs[i], "");
        const struct asg_result *result = wait_for_result(&setup, jobs[i].id);
        expect_outcome(ASG_OUTCOME_BAD_REQUEST, result);
        assert_string_equal("OpenasgDryRun", result->error_code);
        assert_non_null(strstr(result->message, "EC2 would have done it"));
        tell(&setup, ASG_MESSAGE_ACK,
             &(struct asg_ack){.job_id = jobs[i].id, .attempt = 1});
    }
    assert_int_equal(count, setup.cloud.dry_runs);
    assert_int_equal(0, setup.cloud.launches + setup.cloud.terminates);
    assert_null(strstr(setup.cloud.form, "Action=Create")); /* none without the flag */
    /* Looking is looking. */
    struct asg_job describe = {.id = 8, .attempt = 1, .kind = ASG_JOB_DESCRIBE};
    give(&setup, &describe, "");
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 8));
    close_setup(&setup);
}

/* A job that was planned as a dry run is a success when EC2 would have done it. */
static void test_a_planned_dry_run_succeeds(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    struct asg_job job = launch_job(&web_launch);
    job.is_dry_run = true;
    give(&setup, &job, "");
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(&setup, 7));
    assert_int_equal(1, setup.cloud.dry_runs);
    close_setup(&setup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_launch_carries_token_tags_and_the_join_line),
        cmocka_unit_test(test_template_user_data_is_fetched_once),
        cmocka_unit_test(test_a_launch_above_the_maximum_is_refused_by_the_interlock),
        cmocka_unit_test(test_a_job_past_its_deadline_is_not_run),
        cmocka_unit_test(test_a_job_of_an_older_epoch_is_dropped),
        cmocka_unit_test(test_capacity_comes_back_at_once),
        cmocka_unit_test(test_a_launch_whose_answer_is_lost_is_repeated_with_its_token),
        cmocka_unit_test(test_a_launch_that_nobody_answers_ends_ambiguous),
        cmocka_unit_test(test_the_same_job_delivered_again_runs_once),
        cmocka_unit_test(test_a_result_is_sent_again_until_acknowledged),
        cmocka_unit_test(test_a_leader_of_a_restored_log_is_listened_to),
        cmocka_unit_test(test_jobs_beyond_the_credits_are_handed_back),
        cmocka_unit_test(test_the_kill_switch_holds_back_changes_and_lets_looking_pass),
        cmocka_unit_test(test_a_worker_that_stood_still_launches_nothing_it_held),
        cmocka_unit_test(test_stopping_finishes_what_is_begun_and_takes_no_more),
        cmocka_unit_test(test_a_mismatched_token_is_settled_by_looking),
        cmocka_unit_test(test_an_unanswered_launch_is_looked_up_by_its_token),
        cmocka_unit_test(test_a_launch_that_is_over_is_told_as_gone),
        cmocka_unit_test(test_listings_at_the_same_time_share_their_calls),
        cmocka_unit_test(test_a_dry_worker_sends_every_change_with_the_flag),
        cmocka_unit_test(test_a_planned_dry_run_succeeds),
        cmocka_unit_test(test_terminating_good_ids_is_one_call),
        cmocka_unit_test(test_one_bad_id_does_not_save_the_others),
        cmocka_unit_test(test_an_id_that_ec2_does_not_know_is_told_as_gone),
        cmocka_unit_test(test_a_listing_reads_all_pages_and_marks_the_impaired),
        cmocka_unit_test(test_all_pages_of_the_statuses_are_read),
        cmocka_unit_test(test_a_listing_without_statuses_is_good_and_says_so),
        cmocka_unit_test(test_a_template_name_that_ec2_has_gets_a_new_version),
        cmocka_unit_test(test_a_template_is_resolved_to_id_and_number),
        cmocka_unit_test(test_a_launch_without_a_template_says_all_itself),
        cmocka_unit_test(test_the_job_says_the_type_of_a_launch_without_a_template),
        cmocka_unit_test(
            test_a_launch_without_a_template_is_refused_when_it_lacks_something),
        cmocka_unit_test(test_tags_are_put_on_adopted_instances),
        cmocka_unit_test(test_the_groups_tags_are_put_on_with_ours),
        cmocka_unit_test(test_only_our_tags_are_taken_from_those_let_go),
        cmocka_unit_test(test_one_that_is_gone_keeps_no_other_from_being_untagged),
        cmocka_unit_test(test_frames_that_are_none_are_counted_and_dropped),
        cmocka_unit_test(test_a_job_without_its_part_is_refused_with_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
