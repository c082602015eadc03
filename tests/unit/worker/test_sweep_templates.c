/* What is deleted of the launch templates that fleets left behind, and what is not. */
#include "integration/scripted_ec2.h"

#include "base/clock.h"

#define HOUR_MS INT64_C(3600000)

struct cloud {
    const char *list_refusal;   /* code; NULL: it lists */
    const char *delete_refusal; /* code; NULL: it deletes */
    int lists;
    int listings;
    char deleted[256]; /* ids, each with a blank */
};

#define CLOUD                                                                            \
    {                                                                                    \
        .lists = 0                                                                       \
    }

#include "unit/worker/worker_world.h"

static void clear_cloud(struct cloud *cloud)
{
    (void)cloud;
}

static void template_xml(struct asg_bytes *out, const char *id, const char *name,
                         const char *cluster, const char *job, int64_t age_ms)
{
    struct asg_clock clock = asg_clock_real();
    char created[ASG_TIME_TEXT_MAX];
    asg_time_format(asg_clock_wall_ms(&clock) - age_ms, created);
    asg_bytes_printf(out,
                     "<item><launchTemplateId>%s</launchTemplateId><launchTemplateName>%s"
                     "</launchTemplateName><createTime>%s</createTime><tagSet><item><key>"
                     "openasg:cluster</key><value>%s</value></item><item><key>openasg:job"
                     "</key><value>%s</value></item></tagSet></item>",
                     id, name, created, cluster, job);
}

/* Two pages; of the first one is left behind, of the second another one. */
static void list(const char *form, struct asg_bytes *out)
{
    char *filter = scripted_field(form, "Filter.1.Name");
    char *value = scripted_field(form, "Filter.1.Value.1");
    char *token = scripted_field(form, "NextToken");
    assert_string_equal("tag:openasg:cluster", filter);
    assert_string_equal("c-1", value);
    asg_bytes_append_text(out, "<DescribeLaunchTemplatesResponse><launchTemplates>");
    if (token == NULL) {
        template_xml(out, "lt-left", "openasg-a", "c-1", "901", 25 * HOUR_MS);
        template_xml(out, "lt-young", "openasg-b", "c-1", "902", 23 * HOUR_MS);
        template_xml(out, "lt-live", "openasg-c", "c-1", "903", 25 * HOUR_MS);
        template_xml(out, "lt-foreign", "openasg-d", "c-2", "904", 25 * HOUR_MS);
    } else {
        template_xml(out, "lt-users", "web", "c-1", "905", 25 * HOUR_MS);
        template_xml(out, "lt-no-job", "openasg-e", "c-1", "", 25 * HOUR_MS);
        template_xml(out, "lt-odd-job", "openasg-f", "c-1", "9x", 25 * HOUR_MS);
        asg_bytes_append_text(out, "<item><launchTemplateId>lt-ageless</launchTemplateId>"
                                   "<launchTemplateName>openasg-g</launchTemplateName>"
                                   "<tagSet><item><key>openasg:cluster</key><value>c-1"
                                   "</value></item><item><key>openasg:job</key><value>906"
                                   "</value></item></tagSet></item>");
        template_xml(out, "lt-too", "openasg-h", "c-1", "907", 24 * HOUR_MS + 60000);
    }
    asg_bytes_append_text(out, "</launchTemplates>");
    if (token == NULL) asg_bytes_append_text(out, "<nextToken>more</nextToken>");
    asg_bytes_append_text(out, "</DescribeLaunchTemplatesResponse>");
    free(filter);
    free(value);
    free(token);
}

