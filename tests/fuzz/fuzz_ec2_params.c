/* fuzz_ec2_params - any form as a call of the pretended EC2, against its real tables and
 * a world with a template and two instances: each is answered, with XML of balanced tags.
 *
 * Input: the form, as it comes in a body.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "ec2local/ec2_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_MS INT64_C(1800000000000)

static const struct asg_world_options options = {.region = "us-east-1",
                                                 .account_id = "000000000000",
                                                 .seed = 42,
                                                 .boot_min_ms = 100,
                                                 .boot_max_ms = 100,
                                                 .stop_ms = 50,
                                                 .keep_ms = 10000,
                                                 .instance_limit = 1000,
                                                 .cidr_base = 0x7f640000,
                                                 .cidr_bits = 20};

static bool has_capacity(void *context, const char *type, const char *zone, bool is_spot)
{
    (void)context;
    (void)type;
    (void)zone;
    return !is_spot;
}

/* As many that open as that close. */
static void check_tags(const char *text)
{
    int depth = 0;
    for (const char *at = text; (at = strchr(at, '<')) != NULL; at++) {
        const char *end = strchr(at, '>');
        assert(end != NULL);
        if (at[1] == '?' || end[-1] == '/') continue;
        depth += at[1] == '/' ? -1 : 1;
        assert(depth >= 0);
    }
    assert(depth == 0);
}

static int ask(struct asg_world *world, const void *text, size_t length)
{
    struct asg_arena arena = {0};
    struct asg_form form;
    struct asg_query_fault fault;
    int status = 400;
    if (asg_form_read(text, length, /* counts_from_zero */ true, &arena, &form, &fault) ==
        ASG_OK) {
        struct asg_bytes body = {0};
        struct asg_xml_out out = {.out = &body};
        struct asg_world_effects effects = {0};
        const char *action = asg_form_get(&form, "Action");
        struct asg_call call = {.world = world,
                                .params = &form,
                                .arena = &arena,
                                .now_ms = NOW_MS,
                                .action = action != NULL ? action : "",
                                .request_id = "fuzz",
                                .access_key_id = "AKID",
                                .has_capacity = has_capacity,
                                .effects = &effects,
                                .out = &out};
        status = asg_call_answer(&call, "ec2");
        assert(status == 200 || (status >= 400 && status < 600));
        assert((status == 200) == (call.refusal.code[0] == '\0'));
        check_tags(asg_bytes_text(&body));
        asg_world_effects_clear(&effects);
        asg_bytes_clear(&body);
    }
    asg_arena_clear(&arena);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char make[] =
        "Action=CreateLaunchTemplate&Version=2016-11-15&LaunchTemplateName=web&"
        "LaunchTemplateData.ImageId=ami-00000000000000001&"
        "LaunchTemplateData.InstanceType=t3.micro";
    static const char run[] =
        "Action=RunInstances&Version=2016-11-15&MinCount=2&MaxCount=2&"
        "LaunchTemplate.LaunchTemplateName=web&ClientToken=one";
    struct asg_world *world = NULL;
    enum asg_status status = asg_world_new(&options, &world);
    assert(status == ASG_OK);
    int made = ask(world, make, sizeof make - 1);
    assert(made == 200);
    made = ask(world, run, sizeof run - 1);
    assert(made == 200);
    (void)ask(world, data, size);
    asg_world_destroy(&world);
    return 0;
}
