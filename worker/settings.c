#include "worker/settings.h"

#include <stdlib.h>
#include <unistd.h>

#include "aws/ec2_client.h"

static const char *const log_levels[] = {"debug", "info", "warn", "error"};
static const struct asg_enum log_level_words = {"log level", log_levels, 4};

#define AT(field) .offset = offsetof(struct asg_worker_settings, field)
#define SECOND    INT64_C(1000)
#define MINUTE    (60 * SECOND)
#define HOUR      (60 * MINUTE)

static const struct asg_config_key keys[] = {
    {"name", ASG_CONFIG_TEXT, AT(name), "", .unit = "",
     .help = "of this worker, as operators see it; empty: the host's name"},
    {"dir", ASG_CONFIG_PATH, AT(dir), "/var/lib/openasg-worker", .unit = "",
     .help = "folder of the worker's own key; made with mode 0700"},
    {"key_file", ASG_CONFIG_PATH, AT(key_file), "", .unit = "",
     .help = "our own key, made with mode 0600 when it is not there; empty: worker.key "
             "in dir. The controller must allow the key in the .pub file beside it"},
    {"controller.endpoint", ASG_CONFIG_ENDPOINT, AT(controller), "tcp://127.0.0.1:7702",
     .unit = "", .help = "where the controller hands out jobs"},
    {"controller.key", ASG_CONFIG_TEXT, AT(controller_key), "", .unit = "",
     .help = "public key of the controller, or the path of its .pub file"},
    {"allow.plaintext", ASG_CONFIG_BOOL, AT(allow_plaintext), "false", .unit = "",
     .help = "talk to the controller without encryption: for measurements only"},
    {"region", ASG_CONFIG_TEXT, AT(region), "", .unit = "",
     .help = "of EC2, as us-east-1; empty: AWS_REGION, then AWS_DEFAULT_REGION"},
    {"ec2.endpoint", ASG_CONFIG_URL, AT(ec2_endpoint), "", .unit = "",
     .help = "URL of EC2; empty: AWS_ENDPOINT_URL_EC2, then AWS_ENDPOINT_URL, then the "
             "region's own"},
    {"ec2.allow_plain_http", ASG_CONFIG_BOOL, AT(ec2_allow_plain_http), "false",
     .unit = "", .help = "allow http:// to another host than this one"},
    {"ec2.ca_file", ASG_CONFIG_PATH, AT(ec2_ca_file), "", .unit = "",
     .help = "certificates to trust for EC2; empty: the system's"},
    {"ec2.in_flight", ASG_CONFIG_NUMBER, AT(ec2_in_flight), "64", 1,
     ASG_EC2_IN_FLIGHT_MAX, NULL, "calls", "to EC2 at once"},
    {"ec2.attempts", ASG_CONFIG_NUMBER, AT(ec2_attempts), "3", 1, 20, NULL, "sends",
     "of one call that EC2 refuses for a time"},
    {"ec2.attempts_unsure", ASG_CONFIG_NUMBER, AT(ec2_attempts_unsure), "8", 1, 50, NULL,
     "sends", "of a launch that EC2 does not answer; its client token makes them one"},
    {"ec2.launches_per_minute", ASG_CONFIG_NUMBER, AT(ec2_launches_per_minute), "0", 0,
     60000, NULL, "calls",
     "of RunInstances this worker makes at most; 0: as many as the "
     "controller hands out"},
    {"jobs", ASG_CONFIG_NUMBER, AT(jobs), "32", 1, 1000, NULL, "jobs", "held at once"},
    {"hello_every", ASG_CONFIG_DURATION, AT(hello_ms), "1s", 50, HOUR, NULL, "",
     "pause between two hellos while no controller welcomes us"},
    {"resend_after", ASG_CONFIG_DURATION, AT(resend_ms), "2s", 50, HOUR, NULL, "",
     "a result that is not acknowledged is sent again, then after twice that, up to 30 "
     "s"},
    {"stop_within", ASG_CONFIG_DURATION, AT(stop_ms), "20s", 0, HOUR, NULL, "",
     "after SIGTERM, for what is under way; what is left goes to another worker"},
    {"halt_file", ASG_CONFIG_PATH, AT(halt_file), "", .unit = "",
     .help = "a kill switch of this host: while this file is there, nothing is changed "
             "in EC2; empty: none"},
    {"log_level", ASG_CONFIG_WORD, AT(log_level), "info", .words = &log_level_words,
     .unit = "", .help = "lowest level written to standard error"},
};

const struct asg_config_table asg_worker_table = {
    .program = "openasg-worker",
    .prefix = "OPENASG_WORKER",
    .summary =
        "takes jobs from the controller and runs them against EC2; AWS credentials "
        "come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or from "
        "~/.aws/credentials",
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
    .size = sizeof(struct asg_worker_settings),
};

const char *asg_worker_region(const struct asg_worker_settings *settings)
{
    if (settings->region[0] != '\0') return settings->region;
    static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *region = getenv(names[i]);
        if (region != NULL && region[0] != '\0') return region;
    }
    return "";
}

const char *asg_worker_name(const struct asg_worker_settings *settings,
                            struct asg_arena *arena)
{
    if (settings->name[0] != '\0') return settings->name;
    char host[256] = "";
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0') return "worker";
    return asg_arena_text(arena, host);
}