static void play(void *context, const struct scripted_request *request,
                 struct scripted_answer *ret)
{
    struct cloud *cloud = &((struct setup *)context)->cloud;
    struct asg_bytes out = {0};
    if (strcmp(request->action, "DescribeLaunchTemplates") == 0) {
        cloud->lists++;
        if (cloud->list_refusal != NULL) {
            scripted_error(ret, 403, cloud->list_refusal, "no");
            return;
        }
        list(request->form, &out);
    } else if (strcmp(request->action, "DeleteLaunchTemplate") == 0) {
        if (cloud->delete_refusal != NULL) {
            scripted_error(ret, 400, cloud->delete_refusal, "no");
        } else {
            asg_bytes_append_text(&out, "<DeleteLaunchTemplateResponse/>");
        }
        char *id = scripted_field(request->form, "LaunchTemplateId");
        size_t used = strlen(cloud->deleted);
        (void)snprintf(cloud->deleted + used, sizeof cloud->deleted - used, "%s ", id);
        free(id);
        if (cloud->delete_refusal != NULL) return;
    } else {
        assert_string_equal("DescribeInstances", request->action);
        cloud->listings++;
        asg_bytes_append_text(&out, "<DescribeInstancesResponse><reservationSet/>"
                                    "</DescribeInstancesResponse>");
    }
    ret->body = strdup(asg_bytes_text(&out));
    asg_bytes_clear(&out);
}

/* A whole listing that takes a sweep along; it ends well in any case. */
static void sweep(struct setup *setup)
{
    static const uint64_t live[] = {17, 903};
    const struct asg_sweep wanted = {.older_ms = 24 * HOUR_MS,
                                     .live_jobs = {.items = live, .count = 2}};
    const struct asg_job job = {.id = 7, .attempt = 1, .kind = ASG_JOB_DESCRIBE};
    tell(setup, ASG_MESSAGE_JOB,
         &(struct asg_job_message){.epoch = 5,
                                   .lease_id = 11,
                                   .time_left_ms = 15000,
                                   .cluster_id = "c-1",
                                   .join_stanza = "",
                                   .job = &job,
                                   .sweep = &wanted});
    expect_outcome(ASG_OUTCOME_OK, wait_for_result(setup, 7));
    assert_int_equal(1, setup->cloud.listings);
}

static uint64_t swept(const struct setup *setup)
{
    return asg_worker_counts(setup->worker).templates_swept;
}

static void test_only_what_fleets_left_behind_is_deleted(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    sweep(&setup);
    assert_string_equal("lt-left lt-too ", setup.cloud.deleted);
    assert_int_equal(2, swept(&setup));
    assert_int_equal(2, setup.cloud.lists);
    close_setup(&setup);
}

static void test_a_refusal_to_list_or_delete_costs_no_listing(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.list_refusal = "UnauthorizedOperation";
    sweep(&setup);
    assert_string_equal("", setup.cloud.deleted);
    close_setup(&setup);
    open_setup(&setup);
    setup.cloud.delete_refusal = "UnauthorizedOperation";
    sweep(&setup);
    assert_string_equal("lt-left ",
                        setup.cloud.deleted); /* the next would be refused too */
    assert_int_equal(0, swept(&setup));
    close_setup(&setup);
}

static void test_what_is_gone_already_is_no_trouble(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    setup.cloud.delete_refusal = "InvalidLaunchTemplateId.NotFound";
    sweep(&setup);
    assert_string_equal("lt-left lt-too ", setup.cloud.deleted);
    assert_int_equal(0, swept(&setup));
    close_setup(&setup);
}

static void test_no_kill_switch_and_no_dry_run_lets_it_delete(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup);
    tell(&setup, ASG_MESSAGE_HALT, &(struct asg_halt_message){.is_halted = true});
    sweep(&setup);
    assert_int_equal(0, setup.cloud.lists);
    close_setup(&setup);
    open_setup_as(&setup, /* is_dry_run */ true);
    sweep(&setup);
    assert_int_equal(0, setup.cloud.lists);
    close_setup(&setup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_fleets_left_behind_is_deleted),
        cmocka_unit_test(test_a_refusal_to_list_or_delete_costs_no_listing),
        cmocka_unit_test(test_what_is_gone_already_is_no_trouble),
        cmocka_unit_test(test_no_kill_switch_and_no_dry_run_lets_it_delete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
