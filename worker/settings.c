#include "worker/settings.h"

#include <string.h>
#include <unistd.h>

#include "aws/ec2_client.h"
#include "base/log.h"

static const char *const log_levels[] = {"debug", "info", "warn", "error"};
static const struct asg_enum log_level_words = {"log level", log_levels, 4};
static const struct asg_enum log_format_words = {"log format", asg_log_formats, 4};

static const char *const choices[] = {"auto", "yes", "no"};
static const struct asg_enum choice_words = {"choice", choices, 3};
static const char *const retry_modes[] = {"standard", "adaptive"};
static const struct asg_enum retry_mode_words = {"retry mode", retry_modes, 2};

#define AT(field) .offset = offsetof(struct asg_worker_settings, field)
#define SECOND    INT64_C(1000)
#define MINUTE    (60 * SECOND)
#define HOUR      (60 * MINUTE)

static const struct asg_config_key keys[] = {
    {"name", ASG_CONFIG_TEXT, AT(name), "", .unit = "",
     .help = "of this worker, as operators see it; empty: the host's name"},
    {"dir", ASG_CONFIG_PATH, AT(dir), "/var/lib/openasg-worker", .unit = "",
     .help = "folder of the worker's own key; created with mode 0700"},
    {"key_file", ASG_CONFIG_PATH, AT(key_file), "", .unit = "",
     .help = "our own key, created with mode 0600 when it does not exist; empty: "
             "worker.key in dir. The controller must allow our public key, which is in "
             "NAME.pub beside it: copy that file into its workers.d"},
    {"controller.endpoint", ASG_CONFIG_ENDPOINT, AT(controller), "tcp://127.0.0.1:7702",
     .unit = "", .help = "where the controller gives jobs to workers"},
    {"controller.key", ASG_CONFIG_TEXT, AT(controller_key), "", .unit = "",
     .help = "public key of the controller, or the path of its .pub file"},
    {"allow.plaintext", ASG_CONFIG_BOOL, AT(allow_plaintext), "false", .unit = "",
     .help = "talk to the controller without encryption: for measurements only"},
    {"region", ASG_CONFIG_TEXT, AT(region), "", .unit = "",
     .help =
         "of EC2, as us-east-1; empty: AWS_REGION, AWS_DEFAULT_REGION, then that of the "
         "profile"},
    {"ec2.endpoint", ASG_CONFIG_URL, AT(ec2_endpoint), "", .unit = "",
     .help = "URL of EC2; empty: AWS_ENDPOINT_URL_EC2, AWS_ENDPOINT_URL, the services "
             "section and the endpoint_url of the profile, then the region's own"},
    {"ec2.allow_plain_http", ASG_CONFIG_BOOL, AT(ec2_allow_plain_http), "false",
     .unit = "", .help = "allow http:// to another host than this one, for EC2 and STS"},
    {"ec2.ca_file", ASG_CONFIG_PATH, AT(ec2_ca_file), "", .unit = "",
     .help = "certificates to trust for EC2 and STS; empty: AWS_CA_BUNDLE, the ca_bundle "
             "of the profile, then the system's"},
    {"ec2.fips", ASG_CONFIG_WORD, AT(ec2_fips), "auto", .words = &choice_words,
     .unit = "",
     .help = "use the FIPS endpoints of EC2 and STS; auto: "
             "AWS_USE_FIPS_ENDPOINT, then use_fips_endpoint of the profile"},
    {"ec2.dual_stack", ASG_CONFIG_WORD, AT(ec2_dual_stack), "auto",
     .words = &choice_words, .unit = "",
     .help = "use the endpoints of EC2 and STS that have IPv6 addresses too; auto: "
             "AWS_USE_DUALSTACK_ENDPOINT, then use_dualstack_endpoint of the profile"},
    {"sts.endpoint", ASG_CONFIG_URL, AT(sts_endpoint), "", .unit = "",
     .help =
         "URL of STS, which gives roles; empty: AWS_ENDPOINT_URL_STS and on as for EC2"},
    {"credentials.profile", ASG_CONFIG_TEXT, AT(credentials_profile), "", .unit = "",
     .help = "use this profile of the AWS files and look nowhere else; empty: the chain "
             "of docs/credentials.md"},
    {"credentials.file", ASG_CONFIG_PATH, AT(credentials_file), "", .unit = "",
     .help = "use this file instead of ~/.aws/credentials and look nowhere else"},
    {"credentials.allow_process", ASG_CONFIG_BOOL, AT(credentials_allow_process), "false",
     .unit = "", .help = "let credential_process of a profile run its program"},
    {"credentials.process_timeout", ASG_CONFIG_DURATION, AT(credentials_process_ms),
     "30s", 100, HOUR, NULL, "", "for that program; after it, it is killed"},
    {"credentials.wait", ASG_CONFIG_DURATION, AT(credentials_wait_ms), "60s", 100, HOUR,
     NULL, "", "at the start, for a source that does not answer"},
    {"check_credentials", ASG_CONFIG_BOOL, AT(check_credentials), "false", .unit = "",
     .help =
         "say which credentials are found and for whom, never the secret, and end: 0 "
         "fine, 1 a source or STS does not answer, 2 none or wrong settings, 3 refused"},
    {"ec2.in_flight", ASG_CONFIG_NUMBER, AT(ec2_in_flight), "64", 1,
     ASG_EC2_IN_FLIGHT_MAX, NULL, "calls", "to EC2 at the same time"},
    {"ec2.attempts", ASG_CONFIG_NUMBER, AT(ec2_attempts), "3", 1, 20, NULL, "sends",
     "of one call that EC2 refuses for a time"},
    {"ec2.attempts_unsure", ASG_CONFIG_NUMBER, AT(ec2_attempts_unsure), "8", 1, 50, NULL,
     "sends", "of a launch that EC2 does not answer; its client token makes them one"},
    {"ec2.retry_mode", ASG_CONFIG_WORD, AT(retry_mode), "standard",
     .words = &retry_mode_words, .unit = "",
     .help = "as the AWS SDKs have them; adaptive also paces an action after a throttle, "
             "which the controller does for all workers together"},
    {"ec2.launches_per_minute", ASG_CONFIG_NUMBER, AT(ec2_launches_per_minute), "0", 0,
     60000, NULL, "calls",
     "of RunInstances this worker makes at most; 0: as many as the "
     "controller sends"},
    {"dry_run", ASG_CONFIG_BOOL, AT(dry_run), "false", .unit = "",
     .help = "change nothing: every call that would is sent with EC2's DryRun flag, and "
             "its job ends as EC2 answers that"},
    {"jobs", ASG_CONFIG_NUMBER, AT(jobs), "32", 1, 1000, NULL, "jobs",
     "held at the same time"},
    {"hello_every", ASG_CONFIG_DURATION, AT(hello_ms), "1s", 50, HOUR, NULL, "",
     "pause between two hellos while no controller welcomes us"},
    {"resend_after", ASG_CONFIG_DURATION, AT(resend_ms), "2s", 50, HOUR, NULL, "",
     "a result that is not acknowledged is sent again, then after twice that, up to 30 "
     "s"},
    {"stop_within", ASG_CONFIG_DURATION, AT(stop_ms), "20s", 0, HOUR, NULL, "",
     "after SIGTERM, for what is under way; what is left goes to another worker"},
    {"halt_file", ASG_CONFIG_PATH, AT(halt_file), "", .unit = "",
     .help = "a kill switch of this host: while this file exists, nothing is changed "
             "in EC2; empty: none"},
    {"listen.http", ASG_CONFIG_TEXT, AT(listen_http), "", .unit = "",
     .help = "address:port of /healthz, /readyz and /metrics, as 127.0.0.1:7709; port 0 "
             "picks a free one, which is logged; empty: none"},
    {"log_level", ASG_CONFIG_WORD, AT(log_level), "info", .words = &log_level_words,
     .unit = "", .help = "lowest level written to standard error"},
    {"log_format", ASG_CONFIG_WORD, AT(log_format), "auto", .words = &log_format_words,
     .unit = "",
     .help = "text lines, one JSON object a line, or fields of systemd's journal; auto: "
             "the journal when systemd runs this program, else text"},
};

const struct asg_config_table asg_worker_table = {
    .program = "openasg-worker",
    .prefix = "OPENASG_WORKER",
    .summary =
        "takes jobs from the controller and runs them against EC2; AWS credentials "
        "come from the places that docs/credentials.md lists, in its order",
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
    .size = sizeof(struct asg_worker_settings),
};

const char *asg_worker_name(const struct asg_worker_settings *settings,
                            struct asg_arena *arena)
{
    if (settings->name[0] != '\0') return settings->name;
    char host[256] = "";
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0') return "worker";
    return asg_arena_text(arena, host);
}

enum asg_status asg_worker_server_key(const struct asg_worker_settings *settings,
                                      char ret[ASG_BUS_KEY_SIZE], struct asg_error *error)
{
    if (settings->controller_key[0] == '\0') {
        return asg_fail(error, ASG_ERR_INVALID,
                        "controller.key is not set: give the controller's public key, or "
                        "the path of its .pub file");
    }
    /* Also as the line of controller.key.pub has it. */
    const char *given = settings->controller_key;
    if (strncmp(given, "public:", strlen("public:")) == 0) {
        given += strlen("public:");
        given += strspn(given, " ");
    }
    if (asg_bus_is_key(given)) {
        memcpy(ret, given, ASG_BUS_KEY_SIZE);
        return ASG_OK;
    }
    return asg_bus_public_key_load(settings->controller_key, ret, error);
}
